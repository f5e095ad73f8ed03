package sqlitestore

import (
	"path/filepath"
	"syscall"
)

// remote reports whether a file would lie on a network file system, whose locks and
// shared memory cannot be relied on.
func remote(path string) bool {
	var fs syscall.Statfs_t
	if syscall.Statfs(path, &fs) != nil && syscall.Statfs(filepath.Dir(path), &fs) != nil {
		return false
	}
	switch uint32(fs.Type) {
	case 0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x5346414F, 0x73757245, 0x00C36400: // NFS, SMB, CIFS, SMB2, AFS, Coda, Ceph
		return true
	}
	return false
}
