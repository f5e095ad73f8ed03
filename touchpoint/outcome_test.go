package touchpoint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func TestTallyInALine(t *testing.T) {
	t.Parallel()
	tally := tp.Count([]tp.Outcome{{Status: tp.Accepted}, {Status: tp.Accepted}, {Status: tp.Duplicate}, {Status: tp.Rejected}, {Status: tp.Retry}})
	if got, want := tally.String(), "offered=5 accepted=2 duplicate=1 conflict=0 rejected=1 suppressed=0 retry=1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Offered is the sum of all outcomes, however tallies are put together.
func TestTalliesAddUp(t *testing.T) {
	words := []string{"invalid", "accepted", "duplicate", "conflict", "rejected", "suppressed", "retry"}
	var outs []tp.Outcome
	var one tp.Tally
	for s, word := range words {
		if got := tp.Status(s).String(); got != word {
			t.Errorf("status %d is called %q, want %q", s, got, word)
		}
		for range s {
			outs = append(outs, tp.Outcome{Status: tp.Status(s)})
		}
	}
	sum := tp.Count(outs[:4])
	sum.Merge(tp.Count(outs[4:]))
	if sum != tp.Count(outs) || sum != (tp.Tally{0, 1, 2, 3, 4, 5, 6}) || sum.Offered() != len(outs) {
		t.Errorf("%v of %d", sum, len(outs))
	}
	one.Add(7) // the first that is none
	if one != (tp.Tally{1}) {
		t.Errorf("%v", one)
	}
	one = tp.Tally{}
	one.Add(99)
	if one[0] != 1 || one.Offered() != 1 || tp.Status(99).String() != "invalid" {
		t.Errorf("an outcome that is none: %v", one)
	}
}

// However a touch is printed, logged or put into other JSON, the canonical form is the
// only one that holds its identifiers.
func TestATouchInJSONLogsAndPrints(t *testing.T) {
	touch := clean()
	b, err := json.Marshal(map[string]tp.Touch{"t": touch})
	if err != nil || string(b) != `{"t":`+string(touch.AppendJSON(nil))+`}` {
		t.Errorf("%s, %v", b, err)
	}
	for _, text := range []string{fmt.Sprintf("%#v", touch), fmt.Sprintf("%#v", touch.Props)} {
		if strings.Contains(text, "sato") || strings.Contains(text, "example.com") {
			t.Errorf("printed as %s", text)
		}
	}
	var log bytes.Buffer
	c := tp.Consent{ID: mail("ann@x.example"), Purpose: "attribute", At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "consent", c)
	if text := log.String(); strings.Contains(text, "ann") || !strings.Contains(text, "consent.purpose=attribute") {
		t.Errorf("logged as %s", text)
	}
}
