package journey

import "io"

// WriteState writes what [Tracker.Digest] hashes.
func (v *View) WriteState(w io.Writer) error { return v.write(w) }
