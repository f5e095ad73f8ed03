package stage_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestValidateNamesEveryFault(t *testing.T) {
	names := map[string]string{"en": "A"}
	one := func(change func(m *stage.Model)) *stage.Model {
		m := &stage.Model{ID: "m", Stages: []stage.Stage{{ID: "a", Names: names, Rank: 1}, {ID: "b", Names: names, Rank: 2}}}
		change(m)
		return m
	}
	rule := func(r stage.Rule) *stage.Model {
		return one(func(m *stage.Model) { m.Stages[0].Entry = []stage.Rule{r} })
	}
	for want, m := range map[string]*stage.Model{
		"stage: model: id: must be 1 to 64 bytes of a-z, 0-9 and _":         one(func(m *stage.Model) { m.ID = "M" }),
		"stage: model: stages: no open stage":                               one(func(m *stage.Model) { m.Stages[0].Kind, m.Stages[1].Kind = stage.Goal, stage.Loss }),
		"stage: model: stages: more than one dormant stage":                 one(func(m *stage.Model) { m.Stages = append(m.Stages, dormant("x"), dormant("y")) }),
		"stage: model: stages: more than 64":                                one(func(m *stage.Model) { m.Stages = make([]stage.Stage, 65) }),
		"stage: model: a: id: repeated":                                     one(func(m *stage.Model) { m.Stages[1].ID = "a" }),
		"stage: model: A: id: must be 1 to 64 bytes of a-z, 0-9 and _":      one(func(m *stage.Model) { m.Stages[1].ID = "A" }),
		"stage: model: b: rank: repeated":                                   one(func(m *stage.Model) { m.Stages[1].Rank = 1 }),
		"stage: model: b: kind: unknown":                                    one(func(m *stage.Model) { m.Stages[1].Kind = 9 }),
		"stage: model: dormant_after: there is no dormant stage":            one(func(m *stage.Model) { m.DormantAfter = day }),
		"stage: model: dormant_after: negative":                             one(func(m *stage.Model) { m.Stages, m.DormantAfter = append(m.Stages, dormant("x")), -day }),
		"stage: model: flow: unknown":                                       one(func(m *stage.Model) { m.Flow = 2 }),
		"stage: model: moves.backward: unknown":                             one(func(m *stage.Model) { m.Moves.Backward = 3 }),
		"stage: model: moves.reopen: unknown":                               one(func(m *stage.Model) { m.Moves.Reopen = 3 }),
		"stage: model: b: names.en: missing":                                one(func(m *stage.Model) { m.Stages[1].Names = map[string]string{"ja": "B"} }),
		"stage: model: b: probability: not between 0 and 1":                 one(func(m *stage.Model) { m.Stages[1].Probability = math.NaN() }),
		"stage: model: a: probability: not between 0 and 1":                 one(func(m *stage.Model) { m.Stages[0].Probability = 1.1 }),
		"stage: model: a: sla: negative":                                    one(func(m *stage.Model) { m.Stages[0].SLA = -1 }),
		"stage: model: a: stall_after: negative":                            one(func(m *stage.Model) { m.Stages[0].StallAfter = -1 }),
		"stage: model: a: entry: more than 32 rules":                        one(func(m *stage.Model) { m.Stages[0].Entry = make([]stage.Rule, 33) }),
		"stage: model: a: entry[0].after: unknown stage":                    rule(stage.Rule{After: "zz"}),
		"stage: model: a: entry[0].within: needs a count":                   rule(stage.Rule{Within: day}),
		"stage: model: a: entry[0].within: negative":                        rule(stage.Rule{Within: -day}),
		"stage: model: a: entry[0].count: negative":                         rule(stage.Rule{Count: -1}),
		"stage: model: a: entry[0].families: unknown family":                rule(stage.Rule{Families: []string{"vist"}}),
		"stage: model: a: entry[0].direction: neither inbound nor outbound": rule(stage.Rule{Direction: "in"}),
		"stage: model: a: entry[0].props[0]: no key":                        rule(stage.Rule{Props: []stage.Match{{Op: stage.Exists}}}),
		"stage: model: a: entry[0].props[0]: unknown op":                    rule(stage.Rule{Props: []stage.Match{{Key: "k", Op: "gt", Values: []string{"1"}}}}),
		"stage: model: a: entry[0].props[0]: needs one number":              rule(stage.Rule{Props: []stage.Match{{Key: "k", Op: stage.AtLeast, Values: []string{"Inf"}}}}),
		"stage: model: a: entry[0].props[0]: wrong number of values":        rule(stage.Rule{Props: []stage.Match{{Key: "k", Op: stage.Equal}}}),
		"stage: model: a: entry[0].props[0]: exists takes no value":         rule(stage.Rule{Props: []stage.Match{{Key: "k", Op: stage.Exists, Values: []string{"1"}}}}),
		"stage: model: a: exit[0].id: repeated": one(func(m *stage.Model) {
			m.Stages[0].Entry, m.Stages[0].Exit = []stage.Rule{{}}, []stage.Rule{{ID: "a/1"}}
		}),
		"stage: model: zz: aliases: unknown stage":                            one(func(m *stage.Model) { m.Aliases = map[string]stage.ID{"z": "zz"} }),
		"stage: model: b: aliases: also names stage a":                        one(func(m *stage.Model) { m.Aliases = map[string]stage.ID{" A ": "b"} }),
		"stage: model: a: aliases: empty":                                     one(func(m *stage.Model) { m.Aliases = map[string]stage.ID{"  ": "a"} }),
		"stage: model: b: rank: repeated\nstage: model: b: names.en: missing": one(func(m *stage.Model) { m.Stages[1].Rank, m.Stages[1].Names = 1, nil }),
	} {
		err := m.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
			continue
		}
		var fault *stage.ModelError
		if !errors.As(err, &fault) {
			t.Errorf("%T is no ModelError", err)
		}
		if _, err := m.Fold(nil, nil); err == nil {
			t.Error("an invalid model folds:", want)
		}
	}
	if err := one(func(*stage.Model) {}).Validate(); err != nil {
		t.Error(err)
	}
}

func dormant(id stage.ID) stage.Stage {
	return stage.Stage{ID: id, Names: map[string]string{"en": "D"}, Kind: stage.Dormant}
}

func TestHostileModelFilesAreRefusedWithTheFieldNamed(t *testing.T) {
	for text, want := range map[string]string{
		``:                                   "json: not JSON",
		`{"id":"m"} x`:                       "json: not JSON",
		"{\"id\":\"\xff\"}":                  "json: not UTF-8",
		`[]`:                                 "json: no object",
		`null`:                               "json: no object",
		`{"ID":"m"}`:                         "ID: unknown key",
		`{"id":"m","id":"m"}`:                "id: repeated",
		`{"id":null}`:                        "id: wrong type",
		`{"stages":{}}`:                      "stages: no array",
		`{"stages":[{"rank":1.5}]}`:          "stages[0].rank: wrong type",
		`{"stages":[{"rank":1e99}]}`:         "stages[0].rank: wrong type",
		`{"stages":[{"probability":1e999}]}`: "stages[0].probability: wrong type",
		`{"stages":[{"kind":"won"}]}`:        "stages[0].kind: unknown word",
		`{"stages":[{"kind":1}]}`:            "stages[0].kind: wrong type",
		`{"stages":[{"names":{"en":"a","en":"b"}}]}`:                               "stages[0].names.en: repeated",
		`{"stages":[{"sla":90}]}`:                                                  "stages[0].sla: wrong type",
		`{"stages":[{"sla":"90 days"}]}`:                                           "stages[0].sla: no duration",
		`{"stages":[{"sla":"P1M"}]}`:                                               "stages[0].sla: no duration",
		`{"stages":[{"sla":"999999999999d"}]}`:                                     "stages[0].sla: no duration",
		`{"stages":[{"sla":"P999999W"}]}`:                                          "stages[0].sla: no duration",
		`{"stages":[{"sla":"P999999W1D"}]}`:                                        "stages[0].sla: no duration",
		`{"stages":[{"sla":"P15250W9999D"}]}`:                                      "stages[0].sla: no duration",
		`{"stages":[{"entry":[{"within":"PT"}]}]}`:                                 "stages[0].entry[0].within: no duration",
		`{"stages":[{"entry":[{"kinds":["a",1]}]}]}`:                               "stages[0].entry[0].kinds[1]: wrong type",
		`{"stages":[{"exit":[{"props":[{"key":"k","value":{}}]}]}]}`:               "stages[0].exit[0].props[0].value: neither text, number nor truth value",
		`{"stages":[{"exit":[{"props":[{"key":"k","value":null}]}]}]}`:             "stages[0].exit[0].props[0].value: neither",
		`{"moves":{"skip":"maybe"}}`:                                               "moves.skip: unknown word",
		`{"flow":"circular"}`:                                                      "flow: unknown word",
		`{"aliases":{"a":1}}`:                                                      "aliases.a: wrong type",
		`{"version":"` + strings.Repeat("x", stage.MaxModelText) + `"}`:            "json: more than 1048576 bytes",
		strings.Repeat("[", 100_000):                                               "json: not JSON",
		`{"stages":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`: "stages[0]: no object",
	} {
		_, err := stage.ParseModel([]byte(text))
		var fault *stage.ModelError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %s", text, err, want)
		}
	}
}

func TestModelsRoundTripThroughJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(cases(300)) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := randomModel(r)
		m.Stages[0].SLA = time.Duration(r.Int64N(int64(100 * day)))
		m.Stages[0].Category = "Best case"
		if len(m.Stages[0].Entry) > 0 {
			m.Stages[0].Entry[0].Props = []stage.Match{{Key: "plan", Op: stage.In, Values: []string{"a", "b"}}, {Key: "n", Op: stage.AtMost, Values: []string{"5"}},
				{Key: "x", Op: stage.Exists}}
			m.Stages[0].Entry[0].Touchpoints, m.Stages[0].Entry[0].Direction = []string{"shop.example.com/*"}, "inbound"
		}
		m.Aliases = map[string]stage.ID{"The First": m.Stages[0].ID}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := stage.ParseModel(text)
		if err != nil || !reflect.DeepEqual(back, m) {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
	}
}

func TestDurationsAreReadInEverySpelling(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * day, "2w": 14 * day, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"P90D": 90 * day, "P2W": 14 * day, "PT4H": 4 * time.Hour, "P1DT12H": 36 * time.Hour, "0s": 0, "1.5h": 90 * time.Minute} {
		var s stage.Stage
		if err := json.Unmarshal([]byte(`{"id":"a","sla":"`+text+`"}`), &s); err != nil || s.SLA != want {
			t.Errorf("%s: %v %v", text, s.SLA, err)
		}
	}
}

func FuzzParseModel(f *testing.F) {
	for _, name := range presetNames {
		m, _ := stage.Preset(name)
		text, _ := m.MarshalJSON()
		f.Add(text)
	}
	f.Add([]byte(`{"id":"m","stages":[{"id":"a","names":{"en":"A"},"entry":[{"props":[{"key":"k","op":"in","value":[1,true,"x"]}],"count":2,"within":"P1DT2H"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := stage.ParseModel(text)
		if err != nil {
			var fault *stage.ModelError
			if !errors.As(err, &fault) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		again, err := m.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		back, err := stage.ParseModel(again)
		if err != nil || !reflect.DeepEqual(back, m) {
			t.Fatalf("%v\n%s\n%s", err, text, again)
		}
		if _, err := m.Fold([]touchpoint.Touch{{Source: "s", ID: "1", At: date(1, 1), Kind: "order", Stage: "a"}}, nil); err != nil {
			t.Fatal(err)
		}
	})
}
