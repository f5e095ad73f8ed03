// Fit says how well people and their accounts fit an ideal customer profile, and which
// buyer persona they are, with reasons.
//
//	fit -in people.csv -icp icp.json -personas personas.json [-touches FILE [-map FILE|preset:NAME]] [-at T]
//	    [-wide [-segments FILE] [-scoring FILE]] [-o FILE]
//
// People is a CSV with the columns person, account and, optionally, source and at; every
// other column is a trait, under its own or a known name (title, 役職, 従業員数, …). The
// result is a CSV of one row per person and account. -wide adds the bounds of the scores,
// title, roles, engagement, lead score and the segments that the row belongs to. The files
// hold no consents, so nobody is left out of a segment for want of one.
package main

import (
	"cmp"
	"encoding/csv"
	"flag"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
	"github.com/tabi-go/tabi/persona/lead"
)

func main() { input.Main("fit", run) }

func run(s input.Streams) error {
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	in := flags.String("in", "", "people: a CSV `file`")
	icp := flags.String("icp", "", "ideal customer profiles: a JSON `file`")
	personas := flags.String("personas", "", "personas: a JSON `file`")
	touches := flags.String("touches", "", "canonical touches: a `file`")
	mapping := flags.String("map", "", "read the touches through this mapping `file` or preset:NAME")
	wide := flags.Bool("wide", false, "more columns")
	segments := flags.String("segments", "", "segments: a JSON `file`; needs -wide")
	scoring := flags.String("scoring", "", "table of a lead score: a JSON `file`; needs -wide, default the built-in one")
	out := flags.String("o", "", "output `file`, default standard output")
	var at input.Time
	flags.Var(&at, "at", "the `instant` of the answer, RFC 3339; default the latest at of the inputs")
	args, err := s.Parse(flags)
	if err != nil {
		return err
	}
	if len(args) > 0 || *in == "" || *icp == "" || *personas == "" {
		return input.Usagef("-in, -icp and -personas are needed, and no arguments")
	}
	if *mapping != "" && *touches == "" {
		return input.Usagef("-map is how -touches are read")
	}
	if !*wide && (*segments != "" || *scoring != "") {
		return input.Usagef("-segments and -scoring need -wide")
	}
	d := data{people: map[string]*subject{}, accounts: map[string]*subject{}, pairs: map[pair]bool{}, dead: input.Dead{Err: s.Err}}
	q := questions{wide: *wide, table: lead.DefaultTable()}
	err = cmp.Or(
		input.Define(s, *icp, persona.ParseICPs, &q.icps), input.Define(s, *personas, persona.ParsePersonas, &q.personas),
		input.Define(s, *segments, audience.Parse, &q.segments), input.Define(s, *scoring, lead.ParseTable, &q.table))
	if err != nil {
		return err
	}
	if err := d.readPeople(s, *in); err != nil {
		return err
	}
	if *touches != "" {
		if err := d.readTouches(s, *touches, *mapping); err != nil {
			return err
		}
	}
	if !at.IsZero() {
		d.at = at.Time
	}
	return d.dead.End("fit", s.Save(*out, func(w io.Writer) error { return d.write(w, &q) }))
}

// questions are what is asked of everybody.
type questions struct {
	icps     []persona.ICP
	personas []persona.Persona
	wide     bool
	table    *lead.Table
	segments []audience.Segment
}

// write answers, sorted by person and account.
func (d *data) write(w io.Writer, q *questions) error {
	out := csv.NewWriter(w)
	header := []string{"person", "account", "icp_score", "icp_reasons", "persona", "persona_score"}
	if q.wide {
		header = append(header, wideHeader...)
		d.joinAccounts()
	}
	if err := out.Write(header); err != nil {
		return err
	}
	for _, p := range d.sorted() {
		f := d.fields(p)
		fit := persona.Best(q.icps, f, d.at)
		a := persona.Assign(q.personas, f, d.at)
		row := []string{input.Cell(p.person), input.Cell(p.account), score(fit), input.Cell(reasons(fit)), input.Cell(a.Persona), score(a.Fit)}
		if q.wide {
			row = append(row, d.wide(p, f, fit, a, q)...)
		}
		if err := out.Write(row); err != nil {
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
