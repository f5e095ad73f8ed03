package storetest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// lastWins keeps the newest content of a key.
type lastWins struct {
	*memstore.Store
}

func (s *lastWins) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, o := range outs {
		if o.Status == touchpoint.Conflict && facts[i].Touch != nil {
			e := storage.Erasure{ID: rnd(), At: facts[i].At(), Redact: facts[i : i+1]}
			if _, err := s.Store.Erase(ctx, e); err == nil {
				outs[i].Status = touchpoint.Duplicate
			}
		}
	}
	return outs, err
}

// badFailsAll refuses a batch with a bad fact in it.
type badFailsAll struct{ *memstore.Store }

func (s *badFailsAll) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	for _, f := range facts {
		if err := storage.Check(f); err != nil {
			outs := make([]touchpoint.Outcome, len(facts))
			for i := range outs {
				outs[i] = touchpoint.Outcome{Status: touchpoint.Rejected, Err: err, Reason: touchpoint.Missing}
			}
			return outs, nil
		}
	}
	return s.Store.Append(ctx, facts)
}

// forgetful knows the last 1,000 keys only.
type forgetful struct {
	*memstore.Store
	known []storage.Key
}

func (s *forgetful) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, o := range outs {
		if o.Status == touchpoint.Accepted {
			s.known = append(s.known, facts[i].Key())
		}
	}
	if n := len(s.known) - 1000; n > 0 {
		_, _ = s.Store.Erase(ctx, storage.Erasure{ID: rnd(), At: facts[0].At(), Remove: []storage.Query{{Keys: s.known[:n]}}})
		s.known = s.known[n:]
	}
	return outs, err
}

// rewrites changes text on its way in.
type rewrites struct {
	*memstore.Store
	text func(string) string
}

func (s *rewrites) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	list := append([]storage.Fact(nil), facts...)
	for i, f := range list {
		if f.Touch != nil {
			tp := *f.Touch
			tp.Stage, tp.Touchpoint = s.text(tp.Stage), s.text(tp.Touchpoint)
			list[i].Touch = &tp
		}
	}
	return s.Store.Append(ctx, list)
}

// leaking leaves something running behind a loop that was stopped.
type leaking struct{ *memstore.Store }

func (s *leaking) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		for f, err := range s.Store.Scan(ctx, q) {
			if !yield(f, err) {
				go func() { <-ctx.Done() }()
				return
			}
		}
	}
}

// byArrival sorts by instant alone.
type byArrival struct{ *memstore.Store }

func (s *byArrival) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		arrived := make(map[storage.Key]int)
		for c, err := range s.Changes(ctx, storage.Cursor{}) {
			if err != nil {
				yield(storage.Fact{}, err)
				return
			}
			arrived[c.Fact.Key()] = len(arrived)
		}
		var facts []storage.Fact
		for f, err := range s.Store.Scan(ctx, q) {
			if err != nil {
				yield(storage.Fact{}, err)
				return
			}
			facts = append(facts, f)
		}
		slices.SortFunc(facts, func(a, b storage.Fact) int {
			return cmp.Or(a.At().Compare(b.At()), arrived[a.Key()]-arrived[b.Key()])
		})
		for _, f := range facts {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// inclusive takes facts at To too.
type inclusive struct{ *memstore.Store }

func (s *inclusive) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	if !q.To.IsZero() {
		q.To = q.To.Add(time.Microsecond)
	}
	return s.Store.Scan(ctx, q)
}

// locking holds its lock while the loop body runs.
type locking struct {
	*memstore.Store
	mu sync.RWMutex
}

func (s *locking) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.Append(ctx, facts)
}

func (s *locking) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		s.Store.Scan(ctx, q)(yield)
	}
}

// badError yields an error several times, or with a value.
type badError struct {
	*memstore.Store
	times int
	value storage.Fact
}

func (s *badError) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		for f, err := range s.Store.Scan(ctx, q) {
			if err != nil {
				for range s.times {
					if !yield(s.value, err) {
						return
					}
				}
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// noSingles yields no group of one identifier.
type noSingles struct{ *memstore.Store }

func (s *noSingles) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return func(yield func(storage.Tie, error) bool) {
		for t, err := range s.Store.Ties(ctx, ids) {
			if t.Count > 0 && len(t.Sighting.IDs) == 1 {
				continue
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

// numbered numbers facts before they are committed, as an identity column does.
type numbered struct {
	*memstore.Store
	mu   sync.Mutex
	next int
	log  map[int]storage.Fact
}

func (s *numbered) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	s.mu.Lock()
	first := s.next
	s.next += len(facts)
	s.mu.Unlock()
	if first%3 == 0 {
		time.Sleep(2 * time.Millisecond) // a slow transaction
	}
	outs, err := s.Store.Append(ctx, facts)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, o := range outs {
		if o.Status == touchpoint.Accepted {
			if s.log == nil {
				s.log = make(map[int]storage.Fact)
			}
			s.log[first+i] = facts[i]
		}
	}
	return outs, err
}

func (s *numbered) Changes(_ context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		at := -1
		fmt.Sscan(after.String(), &at)
		s.mu.Lock()
		var list []storage.Change
		for n := at + 1; n < s.next; n++ {
			if f, ok := s.log[n]; ok {
				list = append(list, storage.Change{Cursor: storage.MakeCursor(fmt.Sprint(n)), Fact: f})
			}
		}
		s.mu.Unlock()
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// renumbered gives the number after the greatest one there is.
type renumbered struct {
	*memstore.Store
	seq map[storage.Key]int
}

func (s *renumbered) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		at := 0
		fmt.Sscan(after.String(), &at)
		now := make(map[storage.Key]int)
		var facts []storage.Fact
		for c, err := range s.Store.Changes(ctx, storage.Cursor{}) {
			if err != nil {
				yield(storage.Change{}, err)
				return
			}
			facts = append(facts, c.Fact)
			if n, ok := s.seq[c.Fact.Key()]; ok {
				now[c.Fact.Key()] = n
			}
		}
		last := 0
		for _, n := range now {
			last = max(last, n)
		}
		for _, f := range facts {
			n, ok := now[f.Key()]
			if !ok {
				last++
				n = last
				now[f.Key()] = n
			}
			if n > at && !yield(storage.Change{Cursor: storage.MakeCursor(fmt.Sprint(n)), Fact: f}, nil) {
				break
			}
		}
		s.seq = now
	}
}

// firstOnly erases the first identifier of each query.
type firstOnly struct{ *memstore.Store }

func (s *firstOnly) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	e.Remove = slices.Clone(e.Remove)
	for i, q := range e.Remove {
		if len(q.IDs) > 1 {
			e.Remove[i].IDs = q.IDs[:1]
		}
	}
	return s.Store.Erase(ctx, e)
}

// failsOpen accepts everything when it cannot read the list.
type failsOpen struct {
	*memstore.Store
	blind bool
}

func (s *failsOpen) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	if s.blind {
		facts = slices.Clone(facts)
		for i := range facts {
			facts[i].Tags = nil
		}
	}
	return s.Store.Append(ctx, facts)
}

// cached remembers, in each handle, which sets it has written, and does not write them
// again after another handle erased them.
type cached struct {
	*cachedData
	known map[[16]byte]bool
}

type cachedData struct {
	*memstore.Store
	mu   sync.Mutex
	sets map[[16]byte]bool
	lost map[storage.Key]bool // facts whose set no index knows
}

func newCached(s *memstore.Store) *cached {
	c := &cached{cachedData: &cachedData{Store: s, sets: make(map[[16]byte]bool), lost: make(map[storage.Key]bool)}}
	return c.handle()
}

func (s *cached) handle() *cached { return &cached{s.cachedData, make(map[[16]byte]bool)} }

func (s *cached) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range facts {
		k := f.Key()
		set := storage.HashSet(k.Class, k.Source, f.IDs())
		if !s.known[set] {
			s.known[set], s.sets[set] = true, true
		} else if !s.sets[set] {
			s.lost[k] = true
		}
	}
	return s.Store.Append(ctx, facts)
}

func (s *cached) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		for f, err := range s.Store.Scan(ctx, q) {
			if q.IDs != nil && s.lost[f.Key()] {
				continue
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

func (s *cached) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sets)
	clear(s.known)
	return s.Store.Erase(ctx, e)
}

// looksFirst looks into the list, and then appends.
type looksFirst struct {
	*memstore.Store
	mu   sync.Mutex
	list storage.SuppressionList
}

func (s *looksFirst) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	free := slices.Clone(facts)
	s.mu.Lock()
	for i, f := range facts {
		if !s.list.Refuses(f.Tags, f.At()) {
			free[i].Tags = nil
		}
	}
	s.mu.Unlock()
	time.Sleep(50 * time.Microsecond)
	return s.Store.Append(ctx, free)
}

func (s *looksFirst) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	s.mu.Lock()
	s.list.Join(storage.Erased{ID: e.ID, At: e.At, Entries: e.Suppress})
	s.mu.Unlock()
	return s.Store.Erase(ctx, e)
}

// merging keeps the person of each identifier and rewrites it when evidence comes, as
// stores with canonical rows do: it reads, and then writes.
type merging struct {
	*memstore.Store
	mu     sync.Mutex
	person map[identity.ID]identity.ID
}

func (s *merging) of(id identity.ID) identity.ID {
	if p, ok := s.person[id]; ok {
		return p
	}
	return id
}

func (s *merging) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	for _, f := range facts {
		if f.Evidence == nil {
			continue
		}
		s.mu.Lock()
		a, b := s.of(f.Evidence.A), s.of(f.Evidence.B)
		s.mu.Unlock()
		time.Sleep(2 * time.Millisecond) // the way to a server and back
		s.mu.Lock()
		for id, p := range s.person {
			if p == b {
				s.person[id] = a
			}
		}
		s.person[f.Evidence.B], s.person[b] = a, a
		s.mu.Unlock()
	}
	return s.Store.Append(ctx, facts)
}

func (s *merging) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return func(yield func(storage.Tie, error) bool) {
		// What it tells is who is in one row: each identifier with the label of its row.
		label := func(id identity.ID) identity.ID {
			s.mu.Lock()
			defer s.mu.Unlock()
			return identity.MakeID(id.Type(), "row."+s.of(id).Value())
		}
		for t, err := range s.Store.Ties(ctx, ids) {
			if t.Evidence != nil {
				e := *t.Evidence
				e.A = label(e.B)
				t.Evidence = &e
			} else if t.Count > 0 {
				t.Sighting.IDs = append(t.Sighting.IDs, label(t.Sighting.IDs[0]))
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

// failing is a harness of stores that fail when told to, below a wrapper.
func failing(open func(storage.Store) storage.Store) storetest.Harness {
	var mu sync.Mutex
	faults := make(map[storage.Store]*storetest.Faults)
	return storetest.Harness{
		Open: func(context.Context) (storage.Store, error) {
			f := new(storetest.Faults)
			s := open(storetest.Faulty(memstore.New(nil), f))
			mu.Lock()
			defer mu.Unlock()
			faults[s] = f
			return s, nil
		},
		Fault: func(s storage.Store, kind storetest.Fault) (func() error, error) {
			mu.Lock()
			f := faults[s]
			mu.Unlock()
			next := f.Calls() + 1
			switch kind {
			case storetest.BeforeCommit:
				f.Set(func(f *storetest.Faults) { f.Refuse.Nth = next })
			case storetest.LostCommitReply:
				f.Set(func(f *storetest.Faults) { f.Lose.Nth = next })
			default:
				return nil, storage.ErrUnsupported
			}
			return func() error { return nil }, nil
		},
	}
}

// acksEarly says Accepted before it knows.
type acksEarly struct{ storage.Store }

func (s *acksEarly) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, o := range outs {
		if o.Status == touchpoint.Retry {
			outs[i].Status, outs[i].Err, err = touchpoint.Accepted, nil, nil
		}
	}
	return outs, err
}

// retriesAnew takes a lost answer for a failure, and writes again under another key.
type retriesAnew struct{ storage.Store }

func (s *retriesAnew) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	if errors.Is(err, storage.ErrUncertain) {
		again := slices.Clone(facts)
		for i, f := range again {
			if f.Touch != nil {
				tp := *f.Touch
				tp.ID += "-retry"
				again[i].Touch = &tp
			}
		}
		_, _ = s.Store.Append(ctx, again)
	}
	return outs, err
}

// keepsRows forgets facts and not what was derived from them.
type keepsRows struct {
	*memstore.Store
	rows *memstore.Store
}

func (s *keepsRows) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	return s.rows.PutSummaries(ctx, model, from, to, of, rows)
}

func (s *keepsRows) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return s.rows.Summaries(ctx, model, q)
}

// piles keeps the summaries of former people beside those of the people they became.
type piles struct {
	*memstore.Store
	mu     sync.Mutex
	cursor storage.Cursor
	rows   map[[16]byte]storage.Summary
}

func (s *piles) SummaryCursor(context.Context, string) (storage.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, nil
}

func (s *piles) PutSummaries(_ context.Context, _ string, from, to storage.Cursor, _ []identity.ID, rows []storage.Summary) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cursor != from {
		return storage.ErrStale
	}
	s.cursor = to
	for _, r := range rows {
		s.rows[r.Subject] = r
	}
	return nil
}

func (s *piles) Summaries(context.Context, string, storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return func(yield func(storage.Summary, error) bool) {
		for _, r := range s.rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// leaky says Accepted and forgets, now and then.
type leaky struct {
	*memstore.Store
	n int
}

func (s *leaky) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, o := range outs {
		if o.Status == touchpoint.Accepted {
			if s.n++; s.n%30 == 0 {
				_, _ = s.Store.Erase(ctx, storage.Erasure{ID: rnd(), At: facts[i].At(), Remove: []storage.Query{{Keys: []storage.Key{facts[i].Key()}}}})
			}
		}
	}
	return outs, err
}

// moving hands itself out as a view of one instant.
type moving struct{ *memstore.Store }

func (s *moving) Snapshot(context.Context) (storage.Snapshot, error) { return view{s.Store}, nil }

type view struct{ *memstore.Store }

func (view) Close() error { return nil }

// overtaken takes the rows of a refresher that an erasure overtook.
type overtaken struct{ *memstore.Store }

func (s *overtaken) SummaryCursor(ctx context.Context, model string) (storage.Cursor, error) {
	at, err := s.Store.SummaryCursor(ctx, model)
	return storage.UnmarkCursor(at), err
}

func (s *overtaken) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	at, err := s.Store.SummaryCursor(ctx, model)
	if err == nil && storage.UnmarkCursor(at) == from {
		from = at
	}
	return s.Store.PutSummaries(ctx, model, from, to, of, rows)
}

// ordered takes the same identifiers in another order for other content.
type ordered struct {
	*memstore.Store
	seen map[storage.Key][]identity.ID
}

func (s *ordered) Append(ctx context.Context, facts []storage.Fact) ([]touchpoint.Outcome, error) {
	outs, err := s.Store.Append(ctx, facts)
	for i, f := range facts {
		if err != nil || f.Touch == nil {
			continue
		}
		first, known := s.seen[f.Key()]
		if !known {
			s.seen[f.Key()] = slices.Clone(f.Touch.IDs)
		} else if len(first) == len(f.Touch.IDs) && !slices.Equal(first, f.Touch.IDs) {
			outs[i].Status = touchpoint.Conflict
		}
	}
	return outs, err
}

// silent ends iterations at an error as if there were no more.
type silent struct{ *memstore.Store }

func (s *silent) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return untilError(s.Store.Changes(ctx, after))
}

func (s *silent) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return untilError(s.Store.Summaries(ctx, model, q))
}

func untilError[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if err != nil || !yield(v, nil) {
				return
			}
		}
	}
}

// trusting asks every context for its error.
type trusting struct{ *memstore.Store }

func (s *trusting) Count(ctx context.Context, q storage.Query) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return s.Store.Count(ctx, q)
}

// hasty says of an erasure that is committed that it is done.
type hasty struct{ *memstore.Store }

func (s *hasty) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	rec, err := s.Store.Erase(ctx, e)
	if rec.ID != "" {
		rec.Done, err = true, nil
	}
	return rec, err
}

// unclear tells every refusal of an erasure as a failure that may be repeated.
type unclear struct{ *memstore.Store }

func (s *unclear) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	rec, err := s.Store.Erase(ctx, e)
	if err != nil {
		err = storage.ErrUnavailable
	}
	return rec, err
}

// unpaged erases without a look at After.
type unpaged struct{ *memstore.Store }

func (s *unpaged) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	e.Remove = slices.Clone(e.Remove)
	for i := range e.Remove {
		e.Remove[i].After = storage.Position{}
	}
	return s.Store.Erase(ctx, e)
}

// lingering shows what an interrupted erasure removes until the next one.
type lingering struct {
	*memstore.Store
	shown []storage.Fact
}

func (s *lingering) Erase(ctx context.Context, e storage.Erasure) (storage.Receipt, error) {
	all := slices.Clone(s.shown)
	for f, err := range s.Store.Scan(context.WithoutCancel(ctx), e.Remove[0]) {
		if err == nil {
			all = append(all, f)
		}
	}
	rec, err := s.Store.Erase(ctx, e)
	if s.shown = nil; err != nil {
		s.shown = all
	}
	return rec, err
}

func (s *lingering) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return func(yield func(storage.Fact, error) bool) {
		there := false
		for f, err := range s.Store.Scan(ctx, q) {
			if there = true; !yield(f, err) {
				return
			}
		}
		for _, f := range s.shown {
			if q.IDs == nil || there || !yield(f, nil) {
				return
			}
		}
	}
}

// hoarder's views are copies, of which no erasure hears.
type hoarder struct{ *memstore.Store }

func (s *hoarder) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	c := memstore.New(nil)
	_, _, err := storage.Copy(ctx, c, s.Store, storage.Cursor{})
	return view{c}, err
}

// ahead is behind by less than nothing.
type ahead struct{ *memstore.Store }

func (*ahead) Lag(context.Context) (time.Duration, error) { return -1, nil }

// begun tells a cursor where there are no summaries.
type begun struct{ *memstore.Store }

func (s *begun) SummaryCursor(ctx context.Context, model string) (storage.Cursor, error) {
	at, err := s.Store.SummaryCursor(ctx, model)
	if at == (storage.Cursor{}) {
		at = storage.MakeCursor("1")
	}
	return at, err
}
