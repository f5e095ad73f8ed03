package journey

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/identity"
)

// Digest is the SHA-256 of the whole derived state at an instant (zero: the clock's now):
// people and their identifiers, refused links, accounts, the owner of each touch, stage
// histories, goals, and the credit of each channel under last, linear and Markov order 1.
// Two stores, machines or releases that hold the same facts under the same options agree
// on it.
func (t *Tracker) Digest(ctx context.Context, at time.Time) ([32]byte, error) {
	v, err := t.View(ctx, at)
	if err != nil {
		return [32]byte{}, err
	}
	h := sha256.New()
	w := bufio.NewWriter(h)
	if err := v.write(w); err != nil {
		return [32]byte{}, err
	}
	if err := w.Flush(); err != nil {
		return [32]byte{}, err
	}
	return [32]byte(h.Sum(nil)), nil
}

// write prints the state in a form in which equal states are equal bytes: a line each,
// sorted, floats with 12 significant digits.
func (v *View) write(w io.Writer) error {
	id := func(i identity.ID) string { return strconv.Quote(string(i.Type()) + ":" + i.Value()) }
	for p := range v.res.People() {
		fmt.Fprintf(w, "person %s", p.ID)
		for _, i := range p.IDs {
			fmt.Fprint(w, " ", id(i))
		}
		fmt.Fprintln(w)
	}
	for a := range v.res.Accounts() {
		fmt.Fprintf(w, "account %s", a.ID)
		for _, i := range a.IDs {
			fmt.Fprint(w, " ", id(i))
		}
		fmt.Fprintln(w)
	}
	for l := range v.res.Links() {
		if l.Reason != "" {
			fmt.Fprintf(w, "refused %s %s %s\n", id(l.A), id(l.B), l.Reason)
		}
	}
	for i := range v.touches {
		t := &v.touches[i]
		fmt.Fprintf(w, "touch %q %q %s %s\n", t.Source, t.ID, v.owners[i], v.placed[i])
	}
	var js attribution.Journeys
	for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
		for _, s := range v.Subjects(e) {
			f, err := v.Fold(s)
			if err != nil {
				return err
			}
			f.write(w)
			if e == identity.PersonEntity {
				for _, j := range f.Journeys {
					for _, p := range j.Paths(Goal{}, ByChannel) {
						p.Value = 0
						if err := js.Add(p); err != nil {
							return err
						}
					}
				}
			}
		}
	}
	rs, err := attribution.Attribute(&js, &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}},
		attribution.Rule(attribution.Last{}), attribution.Rule(attribution.Linear{}), attribution.Markov{})
	if err != nil {
		return err
	}
	for _, r := range rs {
		for _, c := range r.Credits {
			fmt.Fprintf(w, "credit %s %q %.12g\n", r.Model, c.Channel, c.Conversions)
		}
	}
	return nil
}

func (f Folded) write(w io.Writer) {
	for _, v := range f.History.Visits {
		fmt.Fprintf(w, "visit %s %s %d %s %s %s %q %q\n", f.Subject.ID, v.Stage, v.Number, stamp(v.Enter), stamp(v.Leave), v.Via, v.By.Source, v.By.ID)
	}
	for _, j := range f.Journeys {
		fmt.Fprintf(w, "journey %s %s %s %s %s %d\n", f.Subject.ID, j.ID, stamp(j.Start), stamp(j.End), j.Reason, len(j.Steps))
		for _, g := range j.Goals {
			fmt.Fprintf(w, "goal %s %q %s %d %s\n", j.ID, g.Goal, stamp(g.At), g.Net.Minor, g.Net.Currency)
		}
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
