package tally_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"math"
	"testing"

	"github.com/tabi-go/tabi/persona/content/internal/tally"
)

func sealed(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(b), crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func sample() tally.Tally {
	var t tally.Tally
	t.Add(tally.Key{"b", "x"}, tally.Count{1, 0, 300})
	t.Add(tally.Key{"a", "x", "", "", "", "z"}, tally.Count{0, 7, 0})
	return t
}

func decode(b []byte, question string) (tally.Tally, error) {
	var t tally.Tally
	err := t.Decode(b, question)
	return t, err
}

func TestKeysComeInOrder(t *testing.T) {
	got := sample().Keys()
	if len(got) != 2 || got[0][0] != "a" || got[1][0] != "b" {
		t.Errorf("%v", got)
	}
	u := sample()
	u.Add(got[0], tally.Count{0, -7, 0})
	if len(u) != 1 {
		t.Error("a row of nothing stays")
	}
	if err := u.Subtract(sample(), "q", "q"); !errors.Is(err, tally.ErrUnderflow) || len(u) != 1 {
		t.Errorf("taking away what is not there: %v", err)
	}
}

func TestTalliesComeBackForTheirQuestionOnly(t *testing.T) {
	for _, want := range []tally.Tally{nil, sample()} {
		b := want.Encode("q")
		got, err := decode(b, "q")
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := decode(b, "another"); !errors.Is(err, tally.ErrIncompatible) {
			t.Errorf("another question: %v", err)
		}
	}
}

// Bytes that Encode does not write are refused, though their checksum be right.
func TestTalliesOfOtherBytesAreCorrupt(t *testing.T) {
	good := sample().Encode("q")
	for n := range good {
		if _, err := decode(good[:n], "q"); !errors.Is(err, tally.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
		bad := bytes.Clone(good)
		bad[n] ^= 1
		if _, err := decode(bad, "q"); !errors.Is(err, tally.ErrCorrupt) {
			t.Errorf("a bit of byte %d: %v", n, err)
		}
	}
	body := good[:len(good)-4]
	for n := range body {
		if _, err := decode(sealed(body[:n]), "q"); !errors.Is(err, tally.ErrCorrupt) {
			t.Errorf("cut at %d and sealed: %v", n, err)
		}
	}
	row := func(counts ...uint64) []byte {
		b := append([]byte{1, 'k'}, 0, 0, 0, 0, 0)
		for _, c := range counts {
			b = binary.AppendUvarint(b, c)
		}
		return b
	}
	head := func(n byte) []byte { return []byte{1, 1, 'q', n} }
	for what, b := range map[string][]byte{
		"a row twice":           append(append(head(2), row(1, 0, 0)...), row(2, 0, 0)...),
		"a row of nothing":      append(head(1), row(0, 0, 0)...),
		"more than any count":   append(head(1), row(math.MaxInt64+1, 0, 0)...),
		"more than the rows":    append(append(head(1), row(1, 0, 0)...), 0),
		"fewer than the rows":   append(head(2), row(1, 0, 0)...),
		"a text beyond the end": {1, 99, 'q'},
	} {
		if _, err := decode(sealed(b), "q"); !errors.Is(err, tally.ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := decode(sealed(append(head(1), row(math.MaxInt64, 0, 0)...)), "q"); err != nil || len(got) != 1 {
		t.Errorf("the greatest count: %v", err)
	}
}
