// Fit says how well people and their accounts fit an ideal customer profile, and which
// buyer persona they are, with reasons.
//
//	fit -in people.csv -icp icp.json -personas personas.json [-touches FILE] [-at T] [-o FILE]
//
// People is a CSV with the columns person, account and, optionally, source and at; every
// other column is a trait, under its own or a known name (title, 役職, 従業員数, …). The
// result is a CSV of one row per person and account.
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
)

func main() { input.Main("fit", run) }

func run(s input.Streams) error {
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	in := flags.String("in", "", "people: a CSV `file`")
	icp := flags.String("icp", "", "ideal customer profiles: a JSON `file`")
	personas := flags.String("personas", "", "personas: a JSON `file`")
	touches := flags.String("touches", "", "canonical touches: a `file`")
	out := flags.String("o", "", "output `file`, default standard output")
	var at input.Time
	flags.Var(&at, "at", "instant of the answer in RFC 3339, default the latest at of the inputs")
	args, err := s.Parse(flags)
	if err != nil {
		return err
	}
	if len(args) > 0 || *in == "" || *icp == "" || *personas == "" {
		return input.Usagef("-in, -icp and -personas are needed, and no arguments")
	}
	d := data{people: map[string]*subject{}, accounts: map[string]*subject{}, pairs: map[pair]bool{}, err: s.Err}
	icps, err := definitions(s, *icp, persona.ParseICPs)
	if err != nil {
		return err
	}
	kinds, err := definitions(s, *personas, persona.ParsePersonas)
	if err != nil {
		return err
	}
	if err := d.readPeople(s, *in); err != nil {
		return err
	}
	if *touches != "" {
		if err := d.readTouches(s, *touches); err != nil {
			return err
		}
	}
	if !at.IsZero() {
		d.at = at.Time
	}
	w := s.Out
	if *out != "" {
		f, err := os.Create(*out)
		if err != nil {
			return input.Usagef("%w", err)
		}
		defer f.Close()
		w = f
	}
	if err := d.write(w, icps, kinds); err != nil {
		return err
	}
	if d.bad > 0 {
		fmt.Fprintf(s.Err, "dead letters: %d\n", d.bad)
		return input.ErrBad
	}
	return nil
}

// definitions reads a definition file.
func definitions[T any](s input.Streams, name string, parse func([]byte) ([]T, error)) ([]T, error) {
	text, err := s.ReadFile(name)
	if err != nil {
		return nil, err
	}
	list, err := parse([]byte(strings.TrimPrefix(string(text), "\ufeff")))
	if err != nil {
		return nil, input.Usagef("%s: %w", name, err)
	}
	return list, nil
}

// write answers, sorted by person and account.
func (d *data) write(w io.Writer, icps []persona.ICP, personas []persona.Persona) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"person", "account", "icp_score", "icp_reasons", "persona", "persona_score"}); err != nil {
		return err
	}
	for _, p := range d.sorted() {
		f := d.fields(p)
		fit := persona.Best(icps, f, d.at)
		a := persona.Assign(personas, f, d.at)
		err := out.Write([]string{input.Cell(p.person), input.Cell(p.account), score(fit), input.Cell(reasons(fit)),
			input.Cell(a.Persona), score(a.Fit)})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func score(f persona.Fit) string {
	if !f.Known {
		return ""
	}
	return decimal(f.Score)
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// reasons lists the points of the criteria, and what rules the subject out.
func reasons(f persona.Fit) string {
	var parts []string
	for _, r := range f.Reasons {
		points := "?"
		if r.Known {
			points = decimal(r.Points)
		}
		parts = append(parts, r.Criterion+"="+points)
	}
	for _, id := range f.Out {
		parts = append(parts, id+"=x")
	}
	return strings.Join(parts, ";")
}

// fields is all that is known of a person and their account.
func (d *data) fields(p pair) persona.Fields {
	person := d.people[p.person]
	account := d.accounts[p.accountKey()]
	return persona.Join(
		persona.Fold(slices.Values(person.seen), d.at, nil),
		persona.Fold(slices.Values(account.seen), d.at, nil),
		persona.OfTouches(person.touches))
}

// later moves the default instant of the answer.
func (d *data) later(t time.Time) {
	if t.After(d.at) {
		d.at = t
	}
}
