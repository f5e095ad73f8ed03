package benchmarks

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint"
)

// line is a canonical touch of two identifiers and six properties.
const line = `{"id":"e-1","source":"web","at":"2026-04-01T09:30:00Z","kind":"form","channel":"Organic Search",` +
	`"touchpoint":"/contact","ids":[{"type":"email","value":"ann@example.com"},{"type":"anonymous_id","value":"a-17f3"}],` +
	`"props":{"campaign_size":12,"landing":"/pricing","logged_in":false,"referrer":"https://search.example","step":"2","variant":"b"}}`

// BenchmarkDecode reads canonical lines. The peer decodes the same lines into
// map[string]any and checks nothing. Target: at least twice as fast.
func BenchmarkDecode(b *testing.B) {
	const lines = 1000
	text := strings.Repeat(line+"\n", lines)
	sideBySide(b, "encoding/json", func() {
		for _, err := range touchpoint.NewReader(strings.NewReader(text), touchpoint.JSONLines, nil).All() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}, func() {
		for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
			var m map[string]any
			if err := d.Decode(&m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEncode writes one touch; the peer is encoding/json on a struct of the same
// members. Target: at least twice as fast.
func BenchmarkEncode(b *testing.B) {
	var t touchpoint.Touch
	for read, err := range touchpoint.NewReader(strings.NewReader(line), touchpoint.JSONLines, nil).All() {
		if err != nil {
			b.Fatal(err)
		}
		t = read
	}
	var peer struct {
		ID         string `json:"id"`
		Source     string `json:"source"`
		At         string `json:"at"`
		Kind       string `json:"kind"`
		Channel    string `json:"channel"`
		Touchpoint string `json:"touchpoint"`
		IDs        []struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"ids"`
		Props map[string]any `json:"props"`
	}
	if err := json.Unmarshal([]byte(line), &peer); err != nil {
		b.Fatal(err)
	}
	var ours []byte
	var theirs bytes.Buffer
	sideBySide(b, "encoding/json", func() { ours = t.AppendJSON(ours[:0]) }, func() {
		theirs.Reset()
		if err := json.NewEncoder(&theirs).Encode(&peer); err != nil {
			b.Fatal(err)
		}
	})
}

// sideBySide runs ours and then the peer, and reports with the peer how many times
// longer it took.
func sideBySide(b *testing.B, peer string, ours, theirs func()) {
	var own float64
	b.Run("tabi", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ours()
		}
		own = float64(b.Elapsed()) / float64(b.N)
	})
	b.Run(peer, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			theirs()
		}
		if own > 0 {
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/own, "×tabi")
		}
	})
}
