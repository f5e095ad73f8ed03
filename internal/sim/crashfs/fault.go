package crashfs

import (
	"io/fs"
	"path"
	"slices"
)

// FailSync makes the next n syncs of files fail. If done, their bytes are durable and only
// the answer is lost; else they are dropped: they are still read, and no later sync makes
// them durable, as on Linux.
func (d *Disk) FailSync(n int, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail, d.failDone = n, done
}

// SetSpace bounds the bytes of all files together: a write beyond is cut short with
// ENOSPC. Negative = no bound.
func (d *Disk) SetSpace(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.space = bytes
}

// SetReadOnly makes everything that writes fail with EROFS, or ends that.
func (d *Disk) SetReadOnly(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readOnly = on
}

// Flip turns over a bit of a file at rest: of what is read and of what is durable. A bit
// that the file does not have is fs.ErrNotExist.
func (d *Disk) Flip(name string, bit int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, at := d.names[path.Clean(name)], bit/8
	if f == nil || bit < 0 || at >= int64(len(f.data)) {
		return &fs.PathError{Op: "flip", Path: name, Err: fs.ErrNotExist}
	}
	f.data[at] ^= 1 << (bit % 8)
	if at < int64(len(f.durable)) {
		f.durable[at] ^= 1 << (bit % 8)
	}
	return nil
}

// Bytes returns everything the disk holds of each file, seen or durable: what a search for
// erased values has to go through.
func (d *Disk) Bytes() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string][]byte)
	for name, f := range d.names {
		out[name] = slices.Concat(f.data, f.durable)
	}
	for name, f := range d.durable {
		if f != d.names[name] {
			out[name] = slices.Concat(out[name], f.data, f.durable)
		}
	}
	return out
}
