package chain

import "math"

// Inverse is the inverse of the n×n matrix a, row by row, by LU with partial pivoting. a
// is overwritten. A singular matrix gives entries that are not finite.
func Inverse(a []float64, n int) []float64 {
	perm := make([]int, n)
	for i := range perm {
		perm[i] = i
	}
	straight := true // no row was moved: the inverse of L is triangular, too
	for k := range n {
		p := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[p*n+k]) {
				p = i
			}
		}
		if p != k {
			straight = false
			perm[p], perm[k] = perm[k], perm[p]
			x, y := a[p*n:p*n+n], a[k*n:k*n+n]
			for j := range x {
				x[j], y[j] = y[j], x[j]
			}
		}
		top := a[k*n : k*n+n]
		d := 1 / top[k]
		for i := k + 1; i < n; i++ {
			row := a[i*n : i*n+n : i*n+n]
			if row[k] == 0 {
				continue
			}
			f := float64(row[k] * d)
			row[k] = f
			axpy(row[k+1:], top[k+1:], -f)
		}
	}
	inv := make([]float64, n*n)
	for i := range n {
		// Forward: row i of L⁻¹P.
		row := inv[i*n : i*n+n]
		row[perm[i]] = 1
		for k := range i {
			if f := a[i*n+k]; f != 0 {
				w := n
				if straight {
					w = k + 1
				}
				axpy(row[:w], inv[k*n:k*n+w], -f)
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		row := inv[i*n : i*n+n]
		for k := i + 1; k < n; k++ {
			if f := a[i*n+k]; f != 0 {
				axpy(row, inv[k*n:k*n+n], -f)
			}
		}
		d := 1 / a[i*n+i]
		for j := range row {
			row[j] *= d
		}
	}
	return inv
}

// axpy is y += f·x.
func axpy(y, x []float64, f float64) {
	x = x[:len(y)]
	for len(y) >= 4 && len(x) >= 4 {
		y[0] += float64(f * x[0])
		y[1] += float64(f * x[1])
		y[2] += float64(f * x[2])
		y[3] += float64(f * x[3])
		y, x = y[4:], x[4:]
	}
	for j := range y {
		y[j] += float64(f * x[j])
	}
}
