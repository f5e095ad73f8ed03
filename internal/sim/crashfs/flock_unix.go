//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package crashfs

import (
	"errors"
	"os"
	"syscall"
)

// flock takes the lock that goes with the open file, and with the process.
func flock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
