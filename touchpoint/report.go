package touchpoint

import (
	"cmp"
	"slices"
	"strconv"
	"sync"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A Report counts what cleaning did, by source and field. The zero Report is ready; a nil
// one counts nothing. Safe for concurrent use.
type Report struct {
	mu       sync.Mutex // guards both maps
	rows     map[[2]string]*Cleaning
	unmapped map[[2]string]int
}

// maxReported bounds the rows of a report, and the values that no vocabulary knew; what
// comes later is counted under "(other)".
const maxReported = 10_000

// A Cleaning is one row of a [Report]: how many values of a field said nothing and were
// taken out, were cleaned, were mapped by a vocabulary, or were filled from the kind.
type Cleaning struct {
	Source, Field                  string
	Nulls, Cleaned, Mapped, Filled int
}

// An Unmapped is a value that no vocabulary knows, and how often it came.
type Unmapped struct {
	Field, Value string
	Count        int
}

type deed uint8

const (
	nulled deed = iota
	cleaned
	mapped
	filled
)

func (r *Report) count(source, field string, d deed, n int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		r.rows = make(map[[2]string]*Cleaning)
	}
	k := [2]string{source, field}
	row := r.rows[k]
	if row == nil {
		if len(r.rows) >= maxReported {
			k[0] = "(other)"
		}
		if row = r.rows[k]; row == nil {
			row = &Cleaning{Source: k[0], Field: field}
			r.rows[k] = row
		}
	}
	switch d {
	case nulled:
		row.Nulls += n
	case cleaned:
		row.Cleaned += n
	case mapped:
		row.Mapped += n
	case filled:
		row.Filled += n
	}
}

func (r *Report) unknown(field, value string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unmapped == nil {
		r.unmapped = make(map[[2]string]int)
	}
	k := [2]string{field, value}
	if _, ok := r.unmapped[k]; !ok && len(r.unmapped) >= maxReported {
		k[1] = "(other)"
	}
	r.unmapped[k]++
}

// Rows returns the counts, sorted by source and field.
func (r *Report) Rows() []Cleaning {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := make([]Cleaning, 0, len(r.rows))
	for _, row := range r.rows {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b Cleaning) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Field, b.Field))
	})
	return rows
}

// Unmapped returns the values that no vocabulary knows, the most frequent first, then by
// field and value. A channel is always looked at, another field only where the vocabulary
// has rows for it.
func (r *Report) Unmapped() []Unmapped {
	r.mu.Lock()
	defer r.mu.Unlock()
	us := make([]Unmapped, 0, len(r.unmapped))
	for k, n := range r.unmapped {
		us = append(us, Unmapped{k[0], k[1], n})
	}
	slices.SortFunc(us, func(a, b Unmapped) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Field, b.Field), cmp.Compare(a.Value, b.Value))
	})
	return us
}

// AppendJSON appends the report as one JSON object: fields, the rows of [Report.Rows], and
// unmapped, those of [Report.Unmapped].
func (r *Report) AppendJSON(b []byte) []byte {
	b = append(b, `{"fields":[`...)
	for i, c := range r.Rows() {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonscan.AppendQuoted(append(b, `{"source":`...), c.Source)
		b = appendText(b, "field", c.Field)
		b = appendCount(b, "nulls", c.Nulls)
		b = appendCount(b, "cleaned", c.Cleaned)
		b = appendCount(b, "mapped", c.Mapped)
		b = append(appendCount(b, "filled", c.Filled), '}')
	}
	b = append(b, `],"unmapped":[`...)
	for i, u := range r.Unmapped() {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonscan.AppendQuoted(append(b, `{"field":`...), u.Field)
		b = append(appendCount(appendText(b, "value", u.Value), "count", u.Count), '}')
	}
	return append(b, "]}"...)
}

func appendCount(b []byte, key string, n int) []byte {
	b = append(append(append(b, ',', '"'), key...), '"', ':')
	return strconv.AppendInt(b, int64(n), 10)
}
