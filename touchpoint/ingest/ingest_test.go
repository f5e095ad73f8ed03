package ingest_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
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

func desk(t *testing.T, o *ingest.Options) *ingest.Desk {
	t.Helper()
	k, err := ingest.NewDesk("test", o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// draft is a page view of a1 that began at noon.
func draft(k *ingest.Desk) *ingest.Draft {
	d := k.Draft()
	d.Touch.Kind = touchpoint.KindPageview
	d.Times.Event = noon
	d.ID(identity.AnonymousID, "a1")
	return d
}

func finish(t *testing.T, k *ingest.Desk, d *ingest.Draft) touchpoint.Touch {
	t.Helper()
	tp, err := k.Finish(d)
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestClockSkewVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(shared(t, "data", "ingest", "payloads", "clock-skew-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name                         string
		ReceivedAt, SentAt, Original time.Time
		OriginalTimestamp, Timestamp time.Time
	}
	if err := json.Unmarshal(data, &vectors); err != nil || len(vectors) != 6 {
		t.Fatal(len(vectors), err)
	}
	k := desk(t, &ingest.Options{Skew: ingest.SkewCorrect, Tolerance: -1})
	for i, v := range vectors {
		if got := ingest.CorrectTime(v.OriginalTimestamp, v.SentAt, v.ReceivedAt); !got.Equal(v.Timestamp) {
			t.Errorf("%s: %v, want %v", v.Name, got, v.Timestamp)
		}
		d := draft(k)
		d.Times = ingest.Times{Event: v.OriginalTimestamp, Sent: v.SentAt, Received: v.ReceivedAt}
		if tp := finish(t, k, d); !tp.At.Equal(v.Timestamp) {
			t.Errorf("%s: the touch is of %v", v.Name, tp.At)
		}
		if last := i == len(vectors)-1; slices.Contains(d.Notes, ingest.AheadOfReceipt) != last {
			t.Errorf("%s: notes %v", v.Name, d.Notes)
		}
	}
}

func TestWhichTimeIsTaken(t *testing.T) {
	t.Parallel()
	at := func(min int) time.Time { return noon.Add(time.Duration(min) * time.Minute) }
	for _, c := range []struct {
		name  string
		skew  ingest.Skew
		tol   time.Duration
		times ingest.Times
		at    time.Time
		orig  bool
	}{
		{"the event's own", ingest.SkewKeep, 0, ingest.Times{Event: at(0), Sent: at(1), Received: at(60)}, at(0), false},
		{"corrected upstream", ingest.SkewKeep, 0, ingest.Times{Event: at(0), Corrected: at(5), Received: at(60)}, at(5), true},
		{"received", ingest.SkewKeep, 0, ingest.Times{Sent: at(1), Received: at(60)}, at(60), false},
		{"sent", ingest.SkewKeep, 0, ingest.Times{Sent: at(1)}, at(1), false},
		{"within the tolerance", ingest.SkewCorrect, 0, ingest.Times{Event: at(0), Sent: at(1), Received: at(3)}, at(0), false},
		{"past the tolerance", ingest.SkewCorrect, 0, ingest.Times{Event: at(0), Sent: at(1), Received: at(4)}, at(3), true},
		{"a slow clock", ingest.SkewCorrect, 0, ingest.Times{Event: at(60), Sent: at(61), Received: at(2)}, at(1), true},
		{"always", ingest.SkewCorrect, -1, ingest.Times{Event: at(0), Sent: at(1), Received: at(2)}, at(1), true},
		{"not twice", ingest.SkewCorrect, -1, ingest.Times{Event: at(0), Sent: at(1), Received: at(9), Corrected: at(5)}, at(5), true},
		{"a trusted clock", ingest.SkewCorrect, -1, ingest.Times{Event: at(0), Sent: at(1), Received: at(9), Trusted: true}, at(0), false},
		{"nothing sent", ingest.SkewCorrect, -1, ingest.Times{Event: at(0), Received: at(9)}, at(0), false},
		{"receipt asked for", ingest.SkewReceived, 0, ingest.Times{Event: at(0), Received: at(9)}, at(9), true},
		{"receipt unknown", ingest.SkewReceived, 0, ingest.Times{Event: at(0), Sent: at(1)}, at(0), false},
	} {
		k := desk(t, &ingest.Options{Skew: c.skew, Tolerance: c.tol})
		d := draft(k)
		d.Times = c.times
		tp := finish(t, k, d)
		o, ok := tp.Props.Text("at_original")
		if own := !c.times.Event.IsZero() || !c.times.Corrected.IsZero(); slices.Contains(d.Notes, ingest.NotIdempotent) == own {
			t.Errorf("%s: notes %v", c.name, d.Notes)
		}
		if !tp.At.Equal(c.at) || ok != c.orig || ok && o != at(0).Format(time.RFC3339) && o != c.times.Event.Format(time.RFC3339) {
			t.Errorf("%s: at %v, original %q", c.name, tp.At, o)
		}
	}
	if _, err := desk(t, nil).Finish(func() *ingest.Draft { d := draft(desk(t, nil)); d.Times = ingest.Times{}; return d }()); err == nil {
		t.Error("no time at all was accepted")
	}
	k := desk(t, &ingest.Options{At: at(7)})
	d := draft(k)
	d.Times = ingest.Times{}
	if tp := finish(t, k, d); !tp.At.Equal(at(7)) {
		t.Errorf("default time: %v", tp.At)
	}
}

// I7: all events of one batch move by the same amount.
func TestI7CorrectTimeKeepsTheOrderOfABatch(t *testing.T) {
	t.Parallel()
	sent, received := noon, noon.Add(-7*time.Hour-123456*time.Microsecond)
	last := time.Time{}
	for i := range 1000 {
		event := noon.Add(time.Duration(i*i) * time.Millisecond)
		got := ingest.CorrectTime(event, sent, received)
		if got.Sub(event) != received.Sub(sent) || got.Before(last) {
			t.Fatalf("event %d moved by %v", i, got.Sub(event))
		}
		last = got
	}
}

func TestARedeliveryIsNotNewBecauseItsClockWasCorrectedOtherwise(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Skew: ingest.SkewCorrect})
	var seen ingest.Dedupe
	var ids []string
	for i, want := range []touchpoint.Status{touchpoint.Accepted, touchpoint.Duplicate, touchpoint.Conflict} {
		d := draft(k)
		d.Times = ingest.Times{Event: noon, Sent: noon, Received: noon.Add(time.Duration(i+1) * time.Hour)}
		if i == 2 {
			d.Touch.ID = ids[0]
			d.Prop("x", "other")
		}
		tp := finish(t, k, d)
		ids = append(ids, tp.ID)
		if got := seen.Offer(tp); got.Status != want || i == 2 && !slices.Equal(got.Fields, []string{"props"}) {
			t.Errorf("delivery %d: %v %v", i, got.Status, got.Fields)
		}
	}
	d := draft(desk(t, nil))
	if plain := finish(t, desk(t, nil), d); plain.ID != ids[0] {
		t.Errorf("without correction the id is %s, with it %s", plain.ID, ids[0])
	}
}

func TestIntakeCountsAndPassesOnDeadLetters(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	first := draft(k)
	first.Times.Received = noon.Add(time.Hour)
	tp := finish(t, k, first)
	var letters []ingest.DeadLetter
	raw := ""
	in := ingest.Intake{Format: "test", Secret: []byte("0123456789abcdef0123456789abcdef"),
		Dead: func(l ingest.DeadLetter) error { letters = append(letters, l); return nil },
		Raw:  func(_ ingest.DeadLetter, b []byte) error { raw = string(b); return nil }}
	var seen ingest.Dedupe
	other := tp
	other.Touchpoint = "elsewhere"
	for _, r := range []ingest.Record{
		{Touches: []touchpoint.Touch{tp}},
		{Touches: []touchpoint.Touch{tp}},
		{Touches: []touchpoint.Touch{other}, Index: 2, Line: 7},
		{Err: &touchpoint.InvalidError{Field: "at", Reason: touchpoint.Missing}, Raw: []byte("secret")},
		{Skipped: true},
		{Relations: make([]identity.Membership, 2)},
	} {
		var outs []touchpoint.Outcome
		for _, tp := range r.Touches {
			outs = append(outs, seen.Offer(tp))
		}
		if err := in.Add(r, outs...); err != nil {
			t.Fatal(err)
		}
	}
	want := touchpoint.Tally{touchpoint.Accepted: 1, touchpoint.Duplicate: 1, touchpoint.Conflict: 1, touchpoint.Rejected: 1}
	if in.Tally != want || in.Skipped != 1 || in.Relations != 2 || len(letters) != 2 {
		t.Fatalf("%+v, %d letters", in, len(letters))
	}
	c, r := letters[0], letters[1]
	if c.Line != 7 || c.Index != 2 || c.Source != "test" || !slices.Equal(c.Fields, []string{"touchpoint"}) || len(c.KeyTag) != 32 || !c.ReceivedAt.Equal(noon.Add(time.Hour)) || c.Status != touchpoint.Conflict {
		t.Errorf("conflict: %+v", c)
	}
	if r.Reason != touchpoint.Missing || r.Field != "at" || len(r.PayloadTag) != 32 || r.KeyTag != "" || raw != "secret" {
		t.Errorf("rejected: %+v", r)
	}
	in.Dead = func(ingest.DeadLetter) error { return errors.New("disk full") }
	if err := in.Add(ingest.Record{Err: touchpoint.ErrInvalid}); err == nil {
		t.Error("a letter was dropped unseen")
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []ingest.Options{
		{Limits: ingest.Limits{Message: -1}}, {Limits: ingest.Limits{Document: -1}}, {Skew: 9},
		{Minimise: ingest.Minimise{URL: 9}}, {Minimise: ingest.Minimise{IP: 9}}, {Currency: touchpoint.Currency{'X', 'Y', '1'}},
	} {
		if _, err := ingest.NewDesk("x", &o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestATouchDoesNotKeepItsMessageInMemory(t *testing.T) {
	const n, size = 200, 100_000
	k := desk(t, nil)
	var kept []touchpoint.Touch
	for i := range n {
		message := strings.Repeat("x", size) + strconv.Itoa(i) // what the fields are parts of
		d := draft(k)
		d.Touch.ID, d.Touch.Touchpoint = message[size:], message[size-3:]
		d.ID(identity.UserID, message[size-1:])
		d.Prop("p", message[size-2:])
		kept = append(kept, finish(t, k, d))
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > n*size/2 {
		t.Errorf("%d touches keep %d bytes", len(kept), m.HeapAlloc)
	}
	if kept[7].ID != "7" || kept[7].Touchpoint != "xxx7" || kept[7].IDs[1].Value() != "x7" {
		t.Errorf("%s", kept[7].AppendJSON(nil))
	}
}

// A type of identifier that the rules of the user leave out is said to be unknown, not
// broken.
func TestAnIdentifierOfAnUnknownTypeIsSaidToBeThat(t *testing.T) {
	t.Parallel()
	rules := identity.DefaultRules()
	delete(rules.Types, identity.UserID)
	k := desk(t, &ingest.Options{Rules: &rules})
	for _, c := range []struct {
		typ    identity.Type
		raw    string
		reason touchpoint.Reason
	}{{identity.UserID, "u1", touchpoint.UnknownType}, {identity.Email, "a\x00b", touchpoint.Control}, {identity.Email, strings.Repeat("x", 2000), touchpoint.TooLong}} {
		d := draft(k)
		d.ID(c.typ, c.raw)
		_, err := k.Finish(d)
		var inv *touchpoint.InvalidError
		if !errors.As(err, &inv) || inv.Field != "ids" || inv.Reason != c.reason {
			t.Errorf("%s: %v, want %s", c.typ, err, c.reason)
		}
	}
}

// An activity is refused for what is wrong with it, and for what is wrong with one of those
// who took part; nothing of it is left then.
func TestABrokenActivityIsRefusedWhole(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	u := func(value string) []identity.ID { return []identity.ID{identity.MakeID(identity.UserID, value)} }
	for _, c := range []struct {
		name   string
		fail   bool
		people []identity.ID
		want   string
	}{
		{"good", false, u("u1"), ""}, {"a wrong field", true, u("u1"), "touchpoint: not_a_number value"}, {"a participant who is none", false, u("a\x00b"), "touchpoint: control ids[0].value"}, {"nobody", false, nil, "touchpoint: missing ids"},
	} {
		d := k.Draft()
		d.Touch.Kind, d.Touch.ID, d.Times.Event = touchpoint.KindMeeting, "m1", noon
		if c.fail {
			d.Fail("value", touchpoint.NotANumber)
		}
		rec := k.Activity(d, c.people)
		if c.want == "" && (rec.Err != nil || len(rec.Touches) != 1) || c.want != "" && (rec.Err == nil || rec.Err.Error() != c.want || len(rec.Touches) > 0) {
			t.Errorf("%s: %+v, want %s", c.name, rec, c.want)
		}
	}
}
