package logstore

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/storage"
)

const (
	logName   = "log"
	newName   = "log.new" // what is to replace the log
	lockName  = "lock"
	epochName = "epoch"
)

// An owner is the right to write a log. Its epoch matters among processes that live at
// one time only, so it is never synced.
type owner struct {
	lock  io.Closer // nil: stolen
	file  crashfs.File
	epoch uint64
}

// own takes the right to write the log in a folder.
func own(fsys crashfs.FS, dir string, steal bool) (o owner, err error) {
	o.lock, err = fsys.Lock(path.Join(dir, lockName))
	if errors.Is(err, crashfs.ErrLocked) {
		if !steal {
			return o, storage.ErrLocked
		}
		err = nil
	}
	if err != nil {
		return o, unavailable(err)
	}
	name := path.Join(dir, epochName)
	if o.file, err = fsys.Open(name); errors.Is(err, fs.ErrNotExist) {
		o.file, err = fsys.Create(name)
	}
	if err == nil {
		if o.epoch, err = o.read(); err == nil {
			o.epoch++
			_, err = o.file.WriteAt(binary.BigEndian.AppendUint64(nil, o.epoch), 0)
		}
	}
	if err != nil {
		return o, errors.Join(unavailable(err), o.Close())
	}
	return o, nil
}

// read returns the epoch of the last writer, 0 where a power cut left none.
func (o *owner) read() (uint64, error) {
	var b [8]byte
	if _, err := o.file.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return binary.BigEndian.Uint64(b[:]), nil
}

// check returns why o may no longer write: ErrLocked if the lock was stolen.
func (o *owner) check() error {
	now, err := o.read()
	if err == nil && now != o.epoch {
		err = storage.ErrLocked
	}
	return err
}

// Close gives the right back.
func (o *owner) Close() error {
	var errs []error
	if o.file != nil {
		errs = append(errs, o.file.Close())
	}
	if o.lock != nil {
		errs = append(errs, o.lock.Close())
	}
	return errors.Join(errs...)
}
