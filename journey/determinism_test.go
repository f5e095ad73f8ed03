package journey_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones on every machine

	"github.com/tabi-go/tabi/internal/sim/crashfs"
	"github.com/tabi-go/tabi/internal/sim/logstore"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
	"github.com/tabi-go/tabi/touchpoint"
)

// seeded is the touches of a world: dense random ones, and simulated customers by turns.
func seeded(t testing.TB, seed uint64) []touchpoint.Touch {
	t.Helper()
	if seed%2 == 0 {
		return world(seed, 80)
	}
	names := simulate.Scenarios()
	w, err := simulate.Scenario(names[int(seed)%len(names)])
	if err != nil {
		t.Fatal(err)
	}
	w.Start = on("01-01")
	p, err := w.Run(seed, 12, 20)
	if err != nil {
		t.Fatal(err)
	}
	var out []touchpoint.Touch
	for tp := range p.Touches() {
		if len(out) < 300 {
			out = append(out, tp)
		}
	}
	return out
}

// A world's digest is the one on record: on every run, number of processors and store, in
// every zone, and on every port on which this test is run.
func TestDigestsOfSeededWorldsAreThoseOnRecord(t *testing.T) {
	const file = "testdata/digests.txt"
	text, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	recorded := strings.Fields(string(text))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	if *update {
		recorded = nil
		for seed := range uint64(64) {
			recorded = append(recorded, worldDigest(t, new(memstore.Store), seed))
		}
		if err := os.WriteFile(file, []byte(strings.Join(recorded, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(recorded) != 64 {
		t.Fatalf("%d worlds on record", len(recorded))
	}
	stores := map[string]func() storage.Store{
		"memstore":                    func() storage.Store { return new(memstore.Store) },
		"without optional interfaces": func() storage.Store { return storetest.Faulty(new(memstore.Store), new(storetest.Faults)) },
		"logstore": func() storage.Store {
			s, err := logstore.Open(crashfs.New(1), "facts", nil)
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	}
	step := uint64(64 / many(16, 64))
	for run := range many(1, 100) {
		for i, procs := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(procs)
			for name, open := range stores {
				if run >= 10 && name != "memstore" {
					continue // they differ from it in what they read, not in what is derived
				}
				for seed := uint64(run+i) % step; seed < 64; seed += step {
					if got := worldDigest(t, open(), seed); got != recorded[seed] {
						t.Errorf("world %d on %d processors, %s: %s, on record is %s", seed, procs, name, got, recorded[seed])
					}
				}
			}
		}
	}
}

// Table 2.3, time zones: nothing reads the zone of the machine.
func TestDigestIsTheSameUnderFiveZones(t *testing.T) {
	defer func(zone *time.Location) { time.Local = zone }(time.Local)
	digests := map[string]bool{}
	for _, name := range []string{"UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Chatham", "Europe/Berlin"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		time.Local = zone
		for seed := range uint64(4) {
			touches := seeded(t, seed)
			for i := range touches {
				touches[i].At = touches[i].At.In(zone) // as a program reads them there
			}
			digests[fmt.Sprint(seed, digestOfTouches(t, new(memstore.Store), touches))] = true
		}
	}
	if len(digests) != 4 {
		t.Errorf("%d digests of four worlds", len(digests))
	}
}

func worldDigest(t testing.TB, st storage.Store, seed uint64) string {
	t.Helper()
	return digestOfTouches(t, st, seeded(t, seed))
}

func digestOfTouches(t testing.TB, st storage.Store, touches []touchpoint.Touch) string {
	t.Helper()
	defer st.Close()
	tr := trackerOn(t, st, leads(journey.Boundary{}))
	if _, err := tr.Record(ctx, touches...); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", digestOf(t, tr))
}
