package logstore_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
)

// image returns the bytes of the log.
func image(t testing.TB, d *crashfs.Disk) []byte {
	t.Helper()
	f, err := d.Open("tabi/log")
	if err != nil {
		t.Fatal(err)
	}
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil {
		t.Fatal(err)
	}
	return data
}

// diskWith returns a disk whose log has these bytes.
func diskWith(t testing.TB, data []byte) *crashfs.Disk {
	t.Helper()
	d := crashfs.New(1)
	f, err := d.Create("tabi/log")
	if err == nil {
		_, err = f.WriteAt(data, 0)
	}
	if err = errors.Join(err, f.Sync(), d.SyncDir("tabi")); err != nil {
		t.Fatal(err)
	}
	return d
}

func digest(t testing.TB, s storage.Store) [32]byte {
	t.Helper()
	sum, err := storage.Digest(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// longLog returns a log of 64 KiB, the ends of its records and their marks, and the digest
// of the store at each.
func longLog(t *testing.T) (data []byte, ends []int, digests [][32]byte) {
	d := crashfs.New(1)
	s := open(t, d, &logstore.Options{ID: 7})
	mem := memstore.New(nil)
	for n, size := 0, 1; len(data) < 64<<10; n, size = n+size, 1+(n*7)%9 {
		data = image(t, d)
		ends, digests = append(ends, len(data)), append(digests, digest(t, mem))
		add(t, s, touches(n, n+size)...)
		add(t, mem, touches(n, n+size)...)
	}
	return data, ends, digests
}

// stride is how many bytes are stepped over, so that the default takes seconds: all of
// them are tried with TABI_LONG=1.
func stride(normal int) int {
	switch {
	case os.Getenv("TABI_LONG") == "1":
		return 1
	case testing.Short():
		return 8 * normal
	}
	return normal
}

func TestAFlippedByteIsReportedOrMakesNoDifference(t *testing.T) {
	t.Parallel()
	data, _, digests := longLog(t)
	want := digests[len(digests)-1]
	g := rand.New(rand.NewPCG(1, 1))
	reported := 0
	for at := 0; at < len(data); at += 1 + g.IntN(2*stride(7)-1) {
		damaged := append([]byte(nil), data...)
		damaged[at] ^= byte(1 + g.IntN(255))
		s, err := logstore.Open(diskWith(t, damaged), "tabi", nil)
		var corrupt *storage.CorruptError
		switch {
		case errors.As(err, &corrupt):
			if reported++; corrupt.Offset > int64(at) {
				t.Errorf("byte %d: reported at %d", at, corrupt.Offset)
			}
		case err != nil:
			t.Fatalf("byte %d: %v", at, err)
		case digest(t, s) != want: // the byte was of a mark
			t.Fatalf("byte %d: other facts are served", at)
		}
	}
	if reported == 0 {
		t.Error("nothing was reported")
	}
}

func TestALogCutAtAnyLengthServesAPrefix(t *testing.T) {
	t.Parallel()
	data, ends, digests := longLog(t)
	g := rand.New(rand.NewPCG(2, 1))
	k := 0 // records below the length
	for n := 0; n < len(data); n += 1 + g.IntN(2*stride(101)-1) {
		s, err := logstore.Open(diskWith(t, data[:n]), "tabi", nil)
		var corrupt *storage.CorruptError
		if n < 28 { // the header, which is never written without what follows
			if !errors.As(err, &corrupt) {
				t.Fatalf("length %d: error %v", n, err)
			}
			continue
		} else if err != nil {
			t.Fatalf("length %d: %v", n, err)
		}
		for k+1 < len(ends) && ends[k+1]-16 <= n { // a record counts without its mark
			k++
		}
		if digest(t, s) != digests[k] {
			t.Fatalf("length %d: not the first %d records", n, k)
		}
		if err := storage.Verify(t.Context(), s); err != nil {
			t.Fatalf("length %d: %v", n, err)
		}
		add(t, s, touch(9_000_000))
		_ = s.Close()
	}
}

func TestDamageUnderAnOpenStoreIsFoundByVerify(t *testing.T) {
	t.Parallel()
	d := crashfs.New(1)
	s := open(t, d, nil)
	add(t, s, touches(0, 20)...)
	add(t, s, touches(20, 40)...)
	if err := storage.Verify(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := d.Flip("tabi/log", 8*300); err != nil {
		t.Fatal(err)
	}
	var corrupt *storage.CorruptError
	if err := storage.Verify(t.Context(), s); !errors.As(err, &corrupt) || corrupt.Offset < 28 || corrupt.Offset > 300 {
		t.Errorf("error %v", err)
	}
	if count(t, s) != 40 {
		t.Error("reads do not go on")
	}
}

// FuzzOpen opens any bytes as a log: nothing may panic, and a store that opens is sound
// and opens again with the same facts.
func FuzzOpen(f *testing.F) {
	d := crashfs.New(1)
	s := open(f, d, &logstore.Options{ID: 7})
	f.Add(image(f, d))
	add(f, s, touches(0, 3)...)
	f.Add(image(f, d))
	crash := make(chan *crashfs.Disk, 1)
	d.Hook(func(op crashfs.Op) error { // in the middle of an erasure
		if op.Kind == crashfs.OpRename {
			crash <- d.Kill()
		}
		return nil
	})
	if _, err := s.Erase(f.Context(), storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(image(f, <-crash))
	d.Hook(nil)
	f.Add(image(f, d))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := diskWith(t, data)
		s, err := logstore.Open(d, "tabi", nil)
		if err != nil {
			var corrupt *storage.CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatal(err)
			}
			return
		}
		if err := storage.Verify(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		again := open(t, d.Kill(), nil)
		if digest(t, s) != digest(t, again) {
			t.Fatal("other facts after opening again")
		}
		_ = s.Close()
	})
}
