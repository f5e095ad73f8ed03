package input_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/touchpoint"
)

const lines = `{"source":"web","id":"1","at":"2026-06-01T00:00:00Z","kind":"pageview","ids":[{"type":"user_id","value":"u1"}]}
{"source":"web","id":"2","at":"2026-06-01T00:00:00Z","kind":"pageview"}
{"source":"web","id":"3","at":"2026-06-02T00:00:00Z","kind":"order","ids":[{"type":"user_id","value":"u1"}],"value":"5.00","currency":"EUR"}
`

const table = "source,id,at,kind,id.user_id\nweb,1,2026-06-01T00:00:00Z,pageview,u1\nweb,2,never,pageview,u2\nweb,3,2026-06-02T00:00:00Z,order,u1\n"

// read returns what was read: ids of touches and texts of bad records.
func read(t *testing.T, s input.Streams, name string, o *input.Options) (got []string) {
	t.Helper()
	for tp, err := range s.Touches(name, o) {
		var bad *input.Bad
		switch {
		case errors.As(err, &bad):
			got = append(got, bad.Error())
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, tp.ID)
		}
	}
	return got
}

func TestTouchesOfAnyForm(t *testing.T) {
	t.Parallel()
	jsonl := []string{"1", "line 2: missing ids", "3"}
	csv := []string{"1", "line 3: syntax at", "3"}
	for name, want := range map[string][]string{
		"t.jsonl": jsonl, "t.ndjson": jsonl, "t.jsonl.gz": jsonl, "t.dat": jsonl,
		"t.csv": csv, "T.CSV.GZ": nil, "t.csv.gz": csv, "table": csv,
	} {
		if want == nil {
			continue
		}
		content := lines
		if slices.Equal(want, csv) {
			content = table
		}
		if got := read(t, input.Streams{}, blackbox.File(t, name, content), nil); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := read(t, input.Streams{In: strings.NewReader(lines)}, "-", nil); !slices.Equal(got, jsonl) {
		t.Errorf("standard input: %q", got)
	}
	if got := read(t, input.Streams{In: strings.NewReader(table)}, "-", &input.Options{Format: "csv"}); !slices.Equal(got, csv) {
		t.Errorf("standard input: %q", got)
	}
}

func TestTouchesThroughAMapping(t *testing.T) {
	t.Parallel()
	m := blackbox.File(t, "m.json", `{"source":"shop","id":"no","at":"sold","kind":{"const":"order"},"ids":[{"type":"user_id","col":"who"}]}`)
	in := blackbox.File(t, "sales.csv.gz", "no,sold,who\n1,2026-06-01T00:00:00Z,a\n2,2026-06-31T00:00:00Z,b\n3,2026-06-01T00:00:00Z,c\n")
	want := []string{"1", "line 3: syntax at", "3"}
	if got := read(t, input.Streams{}, in, &input.Options{Map: m}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := read(t, input.Streams{}, blackbox.File(t, "t.csv", table), &input.Options{Map: "preset:touch"}); !slices.Equal(got, []string{"1", "line 3: syntax at", "3"}) {
		t.Errorf("preset: %q", got)
	}
}

func TestWhatCannotBeOpenedIsUsage(t *testing.T) {
	t.Parallel()
	in := blackbox.File(t, "t.csv", table)
	for name, c := range map[string]struct{ file, mapping string }{
		"no such file":       {"/no/such/file.csv", ""},
		"a folder":           {t.TempDir(), ""},
		"no gzip":            {blackbox.File(t, "x.csv.gz.txt", ""), "/no/such"},
		"no mapping":         {in, "/no/such/map.json"},
		"no preset":          {in, "preset:hubspott"},
		"a typo in the keys": {in, blackbox.File(t, "m.json", `{"kinds":"x"}`)},
		"a missing column":   {in, blackbox.File(t, "m.json", `{"at":"when","kind":"kind","ids":[{"type":"user_id","col":"id"}]}`)},
	} {
		var errs []error
		for _, err := range (input.Streams{}).Touches(c.file, &input.Options{Map: c.mapping}) {
			errs = append(errs, err)
		}
		var usage *input.UsageError
		if len(errs) != 1 || !errors.As(errs[0], &usage) {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "30d": 30 * day, "2w": 14 * day,
		"P30D": 30 * day, "PT4H": 4 * time.Hour, "P1W": 7 * day, "P1DT12H": 36 * time.Hour,
		"PT1M30S": 90 * time.Second, "-7d": -7 * day, "1.5d": 36 * time.Hour, "0": 0, "p1d": day,
		"-P1D": -day, "PT0.5S": 500 * time.Millisecond,
	} {
		if got, err := input.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1M", "P1Y", "30", "d", "1e3d", "P1H", "PT1D", "99999999w",
		"PT1S2M", "NaNd", "--1d", "P-1D", "1 d", "P99999999D"} {
		if got, err := input.ParseDuration(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestDurationsPrintAsTheyAreSaid(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "", 21 * 24 * time.Hour: "21d", -24 * time.Hour: "-1d", 90 * time.Minute: "1h30m0s"} {
		if got := (&input.Duration{Duration: d}).String(); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestFlagValues(t *testing.T) {
	t.Parallel()
	var at input.Time
	var d input.Duration
	f := flag.NewFlagSet("x", flag.ContinueOnError)
	f.Var(&at, "at", "")
	f.Var(&d, "window", "")
	s := input.Streams{Args: []string{"-at", "2026-04-01T09:00:00+09:00", "-window", "2w", "a"}, Err: io.Discard}
	rest, err := s.Parse(f)
	if err != nil || at.String() != "2026-04-01T00:00:00Z" || d.Duration != 14*24*time.Hour || !slices.Equal(rest, []string{"a"}) {
		t.Fatal(at, d, rest, err)
	}
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for want, errs := range map[int][]error{
		0: {nil, flag.ErrHelp},
		1: {input.ErrBad, errors.New("broke off"), fmt.Errorf("x: %w", input.ErrBad)},
		2: {input.Usagef("no such model %q", "x"), fmt.Errorf("x: %w", input.Usagef("y"))},
	} {
		for _, err := range errs {
			if got := input.Run("p", input.Streams{Err: io.Discard}, func(input.Streams) error { return err }); got != want {
				t.Errorf("%v: exit %d, want %d", err, got, want)
			}
		}
	}
}

func TestShuffleGivesEachTouchAndEveryTenthTwice(t *testing.T) {
	t.Parallel()
	var touches []touchpoint.Touch
	for i := range 1000 {
		touches = append(touches, touchpoint.Touch{Source: "s", ID: fmt.Sprint(i / 2), Touchpoint: fmt.Sprint(i)})
	}
	var sizes []int
	count := map[string]int{}
	last := map[string]string{}
	inOrder := true
	prev := -1
	for b := range input.Shuffle(touches, 7) {
		sizes = append(sizes, len(b))
		for _, tp := range b {
			count[tp.Touchpoint]++
			if count[tp.Touchpoint] == 1 {
				if l := last[tp.ID]; l != "" && len(l) == len(tp.Touchpoint) && l > tp.Touchpoint {
					t.Fatalf("of key %s, %s came after %s", tp.ID, tp.Touchpoint, l)
				}
				last[tp.ID] = tp.Touchpoint
			}
			var n int
			_, _ = fmt.Sscan(tp.Touchpoint, &n)
			inOrder = inOrder && n > prev
			prev = n
		}
	}
	twice := 0
	for _, n := range count {
		if n == 2 {
			twice++
		}
	}
	if len(count) != 1000 || twice != 100 || inOrder || len(sizes) < 3 {
		t.Errorf("%d touches, %d twice, in order %v, %d batches", len(count), twice, inOrder, len(sizes))
	}
	var again []int
	for b := range input.Shuffle(touches, 7) {
		again = append(again, len(b))
	}
	if !slices.Equal(sizes, again) {
		t.Error("equal seeds, other batches")
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "  =1", "\n=1", "\u3000@x", "'=1", "''-1", " \tx"} {
		if got := input.Cell(c); got != "'"+c || input.Uncell(got) != c {
			t.Errorf("%q: %q", c, got)
		}
	}
	for _, c := range []string{"", "a", "a=b", "1-2", "'quoted'", "Ä+", " x"} {
		if got := input.Cell(c); got != c || input.Uncell(got) != c {
			t.Errorf("%q: %q", c, got)
		}
	}
}
