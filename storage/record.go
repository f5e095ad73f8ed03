package storage

import "time"

// A Tag is a keyed digest of an identifier or of a touch's key: the first 16 bytes of an
// HMAC. It is what the suppression list holds, since the values themselves are gone.
type Tag [16]byte

// Erased is what stays on record of an erasure: counts and suppression entries, never an
// identifier. Only [Store.Erase] writes it. The list of suppressed tags is what the
// entries of all Erased facts join to, see [SuppressionList].
type Erased struct {
	ID            string
	At            time.Time
	Actor, Reason string
	Policy        Policy
	Mode, Scope   uint8           // as the privacy calls of package journey number them
	Removed       map[Class]int64 // facts removed
	Redacted      int64           // facts redacted
	Suppressed    int64           // len(Entries)
	Entries       []Suppression   // sorted by tag
}

// A Residue keeps the total of erased conversions: of one erasure, goal, UTC month and
// currency. Month is the first instant of the month; Value is in minor units.
type Residue struct {
	Erasure, Goal string
	Month         time.Time
	Currency      string
	Count, Value  int64
}

// An Audit says who did what, when, and to how much. It holds no personal data: Subject
// is a tag, Options canonical JSON.
type Audit struct {
	ID            string
	At            time.Time
	Actor, Action string
	Subject       Tag
	Counts        map[string]int64
	Options       string
}
