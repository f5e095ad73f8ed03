package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// A machine is what runs the library: a clock, a disk that can fail, a log on it, a store
// that can fail around the log, and a tracker on top.
type machine struct {
	clock   *clock.Manual
	setting Setting
	rules   *identity.Rules
	seed    uint64

	disk    *crashfs.Disk
	log     *logstore.Store
	memo    logstore.Memo
	faults  *storetest.Faults
	rig     *rig
	store   storage.Store // the log behind the faults
	tracker *journey.Tracker

	cut      *crashfs.Cut  // armed: what the next power cut keeps
	cutAfter int           // operations of the disk until it
	after    *crashfs.Disk // the disk after the cut; not nil: the machine is off
	panics   bool          // armed: the text hook panics
	read     []storage.Fact
	syncs    int // of the disk
	writes   int // and what else changes it
	fired    map[string]int
}

var (
	errPower    = errors.New("sim: the power is off")
	errPanicked = errors.New("sim: a panic came through")
)

// secret signs person ids and suppression tags.
var secret = []byte("0123456789abcdef0123456789abcdef")

const logDir = "log"

func newMachine(s Schedule) (*machine, error) {
	m := &machine{clock: clock.NewManual(instant(s.Start)), setting: s.Setting, seed: s.Seed, fired: map[string]int{}}
	m.plug(crashfs.New(s.Seed ^ streamDisk))
	return m, m.open()
}

// plug puts a disk in and watches it.
func (m *machine) plug(d *crashfs.Disk) {
	m.disk, m.after, m.cut = d, nil, nil
	d.Hook(func(op crashfs.Op) error {
		if m.after != nil {
			return errPower
		}
		if op.Kind == crashfs.OpSync {
			m.syncs++
		}
		writes := op.Kind == crashfs.OpWrite || op.Kind == crashfs.OpSync || op.Kind == crashfs.OpSyncDir || op.Kind == crashfs.OpRename
		if !writes {
			return nil
		}
		m.writes++
		if m.cut == nil {
			return nil
		}
		if m.cutAfter--; m.cutAfter >= 0 {
			return nil
		}
		m.after = d.Cut(*m.cut)
		return errPower
	})
}

// open opens the log, and builds everything above it anew.
func (m *machine) open() error {
	log, err := logstore.Open(m.disk, logDir, &logstore.Options{ID: 1, Memo: &m.memo})
	if err != nil {
		return err
	}
	m.log, m.faults, m.rig = log, &storetest.Faults{}, &rig{Store: log}
	return m.configure()
}

// configure makes the tracker for the present setting.
func (m *machine) configure() (err error) {
	m.rules = m.setting.rules()
	m.store = storetest.Faulty(m.rig, m.faults)
	m.tracker, err = journey.NewTracker(m.store, m.options())
	return err
}

func (m *machine) options() *journey.Options {
	o := m.setting.options()
	o.Clock = m.clock
	o.Touch = &touchpoint.Options{Text: func(s string) string {
		if m.panics {
			m.panics = false
			m.fired[faultPanic]++
			panic("a planned panic")
		}
		return s
	}}
	return o
}

// reboot closes the store, if it still runs, and opens it on what is left of the disk.
func (m *machine) reboot() error {
	if m.after != nil {
		m.plug(m.after)
	} else if err := m.log.Close(); err != nil && !errors.Is(err, storage.ErrUncertain) && !errors.Is(err, storage.ErrUnavailable) {
		return fmt.Errorf("close: %w", err)
	}
	return m.open()
}

// off reports whether the power was cut.
func (m *machine) off() bool { return m.after != nil }

// writeCall is the call number of the write in an operation, from 1: an erasure reads twice before.
func writeCall(do string) int {
	if do == doErase {
		return 3
	}
	return 1
}

// arm prepares the faults of an operation, and returns what undoes them and counts those
// that happened.
func (m *machine) arm(op Op) (disarm func()) {
	calls := m.faults.Calls()
	due := map[string]int{} // faults that happen at a call of the store
	write := calls + writeCall(op.Do)
	syncs, writes := m.syncs, m.writes
	for _, f := range op.Faults {
		switch f.Kind {
		case faultRefuse:
			due[f.Kind] = write
			m.faults.Set(func(x *storetest.Faults) { x.Refuse.Nth = write })
		case faultRead:
			due[f.Kind] = calls + 1
			m.faults.Set(func(x *storetest.Faults) { x.Refuse.Nth = calls + 1 })
		case faultLost:
			due[f.Kind] = write
			m.faults.Set(func(x *storetest.Faults) { x.Lose.Nth = write })
		case faultCancel:
			due[f.Kind] = calls + 1
			m.faults.Set(func(x *storetest.Faults) { x.Cancel.Nth = calls + 1 })
		case faultCut:
			due[f.Kind] = calls + 1
			m.faults.Set(func(x *storetest.Faults) { x.Cut.Nth = calls + 1 })
		case faultPanic:
			if m.panics = f.Arg%2 == 0 && op.Do == doRecord; !m.panics {
				due[f.Kind] = calls + 1
				m.faults.Set(func(x *storetest.Faults) { x.Panic.Nth = calls + 1 })
			}
		case faultPrefix:
			m.rig.prefix = 1 + f.Arg%8
		case faultSlow:
			m.rig.patience = 1 + f.Arg%12
		case faultSyncDrop:
			m.disk.FailSync(1, false)
		case faultSyncLost:
			m.disk.FailSync(1, true)
		case faultNoSpace:
			m.disk.SetSpace(m.size() + int64(f.Arg%300))
		case faultReadOnly:
			m.disk.SetReadOnly(true)
		case faultPowerHead:
			m.cut, m.cutAfter = &crashfs.Cut{Keep: f.Arg % 101}, f.Arg>>8%4
		case faultPowerAny:
			m.cut, m.cutAfter = &crashfs.Cut{Keep: f.Arg % 101, Subset: true}, f.Arg>>8%4
		case faultTorn:
			m.cut, m.cutAfter = &crashfs.Cut{Keep: 100, Torn: crashfs.AtByte + crashfs.Torn(f.Arg%2)}, f.Arg>>8%4
		case faultClock:
			m.clock.Advance(time.Duration(f.Arg%49-24) * time.Hour)
			m.fired[f.Kind]++
		}
	}
	return func() {
		for kind, call := range due {
			if m.faults.Calls() >= call {
				m.fired[kind]++
			}
		}
		for _, f := range op.Faults {
			switch f.Kind {
			case faultSyncDrop, faultSyncLost:
				m.count(f.Kind, m.syncs > syncs)
			case faultNoSpace, faultReadOnly:
				m.count(f.Kind, m.writes > writes)
			case faultPowerHead, faultPowerAny, faultTorn:
				m.count(f.Kind, m.off())
			case faultPrefix:
				m.count(f.Kind, m.rig.prefix == 0)
			case faultSlow:
				m.count(f.Kind, m.rig.late)
			}
		}
		m.calm()
	}
}

func (m *machine) count(kind string, happened bool) {
	if happened {
		m.fired[kind]++
	}
}

// calm takes every fault away.
func (m *machine) calm() {
	m.faults.Set(func(x *storetest.Faults) {
		x.Refuse, x.Lose, x.Cut, x.Cancel, x.Panic = storetest.When{}, storetest.When{}, storetest.When{}, storetest.When{}, storetest.When{}
	})
	m.rig.prefix, m.rig.patience, m.rig.late, m.panics, m.cut = 0, 0, false, false, nil
	m.disk.FailSync(0, false)
	m.disk.SetSpace(-1)
	m.disk.SetReadOnly(false)
}

// size is how many bytes the files have.
func (m *machine) size() (n int64) {
	names, _ := m.disk.ReadDir(logDir)
	for _, name := range names {
		if f, err := m.disk.Open(logDir + "/" + name); err == nil {
			size, _ := f.Size()
			f.Close()
			n += size
		}
	}
	return n
}

// facts reads everything from the log, past all faults, until they are read again.
func (m *machine) facts() ([]storage.Fact, error) {
	out := m.read[:0]
	for f, err := range m.log.Scan(context.Background(), storage.Query{}) {
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	m.read = out
	return out, nil
}
