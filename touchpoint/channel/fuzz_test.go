package channel_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
)

// The published expressions, the oracle of the plain code.
var (
	paidExp  = regexp.MustCompile(`(?s)^(.*cp.*|ppc|retargeting|paid.*)$`)
	shopExp  = regexp.MustCompile(`(?s)^(.*(([^a-df-z]|^)shop|shopping).*)$`)
	videoExp = regexp.MustCompile(`(?s)^(.*video.*)$`)
	pushExp  = regexp.MustCompile(`(?s)^(.*push|.*mobile.*|.*notification.*)$`)
	emailExp = regexp.MustCompile(`^(email|e-mail|e_mail|e mail)$`)
	tagExp   = regexp.MustCompile(`[?&]utm_source=([^?&]+)`)
)

// oracle is the table of GA4's default channel group, read row by row.
func oracle(kind, source, medium, campaign string) string {
	pay, sale := paidExp.MatchString(medium), shopExp.MatchString(campaign)
	in := func(s string, words ...string) bool { return slices.Contains(words, s) }
	for _, row := range []struct {
		holds   bool
		channel string
	}{
		{source == "(direct)" && in(medium, "(none)", "(not set)") || source+medium+campaign == "", "Direct"},
		{strings.Contains(campaign, "cross-network"), "Cross-network"},
		{(kind == "shopping" || sale) && pay, "Paid Shopping"},
		{kind == "search" && pay, "Paid Search"},
		{kind == "social" && pay, "Paid Social"},
		{kind == "video" && pay, "Paid Video"},
		{in(medium, "display", "banner", "expandable", "interstitial", "cpm"), "Display"},
		{pay, "Paid Other"},
		{medium == "ai-assistant" || kind == "ai", "AI Assistant"},
		{kind == "shopping" || sale, "Organic Shopping"},
		{kind == "social" || in(medium, "social", "social-network", "social-media", "sm", "social network", "social media"), "Organic Social"},
		{kind == "video" || videoExp.MatchString(medium), "Organic Video"},
		{kind == "search" || medium == "organic", "Organic Search"},
		{in(medium, "referral", "app", "link"), "Referral"},
		{emailExp.MatchString(source) || emailExp.MatchString(medium), "Email"},
		{medium == "affiliate", "Affiliates"},
		{medium == "audio", "Audio"},
		{source == "sms" || medium == "sms", "SMS"},
		{pushExp.MatchString(medium) || source == "firebase", "Mobile Push Notifications"},
	} {
		if row.holds {
			return row.channel
		}
	}
	return "Unassigned"
}

func FuzzGA4(f *testing.F) {
	for _, s := range [][3]string{
		{"google", "cpc", "brand"}, {"newsite", "xcpx", "bishop"}, {"n", "blog", "eshop workshop"}, {"youtube", "paid\nx", ""},
		{"(direct)", "(none)", ""}, {"Facebook", " CPM ", "x"}, {"ｓｍｓ", "", ""}, {"x", "web-push", "shopping cross-network"},
		{"chatgpt.com", "", ""}, {"amazon.co.jp", "video", "\xff"}, {"x", "Organic-Video", "SHOP"}, {"e mail", "", "ishop shop"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	c := classifier(f, nil)
	f.Fuzz(func(t *testing.T, source, medium, campaign string) {
		if source+medium+campaign == "" {
			return
		}
		v := channel.Visit{Source: source, Medium: medium, Campaign: campaign}
		r := c.Classify(v)
		s, m, n := touchpoint.Fold(source), touchpoint.Fold(medium), touchpoint.Fold(campaign)
		if s+m+n == "" {
			return // tags that say nothing
		}
		// The kind of the source: that of the source alone, paid, so that no medium hides it.
		kind := strings.ToLower(strings.TrimPrefix(string(c.Classify(channel.Visit{Source: source, Medium: "paid"}).Channel), "Paid "))
		if kind == "other" {
			kind = ""
			if c.Classify(channel.Visit{Source: source, Medium: "x"}).Channel == "AI Assistant" {
				kind = "ai"
			}
		}
		if want := oracle(kind, s, m, n); string(r.Channel) != want {
			t.Errorf("%q %q %q: %s, the expressions say %s: %s", source, medium, campaign, r.Channel, want, r.Why())
		}
		query := url.Values{"utm_source": {source}, "utm_medium": {medium}, "utm_campaign": {campaign}}
		tagged := c.Classify(channel.Visit{URL: "https://shop.example.com/?" + query.Encode()})
		if strings.ToValidUTF8(source+medium+campaign, "") == source+medium+campaign && tagged.Channel != r.Channel {
			t.Errorf("%q %q %q: %s by fields, %s by the URL", source, medium, campaign, r.Channel, tagged.Channel)
		}
	})
}

func FuzzClassify(f *testing.F) {
	for _, s := range [][2]string{
		{"https://shop.example.com/?utm_source=google&utm_medium=cpc#x?utm_source=b", "https://www.google.com/"},
		{"https://a@b:80/p?x=1?utm_source=a&utm_source=b", "https://google.com@evil.example/"},
		{"HTTP://[::1]:8080/?gclid=SECRET", "android-app://com.google.android.gm/https"},
		{"/path?fbclid=SECRET&ScCid=SECRET", "https://x.com/i/grok?q=SECRET"},
		{"https://例え.jp/?utm_source=%E3%83%A1%ZZ", "https://WWW.Google.CO.JP./"}, {"?utm_source", "about:blank"},
	} {
		f.Add(s[0], s[1])
	}
	ga4, ph := classifier(f, nil), classifier(f, &channel.Options{Rules: channel.PostHog, Exclude: []string{"payments", "signin"}})
	f.Fuzz(func(t *testing.T, landing, referrer string) {
		v := channel.Visit{URL: landing, Referrer: referrer}
		for _, c := range []*channel.Classifier{ga4, ph} {
			r := c.Classify(v)
			if r.Channel == "" || r.Rule == "" || r.Why() != c.Classify(v).Why() || !strings.Contains(r.Why(), r.Rule) {
				t.Errorf("%q %q: %q %q %q", landing, referrer, r.Channel, r.Rule, r.Why())
			}
		}
		var s channel.State
		if starts, _ := ga4.Starts(&s, v, s0); !starts {
			t.Error("nobody was there before")
		}
		base, _, _ := strings.Cut(landing, "#")
		_, query, found := strings.Cut(base, "?")
		if !found || strings.ContainsAny(query, "%+") {
			return
		}
		r := ga4.Classify(v)
		if m := tagExp.FindStringSubmatch("?" + query); m != nil && touchpoint.Fold(m[1]) != "" && r.Source != touchpoint.Fold(m[1]) {
			t.Errorf("%q: source %q, want %q", landing, r.Source, touchpoint.Fold(m[1]))
		}
	})
}

func FuzzAgent(f *testing.F) {
	for _, s := range []string{"curl/8", "Googlebot/2.1", "CUBOT_X", "Mozilla/5.0 (Windows NT 10.0)", "@", "a@b", "://", "", "\xff\x00bot"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		v := channel.Agent(agent)
		if v.Bot != (v.Reason != "") || v != channel.Agent(strings.ToUpper(strings.ToLower(agent))) && isASCII(agent) {
			t.Errorf("%q: %+v", agent, v)
		}
	})
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

func FuzzLoadHosts(f *testing.F) {
	f.Add("search google google google.{} google.{}/imgres\nai x x.com/i/grok # c\npayments p .p.com\n")
	f.Add("search a {}.b .b b/ app:com.x")
	f.Add("social {} {}")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := channel.LoadHosts(strings.NewReader(text))
		if err != nil {
			return
		}
		c := classifier(t, &channel.Options{Hosts: channel.DefaultHosts().Merge(h), Exclude: []string{"payments"}})
		if r := c.Classify(channel.Visit{Referrer: "https://www.google.co.jp/imgres"}); r.Channel == "" {
			t.Error("no channel")
		}
	})
}
