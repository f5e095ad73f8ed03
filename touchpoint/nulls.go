package touchpoint

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/nullword"
)

// nullName reports whether a cleaned name says nothing.
func (o *Options) nullName(s string) bool {
	if o.Nulls == nil {
		return nullword.Is(s)
	}
	f := Fold(s)
	for _, n := range o.Nulls {
		if Fold(n) == f {
			return true
		}
	}
	return s == ""
}

// nullNumber reports whether a number, time or currency says nothing. A NaN is a broken
// number, not a missing one.
func (o *Options) nullNumber(s string) bool {
	return o.nullName(s) && !strings.EqualFold(s, "nan")
}
