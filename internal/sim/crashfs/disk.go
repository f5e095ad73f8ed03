package crashfs

// A Disk is a file system in memory that knows what a power cut would leave. Safe for
// concurrent use.
type Disk struct{}

// New returns an empty disk; the seed decides what cuts keep and where they tear.
func New(seed uint64) *Disk { return nil }

// An Op is an operation about to happen.
type Op struct {
	N    int    // its number on this disk, from 1
	Kind OpKind // what it is
	Name string // the file or folder; of a rename the old name
}

// An OpKind says what an operation does.
type OpKind uint8

// The operations.
const (
	OpOpen OpKind = iota + 1
	OpCreate
	OpRead
	OpWrite
	OpSync
	OpRename
	OpRemove
	OpReadDir
	OpSyncDir
	OpLock
)

// Hook makes f see every operation before it happens: an error of f is the operation's,
// which then does nothing. f may wait, or call Cut, Kill and the faults; nil takes it away.
func (d *Disk) Hook(f func(Op) error) {}

// Ops returns how many operations there were.
func (d *Disk) Ops() int { return 0 }

// A Cut says what a power cut leaves of what was not synced.
type Cut struct {
	Keep   int  // percent of the unsynced writes that are kept, 0 to 100
	Subset bool // any of their sectors instead of the first writes
	Torn   Torn // what becomes of the last write that is kept
}

// Torn says where a write breaks off.
type Torn uint8

// The ways.
const (
	Whole    Torn = iota // it does not
	AtByte               // after any byte
	AtSector             // after a whole sector of 512 bytes
)

// Cut returns the disk after a power cut at this point and a restart: no lock is held, and
// nothing fails. d goes on as if nothing had happened; what is done to it does not reach
// the copy.
func (d *Disk) Cut(c Cut) *Disk { return nil }

// Kill returns the disk after the death of the process at this point: everything written
// is seen, synced or not, no lock is held, and nothing fails. d goes on.
func (d *Disk) Kill() *Disk { return nil }

// FailSync makes the next n syncs of files fail. If done, their bytes are durable and only
// the answer is lost; else they are dropped: they are still read, and no later sync makes
// them durable, as on Linux.
func (d *Disk) FailSync(n int, done bool) {}

// SetSpace bounds the bytes of all files together: a write beyond is cut short with
// ENOSPC. Negative = no bound.
func (d *Disk) SetSpace(bytes int64) {}

// SetReadOnly makes everything that writes fail with EROFS, or ends that.
func (d *Disk) SetReadOnly(on bool) {}

// Flip turns over a bit of a file at rest: of what is read and of what is durable. A bit
// that the file does not have is fs.ErrNotExist.
func (d *Disk) Flip(name string, bit int64) error { return nil }

// Bytes returns everything the disk holds of each file, seen or durable: what a search for
// erased values has to go through.
func (d *Disk) Bytes() map[string][]byte { return nil }
