package sim

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A net that never sees a fish may have a hole: these tests put the oracle, or what the
// driver was told, in the wrong, and want the check of each invariant to say so.

// lived is a schedule up to the comparison with the oracle.
func lived(t *testing.T, seed uint64) *life {
	t.Helper()
	s := MakeSchedule(seed, 80, []string{})
	m, err := newMachine(s)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{schedule: s, driver: &driver{m: m, ledger: newLedger(), seed: s.Seed}}
	for _, phase := range []func() *Violation{l.work, l.settleAll} {
		if bad := phase(); bad != nil {
			t.Fatal(bad)
		}
	}
	return l
}

func (l *life) comparison(t *testing.T) *comparison {
	t.Helper()
	c, bad := l.comparisonAt(l.schedule.At, l.ledger.facts())
	if bad != nil {
		t.Fatal(bad)
	}
	c.deep = true
	return c
}

// aPerson is the home of somebody with several identifiers, and one of them.
func (c *comparison) aPerson() (string, *cluster) {
	for _, id := range c.known() {
		if home := c.people.home[id]; home != nil && len(home.ids) > 1 && !c.typeOf(id).account {
			return id, home
		}
	}
	return "", nil
}

// each changes the first subject for which the change finds something.
func each(change func(*subject) bool) func(*comparison) bool {
	return func(c *comparison) bool {
		for i := range c.subjects {
			if change(&c.subjects[i]) {
				return true
			}
		}
		return false
	}
}

// goals changes the first goal that has a value.
func goals(change func(*trip, *gain)) func(*comparison) bool {
	return each(func(s *subject) bool {
		for _, t := range s.trips {
			for i := range t.goals {
				if t.goals[i].net != 0 && len(t.steps) > 1 {
					change(t, &t.goals[i])
					return true
				}
			}
		}
		return false
	})
}

func visits(change func(vs []stage.Visit) bool) func(*comparison) bool {
	return each(func(s *subject) bool { return change(s.History.Visits) })
}

func TestEveryCheckFindsItsInvariantBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	for what, c := range map[string]struct {
		invariant string
		check     func(*comparison) *Violation
		tamper    func(*comparison) bool
	}{
		"nobody's identifier joins": {"I8", checkPlaceholders, func(*comparison) bool { return minLen("user_id", 1000) }},
		"named by evidence alone":   {"I8", checkPlaceholders, func(c *comparison) bool { c.touches = nil; return minLen("user_id", 1000) }},
		"two strong of a type": {"I9", checkStrong, func(c *comparison) bool {
			x := idTypes["anonymous_id"]
			x.class = 'k'
			idTypes["anonymous_id"] = x
			c.musts = nil
			return true
		}},
		"two strong beside two by force": {"I9", checkStrong, func(c *comparison) bool {
			for p := range c.view.Identity().People() {
				if ids := plainIDs(p.IDs); len(ids) > 2 && strings.HasPrefix(ids[1], "anonymous_id:") {
					x := idTypes["anonymous_id"]
					x.class = 'k'
					idTypes["anonymous_id"] = x
					c.musts = []Record{{Force: true, IDs: []string{ids[0], ids[2]}}}
					return true
				}
			}
			return false
		}},
		"taken back and joined": {"I10", checkRetracted, func(c *comparison) bool {
			id, home := c.aPerson()
			if home == nil {
				return false
			}
			other := slices.Sorted(maps.Keys(home.ids))[0]
			if other == id {
				other = slices.Sorted(maps.Keys(home.ids))[1]
			}
			c.people.home[other] = &cluster{ids: map[string]bool{other: true}, id: "another"}
			c.takenBack = append(c.takenBack, Record{Touch: []string{"no", "such"}}, Record{IDs: []string{id, other}})
			return true
		}},
		"one too few in a person": {"I6", checkPeople, func(c *comparison) bool {
			id, home := c.aPerson()
			if home == nil {
				return false
			}
			delete(home.ids, id)
			return true
		}},
		"shared or not": {"I6", checkPeople, func(c *comparison) bool {
			for _, id := range c.known() {
				if len(c.people.home[id].ids) == 1 {
					c.people.shared[id] = !c.people.shared[id]
					return true
				}
			}
			return false
		}},
		"another name": {"I7", checkNames, func(c *comparison) bool { _, home := c.aPerson(); home.id = "another"; return true }},
		"a touch lost": {"I11", checkOwners, func(c *comparison) bool { c.touches = c.touches[1:]; return true }},
		"another owner": {"I11", checkOwners, func(c *comparison) bool {
			c.owners[0] = ""
			return c.view.Identity().Owner(sightingOf(c.touches[0])).Person != identity.PersonID{}
		}},
		"another account": {"I11", checkOwners, func(c *comparison) bool { c.places[0] += "x"; return true }},
		"visits overlap": {"I14", checkVisits, visits(func(vs []stage.Visit) bool {
			if len(vs) < 2 {
				return false
			}
			vs[1].Enter = vs[1].Enter.Add(time.Second)
			return true
		})},
		"a last visit that ends": {"I14", checkVisits, visits(func(vs []stage.Visit) bool { vs[len(vs)-1].Leave = vs[0].Enter; return true })},
		"begun in the middle":    {"I13", checkMoves, visits(func(vs []stage.Visit) bool { vs[0].Via = stage.Advance; return true })},
		"an advance that falls": {"I13", checkMoves, visits(func(vs []stage.Visit) bool {
			if len(vs) < 2 {
				return false
			}
			vs[1].Stage, vs[1].Via = vs[0].Stage, stage.Advance
			return true
		})},
		"a move of no kind": {"I13", checkMoves, visits(func(vs []stage.Visit) bool {
			if len(vs) < 2 {
				return false
			}
			vs[1].Via = stage.Start
			return true
		})},
		"an unknown stage unreported": {"I13", checkMoves, each(func(s *subject) bool {
			s.History.Refused = nil
			return slices.ContainsFunc(s.touches, func(r Record) bool { return r.Stage != "" && stepOf(r.Stage).id == "" })
		})},
		"another visit":  {"I12", checkHistories, each(func(s *subject) bool { s.told.visits[0].enter++; return true })},
		"a journey more": {"I12", checkHistories, each(func(s *subject) bool { s.trips = append(s.trips, &trip{}); return true })},
		"a step less":    {"I12", checkHistories, each(func(s *subject) bool { s.trips[0].steps = s.trips[0].steps[1:]; return true })},
		"another end":    {"I12", checkHistories, each(func(s *subject) bool { s.trips[0].reason = "boredom"; return true })},
		"a goal more":    {"I12", checkHistories, each(func(s *subject) bool { s.trips[0].goals = append(s.trips[0].goals, gain{}); return true })},
		"a goal of less": {"I12", checkHistories, goals(func(_ *trip, g *gain) { g.net-- })},
		"the past changes": {"I15", checkPast, each(func(s *subject) bool {
			if len(s.touches) < 4 || s.touches[0].At == s.touches[len(s.touches)/2].At {
				return false
			}
			s.History.Visits = slices.Clone(s.History.Visits)
			s.History.Visits[0].By.ID = "another"
			return true
		})},
		"a stall more": {"I16", checkStalls, each(func(s *subject) bool { s.told.stalls = append(s.told.stalls, stall{}); return true })},
		"credit to somebody else": {"I19", checkPaths, func(c *comparison) bool {
			wide := len(c.paths()) > 0
			each(func(s *subject) bool { s.touches = nil; return false })(c)
			return wide
		}},
		"revenue of nobody":        {"I21", checkRevenue, goals(func(_ *trip, g *gain) { g.net++ })},
		"another share":            {"I18", checkShares, goals(func(_ *trip, g *gain) { g.net += 1000 })},
		"a channel without credit": {"I18", checkShares, goals(func(_ *trip, g *gain) { g.net += 1000 })},
		"a credit that is short":   {"I22", checkLedger, goals(func(_ *trip, g *gain) { g.net += 5 })},
		"channels renamed apart": {"I20", checkRenamed, func(c *comparison) bool {
			if _, bad := c.set(); bad != nil {
				return false
			}
			return each(func(s *subject) bool {
				for _, j := range s.Journeys {
					for i := range j.Steps {
						if len(j.Goals) > 0 && j.Steps[i].Channel != "" && j.Goals[0].Net.Minor > 1000 {
							j.Steps[i].Channel, s.made = "(other)x", nil
							return true
						}
					}
				}
				return false
			})(c)
		}},
		"step by step another name": {"I7", checkIncremental, func(c *comparison) bool { _, home := c.aPerson(); home.id = "another"; return true }},
		"step by step another": {"I24", checkIncremental, func(c *comparison) bool {
			id, home := c.aPerson()
			home.id = "another"
			delete(home.ids, id)
			return true
		}},
		"a consent turned": {"I30", checkConsents, func(c *comparison) bool {
			for i := range c.consents {
				c.consents[i].Granted = !c.consents[i].Granted
			}
			return len(c.consents) > 0
		}},
		"a consent too many": {"I30", checkConsents, func(c *comparison) bool {
			for _, r := range c.consents { // of somebody who has another one too
				rest := slices.DeleteFunc(slices.Clone(c.consents), func(x Record) bool { return x.IDs[0] == r.IDs[0] && x.Kind == r.Kind })
				if slices.ContainsFunc(rest, func(x Record) bool { return x.IDs[0] == r.IDs[0] }) {
					c.consents = rest
					return true
				}
			}
			return false
		}},
		"reading that fails":  {"I31", checkConsents, func(c *comparison) bool { return c.store.Close() == nil }},
		"a digest that fails": {"I25", checkRepeat, func(c *comparison) bool { return c.store.Close() == nil }},
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			types := maps.Clone(idTypes)
			defer func() { idTypes = types }()
			for seed := range uint64(40) {
				x := lived(t, seed).comparison(t)
				if !slices.ContainsFunc(x.subjects, func(s subject) bool { return len(s.History.Visits) > 0 && len(s.trips) > 0 }) {
					continue
				}
				x.subjects = slices.DeleteFunc(x.subjects, func(s subject) bool { return len(s.History.Visits) == 0 || len(s.trips) == 0 })
				if _, home := x.aPerson(); home == nil || !c.tamper(x) {
					idTypes = maps.Clone(types)
					continue
				}
				bad := c.check(x)
				if bad == nil { // there may be nothing of the kind in this world
					idTypes = maps.Clone(types)
					continue
				}
				if bad.Invariant != c.invariant || bad.Detail == "" {
					t.Errorf("seed %d: %v, want %s", seed, bad, c.invariant)
				}
				return
			}
			t.Error("no world in which it is found")
		})
	}
}

// minLen makes the oracle, and nobody else, find identifiers of a type too short.
func minLen(typ string, n int) bool {
	x := idTypes[typ]
	x.minLen = n
	idTypes[typ] = x
	return true
}

// Untouched, no check finds anything in the worlds of the test above.
func TestChecksFindNothingWhereNothingIsWrong(t *testing.T) {
	for seed := range uint64(4) {
		c := lived(t, seed).comparison(t)
		for _, v := range invariants {
			if v.check != nil {
				if bad := v.check(c); bad != nil {
					t.Errorf("seed %d: %v", seed, bad)
				}
			}
		}
	}
}

func TestLedgerFindsWrongOutcomes(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	rec := Record{Class: classTouch, Source: "web", ID: "1", At: at, Kind: "pageview", IDs: []string{"user_id:u1"}}
	other, anon, foul := rec, rec, rec
	other.Channel, anon.ID, foul.Bad = "Email", "", "missing"
	out := func(s touchpoint.Status, fields ...string) touchpoint.Outcome {
		return touchpoint.Outcome{Status: s, Key: touchpoint.Key{Source: "web", ID: "1"}, Fields: fields}
	}
	accepted, conflict := out(touchpoint.Accepted), out(touchpoint.Conflict, "channel")
	type step struct {
		r Record
		o touchpoint.Outcome
	}
	suppressedU1 := func(l *ledger) { l.suppress("user_id:u1", suppressed{by: "e1"}) }
	for what, c := range map[string]struct {
		invariant string
		before    func(*ledger)
		steps     []step // all but the last are right
	}{
		"rejected without cause":      {"I5", nil, []step{{rec, touchpoint.Outcome{Status: touchpoint.Rejected, Reason: touchpoint.Missing}}}},
		"rejected for another reason": {"I5", nil, []step{{foul, touchpoint.Outcome{Status: touchpoint.Rejected, Reason: touchpoint.Control}}}},
		"accepted though it is bad":   {"I5", nil, []step{{foul, accepted}}},
		"no outcome":                  {"I5", nil, []step{{rec, out(0)}}},
		"suppressed without cause":    {"I28", nil, []step{{rec, out(touchpoint.Suppressed)}}},
		"accepted though erased":      {"I27", suppressedU1, []step{{rec, accepted}}},
		"accepted twice":              {"I3", nil, []step{{rec, accepted}, {rec, accepted}}},
		"duplicate of nothing":        {"I4", nil, []step{{rec, out(touchpoint.Duplicate)}}},
		"duplicate of other content":  {"I4", nil, []step{{rec, accepted}, {other, out(touchpoint.Duplicate)}}},
		"conflict with nothing":       {"I4", nil, []step{{rec, conflict}}},
		"conflict with itself":        {"I4", nil, []step{{rec, accepted}, {rec, conflict}}},
		"conflict of other fields":    {"I4", nil, []step{{rec, accepted}, {other, out(touchpoint.Conflict, "stage")}}},
		"retry without a fault":       {"I31", nil, []step{{rec, out(touchpoint.Retry)}}},
		"no derived id":               {"I3", nil, []step{{anon, touchpoint.Outcome{Status: touchpoint.Accepted}}}},
		"two derived ids":             {"I3", nil, []step{{anon, accepted}, {anon, touchpoint.Outcome{Status: touchpoint.Duplicate, Key: touchpoint.Key{Source: "web", ID: "2"}}}}},
	} {
		l := newLedger()
		if c.before != nil {
			c.before(l)
		}
		for i, s := range c.steps {
			bad := l.judge(s.r, s.r.plain(), s.o, at, false)
			if last := i == len(c.steps)-1; last != (bad != nil) || last && bad.Invariant != c.invariant {
				t.Errorf("%s, step %d: %v", what, i, bad)
			}
		}
	}
	fine := newLedger()
	for _, s := range []step{{rec, accepted}, {rec, out(touchpoint.Duplicate)}, {other, conflict}, {foul, touchpoint.Outcome{Status: touchpoint.Rejected, Reason: touchpoint.Missing}}} {
		if bad := fine.judge(s.r, s.r.plain(), s.o, at, false); bad != nil {
			t.Errorf("%s is right: %v", s.o.Status, bad)
		}
	}
}

func TestLedgerFindsWhatTheStoreDoesWrong(t *testing.T) {
	l := lived(t, 3)
	facts, err := l.m.facts()
	if err != nil || len(facts) < 5 {
		t.Fatal(len(facts), err)
	}
	i := slices.IndexFunc(facts, func(f storage.Fact) bool { return f.Touch != nil })
	changed := *facts[i].Touch
	changed.Stage += "x"
	foreign := changed
	foreign.ID = "never offered"
	with := func(f storage.Fact) []storage.Fact { return append(slices.Clone(facts), f) }
	instead := slices.Clone(facts)
	instead[i] = storage.Fact{Touch: &changed}
	r, _ := recordOf(facts[i])
	for what, c := range map[string]struct {
		invariant string
		facts     []storage.Fact
		before    func(*ledger)
	}{
		"all is there":        {"", facts, nil},
		"one is there twice":  {"I1", with(facts[i]), nil},
		"one is lost":         {"I1", slices.Delete(slices.Clone(facts), i, i+1), nil},
		"one is another":      {"I4", instead, nil},
		"one of nobody":       {"I2", with(storage.Fact{Touch: &foreign}), nil},
		"one that was erased": {"I27", facts, func(l *ledger) { l.remove(r.key(), nil) }},
		"one of an erased person": {"I27", facts, func(l *ledger) {
			e := l.entry(r.key())
			e.possible = []string{""}
			l.suppress(r.plain().IDs[0], suppressed{})
		}},
		"one that was to be redacted": {"I4", facts, func(l *ledger) {
			short := r
			short.IDs, short.Redacted = nil, true
			l.remove(r.key(), &short)
		}},
		"half of one in doubt": {"I2", instead, func(l *ledger) { e := l.entry(r.key()); e.possible = []string{"", r.content()} }},
	} {
		ledger := *l.ledger
		ledger.entries = map[string]*entry{}
		for k, e := range l.ledger.entries {
			x := *e
			x.possible, x.records = slices.Clone(e.possible), maps.Clone(e.records)
			ledger.entries[k] = &x
		}
		ledger.erased = maps.Clone(l.ledger.erased)
		if c.before != nil {
			c.before(&ledger)
		}
		bad := ledger.settle(c.facts, false)
		if c.invariant == "" != (bad == nil) || bad != nil && bad.Invariant != c.invariant {
			t.Errorf("%s: %v, want %s", what, bad, c.invariant)
		}
	}
}

func TestSuppressionsOfTheLedgerAreOfTheLatestErasure(t *testing.T) {
	first, second := suppressed{at: 9, restart: true, by: "a", byAt: 5}, suppressed{at: 3, by: "b", byAt: 5}
	for _, order := range [][]suppressed{{first, second}, {second, first}} {
		l := newLedger()
		for _, s := range order {
			l.suppress("user_id:u", s)
		}
		if got := l.erased["user_id:u"]; got != (suppressed{at: 9, by: "b", byAt: 5}) {
			t.Errorf("%+v", got)
		}
	}
}

func TestDriverFindsWrongAnswersOfACall(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	rec := Record{Class: classTouch, Source: "web", ID: "1", At: at, Kind: "pageview", IDs: []string{"user_id:u1"}}
	out := func(s touchpoint.Status) touchpoint.Outcome {
		return touchpoint.Outcome{Status: s, Key: touchpoint.Key{Source: "web", ID: "1"}, Err: storage.ErrUncertain}
	}
	two := []Record{rec, rec}
	for what, c := range map[string]struct {
		invariant string
		outs      []touchpoint.Outcome
		err       error
	}{
		"an outcome too few":        {"I5", []touchpoint.Outcome{out(touchpoint.Accepted)}, nil},
		"a wrong outcome":           {"I3", []touchpoint.Outcome{out(touchpoint.Accepted), out(touchpoint.Accepted)}, nil},
		"an error of nothing":       {"I5", []touchpoint.Outcome{out(touchpoint.Accepted), out(touchpoint.Duplicate)}, errors.New("x")},
		"no error of a retry":       {"I5", []touchpoint.Outcome{out(touchpoint.Retry), out(touchpoint.Retry)}, nil},
		"an error of one retry":     {"I5", []touchpoint.Outcome{out(touchpoint.Retry), out(touchpoint.Retry)}, &journey.PartialError{Retry: 1}},
		"a repeat before its first": {"I1", []touchpoint.Outcome{out(touchpoint.Retry), out(touchpoint.Accepted)}, &journey.PartialError{Retry: 1}},
		"two that are right":        {"", []touchpoint.Outcome{out(touchpoint.Accepted), out(touchpoint.Duplicate)}, nil},
		"two to be offered again":   {"", []touchpoint.Outcome{out(touchpoint.Retry), out(touchpoint.Retry)}, &journey.PartialError{Retry: 2}},
	} {
		d := &driver{ledger: newLedger(), trouble: true}
		bad := d.settleBatch(two, two, c.outs, c.err, at)
		if c.invariant == "" != (bad == nil) || bad != nil && bad.Invariant != c.invariant {
			t.Errorf("%s: %v, want %s", what, bad, c.invariant)
		}
	}
}

// What is closed, cut or gone under the driver is told by the phase that meets it.
func TestPhasesTellWhatFails(t *testing.T) {
	ctx := context.Background()
	closed := func(l *life) { _ = l.m.log.Close() }
	for what, c := range map[string]struct {
		invariant string
		before    func(*life)
		phase     func(*life) *Violation
	}{
		"comparing a closed store":          {"I31", closed, (*life).compare},
		"reading a closed store":            {"I31", closed, func(l *life) *Violation { return l.read(ctx) }},
		"settling a closed store":           {"I1", closed, func(l *life) *Violation { return l.settled() }},
		"reading a closed store in trouble": {"I31", func(l *life) { closed(l); l.trouble = true }, func(l *life) *Violation { return l.read(ctx) }},
		"a batch without outcomes":          {"I31", closed, func(l *life) *Violation { return l.offer(ctx, l.ledger.offered[:1]) }},
		"an operation that reads":           {"I31", closed, func(l *life) *Violation { return l.do(Op{N: 7, Do: doRead}) }},
		"erasing from a closed store":       {"I31", closed, func(l *life) *Violation { return l.erase(ctx, Op{Do: doErase, Who: "user_id:u1"}) }},
		"purging a closed store":            {"I1", closed, func(l *life) *Violation { return l.purge(ctx, Op{Do: doPurge}) }},
		"waiting for ever":                  {"I31", func(l *life) { l.waiting = make([]Record, 9); closed(l) }, (*life).settleAll},
		"doubts that stay":                  {"I31", func(l *life) { l.ledger.entry("k").possible = []string{"", "x"} }, (*life).settleAll},
		"other facts after closing":         {"I24", func(l *life) { l.stored[0]++ }, (*life).closeAndOpen},
		"lost after closing":                {"I1", func(l *life) { l.ledger.entry("k").possible = []string{"x"} }, (*life).closeAndOpen},
		"another state in other order":      {"I23", func(l *life) { l.seed &^= 1 }, (*life).replay},
		"an erased name on the disk": {"I26", func(l *life) {
			l.ledger.erased["user_id:f~x"] = suppressed{}
			f, err := l.m.disk.Create(logDir + "/left")
			if err == nil {
				_, _ = f.WriteAt([]byte("…f~x…"), 0)
				_ = f.Close()
			}
		}, func(l *life) *Violation { return l.noTrace() }},
	} {
		l := lived(t, 3)
		c.before(l)
		bad := c.phase(l)
		if bad == nil || bad.Invariant != c.invariant {
			t.Errorf("%s: %v, want %s", what, bad, c.invariant)
		}
		if what == "an operation that reads" && bad.Op != 7 {
			t.Errorf("it is said to be operation %d", bad.Op)
		}
	}
}

func TestPlansOfErasuresAreJudged(t *testing.T) {
	for seed := uint64(0); ; seed += 2 {
		l := lived(t, seed)
		o := newOracle(l.m.setting, l.ledger.facts(), micros(forever))
		ids := slices.DeleteFunc(o.known(), func(id string) bool { return o.typeOf(id).account })
		i := slices.IndexFunc(ids, func(id string) bool { p := o.forget(id); return p != nil && len(p.own) > 0 && len(p.remove) > 1 })
		if i < 0 {
			continue
		}
		who := ids[i]
		at := forever // the instant of the view
		somebodyElses := slices.IndexFunc(l.ledger.keys, func(k string) bool { return !o.forget(who).remove[k] && l.ledger.entries[k].possible[0] != "" })
		for what, c := range map[string]struct {
			invariant string
			who       string
			change    func(*forgetting)
		}{
			"as it is":                  {"", who, func(*forgetting) {}},
			"of nobody":                 {"I28", "user_id:nobody", func(*forgetting) {}},
			"people are other ones":     {"I6", who, func(p *forgetting) { p.own, at = p.own[1:], instant(1) }},
			"an identifier stays":       {"I26", who, func(p *forgetting) { p.own = p.own[1:] }},
			"an identifier too many":    {"I28", who, func(p *forgetting) { p.own = append(p.own, "user_id:other") }},
			"a fact stays":              {"I29", who, func(p *forgetting) { delete(p.remove, slices.Sorted(maps.Keys(p.remove))[0]) }},
			"somebody else's fact goes": {"I28", who, func(p *forgetting) { p.remove[l.ledger.keys[somebodyElses]] = true }},
			"a redaction too many":      {"I29", who, func(p *forgetting) { p.redact["k"] = Record{} }},
		} {
			if what == "somebody else's fact goes" && somebodyElses < 0 {
				continue
			}
			p := o.forget(who)
			at = forever
			c.change(p)
			v, err := l.m.tracker.View(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			bad := l.judgePlan(c.who, v, p)
			if c.invariant == "" != (bad == nil) || bad != nil && bad.Invariant != c.invariant {
				t.Errorf("%s: %v, want %s", what, bad, c.invariant)
			}
		}
		return
	}
}

// A schedule that breaks something is reported, reduced to few operations that break the
// same, kept as a trace, and breaks it again when it is replayed.
func TestAViolationIsReportedReducedAndReplayed(t *testing.T) {
	types := maps.Clone(idTypes)
	defer func() { idTypes = types }()
	minLen("user_id", 1000)
	var told []int
	r := Run(Config{N: 50, Ops: 40, Faults: []string{}, First: true, Progress: func(n int) { told = append(told, n) }})
	if r.Violations != 1 || len(r.Failed) != 1 || r.Schedules != len(told) || r.Schedules == 50 {
		t.Fatalf("%d violations in %d schedules: %v", r.Violations, r.Schedules, r.Failed)
	}
	f := r.Failed[0]
	s := MakeSchedule(f.Seed, 40, []string{})
	end := Live(s)
	if end.Violation == nil || end.Violation.Invariant != f.Invariant || !strings.HasPrefix(end.Violation.Error(), f.Invariant+" at operation ") {
		t.Fatalf("alone: %v, told %+v", end.Violation, f)
	}
	short, bad := Reduce(s)
	if bad == nil || bad.Invariant != f.Invariant || len(short.Ops) > 3 || len(short.Ops) == 0 {
		t.Fatalf("reduced to %d operations: %v", len(short.Ops), bad)
	}
	var b strings.Builder
	if err := WriteTrace(&b, short, bad); err != nil {
		t.Fatal(err)
	}
	back, was, err := ReadTrace(strings.NewReader(b.String()))
	if err != nil || was != f.Invariant {
		t.Fatal(was, err)
	}
	if r := Replay(back); r.Violations != 1 || r.Failed[0].Invariant != f.Invariant {
		t.Errorf("replayed: %+v", r.Failed)
	}
	idTypes = maps.Clone(types)
	if r := Replay(back); r.Violations != 0 || r.Schedules != 1 || len(r.Digest) != 64 {
		t.Errorf("on a right oracle: %+v", r)
	}
	if same, bad := Reduce(back); bad != nil || len(same.Ops) != len(back.Ops) {
		t.Errorf("what breaks nothing is reduced to %d operations: %v", len(same.Ops), bad)
	}
}

// A panic of the library is a violation, not the end of the simulation.
func TestAPanicIsAViolation(t *testing.T) {
	s := MakeSchedule(1, 20, []string{})
	s.Ops = append(s.Ops, Op{N: 20, Do: doConfigure}) // without a setting
	if v := Live(s).Violation; v == nil || v.Invariant != "I31" || !strings.Contains(v.Detail, "panic") {
		t.Errorf("%v", v)
	}
	defer func() {
		if v := recover(); v != "another" {
			t.Errorf("recovered %v", v)
		}
	}()
	_, err := guarded(func() (int, error) { panic("storetest: planned panic") })
	if !errors.Is(err, errPanicked) {
		t.Errorf("a planned panic: %v", err)
	}
	_, _ = guarded(func() (int, error) { panic("another") })
}

// fullWriter fails after some bytes.
type fullWriter int

func (w *fullWriter) Write(b []byte) (int, error) {
	if *w -= fullWriter(len(b)); *w < 0 {
		return 0, syscall.ENOSPC
	}
	return len(b), nil
}

func TestATraceOnAFullDiskIsTold(t *testing.T) {
	s := MakeSchedule(1, 20, nil)
	for _, room := range []fullWriter{0, 2000} {
		if err := WriteTrace(&room, s, nil); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v", err)
		}
	}
}

func TestMutantsThatCannotBePlantedAreTold(t *testing.T) {
	if _, err := (Mutant{File: "no/such.go"}).Plant("../.."); err == nil {
		t.Error("a file that is not there")
	}
	m := Mutant{Name: "99-x", File: "go.mod", Old: "nothing of the kind"}
	if _, err := m.Plant("../.."); err == nil || !strings.Contains(err.Error(), "0 times") {
		t.Errorf("a text that is not there: %v", err)
	}
	if _, err := m.Build(t.Context(), "../..", t.TempDir(), "./internal/sim/cmd/tabisim"); err == nil {
		t.Error("built all the same")
	}
}
