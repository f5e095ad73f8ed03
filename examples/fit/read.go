package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// plain are the columns that are no traits.
var plain = []string{"person", "account", "source", "at"}

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
	dead             input.Dead
}

func (d *data) sorted() []pair {
	return slices.SortedFunc(maps.Keys(d.pairs), func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.account, b.account))
	})
}

func (d *data) readPeople(s input.Streams, name string) error {
	t, err := s.Table(name, false)
	if err != nil {
		return err
	}
	defer t.Close()
	if !slices.Contains(t.Header, "person") {
		return input.Usagef("%s: no column person", name)
	}
	if err := d.checkTraits(name, t.Header); err != nil {
		return err
	}
	for row, err := range input.Good(t.Rows(), &d.dead) {
		if err != nil {
			return err
		}
		d.row(t.Header, row)
	}
	return nil
}

// checkTraits says which columns no profile may hold, and refuses more than it can hold.
func (d *data) checkTraits(file string, header []string) error {
	var traits *persona.TraitMap
	count := map[string]int{}
	for i, h := range header {
		if slices.Contains(plain, h) {
			continue
		}
		o, err := traits.Observe(h, "person", "")
		if err != nil {
			fmt.Fprintf(d.dead.Err, "column %d is left out: %v\n", i+1, err)
			continue
		}
		side, _, _ := strings.Cut(o.Name, ".")
		if count[side]++; count[side] > persona.MaxTraits {
			return input.Usagef("%s: more than %d traits of a subject", file, persona.MaxTraits)
		}
	}
	return nil
}

func (d *data) row(header []string, row input.Row) {
	cell := func(name string) string {
		if i := slices.Index(header, name); i >= 0 {
			return input.Uncell(row.Cells[i])
		}
		return ""
	}
	p := pair{cell("person"), cell("account")}
	if strings.TrimSpace(p.person) == "" {
		d.dead.Add(&input.Bad{Line: row.Line, Reason: touchpoint.Missing, Field: "person"})
		return
	}
	var at time.Time // an undated row is older than every dated one
	if text := cell("at"); text != "" {
		var err error
		if at, err = input.ParseTime(text); err != nil {
			d.dead.Add(&input.Bad{Line: row.Line, Reason: touchpoint.Syntax, Field: "at"})
			return
		}
		d.later(at)
	}
	d.pairs[p] = true
	person, account := get(d.people, p.person), get(d.accounts, p.accountKey())
	var traits *persona.TraitMap
	for i, h := range header {
		if slices.Contains(plain, h) {
			continue
		}
		side := "person"
		switch traits.Name(h, "account") {
		case "account.country", "account.region", "account.city":
			if p.account != "" {
				side = "account"
			}
		}
		o, err := traits.Observe(h, side, input.Uncell(row.Cells[i]))
		if err != nil {
			continue // a sensitive trait: checkTraits has said so
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

func (d *data) readTouches(s input.Streams, name, mapping string) error {
	seen := map[touchpoint.Key]bool{}
	var traits *persona.TraitMap
	for t, err := range input.Good(s.Touches(name, &input.Options{Map: mapping}), &d.dead) {
		switch {
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
