package crashfs

import (
	"io"
	"os"
	"path/filepath"
)

var _ FS = OS{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Mkdir is os.MkdirAll.
func (OS) Mkdir(dir string) error { return os.MkdirAll(filepath.FromSlash(dir), 0o777) }

// Open is os.OpenFile for reading and writing.
func (OS) Open(name string) (File, error) { return openOS(name, os.O_RDWR) }

// Create is os.Create.
func (OS) Create(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func openOS(name string, flag int) (File, error) {
	f, err := os.OpenFile(filepath.FromSlash(name), flag, 0o666)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename is os.Rename.
func (OS) Rename(from, to string) error {
	return os.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
}

// Remove is os.Remove.
func (OS) Remove(name string) error { return os.Remove(filepath.FromSlash(name)) }

// ReadDir lists the files of a folder.
func (OS) ReadDir(dir string) ([]string, error) {
	list, err := os.ReadDir(filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// SyncDir opens the folder and syncs it.
func (OS) SyncDir(dir string) error {
	f, err := os.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// Lock is flock(2) on a file of that name, which stays behind.
func (OS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.FromSlash(name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
