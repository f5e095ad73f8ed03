package csvmap

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// Parse reads a mapping. The error names the key that is unknown, missing or wrong.
func Parse(data []byte) (*Mapping, error) {
	var doc jsonscan.Doc
	root, err := doc.Parse(string(data), jsonscan.Limits{})
	var se *jsonscan.Error
	if errors.As(err, &se) {
		line := 1 + strings.Count(string(data[:min(se.Offset, len(data))]), "\n")
		return nil, fmt.Errorf("csvmap: line %d: %s", line, se.Reason)
	}
	p := &parser{m: &Mapping{}}
	p.mapping(root)
	if p.err != nil {
		return nil, p.err
	}
	return p.m, nil
}

// A parser builds a mapping and keeps the first error.
type parser struct {
	m   *Mapping
	err error
}

func (p *parser) fail(path, format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("csvmap: %s: %s", path, fmt.Sprintf(format, args...))
	}
}

// object walks the members of v and refuses one that no case of known takes.
func (p *parser) object(v jsonscan.Value, path string, known func(key string, v jsonscan.Value) bool) {
	if v.Kind() != jsonscan.Object {
		p.fail(path, "not an object")
		return
	}
	for m := v.First(); m.OK() && p.err == nil; m = m.Next() {
		if !known(m.Key(), m) {
			p.fail(join(path, m.Key()), "unknown key")
		}
	}
}

func join(path, key string) string {
	if path == "mapping" {
		return key
	}
	return path + "." + key
}

func (p *parser) mapping(root jsonscan.Value) {
	m := p.m
	p.object(root, "mapping", func(key string, v jsonscan.Value) bool {
		switch key {
		case "source":
			if v.Kind() == jsonscan.String {
				m.source = &field{constant: v.Text(), isConst: true}
			} else {
				m.source = p.field(v, key)
			}
		case "emit":
			switch v.Text() {
			case "touch":
			case "merge":
				m.emit = emitMerge
			case "relation":
				m.emit = emitRelation
			case "canonical":
				m.emit = emitCanonical
			default:
				p.fail(key, "must be touch, merge, relation or canonical")
			}
		case "where":
			for e, i := range p.elements(v, key) {
				m.where = append(m.where, p.condition(e, fmt.Sprintf("where[%d]", i)))
			}
		case "id":
			m.id = p.field(v, key)
		case "at":
			m.at = p.timeField(v, key)
		case "kind":
			m.kind = p.field(v, key)
		case "touchpoint":
			m.touchpoint = p.field(v, key)
		case "stage":
			m.stage = p.field(v, key)
		case "channel":
			m.channel = p.field(v, key)
		case "direction":
			m.direction = p.field(v, key)
		case "offline":
			m.offline = p.field(v, key)
		case "sentiment":
			m.sentiment = p.field(v, key)
		case "currency":
			m.currency = p.field(v, key)
		case "cost":
			m.cost = p.amountField(v, key)
		case "value":
			m.value = p.amountField(v, key)
		case "ids":
			for e, i := range p.elements(v, key) {
				if f := p.idField(e, fmt.Sprintf("ids[%d]", i)); f != nil {
					m.ids = append(m.ids, *f)
				}
			}
		case "participants":
			m.participants = p.idField(v, key)
		case "props":
			p.props(v)
		case "person":
			m.person = p.idField(v, key)
		case "account":
			m.account = p.idField(v, key)
		case "role":
			m.role = p.field(v, key)
		case "primary":
			m.primary = p.field(v, key)
		case "from":
			m.from = p.timeField(v, key)
		case "to":
			m.to = p.timeField(v, key)
		default:
			name, ok := strings.CutPrefix(key, "campaign.")
			i := slices.Index(campaignKeys[:], name)
			if !ok || i < 0 {
				return false
			}
			m.campaign[i] = p.field(v, key)
		}
		return true
	})
	p.complete()
}

// complete checks what a mapping must have.
func (p *parser) complete() {
	m := p.m
	switch m.emit {
	case emitRelation:
		switch {
		case m.person == nil:
			p.fail("person", "required for relations")
		case m.account == nil:
			p.fail("account", "required for relations")
		}
		return
	case emitCanonical:
		if len(m.columns) > 0 || len(m.props) > 0 || m.rest {
			p.fail("emit", "canonical tables need no mapping")
		}
		return
	case emitMerge:
		if len(m.ids) != 2 || m.ids[0].typ != m.ids[1].typ {
			p.fail("ids", "a merge needs two of one type")
		}
	default:
		if m.kind == nil {
			p.fail("kind", "required")
		} else {
			p.kinds(m.kind)
		}
		if len(m.ids) == 0 && m.participants == nil {
			p.fail("ids", "required")
		}
		if m.person != nil || m.account != nil {
			p.fail("person", "only for relations")
		}
	}
	if m.at == nil {
		p.fail("at", "required")
	}
}

var kindName = regexp.MustCompile(`^([a-z][a-z0-9_]{0,63})?$`)

// kinds refuses a word for a kind that can be none.
func (p *parser) kinds(f *field) {
	for _, k := range slices.Concat([]string{f.constant, f.otherwise, f.fallback}, slices.Sorted(maps.Values(f.mapping))) {
		if !kindName.MatchString(k) {
			p.fail("kind", "%q is no name of a kind", k)
		}
	}
}

// elements walks an array with the indexes.
func (p *parser) elements(v jsonscan.Value, path string) func(func(jsonscan.Value, int) bool) {
	return func(yield func(jsonscan.Value, int) bool) {
		if v.Kind() != jsonscan.Array {
			p.fail(path, "not an array")
			return
		}
		i := 0
		for e := v.First(); e.OK() && p.err == nil; e = e.Next() {
			if !yield(e, i) {
				return
			}
			i++
		}
	}
}

func (p *parser) text(v jsonscan.Value, path string) string {
	if v.Kind() != jsonscan.String {
		p.fail(path, "not a text")
	}
	return v.Text()
}

func (p *parser) texts(v jsonscan.Value, path string) []string {
	if v.Kind() == jsonscan.String {
		return []string{v.Text()}
	}
	var out []string
	for e, i := range p.elements(v, path) {
		out = append(out, p.text(e, fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

// column returns the place of a column among those that the mapping reads.
func (p *parser) column(name string, optional bool) int {
	i := slices.IndexFunc(p.m.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		i = len(p.m.columns)
		p.m.columns = append(p.m.columns, column{name, true})
	}
	if !optional {
		p.m.columns[i].optional = false
	}
	return i
}

// field reads the name of a column or an object of the keys that every field knows.
func (p *parser) field(v jsonscan.Value, path string) *field {
	return p.fieldWith(v, path, nil)
}

// fieldWith is field with further keys, which more takes.
func (p *parser) fieldWith(v jsonscan.Value, path string, more func(key string, v jsonscan.Value) bool) *field {
	f := &field{}
	if v.Kind() == jsonscan.String {
		f.cols = []int{p.column(v.Text(), false)}
		return f
	}
	var names []string
	optional := v.Get("optional").True()
	sources := 0
	p.object(v, path, func(key string, v jsonscan.Value) bool {
		at := join(path, key)
		switch key {
		case "col":
			sources++
			names = []string{p.text(v, at)}
		case "cols":
			sources++
			if names = p.texts(v, at); len(names) == 0 {
				p.fail(at, "empty")
			}
		case "first":
			sources++
			if names, f.first = p.texts(v, at), true; len(names) == 0 {
				p.fail(at, "empty")
			}
		case "const":
			sources++
			f.constant, f.isConst = p.text(v, at), true
		case "lookup":
			sources++
			f.lookup = p.lookup(v, at)
		case "map":
			f.mapping = make(map[string]string, v.Len())
			p.replacements(f, v, at)
		case "else":
			f.otherwise, f.hasElse = p.text(v, at), true
		case "default":
			f.fallback = p.text(v, at)
		case "split":
			f.split = p.text(v, at)
		case "prefix":
			f.prefix = p.text(v, at)
		case "normalize":
			if p.text(v, at) != "salesforce_id" {
				p.fail(at, "unknown; there is salesforce_id")
			}
			f.salesforce = true
		case "optional":
			if v.Kind() != jsonscan.Bool {
				p.fail(at, "must be true or false")
			}
		default:
			return more != nil && more(key, v)
		}
		return true
	})
	if sources != 1 && p.err == nil {
		p.fail(path, "needs one of col, cols, first, const and lookup")
	}
	for _, n := range names {
		f.cols = append(f.cols, p.column(n, optional))
	}
	return f
}

// replacements reads what map says: an object, or several in an array, since the keys of
// one object differ by more than case.
func (p *parser) replacements(f *field, v jsonscan.Value, path string) {
	if v.Kind() == jsonscan.Array {
		for e, i := range p.elements(v, path) {
			p.replacements(f, e, fmt.Sprintf("%s[%d]", path, i))
		}
		return
	}
	p.object(v, path, func(key string, v jsonscan.Value) bool {
		f.mapping[key] = p.text(v, join(path, key))
		return true
	})
}

func (p *parser) lookup(v jsonscan.Value, path string) *lookup {
	l := &lookup{}
	on := ""
	p.object(v, path, func(key string, v jsonscan.Value) bool {
		switch s := p.text(v, join(path, key)); key {
		case "table":
			l.table = s
		case "key":
			l.key = s
		case "on":
			on = s
		case "col":
			l.col = s
		default:
			return false
		}
		return true
	})
	if l.table == "" || l.key == "" || on == "" || l.col == "" {
		p.fail(path, "needs table, key, on and col")
		return l
	}
	l.on = p.column(on, false)
	return l
}

func (p *parser) idField(v jsonscan.Value, path string) *idField {
	f := &idField{}
	f.field = p.fieldWith(v, path, func(key string, v jsonscan.Value) bool {
		if key != "type" {
			return false
		}
		f.typ = identity.Type(p.text(v, join(path, key)))
		return true
	})
	if f.typ == "" {
		p.fail(path, "needs a type")
	}
	return f
}

func (p *parser) amountField(v jsonscan.Value, path string) *amountField {
	f := &amountField{decimal: "."}
	f.field = p.fieldWith(v, path, func(key string, v jsonscan.Value) bool {
		switch at := join(path, key); key {
		case "currency":
			f.currency = p.field(v, at)
		case "decimal":
			f.decimal = p.text(v, at)
		case "group":
			f.group = p.text(v, at)
		case "strip":
			f.strip = p.texts(v, at)
		default:
			return false
		}
		return true
	})
	if f.decimal == "" || f.decimal == f.group {
		p.fail(path, "decimal and group must differ and decimal be given")
	}
	return f
}

func (p *parser) props(v jsonscan.Value) {
	if v.Kind() == jsonscan.String {
		if p.m.rest = v.Text() == "rest"; !p.m.rest {
			p.fail("props", `must be an object or "rest"`)
		}
		return
	}
	p.object(v, "props", func(key string, v jsonscan.Value) bool {
		f := propField{name: key}
		at := "props." + key
		if _, err := touchpoint.Clean(key); err != nil || key == "" {
			p.fail("props", "a key that is no name")
		}
		if v.Get("span").OK() {
			p.span(&f, v, at)
		} else {
			f.field = p.fieldWith(v, at, func(key string, v jsonscan.Value) bool {
				switch s := p.text(v, join(at, key)); key {
				case "scale":
					i := slices.Index(scaleNames, s)
					if i < 0 {
						p.fail(join(at, key), "must be one of %s", strings.Join(scaleNames, ", "))
					}
					f.scale = scale(i + 1)
				case "as":
					i := slices.Index(asNames, s)
					if i < 0 {
						p.fail(join(at, key), "must be one of %s", strings.Join(asNames, ", "))
					}
					f.as = as(i)
				default:
					return false
				}
				return true
			})
		}
		p.m.props = append(p.m.props, f)
		return true
	})
}

// span reads {"span": [from, to]}: the seconds between two columns.
func (p *parser) span(f *propField, v jsonscan.Value, path string) {
	p.object(v, path, func(key string, v jsonscan.Value) bool {
		if key != "span" {
			return false
		}
		for e, i := range p.elements(v, join(path, key)) {
			if i < 2 {
				f.span[i] = p.timeField(e, fmt.Sprintf("%s.span[%d]", path, i))
			}
		}
		if v.Len() != 2 {
			p.fail(path, "span needs two columns")
		}
		return true
	})
}
