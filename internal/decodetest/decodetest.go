// Package decodetest is what the tests of all decoders share.
package decodetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// Decode returns the records that a decoder, made by a New(o) of its package, reads in a
// text; what ends the input is the error of the last one.
func Decode(t *testing.T, d ingest.Decoder, err error, in string) []ingest.Record {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var recs []ingest.Record
	for rec, err := range d.Decode(strings.NewReader(in), time.Time{}) {
		if err != nil {
			rec.Err = err
		}
		rec.Raw = nil
		recs = append(recs, rec)
	}
	return recs
}

// Text is a record as its canonical touches, or as the reason and field of its error.
func Text(rec ingest.Record) string {
	var inv *touchpoint.InvalidError
	if errors.As(rec.Err, &inv) {
		return string(inv.Reason) + " " + inv.Field
	}
	var b []byte
	for _, tp := range rec.Touches {
		b = tp.AppendJSON(b)
	}
	return string(b)
}

// Fuzz checks invariant I1: any bytes end typed, without a panic, in touches that are
// valid.
func Fuzz(f *testing.F, d ingest.Decoder) {
	f.Fuzz(func(t *testing.T, data []byte) {
		for rec, err := range d.Decode(strings.NewReader(string(data)), time.Time{}) {
			if err == nil {
				err = rec.Err
			}
			if err != nil && !errors.Is(err, touchpoint.ErrInvalid) {
				t.Fatalf("untyped %v", err)
			}
			for _, tp := range rec.Touches {
				if err := tp.Validate(nil); err != nil {
					t.Fatalf("%v of %s", err, Text(rec))
				}
			}
		}
	})
}
