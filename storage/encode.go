package storage

import (
	"context"
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// AppendFact appends the encoding v1 of f to b: the same for every store, the same bytes
// for the same content. ReceivedAt and Tags are no content. What [Check] refuses is an
// error here too.
//
// It is a version byte, the class, a bitmap of the fields that are there as a uvarint,
// and these fields in the order of the record: text as a uvarint length and bytes,
// instants as signed varints of microseconds since 1970, money as minor units.
func AppendFact(b []byte, f Fact) ([]byte, error) {
	var c codec
	return c.append(b, f)
}

func (c *codec) append(b []byte, f Fact) ([]byte, error) {
	if err := c.survey(f); err != nil {
		return b, err
	}
	start := len(b)
	c.mode, c.n = writing, 0
	c.b = binary.AppendUvarint(append(b, version, byte(f.Class())), c.bits)
	c.fact(f)
	if len(c.b)-start > MaxBody {
		return b, &touchpoint.InvalidError{Field: f.Class().String(), Reason: touchpoint.TooLarge}
	}
	return c.b, nil
}

// DecodeFact reads an encoding. It never panics; what it cannot read, trailing bytes and
// later versions included, is a *CorruptError. The fact is the caller's.
func DecodeFact(b []byte) (Fact, error) {
	f, err := decode(b, nil)
	if err != nil {
		return Fact{}, err
	}
	if new(codec).survey(f) != nil {
		return Fact{}, &CorruptError{"fact", int64(len(b))}
	}
	return f, nil
}

// decode is DecodeFact without the bounds of Check, for bytes that we have written. A touch
// is read for its sighting into t, which is zero, or into a new one if t is nil.
func decode(b []byte, t *touchpoint.Touch) (Fact, error) {
	if len(b) < 3 || len(b) > MaxBody || b[0] != version {
		return Fact{}, &CorruptError{"fact", 0}
	}
	f, ok := Fact{Touch: t}, true
	if t == nil || Class(b[1]) != ClassTouch {
		f, ok = newFact(Class(b[1]))
	}
	if !ok {
		return Fact{}, &CorruptError{"fact", 1}
	}
	c := codec{mode: reading, s: string(b), i: 2, sighted: t != nil}
	c.bits = c.readUvarint()
	c.fact(f)
	if c.reason != "" || c.i != len(b) || bits.Len64(c.bits) > int(c.n) {
		return Fact{}, &CorruptError{"fact", int64(c.i)}
	}
	return f, nil
}

// Check returns what every store refuses before it touches anything: none or several
// values, an empty key, text over its bound, invalid UTF-8, NUL and control characters,
// instants outside 1970…9999. It is a *touchpoint.InvalidError.
func Check(f Fact) error {
	_, err := AppendFact(nil, f)
	return err
}

// CheckBatch returns why an Append of so many facts cannot begin: ErrNoContext, ctx.Err()
// or ErrBatchTooLarge.
func CheckBatch(ctx context.Context, facts int) error {
	switch {
	case ctx == nil:
		return ErrNoContext
	case facts > MaxBatch:
		return ErrBatchTooLarge
	}
	return ctx.Err()
}

// survey checks f and collects the bitmap of its fields.
func (c *codec) survey(f Fact) error {
	class := f.Class()
	if class == 0 {
		return &touchpoint.InvalidError{Field: "class", Reason: touchpoint.Missing}
	}
	c.need(f)
	c.fact(f)
	at := "at"
	var t time.Time
	switch {
	case f.Residue != nil:
		at = "month"
		t = f.Residue.Month
		if u := t.UTC(); !t.IsZero() && !u.Equal(time.Date(u.Year(), u.Month(), 1, 0, 0, 0, 0, time.UTC)) {
			c.fail(at, touchpoint.OutOfRange)
		}
	default:
		t = f.At()
	}
	if t.IsZero() {
		c.fail(at, touchpoint.Missing)
	} else if !inYears(t, epochUnix) {
		c.fail(at, touchpoint.TimeRange)
	}
	if f.Touch != nil && !f.Touch.ReceivedAt.IsZero() && !inYears(f.Touch.ReceivedAt, minUnix) {
		c.fail("received_at", touchpoint.TimeRange)
	}
	if c.reason != "" {
		return &touchpoint.InvalidError{Field: c.field, Reason: c.reason}
	}
	return nil
}

// need notes the first required field that is empty.
func (c *codec) need(f Fact) {
	need := func(name string, ok bool) {
		if !ok {
			c.fail(name, touchpoint.Missing)
		}
	}
	switch {
	case f.Touch != nil:
		need("source", f.Touch.Source != "")
		need("id", f.Touch.ID != "")
		need("kind", f.Touch.Kind != "")
	case f.Evidence != nil:
		need("a", !f.Evidence.A.IsZero())
		need("b", !f.Evidence.B.IsZero())
	case f.Override != nil:
		need("id", f.Override.ID != "")
		need("op", f.Override.Op != 0)
	case f.Membership != nil:
		need("person", !f.Membership.Person.IsZero())
		need("account", !f.Membership.Account.IsZero())
	case f.Parent != nil:
		need("child", !f.Parent.Child.IsZero())
		need("parent", !f.Parent.Parent.IsZero())
	case f.Consent != nil:
		need("id", !f.Consent.ID.IsZero())
	case f.Erasure != nil:
		need("id", f.Erasure.ID != "")
	case f.Audit != nil:
		need("id", f.Audit.ID != "")
	}
}
