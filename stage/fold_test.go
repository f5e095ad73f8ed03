package stage_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// way prints the stages and moves of a history.
func way(h stage.History) string {
	var out []string
	for _, v := range h.Visits {
		s := string(v.Stage) + " " + v.Via.String()
		if v.Resumed {
			s += " resumed"
		}
		if v.Conflict {
			s += " conflict"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// days makes touches from "kind" or "kind!stage" steps, one a day from January 1 on; ""
// skips a day and "+" before a step keeps the day of the one before.
func days(steps ...string) []touchpoint.Touch {
	var out []touchpoint.Touch
	at := date(1, 1).Add(-day)
	for i, s := range steps {
		s, same := strings.CutPrefix(s, "+")
		if !same {
			at = at.Add(day)
		}
		if s == "" {
			continue
		}
		kind, value, _ := strings.Cut(s, "!")
		out = append(out, stated(touch(string(rune('a'+i)), at, touchpoint.Kind(kind)), value))
	}
	return out
}

func TestMovesOfLeadToRevenue(t *testing.T) {
	m := stage.LeadToRevenue()
	for name, c := range map[string]struct {
		touches []touchpoint.Touch
		want    string
	}{
		"blog article does not throw a customer back":      {days("order", "pageview", "form", "download"), "won start"},
		"won deal is not reopened by an ordinary touch":    {days("order", "opportunity"), "won start"},
		"won deal is reopened by a statement":              {days("order", "deal_reopened"), "won start, opportunity reopen"},
		"lost deal is not reopened by a form":              {days("deal_lost", "form"), "lost start"},
		"lost deal is reopened by a raised hand":           {days("deal_lost", "demo_request"), "lost start, mql reopen"},
		"sale out of a loss is its own statement":          {days("deal_lost", "order"), "lost start, won win"},
		"lost lead is recycled by statement":               {days("deal_lost", "lead_recycled"), "lost start, nurture recycle"},
		"no-show meeting advances nobody":                  {outcome(days("form", "meeting"), "no_show"), "known start"},
		"planned call advances nobody":                     {outcome(days("form", "call"), "planned"), "known start"},
		"evidence of one instant climbs from low to high":  {days("meeting", "+form", "+demo_request"), "known start, mql advance, sql skip"},
		"explicit value folds case and blanks":             {days("note!  CLOSED   wOn "), "won start"},
		"Japanese name":                                    {days("note!商談"), "opportunity start"},
		"value for this model":                             {days("note!LeadToRevenue:mql"), "mql start"},
		"value for another model":                          {days("note!hubspot:mql"), ""},
		"statements of one instant that disagree":          {days("form", "stage_change!sql", "+stage_change!mql"), "known start, sql skip conflict, mql regress conflict"},
		"one of three that disagrees, the first":           {days("form", "stage_change!sql", "+stage_change!mql", "+stage_change!mql"), "known start, sql skip conflict, mql regress conflict"},
		"one of three that disagrees, the last":            {days("form", "stage_change!sql", "+stage_change!sql", "+stage_change!mql"), "known start, sql skip conflict, mql regress conflict"},
		"statements of one instant that agree":             {days("form", "stage_change!mql", "+stage_change!mql"), "known start, mql advance"},
		"pause before any visit":                           {days("deal_paused"), ""},
		"pause and another stage after it":                 {days("form", "note!dormant", "meeting"), "known start, dormant pause, sql skip resumed"},
		"engaged touch below resumes":                      {days("meeting", "note!dormant", "pageview"), "sql start, dormant pause, sql resume"},
		"our mailing does not resume":                      {days("meeting", "note!dormant", "email_sent"), "sql start, dormant pause"},
		"pause repeated does not resume":                   {days("meeting", "note!dormant", "deal_paused"), "sql start, dormant pause"},
		"second purchase expands":                          {days("order", "order"), "won start, expansion skip"},
		"five uses in a month are active":                  {days("order", "login", "login", "login", "login", "login"), "won start, onboarding advance, active advance"},
		"use before the sale is no onboarding":             {days("login", "login", "login", "login", "login"), "known start"},
		"three support contacts after the sale are a risk": {days("order", "complaint", "complaint", "complaint"), "won start, at_risk skip"},
		"three pieces of content in a month qualify":       {days("download", "podcast", "video_play"), "known start, mql advance"},
	} {
		if got := way(fold(t, &m, c.touches, stage.FoldOptions{})); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// outcome states how the last touch went.
func outcome(touches []touchpoint.Touch, text string) []touchpoint.Touch {
	last := &touches[len(touches)-1]
	last.Props = last.Props.SetText("outcome", text)
	return touches
}

func TestRefusedEvidenceIsListedWithItsReason(t *testing.T) {
	deny := stage.LeadToRevenue()
	deny.Moves = stage.Moves{DenySkip: true, Backward: stage.Never, Reopen: stage.Never}
	def := stage.LeadToRevenue()
	for name, c := range map[string]struct {
		m       *stage.Model
		touches []touchpoint.Touch
		want    string
	}{
		"regress without a statement":      {&def, days("meeting", "form"), "b sql known regress needs_statement"},
		"told once a visit":                {&def, days("meeting", "form", "form"), "b sql known regress needs_statement"},
		"reading is no refused evidence":   {&def, days("meeting", "pageview"), ""},
		"ordinary touch on a won deal":     {&def, days("order", "opportunity"), "b won opportunity reopen needs_statement"},
		"form on a lost deal":              {&def, days("deal_lost", "form"), "b lost known reopen needs_statement"},
		"unknown value, each time":         {&def, days("form!Blue", "form!Blue"), "a  Blue  unknown_stage; b known Blue  unknown_stage"},
		"pause of nobody":                  {&def, days("stage_change!dormant"), "a  dormant pause nothing_to_pause"},
		"skip by a rule that is denied":    {&deny, days("form", "meeting"), "b known sql skip skip_denied"},
		"skip by a statement":              {&deny, days("form", "note!sql"), ""},
		"statement back that never may be": {&deny, days("meeting", "note!mql", "note!mql"), "b sql mql regress move_denied; c sql mql regress move_denied"},
		"reopening that never may be":      {&deny, days("order", "note!sql"), "b won sql reopen move_denied"},
	} {
		var got []string
		for _, r := range fold(t, c.m, c.touches, stage.FoldOptions{}).Refused {
			got = append(got, strings.Join([]string{r.Touch.ID, string(r.From), string(r.To), r.Move.String(), r.Reason}, " "))
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, "; "), c.want)
		}
	}
}

func TestCurrentFurthestAndAsOfDiffer(t *testing.T) {
	m := stage.LeadToRevenue()
	h := fold(t, &m, days("form", "meeting", "order", "login", "churn"), stage.FoldOptions{At: date(2, 1)})
	now, _ := h.Current()
	furthest, _ := h.Furthest()
	then, _ := h.AsOf(date(1, 2).Add(time.Hour))
	if now.Stage != "churned" || furthest != "onboarding" || then.Stage != "sql" {
		t.Error(now.Stage, furthest, then.Stage)
	}
	if _, ok := h.AsOf(date(1, 1).Add(-1)); ok {
		t.Error("stood somewhere before the first touch")
	}
	if v, ok := h.AsOf(date(1, 5)); !ok || v.Stage != "churned" {
		t.Error("a visit does not hold its Enter")
	}
	var none stage.History
	if _, ok := none.Current(); ok {
		t.Error("the zero history stands somewhere")
	}
	if _, ok := none.Furthest(); ok {
		t.Error("the zero history reached something")
	}
}

func TestSilencePausesAtItsLimit(t *testing.T) {
	m := stage.LeadToRevenue()
	form := []touchpoint.Touch{touch("1", date(1, 1), "form")}
	limit := date(1, 1).Add(90 * day)
	for name, c := range map[string]struct {
		touches []touchpoint.Touch
		at      time.Time
		want    string
	}{
		"one instant before":           {form, limit.Add(-1), "known start"},
		"limit included":               {form, limit, "known start, dormant pause"},
		"engaged touch at the limit":   {append(form[:1:1], touch("2", limit, "pageview")), limit, "known start"},
		"mailings break no silence":    {append(form[:1:1], touch("2", date(2, 1), "email_sent")), limit, "known start, dormant pause"},
		"records break no silence":     {append(form[:1:1], touch("2", date(2, 1), "note")), limit, "known start, dormant pause"},
		"touch after it resumes":       {append(form[:1:1], touch("2", limit.Add(1), "pageview")), limit.Add(day), "known start, dormant pause, known resume"},
		"closed stages are not paused": {[]touchpoint.Touch{touch("1", date(1, 1), "order")}, limit.Add(900 * day), "won start"},
	} {
		if got := way(fold(t, &m, c.touches, stage.FoldOptions{At: c.at})); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestStallsAreToldOnceASilence(t *testing.T) {
	m := stage.LeadToRevenue()
	m.DormantAfter = 0
	for i := range m.Stages {
		m.Stages[i].StallAfter = 5 * day
	}
	touches := []touchpoint.Touch{touch("1", date(1, 1), "form"), touch("2", date(1, 6), "pageview"), // quiet for exactly 5 days
		touch("3", date(1, 8), "email_sent"), touch("4", date(1, 14), "email_sent"), touch("5", date(1, 20), "pageview")}
	h := fold(t, &m, touches, stage.FoldOptions{At: date(2, 1)})
	want := []stage.Stall{{Stage: "known", Since: date(1, 11), Resolved: date(1, 20)}, {Stage: "known", Since: date(1, 25)}}
	if len(h.Stalls) != 2 || h.Stalls[0] != want[0] || h.Stalls[1] != want[1] {
		t.Errorf("%+v", h.Stalls)
	}
	// A bigger threshold never makes more stalls.
	last := 99
	for d := range 40 {
		n := len(fold(t, &m, touches, stage.FoldOptions{At: date(2, 1), StallAfter: map[stage.ID]time.Duration{"known": time.Duration(d) * day}}).Stalls)
		if n > last {
			t.Errorf("%d stalls with %d days", n, d)
		}
		last = n
	}
	if last != 0 {
		t.Error("a stall after 39 days of 31")
	}
	if _, err := m.Fold(touches, &stage.FoldOptions{StallAfter: map[stage.ID]time.Duration{"nowhere": day}}); !errors.Is(err, stage.ErrUnknownStage) {
		t.Error(err)
	}
}

func TestSnapshotHoldsWhatWasKnownAtEnter(t *testing.T) {
	m := stage.Salesforce()
	touches := days("opportunity", "stage_change!Qualification", "stage_change!Closed Won", "note")
	set := func(i int, amount, owner string) {
		p, err := touches[i].Props.SetNumber("amount", amount)
		if err != nil {
			t.Fatal(err)
		}
		touches[i].Props = p.SetText("currency", "EUR").SetText("owner", owner).SetText("close_date", "2026-03-01")
	}
	set(0, "1200.50", "mika")
	set(3, "1", "later")
	touches[1].Props, _ = touches[1].Props.SetNumber("probability", "0.35")
	touches[2].Value = touchpoint.Money{Minor: 99, Currency: touchpoint.Currency{'E', 'U', 'R'}}
	h := fold(t, &m, touches, stage.FoldOptions{})
	eur := func(minor int64) touchpoint.Money {
		return touchpoint.Money{Minor: minor, Currency: touchpoint.Currency{'E', 'U', 'R'}}
	}
	want := []stage.Snapshot{
		{Value: eur(120050), Probability: 0.10, Owner: "mika", CloseDate: "2026-03-01", ModelVersion: "1"},
		{Value: eur(120050), Probability: 0.35, Owner: "mika", CloseDate: "2026-03-01", ModelVersion: "1"},
		{Value: eur(99), Probability: 1, Owner: "mika", CloseDate: "2026-03-01", ModelVersion: "1"},
	}
	if len(h.Visits) != len(want) {
		t.Fatalf("%+v", h.Visits)
	}
	for i, v := range h.Visits {
		if v.Snapshot != want[i] {
			t.Errorf("visit %d: %+v", i+1, v.Snapshot)
		}
	}
}

// A stated chance of 0 or 1 is one; what is no chance leaves the prior of the stage.
func TestStatedProbabilityAtItsEnds(t *testing.T) {
	m := stage.Salesforce()
	for stated, want := range map[string]float64{"0": 0, "1": 1, "-0.01": 0.10, "1.01": 0.10} {
		touches := days("opportunity")
		touches[0].Props, _ = touches[0].Props.SetNumber("probability", stated)
		if h := fold(t, &m, touches, stage.FoldOptions{}); h.Visits[0].Snapshot.Probability != want {
			t.Errorf("%s: %v", stated, h.Visits[0].Snapshot.Probability)
		}
	}
}

func TestSignalsAreRuleEvidence(t *testing.T) {
	m := stage.LeadToRevenue()
	signals := []stage.Signal{
		{At: date(1, 3), Stage: "mql", Rule: "score", Source: "scores", ID: "1"},
		{At: date(1, 3), Stage: "mql", Rule: "score", Source: "scores", ID: "1"},
		{At: date(1, 5), Stage: "known", Rule: "score", Source: "scores", ID: "2"},
		{At: date(1, 6), Stage: "nowhere", Rule: "score", Source: "scores", ID: "3"},
	}
	h := fold(t, &m, days("form"), stage.FoldOptions{Signals: signals})
	if got := way(h); got != "known start, mql advance" {
		t.Error(got)
	}
	if v := h.Visits[1]; v.Rule != "score" || v.By != (touchpoint.Key{Source: "scores", ID: "1"}) || len(v.Support) != 1 {
		t.Errorf("%+v", v)
	}
	if len(h.Refused) != 2 || h.Refused[0].Reason != stage.NeedsStatement || h.Refused[1].Reason != stage.UnknownStage {
		t.Errorf("%+v", h.Refused)
	}
	if !h.At.Equal(date(1, 6)) {
		t.Error("a signal does not move the end:", h.At)
	}
}

func TestExitLeavesForNoStage(t *testing.T) {
	m := stage.Digital()
	m.Stages[0].Exit = []stage.Rule{{Kinds: []string{"unsubscribe"}}}
	touches := days("pageview", "unsubscribe", "", "pageview", "unsubscribe", "form")
	h := fold(t, &m, touches, stage.FoldOptions{At: date(1, 3)})
	if _, ok := h.Current(); ok || len(h.Visits) != 1 {
		t.Error("stands somewhere after an exit")
	}
	h = fold(t, &m, touches, stage.FoldOptions{})
	if got := way(h); got != "awareness start, awareness reenter, engagement advance" {
		t.Error(got)
	}
}

func TestExplainNamesRuleConditionsAndWhatWasRefused(t *testing.T) {
	m := stage.LeadToRevenue()
	h := fold(t, &m, days("form", "download", "podcast", "webinar_attended", "lead", "note!won"), stage.FoldOptions{})
	x, ok := h.Explain(1)
	if !ok || x.Line != 9 || x.Kind != "webinar_attended" || x.Visit.Stage != "mql" || x.Visit.Rule != "mql/3" {
		t.Errorf("%+v", x)
	}
	want := []stage.Condition{{"families", "content|live|reply", "live"}, {"identified", "true", "true"}, {"count", "3 within 30d", "3 or more"}}
	if len(x.Conditions) != 3 || x.Conditions[0] != want[0] || x.Conditions[1] != want[1] || x.Conditions[2] != want[2] {
		t.Errorf("%+v", x.Conditions)
	}
	if x.Refused == nil || x.Refused.To != "known" {
		t.Errorf("%+v", x.Refused)
	}
	if x, _ := h.Explain(2); x.Stated != "won" || x.Line != 5 || x.Visit.Rule != stage.Explicit {
		t.Errorf("%+v", x)
	}
	if _, ok := h.Explain(3); ok {
		t.Error("explains a visit that is not there")
	}
}

func TestSameIDOfTwoSourcesIsTwoTouches(t *testing.T) {
	m := stage.Digital()
	touches := days("order", "login")
	touches[1].At, touches[1].ID, touches[1].Source = touches[0].At, touches[0].ID, "other"
	if h := fold(t, &m, touches, stage.FoldOptions{}); way(h) != "awareness start, transaction win" {
		t.Errorf("%+v", h.Visits)
	}
}

// Of several touches that resume at one instant the first by source and id is named.
func TestTheFirstTouchResumes(t *testing.T) {
	m := stage.LeadToRevenue()
	at := date(1, 3)
	touches := days("meeting", "note!dormant")
	low, none := touch("a", at, "demo_request"), touch("b", at, "pageview")
	for _, two := range [][2]string{{"a", "b"}, {"b", "a"}} {
		low.ID, none.ID = two[0], two[1]
		h := fold(t, &m, append(slices.Clone(touches), none, low), stage.FoldOptions{})
		if got := way(h); got != "sql start, dormant pause, sql resume" || h.Visits[2].By.ID != "a" {
			t.Errorf("%s by %s", got, h.Visits[2].By)
		}
	}
}

// Of evidence refused for equal stages the first is told.
func TestExplainTellsTheFirstOfEqualRefusals(t *testing.T) {
	m := stage.LeadToRevenue()
	m.Moves.Backward = stage.Never
	h := fold(t, &m, days("form", "meeting", "note!known", "note!mql", "note!mql", "note!known"), stage.FoldOptions{})
	if x, _ := h.Explain(1); x.Refused == nil || x.Refused.Touch.ID != "d" || x.Refused.To != "mql" || len(h.Refused) != 4 {
		t.Errorf("%+v of %+v", x.Refused, h.Refused)
	}
}

func TestAVisitWithoutSupportTellsNone(t *testing.T) {
	m := stage.Digital()
	h := fold(t, &m, days("pageview", "form", "form"), stage.FoldOptions{})
	if h.Visits[0].Support != nil || len(h.Visits[1].Support) != 1 {
		t.Errorf("%+v", h.Visits)
	}
}

func TestTooManyTouchesAreALimit(t *testing.T) {
	m := stage.Digital()
	var limit *stage.LimitError
	most := make([]touchpoint.Touch, stage.MaxTouches+1)
	if _, err := m.Fold(most, nil); !errors.As(err, &limit) || limit.What != "touches" {
		t.Error(err)
	}
	if _, err := m.Fold(most[1:], nil); err != nil {
		t.Error("the most touches:", err)
	}
	if _, err := m.Fold(most[1:], &stage.FoldOptions{Signals: make([]stage.Signal, 1)}); !errors.As(err, &limit) {
		t.Error("the most touches and a signal:", err)
	}
	up, down := stated(touch("", date(1, 1), "note"), "engagement"), stated(touch("", date(1, 1), "note"), "awareness")
	touches := make([]touchpoint.Touch, stage.MaxVisits+1)
	for i := range touches {
		touches[i] = []touchpoint.Touch{up, down}[i%2]
		touches[i].At = touches[i].At.Add(time.Duration(i) * time.Second)
		touches[i].ID = strconv.Itoa(i)
	}
	if _, err := m.Fold(touches, nil); !errors.As(err, &limit) || limit.What != "visits" {
		t.Error(err)
	}
	if h, err := m.Fold(touches[:1000], nil); err != nil || len(h.Visits) != 1000 {
		t.Error("a small fold after a large one:", len(h.Visits), err)
	}
}
