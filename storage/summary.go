package storage

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// A Summary is a derived row of one subject, kept for speed and thrown away at any time.
// Instants are cut to the microsecond, the zero one is "never"; Value is in minor units.
type Summary struct {
	Subject              [16]byte
	IDs                  []identity.ID
	Stage                string
	Entered, First, Last time.Time
	Touches, Value       int64
	Account              [16]byte
	Body                 []byte
}

// A SummaryQuery selects summaries; its fields are and-ed, zero and nil ones are no
// condition. Rows come in the order (Last, Subject).
type SummaryQuery struct {
	Stages        []string
	LastBefore    time.Time // Last < LastBefore
	LastFrom      time.Time // Last ≥ LastFrom
	EnteredBefore time.Time // Entered < EnteredBefore
	Account       [16]byte
	IDs           []identity.ID // rows that name at least one
	Limit         int           // 0 = all
}

// AppendIDs appends identifiers to b in the encoding of facts; it is for authors of stores.
func AppendIDs(b []byte, ids []identity.ID) []byte {
	for _, id := range ids {
		b = appendID(b, id)
	}
	return b
}

// ReadIDs reads what [AppendIDs] wrote, nil for nothing; other bytes are a *CorruptError.
func ReadIDs(b []byte) (ids []identity.ID, err error) {
	for c := (codec{mode: reading, s: string(b)}); c.i < len(b); {
		ids = append(ids, c.readID())
		if c.reason != "" {
			return nil, &CorruptError{"identifiers", int64(c.i)}
		}
	}
	return ids, nil
}

// A Summarizer keeps derived rows beside the facts. No result may differ with or without.
// A model names a stage model, its version and the fingerprint of the configuration.
//
// An erasure deletes each row that names an identifier of a fact that it removed or
// redacted. Where facts with an identifier of such a row are left, the row has to be made
// again, and nothing in Changes says so: the cursors of its models go back to zero.
//
// A refresher that has read somebody's facts may be overtaken by their erasure, and must
// not put them back. Therefore the commit of an erasure makes every cursor stale that
// SummaryCursor gave out before, of all models, whether rows were deleted or not: the place
// stays, and the cursor that names it is another. A refresher asks for the cursor first,
// then reads facts, then puts rows; what it read was there when they were put. A crash
// between these steps leaves nothing. See [MarkCursor].
type Summarizer interface {
	// PutSummaries moves the model's cursor from from to to, deletes each row that names an
	// identifier of of or of rows, and inserts rows: one atomic step. It is ErrStale unless
	// SummaryCursor would give out from in that step: another put or an erasure came between.
	PutSummaries(ctx context.Context, model string, from, to Cursor, of []identity.ID, rows []Summary) error
	// Summaries yields rows in the order (Last, Subject).
	Summaries(ctx context.Context, model string, q SummaryQuery) iter.Seq2[Summary, error]
	// SummaryCursor returns up to where the rows are complete: the place that was put last,
	// as a cursor that Changes takes as well.
	SummaryCursor(ctx context.Context, model string) (Cursor, error)
	// CountSummaries counts rows by stage; Limit is not looked at.
	CountSummaries(ctx context.Context, model string, q SummaryQuery) (map[string]int64, error)
}

// MarkCursor returns the cursor of a model as SummaryCursor gives it out in a store that
// has committed so many erasures: itself before the first. It is for authors of stores,
// who keep the number with what they read it with, and compare marked cursors.
func MarkCursor(c Cursor, erasures int64) Cursor {
	if erasures == 0 {
		return c
	}
	return Cursor{c.text + "!" + strconv.FormatInt(erasures, 10)}
}

// UnmarkCursor returns the cursor that [MarkCursor] marked, any other as it is: what
// PutSummaries keeps of to, and what Changes reads.
func UnmarkCursor(c Cursor) Cursor {
	i := strings.LastIndexByte(c.text, '!')
	if i < 0 {
		return c
	}
	if n, err := strconv.ParseInt(c.text[i+1:], 10, 64); err != nil || n < 0 || MarkCursor(Cursor{c.text[:i]}, n) != c {
		return c
	}
	return Cursor{c.text[:i]}
}
