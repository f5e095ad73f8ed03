package sqlitestore

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/storage"
)

// A selection is a query as SQL, about the table fact by the name of f.
type selection struct {
	from  string // with the index that fits: without statistics SQLite would guess
	where []string
	args  []any
	order string
	none  bool // nothing can match
}

// notErased leaves out facts that a committed erasure has still to purge. Its first part is
// evaluated once, and spares reading the row where the index says the rest.
const notErased = "(NOT EXISTS(SELECT 1 FROM erasing) OR f.key NOT IN (SELECT key FROM erasing))"

// selecting translates a query. bound is the last seq of a snapshot, 0 for the present.
func selecting(q storage.Query, bound int64) *selection {
	sel := &selection{from: "fact AS f INDEXED BY fact_at", order: " ORDER BY f.at, f.source, f.id, f.class"}
	if q.Desc {
		sel.order = " ORDER BY f.at DESC, f.source DESC, f.id DESC, f.class DESC"
	}
	sel.and(notErased)
	if bound != 0 {
		sel.and("coalesce(f.born, f.seq) <= ?", bound)
	}
	if q.IDs != nil {
		sel.from = "fact AS f INDEXED BY fact_set"
		hashes := make([][16]byte, len(q.IDs))
		for i, id := range q.IDs {
			hashes[i] = storage.HashID(id)
		}
		sel.among(len(hashes), "f.idset IN (SELECT idset FROM member WHERE ident IN (SELECT unhex(value) FROM json_each(?)))", blobs(hashes))
	}
	if q.Keys != nil {
		sel.from = "fact AS f INDEXED BY fact_key"
		hashes := make([][16]byte, len(q.Keys))
		for i, k := range q.Keys {
			hashes[i] = k.Hash()
		}
		sel.among(len(hashes), "f.key IN (SELECT unhex(value) FROM json_each(?))", blobs(hashes))
	}
	if q.Classes != nil {
		numbers := make([]int, len(q.Classes))
		for i, c := range q.Classes {
			numbers[i] = int(c)
		}
		list, _ := json.Marshal(numbers) // numbers: it cannot fail
		sel.among(len(numbers), "f.class IN (SELECT value FROM json_each(?))", string(list))
	}
	if q.Sources != nil {
		n, list := texts(q.Sources)
		sel.among(n, "f.source IN (SELECT value FROM json_each(?))", list)
	}
	if q.Kinds != nil {
		n, list := texts(q.Kinds)
		sel.among(n, "f.class = 1 AND f.kind IN (SELECT value FROM json_each(?))", list)
	}
	if !q.From.IsZero() {
		sel.and("f.at >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		sel.and("f.at < ?", micros(q.To))
	}
	sel.after(q)
	return sel
}

func (sel *selection) and(condition string, args ...any) {
	sel.where = append(sel.where, condition)
	sel.args = append(sel.args, args...)
}

// among is and for a list of n values.
func (sel *selection) among(n int, condition, list string) {
	sel.none = sel.none || n == 0
	sel.and(condition, list)
}

// after leaves out what stands up to q.After.
func (sel *selection) after(q storage.Query) {
	if q.After.IsZero() {
		return
	}
	p := q.After
	at := micros(p.At)
	switch exact := p.At.IsZero() || p.At.Nanosecond()%1000 == 0; {
	case exact && q.Desc:
		sel.and("f.at <= ? AND (f.at, f.source, f.id, f.class) < (?, ?, ?, ?)", at, at, p.Source, p.ID, int(p.Class))
	case exact:
		sel.and("f.at >= ? AND (f.at, f.source, f.id, f.class) > (?, ?, ?, ?)", at, at, p.Source, p.ID, int(p.Class))
	case q.Desc: // between two microseconds
		sel.and("f.at < ?", at)
	default:
		sel.and("f.at >= ?", at)
	}
}

// sql returns the statement for columns; limit 0 is none.
func (sel *selection) sql(columns, order string, limit int) (string, []any) {
	text := "SELECT " + columns + " FROM " + sel.from + " WHERE " + strings.Join(sel.where, " AND ") + order
	if limit > 0 {
		return text + " LIMIT ?", append(sel.args, limit)
	}
	return text, sel.args
}

// blobs is a JSON array of 16-byte keys in hexadecimal.
func blobs(list [][16]byte) string {
	b := make([]byte, 0, 35*len(list)+2)
	b = append(b, '[')
	for i, h := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(hex.AppendEncode(append(b, '"'), h[:]), '"')
	}
	return string(append(b, ']'))
}

// texts is a JSON array of the values that a fact can have, and their number.
func texts[T ~string](list []T) (int, string) {
	kept := make([]string, 0, len(list))
	for _, v := range list {
		if s := string(v); utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
			kept = append(kept, s)
		}
	}
	b, _ := json.Marshal(kept) // strings: it cannot fail
	return len(kept), string(b)
}

// micros rounds an instant up to the microsecond.
func micros(t time.Time) int64 {
	switch year := t.Year(); {
	case year < -200_000:
		return math.MinInt64
	case year > 200_000:
		return math.MaxInt64
	}
	us := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		us++
	}
	return us
}
