package storage

import (
	"fmt"
	"io"
	"log/slog"
)

// What holds identifiers never prints them: each type below says what it is, for every
// verb, and as a value of slog.

// String returns the class, never a value.
func (f Fact) String() string { return f.Class().String() }

// GoString is String.
func (f Fact) GoString() string { return f.String() }

// Format prints String for every verb.
func (f Fact) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// LogValue is String as an [slog.Value].
func (f Fact) LogValue() slog.Value { return slog.StringValue(f.String()) }

// String returns the cursor and the class.
func (c Change) String() string { return c.Cursor.String() + " " + c.Fact.String() }

// GoString is String.
func (c Change) GoString() string { return c.String() }

// Format prints String for every verb.
func (c Change) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String as an [slog.Value].
func (c Change) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String says what kind of tie it is and how many identifiers it names.
func (t Tie) String() string {
	if t.Count > 0 {
		return fmt.Sprintf("%d touches of %d identifiers", t.Count, len(t.Sighting.IDs))
	}
	return Fact{Evidence: t.Evidence, Override: t.Override, Membership: t.Membership, Parent: t.Parent}.String()
}

// GoString is String.
func (t Tie) GoString() string { return t.String() }

// Format prints String for every verb.
func (t Tie) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, t.String()) }

// LogValue is String as an [slog.Value].
func (t Tie) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String returns the class and the size of the body.
func (r Row) String() string { return fmt.Sprintf("%v of %d bytes", r.Key.Class, len(r.Body)) }

// GoString is String.
func (r Row) GoString() string { return r.String() }

// Format prints String for every verb.
func (r Row) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue is String as an [slog.Value].
func (r Row) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String says how many values each condition has, never which.
func (q Query) String() string {
	return fmt.Sprintf("query of %d classes, %d keys, %d sources, %d kinds, %d identifiers", len(q.Classes), len(q.Keys), len(q.Sources), len(q.Kinds), len(q.IDs))
}

// GoString is String.
func (q Query) GoString() string { return q.String() }

// Format prints String for every verb.
func (q Query) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, q.String()) }

// LogValue is String as an [slog.Value].
func (q Query) LogValue() slog.Value { return slog.StringValue(q.String()) }

// String returns the id and what is to be done how often.
func (e Erasure) String() string {
	return fmt.Sprintf("erasure %s: %d queries, %d redactions, %d entries, %d additions", e.ID, len(e.Remove), len(e.Redact), len(e.Suppress), len(e.Add))
}

// GoString is String.
func (e Erasure) GoString() string { return e.String() }

// Format prints String for every verb.
func (e Erasure) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, e.String()) }

// LogValue is String as an [slog.Value].
func (e Erasure) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String returns the stage and how many identifiers there are.
func (r Summary) String() string {
	return fmt.Sprintf("summary of %d identifiers in stage %s", len(r.IDs), r.Stage)
}

// GoString is String.
func (r Summary) GoString() string { return r.String() }

// Format prints String for every verb.
func (r Summary) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue is String as an [slog.Value].
func (r Summary) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String says how many values each condition has, never which.
func (q SummaryQuery) String() string {
	return fmt.Sprintf("summary query of %d stages, %d identifiers", len(q.Stages), len(q.IDs))
}

// GoString is String.
func (q SummaryQuery) GoString() string { return q.String() }

// Format prints String for every verb.
func (q SummaryQuery) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, q.String()) }

// LogValue is String as an [slog.Value].
func (q SummaryQuery) LogValue() slog.Value { return slog.StringValue(q.String()) }
