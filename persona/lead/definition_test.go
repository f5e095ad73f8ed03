package lead_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
)

// A fault is named by its place, and by nothing that the document says.
func TestFaultsOfTables(t *testing.T) {
	const when = `"when":{"field":"touch.kind","op":"eq","value":"form"}`
	for text, path := range map[string]string{
		`{"rules":[{"id":"a",` + when + `,"points":1}]}`:                                                               "/id",
		`{"id":"t","rules":[]}`:                                                                                        "/rules",
		`{"id":"t","cap":-1,"rules":[]}`:                                                                               "/cap",
		`{"id":"t","fit_weight":1.5,"rules":[]}`:                                                                       "/fit_weight",
		`{"id":"t","prior":101,"rules":[]}`:                                                                            "/prior",
		`{"id":"t","enter":101,"rules":[]}`:                                                                            "/enter",
		`{"id":"t","enter":30,"leave":31,"rules":[]}`:                                                                  "/leave",
		`{"id":"t","half_life":"14 days","rules":[]}`:                                                                  "/half_life",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1},{"id":"a",` + when + `,"points":1}]}`:                   "/rules/1/id",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1e7}]}`:                                                    "/rules/0/points",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1,"max":-1}]}`:                                             "/rules/0/max",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1,"per":"P1D"}]}`:                                          "/rules/0/per",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1,"per_max":-2}]}`:                                         "/rules/0/per_max",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1,"sticky":true,"half_life":"P1D"}]}`:                      "/rules/0/half_life",
		`{"id":"t","rules":[{"id":"a","when":{"field":"person.title","op":"exists"},"points":1}]}`:                     "/rules/0/when",
		`{"id":"t","rules":[{"id":"a","when":{"touches":{"agg":"count"},"op":"ge","value":1},"points":1}]}`:            "/rules/0/when",
		`{"id":"t","rules":[{"id":"a",` + when + `,"points":1,"bonus":1}]}`:                                            "/rules/0/bonus",
		`{"id":"t","rules":[` + strings.TrimSuffix(strings.Repeat(`{"id":"a",`+when+`,"points":1},`, 501), ",") + `]}`: "/rules",
	} {
		_, err := lead.ParseTable([]byte(text))
		var fault *persona.DefinitionError
		if !errors.As(err, &fault) || fault.Path != path {
			t.Errorf("%.80s: %v, not %s", text, err, path)
		}
	}
}

// P22: a document is what it was when written and read again.
func TestTableRoundTrip(t *testing.T) {
	again, err := lead.ParseTable([]byte(encode(t, lead.DefaultTable())))
	if err != nil || encode(t, again) != encode(t, lead.DefaultTable()) {
		t.Error(err)
	}
}

func TestFaultsOfRouters(t *testing.T) {
	const when = `"when":{"all":[]}`
	for text, path := range map[string]string{
		`{"rules":[{` + when + `}]}`:                                                             "/rules/0/id",
		`{"rules":[{"id":"a",` + when + `},{"id":"a",` + when + `}]}`:                            "/rules/1/id",
		`{"rules":[{"id":"default",` + when + `}]}`:                                              "/rules/0/id",
		`{"rules":[{"id":"a",` + when + `,"owners":[{"id":""}]}]}`:                               "/rules/0/owners/0/id",
		`{"rules":[{"id":"a",` + when + `,"owners":[{"id":"x"},{"id":"x"}]}]}`:                   "/rules/0/owners/1/id",
		`{"rules":[{"id":"a",` + when + `,"owners":[{"id":"x","weight":-1}]}]}`:                  "/rules/0/owners/0/weight",
		`{"rules":[],"default":{"owners":[{"id":"x","capacity":-1}]}}`:                           "/default/owners/0/capacity",
		`{"rules":[{"id":"a",` + when + `,"sla":"4h"}]}`:                                         "/rules/0/sla",
		`{"rules":[{"id":"a","when":{"field":"x","op":"?"}}]}`:                                   "/rules/0/when/op",
		`{"rules":[{"id":"a",` + when + `,"owner":"x"}]}`:                                        "/rules/0/owner",
		`{"rules":[` + strings.Repeat(`{"id":"a",`+when+`},`, 500) + `{"id":"b",` + when + `}]}`: "/rules",
	} {
		_, err := lead.ParseRouter([]byte(text))
		var fault *persona.DefinitionError
		if !errors.As(err, &fault) || fault.Path != path {
			t.Errorf("%.80s: %v, not %s", text, err, path)
		}
	}
}

// P22 for whatever the decoder takes, and no panic for whatever it does not. What it takes
// can score.
func FuzzTable(f *testing.F) {
	f.Add([]byte(encode(f, lead.DefaultTable())))
	f.Add([]byte(`{"id":"t","rules":[{"id":"a","when":{"not":{"field":"touch.at","op":"older_than","value":"P1D"}},"points":-1,"per":"PT1S","per_max":3,"any":true}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tb, err := lead.ParseTable(text)
		if err != nil {
			var fault *persona.DefinitionError
			if !errors.As(err, &fault) {
				t.Fatal(err)
			}
			return
		}
		written := encode(t, tb)
		again, err := lead.ParseTable([]byte(written))
		if err != nil || encode(t, again) != written {
			t.Fatalf("%v: %s", err, written)
		}
		s := tb.Score(fit(50), agreed(touch("form", 3), touch("demo", 1), touch("visit", 0)), at)
		if s.Value < 0 || s.Value > 100 {
			t.Fatal(s.Value)
		}
	})
}

// P22 for routers; each that is taken assigns.
func FuzzRouter(f *testing.F) {
	f.Add([]byte(routing))
	f.Add([]byte(`{"rules":[{"id":"a","when":{"field":"touch.at","op":"missing"},"owners":[{"id":"x","weight":1e-9},{"id":"y","capacity":1}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := lead.ParseRouter(text)
		if err != nil {
			var fault *persona.DefinitionError
			if !errors.As(err, &fault) {
				t.Fatal(err)
			}
			return
		}
		written := encode(t, r)
		again, err := lead.ParseRouter([]byte(written))
		if err != nil || encode(t, again) != written {
			t.Fatalf("%v: %s", err, written)
		}
		leads := []lead.Lead{{ID: "1", Account: "a", Entered: at}, {ID: "2", Score: 1, Fields: persona.Map{"person.country": persona.TextValue("JP")}}}
		if got := encode(t, r.Assign(leads, at)); got != encode(t, again.Assign(leads, at)) {
			t.Fatal(got)
		}
	})
}
