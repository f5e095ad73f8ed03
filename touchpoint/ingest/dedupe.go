package ingest

import "github.com/tabi-go/tabi/touchpoint"

// Dedupe says what becomes of touches where no store does: the first of a key is
// Accepted, the same again is Duplicate, other content under the key is Conflict, and
// the first in order stays. The zero Dedupe is ready. It keeps every touch that it
// accepted. Not safe for concurrent use.
type Dedupe struct {
	first map[touchpoint.Key]touchpoint.Touch
}

// Offer returns what becomes of t, which is normalised and has an ID.
//
// Two deliveries whose clocks were corrected to different instants are the same touch
// if the event's own time, props.at_original, is the same: see [touchpoint.Diff].
func (d *Dedupe) Offer(t touchpoint.Touch) touchpoint.Outcome {
	out := touchpoint.Outcome{Status: touchpoint.Accepted, Key: t.Key()}
	was, known := d.first[t.Key()]
	if !known {
		if d.first == nil {
			d.first = make(map[touchpoint.Key]touchpoint.Touch)
		}
		d.first[t.Key()] = t
		return out
	}
	fields := touchpoint.Diff(was, t)
	if out.Status = touchpoint.Duplicate; len(fields) > 0 {
		out.Status, out.Fields = touchpoint.Conflict, fields
	}
	return out
}
