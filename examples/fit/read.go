package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// A pair is a person in an account, which may be none.
type pair struct{ person, account string }

// accountKey keeps apart the account traits of people without an account.
func (p pair) accountKey() string {
	if p.account == "" {
		return "\x00" + p.person
	}
	return p.account
}

// A subject is what the files say of a person or an account.
type subject struct {
	seen    []persona.Observation
	touches []touchpoint.Touch
}

// data is what was read.
type data struct {
	people, accounts map[string]*subject
	pairs            map[pair]bool
	at               time.Time // the latest
	bad              int
	err              io.Writer
}

func (d *data) reject(line int, reason, field string) {
	d.bad++
	if d.bad <= 20 {
		fmt.Fprintf(d.err, "line %d: %s %s\n", line, reason, field)
	}
}

func (d *data) sorted() []pair {
	return slices.SortedFunc(maps.Keys(d.pairs), func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.account, b.account))
	})
}

func (d *data) readPeople(s input.Streams, name string) error {
	f, err := s.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return input.Usagef("%s: no header", name)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	column := map[string]int{}
	for i, h := range header {
		if _, twice := column[h]; twice {
			return input.Usagef("%s: column %d repeats a name", name, i+1)
		}
		column[h] = i
	}
	if _, ok := column["person"]; !ok {
		return input.Usagef("%s: no column person", name)
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		line, _ := r.FieldPos(0)
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			d.reject(syntax.StartLine, "malformed", "row")
		case err != nil:
			return err
		case len(row) != len(header):
			d.reject(line, "malformed", "row")
		default:
			d.row(line, header, row, column)
		}
	}
}

func (d *data) row(line int, header, row []string, column map[string]int) {
	cell := func(name string) string {
		if i, ok := column[name]; ok {
			return input.Uncell(row[i])
		}
		return ""
	}
	p := pair{cell("person"), cell("account")}
	if strings.TrimSpace(p.person) == "" {
		d.reject(line, "missing", "person")
		return
	}
	var at time.Time // an undated row is older than every dated one
	if text := cell("at"); text != "" {
		var err error
		if at, err = input.ParseTime(text); err != nil {
			d.reject(line, "malformed", "at")
			return
		}
		d.later(at)
	}
	d.pairs[p] = true
	person, account := get(d.people, p.person), get(d.accounts, p.accountKey())
	var traits *persona.TraitMap
	for i, h := range header {
		if slices.Contains([]string{"person", "account", "source", "at"}, h) {
			continue
		}
		side := "person"
		switch traits.Name(h, "account") {
		case "account.country", "account.region", "account.city":
			if p.account != "" {
				side = "account"
			}
		}
		o, err := traits.Observe(h, side, input.Uncell(row[i]))
		if err != nil {
			continue // a sensitive trait
		}
		o.Source, o.At = cell("source"), at
		if strings.HasPrefix(o.Name, "account.") {
			account.seen = append(account.seen, o)
		} else {
			person.seen = append(person.seen, o)
		}
	}
}

func get(m map[string]*subject, name string) *subject {
	if m[name] == nil {
		m[name] = &subject{}
	}
	return m[name]
}

func (d *data) readTouches(s input.Streams, name string) error {
	seen := map[touchpoint.Key]bool{}
	var traits *persona.TraitMap
	for t, err := range s.Touches(name, nil) {
		var bad *input.Bad
		switch {
		case errors.As(err, &bad):
			d.reject(bad.Line, string(bad.Reason), bad.Field)
			continue
		case err != nil:
			return err
		case seen[t.Key()]:
			continue
		}
		seen[t.Key()] = true
		d.later(t.At)
		stated, _ := traits.Observations(&t)
		values := map[string]bool{}
		for _, id := range t.IDs {
			values[id.Value()] = true
		}
		for value := range values {
			if p := d.people[value]; p != nil {
				p.touches = append(p.touches, t)
				p.add(stated, "person.")
			}
			if a := d.accounts[value]; a != nil {
				a.add(stated, "account.")
			}
		}
	}
	return nil
}

func (s *subject) add(stated []persona.Observation, side string) {
	for _, o := range stated {
		if strings.HasPrefix(o.Name, side) {
			s.seen = append(s.seen, o)
		}
	}
}
