package touchpoint_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

func TestT1NormalizeIsIdempotentAndTotal(t *testing.T) {
	r := newRand(1)
	good := 0
	for range rounds(5000) {
		touch := randomTouch(r)
		if err := touch.Normalize(nil); err != nil {
			reason(t, err) // fails where the error is not typed
			continue
		}
		good++
		again := touch
		if err := again.Normalize(nil); err != nil {
			t.Fatalf("normalised once, refused twice: %v", err)
		}
		if a, b := canonical(touch), canonical(again); a != b {
			t.Fatalf("normalising twice\n%s\n%s", a, b)
		}
		if err := touch.Validate(nil); err != nil {
			t.Fatalf("normalised and not valid: %v", err)
		}
	}
	if good == 0 {
		t.Fatal("no touch was good")
	}
}

func TestT2ReadingWhatWasWrittenGivesTheSameBytes(t *testing.T) {
	touches := normalised(t, newRand(2), rounds(5000)) // 100,000 in the long run
	want := lines(touches)
	for _, f := range []tp.Format{tp.JSONLines, tp.CSV} {
		back, errs := read(t, f, write(t, f, touches...), nil)
		if len(errs) > 0 {
			t.Fatalf("format %d: %v", f, errs[0])
		}
		got := lines(back)
		if got == want {
			continue
		}
		for i := range min(len(back), len(touches)) {
			if a, b := canonical(touches[i]), canonical(back[i]); a != b {
				t.Fatalf("format %d\nwrote %s\nread  %s", f, a, b)
			}
		}
		t.Fatalf("format %d: %d touches became %d", f, len(touches), len(back))
	}
}

func TestT3EqualContentIsEqualBytesIsEqualDerivedID(t *testing.T) {
	byID := map[string]string{}
	for _, touch := range normalised(t, newRand(3), rounds(2000)) {
		touch.ID, touch.ReceivedAt = "", time.Time{}
		id, content := tp.DeriveID(touch), canonical(touch)
		again := parse(t, content)
		if again.ID != id || tp.DeriveID(again) != id {
			t.Fatalf("equal content, two derived ids\n%s\n%s", content, canonical(again))
		}
		if other, ok := byID[id]; ok && other != content {
			t.Fatal("two contents, one derived id")
		}
		byID[id] = content
	}
	touches := normalised(t, newRand(4), 200)
	for _, touch := range touches[:20] {
		touches = append(touches, parse(t, canonical(touch)))
	}
	for i, a := range touches {
		for _, b := range touches[:i] {
			a.ReceivedAt, b.ReceivedAt = time.Time{}, time.Time{}
			if (tp.Diff(a, b) == nil) != (canonical(a) == canonical(b)) {
				t.Fatalf("Diff says %v of\n%s\n%s", tp.Diff(a, b), canonical(a), canonical(b))
			}
		}
	}
}

func TestT4OrderOfKeysIDsAndColumnsDoesNotMatter(t *testing.T) {
	r := newRand(5)
	for _, touch := range normalised(t, r, rounds(300)) {
		want := canonical(touch)
		shuffled := touch
		shuffled.IDs = slices.Clone(touch.IDs)
		r.Shuffle(len(shuffled.IDs), func(i, j int) { shuffled.IDs[i], shuffled.IDs[j] = shuffled.IDs[j], shuffled.IDs[i] })
		if err := shuffled.Normalize(nil); err != nil || canonical(shuffled) != want {
			t.Fatalf("permuted identifiers: %v", err)
		}
		var members []string
		for k, v := range props(t, want).All() {
			members = append(members, fmt.Sprintf("%q:%s", k, v))
		}
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		if got := canonical(parse(t, "{"+strings.Join(members, " ,\n")+"}")); got != want {
			t.Fatalf("permuted keys\n%s\n%s", got, want)
		}
	}
	for _, touch := range normalised(t, r, 50) {
		rows, err := csv.NewReader(strings.NewReader(write(t, tp.CSV, touch))).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		r.Shuffle(len(rows[0]), func(i, j int) {
			for _, row := range rows {
				row[i], row[j] = row[j], row[i]
			}
		})
		var text strings.Builder
		if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		back, errs := read(t, tp.CSV, text.String(), nil)
		if errs != nil || len(back) != 1 || canonical(back[0]) != canonical(touch) {
			t.Fatalf("permuted columns: %v\n%s", errs, text.String())
		}
	}
}

// props reads any JSON object that has no number with an exponent.
func props(t *testing.T, object string) tp.Props {
	t.Helper()
	p, err := tp.ParseProps([]byte(object))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestT5TheSameInstantInAnyZoneIsTheSameTouch(t *testing.T) {
	a, b := clean(), clean()
	b.At = a.At.In(time.FixedZone("JST", 9*3600)).Add(999) // nanoseconds are cut
	b.ReceivedAt = a.ReceivedAt.In(time.FixedZone("", -8*3600))
	for _, touch := range []*tp.Touch{&a, &b} {
		if err := touch.Normalize(nil); err != nil {
			t.Fatal(err)
		}
	}
	if canonical(a) != canonical(b) || !a.At.Equal(b.At) || b.At.Location() != time.UTC || b.ReceivedAt.Location() != time.UTC {
		t.Fatalf("%s\n%s", canonical(a), canonical(b))
	}
}

func TestT6WhatValidatesHoldsNoControlCharacterAndNoInvalidText(t *testing.T) {
	r := newRand(6)
	junk := []string{"\x00", "\x1b", "\u0085", "\xff", "a\xc3", "\u007f", "\u200f", "ok", "日本", "\t"}
	for range rounds(5000) {
		touch := clean()
		for _, f := range []*string{&touch.Source, &touch.ID, (*string)(&touch.Channel), &touch.Touchpoint,
			&touch.Stage, &touch.Campaign.Name, (*string)(&touch.Kind)} {
			if r.IntN(6) == 0 {
				*f += pick(r, junk) + "x"
			}
		}
		if r.IntN(4) == 0 {
			touch.IDs = append(touch.IDs, identity.MakeID(identity.UserID, "z"+pick(r, junk)+"z"))
		}
		if r.IntN(4) == 0 {
			touch.Props = touch.Props.SetText("j"+pick(r, junk), pick(r, junk))
		}
		if err := touch.Normalize(nil); err != nil {
			reason(t, err)
			continue
		}
		text := canonical(touch)
		if !utf8.ValidString(text) || strings.Contains(text, `\u0000`) {
			t.Fatalf("kept: %q", text)
		}
		for _, id := range touch.IDs {
			text += id.Value()
		}
		for _, s := range []string{touch.Source, touch.ID, string(touch.Channel), touch.Touchpoint, touch.Stage, touch.Campaign.Name} {
			if strings.ContainsFunc(s, unicode.IsControl) {
				t.Fatalf("control character in %q", s)
			}
		}
	}
}

func TestT15NothingPrintsAnIdentifierOrAPropertyValue(t *testing.T) {
	const secret = "canary@example.com"
	touch := clean()
	touch.IDs = []identity.ID{identity.MakeID(identity.Email, secret)}
	touch.Props = touch.Props.SetText("title", secret)
	twin := tp.Twin{Touch: touch}
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "touch", touch, "pointer", &touch, "props", touch.Props, "twin", twin)
	log = slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "touch", touch, "pointer", &touch, "props", touch.Props, "twin", twin)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb+verb, touch, &touch, touch.Props, twin)
		fmt.Fprintf(&out, verb, struct{ T []tp.Touch }{[]tp.Touch{touch}})
	}
	for _, bad := range []string{
		`{"source":"` + secret + `","id":{}}`,
		`{"source":"s","at":"` + secret + `"}`,
		`{"source":"s","at":"2026-01-01T00:00:00Z","kind":"` + secret + `"}`,
		`{"source":"s","at":"2026-01-01T00:00:00Z","kind":"k","ids":[{"type":"` + secret + `","value":"x"}]}`,
		`{"source":"s","at":"2026-01-01T00:00:00Z","kind":"k","ids":[{"type":"email","value":"` + secret + `\u0000"}]}`,
		`{"source":"s","at":"2026-01-01T00:00:00Z","kind":"k","value":"` + secret + `","currency":"USD"}`,
		`{"source":"s","at":"2026-01-01T00:00:00Z","kind":"k","value":"1","currency":"` + secret + `"}`,
		`{"` + secret + `":1,"` + secret + `":2}`,
		`{"props":{"` + secret + `":1e99}}`,
		`{"campaign":{"` + secret + `":1}}`,
		`{"sentiment":"` + secret + `","source":"s"}`,
		secret,
	} {
		_, err := tp.ParseTouch([]byte(bad), tp.Touch{}, nil)
		reason(t, err)
		if err == nil {
			t.Errorf("accepted: %s", bad)
		}
		fmt.Fprintf(&out, "%v %+v %#v\n", err, err, err)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "err", err)
	}
	if strings.Contains(out.String(), secret) {
		t.Fatalf("printed: %s", out.String())
	}
}

func TestEmptyFieldsInEverySubsetEndTyped(t *testing.T) {
	for set := range 1 << 10 {
		touch := clean()
		for bit, zero := range []func(){
			func() { touch.Source = "" },
			func() { touch.ID = "" },
			func() { touch.At = time.Time{} },
			func() { touch.ReceivedAt = time.Time{} },
			func() { touch.Kind = "" },
			func() { touch.IDs = nil },
			func() { touch.Direction = 0 },
			func() { touch.Cost.Currency = tp.Currency{} },
			func() { touch.Props = tp.Props{} },
			func() { touch.Channel, touch.Touchpoint, touch.Stage = "", "", "" },
		} {
			if set>>bit&1 == 1 {
				zero()
			}
		}
		err := touch.Normalize(nil)
		want := ""
		switch {
		case set&1 != 0:
			want = "source missing"
		case set>>2&1 != 0:
			want = "at missing"
		case set>>4&1 != 0:
			want = "kind missing"
		case set>>5&1 != 0:
			want = "ids missing"
		case set>>7&1 != 0:
			want = "currency missing"
		}
		if got := reason(t, err); got != want {
			t.Fatalf("subset %010b: %q, want %q", set, got, want)
		}
	}
	var zero tp.Touch
	if err := zero.Normalize(nil); !errors.Is(err, tp.ErrInvalid) {
		t.Fatal(err)
	}
}

func TestNormalizeLeavesTheCallersSliceAlone(t *testing.T) {
	ids := []identity.ID{mail("b@x.co"), mail("a@x.co"), {}}
	touch := clean()
	touch.IDs = ids
	if err := touch.Normalize(nil); err != nil {
		t.Fatal(err)
	}
	if len(touch.IDs) != 2 || touch.IDs[0] != ids[1] || ids[0] != mail("b@x.co") || !ids[2].IsZero() {
		t.Error("the caller's identifiers were moved")
	}
}

func TestNormalizeOfACleanTouchAllocatesNothing(t *testing.T) {
	touch := clean()
	if n := testing.AllocsPerRun(100, func() {
		if err := touch.Normalize(nil); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestShuffledInputGivesTheSameBytes(t *testing.T) {
	touches := normalised(t, newRand(7), rounds(500))
	var out [2]string
	for i := range out {
		r := rand.New(rand.NewPCG(uint64(i), 9))
		r.Shuffle(len(touches), func(i, j int) { touches[i], touches[j] = touches[j], touches[i] })
		for _, f := range []tp.Format{tp.JSONLines, tp.CSV} {
			back, errs := read(t, f, write(t, f, touches...), nil)
			if errs != nil {
				t.Fatal(errs[0])
			}
			slices.SortStableFunc(back, func(a, b tp.Touch) int {
				if c := tp.Compare(a, b); c != 0 {
					return c
				}
				return strings.Compare(canonical(a), canonical(b))
			})
			out[i] += lines(back)
		}
	}
	if out[0] != out[1] {
		t.Fatal("the order of the input shows in the output")
	}
}
