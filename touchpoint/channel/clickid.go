package channel

import (
	"math/bits"
	"slices"

	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

var (
	gclid     = query.IndexClickID("gclid")
	gadSource = query.IndexClickID("gad_source")
	fbclid    = query.IndexClickID("fbclid")
)

// A clickSet says which click ids a URL has, by their index.
type clickSet uint32

func (s clickSet) has(i int) bool { return s&(1<<i) != 0 }

// source returns the first click id that gives source and medium, -1 if none does.
func (s clickSet) source(trust bool) int {
	for s != 0 {
		i := bits.TrailingZeros32(uint32(s))
		if c := &query.ClickIDs[i]; c.Source != "" && (trust || !c.Trusted) {
			return i
		}
		s &^= 1 << i
	}
	return -1
}

// paid reports whether one of the click ids proves that somebody paid.
func (s clickSet) paid() bool {
	for i, c := range query.ClickIDs {
		if s.has(i) && c.Proves == query.Paid {
			return true
		}
	}
	return false
}

// names returns the names in the set, sorted; gad_source, a digit that names no click,
// with its value.
func (s clickSet) names(gad string) []string {
	var names []string
	for i, c := range query.ClickIDs {
		if s.has(i) {
			names = append(names, c.Name)
		}
	}
	if i := slices.Index(names, "gad_source"); i >= 0 && gad != "" {
		names[i] += "=" + gad
	}
	slices.Sort(names)
	return names
}
