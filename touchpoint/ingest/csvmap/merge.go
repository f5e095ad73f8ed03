package csvmap

import (
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// merge makes a touch of kind merge and the override that lets identity join two
// identifiers of one type, which it otherwise, rightly, never does.
func (w *work) merge() ingest.Record {
	w.common()
	t := &w.d.Touch
	t.Kind = touchpoint.KindMerge
	var ids [2]identity.ID
	for i, f := range w.m.ids {
		v := w.opaque(f.field)
		if v == "" {
			w.d.Fail("ids", touchpoint.Missing)
		}
		ids[i], _ = w.d.Identify(f.typ, v)
		w.d.ID(f.typ, v)
	}
	if ids[0] == ids[1] {
		w.d.Fail("ids", touchpoint.Syntax) // nothing is merged with itself
	}
	w.properties()
	rec := w.k.Record(w.d)
	if rec.Err != nil {
		return rec
	}
	a, b := ids[0], ids[1]
	if identity.CompareIDs(a, b) > 0 {
		a, b = b, a
	}
	merged := rec.Touches[0]
	rec.Overrides = []identity.Override{{
		ID: ingest.NameID(merged.Source, string(a.Type()), a.Value(), string(b.Type()), b.Value()),
		At: merged.At, Actor: merged.Source, Reason: "merge audit",
		Op: identity.MustLink, A: a, B: b, Force: true,
	}}
	return rec
}
