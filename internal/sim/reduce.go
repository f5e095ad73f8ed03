package sim

import "slices"

// Reduce makes a violating schedule short: it takes operations away, then records and
// faults of those that are left, as long as the same invariant breaks (delta debugging,
// Zeller and Hildebrandt 2002, ddmin).
func Reduce(s Schedule) (Schedule, *Violation) {
	first := Live(s).Violation
	if first == nil {
		return s, nil
	}
	last := first // of what is left; a bug of map order may hide when it is run again
	breaks := func(ops []Op) bool {
		t := s
		t.Ops = ops
		v := Live(t).Violation
		if v == nil || v.Invariant != first.Invariant {
			return false
		}
		last = v
		return true
	}
	if first.Op >= 0 { // what came after it does not matter
		if n := 1 + slices.IndexFunc(s.Ops, func(op Op) bool { return op.N == first.Op }); n > 0 && breaks(s.Ops[:n]) {
			s.Ops = s.Ops[:n]
		}
	}
	s.Ops = shrink(s.Ops, breaks)
	for i := range s.Ops {
		with := func(op Op) []Op {
			ops := slices.Clone(s.Ops)
			ops[i] = op
			return ops
		}
		op := s.Ops[i]
		op.Records = shrink(op.Records, func(recs []Record) bool {
			x := op
			x.Records = recs
			return breaks(with(x))
		})
		op.Faults = shrink(op.Faults, func(faults []Fault) bool {
			x := op
			x.Faults = faults
			return breaks(with(x))
		})
		s.Ops[i] = op
	}
	s.Ops = shrink(s.Ops, breaks)
	return s, last
}

// shrink returns a part of the list that still breaks and of which nothing can be left
// out: ever smaller chunks are tried.
func shrink[T any](list []T, breaks func([]T) bool) []T {
	for size := (len(list) + 1) / 2; size > 0 && len(list) > 0; {
		gone := false
		for at := 0; at < len(list); {
			less := slices.Concat(list[:at], list[min(at+size, len(list)):])
			if breaks(less) {
				list, gone = less, true
			} else {
				at += size
			}
		}
		switch {
		case size > 1:
			size = (size + 1) / 2
		case !gone:
			size = 0
		}
	}
	return list
}
