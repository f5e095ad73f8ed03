package touchpoint_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

// full returns a record with some members added to a good one.
func full(more string) string {
	return `{"source":"s","id":"1","at":"2026-01-01T00:00:00Z","kind":"pageview","ids":[{"type":"user_id","value":"u"}]` + more + `}`
}

func TestReadJSONFaults(t *testing.T) {
	for in, want := range map[string]string{
		``: "record syntax", `[]`: "record syntax", `null`: "record syntax", `{`: "record syntax", `{"a"}`: "record syntax",
		full(``) + `x`: "record syntax", full(``) + `{}`: "record syntax", full(`,`): "record syntax", full(`,"a":01`): "record syntax",
		full(`,"a":+1`): "record syntax", full(`,"a":1.`): "record syntax", full(`,"a":.5`): "record syntax", full(`,"a":NaN`): "record syntax",
		full(`,"a":tru`): "record syntax", full(`,"a":'x'`): "record syntax", full(`,"a":"\x"`): "record syntax", full(`,"a":"` + "\t" + `"`): "record syntax",
		full(`,"a":"\u12"`):                     "record syntax",
		full(`,"a":"\ud800"`):                   "record utf8",
		full(`,"a":"\udc00\ud800"`):             "record utf8",
		full(`,"a":"\ud800\u0041"`):             "record utf8",
		full(`,"a":"` + "\xff" + `"`):           "record utf8",
		full(`,"a":"\ud83d\ude00"`):             "",
		full(`,"id":"2"`):                       "record duplicate_key",
		full(`,"ID":"2"`):                       "record duplicate_key",
		full(`,"\u0069d":"2"`):                  "record duplicate_key",
		full(`,"a":{"x":1,"X":2}`):              "record duplicate_key",
		full(`,"a":{"k":1,"\u212a":2}`):         "record duplicate_key",
		full(`,"a":1,"props":{"a":2}`):          "props duplicate_key",
		full(`,"A":1,"props":{"a":2}`):          "props duplicate_key",
		full(`,"a":1,"props":{"b":2}`):          "",
		full(`,"props":[]`):                     "props syntax",
		full(`,"props":null`):                   "",
		full(`,"props":{"a":1e40}`):             "props not_a_number",
		full(`,"props":{"a":1e39}`):             "",
		full(`,"a":` + strings.Repeat("1", 65)): "record not_a_number",
		full(`,"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31)):                 "",
		full(`,"a":` + strings.Repeat("[", 31) + "1" + strings.Repeat("]", 31)):           "",
		full(`,"a":` + strings.Repeat("[", 32) + "1" + strings.Repeat("]", 32)):           "props too_deep",
		full(`,"a":` + strings.Repeat("[", 33) + strings.Repeat("]", 33)):                 "record too_deep",
		full(`,"a":` + strings.Repeat("[", 1e5)):                                          "record too_deep",
		full(`,"channel":1`):                                                              "channel syntax",
		full(`,"channel":null`):                                                           "",
		full(`,"campaign":"x"`):                                                           "campaign syntax",
		full(`,"campaign":{"name":1}`):                                                    "campaign syntax",
		full(`,"campaign":{"colour":"red"}`):                                              "campaign syntax",
		full(`,"campaign":null`):                                                          "",
		full(`,"direction":"sideways"`):                                                   "direction syntax",
		full(`,"offline":"yes"`):                                                          "offline syntax",
		full(`,"offline":1`):                                                              "offline syntax",
		full(`,"offline":"true"`):                                                         "",
		full(`,"redacted":"no"`):                                                          "redacted syntax",
		full(`,"sentiment":1.001`):                                                        "sentiment out_of_range",
		full(`,"sentiment":-2`):                                                           "sentiment out_of_range",
		full(`,"sentiment":"NaN"`):                                                        "sentiment not_finite",
		full(`,"sentiment":"-Inf"`):                                                       "sentiment not_finite",
		full(`,"sentiment":"good"`):                                                       "sentiment not_a_number",
		full(`,"sentiment":"null"`):                                                       "",
		full(`,"sentiment":{}`):                                                           "sentiment syntax",
		full(`,"cost":"1"`):                                                               "currency missing",
		full(`,"cost":"1","currency":"null"`):                                             "currency missing",
		full(`,"currency":"USD"`):                                                         "",
		full(`,"currency":"what"`):                                                        "",
		full(`,"value":"null","currency":"USD"`):                                          "",
		full(`,"value":"NaN","currency":"USD"`):                                           "value not_a_number",
		full(`,"value":1.5,"currency":"USD"`):                                             "",
		full(`,"cost":"1.005","currency":"USD"`):                                          "cost out_of_range",
		full(`,"cost":"-1","currency":"USD"`):                                             "cost out_of_range",
		full(`,"value":"1","currency":"ABC"`):                                             "currency unknown_currency",
		full(`,"received_at":"2026-01-01"`):                                               "received_at syntax",
		full(`,"received_at":"2025-12-30T23:59:59.999999Z"`):                              "at time_range",
		`{"at":"2026-01-01T00:00:00Z","kind":"k","ids":[{"type":"user_id","value":1}]}`:   "source missing",
		`{"source":"s","at":"none","kind":"k","ids":[{"type":"user_id","value":1}]}`:      "at missing",
		`{"source":"s","at":"2026-01-01T00:00:00Z","ids":[{"type":"user_id","value":1}]}`: "kind missing",
	} {
		_, err := tp.ParseTouch([]byte(in), tp.Touch{}, nil)
		if got := reason(t, err); got != want {
			t.Errorf("%.120s: %q, want %q", in, got, want)
		}
	}
	for ids, want := range map[string]string{
		`{}`: "ids syntax", `["u"]`: "ids syntax", `[{"type":"user_id","value":"u","x":1}]`: "ids[0].value syntax",
		`[{"type":"user_id","value":1.5}]`: "ids[0].value syntax", `[{"type":"user_id","value":true}]`: "ids[0].value syntax",
		`[{"type":"user_id","value":17}]`: "", `[{"type":"user_id","value":"u"},{"type":"user_id","value":""}]`: "",
		`[{"type":"user_id","value":null},{"type":"email","redacted":true}]`: "ids missing",
		`[{"type":"user_id","value":"a"},{"type":"shoe","value":"9"}]`:       "ids[1].type unknown_type",
		`[{"type":"user_id","value":"a\u0000b"}]`:                            "ids[0].value control",
		`[{"type":"user_id","value":"` + strings.Repeat("x", 513) + `"}]`:    "ids[0].value too_long",
	} {
		in := `{"source":"s","at":"2026-01-01T00:00:00Z","kind":"k","ids":` + ids + `}`
		_, err := tp.ParseTouch([]byte(in), tp.Touch{}, nil)
		if got := reason(t, err); got != want {
			t.Errorf("ids %.80s: %q, want %q", ids, got, want)
		}
	}
}

func TestReadTimes(t *testing.T) {
	for in, want := range map[string]string{
		"2026-01-01T00:00:00Z": "2026-01-01T00:00:00Z", "2026-01-01t09:00:00+09:00": "2026-01-01T00:00:00Z",
		"2026-01-01T00:00:00.1234567899Z": "", "2026-01-01T00:00:00.123456789Z": "2026-01-01T00:00:00.123456Z",
		"2026-01-01T00:00:00.5z": "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.100-00:00": "2026-01-01T00:00:00.1Z",
		"2025-12-31T23:59:59-23:59": "2026-01-01T23:58:59Z", "2024-02-29T00:00:00Z": "2024-02-29T00:00:00Z",
		"2026-02-29T00:00:00Z": "", "2026-04-31T00:00:00Z": "", "2026-13-01T00:00:00Z": "", "2026-00-01T00:00:00Z": "", "2026-01-00T00:00:00Z": "",
		"2026-01-01T24:00:00Z": "", "2026-01-01T00:60:00Z": "", "2026-01-01T00:00:60Z": "", "2026-01-01T00:00:00": "",
		"2026-01-01 00:00:00Z": "", "2026-01-01T00:00:00,5Z": "", "2026-01-01T00:00:00.Z": "", "2026-01-01T0:00:00Z": "",
		"2026-01-01T00:00:00+0900": "", "2026-01-01T00:00:00+24:00": "", "2026-01-01T00:00:00+09:60": "", "2026-01-01": "",
		"2026-01-01T00:00:00.5": "", "2026-01-01T00:00:00.123": "", "2026-01-01T00:00:00.": "",
		"２０２６-01-01T00:00:00Z": "", "-026-01-01T00:00:00Z": "", "2026-01-01T00:00:00ZZ": "", "now": "",
	} {
		got, err := tp.ParseTouch([]byte(`{"source":"s","id":"1","kind":"k","ids":[{"type":"user_id","value":"u"}],"at":"`+in+`"}`), tp.Touch{}, nil)
		switch {
		case want == "" && reason(t, err) != "at syntax":
			t.Errorf("%s: %v", in, err)
		case want != "" && (err != nil || got.At.Format(time.RFC3339Nano) != want):
			t.Errorf("%s: %v, %v, want %s", in, got.At, err, want)
		}
	}
}

func TestReadSentimentRoundsHalfAwayFromZero(t *testing.T) {
	for in, want := range map[string]int{"1": 1000, "-1.0": -1000, "0": 0, "0.0005": 1, "-0.0005": -1, "0.12349": 123, "0.9999": 1000, "5e-1": 500, "-0.0004": 0} {
		got := parse(t, full(`,"sentiment":`+in))
		if m, ok := got.Sentiment.Milli(); !ok || m != want {
			t.Errorf("%s: %d %v", in, m, ok)
		}
	}
	if _, ok := parse(t, full(``)).Sentiment.Value(); ok {
		t.Error("no sentiment is not 0")
	}
}

func TestOfflineOfAReadRecordIsTheKindsUnlessStated(t *testing.T) {
	meeting := strings.Replace(full(``), "pageview", "meeting", 1)
	if !parse(t, meeting).Offline {
		t.Error("a meeting is offline")
	}
	online := parse(t, strings.TrimSuffix(meeting, "}")+`,"offline":false}`)
	if online.Offline || !strings.Contains(canonical(online), `"offline":false`) {
		t.Error("an online meeting must be able to say so")
	}
	if parse(t, canonical(online)).Offline {
		t.Error("an online meeting does not survive reading")
	}
}

func TestUnknownKeysBecomeProps(t *testing.T) {
	got := parse(t, full(`,"zoo":{"b":[1.50,"x"],"a":1e2},"props":{"k":true},"Shop":"Osaka"`))
	if want := `{"Shop":"Osaka","k":true,"zoo":{"a":100,"b":[1.5,"x"]}}`; got.Props.JSON() != want {
		t.Errorf("%s, want %s", got.Props.JSON(), want)
	}
}

// An unknown key is as good as one of props: what it holds must be writable.
func TestUnknownKeysAreLookedAt(t *testing.T) {
	for more, want := range map[string]string{`,"zoo":1e99`: "props not_a_number", `,"zoo":{"a":[1e99]}`: "props not_a_number", `,"zoo":1,"props":{"Zoo":2}`: "props duplicate_key"} {
		if _, err := tp.ParseTouch([]byte(full(more)), tp.Touch{}, nil); reason(t, err) != want {
			t.Errorf("%s: %v, want %s", more, err, want)
		}
	}
}

// Keys of props are counted wherever they stand.
func TestBoundOfUnknownKeysAtTheLimitAndOneOver(t *testing.T) {
	for n, want := range map[int]string{tp.MaxKeys: "", tp.MaxKeys + 1: "props too_many"} {
		var more strings.Builder
		for i := range n {
			fmt.Fprintf(&more, `,"x%d":1`, i)
		}
		if _, err := tp.ParseTouch([]byte(full(more.String())), tp.Touch{}, nil); reason(t, err) != want {
			t.Errorf("%d unknown keys: %v", n, err)
		}
	}
}

func TestBaseFillsWhatTheObjectLeavesOut(t *testing.T) {
	base := clean()
	got, err := tp.ParseTouch([]byte(`{"kind":"call","ids":[{"type":"user_id","value":"u"}]}`), base, nil)
	if err != nil || got.Key() != base.Key() || !got.At.Equal(base.At) || !got.ReceivedAt.Equal(base.ReceivedAt) || got.Stage != "" {
		t.Errorf("%s, %v", canonical(got), err)
	}
}

func TestReadingGoesOnBehindABadLine(t *testing.T) {
	text := full(``) + "\n\n  \r\n{\n" + strings.Replace(full(``), `"1"`, `"2"`, 1) + "\r\n" + `{"a":1}` + "\n" +
		`{"x":"` + strings.Repeat("x", tp.MaxLine) + "\"}\n" + strings.Replace(full(``), `"1"`, `"3"`, 1)
	touches, errs := read(t, tp.JSONLines, "\ufeff"+text, nil)
	if len(touches) != 3 || touches[2].ID != "3" {
		t.Fatalf("%d touches, %v", len(touches), errs)
	}
	want := []string{"line 4: touchpoint: syntax record", "line 6: touchpoint: missing source", "line 7: touchpoint: too_large record"}
	for i, err := range errs {
		if i >= len(want) || err.Error() != want[i] {
			t.Errorf("%d: %v", i, err)
		}
		if e, ok := errors.AsType[*tp.LineError](err); !ok || !errors.Is(e, tp.ErrInvalid) {
			t.Errorf("%T", err)
		}
	}
	if len(errs) != len(want) {
		t.Error(errs)
	}
}

func TestReadErrorEndsReading(t *testing.T) {
	for _, f := range []tp.Format{tp.JSONLines, tp.CSV} {
		touch := parse(t, full(``))
		in := io.MultiReader(strings.NewReader(write(t, f, touch)), iotest.ErrReader(io.ErrUnexpectedEOF))
		var errs []error
		n := 0
		for _, err := range tp.NewReader(in, f, nil).All() {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			n++
		}
		if n != 1 || len(errs) != 1 || !errors.Is(errs[0], io.ErrUnexpectedEOF) {
			t.Errorf("format %d: %d, %v", f, n, errs)
		}
		for range tp.NewReader(strings.NewReader(write(t, f, touch, touch)), f, nil).All() {
			break // stopping early must not panic
		}
	}
}

// What stands before a fault of the input may be half a record: it is none.
func TestALineCutOffByAReadErrorIsNoRecord(t *testing.T) {
	for _, f := range []tp.Format{tp.JSONLines, tp.CSV} {
		text := write(t, f, parse(t, full(``)), parse(t, full(``)))
		in := io.MultiReader(strings.NewReader(strings.TrimSuffix(text, "\n")), iotest.ErrReader(io.ErrUnexpectedEOF))
		touches, errs := 0, 0
		for _, err := range tp.NewReader(in, f, nil).All() {
			switch {
			case err == nil:
				touches++
			case errors.Is(err, io.ErrUnexpectedEOF):
				errs++
			default:
				t.Errorf("format %d: %v", f, err)
			}
		}
		if touches != 1 || errs != 1 {
			t.Errorf("format %d: %d touches, %d errors", f, touches, errs)
		}
	}
}

// A fullDisk takes n bytes and then no more, as a disk does.
type fullDisk int

func (n *fullDisk) Write(b []byte) (int, error) {
	if len(b) > int(*n) {
		return int(*n), io.ErrShortWrite
	}
	*n -= fullDisk(len(b))
	return len(b), nil
}

// What could not be written is not said to be, wherever writing broke off.
func TestAWriterSaysThatTheDiskIsFull(t *testing.T) {
	touch := clean()
	for _, f := range []tp.Format{tp.JSONLines, tp.CSV} {
		for _, types := range [][]identity.Type{nil, {identity.Email, identity.UserID}} {
			all := write(t, f, touch) // a header, where there is one, and a row
			for _, room := range []int{0, 1, len(all) - 1, len(all)} {
				disk := fullDisk(room)
				w := tp.NewWriter(&disk, f)
				w.Types = types
				err := w.Write(touch)
				if err == nil {
					err = w.Flush()
				}
				if (err == nil) != (room == len(all)) || err != nil && !errors.Is(err, io.ErrShortWrite) {
					t.Errorf("format %d, types %v, %d of %d bytes: %v", f, types, room, len(all), err)
				}
			}
		}
	}
	var b strings.Builder
	w := tp.NewWriter(&b, tp.CSV)
	w.Types = []identity.Type{identity.UserID}
	if err := w.Write(touch); reason(t, err) != "ids unknown_type" {
		t.Errorf("an identifier without a column: %v", err)
	}
}

func TestOneByteAtATime(t *testing.T) {
	touches := normalised(t, newRand(11), 20)
	for _, f := range []tp.Format{tp.JSONLines, tp.CSV} {
		var back []tp.Touch
		for touch, err := range tp.NewReader(iotest.OneByteReader(strings.NewReader(write(t, f, touches...))), f, nil).All() {
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, touch)
		}
		if lines(back) != lines(touches) {
			t.Error("a slow input reads differently")
		}
	}
}

func TestReadCSV(t *testing.T) {
	const head = "source,id,at,kind,id.user_id\n"
	row := func(id string) string { return "s," + id + ",2026-01-01T00:00:00Z,pageview,u\n" }
	for _, c := range []struct{ name, in, ids, errs string }{
		{"plain", head + row("1") + row("2"), "1 2", ""},
		{"byte order mark, CRLF, blank lines, no end", "\ufeff" + strings.ReplaceAll(head+"\n"+row("1")+"\n"+strings.TrimSpace(row("2")), "\n", "\r\n"), "1 2", ""},
		{"quoted header with blanks", "\" source\",id , at,\"kind\",id.user_id\n" + row("1"), "1", ""},
		{"short and long rows", head + "s,1\n" + row("2") + "a,b,c,d,e,f\n" + row("3"), "2 3", "line 2: record syntax;line 4: record syntax"},
		{"quote inside plain text", head + "s,a\"b,2026-01-01T00:00:00Z,pageview,u\n" + row("2"), "2", "line 2: record syntax"},
		{"text behind a quote", head + "s,\"a\"b,2026-01-01T00:00:00Z,pageview,u\n" + row("2"), "2", "line 2: record syntax"},
		{"open quote at the end", head + row("1") + "s,\"2,2026\n" + row("3"), "1", "line 3: record syntax"},
		{"line end inside quotes", head + "\"s\",\"a,\"\"b\"\"\",2026-01-01T00:00:00Z,\"pageview\",\"u\"\n" + "\"s\n\",1,2026-01-01T00:00:00Z,pageview,u\n" + row("3"), `a,"b" 3`, "line 3: source control"},
		{"bad values", head + "s,1,yesterday,pageview,u\n" + "s,2,2026-01-01T00:00:00Z,Page,u\n" + row("3"), "3", "line 2: at syntax;line 3: kind syntax"},
		{"repeated header", "source,id,Source\n" + row("1"), "", "line 1: header duplicate_key"},
		{"empty file", "", "", "line 1: header missing"},
		{"header only", head, "", ""},
		{"unknown identifier type", "source,id,at,kind,id.shoe,id.user_id\ns,1,2026-01-01T00:00:00Z,k,9,u\ns,2,2026-01-01T00:00:00Z,k,,u\n", "2", "line 2: id.shoe unknown_type"},
		{"too long a row", head + "s," + strings.Repeat("x", tp.MaxLine) + "\n" + row("2"), "2", "line 2: record too_large"},
		{"quote that swallows the file", head + "s,\"" + strings.Repeat("x\n", tp.MaxLine/2) + row("2"), "2", "line 2: record too_large"},
	} {
		touches, errs := read(t, tp.CSV, c.in, nil)
		var ids, faults []string
		for _, touch := range touches {
			ids = append(ids, touch.ID)
		}
		for _, err := range errs {
			faults = append(faults, strings.SplitN(err.Error(), ": ", 2)[0]+": "+reason(t, err))
		}
		if c.name == "quote that swallows the file" {
			faults, ids = faults[:1], ids[len(ids)-1:] // the lines behind are short rows
		}
		if got := strings.Join(ids, " "); got != c.ids {
			t.Errorf("%s: read %q, want %q", c.name, got, c.ids)
		}
		if got := strings.Join(faults, ";"); got != c.errs {
			t.Errorf("%s: faults %q, want %q", c.name, got, c.errs)
		}
	}
}

func TestReadCSVCells(t *testing.T) {
	in := `source,at,kind,id.user_id,id.email,campaign.name,campaign.colour,props,person.title,value,currency,offline,received_at,'=x` + "\n" +
		`s,2026-01-01T00:00:00Z,order,a\|b|c\\|d\e||,A@x.com,june,red,"{""z"":1}",CTO,12.5,usd,,2026-01-01T00:00:01Z,'=1+1` + "\n"
	touches, errs := read(t, tp.CSV, in, nil)
	if errs != nil {
		t.Fatal(errs[0])
	}
	want := `{"source":"s","id":"` + touches[0].ID + `","at":"2026-01-01T00:00:00Z","received_at":"2026-01-01T00:00:01Z","kind":"order","campaign":{"name":"june"},` +
		`"ids":[{"type":"email","value":"a@x.com"},{"type":"user_id","value":"a|b"},{"type":"user_id","value":"c\\"},{"type":"user_id","value":"d\\e"}],` +
		`"direction":"inbound","value":"12.50","currency":"USD","props":{"'=x":"=1+1","campaign.colour":"red","person.title":"CTO","z":1}}`
	if got := canonical(touches[0]); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	touches, errs = read(t, tp.CSV, "source,at,kind,id.user_id,props,Z\ns,2026-01-01T00:00:00Z,note,a\\|b\\,\"{\"\"z\"\":1}\",\n", nil)
	if len(errs) > 0 || touches[0].IDs[0].Value() != `a|b\` || touches[0].Props.JSON() != `{"z":1}` { // an empty cell says nothing twice
		t.Error(errs, touches)
	}
	const unordered = "z,source,at,b,kind,id.user_id,a,Ba\n4,s,2026-01-01T00:00:00Z,3,note,u,2,1\n" // columns
	if touches, errs = read(t, tp.CSV, unordered, nil); len(errs) > 0 || touches[0].Props.JSON() != `{"Ba":"1","a":"2","b":"3","z":"4"}` {
		t.Error(errs, touches[0].Props.JSON())
	}
	_, errs = read(t, tp.CSV, "source,props,Z\ns,\"{\"\"z\"\":1}\",2\n", nil)
	if len(errs) != 1 || reason(t, errs[0]) != "props duplicate_key" {
		t.Error(errs)
	}
}

func TestSpreadsheetFormulasAreGuarded(t *testing.T) {
	leads := []string{"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}
	before := []string{"", " ", "\u3000", "\n", "\u00a0 ", "'", "''", "\u200b"}
	n := 0
	for _, b := range before {
		for _, l := range leads {
			text := b + l + "1+1"
			touch := clean()
			touch.Props = touch.Props.SetText("note", text)
			touch.ID = strings.Trim(strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text), " \u3000\u00a0\u200b")
			if err := touch.Normalize(nil); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			out := write(t, tp.CSV, touch)
			cell := strings.Split(strings.Split(out, "\n")[1], ",")[1]
			if strings.ContainsRune("=+-@＝＋－＠", []rune(cell)[0]) {
				t.Errorf("unguarded cell %q", cell)
			}
			back, errs := read(t, tp.CSV, out, nil)
			if errs != nil || canonical(back[0]) != canonical(touch) {
				t.Errorf("%q: %v", text, errs)
			}
			n++
		}
	}
	if n < 60 {
		t.Errorf("only %d payloads", n)
	}
}

func TestWriteCSV(t *testing.T) {
	touch := clean()
	if err := touch.Normalize(nil); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := tp.NewWriter(&b, tp.CSV)
	w.Types = []identity.Type{identity.UserID}
	if err := w.Write(touch); reason(t, err) != "ids unknown_type" {
		t.Error(err)
	}
	w.Types = []identity.Type{identity.UserID, identity.Email, identity.UserID}
	if err := w.Write(touch); err != nil {
		t.Error(err)
	}
	b.Reset()
	w = tp.NewWriter(&b, tp.CSV)
	w.Types = []identity.Type{identity.UserID, identity.Email, identity.UserID}
	if err := errors.Join(w.Write(touch), w.Flush()); err != nil || b.String() != write(t, tp.CSV, touch) {
		t.Error(b.String(), err)
	}
	b.Reset()
	w = tp.NewWriter(&b, tp.CSV)
	if err := w.Flush(); err != nil || !strings.HasPrefix(b.String(), "source,id,at,") || strings.Contains(b.String(), "id.user_id") {
		t.Error(b.String(), err)
	}
	want := `source,id,at,received_at,kind,channel,touchpoint,campaign.source,campaign.medium,campaign.name,campaign.term,campaign.content,campaign.id,id.email,id.user_id,direction,offline,sentiment,cost,value,currency,stage,redacted,props
crm,42,2026-04-01T09:00:00Z,2026-04-01T09:00:05Z,meeting,Sales,Demo room,newsletter,email,june,,,,a.sato@example.co.jp,u-17,outbound,true,0.25,120.00,,EUR,Evaluation,,"{""duration_s"":1800,""lang"":""ja"",""outcome"":""completed"",""session_id"":""s-1"",""title"":""Pricing"",""url"":""https://example.com/pricing""}"
`
	if got := write(t, tp.CSV, touch); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Table 2.3, invalid UTF-8: two texts that are valid and differ never become one
// identifier, unless it is by what identity trims at the ends. The texts are read here by
// encoding/json, after what it would mend is taken out.
func FuzzInvalidUTF8JoinsNoIdentifiers(f *testing.F) {
	for _, s := range [][2]string{{"u", "U"}, {`\u0075`, "u"}, {"\xff", "\xfe"}, {`\ud800`, `\ud801`}, {`\ud83d\ude00`, "😀"}, {"a\u200b", "a"}, {"a\ufffdb", "a\xffb"}, {"\u00e9", "e\u0301"}} {
		f.Add(s[0], s[1])
	}
	parse := func(raw string) (id identity.ID, ok bool) {
		touch, err := tp.ParseTouch([]byte(strings.Replace(full(""), `"u"`, `"`+raw+`"`, 1)), tp.Touch{}, nil)
		if err != nil || len(touch.IDs) != 1 {
			return identity.ID{}, false
		}
		return touch.IDs[0], true
	}
	plain := func(raw string) string {
		var s string
		if err := json.Unmarshal([]byte(`"`+raw+`"`), &s); err != nil {
			return "" // a quote that ends the text: no text
		}
		return strings.TrimFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) })
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX := parse(a)
		y, okY := parse(b)
		for raw, ok := range map[string]bool{a: okX, b: okY} {
			if ok && !utf8.ValidString(raw) {
				t.Fatalf("%q is read", raw)
			}
		}
		if okX && okY && x == y && plain(a) != "" && plain(b) != "" && plain(a) != plain(b) {
			t.Fatalf("%q and %q are one identifier", a, b)
		}
	})
}

func FuzzTouchJSON(f *testing.F) {
	f.Add(vectors[0].name)
	f.Add(vectors[1].name)
	f.Add(full(`,"props":{"a":[1e2,{"b":null}]},"sentiment":-0.5,"cost":"1","currency":"JPY"`))
	f.Fuzz(func(t *testing.T, object string) {
		touch, err := tp.ParseTouch([]byte(object), tp.Touch{}, nil)
		if err != nil {
			reason(t, err)
			return
		}
		back, err := tp.ParseTouch(touch.AppendJSON(nil), tp.Touch{}, nil)
		if err != nil || canonical(back) != canonical(touch) || tp.Diff(back, touch) != nil {
			t.Fatalf("%v\n%s\n%s", err, canonical(touch), canonical(back))
		}
		rows, errs := read(t, tp.CSV, write(t, tp.CSV, touch), nil)
		if errs != nil || len(rows) != 1 || canonical(rows[0]) != canonical(touch) {
			t.Fatalf("CSV: %v\n%s", errs, canonical(touch))
		}
	})
}

func FuzzTouchCSV(f *testing.F) {
	f.Add("source,id,at,kind,id.user_id,props\ns,1,2026-01-01T00:00:00Z,pageview,u|v,\"{\"\"a\"\":1}\"\n")
	f.Add("source,at,kind,id.email,x,y\n\"s\",2026-01-01T00:00:00Z,order,a@b.co,'=1,\"q\"\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		touches, errs := read(t, tp.CSV, text, nil)
		for _, err := range errs {
			reason(t, err)
		}
		for _, f := range []tp.Format{tp.CSV, tp.JSONLines} {
			back, errs := read(t, f, write(t, f, touches...), nil)
			if errs != nil || lines(back) != lines(touches) {
				t.Fatalf("format %d: %v\n%s\n%s", f, errs, lines(touches), lines(back))
			}
		}
	})
}

// A table typed by hand has blanks behind its commas.
func TestBlanksAroundCellsAreNoPartOfThem(t *testing.T) {
	table := "source, id, at, kind, channel, id.user_id, value, currency\nweb, 1, 2026-01-01T00:00:00Z , order, \t , u1, 5.00, EUR \n"
	touches, errs := read(t, tp.CSV, table, nil)
	if len(touches) != 1 || errs != nil {
		t.Fatal(touches, errs)
	}
	if tp := touches[0]; tp.ID != "1" || tp.Kind != "order" || tp.Channel != "" || tp.Value.Text() != "5.00" {
		t.Errorf("%s %s %s", tp.ID, tp.Kind, tp.Value.Text())
	}
}
