package storage_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

func TestRestoreGivesBackWhatDumpWrote(t *testing.T) {
	s := filled(t)
	var first, second bytes.Buffer
	if err := storage.Dump(t.Context(), s, &first); err != nil {
		t.Fatal(err)
	}
	back := memstore.New(nil)
	for _, want := range []touchpoint.Status{touchpoint.Accepted, touchpoint.Duplicate} {
		tally, err := storage.Restore(t.Context(), back, bytes.NewBuffer(first.Bytes()))
		if err != nil || tally[want] != 10 {
			t.Fatal(tally, err)
		}
	}
	if err := storage.Dump(t.Context(), back, &second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("another dump:\n%s\n%s", first.Bytes(), second.Bytes())
	}
	tagged := storage.Fact{Tags: []storage.Tag{{9}}, Touch: &touchpoint.Touch{Source: "s", ID: "i", At: t0, Kind: "k"}}
	if outs, err := back.Append(t.Context(), []storage.Fact{tagged}); err != nil || outs[0].Status != touchpoint.Suppressed {
		t.Error("the suppression list did not travel", outs, err)
	}
}

func TestRestoreTakesNothingFromADamagedFile(t *testing.T) {
	var b bytes.Buffer
	if err := storage.Dump(t.Context(), filled(t), &b); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	try := func(what string, file []byte) {
		s := memstore.New(nil)
		_, err := storage.Restore(t.Context(), s, bytes.NewReader(file))
		n, _ := storage.Count(t.Context(), s, storage.Query{})
		if err == nil || n > 0 {
			t.Errorf("%s: %d facts, error %v", what, n, err)
		}
	}
	for n := 0; n < len(good)-1; n += 7 {
		try(fmt.Sprint("cut at ", n), good[:n])
		bad := bytes.Clone(good)
		bad[n] ^= 1
		try(fmt.Sprint("flipped at ", n), bad)
	}
	try("more after the end", append(bytes.Clone(good), "{\"type\":\"touch\"}\n"...))
	try("twice", append(bytes.Clone(good), good...))
}

func TestCopyGoesOnWhereItStopped(t *testing.T) {
	src, dst := filled(t), memstore.New(nil)
	at, tally, err := storage.Copy(t.Context(), dst, src, storage.Cursor{})
	if err != nil || tally[touchpoint.Accepted] != 10 {
		t.Fatal(tally, err)
	}
	if _, err := src.Append(t.Context(), []storage.Fact{{Touch: &touchpoint.Touch{Source: "s", ID: "later", At: t0, Kind: "k"}}}); err != nil {
		t.Fatal(err)
	}
	if _, tally, err = storage.Copy(t.Context(), dst, src, at); err != nil || tally.Offered() != 1 {
		t.Fatal(tally, err)
	}
	a, err1 := storage.Digest(t.Context(), src)
	b, err2 := storage.Digest(t.Context(), dst)
	if a != b || err1 != nil || err2 != nil {
		t.Error("the copy has another digest", err1, err2)
	}
	if err := storage.Verify(t.Context(), dst); err != nil {
		t.Error(err)
	}
}
