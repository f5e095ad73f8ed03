package sqlitestore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/storage/storetest"
)

// An erasure is killed between any two of its statements that write, begin, commit or cut
// the log. Every second one is killed once more while the store opens again.
func TestKillErasures(t *testing.T) {
	if testing.Short() {
		t.Skip("processes of one goroutine: not with -short")
	}
	h := kills(0, 20)
	h.Steps = func(_ context.Context, dir string, step func()) (storage.Store, error) {
		w := newWrecker()
		w.step = step
		return sqlitestore.Open(filepath.Join(dir, "facts.db"), &sqlitestore.Options{Driver: w.name, Readers: 1})
	}
	h.Bytes = func(dir string) ([]io.ReadCloser, error) { return filesOf(filepath.Join(dir, "facts.db")) }
	if os.Getenv("TABI_STORETEST_KILL") == "" {
		h.Place = folder(t)
	}
	storetest.KillErasures(t, h)
}

// kills are so many by default, 100 for a commit and 1,000 with TABI_LONG.
func kills(batch, kills int) storetest.KillHarness {
	switch {
	case testing.Short():
		kills = 2
	case long():
		kills = 1000
	case os.Getenv("CI") != "":
		kills = 100
	}
	return storetest.KillHarness{Batch: batch, Kills: kills, Open: func(_ context.Context, dir string) (storage.Store, error) {
		return sqlitestore.Open(filepath.Join(dir, "facts.db"), nil)
	}}
}

func TestKill(t *testing.T) {
	h := kills(100, 10)
	h.Damage = func(dir string, g *rand.Rand) error {
		err := damage(filepath.Join(dir, "facts.db"), g)
		if errors.Is(err, fs.ErrNotExist) { // killed before the first connection made it
			return nil
		}
		return err
	}
	storetest.Kill(t, h)
}

// damage removes the index of the log, appends random bytes to the log, or cuts it
// anywhere behind the last commit.
func damage(path string, g *rand.Rand) error {
	how := g.IntN(3)
	if how == 0 {
		return os.Remove(path + "-shm")
	}
	log, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	b, err := io.ReadAll(log)
	if err != nil {
		return err
	}
	if how == 1 {
		junk := make([]byte, g.IntN(9000))
		for i := range junk {
			junk[i] = byte(g.Uint32())
		}
		_, err = log.Write(junk)
		return err
	}
	end := committed(b)
	return log.Truncate(int64(end + g.IntN(len(b)-end+1)))
}

// committed is the length of a log up to its last commit: the last frame that says how
// large the file is then and bears the salt of the header. What was overwritten bears another.
func committed(log []byte) (end int) {
	const header = 32
	for at := header; at+walFrame <= len(log); at += walFrame {
		if string(log[at+8:at+16]) != string(log[16:24]) {
			break
		}
		if binary.BigEndian.Uint32(log[at+4:]) != 0 {
			end = at + walFrame
		}
	}
	return end
}
