package attribution_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// What is drawn for a journey depends on it alone: rows that come in beside it, before or
// after, leave the interval of its channel as it was.
func TestOtherJourneysLeaveAnIntervalAsItWas(t *testing.T) {
	t.Parallel()
	opts := &attribution.Options{Interval: attribution.Interval{Method: attribution.Bootstrap, Reps: 40, Seed: 5}}
	interval := func(rs ...attribution.Row) string {
		res, err := attribution.Rule(attribution.Linear{}).Attribute(rows(t, rs...), opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range res.Credits {
			if c.Channel == "M" {
				return strconv.FormatFloat(c.Lo, 'x', -1, 64) + " " + strconv.FormatFloat(c.Hi, 'x', -1, 64)
			}
		}
		t.Fatal("no M")
		return ""
	}
	row := func(ch string) attribution.Row {
		return attribution.Row{Channels: []string{ch}, Conversions: 9, Nulls: 3, Value: 90 * scale}
	}
	alone := interval(row("M"))
	for _, others := range [][]attribution.Row{{row("A")}, {row("Z")}, {row("A"), row("B"), row("Z")}} {
		if got := interval(append(others, row("M"))...); got != alone {
			t.Errorf("%d other rows: %s, alone %s", len(others), got, alone)
		}
	}
}

// A row of ages has no instants: a ledger invents none.
func TestLedgerOfAgesHasNoInstants(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A", "B"}, Ages: []time.Duration{2 * time.Hour, time.Hour}, Conversions: 1, Value: 10 * scale})
	n := 0
	for e, err := range attribution.Ledger(js, attribution.Linear{}) {
		if n++; err != nil || !e.End.IsZero() || !e.At.IsZero() {
			t.Errorf("%+v %v", e, err)
		}
	}
	if n != 2 {
		t.Errorf("%d entries", n)
	}
}

// Ties are between channels: what nobody earned is no rival of theirs.
func TestNoTieWithWhatNobodyEarned(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 3, Value: 30 * scale}, attribution.Row{Channels: []string{"B"}, Conversions: 3, Value: 30 * scale},
		attribution.Row{Conversions: 3, Value: 30 * scale})
	for _, method := range []attribution.Method{attribution.Closed, attribution.Bootstrap} {
		res, err := attribution.Rule(attribution.Linear{}).Attribute(js, &attribution.Options{Interval: attribution.Interval{Method: method, Reps: 40}})
		if err != nil || len(res.Tied) != 1 || res.Tied[0] != [2]string{"A", "B"} {
			t.Errorf("%v: %v %v", method, res.Tied, err)
		}
	}
}
