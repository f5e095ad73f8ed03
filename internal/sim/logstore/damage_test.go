package logstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/storage"
)

// image returns the bytes of the log.
func image(t testing.TB, d *crashfs.Disk) []byte {
	t.Helper()
	data, err := readLog(d)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readLog(d *crashfs.Disk) ([]byte, error) {
	f, err := d.Open("tabi/log")
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	data := make([]byte, size)
	if err == nil {
		_, err = f.ReadAt(data, 0)
	}
	return data, err
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

// longTouch is one of few that fill a log.
func longTouch(n int) storage.Fact {
	f := touch(n)
	if n%8 > 0 {
		f.Touch.Touchpoint = strings.Repeat("p", 900+n)
	}
	return f
}

// longLog is a log of 64 KiB: its bytes, the ends of its records and their marks, and how
// many facts there are up to each.
var longLog = sync.OnceValues(func() (data []byte, ends map[int]int) {
	d := crashfs.New(1)
	s, err := logstore.Open(d, "tabi", &logstore.Options{ID: 7})
	ends = make(map[int]int)
	for n, size := 0, 1; err == nil && len(data) < 64<<10; n, size = n+size, 1+(n*7)%5 {
		if data, err = readLog(d); err == nil {
			ends[len(data)] = n
			var facts []storage.Fact
			for i := range size {
				facts = append(facts, longTouch(n+i))
			}
			_, err = s.Append(context.Background(), facts)
		}
	}
	if err != nil {
		panic(err)
	}
	return data, ends
})

// holdsFirst reports whether a store holds the first n touches and nothing else.
func holdsFirst(t testing.TB, s storage.Store, n int) bool {
	t.Helper()
	i := 0
	for f, err := range s.Scan(t.Context(), storage.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		got, err := storage.AppendFact(nil, f)
		want, err2 := storage.AppendFact(nil, longTouch(i))
		if i++; err != nil || err2 != nil || !bytes.Equal(got, want) {
			return false
		}
	}
	return i == n
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

func TestACorruptByteIsReportedOrMakesNoDifference(t *testing.T) {
	t.Parallel()
	data, ends := longLog()
	g := rand.New(rand.NewPCG(1, 1))
	reported := 0
	for at := 0; at < len(data); at += 1 + g.IntN(2*stride(19)-1) {
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
		case !holdsFirst(t, s, ends[len(data)]): // the byte was of a mark
			t.Fatalf("byte %d: other facts are served", at)
		}
	}
	if reported == 0 {
		t.Error("nothing was reported")
	}
}

func TestALogCutAtAnyLengthServesAPrefix(t *testing.T) {
	t.Parallel()
	data, ends := longLog()
	g := rand.New(rand.NewPCG(2, 1))
	step := 1
	want, next := 0, 0 // facts below the length
	for n := range data {
		if held, end := ends[n+16]; end { // a record counts without its mark
			want = held
		}
		if n < next {
			continue
		}
		next = n + step
		step = 1 + g.IntN(2*stride(53)-1)
		s, err := logstore.Open(diskWith(t, data[:n]), "tabi", nil)
		var corrupt *storage.CorruptError
		if n < 20 { // the header, which is never written without what follows
			if !errors.As(err, &corrupt) {
				t.Fatalf("length %d: error %v", n, err)
			}
			continue
		} else if err != nil {
			t.Fatalf("length %d: %v", n, err)
		}
		if !holdsFirst(t, s, want) {
			t.Fatalf("length %d: not the first %d facts", n, want)
		}
		if err := s.Verify(t.Context()); err != nil {
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
	if err := storage.Verify(t.Context(), s); !errors.As(err, &corrupt) || corrupt.Offset < 20 || corrupt.Offset > 300 {
		t.Errorf("error %v", err)
	}
	if count(t, s) != 40 {
		t.Error("reads do not go on")
	}
}

// seal makes a log of one record with this payload, as it would be without damage.
func seal(header, payload []byte, kind byte) []byte {
	crc := func(b []byte) []byte {
		return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	}
	id := header[8:16]
	head := append(append([]byte(nil), id...), 0xf1, 't', 'b', kind)
	head = binary.BigEndian.AppendUint32(head, uint32(len(payload)))
	head = crc(binary.BigEndian.AppendUint64(head, 1))[8:]
	head = append(head, crc(payload)[len(payload):]...)
	return append(append(append([]byte(nil), header[:20]...), head...), payload...)
}

// FuzzOpen opens any bytes as a log, or as what a record of one holds: nothing may panic,
// and a store that opens is sound and opens again with the same facts.
func FuzzOpen(f *testing.F) {
	d := crashfs.New(1)
	s := open(f, d, &logstore.Options{ID: 7})
	header := image(f, d)[:20]
	f.Add(image(f, d), byte(0))
	add(f, s, touches(0, 3)...)
	whole := image(f, d)
	f.Add(whole, byte(0))
	f.Add(whole[20+24+16+24:len(whole)-16], byte('F')) // without heads and marks
	killed := make(chan *crashfs.Disk, 1)
	d.Hook(func(op crashfs.Op) error { // in the middle of an erasure
		if op.Kind == crashfs.OpRename {
			killed <- d.Kill()
		}
		return nil
	})
	if _, err := s.Erase(f.Context(), storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Keys: []storage.Key{touch(1).Key()}}}}); err != nil {
		f.Fatal(err)
	}
	half := image(f, <-killed)
	f.Add(half, byte(0))
	f.Add(half[len(whole)+24:len(half)-16], byte('E'))
	f.Add([]byte{0}, byte('E'))
	d.Hook(nil)
	f.Add(image(f, d), byte(0))
	f.Fuzz(func(t *testing.T, data []byte, kind byte) {
		if kind != 0 {
			data = seal(header, data, kind)
		}
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

func TestASealedRecordIsRead(t *testing.T) {
	d := crashfs.New(1)
	s := open(t, d, &logstore.Options{ID: 7})
	header := image(t, d)[:20]
	add(t, s, touches(0, 3)...)
	whole := image(t, d)
	s = open(t, diskWith(t, seal(header, whole[20+24+16+24:len(whole)-16], 'F')), nil)
	if n := count(t, s); n != 3 {
		t.Errorf("%d facts: the fuzz target does not reach what a record holds", n)
	}
}
