package stage_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// cases is how many random worlds a property is tried on.
func cases(n int) int {
	if os.Getenv("TABI_LONG") == "1" {
		return 50 * n
	}
	if testing.Short() {
		return min(n, 400)
	}
	return n
}

var alphabet = []touchpoint.Kind{"pageview", "form", "order", "note", "email_sent", "meeting", "login", "zzz", "Page View"}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomModel has two to seven stages and rules over a small alphabet.
func randomModel(r *rand.Rand) stage.Model {
	m := stage.Model{ID: "random", Version: "v", Flow: pick(r, stage.Linear, stage.Linear, stage.Free),
		Moves: stage.Moves{DenySkip: r.IntN(4) == 0, Backward: pick(r, stage.OnStatement, stage.OnStatement, stage.Always, stage.Never),
			Reopen: pick(r, stage.OnStatement, stage.OnStatement, stage.Always, stage.Never)}}
	n := 2 + r.IntN(6)
	for i := range n {
		s := stage.Stage{ID: stage.ID(fmt.Sprintf("s%d", i)), Names: map[string]string{"en": fmt.Sprint("S ", i)}, Rank: 10 * (i + 1),
			Optional: r.IntN(4) == 0, Recycle: r.IntN(5) == 0, Probability: float64(i) / 10}
		if i > 0 {
			s.Kind = pick(r, stage.Open, stage.Open, stage.Open, stage.Goal, stage.Loss)
		}
		if r.IntN(3) == 0 {
			s.StallAfter = time.Duration(1+r.IntN(10)) * day
		}
		m.Stages = append(m.Stages, s)
	}
	if r.IntN(2) == 0 {
		m.Stages = append(m.Stages, stage.Stage{ID: "paused", Names: map[string]string{"en": "Paused"}, Kind: stage.Dormant})
		if r.IntN(3) > 0 {
			m.DormantAfter = time.Duration(3+r.IntN(12)) * day
		}
	}
	rules := 0
	for i := range m.Stages {
		s := &m.Stages[i]
		for range r.IntN(3) {
			rules++
			s.Entry = append(s.Entry, randomRule(r, rules, m.Stages))
		}
		if r.IntN(5) == 0 {
			rules++
			s.Exit = append(s.Exit, randomRule(r, rules, m.Stages))
		}
	}
	r.Shuffle(len(m.Stages), func(i, j int) { m.Stages[i], m.Stages[j] = m.Stages[j], m.Stages[i] })
	return m
}

func randomRule(r *rand.Rand, n int, stages []stage.Stage) stage.Rule {
	rule := stage.Rule{ID: fmt.Sprint("r", n), Identified: linkable && r.IntN(5) == 0, Reopens: r.IntN(4) == 0, Statement: r.IntN(5) == 0}
	if r.IntN(6) > 0 {
		for range 1 + r.IntN(3) {
			rule.Kinds = append(rule.Kinds, strings.ReplaceAll(string(alphabet[r.IntN(len(alphabet)-1)]), " ", "_"))
		}
	}
	if r.IntN(6) == 0 {
		rule.Families = []string{pick(r, "visit", "use", "purchase")}
	}
	if r.IntN(6) == 0 {
		rule.Channels = []string{"Email"}
	}
	if r.IntN(8) == 0 {
		rule.Props = []stage.Match{{Key: "plan", Op: stage.Equal, Values: []string{"pro"}}}
	}
	if r.IntN(3) == 0 {
		rule.Count = 1 + r.IntN(3)
		if r.IntN(2) == 0 {
			rule.Within = time.Duration(1+r.IntN(8)) * day
		}
	}
	if r.IntN(5) == 0 {
		rule.After = stages[r.IntN(len(stages))].ID
	}
	return rule
}

// randomTouches puts up to n touches on a grid of half days, so that many tie.
func randomTouches(r *rand.Rand, n int, m *stage.Model) []touchpoint.Touch {
	var out []touchpoint.Touch
	for i := range r.IntN(n) {
		t := touchpoint.Touch{Source: pick(r, "a", "b"), ID: fmt.Sprint(i), Kind: pick(r, alphabet...),
			At: date(3, 1).Add(time.Duration(r.IntN(120)) * 12 * time.Hour), Channel: pick[touchpoint.Channel](r, "Email", "Direct"),
			IDs: []identity.ID{identity.MakeID(pick(r, identity.Email, identity.AnonymousID), "a@example.com")}}
		t.ReceivedAt = t.At.Add(time.Duration(r.IntN(10)) * day)
		if r.IntN(6) == 0 {
			t.Stage = pick(r, "nowhere", string(m.Stages[r.IntN(len(m.Stages))].ID), strings.ToUpper(string(m.Stages[r.IntN(len(m.Stages))].ID)))
		}
		if r.IntN(5) == 0 {
			t.Props = t.Props.SetText("outcome", pick(r, "planned", "no_show", "completed"))
		}
		if r.IntN(5) == 0 {
			t.Props = t.Props.SetText("plan", pick(r, "pro", "free"))
		}
		if r.IntN(4) == 0 {
			t.Value = touchpoint.Money{Minor: int64(i), Currency: touchpoint.Currency{'J', 'P', 'Y'}}
		}
		out = append(out, t)
	}
	return out
}

const day = 24 * time.Hour

type world struct {
	m       stage.Model
	touches []touchpoint.Touch
	o       stage.FoldOptions
}

func randomWorld(r *rand.Rand) world {
	m := randomModel(r)
	return world{m, randomTouches(r, 25, &m), stage.FoldOptions{Subject: "s", At: date(3, 1).Add(time.Duration(r.IntN(150)) * 12 * time.Hour)}}
}

func (w world) fold(t *testing.T) stage.History {
	t.Helper()
	return fold(t, &w.m, w.touches, w.o)
}

func fold(t *testing.T, m *stage.Model, touches []touchpoint.Touch, o stage.FoldOptions) stage.History {
	t.Helper()
	h, err := m.Fold(touches, &o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// forWorlds tries a property on random worlds; a failure names the seed.
func forWorlds(t *testing.T, n int, check func(r *rand.Rand, w world) string) {
	t.Helper()
	for seed := range uint64(cases(n)) {
		r := rand.New(rand.NewPCG(seed, 7))
		if fault := check(r, randomWorld(r)); fault != "" {
			t.Fatalf("seed %d: %s", seed, fault)
		}
	}
}

// text prints what a history says.
func text(visits []stage.Visit, refused []stage.Refused, stalls []stage.Stall) string {
	var b strings.Builder
	at := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.Format("0102T15")
	}
	for _, v := range visits {
		fmt.Fprintf(&b, "%s/%d %s..%s %v from %q skipped %v kind %v rank %d by %q %v support %v", v.Stage, v.Number, at(v.Enter), at(v.Leave),
			v.Via, v.From, v.Skipped, v.Kind, v.Rank, v.Rule, v.By, v.Support)
		fmt.Fprintln(&b, v.Resumed, v.Conflict)
	}
	for _, r := range refused {
		fmt.Fprintln(&b, "refused", r.Touch, at(r.At), r.From, r.To, r.Move, r.Reason)
	}
	for _, s := range stalls {
		fmt.Fprintln(&b, "stall", s.Stage, s.Visit, at(s.Since), at(s.Resolved))
	}
	return b.String()
}

func TestFoldAgreesWithTheNaiveFold(t *testing.T) {
	t.Parallel()
	forWorlds(t, 2000, func(r *rand.Rand, w world) string {
		if err := w.m.Validate(); err != nil {
			return err.Error()
		}
		if r.IntN(4) == 0 {
			w.o.Known = w.o.At.Add(-time.Duration(r.IntN(10)) * day)
		}
		if r.IntN(4) == 0 {
			w.o.StallAfter = map[stage.ID]time.Duration{w.m.Stages[0].ID: 2 * day}
		}
		for i := range r.IntN(4) {
			s := stage.Signal{At: date(3, 1).Add(time.Duration(r.IntN(120)) * 12 * time.Hour), Rule: "score", Source: pick(r, "a", "c"),
				ID: fmt.Sprint("signal", i), Stage: pick(r, "nowhere", w.m.Stages[0].ID, w.m.Stages[1].ID)}
			w.o.Signals = append(w.o.Signals, s, s)
		}
		h := fold(t, &w.m, w.touches, w.o)
		n := naiveFold(&w.m, w.touches, &w.o)
		for i, keys := range n.support {
			n.visits[i].Support = keys
		}
		got, want := text(h.Visits, h.Refused, h.Stalls), text(n.visits, n.refused, n.stalls)
		if got != want {
			for _, t := range n.touches {
				got += fmt.Sprintln(t.Key(), t.At.Format("0102T15"), t.Kind, t.Stage, t.Props.JSON(), t.IDs[0].Type())
			}
			j, _ := w.m.MarshalJSON()
			return fmt.Sprintf("got\n%s\nwant\n%s\n%s", got, want, j)
		}
		return ""
	})
}

// H1: visits are half-open, ordered, never overlap; dwell and gaps add up to the span.
func TestH1VisitsAreOrdered(t *testing.T) {
	t.Parallel()
	forWorlds(t, 1000, func(_ *rand.Rand, w world) string {
		h := w.fold(t)
		var sum time.Duration
		for i, v := range h.Visits {
			d, censored := v.Dwell(h.At)
			sum += d
			last := i == len(h.Visits)-1
			switch {
			case censored && !last:
				return "an open visit in the middle"
			case d < 0 || v.Enter.After(h.At):
				return "a visit after the end"
			case !last:
				gap := h.Visits[i+1].Enter.Sub(v.Leave)
				if gap < 0 {
					return "visits overlap"
				}
				sum += gap
			case !censored:
				sum += h.At.Sub(v.Leave)
			}
		}
		if len(h.Visits) > 0 && sum != h.At.Sub(h.Visits[0].Enter) {
			return fmt.Sprint("dwell and gaps are ", sum)
		}
		return ""
	})
}

// H2: the rank of the furthest stage never falls; a current Open or Goal stage ranks at or below it.
func TestH2FurthestNeverFalls(t *testing.T) {
	t.Parallel()
	days := 80
	if testing.Short() {
		days = 10
	}
	forWorlds(t, 300, func(_ *rand.Rand, w world) string {
		highest := -1
		for d := range days {
			w.o.At = date(3, 1).Add(time.Duration(d) * day)
			h := w.fold(t)
			rank := -1
			if id, ok := h.Furthest(); ok {
				s, _ := w.m.Stage(id)
				rank = s.Rank
			}
			if rank < highest {
				return "furthest fell"
			}
			highest = rank
			if v, ok := h.Current(); ok && (v.Kind == stage.Open || v.Kind == stage.Goal) && v.Rank > rank {
				return "current is beyond furthest"
			}
		}
		return ""
	})
}

// H3: permutation and duplication of the touches change no byte.
func TestH3OrderAndRepetitionDoNotShow(t *testing.T) {
	t.Parallel()
	forWorlds(t, 1000, func(r *rand.Rand, w world) string {
		want := encoded(t, w.fold(t))
		for i := range w.touches {
			if r.IntN(3) == 0 {
				w.touches = append(w.touches, w.touches[i])
			}
		}
		r.Shuffle(len(w.touches), func(i, j int) { w.touches[i], w.touches[j] = w.touches[j], w.touches[i] })
		got := encoded(t, w.fold(t))
		return differ(got, want)
	})
}

func encoded(t *testing.T, h stage.History) []byte {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func differ[T string | []byte](got, want T) string {
	if string(got) != string(want) {
		return fmt.Sprintf("got\n%s\nwant\n%s", got, want)
	}
	return ""
}

// H4: per stage starts + inflow = outflow + ends + open. H5: each visit but the first has exactly one move.
func TestH4H5MovesAddUp(t *testing.T) {
	t.Parallel()
	forWorlds(t, 1000, func(_ *rand.Rand, w world) string {
		h := w.fold(t)
		balance, moves := map[stage.ID]int{}, 0
		for i, v := range h.Visits {
			balance[v.Stage]++ // a start or an inflow
			if v.Via == stage.Start != (v.From == "") || v.Via == stage.Start != (i == 0) {
				return "only the first visit starts"
			}
			if v.Via.String() == "" {
				return "a visit without a move"
			}
			if v.Via != stage.Start {
				balance[v.From]-- // a row of the matrix
				moves++
			}
			if i > 0 && v.From != h.Visits[i-1].Stage {
				return "a visit does not come from the one before"
			}
		}
		if moves != max(0, len(h.Visits)-1) {
			return "visits − 1 is not the number of moves"
		}
		if n := len(h.Visits); n > 0 {
			balance[h.Visits[n-1].Stage]-- // open, or ended
		}
		for id, n := range balance {
			if n != 0 {
				return fmt.Sprintf("%s is off by %d", id, n)
			}
		}
		return ""
	})
}

// H6: the history at t1 is the history at t2 cut at t1.
func TestH6TheFutureDoesNotChangeThePast(t *testing.T) {
	t.Parallel()
	forWorlds(t, 1000, func(r *rand.Rand, w world) string {
		late := w.fold(t)
		at := map[touchpoint.Key]time.Time{}
		for _, tp := range w.touches {
			at[tp.Key()] = tp.At
		}
		w.o.At = w.o.At.Add(-time.Duration(r.IntN(60)) * 12 * time.Hour)
		h := w.fold(t)
		var visits []stage.Visit
		for _, v := range late.Visits {
			if v.Enter.After(w.o.At) {
				break
			}
			if v.Leave.After(w.o.At) {
				v.Leave = time.Time{}
			}
			v.Support = slices.DeleteFunc(slices.Clone(v.Support), func(k touchpoint.Key) bool { return at[k].After(w.o.At) })
			visits = append(visits, v)
		}
		refused := slices.DeleteFunc(late.Refused, func(r stage.Refused) bool { return r.At.After(w.o.At) })
		return differ(text(h.Visits, h.Refused, nil), text(visits, refused, nil))
	})
}

// H7: a fold with Known is the fold of what was received by then. H8: without a touch is
// as if it had never been there; both hold because a fold reads nothing but its input.
func TestH7H8WhatIsUnknownDoesNotExist(t *testing.T) {
	t.Parallel()
	forWorlds(t, 1000, func(r *rand.Rand, w world) string {
		known := w.o
		known.Known = date(3, 1).Add(time.Duration(r.IntN(60)) * day)
		got := encoded(t, fold(t, &w.m, w.touches, known))
		w.touches = slices.DeleteFunc(w.touches, func(tp touchpoint.Touch) bool { return tp.ReceivedAt.After(known.Known) })
		want := encoded(t, w.fold(t))
		return differ(got, want)
	})
}

// H11: shifting all instants shifts the history and nothing else.
func TestH11NoInstantIsSpecial(t *testing.T) {
	t.Parallel()
	forWorlds(t, 500, func(r *rand.Rand, w world) string {
		h := w.fold(t)
		by := time.Duration(r.IntN(200_000)-400_000) * time.Hour // some years, to before 1970
		for i := range w.touches {
			w.touches[i].At = w.touches[i].At.Add(by)
			w.touches[i].ReceivedAt = w.touches[i].ReceivedAt.Add(by)
		}
		w.o.At = w.o.At.Add(by)
		shifted := w.fold(t)
		back := func(at *time.Time) {
			if !at.IsZero() {
				*at = at.Add(-by)
			}
		}
		for i := range shifted.Visits {
			back(&shifted.Visits[i].Enter)
			back(&shifted.Visits[i].Leave)
		}
		for i := range shifted.Refused {
			back(&shifted.Refused[i].At)
		}
		for i := range shifted.Stalls {
			back(&shifted.Stalls[i].Since)
			back(&shifted.Stalls[i].Resolved)
		}
		return differ(text(shifted.Visits, shifted.Refused, shifted.Stalls), text(h.Visits, h.Refused, h.Stalls))
	})
}

// H12: a touch that matches no rule and names no stage moves nobody, except by ending a silence.
func TestH12WhatMatchesNothingMovesNobody(t *testing.T) {
	t.Parallel()
	forWorlds(t, 1000, func(r *rand.Rand, w world) string {
		silent := !slices.ContainsFunc(w.m.Stages, func(s stage.Stage) bool { return s.Kind == stage.Dormant })
		want := w.fold(t)
		extra := touchpoint.Touch{Source: pick(r, "", "a", "z"), ID: "extra", At: date(3, 1).Add(time.Duration(r.IntN(120)) * 12 * time.Hour)}
		extra.Kind = touchpoint.KindSystem // a record: not even rules for any kind take it
		if silent && r.IntN(2) == 0 {
			extra.Kind = touchpoint.KindUnsubscribe // a record by which the person did something
			want.Stalls = nil
		}
		w.touches = append(w.touches, extra)
		h := w.fold(t)
		if want.Stalls == nil {
			h.Stalls = nil
		}
		return differ(text(h.Visits, h.Refused, h.Stalls), text(want.Visits, want.Refused, want.Stalls))
	})
}

var linkable, _ = (*identity.Rules)(nil).Linkable(identity.MakeID(identity.Email, "a@example.com"))
