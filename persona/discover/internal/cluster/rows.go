// Package cluster divides rows into clusters: k-modes and k-prototypes ([Prototypes]),
// partitioning around medoids ([Medoids]) on Gower's [Distances], and how well a division
// fits ([Silhouette]) and agrees with another ([AdjustedRand]).
//
// Everything works on [Rows]: distinct rows in a fixed order, whose cells are codes. How
// often each row occurs is a separate list of weights, so that a part of the rows is the
// same Rows with other weights, some of them 0. Sums run in the order of the rows.
package cluster

import "math"

// Missing is the code of a cell that is not known.
const Missing = -1

// A Column is what the codes of a column mean.
type Column struct {
	Number     bool      // compared by difference, else by equality
	Asymmetric bool      // two rows that are both 0 say nothing about each other
	Values     []float64 // by code: of a Number the number, of an Asymmetric 0 or 1
	Codes      int       // how many there are
	Weight     float64   // in Gower's distance
}

// Rows are distinct rows.
type Rows struct {
	N       int
	Columns []Column
	Codes   []int32 // row by row
}

// Row returns the codes of a row.
func (r *Rows) Row(i int) []int32 {
	m := len(r.Columns)
	return r.Codes[i*m : (i+1)*m]
}

// number returns a cell of a Number, NaN where it is missing.
func (r *Rows) number(i, j int) float64 {
	if c := r.Row(i)[j]; c != Missing {
		return r.Columns[j].Values[c]
	}
	return math.NaN()
}

// A Centre stands for a cluster: by column the code, and of a Number the number.
type Centre struct {
	Codes   []int32
	Numbers []float64
}

// A Partition is a division of the rows of positive weight.
type Partition struct {
	Labels  []int // by row; Missing where the weight is 0
	Centres []Centre
	Costs   []float64 // after each step; the last is that of the partition
	Start   int       // which start it came from
}

// Cost is what was minimised.
func (p *Partition) Cost() float64 { return p.Costs[len(p.Costs)-1] }
