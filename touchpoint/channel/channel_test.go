package channel_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
)

var s0 = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

// The steps by which source and medium are settled, each with its reason.
func TestSourceAndMedium(t *testing.T) {
	t.Parallel()
	plain := classifier(t, nil)
	trusting := classifier(t, &channel.Options{TrustClickIDs: true})
	strict := classifier(t, &channel.Options{StrictHost: true})
	ours := classifier(t, &channel.Options{Own: []string{"www.Ours.example", ".net.example"}, Exclude: []string{"payments", "signin", ".pay.example.org"}})
	for name, c := range map[string]struct {
		c    *channel.Classifier
		v    channel.Visit
		want string // source medium, and the head of the reason
	}{
		"tags win over the referrer":         {plain, channel.Visit{URL: shop + "?utm_source=News&utm_medium=Mail", Referrer: "https://google.com/"}, "news mail|tags: source=news medium=mail"},
		"the first value wins":               {plain, channel.Visit{URL: shop + "?utm_source=a&utm_source=b"}, "a |tags: source=a;"},
		"a later question mark is an and":    {plain, channel.Visit{URL: shop + "?x=1?utm_source=a"}, "a |tags: source=a;"},
		"a fragment is no query":             {plain, channel.Visit{URL: shop + "#?utm_source=a"}, "(direct) (none)|no tags, no referrer"},
		"names are exact":                    {plain, channel.Visit{URL: shop + "?Utm_Source=a&amp;utm_medium=b"}, "(direct) (none)|no tags, no referrer"},
		"a broken escape stays":              {plain, channel.Visit{URL: shop + "?utm_source=a%2Gb+c"}, "a%2gb c |tags: source=a%2gb c;"},
		"fields replace tags":                {plain, channel.Visit{URL: shop + "?utm_source=a", Medium: "email"}, " email|tags: medium=email;"},
		"a click id fills in both":           {plain, channel.Visit{URL: shop + "?utm_campaign=x&gclid=SECRET"}, "google cpc|tags: campaign=x, from gclid: source=google medium=cpc"},
		"a click id fills in its own medium": {plain, channel.Visit{URL: shop + "?utm_source=bing&msclkid=SECRET"}, "bing cpc|tags: source=bing, from msclkid"},
		"but not another source's":           {plain, channel.Visit{URL: shop + "?utm_source=mail&gclid=SECRET"}, "mail |tags: source=mail;"},
		"nor over a medium":                  {plain, channel.Visit{URL: shop + "?utm_medium=organic&gclid=SECRET"}, " organic|tags: medium=organic;"},
		"a click id alone":                   {plain, channel.Visit{URL: shop + "?DCLID=SECRET", Referrer: "https://x.com/"}, "doubleclick display|click id dclid"},
		"an empty click id is none":          {plain, channel.Visit{URL: shop + "?gclid="}, "(direct) (none)|no tags"},
		"fbclid proves no payment":           {plain, channel.Visit{URL: shop + "?fbclid=SECRET"}, "(direct) (none)|no tags"},
		"others are not trusted":             {plain, channel.Visit{URL: shop + "?ttclid=SECRET"}, "(direct) (none)|no tags"},
		"unless asked":                       {trusting, channel.Visit{URL: shop + "?ScCid=SECRET"}, "snapchat cpc|click id sccid"},
		"www. aside it is the same host":     {plain, channel.Visit{URL: shop, Referrer: "https://www.shop.example.com/"}, "(direct) (none)|referrer www.shop.example.com: own host"},
		"one registrable domain is one site": {plain, channel.Visit{URL: shop, Referrer: "https://blog.example.com:8443/"}, "(direct) (none)|referrer blog.example.com: own host"},
		"never the last two labels":          {plain, channel.Visit{URL: "https://a.co.jp/", Referrer: "https://b.co.jp/"}, "b.co.jp referral|referrer b.co.jp: not in the table"},
		"unless hosts are strict":            {strict, channel.Visit{URL: shop, Referrer: "https://blog.example.com/"}, "blog.example.com referral|referrer blog.example.com: not"},
		"own hosts of the visit":             {plain, channel.Visit{URL: shop, Referrer: "https://a.b.example/", OwnHosts: []string{".b.example"}}, "(direct) (none)|referrer a.b.example: own"},
		"own hosts are exact":                {ours, channel.Visit{URL: shop, Referrer: "https://a.ours.example/"}, "a.ours.example referral|"},
		"own hosts of the options":           {ours, channel.Visit{URL: shop, Referrer: "https://ours.example/"}, "(direct) (none)|referrer ours.example: own"},
		"a payment page is excluded":         {ours, channel.Visit{URL: shop, Referrer: "https://www.paypal.com/checkoutnow"}, "(direct) (none)|referrer www.paypal.com: excluded (payments)"},
		"so is signing in":                   {ours, channel.Visit{URL: shop, Referrer: "https://accounts.google.com/o/oauth2"}, "(direct) (none)|referrer accounts.google.com: excluded (signin)"},
		"by its path alone":                  {ours, channel.Visit{URL: shop, Referrer: "https://www.facebook.com/login/x"}, "(direct) (none)|referrer www.facebook.com: excluded (signin)"},
		"and an entry of one's own":          {ours, channel.Visit{URL: shop, Referrer: "https://x.pay.example.org/"}, "(direct) (none)|referrer x.pay.example.org: excluded (own entry)"},
		"tags count on an excluded referrer": {ours, channel.Visit{URL: shop + "?utm_source=a", Referrer: "https://paypal.com/"}, "a |tags: source=a;"},
		"a search engine by its name":        {plain, channel.Visit{URL: shop, Referrer: "https://www.google.co.jp/search?q=SECRET"}, "google organic|referrer www.google.co.jp: search (google)"},
		"an assistant":                       {plain, channel.Visit{URL: shop, Referrer: "https://x.com/i/grok"}, "x.com ai-assistant|referrer x.com: ai (grok)"},
		"a social network":                   {plain, channel.Visit{URL: shop, Referrer: "https://M.Facebook.com./"}, "m.facebook.com referral|referrer m.facebook.com: social (facebook)"},
		"an app":                             {plain, channel.Visit{URL: shop, Referrer: "android-app://com.google.android.gm/"}, "com.google.android.gm referral|referrer com.google.android.gm: mail (gmail)"},
		"a host with user info and port":     {plain, channel.Visit{URL: shop, Referrer: "https://google.com@evil.example:443/"}, "evil.example referral|referrer evil.example: not in the table"},
		"a backslash ends the host":          {plain, channel.Visit{URL: shop, Referrer: `https://evil.example\@google.com/`}, "evil.example referral|"},
		"no scheme, no host":                 {plain, channel.Visit{URL: shop, Referrer: "google.com"}, "(direct) (none)|no tags"},
		"a file is no host":                  {plain, channel.Visit{URL: shop, Referrer: "file://google.com/x"}, "(direct) (none)|no tags"},
	} {
		r := c.c.Classify(c.v)
		source, why, _ := strings.Cut(c.want, "|")
		if r.Source+" "+r.Medium != source || !strings.HasPrefix(r.Why(), why) {
			t.Errorf("%s: %q %q, %s", name, r.Source, r.Medium, r.Why())
		}
		if strings.Contains(r.Why(), "SECRET") {
			t.Errorf("%s: tells a value: %s", name, r.Why())
		}
	}
}

// Every rule names itself and the test that held.
func TestWhy(t *testing.T) {
	t.Parallel()
	ga4 := classifier(t, nil)
	ph := classifier(t, &channel.Options{Rules: channel.PostHog})
	none := classifier(t, &channel.Options{Rules: channel.None})
	for _, c := range []struct {
		c    *channel.Classifier
		v    channel.Visit
		want string
	}{
		{ga4, channel.Visit{}, "no tags, no referrer; ga4/direct: source is (direct), medium is (none)"},
		{ga4, channel.Visit{Source: "a", Medium: "paid", Campaign: "Shopping"}, `tags: source=a medium=paid campaign=shopping; ga4/paid-shopping: campaign is of a shop (contains "shopping"), medium is paid (begins with "paid")`},
		{ga4, channel.Visit{Source: "amazon"}, "tags: source=amazon; ga4/organic-shopping: source is shopping (amazon)"},
		{ga4, channel.Visit{Medium: "cpm"}, "tags: medium=cpm; ga4/display: medium is cpm"},
		{ga4, channel.Visit{Medium: "retargeting"}, "tags: medium=retargeting; ga4/paid-other: medium is paid (is the word)"},
		{ga4, channel.Visit{Medium: "web-push"}, `tags: medium=web-push; ga4/mobile-push-notifications: medium ends with "push"`},
		{ga4, channel.Visit{Medium: "blog", Campaign: "workshop"}, "tags: medium=blog campaign=workshop; ga4/unassigned: no rule matched"},
		{ph, channel.Visit{URL: shop + "?gclid=S", Referrer: "https://www.youtube.com/"}, "click id gclid: source=google medium=cpc; posthog/paid-video: click id gclid, referrer is video (www.youtube.com)"},
		{ph, channel.Visit{Source: "chatgpt.com"}, "tags: source=chatgpt.com; posthog/direct: no referrer"},
		{ph, channel.Visit{Referrer: "https://deep.wikihow.com/"}, "referrer deep.wikihow.com: not in the table; posthog/organic-social: referrer is social (deep.wikihow.com)"},
		{ph, channel.Visit{Medium: "cpa"}, "tags: medium=cpa; posthog/paid-unknown: medium is cpa"},
		{none, channel.Visit{Source: "google"}, "tags: source=google; none/unassigned: no rule matched"},
	} {
		if got := c.c.Classify(c.v).Why(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if (channel.Result{}).Why() != "" {
		t.Error("a result of nothing has a reason")
	}
}

func TestCustomRules(t *testing.T) {
	t.Parallel()
	v := channel.Visit{URL: "https://shop.example.com/Sale/x?utm_source=Ann&fbclid=S", Referrer: "https://blog.example.org/"}
	for name, c := range map[string]struct {
		item  string
		match bool
	}{
		"exact is in lower case":          {`{"field":"source","op":"exact","value":"ANN"}`, true},
		"any of several":                  {`{"field":"source","op":"exact","value":["bob","ann"]}`, true},
		"is_not wants none of them":       {`{"field":"source","op":"is_not","value":["bob","ann"]}`, false},
		"not_icontains wants none":        {`{"field":"source","op":"not_icontains","value":["zz","nn"]}`, false},
		"unset: negative ops hold":        {`{"field":"medium","op":"is_not","value":"x"}`, true},
		"unset: others do not":            {`{"field":"medium","op":"regex","value":".*"}`, false},
		"is_set":                          {`{"field":"referring_domain","op":"is_set"}`, true},
		"is_not_set":                      {`{"field":"campaign","op":"is_not_set"}`, true},
		"the path keeps its case":         {`{"field":"pathname","op":"prefix","value":"/sale"}`, false},
		"prefix of the path":              {`{"field":"pathname","op":"prefix","value":"/Sale"}`, true},
		"suffix of the host":              {`{"field":"hostname","op":"suffix","value":[".example.com"]}`, true},
		"regex in any case":               {`{"field":"source","op":"regex","value":"^A.N$"}`, true},
		"not_regex":                       {`{"field":"url","op":"not_regex","value":"^https"}`, false},
		"in_list":                         {`{"field":"source","op":"in_list","value":["a","b","ann"]}`, true},
		"click ids by name":               {`{"field":"click_id","op":"exact","value":"fbclid"}`, true},
		"click ids by name, not this one": {`{"field":"click_id","op":"is_not","value":"gclid"}`, true},
		"and refused if it is there":      {`{"field":"click_id","op":"is_not","value":["gclid","fbclid"]}`, false},
		"a host is no part of another":    {`{"field":"referring_domain","op":"exact","value":"example.org"}`, false},
		"contains, ignoring case":         {`{"field":"referring_domain","op":"icontains","value":"EXAMPLE.org"}`, true},
	} {
		o, err := channel.ParseRules([]byte(`{"base":"none","rules":[{"name":"r","channel":"Partner","items":[`+c.item+`]}]}`), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := classifier(t, o).Classify(v)
		if (r.Channel == "Partner") != c.match || strings.Contains(r.Why(), "fbclid=") {
			t.Errorf("%s: %s", name, r.Why())
		}
	}
	or := classifier(t, &channel.Options{Custom: []channel.Rule{
		{Name: "none of it", Channel: "X", Items: []channel.Item{{Field: "source", Op: "is_set"}, {Field: "medium", Op: "is_set"}}},
		{Channel: "Either", Combiner: "or", Items: []channel.Item{{Field: "medium", Op: "is_set"}, {Field: "source", Op: "prefix", Values: []string{"an"}}}},
	}})
	if got, want := or.Classify(v).Why(), "tags: source=ann; custom/Either: source prefix an"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRulesWithATypo(t *testing.T) {
	t.Parallel()
	read := func(name string) ([]byte, error) {
		if name == "bad.txt" {
			return []byte("search google google.com\n\nsocial g www.google.com"), nil
		}
		return nil, errors.New("no such file")
	}
	for text, want := range map[string]string{
		`{"base":"ga5"}`:                         `base: "ga5" is none of`,
		`{"bse":"ga4"}`:                          `unknown key "bse"`,
		"{\n\"base\":}":                          "line 2: syntax",
		`{"rules":[{"channel":"X","items":[]}]}`: "rules[0].items: a rule without items",
		`{"rules":[{"channel":"X"}]}`:            "rules[0].items",
		`{"rules":[{"items":[]}]}`:               "rules[0].channel: missing",
		`{"rules":[{"channel":"X","itms":[]}]}`:  `rules[0]: unknown key "itms"`,
		`{"rules":[{"channel":"X","combiner":"XOR","items":[{"field":"source","op":"is_set"}]}]}`:                                           "rules[0].combiner",
		`{"rules":[{"channel":"X","items":[{"field":"sorce","op":"is_set"}]}]}`:                                                             `rules[0].items[0].field: unknown field "sorce"`,
		`{"rules":[{"channel":"X","items":[{"field":"source","op":"equals","value":"x"}]}]}`:                                                `rules[0].items[0].op: unknown op "equals"`,
		`{"rules":[{"channel":"X","items":[{"field":"source","op":"exact"}]}]}`:                                                             "rules[0].items[0].value",
		`{"rules":[{"channel":"X","items":[{"field":"source","op":"regex","value":"("}]}]}`:                                                 "rules[0].items[0].value",
		`{"rules":[{"channel":"X","items":[{"field":"source","op":"regex","value":"` + strings.Repeat("a", channel.MaxPattern+1) + `"}]}]}`: "longer than",
		`{"exclude":["paymnts"]}`: `exclude: no set "paymnts"`,
		`{"exclude":["a..b"]}`:    "exclude: bad entry",
		`{"hosts":"gone.txt"}`:    "hosts: no such file",
		`{"hosts":"bad.txt"}`:     "bad.txt: hosts, line 3: www.google.com is already on line 1",
		`{"hosts":1}`:             "hosts: not a text",
		`[]`:                      "the file: not an object",
	} {
		if _, err := channel.ParseRules([]byte(text), read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"search google google.com\nsocial g google.com": "line 2: google.com is already on line 1",
		"serch google google.com":                       `line 1: unknown kind "serch"`,
		"\nsearch google":                               "line 2: search: a kind, a name",
		"search g goo gle..com":                         `line 1: bad entry "gle..com"`,
		"search g goo{}":                                `bad entry "goo{}"`,
		"search g a.com/":                               `bad entry "a.com/"`,
		"ai g a.com/x a.com/x/":                         "already on line 1",
	} {
		if _, err := channel.LoadHosts(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	unplugged := errors.New("unplugged")
	if _, err := channel.LoadHosts(io.MultiReader(strings.NewReader("search g g.example\n"), iotest.ErrReader(unplugged))); !errors.Is(err, unplugged) {
		t.Errorf("half a table was taken: %v", err)
	}
	if _, err := channel.LoadHosts(strings.NewReader("search g g.example\n# " + strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line without an end was taken")
	}
	for _, o := range []channel.Options{{Rules: 9}, {Bots: 9}, {Gap: -1}, {Own: []string{"a b"}}} {
		if _, err := channel.New(&o); err == nil {
			t.Errorf("%+v is no options", o)
		}
	}
}

func TestTablePrecedence(t *testing.T) {
	t.Parallel()
	h := table(t, "search s a.com b.{} {}.c.com\nsocial o a.com/x .c.com jp.c.com .d.c.com\nvideo v a.com/x/y b.{}/v")
	c := classifier(t, &channel.Options{Hosts: h})
	for name, want := range map[string]string{
		"a.com": "search", "a.com/x": "social", "a.com/x/y/z": "video", "a.com/xy": "search", "www.a.com": "search", "www.a.com/x": "social",
		"b.de": "search", "b.co.jp": "search", "b.jp/v": "video", "b.com": "", "x.b.de": "", "b.info": "",
		"de.c.com": "search", "jp.c.com": "social", "c.com": "social", "long.c.com": "social", "a.d.c.com": "social", "xc.com": "",
		"google.com": "",
	} {
		if got := kindOf(c, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	m := classifier(t, &channel.Options{Hosts: channel.DefaultHosts().Merge(table(t, "video g google.com\npayments p pay.example"))})
	if kindOf(m, "google.com") != "video" || kindOf(m, "bing.com") != "search" {
		t.Error("merging lost an entry")
	}
}

func TestStarts(t *testing.T) {
	t.Parallel()
	c := classifier(t, &channel.Options{Exclude: []string{"payments"}})
	var s channel.State
	at := s0
	for i, step := range []struct {
		after         time.Duration
		url, referrer string
		want          string
	}{
		{0, "", "https://www.google.com/", "true first"},
		{time.Minute, "a", "https://shop.example.com/", "false internal"},
		{40 * time.Minute, "thanks", "https://checkout.stripe.com/", "false internal"},
		{time.Minute, "", "", "false direct"},
		{time.Minute, "", "https://google.com/", "false same"},
		{31 * time.Minute, "", "", "true gap"},
		{30 * time.Minute, "", "https://google.com/", "true referrer"},
		{time.Minute, "?utm_source=n&utm_medium=email", "https://mail.google.com/", "true campaign"},
		{time.Minute, "?utm_source=N&utm_medium=email", "https://google.com/", "false same"},
		{time.Minute, "?utm_source=n&utm_medium=email&utm_term=x", "", "true campaign"},
		{time.Minute, "?gclid=1", "", "true campaign"},
		{time.Minute, "b?gclid=1", "https://shop.example.com/", "false same"},
		{time.Minute, "?gclid=2", "https://shop.example.com/", "true campaign"},
		{14 * time.Hour, "", "https://shop.example.com/", "false internal"},
		{time.Minute, "", "android-app://com.slack/", "true referrer"},
	} {
		at = at.Add(step.after)
		starts, because := c.Starts(&s, channel.Visit{URL: shop + step.url, Referrer: step.referrer}, at)
		if got := fmt.Sprint(starts, " ", because); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
}

// I9: a stream split anywhere, with the state carried over, gives the same answers.
func TestStartsCanBeSplit(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	c := classifier(t, nil)
	urls := []string{shop, shop + "?utm_source=a", shop + "?utm_source=b&utm_term=c", shop + "?gclid=1", shop + "?fbclid=1"}
	refs := []string{"", "https://google.com/", "https://x.com/", shop, "https://a.b.example.org/"}
	for range 200 {
		visits, times := make([]channel.Visit, 20), make([]time.Time, 20)
		at := s0
		for i := range visits {
			at = at.Add(time.Duration(r.IntN(60)) * time.Minute)
			visits[i], times[i] = channel.Visit{URL: urls[r.IntN(len(urls))], Referrer: refs[r.IntN(len(refs))]}, at
		}
		var whole channel.State
		var carried channel.State
		for i := range visits {
			a, why := c.Starts(&whole, visits[i], times[i])
			next := carried // as if stored and loaded
			b, why2 := c.Starts(&next, visits[i], times[i])
			if carried = next; a != b || why != why2 || whole != carried {
				t.Fatalf("view %d: %v %s, carried %v %s", i, a, why, b, why2)
			}
		}
	}
}

// I8: case of source, medium and host does not count; own visits are never Referral;
// custom rules that match nothing change nothing.
func TestClassifyIsBlindToCase(t *testing.T) {
	t.Parallel()
	words := strings.Fields("google Facebook cpc CPM Paid email Organic-Video x.com shop.example.com web-push (direct) (none) chatgpt.com")
	never := []channel.Rule{{Channel: "Never", Items: []channel.Item{{Field: "source", Op: "exact", Values: []string{"nobody"}}}}}
	for _, base := range []channel.Base{channel.GA4, channel.PostHog} {
		c, custom := classifier(t, &channel.Options{Rules: base}), classifier(t, &channel.Options{Rules: base, Custom: never})
		for _, a := range words {
			for _, b := range words {
				v := channel.Visit{Source: a, Medium: b, Referrer: "https://" + a + "/"}
				up := channel.Visit{Source: strings.ToUpper(a), Medium: strings.ToUpper(b), Referrer: "HTTPS://" + strings.ToUpper(a) + "/"}
				r := c.Classify(v)
				if r.Channel != c.Classify(up).Channel || r.Channel != custom.Classify(v).Channel || r.Why() != custom.Classify(v).Why() {
					t.Errorf("%v: %s %s %s", v, r.Channel, c.Classify(up).Channel, custom.Classify(v).Channel)
				}
				own := c.Classify(channel.Visit{URL: "https://" + a + "/", Referrer: "https://" + a + "/x"})
				if own.Channel == touchpoint.ChannelReferral {
					t.Errorf("own visit of %s is a referral", a)
				}
			}
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	const bot = "Googlebot/2.1"
	page := touchpoint.Page{URL: shop + "?gclid=SECRET&gad_source=1&utm_creative_format=wide", Referrer: "https://www.google.com/", UserAgent: bot}
	c := classifier(t, nil)
	tp := touchpoint.Touch{Kind: touchpoint.KindPageview}
	if err := c.Apply(&tp, page); err != nil {
		t.Fatal(err)
	}
	want := `{"bot":true,"bot_rule":"word ending in bot","click_ids":["gad_source=1","gclid"],"utm_creative_format":"wide"}`
	if b, _ := tp.Props.MarshalJSON(); string(b) != want || tp.Channel != "Paid Search" || tp.Campaign != (touchpoint.Campaign{Source: "google", Medium: "cpc"}) {
		t.Errorf("%s %s %+v", tp.Channel, b, tp.Campaign)
	}
	tp = touchpoint.Touch{Kind: touchpoint.KindPageview, Channel: "Event", Campaign: touchpoint.Campaign{ID: "7"}}
	if err := c.Apply(&tp, touchpoint.Page{URL: shop}); err != nil || tp.Channel != "Event" || tp.Campaign.ID != "7" || tp.Campaign.Source != "" {
		t.Errorf("what was there changed: %+v, %v", tp, err)
	}
	tp = touchpoint.Touch{Kind: touchpoint.KindVisit}
	if err := c.Apply(&tp, touchpoint.Page{URL: shop}); err != nil || tp.Channel != "Direct" || tp.Campaign != (touchpoint.Campaign{}) {
		t.Errorf("direct: %+v, %v", tp, err)
	}
	tp = touchpoint.Touch{Kind: touchpoint.KindEvent}
	if err := c.Apply(&tp, page); err != nil || tp.Channel != "" || tp.Campaign != (touchpoint.Campaign{}) {
		t.Errorf("an event got a channel: %+v, %v", tp, err)
	}
	if marked, _ := tp.Props.Bool("bot"); !marked {
		t.Error("an event of a bot is not marked")
	}
	tp = touchpoint.Touch{Kind: touchpoint.KindOrder}
	if err := c.Apply(&tp, page); err != nil || !tp.Props.IsZero() {
		t.Errorf("an order was looked at: %+v, %v", tp, err)
	}
	reject := classifier(t, &channel.Options{Bots: channel.BotReject})
	var bad *touchpoint.InvalidError
	if err := reject.Apply(&touchpoint.Touch{Kind: touchpoint.KindVisit}, page); !errors.As(err, &bad) || bad.Reason != touchpoint.Bot {
		t.Errorf("rejecting: %v", err)
	}
	keep := classifier(t, &channel.Options{Bots: channel.BotKeep})
	tp = touchpoint.Touch{Kind: touchpoint.KindVisit}
	if err := keep.Apply(&tp, touchpoint.Page{UserAgent: bot}); err != nil || !tp.Props.IsZero() {
		t.Errorf("keeping: %+v, %v", tp, err)
	}
}

// Two allocations where something must be decoded or lowered, else none; agents none.
func TestAllocations(t *testing.T) {
	c := classifier(t, nil)
	for v, want := range map[[2]string]float64{
		{shop + "?utm_source=google&utm_medium=cpc&gclid=x", "https://www.google.com/"}: 0,
		{shop, "https://www.google.co.jp/search"}:                                       0,
		{shop + "?utm_source=Google&utm_medium=CPC", "https://www.google.com/"}:         2,
		{shop + "?utm_source=%E3%83%A1&utm_medium=email", ""}:                           2,
	} {
		visit := channel.Visit{URL: v[0], Referrer: v[1]}
		if n := testing.AllocsPerRun(100, func() { c.Classify(visit) }); n > want {
			t.Errorf("%s: %.0f allocations, want %.0f", v[0], n, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { channel.Agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/134.0 Googlebot/2.1") }); n > 0 {
		t.Errorf("%.0f allocations for an agent", n)
	}
}

// What is taken away shows: without the tags, without the referrer, or with a table that
// does not know the host, the reason changes.
func TestWhyFollowsTheFacts(t *testing.T) {
	t.Parallel()
	known, empty := classifier(t, nil), classifier(t, &channel.Options{Hosts: &channel.Table{}})
	tagged, referred := 0, 0
	for _, v := range readCases(t) {
		full, r := v.visit(), known.Classify(v.visit())
		why := r.Why()
		base, query, _ := strings.Cut(full.URL, "?")
		switch {
		case strings.HasPrefix(why, "tags") && full.Source+full.Medium+full.Campaign == "":
			tagged++
			full.URL = base
			if got := known.Classify(full).Why(); got == why {
				t.Errorf("%s: without %s still %s", v.ID, query, got)
			}
		case strings.HasPrefix(why, "referrer "):
			referred++
			full.Referrer = ""
			if got := known.Classify(full).Why(); got == why {
				t.Errorf("%s: without its referrer still %s", v.ID, got)
			}
			if got := empty.Classify(v.visit()).Why(); got == why && !strings.Contains(why, "not in the table") {
				t.Errorf("%s: with an empty table still %s", v.ID, got)
			}
		}
	}
	if tagged == 0 || referred == 0 {
		t.Errorf("%d visits by their tags, %d by their referrer", tagged, referred)
	}
}

// The rules of PostHog, one visit each: what a paid and what an unpaid medium, campaign,
// click or shop makes of it.
func TestRulesOfPostHogOneByOne(t *testing.T) {
	t.Parallel()
	ph := classifier(t, &channel.Options{Rules: channel.PostHog})
	for _, c := range []struct {
		query, referrer string
		want            touchpoint.Channel
	}{
		{"utm_campaign=cross-network", "", "Cross Network"},
		{"utm_campaign=cross-network&utm_medium=cpc", "", "Cross Network"}, // before what is paid
		{"utm_campaign=cross-network&gclid=1", "", "Cross Network"},
		{"utm_campaign=cross-network", "https://www.google.com/", "Cross Network"},
		{"utm_source=null&utm_medium=null", "", touchpoint.ChannelDirect},
		{"utm_medium=cpc&utm_campaign=video-1", "", touchpoint.ChannelPaidVideo},
		{"utm_medium=cpc&fbclid=1", "", touchpoint.ChannelPaidSocial},
		{"utm_medium=paid_social", "", "Paid Unknown"},
		{"utm_medium=cpc&utm_campaign=summer_shopping", "", touchpoint.ChannelPaidShopping},
		{"utm_campaign=summer_shopping&utm_medium=x", "", touchpoint.ChannelOrganicShopping},
		{"utm_campaign=summer_shopping", "", touchpoint.ChannelDirect}, // nobody sent them
		{"utm_campaign=video-1&utm_source=direct", "", touchpoint.ChannelDirect},
		{"utm_campaign=video-1&utm_source=mail", "", touchpoint.ChannelOrganicVideo},
		{"utm_campaign=video-1&fbclid=1", "", touchpoint.ChannelOrganicVideo},
		{"utm_medium=x&utm_campaign=video-1", "", touchpoint.ChannelOrganicVideo},
		{"utm_medium=referral", "", touchpoint.ChannelReferral},
		{"utm_medium=audio", "", touchpoint.ChannelAudio},
		{"utm_medium=push", "", "Push"},
		{"utm_medium=webpush", "", "Push"},
		{"utm_medium=social", "", touchpoint.ChannelOrganicSocial},
		{"utm_medium=video", "", touchpoint.ChannelOrganicVideo},
		{"gclid=1&utm_source=x&utm_medium=push", "", "Paid Unknown"}, // what is pushed is not paid for
		{"gclid=1&utm_source=x&utm_medium=social", "", touchpoint.ChannelPaidSocial},
		{"gclid=1&utm_source=x&utm_medium=video", "", touchpoint.ChannelPaidVideo},
		{"gclid=1&utm_source=x&utm_medium=banner", "", touchpoint.ChannelDisplay},
		{"utm_medium=display", "", touchpoint.ChannelDisplay},
		{"utm_medium=affiliate", "", "Affiliate"},
		{"utm_medium=email", "", touchpoint.ChannelEmail},
		{"fbclid=1", "", touchpoint.ChannelOrganicSocial},
		{"", "https://x.com/i/grok", touchpoint.ChannelReferral}, // an assistant, at a social network
		{"", "https://x.com/i/lists", touchpoint.ChannelOrganicSocial},
		{"", "https://unknown.example/", touchpoint.ChannelReferral},
		{"", "", touchpoint.ChannelDirect},
	} {
		v := ph.Classify(channel.Visit{URL: shop + "?" + c.query, Referrer: c.referrer})
		if v.Channel != c.want {
			t.Errorf("%s %s: %s, want %s (%s)", c.query, c.referrer, v.Channel, c.want, v.Why())
		}
	}
}

// One's own site brings nobody, whatever the table says that it is.
func TestOwnSitesThatTheTableKnows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*channel.Classifier{"ga4": classifier(t, nil), "posthog": classifier(t, &channel.Options{Rules: channel.PostHog})} {
		for query, want := range map[string]touchpoint.Channel{"": touchpoint.ChannelDirect, "?utm_medium=x": touchpoint.ChannelDirect} {
			if name == "ga4" && query != "" {
				want = touchpoint.ChannelUnassigned // tags win, and these say nothing
			}
			v := c.Classify(channel.Visit{URL: "https://www.youtube.com/" + query, Referrer: "https://www.youtube.com/watch"})
			if v.Channel != want {
				t.Errorf("%s %s: %s, want %s (%s)", name, query, v.Channel, want, v.Why())
			}
		}
	}
}

// A file of rules names the file of hosts, the base and what is wrong with either.
func TestRulesFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	read := func(name string) ([]byte, error) {
		if name == "gone.txt" {
			return nil, errors.New("no such file")
		}
		return []byte("what a line"), nil
	}
	item := func(s string) string { return `{"rules":[{"channel":"X","items":[` + s + `]}]}` }
	for _, c := range []struct {
		text string
		read func(string) ([]byte, error)
		want string
	}{
		{strings.Repeat(" ", channel.MaxFile-1) + "{}", nil, "too_large"},
		{`{"hosts":"hosts.txt"}`, nil, "nothing to read the file with"},
		{`{"hosts":"gone.txt"}`, read, "no such file"},
		{`{"hosts":"bad.txt"}`, read, "bad.txt: "},
		{`{"base":"ga5"}`, nil, "base"},
		{`{"bases":"ga4"}`, nil, `unknown key "bases"`},
		{`{"rules":{}}`, nil, "not an array"},
		{`{"rules":[{"channel":"a\u0001","items":[]}]}`, nil, "channel: not a name"},
		{item(`{"field":"medium","op":"is_set","value":"x"}`), nil, "is_set takes none"},
		{item(`{"field":"medium","op":"exact","value":"x","kind":"y"}`), nil, `unknown key "kind"`},
	} {
		if _, err := channel.ParseRules([]byte(c.text), c.read); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := channel.ParseRules([]byte(strings.Repeat(" ", channel.MaxFile-2)+"{}"), nil); err != nil {
		t.Errorf("a file of the largest size: %v", err)
	}
	for base, want := range map[string]channel.Base{"ga4": channel.GA4, "posthog": channel.PostHog} {
		if o, err := channel.ParseRules([]byte(`{"base":"`+base+`"}`), nil); err != nil || o.Rules != want {
			t.Errorf("%s: %v, %v", base, o, err)
		}
	}
	o, err := channel.ParseRules([]byte(`{"base":"none","rules":[{"channel":"Clicked","items":[{"field":"click_id","op":"is_set"}]},
		{"channel":"Odd","items":[{"field":"medium","op":"not_regex","value":"^(mail|cpc|\\(none\\))$"}]}]}`), read)
	if err != nil {
		t.Fatal(err)
	}
	own := classifier(t, o)
	for query, want := range map[string]touchpoint.Channel{"gclid=1": "Clicked", "utm_medium=smoke": "Odd", "utm_medium=mail": touchpoint.ChannelUnassigned} {
		if v := own.Classify(channel.Visit{URL: shop + "?" + query}); v.Channel != want {
			t.Errorf("%s: %s, want %s (%s)", query, v.Channel, want, v.Why())
		}
	}
}
