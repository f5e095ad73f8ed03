// Package segment reads the messages that Segment, RudderStack and Jitsu send: track,
// page, screen, identify, group and alias, one by one, in arrays, line by line or as
// batches.
//
//	d, err := segment.New(nil)
//	for rec, err := range d.Decode(file, time.Time{}) { … }
//
// Keys may be in camelCase or snake_case; of a key in both, the first wins, with a note.
// A track event becomes the kind that Segment's own specification means by its name, in
// either word order ("Order Completed", "Completed Order"); see [Options].Events for
// names of your own. Amounts are rounded half to even from the literal that was sent,
// never by way of a float.
//
// The time of a touch is timestamp where the receiver corrected it (then
// originalTimestamp is there too, and becomes props.at_original), else the sender's own.
//
// Addresses of others in properties, such as invitees and agents, are never identifiers
// of the person who acted.
package segment

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

// Options are those of all decoders and what is Segment's own. The zero Options and nil
// are ready.
type Options struct {
	ingest.Options
	// Call is the call of messages that name none, from the endpoint they came to:
	// track, page, screen, identify, group or alias. Empty: such messages are refused.
	Call string
	// Events adds kinds of track events, or replaces them, by the event's name. Of two
	// names that differ in case or signs alone the last one sorted counts.
	Events map[string]touchpoint.Kind
	// ExternalIDs gives the identifier type of a type of context.externalIds. Others
	// are dropped, with a note.
	ExternalIDs map[string]identity.Type
}

// A Decoder reads Segment's messages. Unchanged after construction and safe for
// concurrent use.
type Decoder struct {
	desk     *ingest.Desk
	call     string
	events   map[string]touchpoint.Kind // by folded name; nil: only the built-in ones
	external map[string]identity.Type
}

var _ ingest.Decoder = (*Decoder)(nil)

// New returns a decoder. It is an error if an option makes no sense.
func New(o *Options) (*Decoder, error) {
	if o == nil {
		o = &Options{}
	}
	desk, err := ingest.NewDesk("segment", &o.Options)
	if err != nil {
		return nil, err
	}
	d := &Decoder{desk: desk, call: o.Call, external: make(map[string]identity.Type, len(o.ExternalIDs))}
	if o.Call != "" && !calls[o.Call] {
		return nil, fmt.Errorf("segment: unknown call %q", o.Call)
	}
	if len(o.Events) > 0 {
		d.events = make(map[string]touchpoint.Kind, len(o.Events))
		for _, name := range slices.Sorted(maps.Keys(o.Events)) { // of two spellings of one name the last
			d.events[foldEvent(name)] = o.Events[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.ExternalIDs)) {
		if err := desk.CheckType(o.ExternalIDs[name]); err != nil {
			return nil, err
		}
		d.external[name] = o.ExternalIDs[name]
	}
	return d, nil
}

// Decode reads messages; it implements [ingest.Decoder].
func (d *Decoder) Decode(r io.Reader, received time.Time) iter.Seq2[ingest.Record, error] {
	o := d.desk.Options()
	limits := frame.Limits{Message: o.Limits.Message, Document: o.Limits.Document}
	return func(yield func(ingest.Record, error) bool) {
		m := &message{Draft: d.desk.Draft(), d: d, kinds: map[string]touchpoint.Kind{}}
		frame.Decode(r, frame.Form(o.Form), limits, func(f frame.Message) ingest.Record {
			rec := ingest.Record{Err: f.Err}
			if f.Err == nil {
				rec = m.record(f, received)
			}
			rec.Index, rec.Line, rec.Raw = f.Index, f.Line, f.Raw
			return rec
		})(yield)
	}
}
