package pgstore

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// A statement is a SELECT in the making. Its text is put together from constants and
// numbered placeholders; every value of a query is an argument.
type statement struct {
	text        strings.Builder
	args        []any
	interpreted bool // by the server, rather than compiled first
}

// arg returns the placeholder of a value.
func (st *statement) arg(v any) string {
	st.args = append(st.args, v)
	return "$" + strconv.Itoa(len(st.args))
}

// and adds a condition.
func (st *statement) and(parts ...string) {
	st.text.WriteString(" and ")
	for _, p := range parts {
		st.text.WriteString(p)
	}
}

// A view is what a read may see: every fact that is committed, or those of one instant.
type view struct {
	snapshot string // of the instant; "" = now
	gen      int16  // of the cluster at that instant
	erasing  string // the erasure that reads, whose own work list hides nothing
}

// visible adds the conditions that every read has on fact f: it is not on a work list, and
// it was there at the instant of the view. A redacted fact has been there since before.
// wide says that much of the table is read: then each fact is looked up among those of the
// lists, which are mostly none, on its way out of an index, whose order a join would lose
// and a sort make anew. They are hidden from the planner, who would else, where they are
// many, go through all of them for each fact.
func (v view) visible(st *statement, wide bool) {
	switch {
	case v.erasing != "":
		st.and("not exists (select from {}erasing e where e.key = f.key and e.erasure <> ", st.arg(v.erasing), ")")
	case wide:
		st.and("f.key not in (select unnest(array(select key from {}erasing)))")
	default:
		st.and("not exists (select from {}erasing e where e.key = f.key)")
	}
	if v.snapshot != "" { // hidden from the planner, as the list in setsOf
		gen := "(select " + st.arg(v.gen) + "::smallint)"
		st.and("(f.gen < ", gen, " or f.gen = ", gen, " and pg_visible_in_snapshot(coalesce(f.since, f.xid), (select ", st.arg(v.snapshot), "::text::pg_snapshot)))")
	}
}

// where adds the conditions of q on fact f.
func (v view) where(st *statement, q storage.Query) {
	st.text.WriteString(" where true")
	if q.Classes != nil {
		list := make([]int16, len(q.Classes))
		for i, c := range q.Classes {
			list[i] = int16(c)
		}
		st.and("f.class = any(", st.arg(list), "::smallint[])")
	}
	if q.Keys != nil {
		list := make([]pgtype.UUID, len(q.Keys))
		for i, k := range q.Keys {
			list[i] = uuid(k.Hash())
		}
		st.and("f.key = any(", st.arg(list), "::uuid[])")
	}
	if q.Sources != nil {
		st.and("f.source = any(", st.arg(storable(q.Sources)), "::text[])")
	}
	if q.Kinds != nil {
		st.and("f.kind <> '' and f.kind = any(", st.arg(storable(q.Kinds)), "::text[])")
	}
	if q.IDs != nil {
		st.and("f.idset = any(array(", setsOf(st, q.IDs), "))") // an array is looked up in the index, even while the tables are small
	}
	if !q.From.IsZero() {
		st.and("f.at >= ", st.arg(micros(q.From)))
	}
	if !q.To.IsZero() {
		st.and("f.at < ", st.arg(micros(q.To)))
	}
	after(st, q)
	v.visible(st, q.Keys == nil && q.IDs == nil)
}

// after adds the condition of q.After. The texts in it may be any bytes, so they are
// compared as bytes; the instant alone stands first for the sake of the index.
func after(st *statement, q storage.Query) {
	if q.After.IsZero() {
		return
	}
	us := micros(q.After.At)
	at := st.arg(us)
	if !time.UnixMicro(us).Equal(q.After.At) { // between two instants that a fact may have
		if q.Desc {
			st.and("f.at < ", at)
		} else {
			st.and("f.at >= ", at)
		}
		return
	}
	than := " > "
	if q.Desc {
		than = " < "
	}
	source, id := st.arg([]byte(q.After.Source)), st.arg([]byte(q.After.ID))
	st.and("f.at", than[:2], "= ", at, " and (f.at", than, at,
		" or (convert_to(f.source, 'UTF8'), convert_to(f.id, 'UTF8'), f.class)", than, "(", source, "::bytea, ", id, "::bytea, ", st.arg(int16(q.After.Class)), "::smallint))")
}

// page adds the order and the limit of q.
func page(st *statement, q storage.Query) {
	order := " order by f.at, f.source, f.id, f.class"
	if q.Desc {
		order = " order by f.at desc, f.source desc, f.id desc, f.class desc"
	}
	st.text.WriteString(order)
	if q.Limit > 0 {
		st.text.WriteString(" limit " + st.arg(int64(q.Limit)))
	}
}

// storable leaves out what no column can hold, and what therefore matches nothing.
func storable[T ~string](list []T) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		if s := string(v); utf8.ValidString(s) && !strings.Contains(s, "\x00") {
			out = append(out, s)
		}
	}
	return out
}

// setsOf selects the sets that name one of ids. The list is hidden from the planner, who
// would else make a plan for each length of it.
func setsOf(st *statement, ids []identity.ID) string {
	return "select m.idset from {}member m where m.ident in (select unnest((select " + st.arg(idents(ids)) + "::uuid[])))"
}

func idents(ids []identity.ID) []pgtype.UUID {
	list := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		list[i] = uuid(storage.HashID(id))
	}
	return list
}

// micros rounds an instant up to the microsecond, and holds it to what a column holds.
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
