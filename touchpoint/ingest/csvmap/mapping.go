package csvmap

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// A Mapping says which column of a table becomes which field of a touch. Make one with
// [Parse] or [Preset]. Unchanged after construction and safe for concurrent use.
type Mapping struct {
	emit    emit
	columns []column // what the mapping reads, in the order of first use
	where   []condition
	rest    bool // props are all columns that nothing else reads

	source, id, kind, touchpoint, stage, channel *field
	direction, offline, sentiment, currency      *field
	campaign                                     [6]*field // in the order of campaignKeys
	at                                           *timeField
	cost, value                                  *amountField
	ids                                          []idField
	participants                                 *idField
	props                                        []propField

	person, account *idField // of a relation
	role, primary   *field
	from, to        *timeField

	tables map[string]table // side tables read so far, by name
}

var _ ingest.Mapper = (*Mapping)(nil)

// A column is one column that a mapping reads.
type column struct {
	name     string
	optional bool
}

type emit uint8

const (
	emitTouch emit = iota
	emitMerge
	emitRelation
	emitCanonical // the table is canonical touches already
)

var campaignKeys = [6]string{"source", "medium", "name", "term", "content", "id"}

// An idField is an identifier: its type and where its values come from.
type idField struct {
	typ identity.Type
	*field
}

// A ColumnError says that a table lacks a column that the mapping reads.
type ColumnError struct {
	Table  string // "" for the main table
	Column string
}

// Error names the column.
func (e *ColumnError) Error() string {
	if e.Table != "" {
		return fmt.Sprintf("csvmap: table %q has no column %q", e.Table, e.Column)
	}
	return fmt.Sprintf("csvmap: the table has no column %q", e.Column)
}

// Tables returns the names of the side tables that the mapping looks things up in,
// sorted. One that is not given has no rows.
func (m *Mapping) Tables() []string {
	names := map[string]bool{}
	for _, f := range m.fields() {
		if f.lookup != nil {
			names[f.lookup.table] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// WithTable returns a copy of the mapping that knows the side table of that name, read
// once from r: CSV with a header, at most a million rows. It is an error if the mapping
// reads no such table, and a [*ColumnError] if a column is missing.
func (m *Mapping) WithTable(name string, r io.Reader) (*Mapping, error) {
	t, err := m.readTable(name, r)
	if err != nil {
		return nil, err
	}
	c := *m
	c.tables = maps.Clone(m.tables)
	if c.tables == nil {
		c.tables = make(map[string]table)
	}
	c.tables[name] = t
	return &c, nil
}

// Decoder returns a decoder of tables of this shape. It is an error if o makes no sense,
// or if its rules do not know a type of identifier of the mapping.
func (m *Mapping) Decoder(o *ingest.Options) (ingest.Decoder, error) {
	source := "csv"
	if m.emit == emitCanonical {
		source = "" // such a table names its sources
	}
	desk, err := ingest.NewDesk(source, o)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(m.ids)
	for _, f := range []*idField{m.participants, m.person, m.account} {
		if f != nil {
			all = append(all, *f)
		}
	}
	for _, f := range all {
		if err := desk.CheckType(f.typ); err != nil {
			return nil, err
		}
	}
	return &decoder{m: m, desk: desk}, nil
}

// fields returns all fields of the mapping.
func (m *Mapping) fields() []*field {
	all := []*field{m.source, m.id, m.kind, m.touchpoint, m.stage, m.channel, m.direction,
		m.offline, m.sentiment, m.currency, m.role, m.primary}
	all = append(all, m.campaign[:]...)
	for _, t := range []*timeField{m.at, m.from, m.to} {
		if t != nil {
			all = append(all, t.field)
		}
	}
	for _, a := range []*amountField{m.cost, m.value} {
		if a != nil {
			all = append(all, a.field, a.currency)
		}
	}
	for _, i := range m.ids {
		all = append(all, i.field)
	}
	for _, i := range []*idField{m.participants, m.person, m.account} {
		if i != nil {
			all = append(all, i.field)
		}
	}
	for _, p := range m.props {
		all = append(all, p.field)
	}
	return slices.DeleteFunc(all, func(f *field) bool { return f == nil })
}
