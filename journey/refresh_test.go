package journey_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// rows are the summaries of a tracker.
func rows(t testing.TB, tr *journey.Tracker, q journey.SummaryQuery) []journey.Summary {
	t.Helper()
	var out []journey.Summary
	for s, err := range tr.Summaries(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// raw is everything that a store keeps of a tracker's rows.
func raw(t testing.TB, tr *journey.Tracker, st storage.Store) []storage.Summary {
	t.Helper()
	var out []storage.Summary
	for s, err := range st.(storage.Summarizer).Summaries(ctx, tr.SummaryModel(), storage.SummaryQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func refresh(t testing.TB, tr *journey.Tracker) journey.Refreshed {
	t.Helper()
	r, err := tr.Refresh(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bare is the store without its optional interfaces.
func bare(st storage.Store) storage.Store { return storetest.Faulty(st, new(storetest.Faults)) }

// freshly builds the rows of a store's facts in a store of its own.
func freshly(t testing.TB, st storage.Store, o *journey.Options) []storage.Summary {
	t.Helper()
	other := new(memstore.Store)
	if _, _, err := storage.Copy(ctx, other, st, storage.Cursor{}); err != nil {
		t.Fatal(err)
	}
	tr := trackerOn(t, other, o)
	refresh(t, tr)
	return raw(t, tr, other)
}

// sameRows fails where rows differ from what a fresh build gives, or from what is folded
// without rows.
func sameRows(t *testing.T, what string, tr *journey.Tracker, st storage.Store, o *journey.Options) {
	t.Helper()
	refresh(t, tr)
	if got, want := raw(t, tr, st), freshly(t, st, o); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %d rows, a fresh build has %d", what, len(got), len(want))
		tell(t, got, want)
	}
	plain := trackerOn(t, bare(st), o)
	for _, q := range []journey.SummaryQuery{
		{}, {At: on("03-01"), Quiet: 20 * 24 * time.Hour, Limit: 4}, {At: on("08-01")},
		{At: on("06-01"), Stages: []stage.ID{"dormant", "mql"}, Quiet: 24 * time.Hour}, {Stages: []stage.ID{""}},
		{IDs: []identity.ID{identity.MakeID(identity.UserID, "u1"), identity.MakeID(identity.UserID, "u4")}},
	} {
		got, want := rows(t, tr, q), rows(t, plain, q)
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v: rows %d, folded %d\n%+v\n%+v", what, q, len(got), len(want), got, want)
		}
		q.Limit = 0
		n, err := tr.CountStages(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := plain.CountStages(ctx, q); err != nil || !reflect.DeepEqual(n, m) {
			t.Errorf("%s: %+v: counted %v, folded %v, error %v", what, q, n, m, err)
		}
	}
}

func tell(t *testing.T, got, want []storage.Summary) {
	t.Helper()
	for _, r := range want {
		if !slices.ContainsFunc(got, func(o storage.Summary) bool { return reflect.DeepEqual(r, o) }) {
			t.Logf("missing %+v", r)
		}
	}
	for _, r := range got {
		if !slices.ContainsFunc(want, func(o storage.Summary) bool { return reflect.DeepEqual(r, o) }) {
			t.Logf("too many %+v", r)
		}
	}
}

// A deed is one thing that may happen to a store.
type deed func(r *rand.Rand) ([]storage.Fact, *storage.Erasure)

// history makes random deeds: touches of a few people in a few accounts, evidence,
// memberships, overrides with and without identifiers, erasures and redactions.
func history(seed uint64, n int) []deed {
	w := world(seed, n)
	id := func(text string) identity.ID {
		i, err := new(identity.Rules).Parse(text)
		if err != nil {
			panic(err)
		}
		return i
	}
	person := func(r *rand.Rand) identity.ID {
		p := r.IntN(6)
		return id([]string{fmt.Sprintf("user_id:u%d", p), fmt.Sprintf("email:u%d@firm%d.example", p, p%3), fmt.Sprintf("anonymous_id:d%d-%d", p, r.IntN(3))}[r.IntN(3)])
	}
	account := func(r *rand.Rand) identity.ID {
		k := r.IntN(3)
		return id([]string{fmt.Sprintf("crm_account_id:a%d", k), fmt.Sprintf("domain:firm%d.example", k), fmt.Sprintf("group_id:g%d", k)}[r.IntN(3)])
	}
	when := func(r *rand.Rand) time.Time { return on("01-01").Add(time.Duration(r.IntN(400)) * 6 * time.Hour) }
	some := func(r *rand.Rand) identity.Ref {
		tp := w[r.IntN(len(w))]
		return identity.Ref{Source: tp.Source, ID: tp.ID}
	}
	one := func(f storage.Fact) ([]storage.Fact, *storage.Erasure) { return []storage.Fact{f}, nil }
	var overrides []string
	override := func(o identity.Override) ([]storage.Fact, *storage.Erasure) {
		o.ID, o.Actor = fmt.Sprint("o", len(overrides)), "ann"
		overrides = append(overrides, o.ID)
		return one(storage.Fact{Override: &o})
	}
	var out []deed
	for i := range w {
		out = append(out, func(r *rand.Rand) ([]storage.Fact, *storage.Erasure) {
			tp := w[i]
			if r.IntN(12) == 0 {
				tp.IDs = append(slices.Clone(tp.IDs), account(r))
			}
			if r.IntN(30) == 0 {
				tp.IDs = append(slices.Clone(tp.IDs), person(r))
			}
			if r.IntN(20) == 0 {
				tp.Props = tp.Props.SetText("website", fmt.Sprintf("https://www.firm%d.example/x", r.IntN(3)))
			}
			return one(storage.Fact{Touch: &tp})
		})
	}
	for i := range n / 3 {
		out = append(out, func(r *rand.Rand) ([]storage.Fact, *storage.Erasure) {
			at := when(r)
			switch r.IntN(16) {
			case 0, 1:
				return one(storage.Fact{Evidence: &identity.Evidence{A: person(r), B: person(r), Kind: identity.Manual, Source: "crm", Ref: fmt.Sprint(i), At: at}})
			case 2, 3:
				return one(storage.Fact{Evidence: &identity.Evidence{A: account(r), B: account(r), Kind: identity.Import, Source: "crm", Ref: fmt.Sprint(i), At: at}})
			case 4, 5:
				return one(storage.Fact{Membership: &identity.Membership{Person: person(r), Account: account(r), Source: "crm", Ref: fmt.Sprint(i), At: at, From: at, Primary: r.IntN(2) == 0}})
			case 6:
				return one(storage.Fact{Parent: &identity.Parent{Child: account(r), Parent: account(r), Source: "crm", Ref: fmt.Sprint(i), At: at}})
			case 7:
				return override(identity.Override{At: at, Op: identity.Retract, Scope: identity.Scope{Ref: some(r)}})
			case 8:
				return override(identity.Override{At: at, Op: identity.Retract, Scope: identity.Scope{Source: "crm", From: at}})
			case 9:
				return override(identity.Override{At: at, Op: identity.Retract, Scope: identity.Scope{A: account(r), To: at.Add(400 * time.Hour)}})
			case 10:
				if len(overrides) > 0 {
					return override(identity.Override{At: at.Add(9000 * time.Hour), Op: identity.Restore, Target: overrides[r.IntN(len(overrides))]})
				}
				return nil, nil
			case 11:
				return override(identity.Override{At: at, Op: identity.CannotLink, A: person(r), B: person(r)})
			case 12:
				return override(identity.Override{At: at, Op: identity.MustLink, A: account(r), B: account(r)})
			case 13:
				return nil, &storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{person(r)}}}}
			case 14:
				if len(overrides) > 0 {
					return nil, &storage.Erasure{Remove: []storage.Query{{Keys: []storage.Key{{Class: storage.ClassOverride, ID: overrides[r.IntN(len(overrides))]}}}}}
				}
				return nil, &storage.Erasure{Remove: []storage.Query{{IDs: []identity.ID{account(r)}}}}
			}
			tp := w[r.IntN(len(w))]
			tp.IDs = nil
			return nil, &storage.Erasure{Redact: []storage.Fact{{Touch: &tp}}}
		})
	}
	return out
}

// do makes some of the deeds come true.
func do(t testing.TB, r *rand.Rand, tr *journey.Tracker, st storage.Store, deeds ...deed) {
	t.Helper()
	for _, d := range deeds {
		facts, e := d(r)
		if len(facts) > 0 {
			if _, err := tr.Learn(ctx, facts...); err != nil {
				t.Fatal(err)
			}
		}
		if e != nil {
			e.ID, e.At = fmt.Sprint("e", r.Uint64()), on("12-31")
			if _, err := st.Erase(ctx, *e); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Refreshed at any time and in any batching, the rows are those of a fresh build and of
// folding everybody: merges, splits, late touches, accounts that change elsewhere, erasures.
func TestRefreshedRowsAreThoseOfAFreshBuild(t *testing.T) {
	for seed := range uint64(many(12, 400)) {
		r := rand.New(rand.NewPCG(seed, 11))
		o := leads(journey.Boundary{})
		if seed%3 == 1 {
			rules := identity.DefaultRules()
			rules.Accounts.KnownOnly = true
			o.Rules = &rules
		}
		st := new(memstore.Store)
		tr := trackerOn(t, st, o)
		if seed%2 == 0 {
			tr.StepBy(1+r.IntN(9), 1+r.IntN(3))
		}
		deeds := history(seed, 60)
		r.Shuffle(len(deeds), func(i, k int) { deeds[i], deeds[k] = deeds[k], deeds[i] })
		for len(deeds) > 0 {
			n := min(1+r.IntN(12), len(deeds))
			do(t, r, tr, st, deeds[:n]...)
			deeds = deeds[n:]
			if r.IntN(3) > 0 {
				refresh(t, tr)
			}
			if r.IntN(4) == 0 || len(deeds) == 0 {
				sameRows(t, fmt.Sprintf("seed %d, %d deeds to go", seed, len(deeds)), tr, st, o)
			}
			if t.Failed() {
				return
			}
		}
	}
}

// Eight refreshers beside writers and an eraser do the work of one.
func TestEightRefreshersAreOne(t *testing.T) {
	for seed := range uint64(many(4, 60)) {
		o := leads(journey.Boundary{})
		st := new(memstore.Store)
		tr := trackerOn(t, st, o)
		tr.StepBy(5, 2)
		r := rand.New(rand.NewPCG(seed, 12))
		deeds := history(seed, 60)
		r.Shuffle(len(deeds), func(i, k int) { deeds[i], deeds[k] = deeds[k], deeds[i] })
		done := make(chan struct{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						if _, err := tr.Refresh(ctx); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		for _, d := range deeds {
			do(t, r, tr, st, d)
		}
		close(done)
		wg.Wait()
		sameRows(t, fmt.Sprint("seed ", seed), tr, st, o)
		if t.Failed() {
			return
		}
	}
}

// overtaken erases somebody between what a refresher reads and what it puts.
type overtaken struct {
	*memstore.Store
	erase func()
}

func (s *overtaken) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	if s.erase != nil {
		s.erase()
		s.erase = nil
	}
	return s.Store.PutSummaries(ctx, model, from, to, of, rows)
}

func TestARefresherOvertakenByAnErasurePutsNobodyBack(t *testing.T) {
	bob := identity.MakeID(identity.Email, "bob@example.org")
	for _, whole := range []bool{true, false} {
		st := &overtaken{Store: new(memstore.Store)}
		tr := trackerOn(t, st, nil)
		record(t, tr, touch("form", "01-05"), touch("form", "01-06", by("email:bob@example.org")), touch("form", "01-07", by("email:bob@example.org")))
		st.erase = func() {
			e := storage.Erasure{ID: "e", At: on("02-01"), Remove: []storage.Query{{IDs: []identity.ID{bob}, To: on("01-07")}}}
			if whole {
				e.Remove[0].To = time.Time{}
			}
			if _, err := st.Erase(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		if r := refresh(t, tr); r.Lost != 1 || r.Steps != 1 {
			t.Errorf("%+v", r)
		}
		got := rows(t, tr, journey.SummaryQuery{IDs: []identity.ID{bob}})
		if whole && len(got) != 0 || !whole && (len(got) != 1 || got[0].Touches != 1) {
			t.Errorf("all of bob erased: %v; rows %+v", whole, got)
		}
	}
}

// A row tells what a view of the same instant tells.
func TestSummariesTellWhatAViewTells(t *testing.T) {
	for seed := range uint64(6) {
		o := leads(journey.Boundary{})
		tr := tracker(t, o)
		record(t, tr, world(seed, 90)...)
		for _, at := range []time.Time{on("05-01"), on("07-01"), on("12-30")} {
			v, err := tr.View(ctx, at)
			if err != nil {
				t.Fatal(err)
			}
			stalled, n := map[string]bool{}, 0
			for _, st := range o.Model.Stages {
				if st.StallAfter > 0 {
					for _, s := range rows(t, tr, journey.SummaryQuery{At: at, Stages: []stage.ID{st.ID}, Quiet: st.StallAfter}) {
						stalled[s.Subject.ID] = true
					}
				}
			}
			for _, s := range rows(t, tr, journey.SummaryQuery{At: at}) {
				n++
				f, err := v.Fold(s.Subject)
				if err != nil {
					t.Fatal(err)
				}
				if touches := v.Touches(s.Subject); len(touches) != int(s.Touches) {
					stalled[s.Subject.ID] = false
					continue // some are after the instant
				}
				cur, _ := f.History.Current()
				if cur.Stage != s.Stage || !cur.Enter.Equal(s.Entered) {
					t.Errorf("seed %d at %s: %s since %s, a view says %s since %s", seed, at, s.Stage, s.Entered, cur.Stage, cur.Enter)
				}
				open := len(f.History.Stalls) > 0 && f.History.Stalls[len(f.History.Stalls)-1].Resolved.IsZero()
				if open != stalled[s.Subject.ID] {
					t.Errorf("seed %d at %s: stalled %v in rows, %v in a view (%s)", seed, at, !open, open, s.Stage)
				}
				if members := v.Subjects(identity.AccountEntity); !s.Account.IsZero() && !slices.Contains(members, s.Account) {
					t.Errorf("seed %d: an account that the view does not know", seed)
				}
			}
			if n != len(v.Subjects(identity.PersonEntity)) && at.Equal(on("12-30")) {
				t.Errorf("seed %d: %d rows of %d people", seed, n, len(v.Subjects(identity.PersonEntity)))
			}
		}
	}
}

func TestSummariesOfModelsWithVersions(t *testing.T) {
	a, b := stage.LeadToRevenue(), stage.LeadToRevenue()
	b.Version, b.DormantAfter = "2", 10*24*time.Hour
	o := &journey.Options{Versions: stage.Versions{{Model: a}, {From: on("03-01"), Model: b}}}
	tr := tracker(t, o)
	record(t, tr, world(1, 80)...)
	at := on("12-30")
	v, err := tr.View(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range rows(t, tr, journey.SummaryQuery{At: at}) {
		f, err := v.Fold(s.Subject)
		if cur, _ := f.History.Current(); err != nil || cur.Stage != s.Stage || !cur.Enter.Equal(s.Entered) {
			t.Errorf("%s since %s, a view says %s since %s", s.Stage, s.Entered, cur.Stage, cur.Enter)
		}
	}
}

func TestRefreshNeedsASummarizer(t *testing.T) {
	tr := trackerOn(t, bare(new(memstore.Store)), nil)
	if _, err := tr.Refresh(ctx); !errors.Is(err, storage.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

func TestModelsOfOtherOptionsHaveOtherRows(t *testing.T) {
	two := identity.DefaultRules()
	two.MaxIdentifiers = 7
	m := stage.LeadToRevenue()
	names := map[string]bool{}
	for _, o := range []*journey.Options{nil, {Rules: &two}, {Model: &m}, {Bots: true}, {Boundary: journey.B2B()},
		{Twins: &touchpoint.TwinRules{Window: map[touchpoint.Kind]time.Duration{"call": time.Hour}}},
		{Goals: []journey.Goal{{ID: "g", Rule: &stage.Rule{Kinds: []string{"call"}}, Fixed: touchpoint.Money{Minor: 1}}}}} {
		for range 2 {
			names[tracker(t, o).SummaryModel()] = true
		}
	}
	if len(names) != 7 {
		t.Errorf("%d names of 7 configurations: %v", len(names), names)
	}
}

// reads counts how often a store is asked, and how many facts and ties it gives.
type reads struct {
	*memstore.Store
	mu           sync.Mutex
	calls, given int
}

func (s *reads) count(calls, given int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.given = s.calls+calls, s.given+given
}

func (s *reads) reset() (calls, given int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls, given, s.calls, s.given = s.calls, s.given, 0, 0
	return calls, given
}

func counted[T any](s *reads, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		s.count(1, 0)
		for x, err := range seq {
			s.count(0, 1)
			if !yield(x, err) {
				return
			}
		}
	}
}

func (s *reads) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return counted(s, s.Store.Scan(ctx, q))
}

func (s *reads) Changes(ctx context.Context, c storage.Cursor) iter.Seq2[storage.Change, error] {
	return counted(s, s.Store.Changes(ctx, c))
}

func (s *reads) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return counted(s, s.Store.Ties(ctx, ids))
}

func (s *reads) Summaries(ctx context.Context, m string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return counted(s, s.Store.Summaries(ctx, m, q))
}

func (s *reads) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	sn, err := s.Store.Snapshot(ctx)
	return snapshot{sn, s}, err
}

func (s *reads) SummaryCursor(ctx context.Context, m string) (storage.Cursor, error) {
	s.count(1, 0)
	return s.Store.SummaryCursor(ctx, m)
}

func (s *reads) PutSummaries(ctx context.Context, m string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	s.count(1, 0)
	return s.Store.PutSummaries(ctx, m, from, to, of, rows)
}

type snapshot struct {
	storage.Snapshot
	s *reads
}

func (s snapshot) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return counted(s.s, s.Snapshot.Ties(ctx, ids))
}

// many people, each with an address of a company of their own and ten touches.
func crowd(n int) []touchpoint.Touch {
	var out []touchpoint.Touch
	for p := range n {
		for i := range 10 {
			tp := touch("pageview", "01-01", by(fmt.Sprintf("anonymous_id:d-%d-%d", p, i%2), fmt.Sprintf("email:ann@firm%d.example", p)))
			tp.ID, tp.At = fmt.Sprint(p, "-", i), on("01-01").Add(time.Duration(10*p+i)*time.Minute)
			out = append(out, tp)
		}
	}
	return out
}

// Work is in proportion to what changed, and a component costs three calls at most.
func TestARefreshReadsWhatChangedConcerns(t *testing.T) {
	st := &reads{Store: new(memstore.Store)}
	tr := trackerOn(t, st, nil)
	record(t, tr, crowd(400)...)
	refresh(t, tr)
	st.reset()
	record(t, tr, touch("form", "06-01", by("anonymous_id:d-7-0")))
	r := refresh(t, tr)
	if calls, given := st.reset(); r.People != 1 || calls > 15 || given > 60 {
		t.Errorf("one touch of one person: %+v, %d calls, %d values read", r, calls, given)
	}
	var touches []touchpoint.Touch
	for p := range 200 {
		touches = append(touches, touch("form", "06-02", by(fmt.Sprintf("anonymous_id:d-%d-1", p)), func(tp *touchpoint.Touch) { tp.ID = fmt.Sprint("late", p) }))
	}
	record(t, tr, touches...)
	r = refresh(t, tr)
	if calls, given := st.reset(); r.People != 200 || calls > 3*200 || given > 60*200 {
		t.Errorf("a touch of each of 200 people: %+v, %d calls, %d values read", r, calls, given)
	}
}

// erase removes facts and fails on an error.
func erase(t *testing.T, st storage.Store, id string, q storage.Query) {
	t.Helper()
	if _, err := st.Erase(ctx, storage.Erasure{ID: id, At: on("12-01"), Remove: []storage.Query{q}}); err != nil {
		t.Fatal(err)
	}
}

// What an erasure leaves may depend on what it took without naming it: rows follow.
func TestRowsFollowTheErasureOfOthers(t *testing.T) {
	keys := func(ids ...string) storage.Query {
		var q storage.Query
		for _, id := range ids {
			q.Keys = append(q.Keys, storage.Key{Class: storage.ClassTouch, Source: "test", ID: id})
		}
		return q
	}
	for name, c := range map[string]struct {
		touches []touchpoint.Touch
		gone    storage.Query
	}{
		"the other owner of a shared device": {[]touchpoint.Touch{
			touch("login", "01-02 10:00", by("user_id:u1", "anonymous_id:d1")), touch("pageview", "01-02 10:10", by("anonymous_id:d1")),
			touch("login", "01-03", by("user_id:u2", "anonymous_id:d1")), touch("pageview", "02-01", by("anonymous_id:d1")),
		}, storage.Query{IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")}}},
		"what tied a domain to an account": {[]touchpoint.Touch{
			touch("form", "01-02", by("email:ann@firm.example")),
			touch("meeting", "01-03", by("domain:firm.example", "crm_account_id:a1")), touch("meeting", "01-04", by("crm_account_id:a1", "email:bob@home.example")),
		}, keys("meeting@01-03")},
		"what tied two identifiers of an account": {[]touchpoint.Touch{
			touch("form", "01-02", by("email:ann@home.example", "group_id:g1")), touch("meeting", "01-03", by("group_id:g1", "crm_account_id:a1")),
		}, keys("meeting@01-03")},
		"all that named a domain": {[]touchpoint.Touch{
			touch("form", "01-02", by("email:ann@firm.example")), touch("meeting", "01-03", by("domain:firm.example", "crm_account_id:a1")),
		}, keys("meeting@01-03")},
	} {
		st := new(memstore.Store)
		tr := trackerOn(t, st, nil)
		record(t, tr, c.touches...)
		refresh(t, tr)
		before := raw(t, tr, st)
		erase(t, st, "e", c.gone)
		sameRows(t, name, tr, st, nil)
		if reflect.DeepEqual(before, raw(t, tr, st)) {
			t.Errorf("%s: nothing changed", name)
		}
	}
}

// Whoever has been made within a backlog is not made again by his later facts in it.
func TestABacklogMakesEverybodyOnce(t *testing.T) {
	st := new(memstore.Store)
	tr := trackerOn(t, st, nil)
	r := rand.New(rand.NewPCG(1, 1))
	touches := crowd(50)
	r.Shuffle(len(touches), func(i, k int) { touches[i], touches[k] = touches[k], touches[i] })
	record(t, tr, touches...)
	tr.StepBy(60, 7)
	if done := refresh(t, tr); done.Facts != 500 || done.Steps != 9 || done.People > 100 {
		t.Errorf("50 people of 500 facts in steps of 60: %+v", done)
	}
	sameRows(t, "afterwards", tr, st, nil)
}

// panicky is a table of domains that fails its callers.
type panicky struct{}

func (panicky) Registrable(string) (string, bool) { panic("domains") }
func (panicky) Class(string) identity.DomainClass { panic("domains") }

func TestAHookThatPanicsIsAnErrorOfARefresh(t *testing.T) {
	rules := identity.DefaultRules()
	rules.Accounts.Domains = panicky{}
	tr := tracker(t, &journey.Options{Rules: &rules})
	record(t, tr, touch("form", "01-05"))
	var bad *touchpoint.CallbackError
	if _, err := tr.Refresh(ctx); !errors.As(err, &bad) {
		t.Errorf("error %v", err)
	}
}

// strict is a table of domains that takes nothing but hosts, as [identity.Domains] has it.
type strict struct{ identity.Table }

func (s *strict) Registrable(host string) (string, bool) {
	if strings.ContainsAny(host, ":/@ ") {
		return "", false
	}
	return s.Table.Registrable(host)
}

func TestRowsFollowAWebSiteByTheHostsOwnTable(t *testing.T) {
	rules := identity.DefaultRules()
	rules.Accounts.Domains = new(strict)
	o := &journey.Options{Rules: &rules}
	st := new(memstore.Store)
	tr := trackerOn(t, st, o)
	record(t, tr, touch("form", "01-02", by("email:ann@gmail.com"), prop("website", "https://www.firm.example/about")))
	refresh(t, tr)
	record(t, tr, touch("meeting", "01-03", by("domain:firm.example", "crm_account_id:a1")))
	sameRows(t, "a site that became an account's", tr, st, o)
}

// What a retraction took apart, a later touch ties again: everybody at the account follows.
func TestRowsFollowATouchThatTiesAgainWhatWasRetracted(t *testing.T) {
	st := new(memstore.Store)
	tr := trackerOn(t, st, nil)
	tied := by("group_id:g1", "crm_account_id:a1")
	record(t, tr, touch("form", "01-02", by("email:ann@gmail.com", "group_id:g1")), touch("meeting", "01-03", tied))
	retract := identity.Override{ID: "o", At: on("01-04"), Actor: "ops", Op: identity.Retract, Scope: identity.Scope{Ref: identity.Ref{Source: "test", ID: "meeting@01-03"}}}
	if _, err := tr.Learn(ctx, storage.Fact{Override: &retract}); err != nil {
		t.Fatal(err)
	}
	refresh(t, tr)
	before := rows(t, tr, journey.SummaryQuery{})
	record(t, tr, touch("meeting", "02-03", tied))
	sameRows(t, "tied again", tr, st, nil)
	if after := rows(t, tr, journey.SummaryQuery{}); len(after) != 1 || after[0].Account == before[0].Account {
		t.Errorf("%+v, before %+v", after, before)
	}
}

func TestARetractionOfOneTouchConcernsItsPeople(t *testing.T) {
	tr := tracker(t, nil)
	record(t, tr, crowd(30)...)
	refresh(t, tr)
	for i := range 2 {
		o := identity.Override{ID: fmt.Sprint("o", i), At: on("02-01").Add(time.Duration(i)), Actor: "ops", Op: identity.Retract,
			Scope: identity.Scope{Ref: identity.Ref{Source: "test", ID: "7-0"}}}
		if i > 0 {
			o.Op, o.Scope, o.Target = identity.Restore, identity.Scope{}, "o0"
		}
		if _, err := tr.Learn(ctx, storage.Fact{Override: &o}); err != nil {
			t.Fatal(err)
		}
		if done := refresh(t, tr); done.People != 1 {
			t.Errorf("%s: %+v", o.Op, done)
		}
	}
}

// A row is of somebody who was there: what only a bot did is nobody's.
func TestBotsHaveNoRow(t *testing.T) {
	bot := touch("pageview", "01-02", by("anonymous_id:d1"))
	bot.Props = bot.Props.SetBool("bot", true)
	for _, st := range []storage.Store{new(memstore.Store), bare(new(memstore.Store))} {
		tr := trackerOn(t, st, nil)
		record(t, tr, bot, touch("form", "01-03"))
		if got := rows(t, tr, journey.SummaryQuery{}); len(got) != 1 || got[0].Touches != 1 || len(got[0].IDs) != 1 {
			t.Errorf("%+v", got)
		}
	}
}

// Rows that have been quiet equally long come by subject.
func TestRowsOfOneInstantComeBySubject(t *testing.T) {
	var touches []touchpoint.Touch
	kinds, days := []touchpoint.Kind{"form", "order"}, []string{"01-02", "01-03", "01-04"}
	for i := range 60 {
		touches = append(touches, touch(kinds[i%2], days[i%3], by(fmt.Sprintf("user_id:u%d", i)), func(tp *touchpoint.Touch) { tp.ID = fmt.Sprint(i) }))
	}
	for _, st := range []storage.Store{new(memstore.Store), bare(new(memstore.Store))} {
		tr := trackerOn(t, st, nil)
		record(t, tr, touches...)
		got := rows(t, tr, journey.SummaryQuery{})
		if len(got) != 60 || !slices.IsSortedFunc(got, func(a, b journey.Summary) int {
			return cmp.Or(a.Last.Compare(b.Last), strings.Compare(a.Subject.ID, b.Subject.ID))
		}) {
			t.Errorf("%d rows, or out of order", len(got))
		}
	}
}

// A person whose identifiers fill several questions to the store is read as one.
func TestTouchesOfAPersonOfManyQuestionsAreInOrder(t *testing.T) {
	rules := identity.DefaultRules()
	rules.MaxIdentifiers = 3 * storage.MaxValues
	st := new(memstore.Store)
	tr := trackerOn(t, st, &journey.Options{Rules: &rules})
	last := identity.MakeID(identity.UserID, "zz") // in the last question
	var touches []touchpoint.Touch
	for i := range storage.MaxValues/90 + 10 {
		tp := touch("pageview", "03-01", func(tp *touchpoint.Touch) { tp.ID, tp.IDs = fmt.Sprint("p", i), []identity.ID{last} })
		for k := range 90 {
			tp.IDs = append(tp.IDs, identity.MakeID(identity.AnonymousID, fmt.Sprintf("d%03d-%02d", i, k)))
		}
		touches = append(touches, tp)
	}
	touches[0].At, touches[0].IDs = on("03-02"), append(touches[0].IDs, identity.MakeID(identity.GroupID, "g2"))
	touches = append(touches, touch("form", "02-01", func(tp *touchpoint.Touch) {
		tp.IDs = []identity.ID{last, identity.MakeID(identity.GroupID, "g1")}
	}))
	record(t, tr, touches...)
	got := rows(t, tr, journey.SummaryQuery{})
	i := slices.IndexFunc(got, func(s journey.Summary) bool { return slices.Contains(s.IDs, last) })
	if i < 0 || !got[i].First.Equal(on("02-01")) || !got[i].Last.Equal(on("03-02")) {
		t.Errorf("%d rows; %+v", len(got), got[max(i, 0)].First)
	}
	if !reflect.DeepEqual(got, rows(t, trackerOn(t, bare(st), &journey.Options{Rules: &rules}), journey.SummaryQuery{})) {
		t.Error("rows tell another thing than facts")
	}
	v, err := tr.View(ctx, time.Time{}, last)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := v.Facts(); n != len(touches) {
		t.Errorf("%d touches in the view of %d", n, len(touches))
	}
	all, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var one, of bytes.Buffer
	if err := errors.Join(v.WriteState(&one), all.WriteState(&of)); err != nil || !bytes.Equal(one.Bytes(), of.Bytes()) {
		t.Errorf("a view of the person is not the view of all, who are the same; error %v", err)
	}
}

// Whoever has too much for a history has a row without, and nobody else has to wait for that:
// of one model, and of versions that differ in their silences.
func TestSomebodyWithTooMuchForAHistoryHasARow(t *testing.T) {
	if os.Getenv("TABI_LONG") == "" {
		t.Skip("a hundred thousand touches: with TABI_LONG")
	}
	a, b := stage.LeadToRevenue(), stage.LeadToRevenue()
	b.Version, b.DormantAfter = "2", 10*24*time.Hour
	touches := make([]touchpoint.Touch, stage.MaxVisits+1)
	for i := range touches {
		touches[i] = touch("stage_change", "01-01", in([]string{"mql", "opportunity"}[i%2]), func(tp *touchpoint.Touch) {
			tp.ID, tp.At = strconv.Itoa(i), tp.At.Add(time.Duration(i)*time.Second)
		})
	}
	st := new(memstore.Store)
	first := trackerOn(t, st, nil)
	record(t, first, touch("form", "01-05", by("email:bob@example.org")))
	for part := range slices.Chunk(touches, storage.MaxBatch) {
		record(t, first, part...)
	}
	for _, o := range []*journey.Options{{Model: &a}, {Versions: stage.Versions{{Model: a}, {From: on("03-01"), Model: b}}}} {
		got := rows(t, trackerOn(t, st, o), journey.SummaryQuery{})
		if len(got) != 2 || got[0].Touches+got[1].Touches != int64(len(touches)+1) {
			t.Errorf("%d rows", len(got))
		}
	}
}
