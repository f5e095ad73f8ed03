package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// A header is the first line of a trace.
type header struct {
	Trace int `json:"trace"` // the version of the format: 1
	Schedule
	Invariant string `json:"invariant,omitempty"` // what it broke when it was written
	Detail    string `json:"detail,omitempty"`
}

// WriteTrace writes a schedule as JSON Lines: a header with what it broke, nil for
// nothing, then a line an operation.
func WriteTrace(w io.Writer, s Schedule, v *Violation) error {
	h := header{Trace: 1, Schedule: s}
	if v != nil {
		h.Invariant, h.Detail = v.Invariant, v.Detail
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(h); err != nil {
		return err
	}
	for _, op := range s.Ops {
		if err := enc.Encode(op); err != nil {
			return err
		}
	}
	return nil
}

// ReadTrace reads what WriteTrace wrote, and the invariant that it broke then.
func ReadTrace(r io.Reader) (s Schedule, invariant string, err error) {
	dec := json.NewDecoder(bufio.NewReader(r))
	var h header
	if err := dec.Decode(&h); err != nil {
		return s, "", fmt.Errorf("sim: trace header: %w", err)
	}
	if h.Trace != 1 {
		return s, "", fmt.Errorf("sim: trace of version %d", h.Trace)
	}
	s = h.Schedule
	for dec.More() {
		var op Op
		if err := dec.Decode(&op); err != nil {
			return s, "", fmt.Errorf("sim: trace after operation %d: %w", len(s.Ops), err)
		}
		s.Ops = append(s.Ops, op)
	}
	return s, h.Invariant, nil
}
