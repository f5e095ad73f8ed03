package pgstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/storage"
)

// A place is a row's in the order of commits.
type place struct {
	gen int16
	xid uint64
	seq int32
}

// Changes is storage.Store's. It ends before the first transaction that has not ended,
// which could still write a fact that comes first: see [Store.Lag]. A row of an older
// generation is readable whatever its transaction's number is.
func (s *Store) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return iterate(ctx, s, func(st *statement) error {
		p, err := s.parseCursor(after)
		st.text.WriteString("select f.gen, f.xid, f.seq, f.hash, f.body, f.received from {}fact f where (f.gen, f.xid, f.seq) > (" +
			st.arg(p.gen) + "::smallint, " + st.arg(strconv.FormatUint(p.xid, 10)) + "::text::xid8, " + st.arg(p.seq) + "::int)" +
			" and (f.gen < (select gen from {}meta) or f.xid < pg_snapshot_xmin(pg_current_snapshot()))")
		view{}.visible(st, true)
		// A limit that the planner does not know lets it expect a loop that stops early.
		st.text.WriteString(" order by f.gen, f.xid, f.seq limit (select null::bigint)")
		return err
	}, func(r *record) (storage.Change, error) {
		var p place
		f, err := s.fact(r, &p.gen, &p.xid, &p.seq)
		if err != nil {
			return storage.Change{}, err
		}
		return storage.Change{Cursor: s.cursor(p), Fact: f}, nil
	})
}

// cursor writes a place down, with the store's name and a checksum, so that neither
// another store's cursor nor a garbled one is taken.
func (s *Store) cursor(p place) storage.Cursor {
	text := "pg-" + s.name + "-" + strconv.Itoa(int(p.gen)) + "-" + strconv.FormatUint(p.xid, 10) + "-" + strconv.Itoa(int(p.seq))
	sum := sha256.Sum256([]byte(text))
	return storage.MakeCursor(text + "-" + hex.EncodeToString(sum[:4]))
}

func (s *Store) parseCursor(c storage.Cursor) (p place, err error) {
	c = storage.UnmarkCursor(c)
	if c == (storage.Cursor{}) {
		return place{gen: math.MinInt16}, nil
	}
	parts := strings.Split(c.String(), "-")
	if len(parts) != 6 {
		return p, storage.ErrCursor
	}
	gen, err1 := strconv.ParseInt(parts[2], 10, 16)
	xid, err2 := strconv.ParseUint(parts[3], 10, 64)
	seq, err3 := strconv.ParseInt(parts[4], 10, 32)
	p = place{int16(gen), xid, int32(seq)}
	if err1 != nil || err2 != nil || err3 != nil || s.cursor(p) != c {
		return p, storage.ErrCursor
	}
	return p, nil
}

// Lag returns the age of the oldest transaction that writes, which holds Changes back. It
// sees what the role may see: other roles' transactions only as a superuser or a member
// of pg_read_all_stats.
func (s *Store) Lag(ctx context.Context) (time.Duration, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	var us int64
	err := s.readRow(ctx, `select coalesce(max(extract(epoch from clock_timestamp() - began) * 1000000), 0)::bigint from (
  select xact_start from pg_stat_activity where backend_xid is not null
  union all select prepared from pg_prepared_xacts) t(began)`, nil, &us)
	return time.Duration(max(us, 0)) * time.Microsecond, err
}
