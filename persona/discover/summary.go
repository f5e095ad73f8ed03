package discover

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover/internal/cluster"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// leastDescribed is the size from which a cluster says more than size and centre.
const leastDescribed = 10

// A Cluster is one group of rows. One of fewer than ten rows has only size and centre.
type Cluster struct {
	Size int
	// Center has by column of the result the mode or mean, of PAM the medoid's cells.
	Center  []persona.Value
	Columns []Summary
	Outcome *Rate // nil if no row was won or lost
	// Draft is a persona of the values that at least 60 % of the cluster have, and 1.5
	// times as often as all rows; nil if there are none. It has a criterion for each.
	Draft             *persona.Persona
	Precision, Recall float64 // of whom the draft fits: in the cluster; of the cluster: whom it fits
}

// A Summary is how one column is spread in a cluster, missing cells apart.
type Summary struct {
	Name           string
	Top            []Share // the three most frequent values, unless the column is numeric
	Median, Q1, Q3 float64 // of a numeric column
}

// A Share is how often a value occurs.
type Share struct {
	Value persona.Value
	Share float64
	Lift  float64 // Share by that in all rows
}

// A Rate is the share of won rows among the decided, with a 90 % interval: quantiles of
// Beta(won + ½, lost + ½).
type Rate struct {
	Won, Lost       int
	Rate, Low, High float64
}

func (g *grid) cluster(p *cluster.Partition, label int) Cluster {
	c := Cluster{}
	mine := make([]int, g.N)
	won, lost := 0, 0
	for i, l := range p.Labels {
		if l == label {
			mine[i] = g.weight[i]
			c.Size += g.weight[i]
			won += g.won[i]
			lost += g.lost[i]
		}
	}
	for j, col := range g.columns {
		v := persona.Value{}
		if code := p.Centres[label].Codes[j]; code != cluster.Missing {
			v = col.values[code].Persona()
		} else if g.Columns[j].Number {
			v = persona.NumberValue(p.Centres[label].Numbers[j])
		}
		c.Center = append(c.Center, v)
	}
	if c.Size < leastDescribed {
		return c
	}
	if won+lost > 0 {
		a, b := float64(won)+.5, float64(lost)+.5
		c.Outcome = &Rate{won, lost, float64(won) / float64(won+lost), num.BetaQuantile(.05, a, b), num.BetaQuantile(.95, a, b)}
	}
	d := draft{g: g}
	for j, col := range g.columns {
		s := Summary{Name: col.Name}
		if col.Scale == Numeric {
			s.Q1, s.Median, s.Q3 = g.quartiles(j, mine)
		} else {
			s.Top = g.shares(j, mine)
			d.offer(j, s.Top)
		}
		c.Columns = append(c.Columns, s)
	}
	c.Draft, c.Precision, c.Recall = d.persona(label, c.Size, mine)
	return c
}

func (g *grid) quartiles(j int, weight []int) (q1, median, q3 float64) {
	var all []float64
	for i, w := range weight {
		if code := g.Row(i)[j]; code != cluster.Missing {
			for range w {
				all = append(all, g.Columns[j].Values[code])
			}
		}
	}
	slices.Sort(all)
	return num.Percentile(all, .25), num.Percentile(all, .5), num.Percentile(all, .75)
}

// shares returns the values of a column by falling share, of equal ones the least value
// first.
func (g *grid) shares(j int, weight []int) []Share {
	count := func(weight []int) (counts []int, known float64) {
		counts = make([]int, len(g.columns[j].values))
		for i, w := range weight {
			if code := g.Row(i)[j]; code != cluster.Missing {
				counts[code] += w
				known += float64(w)
			}
		}
		return counts, known
	}
	here, known := count(weight)
	all, total := count(g.weight)
	var codes []int
	for code, n := range here {
		if n > 0 {
			codes = append(codes, code)
		}
	}
	slices.SortStableFunc(codes, func(a, b int) int { return cmp.Compare(here[b], here[a]) })
	var top []Share
	for _, code := range codes[:min(len(codes), 3)] {
		s := Share{Value: g.columns[j].values[code].Persona(), Share: float64(here[code]) / known}
		s.Lift = s.Share / (float64(all[code]) / total)
		top = append(top, s)
	}
	return top
}

// Bounds of what makes a persona.
const (
	leastShare = .6
	leastLift  = 1.5
)

// A draft gathers what tells a cluster from all rows.
type draft struct {
	g        *grid
	columns  []int
	values   []record.Value
	criteria []persona.Criterion
}

// offer takes the most frequent value of a column if it is typical.
func (d *draft) offer(j int, top []Share) {
	if len(top) == 0 || top[0].Share < leastShare || top[0].Lift < leastLift || len(d.criteria) == persona.MaxCriteria {
		return
	}
	name, v := d.g.columns[j].Name, record.ValueOf(top[0].Value)
	if when, ok := conditionOf(object{"field": name, "op": "eq", "value": v.JSON()}); ok {
		d.columns, d.values = append(d.columns, j), append(d.values, v)
		d.criteria = append(d.criteria, persona.Criterion{ID: name, Weight: 1, When: &when})
	}
}

// persona returns the draft, and how well it tells the cluster: it fits a row that meets
// half of the criteria whose cells it knows, the default of a persona.
func (d *draft) persona(label, size int, mine []int) (p *persona.Persona, precision, recall float64) {
	if len(d.criteria) == 0 {
		return nil, 0, 0
	}
	fits, both := 0, 0
	for i, w := range d.g.weight {
		known, met := 0, 0
		for n, j := range d.columns {
			code := d.g.Row(i)[j]
			if code == cluster.Missing {
				continue
			}
			known++
			if d.g.columns[j].values[code] == d.values[n] {
				met++
			}
		}
		if known > 0 && 2*met >= known {
			fits += w
			both += mine[i]
		}
	}
	p = &persona.Persona{}
	p.ID, p.Draft, p.Criteria = "cluster-"+strconv.Itoa(label), true, d.criteria
	p.Counts = map[string]int{"rows": d.g.n, "cluster": size, "fits": fits, "fits_in_cluster": both}
	p.Note = "Drawn from records alone: ask such people before you rely on it."
	return p, float64(both) / float64(max(fits, 1)), float64(both) / float64(size)
}
