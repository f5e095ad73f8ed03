package field_test

import (
	"testing"

	"github.com/tabi-go/tabi/touchpoint/ingest/internal/field"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

func value(t *testing.T, text string) jsonscan.Value {
	t.Helper()
	var doc jsonscan.Doc
	v, err := doc.Parse(text, jsonscan.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTimesOfMessages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`: "", `""`: "", `"  "`: "", `"2026-06-01T09:00:00+09:00"`: "2026-06-01 00:00:00 +0000 UTC",
		`" 2026-06-01T09:00:00.5+0900 "`: "2026-06-01 00:00:00.5 +0000 UTC", `"2026-06-01"`: "syntax", `1780272000`: "syntax", `{}`: "syntax",
	} {
		at, bad := field.Time(value(t, text))
		got := string(bad)
		if bad == "" && !at.IsZero() {
			got = at.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if at, bad := field.Time(jsonscan.Value{}); !at.IsZero() || bad != "" {
		t.Errorf("nothing is %v %s", at, bad)
	}
}

func TestWhatLooksLikeAUUIDOrAMailAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0190a1b2-C3D4-7000-8000-0123456789ab": true, "0190a1b2-c3d4-7000-8000-0123456789a": false,
		"0190a1b2_c3d4_7000_8000_0123456789ab": false, "0190a1b2-c3d4-7000-8000-0123456789ag": false, "00000000-9999-aaaa-ffff-AAAAAAAAFFFF": true,
		"/0000000-0000-0000-0000-000000000000": false, ":0000000-0000-0000-0000-000000000000": false, "@0000000-0000-0000-0000-000000000000": false, "`0000000-0000-0000-0000-000000000000": false, "G0000000-0000-0000-0000-000000000000": false,
		"00000000+0000-0000-0000-000000000000": false, "00000000-0000-0000-0000-0000000000000": false, "": false,
	} {
		if got := field.IsUUID(text); got != want {
			t.Errorf("%q a UUID: %v", text, got)
		}
	}
	for text, want := range map[string]bool{"a@b.example": true, "a@b": false, "a@@b.example": false, "a.example": false, "": false, "@b.example": false, "a@.example": false, "a@b.": false, "a@b.c": true, " a@b.example ": true, "a@b c.example": false} {
		if got := field.IsEmail(text); got != want {
			t.Errorf("%q an address: %v", text, got)
		}
	}
}

func TestAnIndexFindsTheFirstOfEachKey(t *testing.T) {
	t.Parallel()
	var x field.Index
	x.Load(value(t, `{"":1,"a":2,"bb":null}`))
	x.Add("a", value(t, `3`))
	for key, want := range map[string]string{"": "1", "a": "2", "bb": "null", "c": ""} {
		if got := x.Get(key).Raw(); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	n := 0
	for key, v := range x.All {
		if n++; key == "a" || !v.OK() {
			break // the loop may stop
		}
	}
	if n != 2 {
		t.Errorf("%d members walked", n)
	}
	x.Load(value(t, `[1]`))
	if x.Get("a").OK() {
		t.Error("an array has members")
	}
}
