package pgstore

import (
	"context"
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// Scan is storage.Store's.
func (s *Store) Scan(ctx context.Context, q storage.Query) iter.Seq2[storage.Fact, error] {
	return s.scan(ctx, q, view{})
}

func (s *Store) scan(ctx context.Context, q storage.Query, v view) iter.Seq2[storage.Fact, error] {
	return iterate(ctx, s, func(st *statement) error {
		st.text.WriteString("select f.hash, f.body, f.received from {}fact f")
		v.where(st, q)
		page(st, q)
		return q.Check()
	}, func(r *record) (storage.Fact, error) { return s.fact(r) })
}

// Count counts without reading bodies.
func (s *Store) Count(ctx context.Context, q storage.Query) (n int64, err error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	if err := q.Check(); err != nil {
		return 0, err
	}
	st := &statement{}
	st.text.WriteString("select count(*) from (select from {}fact f")
	view{}.where(st, q)
	if q.Limit > 0 {
		st.text.WriteString(" limit " + st.arg(int64(q.Limit)))
	}
	st.text.WriteString(") x")
	err = s.readRow(ctx, st.text.String(), st.args, &n)
	return n, err
}

// Split cuts at instants that part what q selects evenly.
func (s *Store) Split(ctx context.Context, q storage.Query, n int) ([]storage.Query, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	shares := make([]float64, max(n, 1)-1)
	for k := range shares {
		shares[k] = float64(k+1) / float64(n)
	}
	st := &statement{}
	st.text.WriteString("select percentile_disc(" + st.arg(shares) + "::float8[]) within group (order by f.at) from {}fact f")
	view{}.where(st, q)
	var at []int64
	if err := s.readRow(ctx, st.text.String(), st.args, &at); err != nil {
		return nil, err
	}
	cuts := make([]time.Time, len(at))
	for k, us := range at {
		cuts[k] = time.UnixMicro(us).UTC()
	}
	return storage.SplitAt(q, cuts), nil
}

// Ties is storage.Store's.
func (s *Store) Ties(ctx context.Context, ids []identity.ID) iter.Seq2[storage.Tie, error] {
	return s.ties(ctx, ids, view{})
}

// bareSet is the set of the overrides that name no identifier.
var bareSet = storage.HashSet(storage.ClassOverride, "", nil)

// ties selects of each group its numbers and its earliest touch, and the facts of
// identity. All groups are counted in the index, and their touches read in the order of
// instants, in which most of them stand in the table. That is not for groups that a work
// list touches: a set none of whose facts is on one is seen whole. To compile so large a
// statement takes the server longer than to run it.
func (s *Store) ties(ctx context.Context, ids []identity.ID, v view) iter.Seq2[storage.Tie, error] {
	return iterate(ctx, s, func(st *statement) error {
		st.interpreted = ids == nil
		switch {
		case ids != nil:
			v.tiesOfEach(st, setsOf(st, ids)+" union select "+st.arg(uuid(bareSet))+"::uuid")
		case v.snapshot != "":
			v.tiesOf(st, "")
		default:
			st.text.WriteString(`select e.* from (
  select f.idset, f.kind, count(*) as n, min(f.at) as first, max(f.at) as last from {}fact f
  where f.idset not in (select unnest(array(select idset from {}erasing))) group by f.idset, f.kind order by first) g cross join lateral (
  (select g.n, g.last, f.hash, f.body, f.received from {}fact f
    where g.kind <> '' and f.idset = g.idset and f.kind = g.kind and f.at = g.first order by f.id limit 1)
  union all select 0, 0, f.hash, f.body, f.received from {}fact f where g.kind = '' and f.idset = g.idset and f.kind = '' and f.class <= 5) e
union all `)
			v.tiesOfEach(st, "select distinct idset from {}erasing")
		}
		return storage.Query{IDs: ids}.Check()
	}, s.tie)
}

// tiesOfEach selects the ties of the sets that a statement selects. It goes from set to
// set, so that a plan made while the tables were small is good when they are large.
func (v view) tiesOfEach(st *statement, sets string) {
	st.text.WriteString("select e.* from (" + sets + ") g cross join lateral (")
	v.tiesOf(st, " and f.idset = g.idset")
	st.text.WriteString(") e")
}

// tiesOf selects the ties of some sets, reading each of their rows but for its body. A fact
// of identity is a group of its own; the touches of a group have one source, so that their
// ids decide ties.
func (v view) tiesOf(st *statement, sets string) {
	st.text.WriteString(`select x.n, x.last, f.hash, f.body, f.received from (
  select distinct on (f.idset, f.kind, f.one) f.ctid as place, count(*) over w as n, max(f.at) over w as last from (
    select f.ctid, f.idset, f.kind, f.at, f.id, case when f.kind = '' then f.key end as one from {}fact f where f.class <= 5` + sets)
	v.visible(st, false)
	st.text.WriteString(`) f window w as (partition by f.idset, f.kind, f.one) order by f.idset, f.kind, f.one, f.at, f.id
) x join {}fact f on f.ctid = x.place`)
}

func (s *Store) tie(r *record) (storage.Tie, error) {
	var count, last int64
	if err := s.columns(r, &count, &last); err != nil {
		return storage.Tie{}, err
	}
	return r.row.Tie(count, last)
}

// Snapshot returns a view of this instant. It holds no connection and no transaction: rows
// know the transaction that wrote them.
func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	at := &snapshot{s: s}
	if err := s.readRow(ctx, "select pg_current_snapshot()::text, gen from {}meta", nil, &at.snapshot, &at.gen); err != nil {
		return nil, err
	}
	return at, nil
}
