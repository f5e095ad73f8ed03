package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/storage"
)

// maxFound is where Verify stops to collect.
const maxFound = 100

// Verify checks the columns of each fact against its body, and the sets against the facts
// in both directions. It is one statement, since others may write: also the server, which
// ends what a killed client had sent.
func (s *Store) Verify(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	var found []error
	wrong := func(where string) {
		if len(found) < maxFound {
			found = append(found, &storage.CorruptError{Where: where, Offset: -1})
		}
	}
	want, there := make(map[pair]bool), make(map[pair]bool)
	for r, err := range iterate(ctx, s, func(st *statement) error {
		st.text.WriteString(`select f.key, f.idset, f.class, f.at, f.source, f.id, f.kind, f.hash, f.body, f.received from {}fact f
union all select m.ident, m.idset, 0, 0, '', '', '', null, null, 0 from {}member m`)
		return nil
	}, s.decodeColumns) {
		if err != nil {
			return errors.Join(append(found, err)...)
		}
		if r.member != (pair{}) {
			there[r.member] = true
			continue
		}
		if !r.agree {
			wrong("columns of a fact")
		}
		for _, id := range r.IDs {
			want[pair{storage.HashID(id), r.idset}] = true
		}
	}
	for m := range there {
		if !want[m] {
			wrong("member of no fact")
		}
		delete(want, m)
	}
	if len(want) > 0 {
		wrong("member that is missing")
	}
	return errors.Join(found...)
}

// A pair is the keys of an identifier and of its set.
type pair [2][16]byte

// A columnsRow is a member, or a fact encoded anew; agree says whether its columns are as
// they must be.
type columnsRow struct {
	member pair
	row
	agree bool
}

func (s *Store) decodeColumns(rows *record) (columnsRow, error) {
	var key, set pgtype.UUID
	var class int16
	var at int64
	var source, id, kind string
	if rows.RawValues()[7] == nil { // no hash: a member
		err := rows.Scan(&key, &set, nil, nil, nil, nil, nil, nil, nil, nil)
		return columnsRow{member: pair{key.Bytes, set.Bytes}}, err
	}
	f, err := s.fact(rows, &key, &set, &class, &at, &source, &id, &kind)
	if err != nil {
		return columnsRow{}, err
	}
	r, err := newRow(0, f)
	if err != nil {
		return columnsRow{}, &storage.CorruptError{Where: "fact", Offset: -1}
	}
	return columnsRow{pair{}, r, key.Bytes == r.Hash && set.Bytes == r.idset && storage.Class(class) == r.Key.Class && at == r.At &&
		source == r.Key.Source && id == r.Key.ID && kind == string(r.kind)}, nil
}
