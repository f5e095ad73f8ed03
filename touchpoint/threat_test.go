package touchpoint_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"go/build"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

// of is a record of a user.
func of(user string) string { return strings.Replace(full(""), `"u"`, `"`+user+`"`, 1) }

// Table 2.1: the bounds of what is read, at the limit and one over.
func TestBoundsOfReadingAtTheLimitAndOneOver(t *testing.T) {
	line := func(n int) string { return full("") + strings.Repeat(" ", n-len(full(""))) }
	cost := func(n int) string { return full(`,"cost":"0.` + strings.Repeat("0", n-2) + `","currency":"USD"`) }
	nest := func(n int) string {
		return full(`,"props":{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`)
	}
	felt := func(milli int) string { return full(fmt.Sprintf(`,"sentiment":%d.%03d`, milli/1000, milli%1000)) }
	for name, c := range map[string]struct{ at, over, want string }{
		"a line of 1 MiB":      {line(tp.MaxLine), line(tp.MaxLine + 1), "record too_large"},
		"an amount of 64 B":    {cost(tp.MaxNumber), cost(tp.MaxNumber + 1), "cost not_a_number"},
		"a number of 64 B":     {full(`,"x":1` + strings.Repeat("0", tp.MaxNumber-1)), full(`,"x":1` + strings.Repeat("0", tp.MaxNumber)), "record not_a_number"},
		"32 levels of props":   {nest(tp.MaxDepth), nest(tp.MaxDepth + 1), "record too_deep"},
		"the best sentiment":   {felt(1000), felt(1001), "sentiment out_of_range"},
		"the largest amount":   {full(`,"cost":"92233720368547758.07","currency":"USD"`), full(`,"cost":"92233720368547758.08","currency":"USD"`), "cost overflow"},
		"an identifier of 512": {of(strings.Repeat("u", 512)), of(strings.Repeat("u", 513)), "ids[0].value too_long"},
	} {
		if got, errs := read(t, tp.JSONLines, c.at+"\n", nil); len(got) != 1 || errs != nil {
			t.Errorf("%s: at the limit %v", name, errs)
		}
		got, errs := read(t, tp.JSONLines, c.over+"\n"+full("")+"\n", nil)
		if len(got) != 1 || len(errs) != 1 || reason(t, errs[0]) != c.want {
			t.Errorf("%s: one over gives %v, and %d lines are read", name, errs, len(got))
		}
	}
	head, row, _ := strings.Cut(write(t, tp.CSV, clean()), "\n")
	padded := func(n int) string { // a row of n bytes: blanks around a name are none of it
		blanks := strings.Repeat(" ", n-len(strings.TrimSuffix(row, "\n")))
		return head + "\n" + strings.Replace(row, "Demo room", "Demo room"+blanks, 1) + row
	}
	for n, want := range map[int]string{tp.MaxLine: "", tp.MaxLine + 1: "record too_large"} {
		got, errs := read(t, tp.CSV, padded(n), nil)
		if want == "" && (len(got) != 2 || errs != nil) || want != "" && (len(got) != 1 || len(errs) != 1 || reason(t, errs[0]) != want) {
			t.Errorf("a row of %d bytes: %d touches, %v", n, len(got), errs)
		}
	}
	k := strings.Repeat("k", tp.MaxName)
	for name, field := range map[string]func(*tp.Touch) *string{
		"touchpoint":       func(t *tp.Touch) *string { return &t.Touchpoint },
		"stage":            func(t *tp.Touch) *string { return &t.Stage },
		"campaign.source":  func(t *tp.Touch) *string { return &t.Campaign.Source },
		"campaign.medium":  func(t *tp.Touch) *string { return &t.Campaign.Medium },
		"campaign.name":    func(t *tp.Touch) *string { return &t.Campaign.Name },
		"campaign.term":    func(t *tp.Touch) *string { return &t.Campaign.Term },
		"campaign.content": func(t *tp.Touch) *string { return &t.Campaign.Content },
		"campaign.id":      func(t *tp.Touch) *string { return &t.Campaign.ID },
	} {
		for text, want := range map[string]string{k: "", k + "k": name + " too_long"} {
			touch := clean()
			*field(&touch) = text
			if got := reason(t, touch.Normalize(nil)); got != want {
				t.Errorf("%s of %d bytes: %q, want %q", name, len(text), got, want)
			}
		}
	}
}

// Table 2.3, far past and far future: the borders to the microsecond, and random instants of
// the whole range unchanged by writing and reading.
func TestFarPastAndFarFutureAtTheBorders(t *testing.T) {
	received := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	epoch, end := time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	for _, c := range []struct {
		at, received time.Time
		want         string
	}{
		{epoch, received, ""}, {epoch.Add(-time.Microsecond), received, "at time_range"},
		{received.Add(tp.MaxAhead), received, ""}, {received.Add(tp.MaxAhead + time.Microsecond), received, "at time_range"},
		{end, end, ""}, {end.Add(time.Microsecond), end, "at time_range"},
		{time.Time{}, received, "at missing"}, {time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), received, "at time_range"},
		{time.Unix(0, math.MaxInt64), end, ""}, {time.Unix(0, math.MaxInt64).Add(time.Microsecond), end, ""}, // where UnixNano overflows
		{time.Date(1677, 1, 1, 0, 0, 0, 0, time.UTC), received, "at time_range"},
		{time.Unix(math.MaxInt64-1<<40, 0), received, "at time_range"}, {time.Unix(math.MinInt64+1<<40, 0), received, "at time_range"},
	} {
		touch := clean()
		touch.At, touch.ReceivedAt = c.at, c.received
		if got := reason(t, touch.Normalize(nil)); got != c.want {
			t.Errorf("%v received %v: %q, want %q", c.at, c.received, got, c.want)
		}
	}
	r := newRand(12)
	for range rounds(20_000) {
		touch := clean()
		touch.At = time.UnixMicro(r.Int64N(end.UnixMicro() + 1)).UTC()
		touch.ReceivedAt = time.Time{}
		text := touch.AppendJSON(nil)
		back, err := tp.ParseTouch(text, tp.Touch{}, nil)
		if err != nil || !back.At.Equal(touch.At) {
			t.Fatalf("%v comes back as %v, %v", touch.At, back.At, err)
		}
	}
}

// Table 2.3, time zones and DST: every transition of every zone of 2000–2037, to the
// microsecond before and after, is one instant however it is written.
func TestTimeZonesAndDSTTransitionsAreInstants(t *testing.T) {
	names := []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza"}
	if z, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip")); err == nil {
		names = nil
		for _, f := range z.File {
			names = append(names, f.Name)
		}
		z.Close()
	}
	transitions := 0
	for i, name := range names {
		zone, err := time.LoadLocation(name)
		if err != nil || testing.Short() && i%20 != 0 {
			continue // a folder
		}
		at := time.Date(2000, 1, 1, 0, 0, 0, 0, zone)
		for {
			_, at = at.ZoneBounds()
			if at.IsZero() || at.Year() > 2037 {
				break
			}
			transitions++
			for _, d := range []time.Duration{-time.Microsecond, 0} {
				local, plain := clean(), clean()
				local.At, local.ReceivedAt = at.Add(d), at.Add(time.Hour)
				plain.At, plain.ReceivedAt = at.Add(d).UTC(), at.Add(time.Hour).UTC()
				if local.Normalize(nil) != nil || plain.Normalize(nil) != nil {
					t.Fatal(name, at)
				}
				if canonical(local) != canonical(plain) || !parse(t, canonical(local)).At.Equal(at.Add(d)) {
					t.Fatalf("%s at %v is another instant", name, at.Add(d))
				}
			}
		}
	}
	if transitions < 100 {
		t.Errorf("%d transitions", transitions)
	}
}

// Table 2.3, sender's clock wrong: At is never rewritten, however far it is from the receipt.
func TestSendersClockIsNeverCorrected(t *testing.T) {
	for _, off := range []time.Duration{-24 * time.Hour, -time.Microsecond, 0, time.Second, 24 * time.Hour} {
		touch := clean()
		at := touch.At
		touch.ReceivedAt = at.Add(off)
		if err := touch.Normalize(&tp.Options{Now: at.Add(-off)}); err != nil || !touch.At.Equal(at) {
			t.Errorf("off by %v: %v, %v", off, touch.At, err)
		}
	}
}

// Table 2.3, invalid UTF-8 and lone surrogates: refused on the raw bytes, in every text.
func TestInvalidUTF8AndLoneSurrogatesAreRefused(t *testing.T) {
	for _, bad := range []string{"\xff", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", `\ud800`, `\udc00`, `\ud800\ud800`, `\udc00\ud800`, `\ud83dx`} {
		for _, field := range []string{"channel", "touchpoint", "stage", "kind", "note"} {
			_, err := tp.ParseTouch([]byte(full(`,"`+field+`":"a`+bad+`b"`)), tp.Touch{}, nil)
			if got := reason(t, err); !strings.HasSuffix(got, " utf8") && !strings.HasSuffix(got, " duplicate_key") {
				t.Errorf("%q in %s: %q", bad, field, got)
			}
		}
		for _, object := range []string{of("u" + bad), full(`,"k` + bad + `":1`), full(`,"props":{"a":["` + bad + `"]}`)} {
			if _, err := tp.ParseTouch([]byte(object), tp.Touch{}, nil); !strings.HasSuffix(reason(t, err), " utf8") {
				t.Errorf("%q: %v", object, err)
			}
		}
	}
}

// Table 2.3, bidi and zero-width characters: trimmed at the ends of an identifier, refused
// inside an opaque one.
func TestInvisibleAndBidiCharactersOfIdentifiers(t *testing.T) {
	var rules *identity.Rules
	for _, span := range [][2]rune{{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}} {
		for r := span[0]; r <= span[1]; r++ {
			id, err := rules.ID(identity.UserID, string(r)+"ann"+string(r))
			if err != nil || id.Value() != "ann" {
				t.Errorf("%U at the ends: %q, %v", r, id.Value(), err)
			}
			bad := (*identity.IDError)(nil)
			if _, err := rules.ID(identity.UserID, "a"+string(r)+"nn"); !errors.As(err, &bad) || bad.Code != "invisible" {
				t.Errorf("%U inside: %v", r, err)
			}
		}
	}
}

// Table 2.3, duplicate and case-variant keys: refused, not guessed.
func TestDuplicateKeysInEverySpellingAreRefused(t *testing.T) {
	n := 0
	for _, key := range []string{"source", "id", "at", "kind", "ids", "channel", "touchpoint", "stage", "props", "note"} {
		var escaped strings.Builder
		for _, r := range key {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
		for _, again := range []string{key, strings.ToUpper(key), strings.ToUpper(key[:1]) + key[1:], escaped.String(), key[:1] + `\u` + fmt.Sprintf("%04X", key[1]) + key[2:]} {
			object := full(`,"` + again + `":"x"`)
			if !strings.Contains(full(""), `"`+key+`":`) {
				object = full(`,"` + key + `":"y","` + again + `":"x"`)
			}
			if _, err := tp.ParseTouch([]byte(object), tp.Touch{}, nil); !strings.HasSuffix(reason(t, err), " duplicate_key") {
				t.Errorf("%s: %v", object, err)
			}
			n++
		}
	}
	if n < 40 {
		t.Errorf("%d cases", n)
	}
}
