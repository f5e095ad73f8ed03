// Package posthog reads the events that PostHog's libraries send: batches, capture v1,
// single events, arrays and lines.
//
//	d, err := posthog.New(nil)
//	for rec, err := range d.Decode(file, time.Time{}) { … }
//
// PostHog has one identifier, distinct_id, for cookies and for users; its type is told
// from the event, the device id and the profile flags, and where nothing tells, a UUID
// is an anonymous_id and anything else a user_id. A wrong weak type costs a link; a wrong
// strong one would merge or split people.
//
// Events whose name begins with $ and that have no kind of ours are of kind system, their
// name in props.event. Properties that begin with $ are technical and dropped, except
// those with a meaning here.
package posthog

import (
	"io"
	"iter"
	"maps"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/internal/frame"
)

// Options are those of all decoders and what is PostHog's own. The zero Options and nil
// are ready.
type Options struct {
	ingest.Options
	// Events gives the kinds of events of your own, by their exact name; others are of
	// kind event.
	Events map[string]touchpoint.Kind
	// Surveys gives the scale of a survey's numeric answers, by survey id. Without it an
	// answer is kept as text, since PostHog does not send the scale.
	Surveys map[string]Range
}

// A Range is a scale of numbers from Min to Max, whose ends count.
type Range struct{ Min, Max int }

// A Decoder reads PostHog's events. Unchanged after construction and safe for concurrent
// use.
type Decoder struct {
	desk    *ingest.Desk
	events  map[string]touchpoint.Kind
	surveys map[string]Range
}

var _ ingest.Decoder = (*Decoder)(nil)

// New returns a decoder. It is an error if an option makes no sense.
func New(o *Options) (*Decoder, error) {
	if o == nil {
		o = &Options{}
	}
	desk, err := ingest.NewDesk("posthog", &o.Options)
	if err != nil {
		return nil, err
	}
	return &Decoder{desk, maps.Clone(o.Events), maps.Clone(o.Surveys)}, nil
}

// Decode reads events; it implements [ingest.Decoder].
func (d *Decoder) Decode(r io.Reader, received time.Time) iter.Seq2[ingest.Record, error] {
	o := d.desk.Options()
	limits := frame.Limits{Message: o.Limits.Message, Document: o.Limits.Document}
	return func(yield func(ingest.Record, error) bool) {
		e := &event{Draft: d.desk.Draft(), d: d}
		frame.Decode(r, frame.Form(o.Form), limits, func(f frame.Message) ingest.Record {
			rec := ingest.Record{Err: f.Err}
			if f.Err == nil {
				rec = e.record(f, received)
			}
			rec.Index, rec.Line, rec.Raw = f.Index, f.Line, f.Raw
			return rec
		})(yield)
	}
}
