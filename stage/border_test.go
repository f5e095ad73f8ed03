package stage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

var english = map[string]string{"en": "a stage"}

// A limit is the last size that is taken.
func TestTheLimitsOfAModelAreStillTaken(t *testing.T) {
	stages := func(n int) stage.Model {
		m := stage.Model{ID: "m"}
		for i := range n {
			m.Stages = append(m.Stages, stage.Stage{ID: stage.ID(fmt.Sprint("s", i)), Rank: i + 1, Names: english})
		}
		return m
	}
	rules := func(entry, exit int) stage.Model {
		m := stages(2)
		m.Stages[0].Entry = make([]stage.Rule, entry)
		m.Stages[0].Exit = make([]stage.Rule, exit)
		for i := range m.Stages[0].Entry {
			m.Stages[0].Entry[i].Families = []string{"visit"}
		}
		for i := range m.Stages[0].Exit {
			m.Stages[0].Exit[i].Families = []string{"visit"}
		}
		return m
	}
	named := func(id string) stage.Model { m := stages(1); m.Stages[0].ID = stage.ID(id); return m }
	for name, c := range map[string]struct {
		model stage.Model
		ok    bool
	}{
		"most stages":      {stages(stage.MaxStages), true},
		"a stage too many": {stages(stage.MaxStages + 1), false},
		"most rules":       {rules(stage.MaxRules-2, 2), true},
		"a rule too many":  {rules(stage.MaxRules-2, 3), false},
		"longest id":       {named(strings.Repeat("a", 64)), true},
		"an id too long":   {named(strings.Repeat("a", 65)), false},
		"ends of letters":  {named("az_09"), true},
		"before a":         {named("`"), false},
		"behind z":         {named("{"), false},
		"before 0":         {named("/"), false},
		"behind 9":         {named(":"), false},
	} {
		if err := c.model.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	text, err := json.Marshal(stage.Digital())
	if err != nil {
		t.Fatal(err)
	}
	full := string(text) + strings.Repeat(" ", stage.MaxModelText-len(text))
	if _, err := stage.ParseModel([]byte(full)); err != nil {
		t.Error("longest text:", err)
	}
	if _, err := stage.ParseModel([]byte(full + " ")); err == nil {
		t.Error("a text too long was read")
	}
}

func TestAFileIsRefusedForWhatItSaysThoughTheRestIsAModel(t *testing.T) {
	text, err := json.Marshal(stage.Digital())
	if err != nil {
		t.Fatal(err)
	}
	var fault *stage.ModelError
	if _, err := stage.ParseModel([]byte(`{"id":"m","stages":[]}`)); !errors.As(err, &fault) || fault.Field != "stages" {
		t.Error("a file that is read but no model:", err)
	}
	bad := strings.TrimSuffix(string(text), "}") + `,"bogus":1}`
	if _, err := stage.ParseModel([]byte(bad)); !errors.As(err, &fault) || fault.Field != "bogus" {
		t.Error(err)
	}
}

func TestTheLongestDurationIsReadAndNoLonger(t *testing.T) {
	for text, want := range map[string]time.Duration{"PT9223372036S": 9223372036 * time.Second, "PT9223372037S": 0,
		"106751d": 106751 * day, "106752d": 0, "P106751DT23H": 106751*day + 23*time.Hour, "P106751DT24H": 0} {
		var s stage.Stage
		if err := json.Unmarshal([]byte(`{"id":"a","sla":"`+text+`"}`), &s); (err == nil) != (want > 0) || s.SLA != want {
			t.Errorf("%s: %v %v", text, s.SLA, err)
		}
	}
}

func TestTheMostVisitsAreStillAHistory(t *testing.T) {
	m := stage.Digital()
	touches := make([]touchpoint.Touch, stage.MaxVisits)
	for i := range touches {
		touches[i] = stated(touch(strconv.Itoa(i), date(1, 1).Add(time.Duration(i)*time.Second), "note"), []string{"engagement", "awareness"}[i%2])
	}
	if h, err := m.Fold(touches, nil); err != nil || len(h.Visits) != stage.MaxVisits {
		t.Error(len(h.Visits), err)
	}
}

// What a version is in force from is asked of the second one on.
func TestTheFirstVersionJudgesWhatCameBeforeIt(t *testing.T) {
	m := stage.Digital()
	if _, err := (stage.Versions{{From: date(3, 1), Model: m}, {From: date(2, 1), Model: m}}).Plan(); err != nil {
		t.Error("the first From is not ignored:", err)
	}
	h := foldVersions(t, stage.Versions{{From: date(3, 1), Model: m}, {From: date(4, 1), Model: m}}, []touchpoint.Touch{touch("1", date(1, 1), "pageview")}, stage.FoldOptions{})
	if got := way(h); got != "awareness start" {
		t.Error(got)
	}
	quiet := stage.LeadToRevenue()
	h = foldVersions(t, stage.Versions{{From: date(8, 1), Model: quiet}, {From: date(9, 1), Model: quiet}}, []touchpoint.Touch{touch("1", date(1, 1), "form")}, stage.FoldOptions{At: date(9, 2)})
	if v, _ := h.Current(); v.Stage != "dormant" || !v.Enter.Equal(date(1, 1).Add(90*day)) {
		t.Errorf("a silence before it: %+v", v)
	}
	var fault *stage.ModelError
	if _, err := (stage.Versions{{Model: m}, {From: date(2, 1), Model: m}, {From: date(2, 1), Model: m}}).Plan(); !errors.As(err, &fault) {
		t.Error("two versions from one instant:", err)
	}
}

// Equal signals are one, whatever stands between them; those that differ in anything are two.
func TestSignalsThatDifferInAnythingAreTwo(t *testing.T) {
	a := stage.Signal{At: date(1, 3), Stage: "mql", Rule: "score", Source: "scores", ID: "1"}
	id, source, rule := a, a, a
	id.ID, source.Source, rule.Rule = "2", "other", "fit"
	m := stage.LeadToRevenue()
	for name, b := range map[string]stage.Signal{"id": id, "source": source, "rule": rule} {
		for _, signals := range [][]stage.Signal{{a, b, a}, {b, a, b}, {a, a, b}} {
			h := fold(t, &m, nil, stage.FoldOptions{Signals: signals})
			if got := way(h); got != "mql start" || len(h.Visits[0].Support) != 1 {
				t.Errorf("another %s: %s, support %v", name, got, h.Visits)
			}
		}
	}
	below := a
	below.Stage = "known"
	h := fold(t, &m, nil, stage.FoldOptions{Signals: []stage.Signal{a, below, a}})
	if got := way(h); got != "known start, mql advance" || len(h.Visits[1].Support) != 0 {
		t.Errorf("%s, support %v", got, h.Visits)
	}
}

func TestThresholdsOfAMatchIncludeTheirBorder(t *testing.T) {
	tp := touch("1", date(1, 1), "form")
	var err error
	if tp.Props, err = touchpoint.ParseProps([]byte(`{"seats":12,"probability":1}`)); err != nil {
		t.Fatal(err)
	}
	for _, op := range []stage.Op{stage.AtLeast, stage.AtMost} {
		m := stage.Model{ID: "m", Stages: []stage.Stage{{ID: "a", Rank: 1, Names: english, Entry: []stage.Rule{{Props: []stage.Match{{Key: "seats", Op: op, Values: []string{"12"}}}}}}}}
		h := fold(t, &m, []touchpoint.Touch{tp}, stage.FoldOptions{})
		if len(h.Visits) != 1 || h.Visits[0].Snapshot.Probability != 1 {
			t.Errorf("%v: %+v", op, h.Visits)
		}
	}
}

// Of members who change at one instant the first by subject is named, in whatever order they come.
func TestTheFirstMemberBySubjectMovesTheAccount(t *testing.T) {
	m := stage.LeadToRevenue()
	a, b := member(t, &m, "a", "", "form 1", "meeting 5"), member(t, &m, "b", "", "form 1", "meeting 5")
	for _, members := range [][]stage.Member{{a, b}, {b, a}} {
		h, err := m.FoldAccount(members, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := stays(h); got != "01-01 known start a, 01-05 sql skip a" {
			t.Error(got)
		}
	}
}

// A subject may belong in two roles at once; whichever is told first, the same one moved
// the account.
func TestMembershipsOfOneSubjectHaveOneOrder(t *testing.T) {
	m := stage.LeadToRevenue()
	one := member(t, &m, "a", "champion", "form 1", "meeting 5")
	from, to, role := one, one, one
	from.Role, from.From = "user", date(1, 2)
	to.Role, to.To = "user", date(1, 9)
	role.Role = "user"
	for name, two := range map[string]stage.Member{"a later beginning": from, "an end": to, "another role": role} {
		var seen [2]string
		for i, members := range [][]stage.Member{{one, two}, {two, one}} {
			h, err := m.FoldAccount(members, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			x, _ := h.Explain(1)
			seen[i] = stays(h) + " as " + x.Role
		}
		if seen[0] != seen[1] {
			t.Errorf("%s: %s; the other way round %s", name, seen[0], seen[1])
		}
	}
}

func TestErrorsInTheMiddleOfAnAccountAreReturned(t *testing.T) {
	m, other := stage.LeadToRevenue(), stage.Digital()
	if _, err := m.FoldAccount([]stage.Member{member(t, &m, "a", "", "form 1"), member(t, &other, "b", "", "pageview 2")}, nil, nil); !errors.Is(err, stage.ErrUnknownStage) {
		t.Error("a member of another model:", err)
	}
	// The fallback is asked first when the closed deal is forgotten.
	won := []stage.Member{member(t, &m, "a", "", "order 1")}
	if _, err := m.FoldAccount(won, stage.OpportunityDriven{Remember: 10 * day, Fallback: panicking{}}, nil); !errors.As(err, new(*stage.CallbackError)) {
		t.Error("a policy that fails between two changes:", err)
	}
}
