package journey

import "io"

// WriteState writes what [Tracker.Digest] hashes.
func (v *View) WriteState(w io.Writer) error { return v.write(w) }

// StepBy makes the steps of [Tracker.Refresh] small.
func (t *Tracker) StepBy(facts, ids int) { t.stepFacts, t.stepIDs = facts, ids }
