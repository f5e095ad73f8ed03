package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/identity/match"
	"github.com/tabi-go/tabi/touchpoint"
)

// A table writes CSV and remembers the first error.
type table struct{ w *csv.Writer }

func (p *program) table(header ...string) *table {
	t := &table{csv.NewWriter(p.Out)}
	t.row(header...)
	return t
}

func (t *table) row(cells ...string) { _ = t.w.Write(cells) } // end tells

func (t *table) end() error {
	t.w.Flush()
	return t.w.Error()
}

func personText(id identity.PersonID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func accountText(id identity.AccountID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func (p *program) printOwners() error {
	r, err := p.resolve(p.overrides)
	if err != nil {
		return err
	}
	out := p.table("source", "id", "person", "account", "owner_reason")
	for _, t := range p.inOrder() {
		s := p.sighting(t)
		o, a := r.Owner(s), r.Account(s)
		out.row(input.Cell(t.Source), input.Cell(t.ID), personText(o.Person), accountText(a.Account), string(o.Reason))
	}
	return out.end()
}

func (p *program) printAccounts() error {
	r, err := p.resolve(p.overrides)
	if err != nil {
		return err
	}
	out := p.table("source", "id", "person", "account", "domain", "account_reason", "candidates")
	for _, t := range p.inOrder() {
		s := p.sighting(t)
		o, a := r.Owner(s), r.Account(s)
		var cs []string
		for _, c := range a.Candidates {
			cs = append(cs, c.String())
		}
		out.row(input.Cell(t.Source), input.Cell(t.ID), personText(o.Person), accountText(a.Account), a.Domain, string(a.Reason), strings.Join(cs, "|"))
	}
	return out.end()
}

func (p *program) printPreview() error {
	before, err := p.resolve(nil)
	if err != nil {
		return err
	}
	after, err := p.resolve(p.overrides)
	if err != nil {
		return err
	}
	out := p.table("source", "id", "person_before", "person_after")
	for _, t := range p.inOrder() {
		s := p.sighting(t)
		if a, b := before.Owner(s).Person, after.Owner(s).Person; a != b {
			out.row(input.Cell(t.Source), input.Cell(t.ID), personText(a), personText(b))
		}
	}
	return out.end()
}

func (p *program) printLinks() error {
	r, err := p.resolve(p.overrides)
	if err != nil {
		return err
	}
	out := p.table("a_type", "a_value", "b_type", "b_value", "kind", "source", "first", "last", "count", "weight", "verdict", "reason", "detail")
	for l := range r.Links() {
		row := func(kind, source, first, last, count, weight string) {
			out.row(string(l.A.Type()), input.Cell(l.A.Value()), string(l.B.Type()), input.Cell(l.B.Value()), kind, input.Cell(source),
				first, last, count, weight, l.Verdict.String(), string(l.Reason), input.Cell(l.Detail))
		}
		if o := l.Override; o != nil {
			row(o.Op.String(), o.Actor, stamp(o.At), stamp(o.At), "1", "")
		}
		for _, e := range l.Evidence {
			weight := ""
			if e.Kind == identity.Probabilistic {
				weight = bits(e.Weight)
			}
			row(e.Kind.String(), e.Source, stamp(e.First), stamp(e.Last), strconv.Itoa(e.Count), weight)
		}
	}
	return out.end()
}

// bits writes thousandths of a bit with three decimals.
func bits(w int32) string { return strconv.FormatFloat(float64(w)/1000, 'f', 3, 64) }

type jsonLink struct {
	A       identity.ID `json:"a"`
	B       identity.ID `json:"b"`
	Verdict string      `json:"verdict"`
	Reason  string      `json:"reason"`
	Detail  string      `json:"detail"`
	Kinds   []string    `json:"kinds"`
	Sources []string    `json:"sources"`
	First   string      `json:"first"`
	Last    string      `json:"last"`
	Count   int         `json:"count"`
}

type jsonExplanation struct {
	A      identity.ID `json:"a"`
	B      identity.ID `json:"b"`
	Same   bool        `json:"same"`
	Person string      `json:"person"`
	Reason string      `json:"reason"`
	Path   []jsonLink  `json:"path"`
}

// printExplanation reads the two identifiers, and returns what prints the answer.
func (p *program) printExplanation() (func() error, error) {
	parts := strings.Split(p.explain, ",")
	if len(parts) != 2 {
		return nil, input.Usagef("-explain takes two identifiers, type:value,type:value")
	}
	var ids [2]identity.ID
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err == nil {
			ids[i], err = p.rules.Rules.Parse(text)
		}
		if err != nil {
			return nil, input.Usagef("-explain: identifier %d: no type:value of a known type", i+1)
		}
	}
	return func() error {
		r, err := p.resolve(p.overrides)
		if err != nil {
			return err
		}
		e := r.Explain(ids[0], ids[1])
		out := jsonExplanation{A: ids[0], B: ids[1], Same: e.Same, Person: personText(e.Person), Reason: string(e.Reason), Path: []jsonLink{}}
		for _, l := range e.Path {
			out.Path = append(out.Path, jsonOf(l))
		}
		enc := json.NewEncoder(p.Out)
		enc.SetEscapeHTML(false)
		return enc.Encode(out)
	}, nil
}

func jsonOf(l identity.Link) jsonLink {
	j := jsonLink{A: l.A, B: l.B, Verdict: l.Verdict.String(), Reason: string(l.Reason), Detail: l.Detail, Kinds: []string{}, Sources: []string{}}
	evidence := l.Evidence
	if o := l.Override; o != nil {
		j.Kinds, j.Sources = append(j.Kinds, o.Op.String()), append(j.Sources, o.Actor)
		j.First, j.Last, j.Count = stamp(o.At), stamp(o.At), 1
	}
	for i, e := range evidence {
		j.Kinds, j.Sources = append(j.Kinds, e.Kind.String()), append(j.Sources, e.Source)
		j.Count += e.Count
		if i == 0 || e.First.Before(evidence[0].First) {
			evidence[0].First = e.First
		}
		if e.Last.After(evidence[0].Last) {
			evidence[0].Last = e.Last
		}
	}
	if len(evidence) > 0 {
		j.First, j.Last = stamp(evidence[0].First), stamp(evidence[0].Last)
	}
	slices.Sort(j.Kinds)
	slices.Sort(j.Sources)
	j.Kinds, j.Sources = slices.Compact(j.Kinds), slices.Compact(j.Sources)
	return j
}

// printTruth reads COLUMN[=REGEXP], and returns what compares.
func (p *program) printTruth() (func() error, error) {
	column, pattern, ok := strings.Cut(p.truth, "=")
	var re *regexp.Regexp
	if ok {
		var err error
		if re, err = regexp.Compile(pattern); err != nil || re.NumSubexp() == 0 {
			return nil, input.Usagef("-truth: %q is no pattern with a group", pattern)
		}
	}
	return func() error {
		r, err := p.resolve(p.overrides)
		if err != nil {
			return err
		}
		var pred, truth []string
		for _, t := range p.inOrder() {
			label, ok := p.label(t, column)
			if !ok {
				return input.Usagef("-truth: no column %q", column)
			}
			if re != nil {
				m := re.FindStringSubmatch(label)
				if label = ""; m != nil {
					label = m[1]
				}
			}
			if label != "" {
				pred = append(pred, personText(r.Owner(p.sighting(t)).Person))
				truth = append(truth, label)
			}
		}
		m := match.Evaluate(pred, truth)
		out := p.table("records", "true_pairs", "predicted_pairs", "tp", "fp", "fn", "precision", "recall", "f1", "clusters", "true_clusters", "largest")
		out.row(fmt.Sprint(m.Records), fmt.Sprint(m.TruePairs), fmt.Sprint(m.PredictedPairs), fmt.Sprint(m.TP), fmt.Sprint(m.FP), fmt.Sprint(m.FN),
			fmt.Sprintf("%.4f", m.Precision), fmt.Sprintf("%.4f", m.Recall), fmt.Sprintf("%.4f", m.F1),
			fmt.Sprint(m.Clusters), fmt.Sprint(m.TrueClusters), fmt.Sprint(m.Largest))
		return out.end()
	}, nil
}

// label returns the true label of a touch: a cell of its record, else a property. It is
// false where a table of records has no such column.
func (p *program) label(t touchpoint.Touch, column string) (string, bool) {
	if p.rows != nil {
		cell, ok := p.rows.cell(t.Key(), column)
		return cell, ok
	}
	return prop(t, column), true
}
