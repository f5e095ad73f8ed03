package journey_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestRecordAnswersForEachRecord(t *testing.T) {
	tr := tracker(t, nil)
	good := touch("pageview", "01-01")
	other := good
	other.Touchpoint = "Pricing"
	late := touch("pageview", "01-01", func(t *touchpoint.Touch) { t.At = on("12-31").Add(25 * time.Hour); t.ID = "late" })
	nobody := touch("pageview", "01-02", func(t *touchpoint.Touch) { t.IDs = nil })
	outs, err := tr.Record(ctx, good, late, good, other, nobody, touchpoint.Touch{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range outs {
		got = append(got, strings.TrimSpace(o.Status.String()+" "+string(o.Reason)+strings.Join(o.Fields, ",")))
	}
	want := []string{"accepted", "rejected time_range", "duplicate", "conflict touchpoint", "rejected missing", "rejected missing"}
	if !slices.Equal(got, want) {
		t.Errorf("outcomes %q", got)
	}
	if n := touchpoint.Count(outs).Offered(); n != 6 {
		t.Errorf("%d offered", n)
	}
	if !errors.Is(outs[1].Err, touchpoint.ErrInvalid) {
		t.Errorf("rejected with %v", outs[1].Err)
	}
}

func TestRecordRefusesCallsThatCannotBegin(t *testing.T) {
	if _, err := journey.NewTracker(nil, nil); !errors.Is(err, journey.ErrNoStore) {
		t.Errorf("nil store: %v", err)
	}
	tr := tracker(t, nil)
	if outs, err := tr.Record(ctx, make([]touchpoint.Touch, storage.MaxBatch+1)...); outs != nil || !errors.Is(err, storage.ErrBatchTooLarge) {
		t.Errorf("batch over the limit: %v", err)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if outs, err := tr.Record(done, touch("pageview", "01-01")); outs != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if outs, err := tr.Record(done, touchpoint.Touch{}); outs != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, with nothing that a store would get: %v, %v", outs, err)
	}
	if outs, err := tr.Record(ctx); err != nil || len(outs) != 0 {
		t.Errorf("nothing offered: %v, %v", outs, err)
	}
}

// failing refuses every append after the first n facts.
type failing struct {
	memstore.Store
	n int
}

func (f *failing) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	k := min(f.n, len(facts))
	outs, err := f.Store.Append(ctx, facts[:k])
	f.n -= k
	for range facts[k:] {
		outs, err = append(outs, touchpoint.Outcome{Status: touchpoint.Retry}), storage.ErrUnavailable
	}
	return outs, err
}

func TestRecordTellsWhatMustBeOfferedAgain(t *testing.T) {
	tr, err := journey.NewTracker(&failing{n: 1}, &journey.Options{Logger: slog.New(slog.DiscardHandler), Clock: clock.NewManual(on("12-31"))})
	if err != nil {
		t.Fatal(err)
	}
	outs, err := tr.Record(ctx, touch("pageview", "01-01"), touchpoint.Touch{}, touch("pageview", "01-02"))
	var part *journey.PartialError
	if !errors.As(err, &part) || part.Retry != 1 || !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	if outs[0].Status != touchpoint.Accepted || outs[1].Status != touchpoint.Rejected || outs[2].Status != touchpoint.Retry {
		t.Errorf("outcomes %v", outs)
	}
}

// I23, I3: any order, batching and repetition of the same facts is one state.
func TestOrderOfArrivalCannotBeSeen(t *testing.T) {
	for seed := range uint64(8) {
		touches := world(seed, 150)
		tr := tracker(t, leads(journey.Boundary{}))
		record(t, tr, touches...)
		want, err := tr.Digest(ctx, on("12-01"))
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 3))
		again := append(slices.Clone(touches), touches[:15]...)
		r.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
		tr = tracker(t, leads(journey.Boundary{}))
		for len(again) > 0 {
			n := min(1+r.IntN(20), len(again))
			record(t, tr, again[:n]...)
			again = again[n:]
		}
		if got, _ := tr.Digest(ctx, on("12-01")); got != want {
			t.Fatalf("seed %d: another order gives another digest", seed)
		}
		tr = tracker(t, leads(journey.Boundary{}))
		record(t, tr, touches[1:]...)
		if got, _ := tr.Digest(ctx, on("12-01")); got == want {
			t.Fatalf("seed %d: the digest does not see a missing touch", seed)
		}
	}
}

func TestViewOfAnIdentifierEqualsTheWholeView(t *testing.T) {
	for seed := range uint64(20) {
		tr := tracker(t, leads(journey.Boundary{}))
		record(t, tr, world(seed, 80)...)
		all, err := tr.View(ctx, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for p := range all.Identity().People() {
			part, err := tr.View(ctx, time.Time{}, p.IDs[len(p.IDs)-1])
			if err != nil {
				t.Fatal(err)
			}
			s := journey.PersonSubject(p.ID)
			if part.Person(p.IDs[0]) != s {
				t.Fatalf("seed %d: other person", seed)
			}
			a, _ := all.Fold(s)
			b, _ := part.Fold(s)
			if text(a) != text(b) {
				t.Fatalf("seed %d: %v against %v", seed, summary(a.Journeys), summary(b.Journeys))
			}
		}
	}
}

func TestRetractedLoginIsAsIfNeverSeen(t *testing.T) {
	browse := touch("pageview", "01-01", by("anonymous_id:d1"), via("Paid Search"))
	login := touch("login", "01-02", by("anonymous_id:d1", "user_id:u1"))
	order := touch("order", "01-03", by("user_id:u1"), worth(10_00, "EUR"))
	tr := tracker(t, nil)
	record(t, tr, browse, login, order)
	steps := func() int {
		v, err := tr.View(ctx, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := v.Fold(v.Person(order.IDs[0]))
		if err != nil {
			t.Fatal(err)
		}
		return len(f.Journeys[0].Steps)
	}
	if n := steps(); n != 3 {
		t.Fatalf("%d steps before", n)
	}
	retract := identity.Override{ID: "o1", At: on("01-04"), Actor: "ann", Op: identity.Retract, Scope: identity.Scope{Source: "test"}}
	outs, err := tr.Learn(ctx, storage.Fact{Override: &retract})
	if err != nil || outs[0].Status != touchpoint.Accepted {
		t.Fatal(outs, err)
	}
	if n := steps(); n != 2 {
		t.Errorf("%d steps after the retraction", n)
	}
	if v, _ := tr.View(ctx, on("01-03")); v.Person(browse.IDs[0]) != v.Person(order.IDs[0]) {
		t.Error("the retraction shows before its time")
	}
}

func TestJourneysStopAndRestart(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr, world(1, 100)...)
	var all []journey.Journey
	for j, err := range tr.Journeys(ctx, journey.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, j)
	}
	if len(all) < 4 || !slices.IsSortedFunc(all, func(a, b journey.Journey) int { return strings.Compare(a.Subject.ID, b.Subject.ID) }) {
		t.Fatalf("%d journeys", len(all))
	}
	for j := range tr.Journeys(ctx, journey.Query{}) {
		if !reflect.DeepEqual(j, all[0]) {
			t.Error("the second walk begins elsewhere")
		}
		break
	}
	j, err := tr.Journey(ctx, all[0].Subject)
	if err != nil || j.Subject != all[0].Subject {
		t.Errorf("newest journey: %v %v", j.Subject, err)
	}
	if _, err := tr.Journey(ctx, journey.Subject{ID: "nobody"}); !errors.Is(err, journey.ErrUnknownSubject) {
		t.Errorf("unknown subject: %v", err)
	}
	next, stop := iter.Pull2(tr.Journeys(ctx, journey.Query{Entity: identity.AccountEntity}))
	defer stop()
	if j, err, ok := next(); !ok || err != nil || j.Subject.Entity != identity.AccountEntity {
		t.Errorf("first account: %v %v", j.Subject, err)
	}
}

func TestAccountJourneyUnitesItsMembers(t *testing.T) {
	tr := tracker(t, leads(journey.Boundary{}))
	ann, bob := "email:ann@acme.example", "email:bob@acme.example"
	record(t, tr,
		touch("click", "01-01", by("anonymous_id:d1"), via("Paid Search")),
		touch("form", "01-02", by("anonymous_id:d1", ann), via("Direct")),
		touch("webinar_attended", "01-05", by(bob)),
		touch("meeting", "01-10", by(bob)),
		touch("contract", "02-01", by(ann), worth(900_00, "EUR")),
		touch("pageview", "01-03", by("email:eve@other.example")),
	)
	v, err := tr.View(ctx, on("03-01"))
	if err != nil {
		t.Fatal(err)
	}
	accounts := v.Subjects(identity.AccountEntity)
	if len(accounts) != 2 {
		t.Fatalf("%d accounts", len(accounts))
	}
	for _, a := range accounts {
		f, err := v.Fold(a)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Journeys[0].Steps) == 1 {
			continue
		}
		j := f.Journeys[0]
		if got := summary(f.Journeys); !slices.Equal(got, []string{"goal 01-01–02-01 5 steps 1 goals"}) {
			t.Errorf("journeys %q", got)
		}
		if len(j.Members) != 2 || len(v.Members(a)) != 2 {
			t.Errorf("members %v", j.Members)
		}
		if now, _ := f.History.Current(); now.Stage != "won" {
			t.Errorf("stands at %s", now.Stage)
		}
	}
}

// A change of employer leaves the old employer's journey alone, also for the anonymous
// touches between.
func TestJobChangeLeavesTheOldAccountAlone(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr,
		touch("login", "01-10", by("user_id:u1", "email:ann@acme.example", "anonymous_id:d1")),
		touch("pageview", "03-01", by("anonymous_id:d1")),
		touch("login", "06-01", by("user_id:u1", "email:ann@newco.example", "anonymous_id:d1")),
		touch("pageview", "07-01", by("anonymous_id:d1")),
	)
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(v.Subjects(identity.PersonEntity)); n != 1 {
		t.Fatalf("%d people", n)
	}
	var got [][2]string
	for _, a := range v.Subjects(identity.AccountEntity) {
		f, _ := v.Fold(a)
		j := f.Journeys[0]
		got = append(got, [2]string{j.Start.Format("01-02"), j.End.Format("01-02")})
	}
	slices.SortFunc(got, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	if !slices.Equal(got, [][2]string{{"01-10", "03-01"}, {"06-01", "07-01"}}) {
		t.Errorf("accounts' journeys run %v", got)
	}
}

func TestRolesComeFromMembershipsAndTraits(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr, touch("form", "01-02", by("email:ann@acme.example")))
	id := func(s string) identity.ID { r := identity.DefaultRules(); id, _ := r.Parse(s); return id }
	learn := func(role, when string) {
		m := identity.Membership{Person: id("email:ann@acme.example"), Account: id("domain:acme.example"), Role: role, Source: "crm", At: on(when)}
		if outs, err := tr.Learn(ctx, storage.Fact{Membership: &m}); err != nil || outs[0].Status != touchpoint.Accepted {
			t.Fatal(outs, err)
		}
	}
	learn("champion", "01-05")
	learn("user", "01-03")
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	a := v.Subjects(identity.AccountEntity)[0]
	if got := v.Role(v.Members(a)[0], a); got != "champion" {
		t.Errorf("role %q", got)
	}
}

func TestTheTrackerIsASinkForEverythingAReceiverFinds(t *testing.T) {
	tr := tracker(t, nil)
	ann, bob := identity.MakeID(identity.CRMContactID, "1"), identity.MakeID(identity.CRMContactID, "2")
	if err := tr.RecordOverrides(ctx, identity.Override{ID: "m", At: on("01-01"), Actor: "crm", Op: identity.MustLink, A: ann, B: bob, Force: true}); err != nil {
		t.Fatal(err)
	}
	if err := tr.RecordConsents(ctx, touchpoint.Consent{ID: ann, Purpose: "profile", Status: 1, At: on("01-01"), Source: "crm"}); err != nil {
		t.Fatal(err)
	}
	if err := tr.RecordRelations(ctx, identity.Membership{Person: ann, Account: identity.MakeID(identity.CRMAccountID, "a"), Source: "crm", At: on("01-01")}); err != nil {
		t.Fatal(err)
	}
	record(t, tr, touch("meeting", "01-02", by("crm_contact_id:1")), touch("call", "01-03", by("crm_contact_id:2")))
	v, err := tr.View(ctx, time.Time{})
	if err != nil || v.Person(ann) != v.Person(bob) || len(v.Subjects(identity.AccountEntity)) != 1 {
		t.Errorf("%v: %v, %v, %d accounts", err, v.Person(ann), v.Person(bob), len(v.Subjects(identity.AccountEntity)))
	}
}

func TestMoneyNeverLeavesAsAFloat(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr, touch("order", "01-01", worth(math.MaxInt64, "JPY")))
	for j, err := range tr.Journeys(ctx, journey.Query{}) {
		if err != nil || j.Goals[0].Net.Minor != math.MaxInt64 {
			t.Errorf("goal %+v, %v", j.Goals, err)
		}
	}
}
