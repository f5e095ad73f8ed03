package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A DeadLetter says that one record was refused or in conflict, and why. It holds no
// value of the record. The tags are keyed hashes, by which letters about one key or one
// payload can be found without telling which; they are empty without a key.
type DeadLetter struct {
	Format      string // of the decoder, such as "segment"
	Index, Line int    // as in [Record]
	Source      string
	KeyTag      string
	Status      touchpoint.Status // Rejected or Conflict
	Reason      touchpoint.Reason // Rejected
	Field       string            // Rejected: the field that is wrong
	Fields      []string          // Conflict: the fields that differ
	PayloadTag  string
	ReceivedAt  time.Time
}

// An Intake counts what became of records and passes on the dead letters. The zero
// value counts only. Not safe for concurrent use.
type Intake struct {
	Format string
	// Secret keys the tags; empty leaves them out.
	Secret []byte
	// Dead receives each letter. Its error is the caller's error: nothing is dropped
	// unseen.
	Dead func(DeadLetter) error
	// Raw also receives the raw bytes of the message, which it must not keep.
	Raw func(DeadLetter, []byte) error

	// Tally counts the outcomes so far; Skipped, Overrides, Relations and Consents what
	// is no touch.
	Tally                                   touchpoint.Tally
	Skipped, Overrides, Relations, Consents int
}

// Add counts rec and the outcomes of its touches, one for each, and passes on the dead
// letters. A record with Err counts as one rejected.
func (in *Intake) Add(rec Record, outs ...touchpoint.Outcome) error {
	if rec.Skipped {
		in.Skipped++
	}
	in.Overrides += len(rec.Overrides)
	in.Relations += len(rec.Relations)
	in.Consents += len(rec.Consents)
	if rec.Err != nil {
		outs = []touchpoint.Outcome{{Status: touchpoint.Rejected, Err: rec.Err}}
	}
	var errs []error
	for i, out := range outs {
		in.Tally.Add(out.Status)
		if out.Status != touchpoint.Rejected && out.Status != touchpoint.Conflict {
			continue
		}
		l := DeadLetter{
			Format: in.Format, Index: rec.Index, Line: rec.Line, Status: out.Status,
			Source: out.Key.Source, Reason: out.Reason, Fields: out.Fields,
			KeyTag:     in.tag("tabi.touch.v1", out.Key.Source, out.Key.ID),
			PayloadTag: in.tag("tabi.payload.v1", string(rec.Raw)),
		}
		if i < len(rec.Touches) {
			l.ReceivedAt = rec.Touches[i].ReceivedAt
		}
		var inv *touchpoint.InvalidError
		if errors.As(out.Err, &inv) {
			l.Reason, l.Field = inv.Reason, inv.Field
		}
		if in.Dead != nil {
			errs = append(errs, in.Dead(l))
		}
		if in.Raw != nil {
			errs = append(errs, in.Raw(l, rec.Raw))
		}
	}
	return errors.Join(errs...)
}

// tag is the first 16 bytes of a keyed hash, in hex.
func (in *Intake) tag(use string, parts ...string) string {
	if len(in.Secret) == 0 || parts[len(parts)-1] == "" {
		return ""
	}
	h := hmac.New(sha256.New, in.Secret)
	h.Write([]byte(use))
	for _, p := range parts {
		h.Write([]byte{0x1f})
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
