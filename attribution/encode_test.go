package attribution_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

// released are the bytes of oldSet in each version that was ever written.
var released = map[int]string{
	1: `AQMDQWRzBUVtYWlsCeODmuODvOOCuAkEY2xlbwNhZHMBMQNib2IEdXNlcgNhbm4DcHJvBWtub3duBHRlYW0BAARpAAAAwIQ9AYDCybGDiYUGACgAwIQ9AID20sSDiYUGAQHArfkfIJChD8CNtwESAgEAn+DGWwDywAEGB4CA8oGDiYUGgPum4IOJhQYBCICq6lUBCYDfmCUCAYCV9SoBgICAgICAgPA/DgIDBAUCwNyuFwCAgICAgICA+D8AAAAAAEqZ8gQ=`,
}

func oldSet(t *testing.T) *attribution.Journeys {
	t.Helper()
	at := func(s int64) time.Time { return time.Unix(1_700_000_000+s, 0) }
	js := setOf(t, attribution.Path{
		Subject: "ann", Stratum: "pro", Start: at(0), End: at(99), Converted: true, Value: 12_345, Weight: 1.5,
		Steps: []attribution.Step{
			{Channel: "Email", At: at(9), Source: "ads", ID: "1", Actor: "bob", Role: "user", Weight: .5, Cost: 7, Kind: attribution.Click},
			{Channel: "ページ", At: at(50)},
		},
		Milestones: []attribution.Milestone{{Name: "known", At: at(9)}}, Changes: []attribution.Change{{Stratum: "team", At: at(60)}},
	}, attribution.Path{Subject: "cleo", End: at(50), Open: true}, attribution.Path{End: at(70), Steps: []attribution.Step{{Channel: "Email", At: at(3)}, {Channel: "Late", At: at(80)}}})
	if err := js.AddRow(attribution.Row{Channels: []string{"Email", "Ads"}, Conversions: .25, Nulls: 3, Value: 9}); err != nil {
		t.Fatal(err)
	}
	return js
}

func TestOldEncodingsDecode(t *testing.T) {
	t.Parallel()
	want := string(encoded(t, oldSet(t)))
	for version, text := range released {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var js attribution.Journeys
		if err := js.UnmarshalBinary(b); err != nil || string(encoded(t, &js)) != want {
			t.Errorf("version %d: %v; now %s", version, err, base64.StdEncoding.EncodeToString([]byte(want)))
		}
	}
}

// Steps at one instant, and as many as a path may have, come back as they went.
func TestEncodingsAtTheLimitDecode(t *testing.T) {
	t.Parallel()
	long := attribution.Path{Converted: true}
	for range 10_000 {
		long.Steps = append(long.Steps, attribution.Step{Channel: "A"})
	}
	together := won("AAB", 1)
	together.Steps[1].At = together.Steps[0].At
	for name, js := range map[string]*attribution.Journeys{"long": setOf(t, long), "at one instant": setOf(t, together)} {
		b := encoded(t, js)
		var back attribution.Journeys
		if err := back.UnmarshalBinary(b); err != nil || string(encoded(t, &back)) != string(b) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bytes with a good checksum that name a channel or a word that is not there.
func TestEncodingsOfWhatIsNotThereAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		good bool
	}{
		"as it is":        {"\x01\x01\x01A\x00\x00\x00\x01\x20\x01\x00\x00\x01\x00", true},
		"another channel": {"\x01\x01\x01A\x00\x00\x00\x01\x20\x01\x00\x00\x01\x01", false},
		"a word":          {"\x01\x01\x01A\x00\x00\x00\x01\x21\x01\x00\x00\x01\x01\x00", false},
		"value of a null": {"\x01\x01\x01A\x00\x00\x00\x01\x20\x00\x01\x02\x01\x00", false},
		"a row too few":   {"\x01\x01\x01A\x00\x00\x00\x02\x20\x01\x00\x00\x01\x00", false},
	} {
		b := binary.LittleEndian.AppendUint32([]byte(c.body), crc32.Checksum([]byte(c.body), crc32.MakeTable(crc32.Castagnoli)))
		var js attribution.Journeys
		if err := js.UnmarshalBinary(b); (err == nil) != c.good || err != nil && !errors.Is(err, attribution.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An encoding that ends early is refused wherever it ends, its checksum being right.
func TestEncodingsThatEndEarlyAreRefused(t *testing.T) {
	t.Parallel()
	p, q := won("AB", 300), won("BC", 7)
	p.Subject, p.Stratum, p.Weight, p.Steps[0].Actor = "s", "t", .5, "ann"
	p.Milestones = []attribution.Milestone{{Name: "known", At: p.End}}
	totals, err := attribution.NewTotals(attribution.Linear{}, nil)
	counts, err2 := attribution.NewCounts(attribution.Markov{}, nil)
	if err := errors.Join(err, err2, totals.Add(p, q), counts.Add(p, q)); err != nil {
		t.Fatal(err)
	}
	for _, x := range []interface {
		MarshalBinary() ([]byte, error)
		UnmarshalBinary([]byte) error
	}{setOf(t, p, q), totals, counts} {
		b, err := x.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(b) - 4 {
			cut := binary.LittleEndian.AppendUint32(b[:n:n], crc32.Checksum(b[:n], crc32.MakeTable(crc32.Castagnoli)))
			if err := x.UnmarshalBinary(cut); !errors.Is(err, attribution.ErrCorrupt) {
				t.Errorf("%T, %d bytes of %d: %v", x, n, len(b)-4, err)
			}
		}
	}
}
