package ingest_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

const masked = "https://bob:pw@shop.example/a/b?utm_source=x&gclid=CLICK1&q=tea&MSCLKID=CLICK2&gad_source=1#frag"

// the modes as the example programs start with them
var careful = ingest.Minimise{URL: ingest.URLUTMOnly, ClickIDs: ingest.ClickIDsKind, IP: ingest.IPDrop, UserAgent: ingest.AgentDrop}

func TestMasking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		m          ingest.Minimise
	}{
		{"nothing", `{"ip":"192.0.2.77","url":"` + masked + `","user_agent":"Browser"}`, ingest.Minimise{}},
		{"careful", `{"click_ids":["gad_source=1","gclid","msclkid"],"url":"https://shop.example/a/b?utm_source=x"}`, careful},
		{"no query", `{"ip":"192.0.2.0","url":"https://shop.example/a/b"}`,
			ingest.Minimise{URL: ingest.URLNoQuery, IP: ingest.IPTruncate, UserAgent: ingest.AgentDrop}},
		{"no click ids", `{"ip":"192.0.2.77","url":"https://bob:pw@shop.example/a/b?utm_source=x&q=tea#frag","user_agent":"Browser"}`,
			ingest.Minimise{ClickIDs: ingest.ClickIDsDrop}},
		{"an allow-list", `{"url":"` + masked + `"}`, ingest.Minimise{Props: []string{"url"}}},
	} {
		k := desk(t, &ingest.Options{Minimise: c.m})
		d := draft(k)
		d.Page = touchpoint.Page{URL: masked, UserAgent: "Browser"}
		d.IP = "192.0.2.77"
		tp := finish(t, k, d)
		if got := tp.Props.JSON(); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
		if tp.Campaign.Source != "x" {
			t.Errorf("%s: campaign %+v", c.name, tp.Campaign)
		}
	}
}

// A click id that both URLs have is named once; a fragment stays one.
func TestClickIDsAreNamedOnce(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Minimise: ingest.Minimise{ClickIDs: ingest.ClickIDsKind}})
	d := draft(k)
	d.Page.URL, d.Page.Referrer = "https://x.example/?gclid=A&GCLID=B", "https://y.example/?gclid=A&fbclid=C"
	d.ClickID("gclid", "A")
	d.ClickID("dclid", "")
	d.Prop("hash", "#tab=1&gclid=A")
	const want = `{"click_ids":["fbclid","gclid"],"hash":"#tab=1","referrer":"https://y.example/","url":"https://x.example/"}`
	if got := finish(t, k, d).Props.JSON(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Links lose their question mark on the way; what stands behind the & is parameters still.
func TestClickIDsInALinkWithoutAQuestionMark(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Minimise: ingest.Minimise{ClickIDs: ingest.ClickIDsKind}})
	for text, want := range map[string]string{
		"https://x.example/a&gclid=CLICK&b=2": "https://x.example/a?b=2", "https://x.example/a&gclid=CLICK?b=2": "https://x.example/a?b=2", "https://x.example/a;b=2;gclid=CLICK": "https://x.example/a?b=2",
		"gclid=CLICK&b=2": "?b=2", "https://x.example/a&b=2": "https://x.example/a&b=2",
	} {
		d := draft(k)
		d.Prop("link", text)
		if got, _ := finish(t, k, d).Props.Text("link"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestNetworksOfAddresses(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.77": "192.0.2.0", "2001:db8:1:2:3::4": "2001:db8:1::", "::ffff:192.0.2.77": "192.0.2.0",
		"fe80::1%eth0": "fe80::", "none of it": "",
	} {
		k := desk(t, &ingest.Options{Minimise: ingest.Minimise{IP: ingest.IPTruncate}})
		d := draft(k)
		d.IP = ip
		if got, _ := finish(t, k, d).Props.Text("ip"); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

// I10: no click id is left anywhere, in whatever place of the message it stood.
func TestI10NoClickIDSurvivesMasking(t *testing.T) {
	t.Parallel()
	for _, mode := range []ingest.ClickIDMode{ingest.ClickIDsKind, ingest.ClickIDsDrop} {
		for _, mask := range []ingest.URLMode{ingest.URLFull, ingest.URLNoQuery, ingest.URLUTMOnly} {
			k := desk(t, &ingest.Options{Minimise: ingest.Minimise{URL: mask, ClickIDs: mode}})
			d := draft(k)
			d.Page.URL = "https://x.example/?a=1&gclid=SECRET&b=%67clid#gclid=SECRET&x=1"
			d.Page.Referrer = "https://y.example/?url=https%3A%2F%2Fx.example%2F%3Ffbclid%3DSECRET&c=2"
			d.Touch.Touchpoint = "x.example/?%67clid=SECRET"
			d.Foreign("gclid", `"SECRET"`)
			d.Foreign("FBCLID", `"SECRET"`)
			d.Foreign("link_url", `"https://z.example/?x=1&twclid=SECRET"`)
			d.Foreign("search", `"?gclid=SECRET&q=1"`)
			d.Foreign("text", `"see https://x.example/a?gclid=SECRET\nor b&gclid=SECRET, #1 of 2? yes=no"`)
			d.Foreign("broken", `"https://x.example/?q=a b&wbraid=SECRET"`)
			d.Foreign("deep", `{"list":["//z.example/?ttclid=SECRET",{"yclid":"SECRET","ok":"a?b"}]}`)
			tp := finish(t, k, d)
			if s := string(tp.AppendJSON(nil)); strings.Contains(s, "SECRET") {
				t.Errorf("URL mode %d, click ids %d: %s", mask, mode, s)
			}
			if ok, _ := tp.Props.Raw("deep", "list"); !strings.Contains(ok, "a?b") {
				t.Errorf("more than click ids is gone: %s", ok)
			}
			if ok, _ := tp.Props.Text("text"); !strings.HasPrefix(ok, "see https://x.example/a\nor ") || !strings.HasSuffix(ok, " #1 of 2? yes=no") {
				t.Errorf("more than click ids is gone: %s", ok)
			}
		}
	}
}

// I6: masking changes no channel and no key.
func TestI6MaskingChangesNoChannelAndNoKey(t *testing.T) {
	t.Parallel()
	byClick := func(tp *touchpoint.Touch, p touchpoint.Page) error {
		if strings.Contains(p.URL, "gclid=") {
			tp.Channel = touchpoint.ChannelPaidSearch
		}
		tp.Props = tp.Props.SetBool("bot", false)
		tp.Props, _ = tp.Props.SetRaw("click_ids", `["gclid"]`)
		return nil
	}
	var keys []touchpoint.Key
	for _, m := range []ingest.Minimise{{}, careful, {URL: ingest.URLNoQuery, ClickIDs: ingest.ClickIDsDrop, Props: []string{}}} {
		k := desk(t, &ingest.Options{Minimise: m, Channel: byClick})
		d := draft(k)
		d.Touch.ID = "m1"
		d.Page.URL = masked
		tp := finish(t, k, d)
		if bot, ok := tp.Props.Bool("bot"); tp.Channel != touchpoint.ChannelPaidSearch || bot || !ok {
			t.Errorf("%+v: channel %s, props %s", m, tp.Channel, tp.Props.JSON())
		}
		if _, named := tp.Props.Raw("click_ids"); named == (m.ClickIDs == ingest.ClickIDsDrop) {
			t.Errorf("%+v: props %s", m, tp.Props.JSON())
		}
		keys = append(keys, tp.Key())
	}
	if keys[0] != keys[1] || keys[1] != keys[2] {
		t.Error(keys)
	}
}

func TestAHookThatRefusesOrPanicsRefusesTheMessage(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Channel: func(*touchpoint.Touch, touchpoint.Page) error {
		return &touchpoint.InvalidError{Field: "bot", Reason: touchpoint.Bot}
	}})
	if _, err := k.Finish(draft(k)); !errors.Is(err, touchpoint.ErrInvalid) {
		t.Errorf("refused with %v", err)
	}
	k = desk(t, &ingest.Options{Channel: func(*touchpoint.Touch, touchpoint.Page) error { panic("a1") }})
	var ce *touchpoint.CallbackError
	if _, err := k.Finish(draft(k)); !errors.As(err, &ce) || ce.Value != "string" || strings.Contains(err.Error(), "a1") {
		t.Errorf("panicked with %v", err)
	}
}

func TestURLsAreBounded(t *testing.T) {
	t.Parallel()
	nested := "https://x.example/?a="
	for range 500 {
		nested = "https://x.example/?a=" + url.QueryEscape(nested)
		if len(nested) > 500_000 {
			break
		}
	}
	long := "https://x.example/" + strings.Repeat("p", ingest.MaxURL)
	for _, c := range []struct {
		url  string
		m    ingest.Minimise
		want string
	}{
		{nested, careful, ""}, {nested, ingest.Minimise{ClickIDs: ingest.ClickIDsKind}, ""},
		{nested, ingest.Minimise{}, "touchpoint: too_long props.url"},
		{long, careful, "touchpoint: too_long props.url"}, {long[:ingest.MaxURL], careful, ""},
	} {
		k := desk(t, &ingest.Options{Minimise: c.m})
		d := draft(k)
		d.Page.URL = c.url
		if _, err := k.Finish(d); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%.40s…: %v, want %s", c.url, err, c.want)
		}
	}
}

// URLs inside of URLs are looked into, three of them; what holds more goes, whatever it is.
func TestHowDeepMaskingLooks(t *testing.T) {
	t.Parallel()
	k := desk(t, &ingest.Options{Minimise: ingest.Minimise{ClickIDs: ingest.ClickIDsKind}})
	for _, inner := range []string{"https://x.example/?q=tea", "https://x.example/?gclid=CLICK"} {
		page := inner
		for n := range 6 {
			d := draft(k)
			d.Page.URL = page
			kept, _ := finish(t, k, d).Props.Text("url")
			if want := n <= 3 && inner != "https://x.example/?gclid=CLICK"; want != (kept == page) || strings.Contains(kept, "CLICK") {
				t.Errorf("%d inside of each other: %s of %s", n, kept, page)
			}
			page = "https://y.example/?u=" + url.QueryEscape(page)
		}
	}
}

// Masking what is masked changes nothing, whatever the text, and no click id is left.
func FuzzMask(f *testing.F) {
	for _, s := range []string{masked, "?gclid=CLICK1&a", "a?b=c d&gclid=CLICK1#x=1", "//u:p@h/%67clid=CLICK1", "https://x/?a=https%3A%2F%2Fy%2F%3Fgclid%3DCLICK1", "gclid=CLICK1"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, s string, mode uint8) {
		k := desk(t, &ingest.Options{Minimise: ingest.Minimise{URL: ingest.URLMode(mode % 3), ClickIDs: ingest.ClickIDsKind}})
		mask := func(url, text string) (string, string) {
			d := draft(k)
			d.Page.URL = url
			d.Prop("text", text)
			tp, err := k.Finish(d)
			if err != nil {
				return "", "" // too long, or not clean: nothing comes out
			}
			u, _ := tp.Props.Text("url")
			x, _ := tp.Props.Text("text")
			return u, x
		}
		url, text := mask(s, s)
		for _, out := range []string{url, text} {
			for name := range strings.SplitSeq(out, "&") {
				if _, query, ok := strings.Cut(name, "?"); ok {
					name = query
				}
				if value, ok := strings.CutPrefix(name, "gclid="); ok && value != "" && !strings.Contains(out, " ") {
					t.Errorf("%q became %q, %q", s, url, text)
				}
			}
		}
		if u, x := mask(url, text); u != url || x != text {
			t.Errorf("%q became %q, %q, and then %q, %q", s, url, text, u, x)
		}
	})
}
