package ingest

import (
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// retain gives the touch texts of its own, in one piece: what decoders read are parts of
// the message, and a touch that is kept would keep the whole of it in memory.
func retain(t *touchpoint.Touch) {
	texts := [...]*string{&t.Source, &t.ID, (*string)(&t.Kind), (*string)(&t.Channel), &t.Touchpoint, &t.Stage,
		&t.Campaign.Source, &t.Campaign.Medium, &t.Campaign.Name, &t.Campaign.Term, &t.Campaign.Content, &t.Campaign.ID}
	n := 0
	for _, s := range texts {
		n += len(*s)
	}
	for _, id := range t.IDs {
		n += len(id.Value())
	}
	var b strings.Builder
	b.Grow(n)
	for _, s := range texts {
		b.WriteString(*s)
	}
	for _, id := range t.IDs {
		b.WriteString(id.Value())
	}
	all := b.String()
	cut := func(n int) string {
		s := all[:n]
		all = all[n:]
		return s
	}
	for _, s := range texts {
		*s = cut(len(*s))
	}
	for i, id := range t.IDs {
		t.IDs[i] = identity.MakeID(id.Type(), cut(len(id.Value())))
	}
}
