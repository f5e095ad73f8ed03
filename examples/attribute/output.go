package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
)

// outRow is one row of the answer; its keys are the columns of the CSV.
type outRow struct {
	Model       string `json:"model"`
	Channel     string `json:"channel"`
	Conversions number `json:"conversions"`
	Value       string `json:"value"`
	Removal     number `json:"removal_effect"`
	Lo          number `json:"conversions_lo"`
	Hi          number `json:"conversions_hi"`
	*costs
}

type costs struct {
	Cost string `json:"cost"`
	CPA  number `json:"cpa"`
	ROAS number `json:"roas"`
}

// A number is a float of at most 12 significant digits; NaN, where it does not apply, is
// empty in CSV and null in JSON.
type number float64

func (n number) String() string {
	if math.IsNaN(float64(n)) {
		return ""
	}
	x, _ := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 12, 64), 64)
	return float(x)
}

// MarshalJSON writes a number token, or null.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) {
		return []byte("null"), nil
	}
	return []byte(n.String()), nil
}

var none = number(math.NaN())

type outModel struct {
	Model     string         `json:"model"`
	Conserves bool           `json:"conserves"`
	Rows      []outRow       `json:"rows"`
	Params    map[string]any `json:"params"`
	Warnings  []string       `json:"warnings"`
	Tied      [][2]string    `json:"tied"`
	N         map[string]any `json:"n"`
}

// credits runs the models and prints them.
func (c *config) credits(s input.Streams, d *data) error {
	if err := c.readSpend(s, d.scale); err != nil {
		return err
	}
	w := csv.NewWriter(s.Out)
	enc := json.NewEncoder(s.Out)
	enc.SetEscapeHTML(false)
	if c.as == "csv" {
		head := []string{"model", "channel", "conversions", "value", "removal_effect", "conversions_lo", "conversions_hi"}
		if c.opts.Spend != nil {
			head = append(head, "cost", "cpa", "roas")
		}
		_ = w.Write(head)
	}
	for _, m := range c.models {
		js, err := d.prepare(m)
		if err != nil {
			return err
		}
		res, err := m.attribute.Attribute(js, &c.opts)
		if err != nil {
			return usage(err)
		}
		out := c.shape(m, res, d)
		if c.as == "json" {
			if err := enc.Encode(out); err != nil {
				return err
			}
			continue
		}
		for _, r := range out.Rows {
			rec := []string{input.Cell(r.Model), input.Cell(r.Channel), r.Conversions.String(), r.Value, r.Removal.String(), r.Lo.String(), r.Hi.String()}
			if r.costs != nil {
				rec = append(rec, r.Cost, r.CPA.String(), r.ROAS.String())
			}
			_ = w.Write(rec)
		}
		for _, code := range res.Warnings {
			d.note("warning: " + m.name + ": " + code)
		}
	}
	w.Flush()
	return w.Error()
}

func (d *data) note(s string) {
	if !slices.Contains(d.notes, s) {
		d.notes = append(d.notes, s)
	}
}

// shape puts a result into rows: all channels of the input by name, then rows that are no
// channel.
func (c *config) shape(m model, res *attribution.Result, d *data) outModel {
	credits := map[string]attribution.Credit{}
	var names []string
	if !c.renames && m.name != "shapley_ordered" && c.opts.Threshold == 0 {
		names = d.js.Channels()
	}
	for _, cr := range res.Credits {
		credits[cr.Channel] = cr
		if !special(cr.Channel) {
			names = append(names, cr.Channel)
		}
	}
	for name := range c.opts.Spend {
		names = append(names, name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range []string{attribution.Baseline, attribution.Unattributed, attribution.OtherRow} {
		if _, ok := credits[name]; ok {
			names = append(names, name)
		}
	}
	_, markov := res.Params.(*attribution.MarkovParams)
	out := outModel{
		Model: m.name, Conserves: res.Conserves, Rows: []outRow{}, Params: params(res.Params), Warnings: res.Warnings, Tied: res.Tied,
		N: map[string]any{
			"journeys": number(res.Journeys), "conversions": number(res.Conversions),
			"nulls": number(res.Nulls), "subjects": number(res.Subjects),
		},
	}
	if out.Warnings == nil {
		out.Warnings = []string{}
	}
	if out.Tied == nil {
		out.Tied = [][2]string{}
	}
	for _, name := range names {
		cr, ok := credits[name]
		r := outRow{
			Model: m.name, Channel: name, Conversions: number(cr.Conversions), Value: formatMinor(cr.Value, d.scale),
			Removal: none, Lo: none, Hi: none,
		}
		if markov && !special(name) {
			r.Removal = number(cr.Removal)
		}
		if ok && cr.Why == "" {
			r.Lo, r.Hi = number(cr.Lo), number(cr.Hi)
		}
		if c.opts.Spend != nil {
			r.costs = c.cost(name, cr, d.scale)
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

func special(name string) bool {
	return name == attribution.Baseline || name == attribution.Unattributed || name == attribution.OtherRow
}

// cost is what a channel cost; channels that nobody paid for have none.
func (c *config) cost(name string, cr attribution.Credit, scale int) *costs {
	spent, ok := c.opts.Spend[name]
	if !ok {
		return &costs{CPA: none, ROAS: none}
	}
	cr.Cost = spent
	out := &costs{Cost: formatMinor(spent, scale), CPA: none, ROAS: none}
	if x, ok := cr.CPA(); ok {
		out.CPA = number(x / math.Pow10(scale))
	}
	if x, ok := cr.ROAS(); ok {
		out.ROAS = number(x)
	}
	return out
}

func params(p any) map[string]any {
	switch p := p.(type) {
	case *attribution.MarkovParams:
		return map[string]any{"order": p.Order, "states": p.States, "p_conversion": p.Conversion}
	case *attribution.HazardParams:
		decays := map[string]float64{}
		for name, d := range p.Decay {
			decays[name] = d.Hours() / 24
		}
		return map[string]any{
			"beta": p.Beta, "decay_days": decays, "baseline": p.Baseline, "loglik": p.LogLik, "rounds": p.Rounds,
			"auc": number(p.AUC), "log_loss": number(p.LogLoss), "used": number(p.Used), "exposed": p.Exposed, "no_evidence": p.NoEvidence, "decay_at_edge": p.AtEdge, "assumes": p.Assumes,
		}
	case *attribution.ShaoLiParams:
		return map[string]any{"p": p.P, "contribution": p.C}
	case *attribution.ShapleyParams:
		out := map[string]any{}
		if p.Hazard != nil {
			out = params(p.Hazard)
			out["v_none"] = p.None
		}
		out["phi"], out["v_all"] = p.Phi, p.Worth
		return out
	case *attribution.LineageParams:
		out := params(p.Hazard)
		excitation, events := map[string]float64{}, map[string]float64{}
		for pair, e := range p.Excitation {
			excitation[pair[0]+">"+pair[1]] = e
			events[pair[0]+">"+pair[1]] = p.Events[pair]
		}
		out["excitation"], out["excitation_events"], out["memory"], out["radius"] = excitation, events, p.Memory, p.Radius
		return out
	}
	return map[string]any{}
}

// readSpend reads the file of -spend.
func (c *config) readSpend(s input.Streams, scale int) error {
	if c.spend == "" {
		return nil
	}
	r, err := s.Open(c.spend)
	if err != nil {
		return err
	}
	defer r.Close()
	c.opts.Spend = map[string]int64{}
	recs, err := csv.NewReader(input.Unmarked(r)).ReadAll()
	if err != nil {
		return input.Usagef("%s: %w", c.spend, err)
	}
	for i, rec := range recs {
		if len(rec) != 2 || i == 0 && (rec[0] != "channel" || rec[1] != "cost") {
			return input.Usagef("%s: the columns are channel,cost", c.spend)
		}
		if i == 0 {
			continue
		}
		v, err := parseMinor(strings.TrimSpace(rec[1]), scale)
		if err != nil {
			return input.Usagef("%s: line %d: cost %w", c.spend, i+1, err)
		}
		c.opts.Spend[strings.TrimSpace(rec[0])] += v
	}
	return nil
}

// writeTransitions writes the matrix, withholding what fewer than least journeys did.
func writeTransitions(f io.Writer, js *attribution.Journeys, least int) error {
	w := csv.NewWriter(f)
	_ = w.Write([]string{"from", "to", "count", "prob"})
	for _, t := range attribution.Transitions(js) {
		if t.Count < float64(least) {
			continue
		}
		_ = w.Write([]string{input.Cell(t.From), input.Cell(t.To), float(t.Count), float(t.Prob)})
	}
	w.Flush()
	return w.Error()
}

// explainSubject prints the credit of each step of one subject's paths as JSON Lines.
func (c *config) explainSubject(s input.Streams, d *data) error {
	paths, ok := d.paths[c.explain]
	if !ok {
		return errors.New("no path of the subject of -explain")
	}
	for _, m := range c.models {
		js, err := d.prepare(m)
		if err != nil {
			return err
		}
		opts := c.opts
		opts.Interval.Method = attribution.NoInterval
		res, err := m.attribute.Attribute(js, &opts)
		if err != nil {
			return usage(err)
		}
		for i, p := range paths {
			others := slices.Delete(slices.Clone(paths), i, i+1)
			if err := c.explainPath(s.Out, m, res, i, p, others, d.scale); err != nil {
				return usage(err)
			}
		}
	}
	return nil
}

func (c *config) explainPath(w io.Writer, m model, res *attribution.Result, i int, p attribution.Path, others []attribution.Path, scale int) error {
	if res.Split == nil {
		return nil
	}
	steps, err := attribution.Explain(p, &m.prep, res.Split, others...)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, sc := range steps {
		line := map[string]any{
			"model": m.name, "subject": c.explain, "path": i + 1, "channel": sc.Step.Channel, "credit": number(sc.Credit),
			"value": formatMinor(sc.Value, scale), "reason": sc.Reason, "detail": sc.Detail,
		}
		if !sc.Step.At.IsZero() && p.Subject != "" {
			line["at"], line["source"], line["id"] = sc.Step.At, sc.Step.Source, sc.Step.ID
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
