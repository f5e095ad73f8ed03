package journey_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	bad := identity.DefaultRules()
	rule := bad.Types[identity.Email]
	rule.Max = -1
	bad.Types[identity.Email] = rule
	for what, o := range map[string]journey.Options{
		"rules that are wrong":        {Rules: &bad},
		"a model without stages":      {Model: &stage.Model{}},
		"versions of no model":        {Versions: stage.Versions{{}}},
		"a goal without an id":        {Goals: []journey.Goal{{Stage: "purchase"}}},
		"a goal of nothing":           {Goals: []journey.Goal{{ID: "g"}}},
		"a goal at no such stage":     {Goals: []journey.Goal{{ID: "g", Stage: "nirvana"}}},
		"a goal whose rule is no one": {Goals: []journey.Goal{{ID: "g", Rule: &stage.Rule{Families: []string{"gossip"}}}}},
	} {
		if _, err := journey.NewTracker(new(memstore.Store), &o); err == nil {
			t.Errorf("%s: a tracker", what)
		}
		if _, err := journey.Fold(ann, nil, on("01-01"), &o); err == nil {
			t.Errorf("%s: a journey", what)
		}
	}
	// Rules that name no types keep the default ones.
	tr := tracker(t, &journey.Options{Rules: &identity.Rules{}})
	record(t, tr, touch("pageview", "01-01"))
	v, err := tr.View(ctx, time.Time{})
	if err != nil || v.Person(identity.MakeID(identity.Email, "ann@example.com")).IsZero() {
		t.Errorf("nobody has the address, %v", err)
	}
}

// What a view hands out is the caller's: changing it changes no later answer.
func TestWhatAViewHandsOutIsTheCallers(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr, touch("login", "01-02", by("email:ann@acme.example", "user_id:u1", "crm_account_id:a1")))
	v, err := tr.View(ctx, on("02-01"))
	if err != nil || !v.At().Equal(on("02-01")) {
		t.Fatal(v.At(), err)
	}
	for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
		s := v.Subjects(e)[0]
		ids, touches := v.Identifiers(s), v.Touches(s)
		if len(ids) == 0 || len(touches) != 1 {
			t.Fatalf("%v: %d identifiers, %d touches", e, len(ids), len(touches))
		}
		before := slices.Clone(ids)
		ids[0], touches[0].ID = identity.MakeID(identity.Email, "changed@example.com"), "changed"
		if !slices.Equal(v.Identifiers(s), before) || v.Touches(s)[0].ID == "changed" {
			t.Errorf("%v: the view has changed", e)
		}
	}
	for _, s := range []journey.Subject{{ID: "no id"}, {Entity: identity.AccountEntity, ID: "no id"}, {}} {
		if v.Identifiers(s) != nil || len(v.Touches(s)) != 0 {
			t.Errorf("%+v has something", s)
		}
	}
}

// A closed journey whose end moves is told again, with its new end.
func TestTheFeedTellsThatAJourneyEndsLater(t *testing.T) {
	tr := tracker(t, leads(journey.Boundary{Inactivity: 30 * 24 * time.Hour}))
	record(t, tr, touch("form", "01-02"))
	first, at := told(t, tr, storage.Cursor{})
	ends := func(cs []journey.Change) (out []string) {
		for _, c := range cs {
			if c.Kind == journey.Closed && c.Subject.Entity == identity.PersonEntity {
				out = append(out, c.Old+"→"+c.New+" "+c.At.Format("01-02"))
			}
		}
		return out
	}
	before := ends(first)
	if len(before) != 1 {
		t.Fatalf("told %v", before)
	}
	record(t, tr, touch("form", "01-12"))
	more, _ := told(t, tr, at)
	after := ends(more)
	if len(after) != 1 || after[0] == before[0] || strings.HasPrefix(after[0], "→") {
		t.Errorf("told %v, then %v", before, after)
	}
}

func TestTheFeedTellsStallsAndTheirEnd(t *testing.T) {
	m := stage.LeadToRevenue()
	for i := range m.Stages {
		m.Stages[i].StallAfter = 7 * 24 * time.Hour
	}
	tr := tracker(t, &journey.Options{Model: &m})
	record(t, tr, touch("form", "01-02"))
	first, at := told(t, tr, storage.Cursor{})
	record(t, tr, touch("pageview", "03-01"))
	more, _ := told(t, tr, at)
	got := kinds(append(first, more...))
	n := func(kind journey.ChangeKind) (n int) {
		for _, c := range append(first, more...) {
			if c.Kind == kind && c.Subject.Entity == identity.PersonEntity {
				n++
			}
		}
		return n
	}
	if n(journey.Stalled) == 0 || n(journey.Resumed) == 0 {
		t.Errorf("told %q", got)
	}
	for c, err := range tr.Changes(ctx, storage.Cursor{}) { // and a reader may stop
		if err != nil || c.Kind == "" {
			t.Error(c, err)
		}
		break
	}
}

func TestARefundInAnotherCurrencyIsUnmatched(t *testing.T) {
	f := fold(t, []touchpoint.Touch{
		touch("order", "01-02", worth(10_00, "EUR"), prop("order_id", "7")),
		touch("refund", "01-05", worth(-4_00, "USD"), prop("order_id", "7")),
	}, on("02-01"), nil)
	if g := f.Journeys[0].Goals[0]; g.Net.Minor != 10_00 || !f.Journeys[0].Converted() {
		t.Errorf("net %d", g.Net.Minor)
	}
	if len(f.Unmatched) != 1 || f.Unmatched[0].Amount.Currency.String() != "USD" {
		t.Errorf("unmatched %v", f.Unmatched)
	}
}

func TestPathsByEveryDimension(t *testing.T) {
	f := fold(t, []touchpoint.Touch{
		touch("click", "01-02", via("Email"), func(t *touchpoint.Touch) { t.Touchpoint, t.Campaign.Name = "Newsletter", "spring" }),
		touch("order", "01-05", worth(5_00, "EUR")),
	}, on("02-01"), nil)
	for d, want := range map[journey.Dimension]string{journey.ByChannel: "Email", journey.ByTouchpoint: "Newsletter", journey.ByCampaign: "spring", journey.ByKind: "click"} {
		p := f.Journeys[0].Paths(journey.Goal{}, d)[0]
		if len(p.Steps) == 0 || p.Steps[0].Channel != want || !p.Converted || p.Value != 5_00 {
			t.Errorf("dimension %d: %+v, want %s", d, p, want)
		}
	}
}

func TestARoleFromATraitAndFromAMembershipOfNobody(t *testing.T) {
	tr := tracker(t, nil)
	stated, err := touchpoint.ParseProps([]byte(`{"person":{"buying_role":"blocker"}}`))
	if err != nil {
		t.Fatal(err)
	}
	record(t, tr, touch("form", "01-02", by("email:ann@acme.example"), func(t *touchpoint.Touch) { t.Props = stated }))
	r := identity.Membership{Person: identity.MakeID(identity.Email, "ann@acme.example"), Account: identity.MakeID(identity.CRMAccountID, "null"), Role: "user", Source: "crm", At: on("01-05")}
	if _, err := tr.Learn(ctx, storage.Fact{Membership: &r}); err != nil {
		t.Fatal(err)
	}
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	a := v.Subjects(identity.AccountEntity)[0]
	if got := v.Role(v.Members(a)[0], a); got != "blocker" {
		t.Errorf("role %q", got)
	}
}

// What a receiver may not repeat is logged without anybody's data; what it must repeat is
// an error that says how many.
func TestWhatIsRefusedIsLoggedAndWhatIsToBeRepeatedIsCounted(t *testing.T) {
	var out bytes.Buffer
	faults := &storetest.Faults{}
	tr, err := journey.NewTracker(storetest.Faulty(new(memstore.Store), faults), &journey.Options{Clock: clock.NewManual(on("12-31")), Logger: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	secret := identity.MakeID(identity.UserID, "canary-1")
	out.Reset()
	o := identity.Override{ID: "m", At: on("01-01"), Actor: "ops", Op: identity.MustLink, A: secret, B: identity.MakeID(identity.UserID, "canary-2")}
	other := o
	other.Reason = "canary-3"
	if err := errors.Join(tr.RecordOverrides(ctx, o, other), tr.RecordConsents(ctx, touchpoint.Consent{ID: secret})); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if !strings.Contains(text, "conflict=1") || !strings.Contains(text, "rejected=1") || strings.Contains(text, "canary") {
		t.Errorf("logged %q", text)
	}
	faults.Set(func(f *storetest.Faults) { f.Refuse.From = 1 })
	_, err = tr.Record(ctx, touch("form", "01-02"), touch("form", "01-03"))
	var p *journey.PartialError
	if !errors.As(err, &p) || p.Retry != 2 || !strings.HasPrefix(err.Error(), "journey: 2 records to retry: ") {
		t.Errorf("%v", err)
	}
}

func TestATouchWithoutAnIDHasOneMadeOfItsContent(t *testing.T) {
	tr := tracker(t, nil)
	a, b := touch("form", "01-02", func(t *touchpoint.Touch) { t.ID = "" }), touch("form", "01-02", via("Email"), func(t *touchpoint.Touch) { t.ID = "" })
	outs, err := tr.Record(ctx, a, b, a)
	if err != nil {
		t.Fatal(err)
	}
	var got []touchpoint.Status
	for _, o := range outs {
		got = append(got, o.Status)
	}
	if !slices.Equal(got, []touchpoint.Status{touchpoint.Accepted, touchpoint.Accepted, touchpoint.Duplicate}) || outs[0].Key.ID == "" || outs[0].Key == outs[1].Key || outs[2].Key != outs[0].Key {
		t.Errorf("%v", outs)
	}
}

// stops is a context that ends after some looks at it.
type stops struct {
	context.Context
	looks int
}

func (s *stops) Err() error {
	if s.looks--; s.looks < 0 {
		return context.Canceled
	}
	return nil
}

func TestCancelBetweenTwoJourneys(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr, world(3, 60)...)
	whole := 0
	for _, err := range tr.Journeys(ctx, journey.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		whole++
	}
	partly := false
	for looks := 0; ; looks++ {
		n := 0
		var last error
		for _, err := range tr.Journeys(&stops{ctx, looks}, journey.Query{}) {
			if last != nil {
				t.Fatal("something comes after the error")
			}
			if last = err; err == nil {
				n++
			}
		}
		if last == nil {
			if n != whole || !partly {
				t.Errorf("%d journeys of %d, partly %t", n, whole, partly)
			}
			return
		}
		if !errors.Is(last, context.Canceled) {
			t.Fatal(last)
		}
		partly = partly || n > 0 && n < whole
	}
}

// Table 4, late: after a report, a late touch moves the credits of those whose paths it
// changes, and of nobody else: the difference of two reports names exactly them.
func TestLateTouchMovesExactlyTheCreditsOfThePathsItChanges(t *testing.T) {
	type report struct {
		paths  map[string]string // by subject
		credit map[string]string
	}
	reported := func(tr *journey.Tracker) report {
		var js attribution.Journeys
		out := report{map[string]string{}, map[string]string{}}
		for j, err := range tr.Journeys(ctx, journey.Query{At: on("12-01")}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range j.Paths(journey.Goal{}, journey.ByKind) {
				if err := js.Add(p); err != nil {
					t.Fatal(err)
				}
				if !p.Converted {
					continue
				}
				out.paths[p.Subject] += fmt.Sprint(p.End, p.Value)
				for _, st := range p.Steps {
					out.paths[p.Subject] += " " + st.Source + "/" + st.ID
				}
			}
		}
		for e, err := range attribution.Ledger(&js, attribution.Linear{}) {
			if err != nil {
				t.Fatal(err)
			}
			out.credit[e.Subject] += fmt.Sprintln(e.End, e.Source, e.ID, e.Value)
		}
		return out
	}
	moved, stayed := 0, 0
	for i := range many(20, 1000) {
		r := rand.New(rand.NewPCG(uint64(i), 11))
		touches := world(uint64(i), 60)
		late := r.IntN(len(touches))
		tr := trackerOn(t, new(memstore.Store), leads(journey.Boundary{}))
		record(t, tr, slices.Delete(slices.Clone(touches), late, late+1)...)
		before := reported(tr)
		record(t, tr, touches[late])
		after := reported(tr)
		for _, side := range []report{before, after} {
			for who := range side.paths {
				same := before.paths[who] == after.paths[who]
				if same != (before.credit[who] == after.credit[who]) {
					t.Errorf("world %d: paths the same %t, and credits not so", i, same)
				}
				if same {
					stayed++
				} else {
					moved++
				}
			}
		}
	}
	if moved == 0 || stayed == 0 {
		t.Errorf("%d moved, %d stayed", moved, stayed)
	}
}

// sluggish waits before every call, as long as the seed says.
type sluggish struct {
	storage.Store
	r *rand.Rand
}

func (s sluggish) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	time.Sleep(time.Duration(s.r.IntN(5000)) * time.Millisecond)
	return s.Store.Append(ctx, facts)
}

// Table 4, slow store: whatever the latency of each call, the end is the same.
func TestSlowStoreOfSeededLatencyChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		touches := world(6, 60)
		fast := trackerOn(t, new(memstore.Store), nil)
		record(t, fast, touches...)
		want := digestOf(t, fast)
		for seed := range uint64(many(10, 200)) {
			r := rand.New(rand.NewPCG(seed, 12))
			faults := &storetest.Faults{}
			tr := trackerOn(t, sluggish{storetest.Faulty(new(memstore.Store), faults), r}, nil)
			deadlines := 0
			for part := range slices.Chunk(touches, 1+r.IntN(9)) {
				faults.Set(func(f *storetest.Faults) { f.Delay = time.Duration(r.IntN(3000)) * time.Millisecond })
				for {
					short, cancel := context.WithTimeout(ctx, 4*time.Second)
					start := time.Now()
					_, err := tr.Record(short, part...)
					cancel()
					if err == nil {
						break
					}
					if deadlines++; !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
						t.Fatalf("seed %d: %v after %v", seed, err, time.Since(start))
					}
				}
			}
			faults.Set(func(f *storetest.Faults) { f.Delay = time.Second })
			if got := digestOf(t, tr); got != want {
				t.Errorf("seed %d, %d calls cut short: another state", seed, deadlines)
			}
		}
	})
}
