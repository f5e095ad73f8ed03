// Package cloudevents reads and writes CloudEvents 1.0 in their structured JSON form: one
// event, a batch array, or lines.
//
//	d, err := cloudevents.New(&cloudevents.Options{Subject: identity.UserID})
//	for rec, err := range d.Decode(file, time.Time{}) { … }
//
// An event of type [Type] holds a touch in tabi's canonical form: what [Encode] writes,
// Decode reads back. Of other types the data becomes props and the subject an identifier,
// or a mapping says what is what; see [Options].
//
// A touch's key is the event's source and id, which the standard makes unique. No
// identifier stands in the envelope that Encode writes, since brokers log envelopes.
package cloudevents

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
)

// Type is the event type of a touch in canonical form.
const Type = "io.github.tabi-go.touch.v1"

// Options are those of all decoders and what is CloudEvents' own. The zero Options and
// nil are ready.
type Options struct {
	ingest.Options
	// Subject is the type of the identifier that stands in subject. Empty: the subject
	// is no identifier, and events without a mapping are refused (missing ids).
	Subject identity.Type
	// Types gives the mapping of a type of event, such as one of package csvmap, whose
	// columns are paths into the event: "subject", "data.customer.email". Source, id and
	// time that it does not give are the event's.
	Types map[string]ingest.Mapper
}

// A Decoder reads CloudEvents. Unchanged after construction and safe for concurrent use
// if its mappings are.
type Decoder struct {
	desk    *ingest.Desk
	subject identity.Type
	types   map[string]ingest.Mapper
}

var _ ingest.Decoder = (*Decoder)(nil)

// New returns a decoder. It is an error if an option makes no sense.
func New(o *Options) (*Decoder, error) {
	if o == nil {
		o = &Options{}
	}
	desk, err := ingest.NewDesk("cloudevents", &o.Options)
	if err != nil {
		return nil, err
	}
	if o.Subject != "" {
		if err := desk.CheckType(o.Subject); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Types)) {
		if o.Types[name] == nil || name == Type {
			return nil, fmt.Errorf("cloudevents: no mapping is possible for type %q", name)
		}
	}
	return &Decoder{desk, o.Subject, maps.Clone(o.Types)}, nil
}

// Decode reads events; it implements [ingest.Decoder].
func (d *Decoder) Decode(r io.Reader, received time.Time) iter.Seq2[ingest.Record, error] {
	o := d.desk.Options()
	limits := frame.Limits{Message: o.Limits.Message, Document: o.Limits.Document,
		Depth: touchpoint.MaxDepth + 2} // the props of a touch, in data, in the event
	return frame.Decode(r, frame.Form(o.Form), limits, func(m frame.Message) ingest.Record {
		rec := ingest.Record{Err: m.Err}
		if m.Err == nil {
			rec = d.record(m.Value, received)
		}
		rec.Index, rec.Line, rec.Raw = m.Index, m.Line, m.Raw
		return rec
	})
}
