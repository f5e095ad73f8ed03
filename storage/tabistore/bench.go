package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A raw place takes the same rows as a store, through the same driver, into the same
// tables, with keys, hashes and bodies made beforehand, and reads them without decoding.
type raw interface {
	write(ctx context.Context, rows []rawRow) error
	person(ctx context.Context, ids []identity.ID) error
	// size is how many bytes the store itself takes, not the raw place.
	size(ctx context.Context) (int64, error)
	close() error
}

// A rawRow is a fact as columns. members are its identifiers' keys where its set is new.
type rawRow struct {
	storage.Row
	kind    string
	set     [16]byte
	members [][16]byte
}

// figures are what -bench prints; null is what a store in memory has not.
type figures struct {
	Store         string   `json:"store"`
	N             int      `json:"n"`
	AppendPerS    float64  `json:"append_per_s"`
	RawPerS       *float64 `json:"raw_per_s"`
	Ratio         *float64 `json:"ratio"`
	ReplayPerS    float64  `json:"replay_per_s"`
	ReadP50us     float64  `json:"read_p50_us"`
	ReadP99us     float64  `json:"read_p99_us"`
	RawReadP99us  *float64 `json:"raw_read_p99_us"`
	ScanPerS      float64  `json:"scan_per_s"`
	BytesPerTouch float64  `json:"bytes_per_touch"`
}

const (
	benchBatch  = 1000
	benchPeople = 10_000
	benchReads  = 3000
)

// bench writes workload W into an empty store, in turns with the raw place, and prints how
// long it took.
func (p *program) bench(ctx context.Context, s storage.Store) (err error) {
	if n, err := storage.Count(ctx, s, storage.Query{Limit: 1}); err != nil || n != 0 {
		if err == nil {
			err = usagef("-bench writes %d touches, and wants an empty store", p.benchSize)
		}
		return err
	}
	before := heap()
	other, err := openRaw(ctx, p.store)
	if err != nil {
		return err
	}
	if other != nil {
		defer func() {
			if e := other.close(); err == nil {
				err = e
			}
		}()
	}
	out := figures{N: p.benchSize}
	out.Store, _, _ = strings.Cut(p.store, ":")
	ours, theirs, err := p.benchAppend(ctx, s, other)
	if err != nil {
		return err
	}
	out.AppendPerS = perSecond(out.N, ours)
	if other != nil {
		x, ratio := perSecond(out.N, theirs), theirs.Seconds()/ours.Seconds()
		out.RawPerS, out.Ratio = &x, &ratio
		size, err := other.size(ctx)
		if err != nil {
			return err
		}
		out.BytesPerTouch = float64(size) / float64(out.N)
	} else {
		out.BytesPerTouch = float64(heap()-before) / float64(out.N)
	}
	if ours, _, err = p.benchAppend(ctx, s, nil); err != nil {
		return err
	}
	out.ReplayPerS = perSecond(out.N, ours)
	if err := benchReading(ctx, s, other, &out); err != nil {
		return err
	}
	runtime.KeepAlive(s)
	return json.NewEncoder(p.out).Encode(out)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / max(d.Seconds(), 1e-9) }

// benchAppend offers the workload to the store and, batch by batch in turns, to the raw
// place: what else the machine does meets both.
func (p *program) benchAppend(ctx context.Context, s storage.Store, other raw) (ours, theirs time.Duration, err error) {
	w := newWorkload()
	known := make(map[[16]byte]bool)
	for left := p.benchSize; left > 0; left -= benchBatch {
		facts := w.batch(min(left, benchBatch))
		start := time.Now()
		outs, err := s.Append(ctx, facts)
		ours += time.Since(start)
		if err != nil {
			return 0, 0, err
		}
		if t := touchpoint.Count(outs); t[touchpoint.Accepted]+t[touchpoint.Duplicate] != len(facts) {
			return 0, 0, fmt.Errorf("of %d touches %d were accepted", len(facts), t[touchpoint.Accepted])
		}
		if other == nil {
			continue
		}
		rows, err := rawRows(facts, known)
		if err != nil {
			return 0, 0, err
		}
		start = time.Now()
		err = other.write(ctx, rows)
		theirs += time.Since(start)
		if err != nil {
			return 0, 0, err
		}
	}
	return ours, theirs, nil
}

func rawRows(facts []storage.Fact, known map[[16]byte]bool) ([]rawRow, error) {
	rows := make([]rawRow, len(facts))
	for i, f := range facts {
		r := &rows[i]
		if err := r.Encode(f); err != nil {
			return nil, err
		}
		r.kind, r.set = string(f.Touch.Kind), storage.HashSet(r.Key.Class, r.Key.Source, r.IDs)
		if !known[r.set] {
			known[r.set] = true
			for _, id := range r.IDs {
				r.members = append(r.members, storage.HashID(id))
			}
		}
	}
	return rows, nil
}

// benchReading reads people one by one, and then everything.
func benchReading(ctx context.Context, s storage.Store, other raw, out *figures) error {
	people := newWorkload()
	var took, rawTook []time.Duration
	for range min(benchReads, out.N) {
		ids := people.person(people.g.IntN(benchPeople))
		start := time.Now()
		for _, err := range s.Scan(ctx, storage.Query{IDs: ids}) {
			if err != nil {
				return err
			}
		}
		took = append(took, time.Since(start))
		if other != nil {
			start = time.Now()
			if err := other.person(ctx, ids); err != nil {
				return err
			}
			rawTook = append(rawTook, time.Since(start))
		}
	}
	out.ReadP50us, out.ReadP99us = percentile(took, 50), percentile(took, 99)
	if other != nil {
		x := percentile(rawTook, 99)
		out.RawReadP99us = &x
	}
	start := time.Now()
	for _, err := range s.Scan(ctx, storage.Query{}) {
		if err != nil {
			return err
		}
	}
	out.ScanPerS = perSecond(out.N, time.Since(start))
	return nil
}

// percentile is in microseconds.
func percentile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return float64(took[len(took)*percent/100].Nanoseconds()) / 1000
}

// A workload is W of the specification: touches with one or two identifiers, every third
// with an e-mail address, of people drawn uniformly, four kinds, times ascending, random
// ids. It is the same each time.
type workload struct {
	g     *rand.Rand
	at    time.Time
	i     int
	props touchpoint.Props
}

func newWorkload() *workload {
	props := touchpoint.Props{}.SetText("referrer", "https://www.example.com/").SetText("title", "Pricing").SetText("url", "https://shop.example.com/pricing?plan=team")
	return &workload{g: rand.New(rand.NewPCG(1, 2)), at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), props: props}
}

// person names who it is in both ways.
func (w *workload) person(n int) []identity.ID {
	return []identity.ID{identity.MakeID(identity.Email, fmt.Sprintf("person%06d@example.com", n)), identity.MakeID(identity.UserID, fmt.Sprintf("u-%06d", n))}
}

func (w *workload) batch(n int) []storage.Fact {
	kinds := []touchpoint.Kind{touchpoint.KindPageview, touchpoint.KindClick, touchpoint.KindForm, touchpoint.KindOrder}
	facts := make([]storage.Fact, n)
	for k := range facts {
		ids := w.person(w.g.IntN(benchPeople))
		if w.i%3 > 0 {
			ids = ids[1:]
		}
		w.i++
		w.at = w.at.Add(time.Duration(1+w.g.IntN(2_000_000)) * time.Microsecond)
		var id [16]byte
		for b := range id {
			id[b] = byte(w.g.Uint32())
		}
		facts[k] = storage.Fact{Touch: &touchpoint.Touch{
			Source: "web", ID: hex.EncodeToString(id[:]), At: w.at, ReceivedAt: w.at.Add(time.Second), Kind: kinds[w.g.IntN(len(kinds))],
			Channel: "Organic Search", Touchpoint: "Pricing page", IDs: ids, Direction: touchpoint.Inbound, Props: w.props,
		}}
	}
	return facts
}
