package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/examples/internal/rulefile"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// records are the rows of tables read as touches, by key.
type records struct {
	columns []string
	rows    map[touchpoint.Key]map[string]string
	order   []touchpoint.Key
}

func (r *records) cell(k touchpoint.Key, column string) (string, bool) {
	if !slices.Contains(r.columns, column) {
		return "", false
	}
	return r.rows[k][column], true
}

// readRecords reads a table as the rules' records say: one row, one touch.
func (p *program) readRecords(file int, name string, known map[touchpoint.Key]int) error {
	in, err := p.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	if p.rows == nil {
		p.rows = &records{rows: map[touchpoint.Key]map[string]string{}}
	}
	return eachRow(in, func(header []string) error {
		p.rows.columns = header
		need := []string{p.rules.Records.ID}
		for _, id := range p.rules.Records.Identifiers {
			need = append(need, id.Columns...)
		}
		for _, c := range need {
			if !slices.Contains(header, c) {
				return input.Usagef("%s: no column %q", name, c)
			}
		}
		return nil
	}, func(line int, row map[string]string, err error) error {
		if err == nil {
			var t touchpoint.Touch
			if t, err = p.record(row); err == nil {
				if p.keep(file, line, t, known) {
					p.rows.rows[t.Key()] = row
					p.rows.order = append(p.rows.order, t.Key())
				}
				return nil
			}
		}
		p.bad(fmt.Sprintf("line %d: %s", line, reasonOf(err)))
		return nil
	})
}

// record makes a touch of a row.
func (p *program) record(row map[string]string) (touchpoint.Touch, error) {
	rc := p.rules.Records
	t := touchpoint.Touch{Source: rc.Source, ID: row[rc.ID], At: rc.At, Kind: touchpoint.KindImport}
	if t.ID == "" {
		return t, &touchpoint.InvalidError{Field: rc.ID, Reason: touchpoint.Missing}
	}
	if rc.AtColumn != "" && row[rc.AtColumn] != "" {
		at, err := input.ParseTime(row[rc.AtColumn])
		if err != nil {
			return t, &touchpoint.InvalidError{Field: rc.AtColumn, Reason: touchpoint.Syntax}
		}
		t.At = at
	}
	add := func(typ identity.Type, text string) error {
		x, err := p.rules.Rules.ID(typ, text)
		if err == nil {
			t.IDs = append(t.IDs, x)
		}
		return err
	}
	for _, id := range rc.Identifiers {
		if text := joined(row, id.Columns); text != "" {
			if err := add(id.Type, text); err != nil {
				return t, err
			}
		}
	}
	if err := add(rulefile.RecordType, rc.Source+"|"+t.ID); err != nil {
		return t, err
	}
	slices.SortFunc(t.IDs, identity.CompareIDs)
	t.IDs = slices.Compact(t.IDs)
	return t, nil
}

// joined is the value of an identifier: one column as it is, several folded and joined.
// It is empty where one of them is.
func joined(row map[string]string, columns []string) string {
	if len(columns) == 1 {
		return row[columns[0]]
	}
	var parts []string
	for _, c := range columns {
		v := touchpoint.Fold(row[c])
		if v == "" {
			return ""
		}
		parts = append(parts, strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(v))
	}
	return strings.Join(parts, "|")
}

// eachRow reads a table: its trimmed header, then its rows, cells trimmed. A row that is
// no CSV or has another number of cells comes with an error.
func eachRow(in io.Reader, header func([]string) error, row func(line int, cells map[string]string, err error) error) error {
	r := csv.NewReader(input.Unmarked(in))
	names, err := r.Read()
	if err != nil {
		if err == io.EOF {
			return nil
		}
		return &input.UsageError{Err: err}
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	if err := header(names); err != nil {
		return err
	}
	for {
		cells, err := r.Read()
		line := 0
		var pe *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &pe):
			line, err = pe.StartLine, &touchpoint.InvalidError{Reason: touchpoint.Syntax}
		case err != nil:
			return err
		default:
			line, _ = r.FieldPos(0)
		}
		m := map[string]string{}
		for i, c := range cells {
			if i < len(names) {
				m[names[i]] = strings.TrimSpace(c)
			}
		}
		if err := row(line, m, err); err != nil {
			return err
		}
	}
}

// reasonOf says in the words of touchpoint.Reason why a row is bad, without a value.
func reasonOf(err error) string {
	var t *touchpoint.InvalidError
	var i *identity.InvalidError
	var d *identity.IDError
	switch {
	case errors.As(err, &t):
		return strings.TrimSpace(string(t.Reason) + " " + t.Field)
	case errors.As(err, &i):
		return i.Reason + " " + i.Field
	case errors.As(err, &d):
		return d.Code + " id." + string(d.Type)
	case errors.Is(err, identity.ErrUnknownType), errors.Is(err, identity.ErrCrossEntity):
		return "unknown_type ids"
	case errors.Is(err, identity.ErrTooMany):
		return "too_many ids"
	case errors.Is(err, identity.ErrConflict):
		return "conflict id"
	case errors.Is(err, identity.ErrNoScope):
		return "missing scope"
	}
	return "syntax"
}

// readRelations reads the memberships that are good.
func (p *program) readRelations() error {
	probe, err := identity.New(&p.rules.Rules) // tells which ones a graph takes
	if err != nil {
		return &input.UsageError{Err: err}
	}
	in, err := p.Open(p.relations)
	if err != nil {
		return err
	}
	defer in.Close()
	return eachRow(in, func(header []string) error {
		for _, c := range []string{"person_type", "person_value", "account_type", "account_value", "at"} {
			if !slices.Contains(header, c) {
				return input.Usagef("%s: no column %q", p.relations, c)
			}
		}
		return nil
	}, func(line int, row map[string]string, err error) error {
		var m identity.Membership
		if err == nil {
			m, err = p.membership(row)
		}
		if err == nil {
			err = errors.Join(probe.Relate(m)...)
		}
		if err != nil {
			p.bad(fmt.Sprintf("line %d: %s", line, reasonOf(err)))
		} else {
			p.memberships = append(p.memberships, m)
		}
		return nil
	})
}

func (p *program) membership(row map[string]string) (m identity.Membership, err error) {
	m = identity.Membership{Role: row["role"], Source: row["source"], Ref: row["id"]}
	if m.Person, err = p.rules.Rules.ID(identity.Type(row["person_type"]), row["person_value"]); err != nil {
		return m, err
	}
	if m.Account, err = p.rules.Rules.ID(identity.Type(row["account_type"]), row["account_value"]); err != nil {
		return m, err
	}
	switch strings.ToLower(row["primary"]) {
	case "true", "1", "yes":
		m.Primary = true
	case "", "false", "0", "no":
	default:
		return m, &touchpoint.InvalidError{Field: "primary", Reason: touchpoint.Syntax}
	}
	for _, f := range []struct {
		name string
		to   *time.Time
	}{{"from", &m.From}, {"to", &m.To}, {"at", &m.At}} {
		if row[f.name] == "" {
			continue
		}
		if *f.to, err = input.ParseTime(row[f.name]); err != nil {
			return m, &touchpoint.InvalidError{Field: f.name, Reason: touchpoint.Syntax}
		}
	}
	return m, nil
}
