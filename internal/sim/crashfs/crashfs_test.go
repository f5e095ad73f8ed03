package crashfs_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
)

// write makes a file, or adds to it, without a sync.
func write(t *testing.T, fsys crashfs.FS, name, text string, off int64) crashfs.File {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = fsys.Create(name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte(text), off); err != nil || n != len(text) {
		t.Fatal(n, err)
	}
	return f
}

// read returns the text of a file, "-" if it is not there.
func read(t *testing.T, fsys crashfs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	b := make([]byte, size)
	if err == nil && size > 0 {
		_, err = f.ReadAt(b, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestBothFileSystemsDoTheSame runs one story on the real file system and on a Disk.
func TestBothFileSystemsDoTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		fs  crashfs.FS
		dir string
	}{"os": {crashfs.OS{}, t.TempDir()}, "disk": {crashfs.New(1), "somewhere"}} {
		t.Run(name, func(t *testing.T) {
			f, dir := c.fs, c.dir+"/sub"
			ok(t, errors.Join(f.Mkdir(dir), f.Mkdir(dir)))
			if _, err := f.Open(dir + "/a"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			h := write(t, f, dir+"/a", "hello", 2)
			ok(t, h.Sync())
			if got := read(t, f, dir+"/a"); got != "\x00\x00hello" {
				t.Errorf("%q", got)
			}
			ok(t, f.Rename(dir+"/a", dir+"/b"))
			write(t, f, dir+"/c", "c", 0)
			write(t, f, dir+"/d", "d", 0)
			ok(t, errors.Join(f.Remove(dir+"/d"), f.SyncDir(dir)))
			if err := f.Remove(dir + "/d"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			names, err := f.ReadDir(dir)
			if ok(t, err); !slices.Equal(names, []string{"b", "c"}) {
				t.Error(names)
			}
			if _, err := h.WriteAt([]byte("J"), 2); err != nil || read(t, f, dir+"/b") != "\x00\x00Jello" {
				t.Error("an open file follows its rename", err)
			}
			if h, err = f.Create(dir + "/b"); err != nil || read(t, f, dir+"/b") != "" {
				t.Error("Create does not empty the file", err)
			}
			ok(t, h.Close())
			if _, err := h.WriteAt([]byte("x"), 0); !errors.Is(err, fs.ErrClosed) {
				t.Error(err)
			}
			l, err := f.Lock(dir + "/lock")
			ok(t, err)
			if _, err := f.Lock(dir + "/lock"); !errors.Is(err, crashfs.ErrLocked) {
				t.Error(err)
			}
			ok(t, l.Close())
			l, err = f.Lock(dir + "/lock")
			ok(t, err)
			ok(t, l.Close())
		})
	}
}

func TestACutKeepsWhatWasSynced(t *testing.T) {
	d := crashfs.New(1)
	f := write(t, d, "dir/a", "one", 0)
	ok(t, f.Sync())
	if got := read(t, d.Cut(crashfs.Cut{}), "dir/a"); got != "-" {
		t.Errorf("the entry was not synced, and is there with %q", got)
	}
	ok(t, d.SyncDir("dir"))
	write(t, d, "dir/a", "two", 3)
	write(t, d, "dir/b", "b", 0)
	ok(t, d.SyncDir("dir"))
	ok(t, d.Rename("dir/b", "dir/c"))
	for _, c := range []struct {
		cut     crashfs.Cut
		a, b, c string
	}{
		{crashfs.Cut{}, "one", "", "-"},
		{crashfs.Cut{Keep: 100}, "onetwo", "-", "b"},
		{crashfs.Cut{Keep: 67}, "onetwo", "b", "-"},
		{crashfs.Cut{Keep: 33}, "onetwo", "", "-"},
	} {
		after := d.Cut(c.cut)
		if a, b, c2 := read(t, after, "dir/a"), read(t, after, "dir/b"), read(t, after, "dir/c"); a != c.a || b != c.b || c2 != c.c {
			t.Errorf("%v: %q %q %q", c.cut, a, b, c2)
		}
	}
	if k := d.Kill(); read(t, k, "dir/a") != "onetwo" || read(t, k, "dir/c") != "b" || read(t, k.Cut(crashfs.Cut{}), "dir/a") != "one" {
		t.Error("the page cache does not outlive the process, or became durable by it")
	}
	if read(t, d, "dir/a") != "onetwo" {
		t.Error("a cut changes the disk it is made of")
	}
}

func TestACutTearsAndReorders(t *testing.T) {
	seen := make(map[string]bool)
	for seed := range uint64(200) {
		d := crashfs.New(seed)
		f := write(t, d, "a", strings.Repeat("-", 1200), 0)
		ok(t, errors.Join(f.Sync(), d.SyncDir(".")))
		_, err := f.WriteAt([]byte(strings.Repeat("x", 1100)), 0)
		ok(t, err)
		torn := read(t, d.Cut(crashfs.Cut{Keep: 100, Torn: crashfs.AtByte}), "a")
		if n := strings.IndexByte(torn, '-'); strings.Count(torn, "x") != n || n >= 1100 {
			t.Fatal("torn write is no prefix")
		} else if n%512 != 0 {
			seen["byte"] = true
		}
		if n := strings.IndexByte(read(t, d.Cut(crashfs.Cut{Keep: 100, Torn: crashfs.AtSector}), "a"), '-'); n%512 != 0 {
			t.Fatal("not torn at a sector", n)
		}
		some := read(t, d.Cut(crashfs.Cut{Keep: 33, Subset: true}), "a") // one sector of three
		switch {
		case some == strings.Repeat("x", 512)+strings.Repeat("-", 688):
			seen["first"] = true
		case some == strings.Repeat("-", 512)+strings.Repeat("x", 512)+strings.Repeat("-", 176):
			seen["second"] = true
		case some == strings.Repeat("-", 1024)+strings.Repeat("x", 76)+strings.Repeat("-", 100):
			seen["third"] = true
		default:
			t.Fatalf("no sector: %q", some)
		}
		if again := read(t, d.Cut(crashfs.Cut{Keep: 33, Subset: true}), "a"); again != some {
			t.Fatal("the same cut leaves something else")
		}
	}
	if len(seen) != 4 {
		t.Error(seen)
	}
}

func TestAFailedSyncDropsWhatItShouldHaveWritten(t *testing.T) {
	for _, done := range []bool{false, true} {
		d := crashfs.New(1)
		f := write(t, d, "a", "one", 0)
		ok(t, errors.Join(f.Sync(), d.SyncDir(".")))
		write(t, d, "a", "TWO", 0)
		d.FailSync(1, done)
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		ok(t, f.Sync()) // proves nothing
		want := map[bool]string{false: "one", true: "TWO"}[done]
		if got := read(t, d.Cut(crashfs.Cut{Keep: 100}), "a"); got != want || read(t, d, "a") != "TWO" {
			t.Errorf("done %t: %q after a cut", done, got)
		}
	}
}

func TestADiskIsFullReadOnlyAndDamaged(t *testing.T) {
	d := crashfs.New(1)
	f := write(t, d, "a", "12345", 0)
	d.SetSpace(8)
	if n, err := f.WriteAt([]byte("67890"), 5); n != 3 || !errors.Is(err, syscall.ENOSPC) {
		t.Error(n, err)
	}
	if _, err := f.WriteAt([]byte("x"), 0); err != nil || read(t, d, "a") != "x2345678" {
		t.Error("what is there cannot be written over", err)
	}
	d.SetSpace(-1)
	d.SetReadOnly(true)
	_, err := f.WriteAt([]byte("x"), 0)
	_, err2 := d.Create("b")
	for _, err := range []error{err, err2, d.Rename("a", "b"), d.Remove("a")} {
		if !errors.Is(err, syscall.EROFS) {
			t.Error(err)
		}
	}
	d.SetReadOnly(false)
	ok(t, d.Flip("a", 8))
	if read(t, d, "a") != "x3345678" {
		t.Error(read(t, d, "a"))
	}
	if err := d.Flip("a", 64); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAHookSeesAndRefusesEveryOperation(t *testing.T) {
	d := crashfs.New(1)
	var kinds []string
	planned := errors.New("planned")
	var fail error
	d.Hook(func(op crashfs.Op) error {
		if kinds = append(kinds, op.Kind.String()); op.N != len(kinds) {
			t.Error("number", op.N)
		}
		return fail
	})
	story := func() []error {
		var errs []error
		f, err := d.Create("dir/a")
		errs = append(errs, err)
		if f != nil {
			_, w := f.WriteAt([]byte("x"), 0)
			_, r := f.ReadAt(make([]byte, 1), 0)
			errs = append(errs, w, r, f.Sync())
		}
		_, open := d.Open("dir/a")
		_, list := d.ReadDir("dir")
		_, lock := d.Lock("dir/l")
		return append(errs, open, list, d.Rename("dir/a", "dir/b"), d.SyncDir("dir"), lock, d.Remove("dir/b"))
	}
	ok(t, errors.Join(story()...))
	want := "create write read sync open readdir lock rename syncdir remove"
	if got := strings.Join(kinds, " "); got != want || d.Ops() != len(kinds) {
		t.Errorf("%s, %d operations", got, d.Ops())
	}
	fail = planned
	for _, err := range story() {
		if !errors.Is(err, planned) {
			t.Error(err)
		}
	}
}
