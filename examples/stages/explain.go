package main

import (
	"encoding/json"
	"io"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// An explained is one line of -do explain: what the library says of a visit, with touches
// and money as the tables print them.
type explained struct {
	Subject string      `json:"subject"`
	Model   string      `json:"model"`
	Basis   stage.Basis `json:"basis"`
	stage.Explanation
	Visit   visit    `json:"visit"`
	Refused *refusal `json:"refused,omitempty"`
}

type visit struct {
	stage.Visit
	By       string   `json:"by,omitzero"`
	Support  []string `json:"support,omitzero"`
	Snapshot snapshot `json:"snapshot,omitzero"`
}

type snapshot struct {
	stage.Snapshot
	Value    string `json:"value,omitzero"`
	Currency string `json:"currency,omitzero"`
}

type refusal struct {
	stage.Refused
	Touch string `json:"touch"`
}

// printExplain prints one JSON line a visit.
func (c *config) printExplain(w io.Writer, fs *facts) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for x, err := range c.folds(fs) {
		if err != nil {
			return err
		}
		for i := range x.history.Visits {
			why, _ := x.history.Explain(i)
			if err := enc.Encode(explain(x.name, &x.history, why)); err != nil {
				return err
			}
		}
	}
	return nil
}

func explain(subject string, h *stage.History, why stage.Explanation) explained {
	v := why.Visit
	out := explained{Subject: subject, Model: h.Model, Basis: h.Basis, Explanation: why,
		Visit: visit{Visit: v, By: key(v.By), Snapshot: snapshot{Snapshot: v.Snapshot}}}
	for _, k := range v.Support {
		out.Visit.Support = append(out.Visit.Support, key(k))
	}
	if m := v.Snapshot.Value; m != (touchpoint.Money{}) {
		out.Visit.Snapshot.Value, out.Visit.Snapshot.Currency = m.Text(), m.Currency.String()
	}
	if r := why.Refused; r != nil {
		out.Refused = &refusal{*r, key(r.Touch)}
	}
	return out
}
