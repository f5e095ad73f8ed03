package field_test

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint"
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

// faults are the fields that were wrong, with the reasons.
type faults []string

func (f *faults) Fail(name string, reason touchpoint.Reason) {
	*f = append(*f, name+" "+string(reason))
}

// An identifier is a text or a whole number; nothing is the empty one.
func TestIdentifiersOfMessages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`: "", `""`: "", `"u1"`: "u1", `17`: "17", `-17`: "-17", `0`: "0", `99999999999999999999`: "99999999999999999999",
		`-0`: "x syntax", `1.0`: "x syntax", `1e3`: "x syntax", `true`: "x syntax", `["u1"]`: "x syntax", `{}`: "x syntax",
	} {
		var bad faults
		if got := field.Ident(&bad, value(t, text), "x") + strings.Join(bad, ", "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestTimesOfMessages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`null`: "", `""`: "", `"  "`: "", `"2026-06-01T09:00:00+09:00"`: "2026-06-01 00:00:00 +0000 UTC",
		`" 2026-06-01T09:00:00.5+0900 "`: "2026-06-01 00:00:00.5 +0000 UTC", `"2026-06-01"`: "at syntax", `1780272000`: "at syntax", `{}`: "at syntax",
	} {
		var bad faults
		at := field.Time(&bad, value(t, text), "at")
		got := strings.Join(bad, ", ")
		if !at.IsZero() {
			got += at.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	var bad faults
	if at := field.Time(&bad, jsonscan.Value{}, "at"); !at.IsZero() || bad != nil {
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

// Of several objects the first that has a key wins; what is no object has no members.
func TestMembersOfSeveralObjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		without, objects, want string
	}{
		{"", `{"a":1,"b":{"c":[2]}}`, `{"a":1,"b":{"c":[2]}}`}, {"a b", `{"a":1,"b":2,"c":3}`, `{"c":3}`}, {"a", `{"a":1}`, ""}, {"", "{}", ""}, {"", "", ""},
		{"d", `{"a":1} [7] {"A":2,"b":2,"d":2} null "x" {"b":3,"a":3,"q\"":null}`, `{"a":1,"A":2,"b":2,"q\"":null}`},
	} {
		var objects []jsonscan.Value
		for text := range strings.FieldsSeq(c.objects) {
			objects = append(objects, value(t, text))
		}
		if got := field.Members(strings.Fields(c.without), objects...); got != c.want {
			t.Errorf("%s without %s: %s, want %s", c.objects, c.without, got, c.want)
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
