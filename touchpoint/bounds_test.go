package touchpoint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

func manyIDs(n int) []identity.ID {
	var ids []identity.ID
	for i := range n {
		ids = append(ids, identity.MakeID(identity.UserID, fmt.Sprint("u", i)))
	}
	return ids
}

func manyKeys(n int) tp.Props {
	var p tp.Props
	for i := range n {
		p = p.SetBool(fmt.Sprint("key", i), true)
	}
	return p
}

func deep(n int) tp.Props {
	p, err := tp.Props{}.SetRaw("a", strings.Repeat("[", n-1)+"1"+strings.Repeat("]", n-1))
	if err != nil {
		panic(err)
	}
	return p
}

func TestBoundsAtTheLimitAndOneOver(t *testing.T) {
	k := strings.Repeat("k", tp.MaxName)
	received := clean().ReceivedAt
	usd := tp.Currency{'U', 'S', 'D'}
	for _, c := range []struct {
		name string
		edit func(*tp.Touch)
		want string
	}{
		{"source at its limit", func(t *tp.Touch) { t.Source = k }, ""},
		{"source over it", func(t *tp.Touch) { t.Source = k + "k" }, "source too_long"},
		{"source with a control character", func(t *tp.Touch) { t.Source = "a\tb" }, "source control"},
		{"source with a C1 control character", func(t *tp.Touch) { t.Source = "a\u0081b" }, "source control"},
		{"source that begins with a blank", func(t *tp.Touch) { t.Source = " a" }, "source control"},
		{"source that ends with an ideographic space", func(t *tp.Touch) { t.Source = "a\u3000" }, "source control"},
		{"source that is no text", func(t *tp.Touch) { t.Source = "a\xff" }, "source utf8"},
		{"source missing", func(t *tp.Touch) { t.Source = "" }, "source missing"},
		{"id at its limit", func(t *tp.Touch) { t.ID = k }, ""},
		{"id over it", func(t *tp.Touch) { t.ID = k + "k" }, "id too_long"},
		{"id with a line end", func(t *tp.Touch) { t.ID = "a\nb" }, "id control"},
		{"id with a blank inside", func(t *tp.Touch) { t.ID = "a b" }, ""},
		{"at missing", func(t *tp.Touch) { t.At = time.Time{} }, "at missing"},
		{"at 1970", func(t *tp.Touch) { t.At = time.Unix(0, 0) }, ""},
		{"at before 1970", func(t *tp.Touch) { t.At = time.Unix(0, -1000) }, "at time_range"},
		{"at a day after receipt", func(t *tp.Touch) { t.At = received.Add(24 * time.Hour) }, ""},
		{"at over a day after receipt", func(t *tp.Touch) { t.At = received.Add(24*time.Hour + time.Microsecond) }, "at time_range"},
		{"at in year 10000", func(t *tp.Touch) {
			t.At, t.ReceivedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}
		}, "at time_range"},
		{"at the end of 9999 without receipt", func(t *tp.Touch) {
			t.At, t.ReceivedAt = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Time{}
		}, ""},
		{"received_at before 1970", func(t *tp.Touch) { t.ReceivedAt = time.Unix(-1, 0) }, "received_at time_range"},
		{"received_at in year 10000", func(t *tp.Touch) { t.ReceivedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "received_at time_range"},
		{"kind missing", func(t *tp.Touch) { t.Kind = "" }, "kind missing"},
		{"kind that says nothing", func(t *tp.Touch) { t.Kind = "null" }, "kind missing"},
		{"kind at its limit", func(t *tp.Touch) { t.Kind = tp.Kind(k[:64]) }, ""},
		{"kind over it", func(t *tp.Touch) { t.Kind = tp.Kind(k[:65]) }, "kind syntax"},
		{"kind in upper case", func(t *tp.Touch) { t.Kind = "Order" }, "kind syntax"},
		{"kind that begins with a digit", func(t *tp.Touch) { t.Kind = "1a" }, "kind syntax"},
		{"channel at its limit", func(t *tp.Touch) { t.Channel = tp.Channel(k) }, ""},
		{"channel over it", func(t *tp.Touch) { t.Channel = tp.Channel(k + "k") }, "channel too_long"},
		{"touchpoint over it before cleaning", func(t *tp.Touch) { t.Touchpoint = k + "  " }, ""},
		{"touchpoint over it", func(t *tp.Touch) { t.Touchpoint = k + "k" }, "touchpoint too_long"},
		{"stage with a control character", func(t *tp.Touch) { t.Stage = "\x00" }, "stage control"},
		{"stage that is no text", func(t *tp.Touch) { t.Stage = "\xff" }, "stage utf8"},
		{"campaign.source over it", func(t *tp.Touch) { t.Campaign.Source = k + "k" }, "campaign.source too_long"},
		{"campaign.medium over it", func(t *tp.Touch) { t.Campaign.Medium = k + "k" }, "campaign.medium too_long"},
		{"campaign.name over it", func(t *tp.Touch) { t.Campaign.Name = k + "k" }, "campaign.name too_long"},
		{"campaign.term over it", func(t *tp.Touch) { t.Campaign.Term = k + "k" }, "campaign.term too_long"},
		{"campaign.content over it", func(t *tp.Touch) { t.Campaign.Content = k + "k" }, "campaign.content too_long"},
		{"campaign.id over it", func(t *tp.Touch) { t.Campaign.ID = k + "k" }, "campaign.id too_long"},
		{"ids missing", func(t *tp.Touch) { t.IDs = nil }, "ids missing"},
		{"ids all empty", func(t *tp.Touch) { t.IDs = make([]identity.ID, 3) }, "ids missing"},
		{"ids of a redacted touch missing", func(t *tp.Touch) { t.IDs, t.Redacted = nil, true }, ""},
		{"100 ids", func(t *tp.Touch) { t.IDs = manyIDs(100) }, ""},
		{"100 ids twice", func(t *tp.Touch) { t.IDs = append(manyIDs(100), manyIDs(100)...) }, ""},
		{"101 ids", func(t *tp.Touch) { t.IDs = manyIDs(101) }, "ids too_many"},
		{"id of an unknown type", func(t *tp.Touch) { t.IDs = []identity.ID{identity.MakeID("shoe_size", "9")} }, "ids[0].type unknown_type"},
		{"id value at its limit", func(t *tp.Touch) { t.IDs[1] = identity.MakeID(identity.UserID, k[:512]) }, ""},
		{"id value over it", func(t *tp.Touch) { t.IDs[1] = identity.MakeID(identity.UserID, k[:513]) }, "ids[1].value too_long"},
		{"id value with NUL", func(t *tp.Touch) { t.IDs[1] = identity.MakeID(identity.UserID, "a\x00") }, "ids[1].value control"},
		{"direction unknown", func(t *tp.Touch) { t.Direction = 3 }, "direction syntax"},
		{"cost negative", func(t *tp.Touch) { t.Cost.Minor = -1 }, "cost out_of_range"},
		{"cost of nothing", func(t *tp.Touch) { t.Cost.Minor = 0 }, ""},
		{"amount without currency", func(t *tp.Touch) { t.Cost.Currency = tp.Currency{} }, "currency missing"},
		{"unknown currency", func(t *tp.Touch) { t.Cost.Currency = tp.Currency{'X', 'Y', 'Z'} }, "currency unknown_currency"},
		{"currency in lower case", func(t *tp.Touch) { t.Cost.Currency = tp.Currency{'e', 'u', 'r'} }, ""},
		{"two currencies", func(t *tp.Touch) { t.Value = tp.Money{Minor: 1, Currency: usd} }, "currency out_of_range"},
		{"negative value", func(t *tp.Touch) { t.Cost, t.Value = tp.Money{}, tp.Money{Minor: -1, Currency: usd} }, "value refund_without_conversion"},
		{"negative value of a refund of nothing", func(t *tp.Touch) {
			t.Kind, t.Cost, t.Value = tp.KindRefund, tp.Money{}, tp.Money{Minor: -1, Currency: usd}
		}, "value refund_without_conversion"},
		{"negative value of a refund of an order", func(t *tp.Touch) {
			t.Kind, t.Cost, t.Value = tp.KindRefund, tp.Money{}, tp.Money{Minor: -1, Currency: usd}
			t.Props = t.Props.SetText("order_id", "o-1")
		}, ""},
		{"negative value of a refund of a touch", func(t *tp.Touch) {
			t.Kind, t.Cost, t.Value = tp.KindRefund, tp.Money{}, tp.Money{Minor: -1, Currency: usd}
			t.Props, _ = t.Props.SetRaw("refund_of", `{"source":"web","id":"1"}`)
		}, ""},
		{"refund with a gain", func(t *tp.Touch) {
			t.Kind, t.Cost, t.Value = tp.KindRefund, tp.Money{}, tp.Money{Minor: 1, Currency: usd}
		}, "value out_of_range"},
		{"source with a stray byte", func(t *tp.Touch) { t.Source = "a\x80" }, "source utf8"},
		{"source with a later stray byte", func(t *tp.Touch) { t.Source = "aé\x80" }, "source utf8"},
		{"url at its limit", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("url", strings.Repeat("x", tp.MaxURL)) }, ""},
		{"url over it", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("url", strings.Repeat("x", tp.MaxURL+1)) }, "props.url too_long"},
		{"referrer over it", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("referrer", strings.Repeat("x", tp.MaxURL+1)) }, "props.referrer too_long"},
		{"props at 64 KiB", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("a", strings.Repeat("x", tp.MaxProps-len(`{"a":""}`))) }, ""},
		{"props over it", func(t *tp.Touch) {
			t.Props = tp.Props{}.SetText("a", strings.Repeat("x", tp.MaxProps-len(`{"a":""}`)+1))
		}, "props too_large"},
		{"128 keys", func(t *tp.Touch) { t.Props = manyKeys(128) }, ""},
		{"129 keys", func(t *tp.Touch) { t.Props = manyKeys(129) }, "props too_many"},
		{"129 short keys", func(t *tp.Touch) {
			t.Props = tp.Props{}
			for i := range 129 {
				t.Props, _ = t.Props.SetNumber(string([]rune{'a' + rune(i/16), 'a' + rune(i%16)}), "0")
			}
		}, "props too_many"},
		{"depth 32", func(t *tp.Touch) { t.Props = deep(32) }, ""},
		{"key at its limit", func(t *tp.Touch) { t.Props = tp.Props{}.SetBool(k, true) }, ""},
		{"key over it", func(t *tp.Touch) { t.Props = tp.Props{}.SetBool(k+"k", true) }, "props too_long"},
		{"key with a control character", func(t *tp.Touch) { t.Props = tp.Props{}.SetBool("a\tb", true) }, "props control"},
		{"key with a C1 control character", func(t *tp.Touch) { t.Props = tp.Props{}.SetBool("a\u0099b", true) }, "props control"},
		{"prop with NUL", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("a", "\x00") }, "props control"},
		{"prop that spells NUL", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("a", `\u0000`) }, ""},
		{"prop with a control character", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("a", "\x01") }, ""},
		{"prop that is no text", func(t *tp.Touch) { t.Props = tp.Props{}.SetText("a", "\xff") }, "props utf8"},
	} {
		touch := clean()
		c.edit(&touch)
		if got := reason(t, touch.Normalize(nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWithoutReceiptTheClockOfTheOptionsBoundsTheTime(t *testing.T) {
	touch := clean()
	touch.ReceivedAt = time.Time{}
	now := touch.At.Add(-24 * time.Hour)
	if err := touch.Validate(&tp.Options{Now: now}); err != nil {
		t.Fatal(err)
	}
	if got := reason(t, touch.Validate(&tp.Options{Now: now.Add(-time.Microsecond)})); got != "at time_range" {
		t.Fatal(got)
	}
}

func TestControlAndInvisibleCharactersInEveryField(t *testing.T) {
	var all []rune
	for r := rune(0); r < 0xA0; r++ {
		if r < ' ' || r >= 0x7F {
			all = append(all, r)
		}
	}
	edits := map[string]func(*tp.Touch, string){
		"source": func(t *tp.Touch, s string) { t.Source = s }, "id": func(t *tp.Touch, s string) { t.ID = s },
		"kind":             func(t *tp.Touch, s string) { t.Kind = tp.Kind(s) },
		"channel":          func(t *tp.Touch, s string) { t.Channel = tp.Channel(s) },
		"touchpoint":       func(t *tp.Touch, s string) { t.Touchpoint = s },
		"stage":            func(t *tp.Touch, s string) { t.Stage = s },
		"campaign.source":  func(t *tp.Touch, s string) { t.Campaign.Source = s },
		"campaign.medium":  func(t *tp.Touch, s string) { t.Campaign.Medium = s },
		"campaign.name":    func(t *tp.Touch, s string) { t.Campaign.Name = s },
		"campaign.term":    func(t *tp.Touch, s string) { t.Campaign.Term = s },
		"campaign.content": func(t *tp.Touch, s string) { t.Campaign.Content = s },
		"campaign.id":      func(t *tp.Touch, s string) { t.Campaign.ID = s },
		"ids[0].value": func(t *tp.Touch, s string) {
			t.IDs = []identity.ID{identity.MakeID(identity.UserID, s)}
		},
		"props": func(t *tp.Touch, s string) { t.Props = t.Props.SetBool(s, true) },
	}
	for _, r := range all {
		for field, edit := range edits {
			touch := clean()
			edit(&touch, "a"+string(r)+"b")
			want := field + " control"
			name := field != "source" && field != "id" && field != "ids[0].value" && field != "props"
			switch {
			case field == "kind":
				want = "kind syntax" // no letter, digit or underscore
			case name && (r == '\t' || r == '\n' || r == '\r'):
				want = "" // becomes a space
			}
			if got := reason(t, touch.Normalize(nil)); got != want {
				t.Errorf("%U in %s: %q, want %q", r, field, got, want)
			}
		}
	}
	// What is invisible or turns the direction leaves names, and stays in keys and props,
	// which are what the sender said, byte for byte; see also
	// TestInvisibleAndBidiCharactersOfIdentifiers.
	for _, span := range [][2]rune{{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}} {
		for r := span[0]; r <= span[1]; r++ {
			for field, edit := range edits {
				touch, plain := clean(), clean()
				edit(&touch, "a"+string(r)+"b")
				edit(&plain, "ab")
				got := reason(t, touch.Normalize(nil))
				if plain.Normalize(nil) != nil {
					t.Fatal(field)
				}
				switch field {
				case "kind":
					if got != "kind syntax" {
						t.Errorf("%U in %s: %q", r, field, got)
					}
				case "source", "id", "ids[0].value", "props":
					if got == "" && !strings.Contains(canonical(touch), "a"+string(r)+"b") {
						t.Errorf("%U in %s was changed: %s", r, field, canonical(touch))
					}
				default:
					if got != "" || canonical(touch) != canonical(plain) {
						t.Errorf("%U in %s: %q, %s", r, field, got, canonical(touch))
					}
				}
			}
		}
	}
}
