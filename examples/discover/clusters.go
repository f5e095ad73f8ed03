package main

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// The answer of the methods that divide; null is what the method does not have.
type division struct {
	Method     string     `json:"method"`
	K          int        `json:"k"`
	Seed       uint64     `json:"seed"`
	N          int        `json:"n"`
	Dropped    []string   `json:"dropped"`
	Skipped    int        `json:"skipped"`
	Cost       float64    `json:"cost"`
	Gamma      *float64   `json:"gamma"`
	Silhouette *float64   `json:"silhouette"`
	Stability  *float64   `json:"stability"`
	Structure  *structure `json:"structure"`
	Clusters   []cluster  `json:"clusters"`
	Labels     []int      `json:"labels"`
	Iterations int        `json:"iterations"`
	Start      *int       `json:"start"`
}

type structure struct {
	P          float64     `json:"p"`
	Candidates []candidate `json:"candidates"`
}

type candidate struct {
	K          int     `json:"k"`
	Silhouette float64 `json:"silhouette"`
	Stability  float64 `json:"stability"`
}

type cluster struct {
	ID        int              `json:"id"`
	Size      int              `json:"size"`
	Center    []any            `json:"center"`
	Columns   []any            `json:"columns"`
	Outcome   *rate            `json:"outcome"`
	Draft     *persona.Persona `json:"draft"`
	Precision *float64         `json:"precision"`
	Recall    *float64         `json:"recall"`
}

type rate struct {
	Won  int     `json:"won"`
	Lost int     `json:"lost"`
	Rate float64 `json:"rate"`
	Low  float64 `json:"lo"`
	High float64 `json:"hi"`
}

type numbers struct {
	Name   string  `json:"name"`
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
}

type values struct {
	Name string  `json:"name"`
	Top  []share `json:"top"`
}

type share struct {
	Value any     `json:"value"`
	Share float64 `json:"share"`
	Lift  float64 `json:"lift"`
}

func (t *table) method(o *options) discover.Method {
	switch o.method {
	case "kmodes":
		return discover.KModes{K: o.k, Starts: o.starts, Seed: o.seed}
	case "kprototypes":
		return discover.KPrototypes{K: o.k, Starts: o.starts, Seed: o.seed, Raw: o.raw}
	}
	return discover.PAM{K: o.k}
}

// divide makes clusters and writes them.
func (t *table) divide(s input.Streams, o *options) error {
	tb, err := discover.NewTable(t.columns...)
	for i := 0; i < len(t.rows) && err == nil; i++ {
		err = tb.Add(t.rows[i])
	}
	if err != nil {
		return err
	}
	d := division{Method: o.method, Seed: o.seed}
	m := t.method(o)
	var r *discover.Result
	if o.k > 0 {
		r, err = m.Fit(tb)
	} else {
		var c *discover.Choice
		if c, err = discover.ChooseK(tb, &discover.ChooseOptions{Method: m, Seed: o.seed}); err == nil {
			r = c.Result
			d.chosen(c)
		}
	}
	if err != nil {
		return err
	}
	d.fill(r)
	if o.method == "kprototypes" {
		d.Gamma = &r.Gamma
	}
	if o.method != "pam" {
		d.Start = &r.Start
	}
	if err := s.Save(o.out, func(w io.Writer) error { return input.WriteJSON(w, d) }); err != nil {
		return err
	}
	if o.labels != "" {
		if err := s.Save(o.labels, func(w io.Writer) error { return t.writeLabels(w, r) }); err != nil {
			return err
		}
	}
	if o.distances == "" {
		return nil
	}
	distances, err := discover.Distances(tb)
	if err != nil {
		return err
	}
	return s.Save(o.distances, func(w io.Writer) error { return writeDistances(w, distances) })
}

// chosen fills in what spoke for the number of clusters.
func (d *division) chosen(c *discover.Choice) {
	d.Structure = &structure{P: c.P, Candidates: []candidate{}}
	for _, a := range c.Candidates {
		d.Structure.Candidates = append(d.Structure.Candidates, candidate(a))
		if a.K == c.K {
			d.Stability = &a.Stability
		}
	}
}

func (d *division) fill(r *discover.Result) {
	d.K, d.N, d.Skipped, d.Cost, d.Labels, d.Iterations = r.K, r.Rows, r.Skipped, r.Cost, r.Labels, len(r.Costs)
	d.Dropped = append([]string{}, r.Dropped...)
	if !math.IsNaN(r.Silhouette) {
		d.Silhouette = &r.Silhouette
	}
	for id, c := range r.Clusters {
		out := cluster{ID: id, Size: c.Size, Columns: []any{}, Draft: c.Draft}
		for _, v := range c.Center {
			out.Center = append(out.Center, plain(v))
		}
		for _, s := range c.Columns {
			if s.Top == nil {
				out.Columns = append(out.Columns, numbers{s.Name, s.Median, s.Q1, s.Q3})
				continue
			}
			v := values{Name: s.Name}
			for _, top := range s.Top {
				v.Top = append(v.Top, share{plain(top.Value), top.Share, top.Lift})
			}
			out.Columns = append(out.Columns, v)
		}
		if c.Outcome != nil {
			out.Outcome = (*rate)(c.Outcome)
		}
		if c.Draft != nil {
			out.Precision, out.Recall = &c.Precision, &c.Recall
		}
		d.Clusters = append(d.Clusters, out)
	}
}

// plain is a value as JSON has it, null if it is unknown.
func plain(v persona.Value) any {
	if x, _, ok := v.Range(); ok {
		return x
	}
	if v.Kind() == persona.None {
		return nil
	}
	return v.String()
}

func decimalOf(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (t *table) writeLabels(w io.Writer, r *discover.Result) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "cluster", "silhouette"}) // Error tells
	for i, label := range r.Labels {
		row := []string{input.Cell(t.names[i]), "", ""}
		if label >= 0 {
			row[1] = strconv.Itoa(label)
			if r.Silhouettes != nil {
				row[2] = decimalOf(r.Silhouettes[i])
			}
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func writeDistances(w io.Writer, d [][]float64) error {
	out := csv.NewWriter(w)
	row := []string{""}
	for i := range d {
		row = append(row, strconv.Itoa(i+1))
	}
	_ = out.Write(row) // Error tells
	for i, line := range d {
		row = append(row[:0], strconv.Itoa(i+1))
		for _, x := range line {
			row = append(row, decimalOf(x))
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}
