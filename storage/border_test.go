package storage_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A cursor may hold all printable ASCII but the blank.
func TestCursorTakesAllPrintableASCII(t *testing.T) {
	for b := range 256 {
		var c storage.Cursor
		err := c.UnmarshalText([]byte{'c', byte(b)})
		if ok := b > ' ' && b < 0x7F; (err == nil) != ok || !ok && !errors.Is(err, storage.ErrCursor) {
			t.Errorf("byte %#x: %v", b, err)
		}
	}
}

// Words are of a to z, then also 0 to 9 and _, all ends of the ranges included.
func TestWordsTakeTheEndsOfTheirRanges(t *testing.T) {
	check := func(word string) error {
		return storage.Check(storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: touchpoint.Kind(word)}})
	}
	for _, word := range []string{"a", "z", "az", "za09_", "m_", "a" + strings.Repeat("0", 63)} {
		if err := check(word); err != nil {
			t.Errorf("%q: %v", word, err)
		}
	}
	for _, word := range []string{"`", "{", "_", "0", "9", "a`", "a{", "a/", "a:", "a-", "aA", "aZ", "A", "Z", "a" + strings.Repeat("0", 64)} {
		if err := check(word); err == nil {
			t.Errorf("%q is taken", word)
		}
	}
	for _, word := range []identity.Type{"a", "z"} {
		f := storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k", IDs: []identity.ID{identity.MakeID(word, "v")}}}
		if err := storage.Check(f); err != nil {
			t.Errorf("type %q: %v", word, err)
		}
	}
}

// Text is UTF-8 without control characters: each byte and each border is looked at.
func TestTextAtTheBordersOfWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct {
		text string
		ok   bool
	}{
		{" ", true}, {"\x1f", false}, {"~", true}, {"\x7f", false}, {"\x80", false}, {"a\x80", false}, {"\xff", false},
		{"\u0080", false}, {"\u009f", false}, {"\u00a0", true}, {"x\u0085", false}, {"é", true}, {"\U0010ffff", true},
	} {
		err := storage.Check(storage.Fact{Touch: &touchpoint.Touch{Source: "s", ID: tt.text + "x", At: t0, Kind: "k"}})
		if (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}
