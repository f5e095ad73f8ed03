package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/storage"
)

// maxFound is where Verify stops to collect.
const maxFound = 100

// Verify checks the columns of each fact against its body, and the sets against the facts
// in both directions. It wants a store at rest.
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
	want := make(map[[2][16]byte]bool)
	for f, err := range iterate(ctx, s, func(st *statement) error {
		st.text.WriteString("select f.key, f.idset, f.class, f.at, f.source, f.id, f.kind, f.hash, f.body, f.received from {}fact f where true")
		return nil
	}, s.decodeColumns) {
		if err != nil {
			return errors.Join(append(found, err)...)
		}
		if !f.agree {
			wrong("columns of a fact")
		}
		for _, id := range f.IDs {
			want[[2][16]byte{storage.HashID(id), f.idset}] = true
		}
	}
	for m, err := range iterate(ctx, s, func(st *statement) error {
		st.text.WriteString("select m.ident, m.idset from {}member m")
		return nil
	}, func(rows pgx.Rows) (m [2]pgtype.UUID, err error) {
		err = rows.Scan(&m[0], &m[1])
		return m, err
	}) {
		if err != nil {
			return errors.Join(append(found, err)...)
		}
		pair := [2][16]byte{m[0].Bytes, m[1].Bytes}
		if !want[pair] {
			wrong("member of no fact")
		}
		delete(want, pair)
	}
	if len(want) > 0 {
		wrong("member that is missing")
	}
	return errors.Join(found...)
}

// A columnsRow is a fact encoded anew; agree says whether its columns are as they must be.
type columnsRow struct {
	row
	agree bool
}

func (s *Store) decodeColumns(rows pgx.Rows) (columnsRow, error) {
	var key, set pgtype.UUID
	var class int16
	var at int64
	var source, id, kind string
	f, err := s.decodeFact(rows, &key, &set, &class, &at, &source, &id, &kind)
	if err != nil {
		return columnsRow{}, err
	}
	r, err := newRow(0, f)
	if err != nil {
		return columnsRow{}, &storage.CorruptError{Where: "fact", Offset: -1}
	}
	return columnsRow{r, key.Bytes == r.Hash && set.Bytes == r.idset && storage.Class(class) == r.Key.Class && at == r.At &&
		source == r.Key.Source && id == r.Key.ID && kind == string(r.kind)}, nil
}
