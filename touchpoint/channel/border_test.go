package channel_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
)

// A letter before "shop" makes it the end of another word, unless the letter is e.
func TestACampaignIsOfAShopByTheWord(t *testing.T) {
	t.Parallel()
	c := classifier(t, nil)
	for campaign, want := range map[string]bool{
		"shop": true, "eshop": true, "my-shop": true, "{shop": true, "`shop": true, "9shop": true,
		"ashop": false, "zshop": false, "dshop": false, "fshop": false, "zshop my-shop": true, "zshopping": true, "sho": false,
	} {
		got := c.Classify(channel.Visit{URL: shop, Source: "x", Medium: "y", Campaign: campaign}).Channel
		if want != (got == touchpoint.ChannelOrganicShopping) {
			t.Errorf("%q: %s", campaign, got)
		}
	}
}

// What is no host of the web brings nobody, whatever bytes it has.
func TestHostsAtTheBordersOfWhatIsOne(t *testing.T) {
	t.Parallel()
	c := classifier(t, nil)
	label := strings.Repeat("a", 63)
	for referrer, want := range map[string]string{
		"https://a.example/": "a.example", "https://z9.example": "z9.example", "https://Z.example/": "z.example", "https://À.example/": "à.example", "https://0a.example/": "0a.example",
		"az+-.09AZ://a.example/": "a.example", "https://www.a.example./x": "a.example", "https://a.example:80/": "a.example", "https://me@a.example": "a.example",
		"https://.a.example/": "(direct)", "https://a..example/": "(direct)", "https:///a": "(direct)", "https://a.example:x/": "(direct)",
		"https://:80/": "(direct)", "://a.example": "(direct)", "9p://a.example": "(direct)", "h{://a.example": "(direct)", "https://a{.example": "(direct)",
		"https://a:b/": "(direct)", "https://" + label + "." + label + "." + label + "." + label[:61] + "/": label + "." + label + "." + label + "." + label[:61], "https://" + label + "." + label + "." + label + "." + label[:62] + "/": "(direct)", "https://[/": "(direct)", "https://[]/": "(direct)", "https://[::1]:80/": "[::1]", "file://a.example/": "(direct)", "a.example": "(direct)",
	} {
		if got := c.Classify(channel.Visit{URL: shop, Referrer: referrer}).Source; got != want {
			t.Errorf("%s: %s, want %s", referrer, got, want)
		}
	}
}

// The path of a page is what stands between its host and its query.
func TestWhereAPathBegins(t *testing.T) {
	t.Parallel()
	c := classifier(t, &channel.Options{Custom: []channel.Rule{
		{Channel: "None", Items: []channel.Item{{Field: "pathname", Op: "is_not_set"}}}, {Channel: "Deep", Items: []channel.Item{{Field: "pathname", Op: "exact", Values: []string{"/a"}}}},
	}})
	for url, want := range map[string]touchpoint.Channel{
		"https://x.example": "None", "https://x.example?a": "None", "https://x.example#/a": "None", "https://x.example/a?b": "Deep", "https://x.example/a#b?c": "Deep", "https://x.example/": touchpoint.ChannelDirect,
	} {
		if got := c.Classify(channel.Visit{URL: url}).Channel; got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

// Of two paths of a host the longer one wins, in whatever order they stand.
func TestTheLongerPathOfAHostWins(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"search a x.example/s {}.y.example/p\nsocial b x.example/s/deep y.{}/p {}.y.example", "social b x.example/s/deep {}.y.example y.{}/p\nsearch a {}.y.example/p x.example/s",
	} {
		c := classifier(t, &channel.Options{Hosts: table(t, text)})
		for page, want := range map[string]string{
			"x.example/s": "search", "x.example/s/": "search", "x.example/s/deep": "social", "x.example/s/deep/er": "social",
			"x.example/s/deeper": "search", "x.example/so": "", "de.y.example/p": "search", "de.y.example/q": "social", "y.de/p": "social", "y.co.uk/p": "social", "y.de/q": "", "x.example/": "", "x.example": "",
		} {
			if got := kindOf(c, page); got != want {
				t.Errorf("%q: %s is %q, want %q", text, page, got, want)
			}
		}
	}
}

// Merge keeps what only one of both tables knows, of hosts and of sets.
func TestMergedTablesKnowWhatBothKnow(t *testing.T) {
	t.Parallel()
	a := table(t, "payments one .one.example\nsearch s s.example\nsearch last l.{}\nsearch first {}.f.example\nsearch app app:com.s")
	b := table(t, "payments two .two.example\nsocial s s.example/x")
	for _, m := range []*channel.Table{a.Merge(b), b.Merge(a)} {
		c := classifier(t, &channel.Options{Hosts: m, Exclude: []string{"payments"}})
		for host, want := range map[string]string{"pay.one.example": "(direct)", "pay.two.example": "(direct)", "three.example": "three.example", "s.example": "s"} {
			if got := c.Classify(channel.Visit{URL: shop, Referrer: "https://" + host}).Source; got != want {
				t.Errorf("%s: %s, want %s", host, got, want)
			}
		}
		for name, want := range map[string]string{
			"s.example": "search", "s.example/x": "social", "l.de": "search", "l.co.uk": "search", "de.f.example": "search", "android-app://com.s": "search",
		} {
			if got := kindOf(c, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// An odd text is judged, not refused: an @ or :// at its very end, a word that one
// character makes a telling one.
func TestUserAgentsThatEndEarly(t *testing.T) {
	t.Parallel()
	const person = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
	for text, want := range map[string]bool{
		person + "x@": false, person + "@x": false, person + "x@y": true, person + "x@9": true, person + "9@x": true, person + "x@ y": false, "Mozilla/5.0 (android14) x": false, "Mozilla/5.0 (mac10) x": false, "Mozilla/5.0 (tizen9) x": false,
		person + "superbot0": true, person + "superbot9": true, person + "superbots90": true, person + "superbot9x": false, person + "superbotz": false, person + "ZGRAB/0.x": true, person + "zgraB": true, person + "http://": true, person + "http:/": false, person + "+http://x.example": true,
		person + ":": false, "": channel.Agent("").Bot,
	} {
		if got := channel.Agent(text); got.Bot != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// The gap itself is still the same visit; only what is longer begins another.
func TestAVisitLastsTheGapAndNoLonger(t *testing.T) {
	t.Parallel()
	c := classifier(t, &channel.Options{Gap: time.Hour})
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]string{time.Hour: "direct", time.Hour + 1: "gap"} {
		var s channel.State
		c.Starts(&s, channel.Visit{URL: shop}, at)
		if _, because := c.Starts(&s, channel.Visit{URL: shop}, at.Add(after)); because != want {
			t.Errorf("after %v: %s, want %s", after, because, want)
		}
		// What does not begin a visit prolongs it.
		if _, because := c.Starts(&s, channel.Visit{URL: shop}, at.Add(after+time.Hour)); because != "direct" {
			t.Errorf("an hour later still: %s", because)
		}
	}
}

// A campaign is kept cleaned; a negative item is told by what the rule says.
func TestWhatIsKeptAndToldOfAVisit(t *testing.T) {
	t.Parallel()
	c := classifier(t, &channel.Options{Custom: []channel.Rule{{Channel: "Odd", Items: []channel.Item{{Field: "medium", Op: "is_not", Values: []string{"mail"}}}}}})
	r := c.Classify(channel.Visit{URL: shop, Source: "x", Medium: "y", Campaign: " ａ \u3000 b "})
	if r.Campaign.Name != "a b" || !strings.HasSuffix(r.Why(), "custom/Odd: medium is_not mail") {
		t.Errorf("%+v, %s", r.Campaign, r.Why())
	}
}

// The click ids of a page stand by their names in order, gad_source, which names no click,
// with its digit.
func TestClickIDsBecomeAProperty(t *testing.T) {
	t.Parallel()
	c := classifier(t, nil)
	for query, want := range map[string]string{
		"?gad_source=1": `["gad_source=1"]`, "?gclid=x&gad_source=1": `["gad_source=1","gclid"]`, "?msclkid=x&fbclid=y": `["fbclid","msclkid"]`, "?q=x": "",
	} {
		tp := touchpoint.Touch{Kind: touchpoint.KindPageview}
		if err := c.Apply(&tp, touchpoint.Page{URL: shop + query}); err != nil {
			t.Fatal(err)
		}
		if got, _ := tp.Props.Raw("click_ids"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
