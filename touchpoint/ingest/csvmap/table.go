package csvmap

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// maxRows is the number of rows of a side table, all of which are held in memory.
const maxRows = 1_000_000

// A table is a side table: for each pair of columns that something looks up, the values
// by key in file order.
type table map[pair]map[string][]string

// A pair is the column searched and the column wanted.
type pair struct{ key, col string }

func (t table) find(l *lookup, key string) []string {
	return t[pair{l.key, l.col}][strings.TrimSpace(key)]
}

// readTable reads what the mapping's look-ups want of a side table.
func (m *Mapping) readTable(name string, r io.Reader) (table, error) {
	t := table{}
	for _, f := range m.fields() {
		if f.lookup != nil && f.lookup.table == name {
			t[pair{f.lookup.key, f.lookup.col}] = map[string][]string{}
		}
	}
	if len(t) == 0 {
		return nil, fmt.Errorf("csvmap: the mapping reads no table %q", name)
	}
	s := newScanner(r, ingest.MaxMessage)
	header, err := s.header()
	if err != nil {
		return nil, fmt.Errorf("csvmap: table %q: %w", name, err)
	}
	at := map[string]int{}
	for _, p := range slices.SortedFunc(maps.Keys(t), func(a, b pair) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.col, b.col))
	}) {
		for _, c := range []string{p.key, p.col} {
			if at[c] = find(header, c); at[c] < 0 {
				return nil, &ColumnError{name, c}
			}
		}
	}
	for n := 0; ; n++ {
		row, bad, err := s.read()
		switch {
		case errors.Is(err, io.EOF):
			return t, nil
		case err != nil:
			return nil, fmt.Errorf("csvmap: table %q: %w", name, err)
		case bad == "" && len(row) != len(header):
			bad = touchpoint.Syntax
		case n >= maxRows:
			bad = touchpoint.TooMany
		}
		if bad != "" {
			return nil, fmt.Errorf("csvmap: table %q, line %d: %s", name, s.Line, bad)
		}
		for p, values := range t {
			k, v := strings.TrimSpace(row[at[p.key]]), strings.TrimSpace(row[at[p.col]])
			if k != "" && v != "" {
				values[strings.Clone(k)] = append(values[k], strings.Clone(v))
			}
		}
	}
}

// find returns the place of a column, -1 for none. A custom field of Salesforce, whose
// name ends in __c, is also found as _c, as some exporters write it.
func find(header []string, name string) int {
	for i, h := range header {
		if h == name {
			return i
		}
	}
	if short, ok := strings.CutSuffix(name, "__c"); ok {
		return find(header, short+"_c")
	}
	return -1
}
