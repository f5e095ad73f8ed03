package storage

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Row is a fact as stores keep it, made outside of every lock. A Row may be used again;
// its Body and IDs are then overwritten.
type Row struct {
	Key      Key
	Hash     [16]byte // of Key
	Sum      [16]byte // of Body
	At       int64    // microseconds since 1970
	Received int64    // of a touch's ReceivedAt, NoTime where there is none
	Body     []byte
	IDs      []identity.ID // that the fact names, sorted by (type, value), distinct
	Trusted  bool          // Body is decoded without a look at Sum
}

// NoTime stands in a [Row] for the zero instant.
const NoTime = -1 << 63

// Encode checks f and fills r, using the capacity of r.Body and r.IDs. The error is that
// of [Check].
func (r *Row) Encode(f Fact) error { return r.encode(&f) }

func (r *Row) encode(f *Fact) error {
	var c codec
	body, err := c.append(r.Body[:0], *f)
	if err != nil {
		return err
	}
	if f.Touch != nil {
		r.IDs = append(r.IDs[:0], c.ids...)
	} else {
		r.IDs = f.appendIDs(r.IDs[:0])
		slices.SortFunc(r.IDs, identity.CompareIDs)
		r.IDs = slices.Compact(r.IDs)
	}
	r.Body, r.Key, r.At, r.Received = body, f.key(body), f.At().UnixMicro(), NoTime
	r.Hash, r.Sum = r.Key.Hash(), HashBody(body)
	if f.Touch != nil && !f.Touch.ReceivedAt.IsZero() {
		r.Received = f.Touch.ReceivedAt.UnixMicro()
	}
	return nil
}

// Offer is Encode for [Store.Append]: it returns the outcome as far as the fact alone
// decides it. What no store takes (what [Check] refuses, and every Erased fact) is Rejected
// with the reason, and with its Key if it is a touch; r is then of no use. Any other fact
// has its Key and Status 0, which the store replaces.
func (r *Row) Offer(f Fact) (out touchpoint.Outcome) {
	err := r.encode(&f)
	if err == nil && f.Erasure != nil {
		err = &touchpoint.InvalidError{Field: "class", Reason: touchpoint.UnknownType}
	}
	if err == nil {
		out.Key = touchpoint.Key{Source: r.Key.Source, ID: r.Key.ID}
		return out
	}
	out.Status, out.Err = touchpoint.Rejected, err
	if f.Touch != nil { // without a key nobody could say which one it was
		out.Key = f.Touch.Key()
	}
	var e *touchpoint.InvalidError
	if errors.As(err, &e) {
		out.Reason = e.Reason
	}
	return out
}

// Fact decodes Body after comparing it with Sum, and gives a touch its ReceivedAt. A
// difference is a *CorruptError. Only Body, Sum, Received and Trusted are looked at.
func (r *Row) Fact() (Fact, error) { return r.fact(nil) }

func (r *Row) fact(t *touchpoint.Touch) (Fact, error) {
	if !r.Trusted && HashBody(r.Body) != r.Sum {
		return Fact{}, &CorruptError{"fact", -1}
	}
	f, err := decode(r.Body, t)
	if err == nil && f.Touch != nil && r.Received != NoTime {
		f.Touch.ReceivedAt = time.UnixMicro(r.Received).UTC()
	}
	return f, err
}

// Tie decodes Body as Fact does, into what [Store.Ties] yields of it: of a touch, which is
// the earliest one of a group, its sighting with the group's count and its last instant in
// microseconds since 1970; else the fact itself, whatever the other two are.
func (r *Row) Tie(count, last int64) (Tie, error) {
	t := sighted.Get().(*touchpoint.Touch)
	defer func() {
		*t = touchpoint.Touch{}
		sighted.Put(t)
	}()
	f, err := r.fact(t)
	if err != nil {
		return Tie{}, err
	}
	if f.Touch == nil {
		return Tie{Evidence: f.Evidence, Override: f.Override, Membership: f.Membership, Parent: f.Parent}, nil
	}
	return Tie{Sighting: f.Touch.Sighting(), Last: time.UnixMicro(last).UTC(), Count: count}, nil
}

// sighted are touches that are read for their sighting: twice its size, and gone at once.
var sighted = sync.Pool{New: func() any { return new(touchpoint.Touch) }}

// Diff returns the names of the fields in which two facts of one key differ, sorted.
func Diff(stored, offered Fact) []string {
	if stored.Touch != nil && offered.Touch != nil {
		return touchpoint.Diff(*stored.Touch, *offered.Touch)
	}
	return diffJSON(stored, offered)
}
