package stage_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
)

func TestWordsOfMovesAndKindsAreReadBack(t *testing.T) {
	t.Parallel()
	for m := stage.Start; m <= stage.Regress; m++ {
		var back stage.Move
		b, err := json.Marshal(m)
		if err != nil || json.Unmarshal(b, &back) != nil || back != m || m.String() == "" {
			t.Errorf("%v as %s is %v", m, b, back)
		}
	}
	for k := stage.Kind(0); k.String() != "invalid"; k++ {
		var back stage.Kind
		b, err := json.Marshal(k)
		if err != nil || json.Unmarshal(b, &back) != nil || back != k {
			t.Errorf("%v as %s is %v", k, b, back)
		}
	}
	var none stage.Move
	if b, err := none.MarshalText(); err != nil || none.UnmarshalText(b) != nil || none != 0 {
		t.Errorf("no move as %q is %v", b, none)
	}
	m, k := stage.Win, stage.Kind(1)
	if json.Unmarshal([]byte(`"sideways"`), &m) == nil || json.Unmarshal([]byte(`"closed"`), &k) == nil || m != stage.Win || k != 1 {
		t.Error("a word of nobody was read")
	}
	if s := stage.Move(200).String(); s != "" {
		t.Errorf("a move without a word is called %q", s)
	}
}

// A rule outside of a model, such as a goal's, says what is wrong with it by itself.
func TestARuleOutsideOfAModelNamesItsFaults(t *testing.T) {
	t.Parallel()
	r := stage.Rule{Families: []string{"meetings", "sausages"}, Direction: "sideways", Count: -1, Within: -time.Hour, Props: []stage.Match{{}}}
	err := r.Validate()
	for _, want := range []string{"families: unknown family", "direction: neither inbound nor outbound", "count: negative", "within: negative", "props[0]: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	var fault *stage.ModelError
	if !errors.As(err, &fault) {
		t.Errorf("untyped %v", err)
	}
	if err := (&stage.Rule{Within: time.Hour}).Validate(); err == nil || !strings.Contains(err.Error(), "within: needs a count") {
		t.Errorf("%v", err)
	}
	good := stage.Rule{Kinds: []string{"form"}, Direction: "inbound", Count: 2, Within: 36 * time.Hour}
	b, err := json.Marshal(good)
	var back stage.Rule
	if err != nil || good.Validate() != nil || json.Unmarshal(b, &back) != nil || back.Within != good.Within || back.Count != 2 || back.Kinds[0] != "form" {
		t.Errorf("%s is read back as %+v, %v", b, back, err)
	}
	if err := json.Unmarshal([]byte(`{"kinds":["form"],"wthin":"1h"}`), &back); err == nil {
		t.Error("a key that is none was read")
	}
}

func TestNamesAndTermsOfAStage(t *testing.T) {
	t.Parallel()
	s := stage.Stage{Names: map[string]string{"en": "Offer", "de": "Angebot"}, SLA: 48 * time.Hour}
	if s.Name("de") != "Angebot" || s.Name("ja") != "Offer" {
		t.Errorf("%s %s", s.Name("de"), s.Name("ja"))
	}
	enter := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	open := stage.Visit{Enter: enter}
	closed := stage.Visit{Enter: enter, Leave: enter.Add(48 * time.Hour)}
	if s.Overdue(open, enter.Add(48*time.Hour)) || !s.Overdue(open, enter.Add(48*time.Hour+time.Microsecond)) || s.Overdue(closed, enter.Add(999*time.Hour)) {
		t.Error("the term is kept at its end, and broken behind it")
	}
	if s.SLA = 0; s.Overdue(open, enter.Add(999*time.Hour)) {
		t.Error("a stage without a term is overdue")
	}
}

func TestErrorsOfAFoldSayWhat(t *testing.T) {
	t.Parallel()
	limit := &stage.LimitError{What: "touches", Limit: stage.MaxTouches}
	if limit.Error() != "stage: more than 1000000 touches" {
		t.Error(limit.Error())
	}
	cb := &stage.CallbackError{Where: "Policy.Decide", Value: "string"}
	if cb.Error() != "stage: Policy.Decide panicked with a string" {
		t.Error(cb.Error())
	}
}
