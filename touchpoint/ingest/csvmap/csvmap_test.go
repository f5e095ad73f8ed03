package csvmap_test

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

// shared returns a path below the folder of local checks, and skips where it is absent.
func shared(t *testing.T, path ...string) string {
	t.Helper()
	dir := os.Getenv("TABI_SHARED")
	for root := "."; dir == ""; root = filepath.Join(root, "..") {
		mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil && strings.Contains(string(mod), "module github.com/tabi-go/tabi\n") {
			dir = filepath.Join(root, "..", "shared")
		}
	}
	p := filepath.Join(append([]string{dir}, path...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("no %s: set TABI_SHARED to the folder of local checks", p)
	}
	return p
}

func open(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(path, ".gz") {
		return f
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func decode(t *testing.T, mapping, table string, o *ingest.Options) []ingest.Record {
	t.Helper()
	m, err := csvmap.Parse([]byte(mapping))
	if err != nil {
		t.Fatal(err)
	}
	return decodeMapping(t, m, table, o)
}

func decodeMapping(t *testing.T, m *csvmap.Mapping, table string, o *ingest.Options) []ingest.Record {
	t.Helper()
	recs, err := decodeWith(t, m, strings.NewReader(table), o)
	if err != nil {
		t.Fatal(err)
	}
	return recs
}

func decodeWith(t *testing.T, m *csvmap.Mapping, r io.Reader, o *ingest.Options) (recs []ingest.Record, err error) {
	t.Helper()
	d, err := m.Decoder(o)
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range d.Decode(r, time.Time{}) {
		if err != nil {
			return recs, err
		}
		rec.Raw = nil
		recs = append(recs, rec)
	}
	return recs, nil
}

// tally counts the outcomes of records.
func tally(t *testing.T, recs []ingest.Record) (touchpoint.Tally, map[string]int) {
	t.Helper()
	var in ingest.Intake
	var seen ingest.Dedupe
	why := map[string]int{}
	in.Dead = func(l ingest.DeadLetter) error {
		why[string(l.Reason)+" "+l.Field+strings.Join(l.Fields, ",")]++
		return nil
	}
	for _, rec := range recs {
		var outs []touchpoint.Outcome
		for _, tp := range rec.Touches {
			outs = append(outs, seen.Offer(tp))
		}
		if err := in.Add(rec, outs...); err != nil {
			t.Fatal(err)
		}
	}
	return in.Tally, why
}

func one(t *testing.T, recs []ingest.Record) touchpoint.Touch {
	t.Helper()
	if len(recs) != 1 || recs[0].Err != nil || len(recs[0].Touches) != 1 {
		t.Fatalf("want one touch, got %+v", recs)
	}
	return recs[0].Touches[0]
}

const july = `{
  "source": "july",
  "at": "time",
  "kind": {"col": "interaction", "map": {"impression": "impression", "conversion": "order"}},
  "channel": "channel",
  "ids": [{"type": "user_id", "col": "customer_id"}],
  "value": {"col": "conversion_value", "map": {"0": ""}},
  "currency": {"const": "USD"}
}`

func TestJulyIsReadWhole(t *testing.T) {
	t.Parallel()
	path := shared(t, "data", "attribution", "touches_july.csv.gz")
	m, err := csvmap.Parse([]byte(july))
	if err != nil {
		t.Fatal(err)
	}
	recs, err := decodeWith(t, m, open(t, path), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, why := tally(t, recs)
	if got.Offered() != 62483 || got[touchpoint.Rejected] != 0 || got[touchpoint.Conflict] != 0 {
		t.Fatalf("tally %v, %v", got, why)
	}
	kinds := map[touchpoint.Kind]int{}
	for _, rec := range recs {
		tp := rec.Touches[0]
		kinds[tp.Kind]++
		if (tp.Kind == touchpoint.KindOrder) == tp.Value.IsZero() || tp.ID == "" || tp.Channel == "" {
			t.Fatalf("line %d: %s", rec.Line, tp.AppendJSON(nil))
		}
	}
	if kinds[touchpoint.KindOrder] != 1838 || kinds[touchpoint.KindImpression] != 60645 {
		t.Fatal(kinds)
	}
}

func TestBrokenRowsEndTypedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	head := "customer_id,time,interaction,conversion,conversion_value,channel\n"
	good := "A1,2018-07-22T20:40:41Z,impression,0,0,Facebook\n"
	for name, c := range map[string]struct{ row, reason string }{
		"no time":                {"A1,,impression,0,0,x", "missing at"},
		"a null time":            {"A1,NULL,impression,0,0,x", "missing at"},
		"no time at all":         {"A1,yesterday,impression,0,0,x", "syntax at"},
		"a day of 32":            {"A1,2018-07-32T20:40:41Z,impression,0,0,x", "syntax at"},
		"a time without an zone": {"A1,2018-07-22 20:40:41,impression,0,0,x", "syntax at"},
		"the year 1200":          {"A1,1200-07-22T20:40:41Z,impression,0,0,x", "time_range at"},
		"NaN":                    {"A1,2018-07-22T20:40:41Z,conversion,1,NaN,x", "not_a_number value"},
		"hexadecimal":            {"A1,2018-07-22T20:40:41Z,conversion,1,0x10,x", "not_a_number value"},
		"a third decimal":        {"A1,2018-07-22T20:40:41Z,conversion,1,1.005,x", "out_of_range value"},
		"an overflow":            {"A1,2018-07-22T20:40:41Z,conversion,1,92233720368547758.08,x", "overflow value"},
		"negative money":         {"A1,2018-07-22T20:40:41Z,conversion,1,-5,x", "refund_without_conversion value"},
		"control in an id":       {"A\x011,2018-07-22T20:40:41Z,impression,0,0,x", "control ids"},
		"control in a name":      {"A1,2018-07-22T20:40:41Z,impression,0,0,a\x02b", "control channel"},
		"a million characters":   {strings.Repeat("x", 1_000_000) + ",2018-07-22T20:40:41Z,impression,0,0,x", "too_long ids"},
		"two million":            {strings.Repeat("x", 2_000_000) + ",2018-07-22T20:40:41Z,impression,0,0,x", "too_large line"},
		"no id":                  {",2018-07-22T20:40:41Z,impression,0,0,x", "missing ids"},
		"an unknown kind":        {"A1,2018-07-22T20:40:41Z,Buy Now!,0,0,x", "syntax kind"},
		"a short row":            {"A1,2018-07-22T20:40:41Z,impression", "syntax line"},
		"a long row":             {"A1,2018-07-22T20:40:41Z,impression,0,0,x,y", "syntax line"},
		"a bare quote":           {`A"1,2018-07-22T20:40:41Z,impression,0,0,x`, "syntax line"},
		"text behind a quote":    {`"A1"x,2018-07-22T20:40:41Z,impression,0,0,x`, "syntax line"},
		"broken UTF-8":           {"A1,2018-07-22T20:40:41Z,impression,0,0,\xff", "utf8 line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recs := decode(t, july, head+good+c.row+"\n"+good, nil)
			got, why := tally(t, recs)
			want := touchpoint.Tally{touchpoint.Accepted: 1, touchpoint.Duplicate: 1, touchpoint.Rejected: 1}
			if got != want || why[c.reason] != 1 {
				t.Errorf("tally %v, %v; want %s", got, why, c.reason)
			}
			if recs[1].Err == nil || recs[1].Line != 3 || !errors.Is(recs[1].Err, touchpoint.ErrInvalid) {
				t.Errorf("line %d: %v", recs[1].Line, recs[1].Err)
			}
		})
	}
}

// The last row of a table need not end its line, however long it is.
func TestTheLastRowOfATableIsRead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 65535, 65536, 65537, 131072} {
		recs := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}]}`,
			"u,unread\nu1,"+strings.Repeat("x", size-len("u1,")), nil)
		if len(recs) != 1 {
			t.Errorf("a row of %d bytes: %d records", size, len(recs))
		}
	}
}
