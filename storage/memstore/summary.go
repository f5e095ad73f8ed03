package memstore

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

var _ storage.Summarizer = (*Store)(nil)

// summaries are the derived rows of each model.
type summaries map[string]*modelRows

type modelRows struct {
	cursor  storage.Cursor
	rows    map[[16]byte]storage.Summary
	members map[identity.ID][][16]byte // subjects whose row names the identifier
}

// PutSummaries is storage.Summarizer's.
func (s *Store) PutSummaries(ctx context.Context, model string, from, to storage.Cursor, of []identity.ID, rows []storage.Summary) error {
	if ctx == nil {
		return storage.ErrNoContext
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return err
	}
	m := s.summaries[model]
	if m == nil {
		m = &modelRows{rows: make(map[[16]byte]storage.Summary), members: make(map[identity.ID][][16]byte)}
	}
	if storage.MarkCursor(m.cursor, s.erasures) != from {
		return storage.ErrStale
	}
	m.cursor = storage.UnmarkCursor(to)
	m.drop(of)
	for _, r := range rows {
		m.drop(r.IDs)
	}
	for _, r := range rows {
		m.put(copySummary(r))
	}
	if s.summaries == nil {
		s.summaries = make(summaries)
	}
	s.summaries[model] = m
	return nil
}

func copySummary(r storage.Summary) storage.Summary {
	cut := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
	cut(&r.Entered)
	cut(&r.First)
	cut(&r.Last)
	r.IDs, r.Body = slices.Clone(r.IDs), bytes.Clone(r.Body)
	return r
}

func (m *modelRows) put(r storage.Summary) {
	m.dropRow(r.Subject)
	m.rows[r.Subject] = r
	for _, id := range r.IDs {
		m.members[id] = append(m.members[id], r.Subject)
	}
}

// drop deletes every row that names one of ids.
func (m *modelRows) drop(ids []identity.ID) {
	for _, id := range ids {
		for _, subject := range slices.Clone(m.members[id]) {
			m.dropRow(subject)
		}
	}
}

func (m *modelRows) dropRow(subject [16]byte) {
	for _, id := range m.rows[subject].IDs {
		left := slices.DeleteFunc(m.members[id], func(x [16]byte) bool { return x == subject })
		if m.members[id] = left; len(left) == 0 {
			delete(m.members, id)
		}
	}
	clear(m.rows[subject].Body)
	delete(m.rows, subject)
}

// dropSummaries deletes every row that names an identifier of these groups. Where facts of
// such a row are left, it has to be made again: the model's cursor goes back to the start.
func (s *Store) dropSummaries(groups map[uint32]bool) {
	for _, m := range s.summaries {
		for i := range groups {
			for _, id := range s.groups[i].ids {
				for _, subject := range slices.Clone(m.members[id]) {
					if slices.ContainsFunc(m.rows[subject].IDs, s.hasFacts) {
						m.cursor = storage.Cursor{}
					}
					m.dropRow(subject)
				}
			}
		}
	}
}

// hasFacts reports whether a fact that reads see names an identifier.
func (s *Store) hasFacts(id identity.ID) bool {
	return slices.ContainsFunc(s.members[id], func(i uint32) bool { return s.groups[i].count > 0 })
}

// Summaries is storage.Summarizer's.
func (s *Store) Summaries(ctx context.Context, model string, q storage.SummaryQuery) iter.Seq2[storage.Summary, error] {
	return func(yield func(storage.Summary, error) bool) {
		rows, err := s.selectSummaries(ctx, model, q)
		for _, r := range rows {
			if err = ctx.Err(); err != nil {
				break
			}
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(storage.Summary{}, err)
		}
	}
}

// selectSummaries returns copies of the rows that q selects, in order.
func (s *Store) selectSummaries(ctx context.Context, model string, q storage.SummaryQuery) ([]storage.Summary, error) {
	if _, err := s.now(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []storage.Summary
	full := false // out begins with Limit rows in order
	cut := func() {
		slices.SortFunc(out, compareSummaries)
		if full = q.Limit > 0 && len(out) >= q.Limit; full {
			out = out[:q.Limit]
		}
	}
	for r := range s.summaries[model].selected(q) {
		if full && compareSummaries(r, out[q.Limit-1]) > 0 {
			continue
		}
		if out = append(out, r); q.Limit > 0 && len(out)-q.Limit >= q.Limit {
			cut()
		}
	}
	cut()
	for i := range out {
		out[i] = copySummary(out[i])
	}
	return out, nil
}

func compareSummaries(a, b storage.Summary) int {
	return cmp.Or(a.Last.Compare(b.Last), bytes.Compare(a.Subject[:], b.Subject[:]))
}

// selected yields the rows that q selects but for its limit, in no order. They are the
// store's, and the lock is held.
func (m *modelRows) selected(q storage.SummaryQuery) iter.Seq[storage.Summary] {
	stages, ids := setOf(q.Stages), setOf(q.IDs)
	return func(yield func(storage.Summary) bool) {
		if m == nil {
			return
		}
		for _, r := range m.rows {
			switch {
			case stages != nil && !stages[r.Stage],
				!q.LastBefore.IsZero() && !r.Last.Before(q.LastBefore),
				!q.LastFrom.IsZero() && r.Last.Before(q.LastFrom),
				!q.EnteredBefore.IsZero() && !r.Entered.Before(q.EnteredBefore),
				q.Account != [16]byte{} && r.Account != q.Account,
				ids != nil && !slices.ContainsFunc(r.IDs, func(id identity.ID) bool { return ids[id] }):
				continue
			}
			if !yield(r) {
				return
			}
		}
	}
}

// SummaryCursor is storage.Summarizer's.
func (s *Store) SummaryCursor(ctx context.Context, model string) (storage.Cursor, error) {
	if _, err := s.now(ctx); err != nil {
		return storage.Cursor{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var at storage.Cursor
	if m := s.summaries[model]; m != nil {
		at = m.cursor
	}
	return storage.MarkCursor(at, s.erasures), nil
}

// CountSummaries is storage.Summarizer's.
func (s *Store) CountSummaries(ctx context.Context, model string, q storage.SummaryQuery) (map[string]int64, error) {
	if _, err := s.now(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	counts := make(map[string]int64)
	for r := range s.summaries[model].selected(q) {
		counts[r.Stage]++
	}
	return counts, nil
}
