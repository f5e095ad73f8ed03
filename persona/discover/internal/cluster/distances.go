package cluster

// Distances are Gower's between rows, measured when they are asked for. One goroutine may
// use them.
type Distances struct {
	Apart int // pairs without a column in common, once there is a Matrix

	g      *gower
	matrix [][]float64
	buffer []float64
}

// NewDistances prepares rows.
func NewDistances(rows *Rows) *Distances {
	return &Distances{g: newGower(rows), buffer: make([]float64, rows.N)}
}

// Matrix returns all distances.
func (d *Distances) Matrix() [][]float64 {
	if n := d.g.n; d.matrix == nil {
		cells := make([]float64, n*n)
		for i := range n {
			row := cells[i*n : (i+1)*n]
			d.Apart += d.g.row(i, row)
			d.matrix = append(d.matrix, row)
		}
		d.Apart /= 2 // each pair was met twice
	}
	return d.matrix
}

// Row returns the distances of a row, until the next call.
func (d *Distances) Row(i int) []float64 {
	if d.matrix != nil {
		return d.matrix[i]
	}
	d.g.row(i, d.buffer)
	return d.buffer
}
