package num

import "math"

// Cholesky replaces the lower triangle of a symmetric n×n matrix, held row by row, by its
// factor L with L·Lᵀ = a; the upper triangle is not touched. A row whose pivot is at most
// tol times its diagonal depends on the rows before: Cholesky stops and returns it, or
// −1 if there is none.
func Cholesky(a []float64, n int, tol float64) int {
	for j := range n {
		row := a[j*n : j*n+j+1]
		for k := range j {
			row[k] = (row[k] - dot(row[:k], a[k*n:k*n+k])) / a[k*n+k]
		}
		pivot := row[j] - dot(row[:j], row[:j])
		if !(pivot > tol*row[j]) {
			return j
		}
		row[j] = math.Sqrt(pivot)
	}
	return -1
}

// CholeskySolve replaces b by the x with L·Lᵀ·x = b, for the factor of Cholesky.
func CholeskySolve(l []float64, n int, b []float64) {
	for i := range n {
		b[i] = (b[i] - dot(l[i*n:i*n+i], b[:i])) / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		b[i] /= l[i*n+i]
		for k := range i {
			b[k] -= float64(l[i*n+k] * b[i])
		}
	}
}

// CholeskyInverse returns the inverse of L·Lᵀ, row by row, for the factor of Cholesky.
func CholeskyInverse(l []float64, n int) []float64 {
	inverse := make([]float64, n*n)
	column := make([]float64, n)
	for j := range n {
		clear(column)
		column[j] = 1
		CholeskySolve(l, n, column)
		for i := range n {
			inverse[i*n+j] = column[i]
		}
	}
	return inverse
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}
