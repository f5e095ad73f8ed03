package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// outputs is what was taken in, and where it goes.
type outputs struct {
	file      string // being read
	touches   []touchpoint.Touch
	overrides []identity.Override
	relations []identity.Membership
	consents  []touchpoint.Consent
	files     []*os.File
	dead      *bufio.Writer
}

// create makes an output file.
func (p *program) create(name string) (*bufio.Writer, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, &input.UsageError{Err: err}
	}
	p.out.files = append(p.out.files, f)
	return bufio.NewWriter(f), nil
}

// letter is a dead letter as it is written.
type letter struct {
	File   string   `json:"file"`
	Index  int      `json:"index"`
	Line   int      `json:"line"`
	Source string   `json:"source"`
	Reason string   `json:"reason"`
	Field  string   `json:"field"`
	Fields []string `json:"fields"`
	Raw    string   `json:"raw,omitempty"`
}

// open opens the file of dead letters, which are written as they come.
func (p *program) open() (err error) {
	p.intake.Format = p.from
	if p.dead == "" {
		return nil
	}
	if p.out.dead, err = p.create(p.dead); err != nil {
		return err
	}
	write := func(l ingest.DeadLetter, raw []byte) error {
		out := letter{p.out.file, l.Index, l.Line, cmp.Or(l.Source, p.o.Source), string(l.Reason), l.Field, l.Fields, string(raw)}
		if l.Status == touchpoint.Conflict {
			out.Reason = touchpoint.Conflict.String()
		}
		return json.NewEncoder(p.out.dead).Encode(out)
	}
	if p.deadRaw {
		p.intake.Raw = write
	} else {
		p.intake.Dead = func(l ingest.DeadLetter) error { return write(l, nil) }
	}
	return nil
}

// write writes everything; folded is how many touches were a twin of another.
func (p *program) write() (folded int, err error) {
	o := &p.out
	slices.SortFunc(o.touches, touchpoint.Compare)
	if p.twins {
		all := len(o.touches)
		o.touches = p.fold(o.touches)
		folded = all - len(o.touches)
	}
	format := touchpoint.JSONLines
	if p.as == "csv" {
		format = touchpoint.CSV
	}
	w := touchpoint.NewWriter(p.Out, format)
	for _, t := range o.touches {
		if err := w.Write(t); err != nil {
			return folded, err
		}
	}
	if err := w.Flush(); err != nil {
		return folded, err
	}
	for _, side := range []struct {
		file  string
		write func(io.Writer) error
	}{{p.overrides, o.writeOverrides}, {p.relations, o.writeRelations}, {p.consent, o.writeConsents}, {p.report, p.writeReport}} {
		if side.file == "" {
			continue
		}
		w, err := p.create(side.file)
		if err != nil {
			return folded, err
		}
		if err := side.write(w); err != nil {
			return folded, err
		}
		if err := w.Flush(); err != nil {
			return folded, err
		}
	}
	if o.dead != nil {
		if err := o.dead.Flush(); err != nil {
			return folded, err
		}
	}
	for _, f := range o.files {
		if err := f.Close(); err != nil {
			return folded, err
		}
	}
	return folded, nil
}

type rawID struct {
	Type  identity.Type `json:"type"`
	Value string        `json:"value"`
}

// writeOverrides writes the lines that stitch -retract reads.
func (o *outputs) writeOverrides(w io.Writer) error {
	var lines []string
	for _, v := range o.overrides {
		b, err := json.Marshal(struct {
			Op     string    `json:"op"`
			ID     string    `json:"id"`
			At     time.Time `json:"at"`
			Actor  string    `json:"actor"`
			Reason string    `json:"reason"`
			A      rawID     `json:"a"`
			B      rawID     `json:"b"`
			Force  bool      `json:"force"`
		}{"must_link", v.ID, v.At, v.Actor, v.Reason, rawID{v.A.Type(), v.A.Value()}, rawID{v.B.Type(), v.B.Value()}, v.Force})
		if err != nil {
			return err
		}
		lines = append(lines, string(b)+"\n")
	}
	slices.Sort(lines)
	for _, l := range slices.Compact(lines) {
		if _, err := io.WriteString(w, l); err != nil {
			return err
		}
	}
	return nil
}

// writeRelations writes the table that stitch -relations reads.
func (o *outputs) writeRelations(w io.Writer) error {
	var rows [][]string
	for _, r := range o.relations {
		rows = append(rows, []string{string(r.Person.Type()), r.Person.Value(), string(r.Account.Type()), r.Account.Value(),
			r.Role, strconv.FormatBool(r.Primary), instant(r.From), instant(r.To), r.Source, r.Ref, instant(r.At)})
	}
	return table(w, []string{"person_type", "person_value", "account_type", "account_value", "role", "primary", "from", "to", "source", "id", "at"}, rows)
}

// writeConsents writes the table that forget -consents reads.
func (o *outputs) writeConsents(w io.Writer) error {
	status := []string{"unknown", "granted", "denied"}
	var rows [][]string
	for _, c := range o.consents {
		rows = append(rows, []string{string(c.ID.Type()), c.ID.Value(), c.Purpose, status[c.Status], "", instant(c.At), c.Source, c.Proof})
	}
	return table(w, []string{"type", "value", "purpose", "status", "scope", "at", "source", "proof"}, rows)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// table writes distinct rows, sorted, so that the order of the input is not seen.
func table(w io.Writer, header []string, rows [][]string) error {
	slices.SortFunc(rows, slices.Compare)
	rows = slices.CompactFunc(rows, slices.Equal)
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	for _, r := range rows {
		for i := range r {
			r[i] = input.Cell(r[i])
		}
		if err := c.Write(r); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// writeReport writes what cleaning did, and the words that no vocabulary knows.
func (p *program) writeReport(w io.Writer) error {
	type cleaning struct {
		Source  string `json:"source"`
		Field   string `json:"field"`
		Nulls   int    `json:"nulls"`
		Cleaned int    `json:"cleaned"`
		Mapped  int    `json:"mapped"`
		Filled  int    `json:"filled"`
	}
	type unmapped struct {
		Field string `json:"field"`
		Value string `json:"value"`
		Count int    `json:"count"`
	}
	report := struct {
		Fields   []cleaning `json:"fields"`
		Unmapped []unmapped `json:"unmapped"`
	}{[]cleaning{}, []unmapped{}}
	for _, c := range p.touch.Report.Rows() {
		report.Fields = append(report.Fields, cleaning(c))
	}
	for _, u := range p.touch.Report.Unmapped() {
		report.Unmapped = append(report.Unmapped, unmapped(u))
	}
	return input.WriteJSON(w, report)
}
