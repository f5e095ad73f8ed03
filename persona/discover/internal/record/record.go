package record

import (
	"encoding/binary"
	"math"
)

// Limits.
const (
	MaxCells = 256     // of a row
	MaxText  = 1 << 10 // bytes of a name or a text
	maxID    = 512
)

// A Record is a row: its known cells by name.
type Record struct {
	ID      string
	Outcome byte // up to MaxOutcome
	Cells   []Cell
}

// MaxOutcome is the last outcome.
const MaxOutcome = 2

// A Cell is a known cell.
type Cell struct {
	Name string
	Late bool // observed after the row began
	Value
}

// Check returns what is wrong with a record, and in which column; "" if nothing is.
func (r *Record) Check() (column, reason string) {
	switch {
	case len(r.ID) > maxID:
		return "", "id is too long"
	case len(r.Cells) > MaxCells:
		return "", "too many cells"
	case r.Outcome > MaxOutcome:
		return "", "no such outcome"
	}
	for i, c := range r.Cells {
		switch {
		case c.Name == "" || len(c.Name) > MaxText:
			return "", "a cell has no name, or too long a name"
		case i > 0 && r.Cells[i-1].Name >= c.Name:
			return c.Name, "twice in a row"
		case len(c.Text) > MaxText:
			return c.Name, "text is too long"
		case c.Form > True, c.Form == Text && c.Text == "",
			c.Form == Number && !(c.Lo <= c.Hi && c.Lo >= -math.MaxFloat64):
			return c.Name, "no such value"
		}
	}
	return "", ""
}

// lateBit is added to the form of a late cell.
const lateBit = 1 << 7

// Encode returns the bytes of a record, the same for the same.
func (r *Record) Encode() []byte {
	b := appendText(nil, r.ID)
	b = append(b, r.Outcome)
	b = binary.AppendUvarint(b, uint64(len(r.Cells)))
	for _, c := range r.Cells {
		b = appendText(b, c.Name)
		if c.Late {
			b = append(b, byte(c.Form)|lateBit)
		} else {
			b = append(b, byte(c.Form))
		}
		switch c.Form {
		case Text:
			b = appendText(b, c.Text)
		case Number:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.Lo))
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.Hi))
		}
	}
	return b
}

// Decode reads what Encode writes of a record with an ID, and nothing else.
func Decode(row string) (*Record, bool) {
	d := decoder{b: []byte(row)}
	r := &Record{ID: d.text(), Outcome: d.byte()}
	for n := d.uint(); n > 0 && !d.bad; n-- {
		c := Cell{Name: d.text()}
		b := d.byte()
		c.Late, c.Form = b&lateBit != 0, Form(b&^lateBit)
		switch c.Form {
		case Text:
			c.Text = d.text()
		case Number:
			c.Lo, c.Hi = d.float(), d.float()
		}
		r.Cells = append(r.Cells, c)
	}
	_, fault := r.Check()
	return r, !d.bad && r.ID != "" && fault == "" && string(r.Encode()) == row
}
