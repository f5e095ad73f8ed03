package crashfs

import (
	"io"
	"io/fs"
	"slices"
	"syscall"
)

// A handle is an open file of a Disk.
type handle struct {
	disk   *Disk
	file   *inode
	name   string
	closed bool // guarded by disk.mu
}

// begin is Disk.begin for an open file.
func (h *handle) begin(kind OpKind) error {
	if err := h.disk.begin(kind, h.name); err != nil {
		return err
	}
	if h.closed {
		h.disk.mu.Unlock()
		return fs.ErrClosed
	}
	return nil
}

// ReadAt reads what programs see.
func (h *handle) ReadAt(b []byte, off int64) (int, error) {
	if err := h.begin(OpRead); err != nil {
		return 0, err
	}
	defer h.disk.mu.Unlock()
	if off >= int64(len(h.file.data)) {
		return 0, io.EOF
	}
	n := copy(b, h.file.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes to what programs see; durable it is after Sync.
func (h *handle) WriteAt(b []byte, off int64) (int, error) {
	if err := h.begin(OpWrite); err != nil {
		return 0, err
	}
	defer h.disk.mu.Unlock()
	n := h.disk.room(h.file, off, len(b))
	if n > 0 {
		c := change{file: h.file, off: off, data: slices.Clone(b[:n])}
		h.file.data = c.write(h.file.data)
		h.disk.pending = append(h.disk.pending, c)
	}
	if n < len(b) {
		return n, &fs.PathError{Op: "write", Path: h.name, Err: syscall.ENOSPC}
	}
	return n, nil
}

// room returns how many of n bytes at an offset there is space for.
func (d *Disk) room(f *inode, off int64, n int) int {
	if d.space < 0 {
		return n
	}
	free := d.space
	for _, other := range d.names {
		free -= int64(len(other.data))
	}
	return int(min(int64(n), max(0, int64(len(f.data))+max(0, free)-off)))
}

// write does the change to bytes of a file.
func (c change) write(data []byte) []byte {
	if c.truncate {
		return nil
	}
	if end := c.off + int64(len(c.data)); end > int64(len(data)) {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[c.off:], c.data)
	return data
}

// Size is the length that programs see.
func (h *handle) Size() (int64, error) {
	if err := h.begin(OpRead); err != nil {
		return 0, err
	}
	defer h.disk.mu.Unlock()
	return int64(len(h.file.data)), nil
}

// Sync makes the bytes durable; the name is not.
func (h *handle) Sync() error {
	if err := h.begin(OpSync); err != nil {
		return err
	}
	defer h.disk.mu.Unlock()
	d := h.disk
	failing := d.fail > 0
	d.pending = slices.DeleteFunc(d.pending, func(c change) bool {
		mine := c.file == h.file && !c.isEntry()
		if mine && (!failing || d.failDone) {
			h.file.durable = c.write(h.file.durable)
		}
		return mine
	})
	if failing {
		d.fail--
		return &fs.PathError{Op: "sync", Path: h.name, Err: syscall.EIO}
	}
	return nil
}

// Close lets the file go; nothing becomes durable by it.
func (h *handle) Close() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if h.closed {
		return fs.ErrClosed
	}
	h.closed = true
	return nil
}
