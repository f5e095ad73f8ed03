package csvmap

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// A field is one value of a row: where it comes from and what is done to it.
type field struct {
	cols       []int // places in Mapping.columns
	first      bool  // the first that is not empty, rather than all of them joined
	constant   string
	isConst    bool
	lookup     *lookup
	mapping    map[string]string
	otherwise  string // for what mapping lacks
	hasElse    bool
	fallback   string // for the empty value
	split      string
	prefix     string
	salesforce bool
}

// A lookup takes values from the rows of a side table.
type lookup struct {
	table, key, col string
	on              int // the column of the main table
}

// A row is what a field reads: the cells by place in Mapping.columns.
type row interface{ cell(column int) string }

// raw returns the values of f before they are mapped.
func (f *field) raw(r row, tables map[string]table) []string {
	switch {
	case f.isConst:
		return []string{f.constant}
	case f.lookup != nil:
		return tables[f.lookup.table].find(f.lookup, r.cell(f.lookup.on))
	case len(f.cols) == 1:
		return []string{r.cell(f.cols[0])}
	}
	if f.first {
		for _, c := range f.cols {
			if v := strings.TrimSpace(r.cell(c)); v != "" {
				return []string{v}
			}
		}
		return nil
	}
	parts := make([]string, len(f.cols))
	for i, c := range f.cols {
		parts[i] = strings.TrimSpace(r.cell(c))
	}
	joined := strings.Join(parts, "/")
	if len(joined) == len(parts)-1 {
		joined = "" // nothing but the joints
	}
	return []string{joined}
}

// one returns the first value of f, cleaned and mapped; "" for a nil field. The error is
// a reason, such as a control character.
func (f *field) one(r row, tables map[string]table) (string, error) {
	if f == nil {
		return "", nil
	}
	if len(f.cols) == 1 { // the common case, without a slice
		return f.finish(r.cell(f.cols[0]))
	}
	for _, v := range f.raw(r, tables) {
		return f.finish(v)
	}
	return f.finish("")
}

func (f *field) finish(v string) (string, error) {
	v, err := touchpoint.Clean(v)
	if err != nil {
		return "", err
	}
	return f.replace(v), nil
}

func (f *field) replace(v string) string {
	if f.prefix != "" && !strings.HasPrefix(v, f.prefix) {
		v = ""
	}
	if f.mapping != nil {
		if to, ok := f.mapping[v]; ok {
			v = to
		} else if f.hasElse && v != "" {
			v = f.otherwise
		}
	}
	if v == "" {
		v = f.fallback
	}
	if f.salesforce {
		v = salesforceID(v)
	}
	return v
}

// each calls do with every value of f, as identifiers want them: trimmed but not cleaned,
// since it is the identifier's own rules that say what is the same.
func (f *field) each(r row, tables map[string]table, do func(string)) {
	one := func(v string) {
		if v = f.replace(strings.TrimSpace(v)); v != "" {
			do(v)
		}
	}
	if len(f.cols) == 1 && f.split == "" {
		one(r.cell(f.cols[0]))
		return
	}
	for _, v := range f.raw(r, tables) {
		if f.split == "" {
			one(v)
			continue
		}
		for part := range strings.SplitSeq(v, f.split) {
			one(part)
		}
	}
}

// salesforceID returns the 18-character form of a 15-character record id: each five
// characters give one of A–Z0–5, bit i set if character i is upper case. Anything else
// stays as it is.
func salesforceID(id string) string {
	if len(id) != 15 {
		return id
	}
	b := []byte(id)
	for i := 0; i < 15; i += 5 {
		n := 0
		for j := range 5 {
			c := id[i+j]
			switch {
			case c >= 'A' && c <= 'Z':
				n |= 1 << j
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			default:
				return id
			}
		}
		b = append(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n])
	}
	return string(b)
}
