package touchpoint

import (
	"io"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A csvReader knows what each column of a file is.
type csvReader struct {
	rows    *csvScanner
	json    jsonParser
	rec     record
	columns []column
	others  []int    // columns that become props, sorted by name
	quoted  []string // their names as canonical JSON
}

type column struct {
	name string
	typ  identity.Type // of an id column
	kind columnKind
}

type columnKind uint8

const (
	fieldColumn columnKind = iota
	campaignColumn
	idColumn
	propsColumn
	otherColumn
)

func newCSVReader(r io.Reader) (*csvReader, error) {
	c := &csvReader{rows: newCSVScanner(r)}
	header, err := c.rows.header()
	if err != nil {
		return nil, err
	}
	for i, name := range header {
		col := column{name: name}
		campaign, isCampaign := strings.CutPrefix(name, "campaign.")
		typ, isID := strings.CutPrefix(name, "id.")
		var known record
		if text, _ := known.field(name); text == nil {
			switch {
			case isCampaign && known.campaignField(campaign) != nil:
				col.kind, col.name = campaignColumn, campaign
			case isID:
				col.kind, col.typ = idColumn, identity.Type(typ)
			case name == "props":
				col.kind = propsColumn
			default:
				col.kind = otherColumn
				c.others = append(c.others, i)
			}
		}
		c.columns = append(c.columns, col)
	}
	slices.SortFunc(c.others, func(a, b int) int { return strings.Compare(header[a], header[b]) })
	for _, i := range c.others {
		c.quoted = append(c.quoted, string(jsonscan.AppendQuoted(nil, header[i])))
	}
	return c, nil
}

// next reads one touch. Errors are those of csvScanner.next, and of the record.
func (c *csvReader) next(o *Options) (Touch, error) {
	row, err := c.rows.next()
	if err != nil {
		return Touch{}, err
	}
	c.rec = record{}
	r := &c.rec
	for i, cell := range row {
		col := &c.columns[i]
		if col.kind == fieldColumn || col.kind == campaignColumn {
			cell = strings.Trim(cell, " \t") // hand-made tables have blanks behind their commas
		}
		if cell == "" {
			continue
		}
		cell = unguard(cell)
		switch col.kind {
		case fieldColumn:
			text, _ := r.field(col.name)
			*text = cell
		case campaignColumn:
			*r.campaignField(col.name) = cell
		case idColumn:
			err = r.readIDCell(o, col, cell)
		case propsColumn:
			if !o.nullName(cell) {
				r.Props, err = c.json.parseProps(cell)
			}
		}
		if err != nil {
			return Touch{}, err
		}
	}
	if len(c.others) > 0 {
		if err := c.addOthers(r, row); err != nil {
			return Touch{}, err
		}
	}
	return r.finish(Touch{}, o)
}

func (r *record) readIDCell(o *Options, col *column, cell string) error {
	for cell != "" {
		var raw string
		raw, cell = cutIDs(cell)
		if raw == "" {
			continue
		}
		id, err := o.rules().ID(col.typ, raw)
		if err != nil {
			return idError(err, col.name, col.name)
		}
		if r.IDs == nil {
			r.IDs = make([]identity.ID, 0, 4)
		}
		r.IDs = append(r.IDs, id)
	}
	return nil
}

// cutIDs cuts the first value off a cell of values joined by |, where \| and \\ are escapes.
func cutIDs(cell string) (value, rest string) {
	i := strings.IndexAny(cell, `|\`)
	if i < 0 {
		return cell, ""
	}
	var b []byte
	for i = 0; i < len(cell) && cell[i] != '|'; i++ {
		if cell[i] == '\\' && i+1 < len(cell) && (cell[i+1] == '|' || cell[i+1] == '\\') {
			i++
		}
		b = append(b, cell[i])
	}
	if i < len(cell) {
		return string(b), cell[i+1:]
	}
	return string(b), ""
}

// addOthers makes text props of the columns that are no field.
func (c *csvReader) addOthers(r *record, row []string) error {
	if r.Props.IsZero() {
		b := []byte{'{'}
		for n, i := range c.others {
			if row[i] != "" {
				b = appendMember(b, c.quoted[n], string(jsonscan.AppendQuoted(nil, unguard(row[i]))))
			}
		}
		r.Props = propsOf(string(append(b, '}')))
		return nil
	}
	for _, i := range c.others {
		name := c.columns[i].name
		if row[i] == "" {
			continue
		}
		if r.Props.hasKeyLike(name) {
			return &InvalidError{"props", DuplicateKey}
		}
		r.Props = r.Props.SetText(name, unguard(row[i]))
	}
	return nil
}

// guarded reports whether a spreadsheet could take a text cell for a formula, so that it
// is written behind an apostrophe; an apostrophe before such a text counts as well, so
// that reading takes off exactly what writing put on.
func guarded(s string) bool {
	s = strings.TrimLeft(s, "'")
	for _, r := range s {
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠':
			return true
		}
		if r != '\n' && !blank(r) {
			return false
		}
	}
	return false
}

// unguard takes the apostrophe off.
func unguard(cell string) string {
	if cell[0] == '\'' && guarded(cell) {
		return cell[1:]
	}
	return cell
}
