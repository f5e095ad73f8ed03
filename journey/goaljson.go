package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// ParseGoals reads a JSON array of goals:
//
//	[{"id": "lead", "stage": "mql", "repeat": "subject", "value": "fixed", "amount": "20.00", "currency": "EUR"},
//	 {"id": "demo", "rule": {"kinds": ["demo_request"]}, "value": "none", "closes": true}]
//
// Value is touch (default), fixed, snapshot or none; repeat is each (default), journey or
// subject; a rule has the form it has in a stage model. An unknown key or word is an error
// that names the goal by its place from 1.
func ParseGoals(text []byte) ([]Goal, error) {
	var raw []json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("journey: goals: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("journey: goals: text behind the array")
	}
	goals := make([]Goal, len(raw))
	for i, r := range raw {
		if err := goals[i].read(r); err != nil {
			return nil, fmt.Errorf("journey: goal %d: %w", i+1, err)
		}
	}
	return goals, nil
}

func (g *Goal) read(text []byte) error {
	var in struct {
		ID       string      `json:"id"`
		Stage    stage.ID    `json:"stage"`
		Rule     *stage.Rule `json:"rule"`
		Value    string      `json:"value"`
		Amount   string      `json:"amount"`
		Currency string      `json:"currency"`
		Repeat   string      `json:"repeat"`
		Closes   bool        `json:"closes"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	*g = Goal{ID: in.ID, Stage: in.Stage, Rule: in.Rule, Closes: in.Closes}
	switch in.Value {
	case "", "touch":
	case "fixed":
		g.Value = FromGoal
		cur, err := touchpoint.ParseCurrency(in.Currency)
		if err != nil {
			return err
		}
		if g.Fixed, err = touchpoint.ParseAmount(in.Amount, cur); err != nil {
			return err
		}
	case "snapshot":
		g.Value = FromSnapshot
	case "none":
		g.Value = FromNothing
	default:
		return fmt.Errorf("value is touch, fixed, snapshot or none, not %q", in.Value)
	}
	switch in.Repeat {
	case "", "each":
	case "journey":
		g.Repeat = OncePerJourney
	case "subject":
		g.Repeat = OncePerSubject
	default:
		return fmt.Errorf("repeat is each, journey or subject, not %q", in.Repeat)
	}
	if in.Value != "fixed" && (in.Amount != "" || in.Currency != "") {
		return errors.New("amount and currency go with the value fixed")
	}
	return nil
}
