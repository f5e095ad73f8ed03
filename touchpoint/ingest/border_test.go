package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

func TestPagesNamedByHostAndPath(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://X.example:8080/A?b#c": "x.example/A", "https://x.example": "x.example/", "https://x.example.?q": "x.example/", "https://bob:pw@x.example/": "x.example/",
		"https://:80/x": "", "https:///x": "", "https://?x": "", "https://#x": "", "x.example/a": "", "": "", "https://x:y/a": "x:y/a",
	} {
		if got := ingest.HostPath(url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

// A path with a query or a fragment may hold a token that has no name.
func TestPathsInTextsAreMaskedToo(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Minimise: careful})
	for text, want := range map[string]string{
		"see /reset?9f8e now": "see /reset now", "/reset#9f8e": "/reset", "?9f8e": "", "why?": "why?", "a?b": "a?b", "/reset": "/reset",
		"and/or #1": "and/or #1", " /a?x\t\n/b?y ": " /a\t\n/b ", "x?token=1": "x", "//me:pw@x.example/a?y": "//x.example/a", "https:///a@b?x": "https:///a@b", "https://me@x.example?y": "https://x.example", "https://@x.example/?y": "https://x.example/", "https://x.example/@me?y": "https://x.example/@me",
	} {
		d := draft(k)
		d.Prop("note", text)
		if got, _ := finish(t, k, d).Props.Text("note"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// The note says that the clock was corrected here: not by somebody upstream, and not
// where nothing changed.
func TestACorrectedClockIsNotedOnce(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Skew: ingest.SkewCorrect})
	for _, c := range []struct {
		name     string
		times    ingest.Times
		at       time.Time
		original string
		noted    bool
	}{
		{"within the tolerance", ingest.Times{Event: noon, Sent: noon, Received: noon.Add(2 * time.Minute)}, noon, "", false},
		{"one over", ingest.Times{Event: noon, Sent: noon, Received: noon.Add(2*time.Minute + time.Microsecond)}, noon.Add(2*time.Minute + time.Microsecond), "2026-06-01T12:00:00Z", true},
		{"one under", ingest.Times{Event: noon, Sent: noon, Received: noon.Add(-2*time.Minute - time.Microsecond)}, noon.Add(-2*time.Minute - time.Microsecond), "2026-06-01T12:00:00Z", true},
		{"upstream", ingest.Times{Event: noon, Sent: noon, Received: noon.Add(time.Hour), Corrected: noon.Add(time.Minute)}, noon.Add(time.Minute), "2026-06-01T12:00:00Z", false},
		{"trusted", ingest.Times{Event: noon, Sent: noon, Received: noon.Add(time.Hour), Trusted: true}, noon, "", false},
		{"by less than is kept", ingest.Times{Event: noon.Add(1), Corrected: noon}, noon, "", false},
	} {
		d := draft(k)
		d.Times = c.times
		rec := k.Record(d)
		if rec.Err != nil {
			t.Errorf("%s: %v", c.name, rec.Err)
			continue
		}
		tp := rec.Touches[0]
		original, _ := tp.Props.Text("at_original")
		if !tp.At.Equal(c.at) || original != c.original || slices.Contains(rec.Notes, ingest.ClockCorrected) != c.noted {
			t.Errorf("%s: %v, original %q, %v", c.name, tp.At, original, rec.Notes)
		}
	}
}

// The prefix goes before the identifiers of the CRM alone, and never makes one of none.
func TestThePrefixIsForIdentifiersOfTheCRM(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Prefix: "sf:"})
	d := draft(k)
	d.ID(identity.CRMContactID, "c1")
	d.ID(identity.UserID, "u1")
	d.ID(identity.CRMAccountID, " ")
	d.ID(identity.CRMAccountID, "")
	d.ID(identity.UserID, "u1") // said twice
	want := []identity.ID{identity.MakeID(identity.AnonymousID, "a1"), identity.MakeID(identity.CRMContactID, "sf:c1"), identity.MakeID(identity.UserID, "u1")}
	got := finish(t, k, d).IDs
	slices.SortFunc(want, identity.CompareIDs)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What the message says of offline wins over what its kind has.
func TestOfflineIsStatedOrOfTheKind(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	for _, kind := range []touchpoint.Kind{touchpoint.KindMeeting, touchpoint.KindStoreVisit, touchpoint.KindPageview} {
		for _, c := range []struct{ stated, offline, want bool }{
			{false, false, kind.Info().Offline}, {false, true, kind.Info().Offline}, {true, true, true}, {true, false, false},
		} {
			d := draft(k)
			d.Touch.Kind, d.Touch.Offline, d.OfflineStated = kind, c.offline, c.stated
			if got := finish(t, k, d).Offline; got != c.want {
				t.Errorf("%s %+v: %v", kind, c, got)
			}
		}
	}
}

// A currency that the message states wins, then that of the options, then the format's.
func TestWhichCurrencyAnAmountHas(t *testing.T) {
	t.Parallel()
	cur := func(code string) touchpoint.Currency {
		c, err := touchpoint.ParseCurrency(code)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		own, said, assume, want string
		noted                   bool
	}{
		{"CHF", "EUR", "USD", "EUR", false}, {"CHF", " ", "USD", "CHF", true}, {"", "", "USD", "USD", true}, {"CHF", "", "", "CHF", true},
	} {
		o := &ingest.Options{}
		var assume touchpoint.Currency
		if c.own != "" {
			o.Currency = cur(c.own)
		}
		if c.assume != "" {
			assume = cur(c.assume)
		}
		k := desk(t, o)
		d := draft(k)
		d.Touch.Kind = touchpoint.KindOrder
		d.Value("1", c.said, assume)
		rec := k.Record(d)
		if rec.Err != nil || rec.Touches[0].Value.Currency != cur(c.want) || slices.Contains(rec.Notes, ingest.CurrencyAssumed) != c.noted {
			t.Errorf("%+v: %+v", c, rec)
		}
	}
}

// A currency that nobody knows is that, and not a wrong amount.
func TestACurrencyThatIsNoneIsNamed(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	for code, want := range map[string]string{"XYZ": "touchpoint: unknown_currency currency", "euro": "touchpoint: unknown_currency currency", "": "touchpoint: missing currency"} {
		d := draft(k)
		d.Value("1", code, touchpoint.Currency{})
		if _, err := k.Finish(d); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", code, err, want)
		}
	}
}

// What is no amount is none, and no touch without one.
func TestAnAmountThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	for literal, want := range map[string]string{"12x": "touchpoint: not_a_number value", "NaN": "touchpoint: not_a_number value", "1e30": "touchpoint: overflow value"} {
		d := draft(k)
		d.Touch.Kind = touchpoint.KindOrder
		d.Value(literal, "EUR", touchpoint.Currency{})
		if _, err := k.Finish(d); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", literal, err, want)
		}
	}
}

// What a reversal gives back is negative, however the sender writes it.
func TestTheSignOfAnAmount(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	for _, c := range []struct {
		kind          touchpoint.Kind
		literal, want string
	}{
		{touchpoint.KindRefund, "5", "-5.00 EUR"}, {touchpoint.KindRefund, "-5", "-5.00 EUR"}, {touchpoint.KindOrderCancelled, "5e0", "-5.00 EUR"}, {touchpoint.KindRefund, "0", "0.00 EUR"}, {touchpoint.KindOrder, "5", "5.00 EUR"},
	} {
		d := draft(k)
		d.Touch.Kind = c.kind
		d.Prop("order_id", "o1")
		d.Value(c.literal, "EUR", touchpoint.Currency{})
		if got := finish(t, k, d).Value.String(); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.kind, c.literal, got, c.want)
		}
	}
}

// Props that cannot be built refuse the message, whether channel rules look at it or not.
func TestPropsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []*ingest.Options{nil, {Channel: func(*touchpoint.Touch, touchpoint.Page) error { return nil }}, {Minimise: careful}} {
		for json, want := range map[string]string{"{": "touchpoint: syntax props", strings.Repeat("[", 40) + strings.Repeat("]", 40): "touchpoint: too_deep props"} {
			k := desk(t, o)
			d := draft(k)
			d.Foreign("x", json)
			if tp, err := k.Finish(d); err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s: %s", json, err, want, tp.Props.JSON())
			}
		}
	}
}

// Channel rules see the campaign that the message stated as tags of the page; those that
// stand in its URL are there to be read.
func TestChannelRulesSeeTheTagsOfTheMessage(t *testing.T) {
	t.Parallel()
	var seen touchpoint.Page
	k := desk(t, &ingest.Options{Channel: func(_ *touchpoint.Touch, p touchpoint.Page) error { seen = p; return nil }})
	for _, stated := range []touchpoint.Campaign{{Source: "s", Medium: "m", Name: "n"}, {}} {
		d := draft(k)
		d.Page = touchpoint.Page{URL: "https://x.example/?utm_source=u", Referrer: "https://y.example/", UserAgent: "a"}
		d.Touch.Campaign = stated
		tp := finish(t, k, d)
		want := touchpoint.Page{URL: d.Page.URL, Referrer: d.Page.Referrer, UserAgent: "a", Source: stated.Source, Medium: stated.Medium, Campaign: stated.Name}
		if seen != want || (tp.Campaign.Source == "u") != (stated == touchpoint.Campaign{}) {
			t.Errorf("%+v, want %+v; campaign %+v", seen, want, tp.Campaign)
		}
	}
}

// What was wrong first is what a message is refused for, also where more is wrong behind.
func TestTheFirstFaultIsNamed(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Channel: func(*touchpoint.Touch, touchpoint.Page) error { return errors.New("asked") }})
	d := draft(k)
	d.Times = ingest.Times{}
	d.ID(identity.Email, "a\x00b")
	d.Fail("value", touchpoint.NotANumber)
	if _, err := k.Finish(d); err == nil || err.Error() != "touchpoint: control ids" {
		t.Error(err)
	}
}

// Consents stand on the strongest identifier of the person, never on one of an account.
func TestConsentsStandOnTheStrongestIdentifierOfAPerson(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{ConsentPurposes: map[string][]string{"ads": {"email", "profiling"}}})
	for _, c := range []struct {
		ids  []identity.Type
		want identity.Type
	}{
		{[]identity.Type{identity.AnonymousID, identity.UserID, identity.Email}, identity.UserID},
		{[]identity.Type{identity.UserID, identity.AnonymousID}, identity.UserID},
		{[]identity.Type{identity.AnonymousID, identity.Email}, identity.Email},
		{[]identity.Type{identity.GroupID, identity.AnonymousID}, identity.AnonymousID},
		{[]identity.Type{identity.GroupID}, ""},
	} {
		d := k.Draft()
		d.Touch.Kind = touchpoint.KindPageview
		d.Times.Event = noon
		for _, typ := range c.ids {
			d.ID(typ, "x@x.example")
		}
		d.Consent("ads", false)
		d.Consent("other", true)
		rec := k.Record(d)
		if rec.Err != nil || len(rec.Consents) != 2 && c.want != "" || len(rec.Consents) != 0 && c.want == "" {
			t.Errorf("%v: %+v", c.ids, rec)
			continue
		}
		for i, got := range rec.Consents {
			want := touchpoint.Consent{ID: identity.MakeID(c.want, "x@x.example"), Purpose: []string{"email", "profiling"}[i], Status: 2, At: noon, Source: "test", Proof: rec.Touches[0].ID}
			if got != want {
				t.Errorf("%v: %+v, want %+v", c.ids, got, want)
			}
		}
	}
}

func TestANoteIsMadeOnce(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	d := draft(k)
	for range 2 {
		d.Note(ingest.Rounded)
		d.Note(ingest.CostDropped)
	}
	if !slices.Equal(d.Notes, []ingest.Note{ingest.Rounded, ingest.CostDropped}) {
		t.Errorf("%v", d.Notes)
	}
}

// A type that no rule knows is an error of the settings; one whose rules are strict is not.
func TestTypesOfSettingsAreKnown(t *testing.T) {
	t.Parallel()
	k := desk(t, nil)
	if err := k.CheckType("emial"); err == nil {
		t.Error("an unknown type was taken")
	}
	for _, typ := range []identity.Type{identity.Email, identity.Phone, identity.UserID} {
		if err := k.CheckType(typ); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

// What is left of an object is still one, wherever in it the click id stood.
func TestMaskedObjectsKeepTheirOtherMembers(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Minimise: ingest.Minimise{ClickIDs: ingest.ClickIDsDrop}})
	for in, want := range map[string]string{
		`{"a":1,"b":2}`: `{"a":1,"b":2}`, `{"gclid":"x","h":1,"i":[1,{"j":2}]}`: `{"h":1,"i":[1,{"j":2}]}`, `{"a":1,"gclid":"x","h":1}`: `{"a":1,"h":1}`, `{"a":1,"gclid":"x"}`: `{"a":1}`,
	} {
		d := draft(k)
		d.Foreign("deep", in)
		if got, _ := finish(t, k, d).Props.Raw("deep"); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestFormsOfInputThatAreNone(t *testing.T) {
	t.Parallel()
	for form, ok := range map[ingest.Form]bool{ingest.FormDocument: true, ingest.FormDocument + 1: false} {
		if _, err := ingest.NewDesk("test", &ingest.Options{Form: form}); ok != (err == nil) {
			t.Errorf("form %d: %v", form, err)
		}
	}
}
