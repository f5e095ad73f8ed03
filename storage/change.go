package storage

import "strings"

// A Change is one fact in the order of commits, and where it stands there.
type Change struct {
	Cursor Cursor
	Fact   Fact
}

// A Cursor is a place in the order of commits of one store. It is comparable; the zero
// Cursor stands before the first fact. Only the store that made it can tell what it means.
type Cursor struct{ text string }

// maxCursor bounds the text of a cursor, in bytes.
const maxCursor = 4 << 10

// MakeCursor returns the cursor of a text; it is for authors of stores.
func MakeCursor(text string) Cursor { return Cursor{text} }

// String returns the text of the cursor, "" for the zero Cursor. It holds no personal data.
func (c Cursor) String() string { return c.text }

// MarshalText returns the text of the cursor.
func (c Cursor) MarshalText() ([]byte, error) { return []byte(c.text), nil }

// UnmarshalText takes any text of printable ASCII; whether it means something is told by
// the first use. Other text is ErrCursor.
func (c *Cursor) UnmarshalText(text []byte) error {
	s := string(text)
	if len(s) > maxCursor || strings.ContainsFunc(s, func(r rune) bool { return r < 0x21 || r > 0x7E }) {
		return ErrCursor
	}
	c.text = s
	return nil
}
