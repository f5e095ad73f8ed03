package storage

import (
	"maps"
	"slices"
	"time"
)

// A Policy says what becomes of records that name a suppressed identifier.
type Policy uint8

// The policies. The numbers are part of encodings.
const (
	Refuse        Policy = iota // refused for ever
	RestartAsNew                // refused up to the erasure's instant, then a new person
	NoSuppression               // no entry is written: what is offered again is accepted
)

// An Erasure is one order to forget. It is applied in one atomic step.
type Erasure struct {
	ID       string        // random, the caller's; the same again finishes or reports the first
	At       time.Time     // the instant of the erasure
	Remove   []Query       // the union of them goes; Erasure and Audit facts always stay
	Redact   []Fact        // replacements: same key, class and At, else ErrErasure; unknown keys are passed over
	Suppress []Suppression // joined into the list
	Add      []Fact        // residue and audit facts, visible with the commit
	Note     Erased        // what stays on record, see Record
}

// A Suppression is one entry of the list of tags that may not come back.
type Suppression struct {
	KeyID      string // which secret key made the tag
	Tag        Tag
	At         time.Time
	Policy     Policy
	Generation int      // raised by each erasure of the tag
	Salt       [16]byte // for the new person's id under RestartAsNew
}

// A Receipt says what an erasure did. Done means that no byte of it is left that the
// store can reach; OutOfReach names the places that it cannot.
type Receipt struct {
	ID         string
	Removed    map[Class]int64
	Redacted   int64
	Done       bool
	OutOfReach []string
}

// Check returns what makes every store refuse e as a whole: ErrErasure, ErrAll, ErrLimit,
// or what [Check] says of a fact in it.
func (e Erasure) Check() error {
	if e.ID == "" || len(e.Remove) > MaxValues || len(e.Suppress) > MaxBatch {
		return ErrErasure
	}
	for _, q := range e.Remove {
		if q.Unconditional() {
			return ErrAll
		}
		if err := q.Check(); err != nil {
			return err
		}
	}
	for _, f := range e.Redact {
		if f.Class() == ClassErasure || f.Class() == ClassAudit {
			return ErrErasure
		}
		if err := Check(f); err != nil {
			return err
		}
	}
	for _, f := range e.Add {
		if f.Class() != ClassResidue && f.Class() != ClassAudit {
			return ErrErasure
		}
		if err := Check(f); err != nil {
			return err
		}
	}
	return Check(Fact{Erasure: e.Record(nil, 0)})
}

// Record returns what stays on record of e after it removed and redacted so many facts.
// The counts are added to those of the note, so that an erasure carried to another store
// keeps its own.
func (e Erasure) Record(removed map[Class]int64, redacted int64) *Erased {
	r := e.Note
	r.ID, r.At, r.Redacted = e.ID, e.At, r.Redacted+redacted
	r.Removed = maps.Clone(r.Removed)
	for c, n := range removed {
		if r.Removed == nil {
			r.Removed = make(map[Class]int64)
		}
		r.Removed[c] += n
	}
	r.Entries = slices.Clone(e.Suppress)
	slices.SortFunc(r.Entries, compareEntries)
	r.Suppressed = int64(len(r.Entries))
	return &r
}
