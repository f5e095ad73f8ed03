package crashfs

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"syscall"
)

var _ FS = (*Disk)(nil)

// A Disk is a file system in memory that knows what a power cut would leave. Safe for
// concurrent use.
type Disk struct {
	seed uint64

	mu       sync.Mutex // guards everything below, files included
	hook     func(Op) error
	ops      int
	names    map[string]*inode // as programs see them
	durable  map[string]*inode // as a power cut would leave them
	pending  []change          // what is not durable yet, in the order in which it was done
	locks    map[string]bool
	space    int64 // negative: no bound
	readOnly bool
	fail     int  // so many syncs are still to fail
	failDone bool // after they have been done
}

// An inode is a file without its names.
type inode struct {
	data    []byte // as programs see it
	durable []byte // as a power cut would leave it
}

// A change is something not durable yet: bytes of a file, its truncation, or a name.
type change struct {
	file     *inode
	off      int64
	data     []byte
	truncate bool

	name, from string // of an entry: file gets the name, and loses from; nil file: it goes
}

func (c change) isEntry() bool { return c.name != "" }

// New returns an empty disk; the seed decides what cuts keep and where they tear.
func New(seed uint64) *Disk {
	return &Disk{seed: seed, names: make(map[string]*inode), durable: make(map[string]*inode), locks: make(map[string]bool), space: -1}
}

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
func (d *Disk) Hook(f func(Op) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = f
}

// Ops returns how many operations there were.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// begin counts an operation, asks the hook, and takes the lock. An error leaves the lock
// free.
func (d *Disk) begin(kind OpKind, name string) error {
	d.mu.Lock()
	d.ops++
	if hook, op := d.hook, (Op{d.ops, kind, name}); hook != nil {
		d.mu.Unlock()
		if err := hook(op); err != nil {
			return &fs.PathError{Op: kind.String(), Path: name, Err: err}
		}
		d.mu.Lock()
	}
	if d.readOnly && (kind == OpCreate || kind == OpWrite || kind == OpRename || kind == OpRemove) {
		d.mu.Unlock()
		return &fs.PathError{Op: kind.String(), Path: name, Err: syscall.EROFS}
	}
	return nil
}

// String names the operation.
func (k OpKind) String() string {
	return []string{"none", "open", "create", "read", "write", "sync", "rename", "remove", "readdir", "syncdir", "lock"}[k]
}

// Mkdir does nothing: folders are there.
func (d *Disk) Mkdir(string) error { return nil }

// Open is FS's.
func (d *Disk) Open(name string) (File, error) {
	name = path.Clean(name)
	if err := d.begin(OpOpen, name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	f := d.names[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &handle{disk: d, file: f, name: name}, nil
}

// Create is FS's.
func (d *Disk) Create(name string) (File, error) {
	name = path.Clean(name)
	if err := d.begin(OpCreate, name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	f := d.names[name]
	if f == nil {
		f = new(inode)
		d.enter(change{file: f, name: name})
	} else {
		f.data = nil
		d.pending = append(d.pending, change{file: f, truncate: true})
	}
	return &handle{disk: d, file: f, name: name}, nil
}

// enter changes an entry.
func (d *Disk) enter(c change) {
	c.apply(d.names)
	d.pending = append(d.pending, c)
}

// apply does the change of an entry.
func (c change) apply(names map[string]*inode) {
	if c.from != "" {
		delete(names, c.from)
	}
	if names[c.name] = c.file; c.file == nil {
		delete(names, c.name)
	}
}

// Rename is FS's.
func (d *Disk) Rename(from, to string) error {
	from, to = path.Clean(from), path.Clean(to)
	if err := d.begin(OpRename, from); err != nil {
		return err
	}
	defer d.mu.Unlock()
	f := d.names[from]
	if f == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	d.enter(change{file: f, name: to, from: from})
	return nil
}

// Remove is FS's.
func (d *Disk) Remove(name string) error {
	name = path.Clean(name)
	if err := d.begin(OpRemove, name); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	d.enter(change{name: name})
	return nil
}

// ReadDir is FS's.
func (d *Disk) ReadDir(dir string) ([]string, error) {
	dir = path.Clean(dir)
	if err := d.begin(OpReadDir, dir); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var list []string
	for name := range d.names {
		if path.Dir(name) == dir {
			list = append(list, path.Base(name))
		}
	}
	slices.Sort(list)
	return list, nil
}

// SyncDir is FS's.
func (d *Disk) SyncDir(dir string) error {
	dir = path.Clean(dir)
	if err := d.begin(OpSyncDir, dir); err != nil {
		return err
	}
	defer d.mu.Unlock()
	d.pending = slices.DeleteFunc(d.pending, func(c change) bool {
		in := c.isEntry() && path.Dir(c.name) == dir
		if in {
			c.apply(d.durable)
		}
		return in
	})
	return nil
}

// Lock is FS's.
func (d *Disk) Lock(name string) (io.Closer, error) {
	name = path.Clean(name)
	if err := d.begin(OpLock, name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, ErrLocked
	}
	d.locks[name] = true
	return &lock{disk: d, name: name}, nil
}

type lock struct {
	disk *Disk
	name string
	once sync.Once
}

// Close gives the lock back.
func (l *lock) Close() error {
	l.once.Do(func() {
		l.disk.mu.Lock()
		defer l.disk.mu.Unlock()
		delete(l.disk.locks, l.name)
	})
	return nil
}
