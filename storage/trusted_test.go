package storage_test

import (
	"errors"
	"testing"

	"github.com/tabi-go/tabi/storage"
)

// A store whose reader asked for no checksums hands out what its bodies say.
func TestATrustedRowIsNotComparedWithItsSum(t *testing.T) {
	var r storage.Row
	if err := r.Encode(storage.Fact{Touch: sample()}); err != nil {
		t.Fatal(err)
	}
	r.Sum[0]++
	var c *storage.CorruptError
	if _, err := r.Fact(); !errors.As(err, &c) {
		t.Errorf("compared: %v", err)
	}
	r.Trusted = true
	if f, err := r.Fact(); err != nil || f.Touch == nil {
		t.Errorf("trusted: %v", err)
	}
	r.Body = r.Body[:len(r.Body)-1]
	if _, err := r.Fact(); !errors.As(err, &c) {
		t.Errorf("cut: %v", err)
	}
}
