package storage

import (
	"context"
	"iter"
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
// A refresher that has read somebody's facts may be overtaken by the erasure of all of
// them. It therefore looks into Changes after it has put rows, and where an Erased fact has
// come since it began, it reads the people of these rows again.
type Summarizer interface {
	// PutSummaries moves the model's cursor from from to to, else ErrStale, deletes each row
	// that names an identifier of of or of rows, and inserts rows: one atomic step.
	PutSummaries(ctx context.Context, model string, from, to Cursor, of []identity.ID, rows []Summary) error
	// Summaries yields rows in the order (Last, Subject).
	Summaries(ctx context.Context, model string, q SummaryQuery) iter.Seq2[Summary, error]
	// SummaryCursor returns up to where the rows are complete.
	SummaryCursor(ctx context.Context, model string) (Cursor, error)
	// CountSummaries counts rows by stage; Limit is not looked at.
	CountSummaries(ctx context.Context, model string, q SummaryQuery) (map[string]int64, error)
}
