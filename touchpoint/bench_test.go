package touchpoint_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func BenchmarkNormalizeClean(b *testing.B) {
	b.ReportAllocs()
	t := clean()
	for b.Loop() {
		if err := t.Normalize(nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	b.ReportAllocs()
	t, buf := clean(), make([]byte, 0, 1024)
	for b.Loop() {
		buf = t.AppendJSON(buf[:0])
	}
}

func BenchmarkParseTouch(b *testing.B) {
	line := clean().AppendJSON(nil)
	b.SetBytes(int64(len(line)))
	b.Run("tabi", func(b *testing.B) {
		b.ReportAllocs()
		r := bytes.Repeat(append(line, '\n'), 100)
		for b.Loop() {
			for _, err := range tp.NewReader(bytes.NewReader(r), tp.JSONLines, nil).All() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("encoding-json-map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range 100 {
				var m map[string]any
				if err := json.Unmarshal(line, &m); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkReadCSV60k(b *testing.B) {
	b.ReportAllocs()
	var buf bytes.Buffer
	w := tp.NewWriter(&buf, tp.CSV)
	t := clean()
	for i := range 60_000 {
		t.ID = strconv.Itoa(i)
		t.At = t.At.Add(time.Microsecond)
		if err := w.Write(t); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := 0
		for _, err := range tp.NewReader(bytes.NewReader(buf.Bytes()), tp.CSV, nil).All() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 60_000 {
			b.Fatal(n)
		}
	}
}

func BenchmarkParseAmount(b *testing.B) {
	b.ReportAllocs()
	eur := tp.Currency{'E', 'U', 'R'}
	for b.Loop() {
		if _, err := tp.ParseAmount("1234.50", eur); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTwins(b *testing.B) {
	b.ReportAllocs()
	subjects := make([][]tp.Touch, 50)
	n := 0
	for i := range subjects {
		for len(subjects[i]) < 100 {
			t, _ := contacts(newRand(uint64(1000*i + len(subjects[i]))))
			for j := range t {
				t[j].ID = strconv.Itoa(len(subjects[i]) + j)
			}
			subjects[i] = append(subjects[i], t[:min(len(t), 100-len(subjects[i]))]...)
		}
		n += len(subjects[i])
	}
	for b.Loop() {
		for _, s := range subjects {
			tp.Twins(s, nil)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/touch")
}

// plain is a struct of the same fields for encoding/json.
type plain struct {
	Source     string            `json:"source"`
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	ReceivedAt time.Time         `json:"received_at"`
	Kind       string            `json:"kind"`
	Channel    string            `json:"channel"`
	Touchpoint string            `json:"touchpoint"`
	Campaign   map[string]string `json:"campaign"`
	IDs        []plainID         `json:"ids"`
	Direction  string            `json:"direction"`
	Offline    bool              `json:"offline"`
	Sentiment  float64           `json:"sentiment"`
	Cost       string            `json:"cost"`
	Currency   string            `json:"currency"`
	Stage      string            `json:"stage"`
	Props      json.RawMessage   `json:"props"`
}

type plainID struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func BenchmarkAppendJSONPeer(b *testing.B) {
	b.ReportAllocs()
	var p plain
	if err := json.Unmarshal(clean().AppendJSON(nil), &p); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := json.Marshal(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseProps(b *testing.B) {
	b.ReportAllocs()
	text := []byte(clean().Props.JSON())
	for b.Loop() {
		if _, err := tp.ParseProps(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPropsText(b *testing.B) {
	b.ReportAllocs()
	p := clean().Props
	for b.Loop() {
		if _, ok := p.Text("url"); !ok {
			b.Fatal("no url")
		}
	}
}
