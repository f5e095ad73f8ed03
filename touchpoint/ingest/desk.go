package ingest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Desk is what a decoder works at: its options, resolved once. Programs that only
// read a format never need one. Unchanged after construction and safe for concurrent use.
type Desk struct {
	o     Options
	touch touchpoint.Options
	keep  map[string]bool // Minimise.Props; nil keeps all
}

// NewDesk resolves o, which may be nil, for a decoder of that format. It is an error if
// a setting makes no sense.
func NewDesk(format string, o *Options) (*Desk, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	k := &Desk{}
	if o != nil {
		k.o = *o
		k.o.ConsentPurposes = maps.Clone(o.ConsentPurposes)
	}
	if k.o.Source == "" {
		k.o.Source = format
	}
	if k.o.Touch != nil {
		k.touch = *k.o.Touch
	}
	if k.o.Rules != nil {
		k.touch.Rules = k.o.Rules
	}
	if k.touch.Rules == nil {
		r := identity.DefaultRules()
		k.touch.Rules = &r
	}
	if k.o.Limits.Message == 0 {
		k.o.Limits.Message = MaxMessage
	}
	if k.o.Limits.Document == 0 {
		k.o.Limits.Document = MaxDocument
	}
	if k.o.Minimise.Props != nil {
		k.keep = make(map[string]bool, len(k.o.Minimise.Props))
		for _, p := range k.o.Minimise.Props {
			k.keep[p] = true
		}
	}
	return k, nil
}

// Options returns the options with every default filled in.
func (k *Desk) Options() Options { return k.o }

// Touch returns what touches are normalised with.
func (k *Desk) Touch() *touchpoint.Options {
	o := k.touch
	return &o
}

// CheckType reports a type of identifier that the rules do not know, so that a typo in a
// decoder's settings does not show in every message.
func (k *Desk) CheckType(t identity.Type) error {
	if _, err := k.touch.Rules.ID(t, "probe"); errors.Is(err, identity.ErrUnknownType) {
		return fmt.Errorf("ingest: unknown type of identifier %q", t)
	}
	return nil
}

// Draft returns an empty draft of a touch from this decoder's source.
func (k *Desk) Draft() *Draft {
	d := &Draft{desk: k}
	d.Reset()
	return d
}

// Finish makes the touch of a draft: it settles the time, lets Options.Channel see the
// raw page, masks, normalises, and derives an id where the message gave none. The first
// thing that was wrong with the draft is the error, an [*touchpoint.InvalidError] or,
// where the hook panicked, a [*touchpoint.CallbackError].
func (k *Desk) Finish(d *Draft) (touchpoint.Touch, error) {
	if err := k.finish(d); err != nil {
		return touchpoint.Touch{}, err
	}
	return d.Touch, nil
}

// finish makes the draft's touch in place.
func (k *Desk) finish(d *Draft) error {
	if err := k.prepare(d); err != nil {
		return err
	}
	slices.SortFunc(d.Touch.IDs, identity.CompareIDs) // in place, where Normalize would copy
	if err := d.Touch.Normalize(&k.touch); err != nil {
		return err
	}
	retain(&d.Touch)
	return nil
}

// Record finishes a draft and gives the record of its message, with the consents and
// notes, or with what is wrong.
func (k *Desk) Record(d *Draft) Record {
	if err := k.finish(d); err != nil {
		return Record{Err: err}
	}
	return Record{Touches: []touchpoint.Touch{d.Touch}, Consents: k.consents(d), Notes: d.Notes}
}

// Activity is Record for an activity with participants, such as a meeting: one touch for
// each of them, see [touchpoint.Split]. The draft's own identifiers are those of accounts
// and deals, which stand on every one.
func (k *Desk) Activity(d *Draft, people []identity.ID) Record {
	if err := k.prepare(d); err != nil {
		return Record{Err: err}
	}
	ts, err := touchpoint.Split(d.Touch, people, &k.touch)
	if err != nil {
		return Record{Err: err}
	}
	for i := range ts {
		retain(&ts[i])
	}
	return Record{Touches: ts, Notes: d.Notes}
}

// prepare brings the draft up to normalisation.
func (k *Desk) prepare(d *Draft) (err error) {
	if d.err != nil {
		return d.err
	}
	t := &d.Touch
	if !d.OfflineStated {
		t.Offline = t.Kind.Info().Offline
	}
	k.settle(d)
	if t.At.IsZero() {
		return &touchpoint.InvalidError{Field: "at", Reason: touchpoint.Missing}
	}
	d.Page.Source, d.Page.Medium, d.Page.Campaign = t.Campaign.Source, t.Campaign.Medium, t.Campaign.Name
	if !d.resumed && hasPage(t.Kind) && t.Campaign == (touchpoint.Campaign{}) {
		t.Campaign = Campaign(d.Page.URL)
	}
	if k.o.Channel != nil && hasPage(t.Kind) {
		if t.Props, err = d.build(); err != nil {
			return err
		}
		if err := k.channel(t, d.Page); err != nil {
			return err
		}
		d.adopt(t.Props) // what the hook set
	}
	if k.minimise(d); d.err != nil {
		return d.err
	}
	t.Props, err = d.build()
	return err
}

// settle fills in At and ReceivedAt, and props.at_original with the event's own time if At
// is another.
func (k *Desk) settle(d *Draft) {
	t, times := &d.Touch, d.Times
	t.ReceivedAt = times.Received.UTC().Truncate(time.Microsecond)
	if times.Received.IsZero() {
		t.ReceivedAt = time.Time{}
	}
	if t.ID == "" && times.Event.IsZero() && times.Corrected.IsZero() && !(times.Received.IsZero() && times.Sent.IsZero()) {
		d.Note(NotIdempotent)
	}
	at, original := times.at(k.o.Skew, k.o.Tolerance)
	if at.IsZero() {
		at = k.o.At
	}
	t.At = at
	original = original.Truncate(time.Microsecond)
	if original.Equal(at.Truncate(time.Microsecond)) {
		original = time.Time{}
	}
	if !original.IsZero() {
		d.Prop("at_original", original.UTC().Format(time.RFC3339Nano))
		if times.Corrected.IsZero() {
			d.Note(ClockCorrected)
		}
	}
	if !t.ReceivedAt.IsZero() && at.After(t.ReceivedAt) {
		d.Note(AheadOfReceipt)
	}
}

// hasPage reports whether channel rules look at touches of this kind.
func hasPage(k touchpoint.Kind) bool {
	switch k {
	case touchpoint.KindVisit, touchpoint.KindPageview, touchpoint.KindScreen, touchpoint.KindEvent:
		return true
	}
	return false
}

// channel calls the hook and turns a panic into an error.
func (k *Desk) channel(t *touchpoint.Touch, p touchpoint.Page) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = touchpoint.NewCallbackError("ingest.Options.Channel", v)
		}
	}()
	return k.o.Channel(t, p)
}
