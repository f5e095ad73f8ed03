package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
)

// separator joins the cells of a path.
const separator = " > "

func (c *config) read(s input.Streams) (*data, error) {
	d := &data{js: &attribution.Journeys{}, scale: c.scale, paths: map[string][]attribution.Path{}}
	if c.format == "touches" {
		return d, c.readTouches(s, d)
	}
	r, err := s.Open(c.in)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return d, d.readPaths(r, c.explain)
}

// columns are the places of the columns of a file of paths, -1 for one that is not there.
type columns struct{ path, conversions, value, nulls, hours, milestones, stratum, weight int }

func header(rec []string) (columns, error) {
	at := map[string]int{}
	for i, h := range rec {
		at[strings.TrimSpace(h)] = i
	}
	place := func(name string) int {
		if i, ok := at[name]; ok {
			return i
		}
		return -1
	}
	c := columns{
		place("path"), place("total_conversions"), place("total_conversion_value"), place("total_null"),
		place("hours_to_end"), place("milestones"), place("stratum"), place("weight"),
	}
	if c.path < 0 {
		return c, input.Usagef("no column path")
	}
	return c, nil
}

func (d *data) readPaths(r io.Reader, explain string) error {
	sc := newScanner(input.Unmarked(r))
	rec, _, err := sc.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return input.Usagef("%w", err)
	}
	cols, err := header(rec)
	if err != nil {
		return err
	}
	width := len(rec)
	var row attribution.Row
	for {
		rec, line, err := sc.next()
		if err != nil {
			var broken *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case errors.As(err, &broken):
				d.reject(line, "syntax")
				continue
			}
			return err
		}
		if len(rec) != width {
			d.reject(line, "syntax")
			continue
		}
		if why := cols.row(rec, d.scale, &row); why != "" {
			d.reject(line, why)
			continue
		}
		if err := d.js.AddRow(row); err != nil {
			var in *attribution.InputError
			switch {
			case errors.As(err, &in):
				d.reject(line, in.Reason+" "+in.Field)
			case errors.Is(err, attribution.ErrTooManySteps):
				d.reject(line, "too_many path")
			default:
				return usage(err)
			}
			continue
		}
		d.used++
		if explain != "" && explain == strconv.Itoa(line) {
			d.paths[explain] = append(d.paths[explain], pathOf(row))
		}
	}
}

// row reads one record; what is wrong comes back as a reason.
func (c columns) row(rec []string, scale int, row *attribution.Row) string {
	cell := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(rec[i])
	}
	row.Channels = cells(row.Channels, cell(c.path))
	if slices.Contains(row.Channels, "") {
		return "missing path"
	}
	var ok bool
	if row.Conversions, ok = decimal(cell(c.conversions)); !ok {
		return "not_a_number total_conversions"
	}
	if row.Nulls, ok = decimal(cell(c.nulls)); !ok {
		return "not_a_number total_null"
	}
	switch v, err := parseMinor(cell(c.value), scale); {
	case errors.Is(err, errTooLarge):
		return "overflow total_conversion_value"
	case err != nil || v < 0:
		return "not_a_number total_conversion_value"
	default:
		row.Value = v
	}
	row.Stratum = cell(c.stratum)
	row.Ages, row.Weights, row.Milestones = nil, nil, nil
	if c.hours >= 0 {
		row.Ages = make([]time.Duration, 0, len(row.Channels))
		for _, h := range cells(nil, cell(c.hours)) {
			x, ok := decimal(h)
			if !ok || h == "" || x > 24*366*290 {
				return "not_a_number hours_to_end"
			}
			row.Ages = append(row.Ages, time.Duration(x*3600*1e6+.5)*time.Microsecond)
		}
		if len(row.Ages) != len(row.Channels) {
			return "missing hours_to_end"
		}
	}
	for _, w := range cells(nil, cell(c.weight)) {
		x, ok := decimal(w)
		if !ok {
			return "not_a_number weight"
		}
		row.Weights = append(row.Weights, x)
	}
	for _, m := range cells(nil, cell(c.milestones)) {
		var names []string
		for _, name := range strings.Split(m, "|") {
			if name = strings.TrimSpace(name); name != "" && name != "-" {
				names = append(names, name)
			}
		}
		row.Milestones = append(row.Milestones, names)
	}
	return ""
}

// cells splits a joined cell into trimmed names; "" has none.
func cells(out []string, s string) []string {
	out = out[:0]
	if s == "" {
		return out
	}
	for from := 0; ; {
		i := strings.IndexByte(s[from:], separator[1])
		switch at := from + i; {
		case i < 0:
			return append(out, strings.TrimSpace(s))
		case at > 0 && s[at-1] == separator[0] && at+1 < len(s) && s[at+1] == separator[2]:
			out = append(out, strings.TrimSpace(s[:at-1]))
			s, from = s[at+2:], 0
		default:
			from = at + 1
		}
	}
}

// decimal reads a decimal number that is not negative; "" is 0.
func decimal(s string) (float64, bool) {
	if n, ok := digits(s); ok {
		return float64(n), true
	}
	if strings.Trim(s, "+0123456789.eE-") != "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && x >= 0
}

// epoch is the end of a path that has ages alone.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// pathOf is one journey of a row, for -explain.
func pathOf(r attribution.Row) attribution.Path {
	p := attribution.Path{Converted: r.Conversions > 0, Value: r.Value, Stratum: r.Stratum}
	for i, name := range r.Channels {
		st := attribution.Step{Channel: name}
		if r.Ages != nil {
			st.At = epoch.Add(-r.Ages[i])
			st.ID = fmt.Sprintf("%05d", i)
			p.End = epoch
		}
		if r.Weights != nil {
			st.Weight = r.Weights[i]
		}
		p.Steps = append(p.Steps, st)
		if r.Milestones != nil && r.Ages != nil {
			for _, m := range r.Milestones[i] {
				p.Milestones = append(p.Milestones, attribution.Milestone{Name: m, At: st.At})
			}
		}
	}
	return p
}

// writePaths writes a set in the form in which paths are read.
func writePaths(f io.Writer, js *attribution.Journeys, scale int, milestones bool) error {
	w := csv.NewWriter(f)
	timed, strata, weights, miles := false, false, false, false
	for r := range js.Rows() {
		timed = timed || r.Ages != nil
		strata = strata || r.Stratum != ""
		weights = weights || r.Weights != nil
		miles = miles || milestones && r.Milestones != nil
	}
	put := func(on bool, rec []string, cell string) []string {
		if on {
			return append(rec, cell)
		}
		return rec
	}
	head := put(timed, []string{"path"}, "hours_to_end")
	head = append(head, "total_conversions", "total_conversion_value", "total_null")
	head = put(miles, head, "milestones")
	head = put(strata, head, "stratum")
	_ = w.Write(put(weights, head, "weight"))
	for r := range js.Rows() {
		var ages, ws, ms []string
		for _, a := range r.Ages {
			ages = append(ages, float(float64(a.Microseconds())/3.6e9))
		}
		for _, x := range r.Weights {
			ws = append(ws, float(x))
		}
		for i := range r.Channels {
			names := []string{}
			if miles && r.Milestones != nil {
				names = r.Milestones[i]
			}
			if len(names) == 0 {
				names = []string{"-"}
			}
			ms = append(ms, strings.Join(names, "|"))
		}
		rec := put(timed, []string{strings.Join(r.Channels, separator)}, strings.Join(ages, separator))
		rec = append(rec, float(r.Conversions), formatMinor(r.Value, scale), float(r.Nulls))
		rec = put(miles, rec, strings.Join(ms, separator))
		rec = put(strata, rec, r.Stratum)
		_ = w.Write(put(weights, rec, strings.Join(ws, separator)))
	}
	w.Flush()
	return w.Error()
}

// float is x in full.
func float(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
