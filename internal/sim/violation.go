package sim

import "fmt"

// A Violation is an invariant that did not hold, and where.
type Violation struct {
	Invariant string
	Op        int // number of the operation; after the last one, -1
	Detail    string
}

func broken(invariant, format string, args ...any) *Violation {
	return &Violation{Invariant: invariant, Op: -1, Detail: fmt.Sprintf(format, args...)}
}

// Error tells all of it.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s at operation %d: %s", v.Invariant, v.Op, v.Detail)
}
