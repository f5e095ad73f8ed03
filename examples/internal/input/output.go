package input

import (
	"encoding/json"
	"errors"
	"io"
	"os"
)

// Save writes a file, or standard output where the name is empty or "-". A file that
// cannot be made is a [*UsageError].
func (s Streams) Save(name string, write func(io.Writer) error) error {
	if name == "-" || name == "" {
		return write(s.Out)
	}
	f, err := os.Create(name)
	if err != nil {
		return &UsageError{err}
	}
	return errors.Join(write(f), f.Close())
}

// WriteJSON writes a document that people read too: a member a line, indented by two
// spaces, < > and & as they are. What is one record of many is JSON Lines, not this.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
