package pgstore

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// tagColumns are the tags of a batch, as columns: the fact's place and instant with each.
type tagColumns struct {
	n   []int32
	tag []pgtype.UUID
	at  []int64
}

func (c *tagColumns) add(n int, t storage.Tag, at int64) {
	c.n, c.tag, c.at = append(c.n, int32(n)), append(c.tag, uuid(t)), append(c.at, at)
}

// An insertion is what the insert tells: the key of a new fact, or the place of one that
// may not be inserted, because it is suppressed or its key is being erased.
type insertion struct {
	key        pgtype.UUID
	n          int32
	suppressed bool
}

func scanInsertion(r pgx.CollectableRow) (x insertion, err error) {
	err = r.Scan(&x.key, &x.n, &x.suppressed)
	return x, err
}

// insertFacts inserts of each key the first fact that is not refused, in the order of the
// keys, so that overlapping batches wait for each other and do not lock up.
const insertFacts = `with refused as materialized (
  select t.n, true as suppressed from unnest($1::int[], $2::uuid[], $3::bigint[]) as t(n, tag, at)
    join {}suppression s on s.tag = t.tag where s.policy = 0 or t.at <= s.at
  union all
  select k.n, false from unnest($4::int[], $5::uuid[]) as k(n, key) join {}erasing e on e.key = k.key),
inserted as (
  insert into {}fact (gen, seq, key, hash, idset, class, at, received, source, id, kind, body)
  select (select gen from {}meta), u.* from (
    select distinct on (o.key) o.* from
      unnest($4::int[], $5::uuid[], $6::uuid[], $7::uuid[], $8::smallint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::bytea[])
      as o(n, key, hash, idset, class, at, received, source, id, kind, body)
    where o.n not in (select n from refused) order by o.key, o.n) u
  on conflict (key) do nothing returning key)
select key, 0, false from inserted
union all select null, n, suppressed from refused`

func (s *Store) queueInsert(b *pgx.Batch, rows []row, tags tagColumns) {
	n := len(rows)
	hashes, sets, classes := make([]pgtype.UUID, n), make([]pgtype.UUID, n), make([]int16, n)
	at, received := make([]int64, n), make([]int64, n)
	sources, ids, kinds, bodies := make([]string, n), make([]string, n), make([]string, n), make([][]byte, n)
	for i := range rows {
		r := &rows[i]
		hashes[i], sets[i], classes[i] = uuid(r.Sum), uuid(r.idset), int16(r.Key.Class)
		at[i], received[i] = r.At, r.Received
		sources[i], ids[i], kinds[i], bodies[i] = r.Key.Source, r.Key.ID, string(r.kind), r.Body
	}
	b.Queue(s.sql(insertFacts), notNil(tags.n), notNil(tags.tag), notNil(tags.at), places(rows), keys(rows),
		hashes, sets, classes, at, received, sources, ids, kinds, bodies)
}

// insertMembers writes sets that a fact has: that of a fact which is refused is not written.
const insertMembers = `insert into {}member (ident, idset)
select m.* from unnest((select $1::uuid[]), (select $2::uuid[])) as m(ident, idset)
where (select true from {}fact f where f.idset = m.idset order by f.kind, f.at limit 1) order by 1, 2 on conflict do nothing`

// queueMembers writes the sets of rows, each once.
func (s *Store) queueMembers(b *pgx.Batch, rows []row, which func(*row) bool) {
	seen := make(map[[16]byte]bool)
	var idents, sets []pgtype.UUID
	for i := range rows {
		r := &rows[i]
		if seen[r.idset] || !which(r) {
			continue
		}
		seen[r.idset] = true
		for _, id := range r.IDs {
			idents, sets = append(idents, uuid(storage.HashID(id))), append(sets, uuid(r.idset))
		}
	}
	if len(sets) > 0 {
		b.Queue(s.sql(insertMembers), idents, sets)
	}
}

// queueNewMembers writes the sets that this process does not know to be written, as of the
// erase_epoch that it returns.
func (s *Store) queueNewMembers(b *pgx.Batch, rows []row) (epoch int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queueMembers(b, rows, func(r *row) bool {
		_, known := s.sets[r.idset]
		return !known
	})
	return s.epoch
}

// maxSets is how many sets a process remembers to have written; then it forgets all.
const maxSets = 1 << 20

// learn notes the sets that a committed call has found or written.
func (s *Store) learn(a *appending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.epoch > s.epoch || len(s.sets) > maxSets {
		s.epoch = max(s.epoch, a.epoch)
		clear(s.sets)
	}
	if a.epoch < s.epoch {
		return
	}
	for i := range a.rows {
		if r := &a.rows[i]; a.outs[r.n].Status <= touchpoint.Duplicate {
			s.sets[r.idset] = struct{}{}
		}
	}
}

func uuid(b [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: b, Valid: true} }

func places(rows []row) []int32 {
	list := make([]int32, len(rows))
	for i := range rows {
		list[i] = int32(rows[i].n)
	}
	return list
}

func keys(rows []row) []pgtype.UUID {
	list := make([]pgtype.UUID, len(rows))
	for i := range rows {
		list[i] = uuid(rows[i].Hash)
	}
	return list
}

// notNil keeps an empty list from becoming NULL.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
