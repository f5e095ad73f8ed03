package main

import (
	"cmp"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

var whats = []string{"visits", "now", "moves", "flow", "journeys", "stalls", "refused", "explain", "model"}

func (c *config) printModel(w io.Writer) error {
	return input.WriteJSON(w, &c.model)
}

// print prints what -do asks for.
func (c *config) print(w io.Writer, fs *facts) error {
	switch c.do {
	case "moves":
		return c.printMoves(w, fs)
	case "flow":
		return c.printFlow(w, fs)
	case "explain":
		return c.printExplain(w, fs)
	}
	t := newTable(w, c.as, columns[c.do])
	for x, err := range c.folds(fs) {
		if err != nil {
			return err
		}
		switch c.do {
		case "visits":
			visits(t, &x)
		case "now":
			now(t, &x)
		case "journeys":
			journeys(t, &x)
		case "stalls":
			stalls(t, &x)
		case "refused":
			refused(t, &x)
		}
	}
	return t.close()
}

var columns = map[string]string{
	"visits":   "subject,visit,stage,number,enter,leave,via,from,skipped,rule,touch,support,value,currency,probability,version",
	"now":      "subject,stage,rank,since,days,furthest,visits,moves,last_touch,stalled",
	"moves":    "from,to,move,n",
	"flow":     "stage,starts,inflow,outflow,ends,open,visited,skipped",
	"journeys": "subject,journey,start,end,reason,steps,channels,days,entry,exit,furthest,goals,value,currency",
	"stalls":   "subject,stage,visit,since,resolved,days",
	"refused":  "subject,at,touch,from,to,move,reason",
}

func visits(t *table, x *folded) {
	for i, v := range x.history.Visits {
		var skipped []string
		for _, id := range v.Skipped {
			skipped = append(skipped, string(id))
		}
		t.row(x.name, i+1, string(v.Stage), v.Number, v.Enter, v.Leave, v.Via.String(), string(v.From), strings.Join(skipped, "|"),
			v.Rule, key(v.By), len(v.Support), v.Snapshot.Value, v.Snapshot.Value.Currency.String(), v.Snapshot.Probability, v.Snapshot.ModelVersion)
	}
}

// key is a touch as source/id.
func key(k touchpoint.Key) string {
	if k == (touchpoint.Key{}) {
		return ""
	}
	return k.Source + "/" + k.ID
}

func now(t *table, x *folded) {
	var name, rank, since, days any
	if v, ok := x.history.Current(); ok {
		d, _ := v.Dwell(x.history.At)
		name, rank, since, days = string(v.Stage), v.Rank, v.Enter, inDays(d)
	}
	furthest, _ := x.history.Furthest()
	n := len(x.history.Stalls)
	t.row(x.name, name, rank, since, days, string(furthest), len(x.history.Visits), max(0, len(x.history.Visits)-1), x.last,
		n > 0 && x.history.Stalls[n-1].Resolved.IsZero())
}

func stalls(t *table, x *folded) {
	for _, s := range x.history.Stalls {
		end := s.Resolved
		if end.IsZero() {
			end = x.history.At
		}
		t.row(x.name, string(s.Stage), s.Visit+1, s.Since, s.Resolved, inDays(end.Sub(s.Since)))
	}
}

func refused(t *table, x *folded) {
	for _, r := range x.history.Refused {
		t.row(x.name, r.At, key(r.Touch), string(r.From), string(r.To), r.Move.String(), r.Reason)
	}
}

// journeys prints one row a currency of each journey.
func journeys(t *table, x *folded) {
	for _, j := range x.journeys {
		channels := map[touchpoint.Channel]bool{}
		for _, s := range j.Steps {
			if s.Channel != "" {
				channels[s.Channel] = true
			}
		}
		sums := map[touchpoint.Currency]int64{}
		for _, g := range j.Goals {
			if v := g.Value; !v.IsZero() {
				sum, ok := add(sums[v.Currency], v.Minor)
				if !ok {
					t.fail(touchpoint.ErrOverflow)
					return
				}
				sums[v.Currency] = sum
			}
		}
		row := func(value any, currency string) {
			t.row(x.name, j.Seq, j.Start, j.End, string(j.Reason), len(j.Steps), len(channels), inDays(j.End.Sub(j.Start)),
				string(j.Entry), string(j.Exit), string(j.Furthest), len(j.Goals), value, currency)
		}
		if len(sums) == 0 {
			row(nil, "")
		}
		for _, code := range slices.SortedFunc(maps.Keys(sums), func(a, b touchpoint.Currency) int { return cmp.Compare(a.String(), b.String()) }) {
			row(touchpoint.Money{Minor: sums[code], Currency: code}, code.String())
		}
	}
}

func add(a, b int64) (int64, bool) {
	if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
		return 0, false
	}
	return a + b, true
}

type move struct {
	from, to stage.ID
	via      stage.Move
}

func (c *config) printMoves(w io.Writer, fs *facts) error {
	n := map[move]int{}
	for x, err := range c.folds(fs) {
		if err != nil {
			return err
		}
		for _, v := range x.history.Visits {
			n[move{v.From, v.Stage, v.Via}]++
		}
	}
	t := newTable(w, c.as, columns["moves"])
	for _, m := range slices.SortedFunc(maps.Keys(n), func(a, b move) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.via.String(), b.via.String()))
	}) {
		t.row(string(m.from), string(m.to), m.via.String(), n[m])
	}
	return t.close()
}

// printFlow counts visits by how they began and ended, and subjects that visited or
// skipped. A visit left into no stage is an end unless a later visit followed it.
func (c *config) printFlow(w io.Writer, fs *facts) error {
	type counts struct{ starts, inflow, outflow, ends, open, visited, skipped int }
	by := map[stage.ID]*counts{}
	for _, s := range c.model.Stages {
		by[s.ID] = &counts{}
	}
	for x, err := range c.folds(fs) {
		if err != nil {
			return err
		}
		visited, skipped := map[stage.ID]bool{}, map[stage.ID]bool{}
		for i, v := range x.history.Visits {
			visited[v.Stage] = true
			for _, id := range v.Skipped {
				skipped[id] = true
			}
			n := by[v.Stage]
			if v.Via == stage.Start {
				n.starts++
			} else {
				n.inflow++
			}
			switch {
			case i+1 < len(x.history.Visits):
				n.outflow++
			case v.Leave.IsZero():
				n.open++
			default:
				n.ends++
			}
		}
		for id := range visited {
			by[id].visited++
		}
		for id := range skipped {
			by[id].skipped++
		}
	}
	t := newTable(w, c.as, columns["flow"])
	for _, s := range slices.SortedFunc(slices.Values(c.model.Stages), func(a, b stage.Stage) int {
		return cmp.Or(dormantLast(&a)-dormantLast(&b), cmp.Compare(a.Rank, b.Rank))
	}) {
		n := by[s.ID]
		t.row(string(s.ID), n.starts, n.inflow, n.outflow, n.ends, n.open, n.visited, n.skipped)
	}
	return t.close()
}

func dormantLast(s *stage.Stage) int {
	if s.Kind == stage.Dormant {
		return 1
	}
	return 0
}

// inDays is a span in days of 24 hours.
type inDays time.Duration
