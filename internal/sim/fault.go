package sim

import "slices"

// A Fault is something that goes wrong during one operation. Arg says where: at which
// call, how many facts in, which bit.
type Fault struct {
	Kind string `json:"kind"`
	Arg  int    `json:"arg"`
}

// The kinds of faults.
const (
	faultRefuse    = "refuse"       // the store refuses before anything happened
	faultPrefix    = "prefix"       // the first facts of a batch are stored, then the call fails
	faultLost      = "answer_lost"  // everything is stored, and the answer is lost
	faultSyncDrop  = "sync_drop"    // a sync fails and the bytes are dropped
	faultSyncLost  = "sync_lost"    // a sync works and its answer is lost
	faultNoSpace   = "no_space"     // the disk is full during the operation
	faultReadOnly  = "read_only"    // the disk takes nothing during the operation
	faultRead      = "read_error"   // the store refuses to be read
	faultCut       = "cut"          // an iteration breaks off
	faultStale     = "stale_read"   // a second store that follows the first is read before it has caught up
	faultPowerHead = "crash_prefix" // the power fails; the first of the unsynced writes stay
	faultPowerAny  = "crash_subset" // the power fails; any of the unsynced sectors stay
	faultTorn      = "torn"         // the power fails in the middle of a write
	faultFlip      = "bit_flip"     // a bit at rest turns over in a copy of the files
	faultSlow      = "slow"         // the deadline passes in the middle of a call
	faultCancel    = "cancel"       // the context is cancelled before the store is reached
	faultPanic     = "panic"        // a callback or the store panics
	faultClock     = "clock_jump"   // the clock jumps by up to a day
)

// FaultKinds lists the kinds of faults.
func FaultKinds() []string {
	return []string{faultRefuse, faultPrefix, faultLost, faultSyncDrop, faultSyncLost, faultNoSpace, faultReadOnly, faultRead, faultCut,
		faultStale, faultPowerHead, faultPowerAny, faultTorn, faultFlip, faultSlow, faultCancel, faultPanic, faultClock}
}

// meets lists which operations a fault can meet.
var meets = map[string][]string{
	faultRefuse: {doRecord, doErase, doPurge}, faultPrefix: {doRecord}, faultLost: {doRecord, doErase, doPurge},
	faultSyncDrop: {doRecord, doErase, doPurge}, faultSyncLost: {doRecord, doErase, doPurge},
	faultNoSpace: {doRecord, doErase, doPurge}, faultReadOnly: {doRecord, doErase, doPurge},
	faultRead: {doRead, doErase}, faultCut: {doRead, doErase}, faultStale: {doRead, doRestart, doConfigure},
	faultPowerHead: {doRecord, doErase, doPurge}, faultPowerAny: {doRecord, doErase, doPurge}, faultTorn: {doRecord, doErase, doPurge},
	faultFlip: {doRead, doRestart, doConfigure}, faultSlow: {doRecord, doErase, doPurge, doRead},
	faultCancel: {doRecord, doErase, doPurge, doRead}, faultPanic: {doRecord, doErase, doRead},
	faultClock: {doRecord, doErase, doPurge, doRestart, doRead},
}

// costly are the kinds after which the store is opened again.
var costly = []string{faultPowerHead, faultPowerAny, faultTorn, faultSyncDrop, faultSyncLost}

// A plan says how often each kind of fault happens in one schedule, in thousandths of the
// operations that it can meet.
type plan map[string]int

// newPlan draws a plan: each kind is on with probability ½, one seed in eight has none.
// The draws do not depend on which kinds are asked for.
func newPlan(seed uint64, kinds []string) plan {
	r := random(seed, streamWorld+2)
	quiet := r.IntN(8) == 0
	p := plan{}
	for _, k := range FaultKinds() {
		on, rate := r.IntN(2) == 0, pick(r, 20, 80, 200)
		switch {
		case !slices.Contains(meets[k], doRecord):
			rate *= 3 // there are few operations to meet
		case slices.Contains(costly, k):
			rate /= 4 // each opens the store again, and there are several of the sort
		}
		if on && !quiet && (kinds == nil || slices.Contains(kinds, k)) {
			p[k] = rate
		}
	}
	return p
}

// faults draws what goes wrong with an operation: at most two things.
func (p plan) faults(seed uint64, op Op) (out []Fault) {
	r := random(seed, streamFault+op.N)
	all := FaultKinds()
	for _, i := range r.Perm(len(all)) {
		k := all[i]
		hit, arg := r.IntN(1000) < p[k], r.IntN(1<<20)
		if hit && slices.Contains(meets[k], op.Do) && len(out) < 2 {
			out = append(out, Fault{k, arg})
		}
	}
	return out
}
