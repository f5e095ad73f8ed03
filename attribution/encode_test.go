package attribution_test

import (
	"encoding/base64"
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
