package pgstore

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// PutSummaries is storage.Summarizer's. The row of the model's cursor is what refreshers
// wait for; erasures keep them all out.
func (s *Store) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	put := summaryColumnsOf(rows)
	return s.transact(ctx, func(conn *pgx.Conn) error {
		b := &pgx.Batch{}
		s.lock(b, false)
		b.Queue(s.sql("insert into {}summary_model (model, cursor) values ($1, '') on conflict do nothing"), model)
		b.Queue(s.sql("update {}summary_model set cursor = $3 where model = $1 and cursor || (select "+mark+" from {}meta) = $2"),
			model, from.String(), storage.UnmarkCursor(to).String())
		res := conn.SendBatch(ctx, b)
		for range b.Len() - 1 {
			if _, err := res.Exec(); err != nil {
				return errors.Join(err, res.Close())
			}
		}
		tag, err := res.Exec()
		if err := errors.Join(err, res.Close()); err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return storage.ErrStale
		}
		b = &pgx.Batch{}
		b.Queue(s.sql(dropOverlap), model, append(idents(of), put.idents...), put.subjects)
		b.Queue(s.sql(putSummaries), model, put.subjects, put.stages, put.entered, put.first, put.last, put.touches, put.values, put.accounts, put.ids, put.bodies)
		b.Queue(s.sql(putMembers), model, put.idents, put.of)
		return conn.SendBatch(ctx, b).Close()
	})
}

const (
	mark = `coalesce(nullif('!' || erase_epoch, '!0'), '')` // of storage.MarkCursor, from meta

	// The lists are hidden from the planner, as in setsOf: it would walk whole tables.
	dropOverlap = `with dead as (
  select m.subject from {}summary_member m where m.model = $1 and m.ident in (select unnest((select $2::uuid[])))
  union select unnest((select $3::uuid[]))),
members as (delete from {}summary_member m using dead where m.model = $1 and m.subject = dead.subject)
delete from {}summary y using dead where y.model = $1 and y.subject = dead.subject`
	putSummaries = `insert into {}summary (model, subject, stage, entered, first, last, touches, value, account, ids, body)
select $1, u.* from unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::uuid[], $10::bytea[], $11::bytea[]) u`
	putMembers = `insert into {}summary_member (model, ident, subject) select $1, u.* from unnest($2::uuid[], $3::uuid[]) u on conflict do nothing`
)

// summaryColumns are rows as columns; of two rows with one subject the later stays.
type summaryColumns struct {
	subjects, accounts                    []pgtype.UUID
	stages                                []string
	entered, first, last, touches, values []int64
	ids, bodies                           [][]byte
	idents, of                            []pgtype.UUID // members: identifier and subject
}

func summaryColumnsOf(rows []storage.Summary) *summaryColumns {
	c := &summaryColumns{subjects: []pgtype.UUID{}, idents: []pgtype.UUID{}}
	last := make(map[[16]byte]int, len(rows))
	for i, r := range rows {
		last[r.Subject] = i
	}
	for i, r := range rows {
		if last[r.Subject] != i {
			continue
		}
		c.subjects = append(c.subjects, uuid(r.Subject))
		c.accounts = append(c.accounts, pgtype.UUID{Bytes: r.Account, Valid: r.Account != [16]byte{}})
		c.stages = append(c.stages, r.Stage)
		c.entered, c.first, c.last = append(c.entered, r.Entered.UnixMicro()), append(c.first, r.First.UnixMicro()), append(c.last, r.Last.UnixMicro())
		c.touches, c.values = append(c.touches, r.Touches), append(c.values, r.Value)
		c.ids, c.bodies = append(c.ids, storage.AppendIDs([]byte{}, r.IDs)), append(c.bodies, append([]byte{}, r.Body...))
		for _, id := range r.IDs {
			c.idents, c.of = append(c.idents, uuid(storage.HashID(id))), append(c.of, uuid(r.Subject))
		}
	}
	return c
}

// summaryWhere adds a query's conditions on summary y.
func summaryWhere(st *statement, model string, q storage.SummaryQuery) {
	st.text.WriteString(" where y.model = " + st.arg(model))
	if stages := storable(q.Stages); len(stages) == 1 { // the index has these in order
		st.and("y.stage = ", st.arg(stages[0]))
	} else if q.Stages != nil {
		st.and("y.stage = any(", st.arg(stages), "::text[])")
	}
	if q.Account != [16]byte{} {
		st.and("y.account = ", st.arg(uuid(q.Account)))
	}
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{{"y.last < ", q.LastBefore}, {"y.last >= ", q.LastFrom}, {"y.entered < ", q.EnteredBefore}} {
		if !bound.at.IsZero() {
			st.and(bound.condition, st.arg(micros(bound.at)))
		}
	}
	if q.IDs != nil {
		st.and("y.subject in (select m.subject from {}summary_member m where m.model = y.model and m.ident in (select unnest((select ", st.arg(idents(q.IDs)), "::uuid[]))))")
	}
}

// Summaries is storage.Summarizer's.
func (s *Store) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return iterate(ctx, s, func(st *statement) error {
		st.text.WriteString("select y.subject, y.stage, y.entered, y.first, y.last, y.touches, y.value, y.account, y.ids, y.body from {}summary y")
		summaryWhere(st, model, q)
		st.text.WriteString(" order by y.last, y.subject")
		if q.Limit > 0 {
			st.text.WriteString(" limit " + st.arg(int64(q.Limit)))
		}
		return nil
	}, scanSummary)
}

func scanSummary(rows *record) (r storage.Summary, err error) {
	var subject, account pgtype.UUID
	var entered, first, last int64
	var ids, body []byte
	if err = rows.Scan(&subject, &r.Stage, &entered, &first, &last, &r.Touches, &r.Value, &account, &ids, &body); err != nil {
		return storage.Summary{}, err
	}
	r.Subject, r.Account = subject.Bytes, account.Bytes
	r.Entered, r.First, r.Last = time.UnixMicro(entered).UTC(), time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	if len(body) > 0 {
		r.Body = body
	}
	r.IDs, err = storage.ReadIDs(ids)
	return r, err
}

// SummaryCursor is storage.Summarizer's.
func (s *Store) SummaryCursor(ctx context.Context, model string) (storage.Cursor, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Cursor{}, err
	}
	var text string
	err := s.readRow(ctx, "select coalesce((select cursor from {}summary_model where model = $1), '') || "+mark+" from {}meta", []any{model}, &text)
	return storage.MakeCursor(text), err
}

// CountSummaries is storage.Summarizer's.
func (s *Store) CountSummaries(ctx context.Context, model string, q storage.SummaryQuery) (map[string]int64, error) {
	counts := make(map[string]int64)
	type count struct {
		stage string
		n     int64
	}
	for c, err := range iterate(ctx, s, func(st *statement) error {
		st.text.WriteString("select y.stage, count(*) from {}summary y")
		summaryWhere(st, model, q)
		st.text.WriteString(" group by y.stage")
		return nil
	}, func(rows *record) (c count, err error) {
		err = rows.Scan(&c.stage, &c.n)
		return c, err
	}) {
		if err != nil {
			return nil, err
		}
		counts[c.stage] = c.n
	}
	return counts, nil
}

// named notes what the facts name that the erasure removes, or that have these sets, if
// there are summaries.
func (w *erasing) named(former []pgtype.UUID) {
	if w.err != nil {
		return
	}
	rows, err := w.conn.Query(w.ctx, w.s.sql(`select distinct m.ident from {}member m where exists (select from {}summary_model)
  and m.idset in (select e.idset from {}erasing e where e.erasure = $1 union all select unnest($2::uuid[]))`), w.e.ID, notNil(former))
	if err == nil {
		w.touched, err = pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
	}
	w.err = err
}

// dropSummaries deletes each row that names one of these identifiers. Where facts of such
// a row are left it has to be made again: its model's cursor goes back to the start.
func (w *erasing) dropSummaries() {
	if len(w.touched) == 0 {
		return
	}
	w.exec(`with dead as materialized (select distinct d.model, d.subject from {}summary_member d where d.ident in (select unnest((select $1::uuid[])))),
again as (update {}summary_model set cursor = '' where model in (
  select dead.model from dead join {}summary_member x on x.model = dead.model and x.subject = dead.subject
    join {}member m on m.ident = x.ident join {}fact f on f.idset = m.idset
  where not exists (select from {}erasing e where e.key = f.key))),
members as (delete from {}summary_member x using dead where x.model = dead.model and x.subject = dead.subject)
delete from {}summary y using dead where y.model = dead.model and y.subject = dead.subject`, w.touched)
}
