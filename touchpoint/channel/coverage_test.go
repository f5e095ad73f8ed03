package channel_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/channel"
)

func TestPublishedCases(t *testing.T) {
	t.Parallel()
	bases := map[string]*channel.Classifier{
		"ga4": classifier(t, nil), "ga4-smc": classifier(t, nil),
		"posthog": classifier(t, &channel.Options{Rules: channel.PostHog}),
	}
	cases := readCases(t)
	if len(cases) != 114 {
		t.Errorf("%d cases, want 114", len(cases))
	}
	for _, v := range cases {
		if r := bases[v.Ruleset].Classify(v.visit()); string(r.Channel) != v.Expected {
			t.Errorf("%s: %s, want %s: %s", v.ID, r.Channel, v.Expected, r.Why())
		}
	}
}

// What must hold whatever the table looks like.
func TestMustHold(t *testing.T) {
	t.Parallel()
	c := classifier(t, nil)
	want := map[string]string{
		"search":   "google.com bing.com duckduckgo.com search.yahoo.co.jp news.google.com www.google.co.jp",
		"social":   "x.com threads.net bsky.app note.com https://x.com/i/lists",
		"shopping": "amazon.co.jp shopping.yahoo.co.jp stripe.com checkout.stripe.com",
		"ai":       "gemini.google.com https://x.com/i/grok https://x.com/i/grok/share x.com/i/grok?q=1",
		"mail":     "mail.google.com android-app://com.google.android.gm/",
		"": "docs.google.com accounts.google.com aws.amazon.com drive.google.com calendar.google.com notgoogle.com " +
			"google.com.evil.example https://google.com@evil.example/ ax.com https://ax.com/i/grok ads.google.com s3.amazonaws.com",
	}
	for kind, names := range want {
		for _, name := range strings.Fields(names) {
			if got := kindOf(c, name); got != kind {
				t.Errorf("%s is %q, want %q", name, got, kind)
			}
		}
	}
	pay := classifier(t, &channel.Options{Exclude: []string{"payments"}})
	if r := pay.Classify(channel.Visit{URL: shop, Referrer: "https://checkout.stripe.com/pay"}); r.Channel != "Direct" {
		t.Errorf("a payment page took the visit: %s", r.Why())
	}
}

// lists reads the published lists of hosts by name, as far as they are written.
func lists(t *testing.T, file string) map[string][]string {
	name := regexp.MustCompile(`^['"]?([^\s#-].*?)['"]?:\s*$`)
	key := regexp.MustCompile(`^\s+(?:- )?(\w+):`)
	item := regexp.MustCompile(`^\s+- '?([^']*?)'?\s*$`)
	byName := make(map[string][]string)
	current, mode := "", "urls"
	b, err := os.ReadFile(shared(t, file).Name())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimRight(line, "\r ")
		if m := name.FindStringSubmatch(line); m != nil {
			current, mode = m[1], "urls"
		} else if m := key.FindStringSubmatch(line); m != nil {
			mode = m[1]
		} else if m := item.FindStringSubmatch(line); m != nil && mode == "urls" {
			byName[current] = append(byName[current], m[1])
		}
	}
	return byName
}

// cover prints how many hosts have one of the kinds, and fails under the bar.
func cover(t *testing.T, what string, hosts []string, bar float64, kinds ...string) {
	t.Helper()
	c := classifier(t, nil)
	var missed []string
	for _, h := range hosts {
		if !slices.Contains(kinds, kindOf(c, h)) {
			missed = append(missed, h)
		}
	}
	known := float64(len(hosts)-len(missed)) / float64(len(hosts))
	t.Logf("%s: %.1f %% of %d; missing %v", what, 100*known, len(hosts), missed)
	if !(known >= bar) {
		t.Errorf("%s: %.1f %%, want %.0f %%", what, 100*known, 100*bar)
	}
}

func TestAssistantsAreKnown(t *testing.T) {
	t.Parallel()
	var hosts []string
	for _, list := range lists(t, "matomo-AIAssistants.yml") {
		hosts = append(hosts, list...)
	}
	if len(hosts) != 25 {
		t.Errorf("%d hosts read, want 25", len(hosts))
	}
	cover(t, "assistants", hosts, 1, "ai")
}

const engines = "Google, Google Images, Google News, Google Scholar, Bing, Bing Images, Yahoo!, Yahoo! Images, Yahoo! Japan, " +
	"Yahoo! Japan Images, DuckDuckGo, Baidu, Yandex, Yandex Images, Naver, Daum, Nate, Sogou, 360search, Haosou, sm.cn, Cốc Cốc, " +
	"Ecosia, Qwant, StartPage, Brave, Kagi, Mojeek, Swisscows, Presearch, Metager, OceanHero, Lilo, KARMA, Yep, Seznam, Mailru, " +
	"Rambler, AOL, Ask, goo, Nifty, Biglobe, auone, Rakuten, So-net, Excite, Web.de, T-Online, Virgilio, Onet.pl, Startsiden"

func TestSearchEnginesAreKnown(t *testing.T) {
	t.Parallel()
	brands := map[string]string{"Google": "google", "Bing": "bing", "Yahoo!": "yahoo", "AOL": "aol", "Ask": "ask"}
	list := lists(t, "matomo-SearchEngines.yml")
	var hosts []string
	for name := range strings.SplitSeq(engines, ", ") {
		if len(list[name]) == 0 {
			t.Errorf("nothing read for %s", name)
		}
		for _, h := range list[name] {
			if strings.HasSuffix(h, ".onion") || strings.HasPrefix(h, "android-app") || !strings.Contains(h, brands[name]) {
				continue
			}
			if !strings.Contains(h, "{}") {
				hosts = append(hosts, h)
				continue
			}
			for country := range strings.FieldsSeq("de fr it co.uk co.jp com.br com.au co.in") {
				hosts = append(hosts, strings.ReplaceAll(h, "{}", country))
			}
		}
	}
	cover(t, "search engines", hosts, 0.95, "search")
}

const networks = "Facebook, Instagram, Threads, Twitter, LinkedIn, TikTok, Pinterest, reddit, Snapchat, WeChat, Weibo, Douyin, " +
	"Douban, bilibili, Telegram, Discord, tumblr, Vkontakte, Odnoklassniki, Hacker News, StackOverflow, GitHub, Mixi, gree, Niconico, " +
	"Twitcast, V2EX, XING, Viadeo, Badoo, Bluesky, Flickr, Dribbble, SoundCloud, Last.fm, LiveJournal, Foursquare, Myspace, Vimeo, " +
	"YouTube, Workplace, Taringa!, Renren, Tagged"

func TestSocialNetworksAreKnown(t *testing.T) {
	t.Parallel()
	list := lists(t, "matomo-Socials.yml")
	var hosts []string
	for name := range strings.SplitSeq(networks, ", ") {
		hosts = append(hosts, list[name]...)
	}
	if len(hosts) != 117 {
		t.Errorf("%d hosts read, want 117", len(hosts))
	}
	cover(t, "social networks", hosts, 0.95, "social", "video")
	c := classifier(t, nil)
	for name := range strings.FieldsSeq("whatsapp.com quora.com medium.com slack.com b.hatena.ne.jp ameblo.jp qiita.com zenn.dev kakao.com " +
		"whatsapp quora slack hatena ameblo qiita zenn kakaotalk") {
		if k := kindOf(c, name); k != "social" {
			t.Errorf("%s is %q", name, k)
		}
	}
	known := 0
	for _, h := range list["Mastodon"] {
		if kindOf(c, h) == "social" {
			known++
		}
	}
	t.Logf("%d of %d Mastodon servers", known, len(list["Mastodon"]))
	if known < 20 {
		t.Errorf("%d Mastodon servers, want 20", known)
	}
}

// Rows of Google's own list of categories.
func TestGoogleCategories(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(shared(t, "ga4_source_categories.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	c := classifier(t, nil)
	total, known := map[string]int{}, map[string]int{}
	same, other := 0, []string(nil)
	for _, row := range rows[1:] {
		want := strings.ToLower(strings.TrimPrefix(row[1], "SOURCE_CATEGORY_"))
		total[want]++
		got := kindOf(c, row[0])
		if got == "" {
			continue
		}
		known[want]++
		if got == want {
			same++
		} else {
			other = append(other, row[0]+" "+want+"→"+got)
		}
	}
	all := same + len(other)
	t.Logf("same kind: %.1f %% of %d known rows; others: %v", 100*float64(same)/float64(all), all, other)
	if !(float64(same)/float64(all) >= 0.99) {
		t.Error("less than 99 % of the known rows have the same kind")
	}
	for kind, bar := range map[string]float64{"shopping": 0.95, "video": 0.95, "search": 0.90, "social": 0.50} {
		part := float64(known[kind]) / float64(total[kind])
		t.Logf("%s: %.1f %% of %d rows known", kind, 100*part, total[kind])
		if !(part >= bar) {
			t.Errorf("%s: %.1f %% known, want %.0f %%", kind, 100*part, 100*bar)
		}
	}
}

// In-app browsers stand in the list of crawlers; people hold them.
var inApp = []string{"MetaIAB", "AP3A.240617.008", "Viber", "Fluid/", "Code/1.", "Trae/", "^Silk"}

func TestCrawlersAreBots(t *testing.T) {
	t.Parallel()
	var list []struct {
		Pattern   string
		Instances []string
	}
	if err := json.NewDecoder(shared(t, "crawler-user-agents.json")).Decode(&list); err != nil {
		t.Fatal(err)
	}
	n, bots := 0, 0
	var missed []string
	for _, p := range list {
		for _, agent := range p.Instances {
			if slices.ContainsFunc(inApp, func(s string) bool { return strings.Contains(agent, s) }) {
				continue
			}
			if n++; channel.Agent(agent).Bot {
				bots++
			} else {
				missed = append(missed, p.Pattern)
			}
		}
	}
	t.Logf("bots: %.1f %% of %d agents; missing %v", 100*float64(bots)/float64(n), n, missed)
	if !(float64(bots)/float64(n) >= 0.95) {
		t.Errorf("%d of %d, want 95 %%", bots, n)
	}
}

func TestPeopleAreNoBots(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/people.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	agents := lines(t, f)
	if len(agents) < 150 {
		t.Errorf("%d agents, want 150", len(agents))
	}
	for _, agent := range agents {
		if v := channel.Agent(agent); v.Bot {
			t.Errorf("%s: %s", agent, v.Reason)
		}
	}
	if channel.Agent("").Bot {
		t.Error("no agent, no verdict")
	}
}
