package journey

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// Digest is the SHA-256 of the whole derived state at an instant (zero: the clock's now):
// people and their identifiers, refused links, accounts, the owner of each touch, stage
// histories with stalls and refused moves, journeys, goals, reversals without one, and the
// credit of each channel under first, last, linear and Markov order 1. Two stores,
// machines or releases that hold the same facts under the same options agree on it.
func (t *Tracker) Digest(ctx context.Context, at time.Time) ([32]byte, error) {
	v, err := t.View(ctx, at)
	if err != nil {
		return [32]byte{}, err
	}
	h := sha256.New()
	if err := v.write(h); err != nil {
		return [32]byte{}, err
	}
	return [32]byte(h.Sum(nil)), nil
}

// write prints the state in a form in which equal states are equal bytes: JSON Lines in a
// fixed order, instants in microseconds, floats with 12 significant digits.
func (v *View) write(w io.Writer) error {
	b := bufio.NewWriter(w)
	l := stateLines{json.NewEncoder(b)}
	l.e.SetEscapeHTML(false)
	for p := range v.res.People() {
		l.add(struct {
			Person    string   `json:"person"`
			IDs       []string `json:"ids"`
			Shared    bool     `json:"shared,omitempty"`
			Oversized bool     `json:"oversized,omitempty"`
		}{p.ID.String(), idTexts(p.IDs...), p.Shared, p.Oversized})
	}
	for a := range v.res.Accounts() {
		l.add(struct {
			Account string   `json:"account"`
			IDs     []string `json:"ids"`
		}{a.ID.String(), idTexts(a.IDs...)})
	}
	for link := range v.res.Links() {
		if link.Reason != "" {
			l.add(struct {
				Refused []string               `json:"refused"`
				Reason  identity.RefusalReason `json:"reason"`
			}{idTexts(link.A, link.B), link.Reason})
		}
	}
	for i := range v.touches {
		l.add(struct {
			Touch   [2]string `json:"touch"`
			Person  string    `json:"person,omitempty"`
			Account string    `json:"account,omitempty"`
		}{pair(v.touches[i].Key()), PersonSubject(v.owners[i]).ID, AccountSubject(v.placed[i]).ID})
	}
	var js attribution.Journeys
	for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
		for _, s := range v.Subjects(e) {
			f, err := v.Fold(s)
			if err != nil {
				return err
			}
			l.history(s, &f.History)
			l.journeys(&f)
			if e == identity.PersonEntity {
				if err := addPaths(&js, &f); err != nil {
					return err
				}
			}
		}
	}
	if err := l.credits(&js); err != nil {
		return err
	}
	return b.Flush()
}

// stateLines writes one JSON object a line. Its buffer keeps the first error.
type stateLines struct{ e *json.Encoder }

func (l *stateLines) add(line any) { _ = l.e.Encode(line) }

func (l *stateLines) history(s Subject, h *stage.History) {
	for _, v := range h.Visits {
		l.add(struct {
			Visit   string    `json:"visit"`
			Subject string    `json:"subject"`
			Number  int       `json:"number"`
			Enter   string    `json:"enter"`
			Leave   string    `json:"leave,omitempty"`
			Via     string    `json:"via"`
			Rule    string    `json:"rule,omitempty"`
			By      [2]string `json:"by"`
		}{string(v.Stage), s.ID, v.Number, instant(v.Enter), instant(v.Leave), v.Via.String(), v.Rule, pair(v.By)})
	}
	for _, r := range h.Refused {
		l.add(struct {
			Denied  string    `json:"denied"`
			Subject string    `json:"subject"`
			At      string    `json:"at"`
			Reason  string    `json:"reason"`
			By      [2]string `json:"by"`
		}{string(r.To), s.ID, instant(r.At), r.Reason, pair(r.Touch)})
	}
	for _, q := range h.Stalls {
		l.add(struct {
			Stalled  string `json:"stalled"`
			Subject  string `json:"subject"`
			Since    string `json:"since"`
			Resolved string `json:"resolved,omitempty"`
		}{string(q.Stage), s.ID, instant(q.Since), instant(q.Resolved)})
	}
}

func (l *stateLines) journeys(f *Folded) {
	for _, j := range f.Journeys {
		l.add(struct {
			Journey string `json:"journey"`
			Subject string `json:"subject"`
			Start   string `json:"start"`
			End     string `json:"end"`
			Reason  Reason `json:"reason"`
			Steps   int    `json:"steps"`
		}{j.ID, f.Subject.ID, instant(j.Start), instant(j.End), j.Reason, len(j.Steps)})
		for _, g := range j.Goals {
			l.add(struct {
				Goal     string    `json:"goal"`
				Journey  string    `json:"journey"`
				At       string    `json:"at"`
				By       [2]string `json:"by"`
				Value    int64     `json:"value"`
				Net      int64     `json:"net"`
				Currency string    `json:"currency,omitempty"`
			}{g.Goal, j.ID, instant(g.At), pair(g.Touch), g.Value.Minor, g.Net.Minor, g.Value.Currency.String()})
		}
	}
	for _, u := range f.Unmatched {
		l.add(struct {
			Unmatched [2]string `json:"unmatched"`
			Subject   string    `json:"subject"`
			Amount    int64     `json:"amount"`
			Currency  string    `json:"currency,omitempty"`
		}{pair(u.Touch), f.Subject.ID, u.Amount.Minor, u.Amount.Currency.String()})
	}
}

// addPaths adds the paths to any goal, without their values: several currencies have no sum.
func addPaths(js *attribution.Journeys, f *Folded) error {
	for _, j := range f.Journeys {
		for _, p := range j.Paths(Goal{}, ByChannel) {
			p.Value = 0
			if err := js.Add(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *stateLines) credits(js *attribution.Journeys) error {
	rs, err := attribution.Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}},
		attribution.Rule(attribution.First{}), attribution.Rule(attribution.Last{}), attribution.Rule(attribution.Linear{}), attribution.Markov{})
	if err != nil {
		return err
	}
	for _, r := range rs {
		for _, c := range r.Credits {
			l.add(struct {
				Credit  string `json:"credit"`
				Channel string `json:"channel"`
				Part    string `json:"conversions"`
			}{r.Model, c.Channel, strconv.FormatFloat(c.Conversions, 'g', 12, 64)})
		}
	}
	return nil
}

func idTexts(ids ...identity.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = fmt.Sprintf("%s:%s", id.Type(), id.Value())
	}
	return out
}

func pair(k touchpoint.Key) [2]string { return [2]string{k.Source, k.ID} }

// instant is stamp, but empty for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
