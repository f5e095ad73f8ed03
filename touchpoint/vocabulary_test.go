package touchpoint_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func vocabulary(t *testing.T, csv string) *tp.Vocabulary {
	t.Helper()
	v, err := tp.ReadVocabulary(strings.NewReader(csv))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVocabulary(t *testing.T) {
	v := vocabulary(t, "to,field,from,source\n"+
		"Partner fair,channel,Ｍesse,\nEvent,channel,messe,crm\npageview,kind,ページ閲覧,\nA,stage,b,\nB,stage,a,\n"+
		"google,campaign.source,Google Ads,\nC,campaign.name,A,\ncpc,campaign.medium,paid,\nHome,touchpoint,\"start, page\",\n"+
		"e-mail,channel,post,\n")
	var rep tp.Report
	o := &tp.Options{Vocabulary: v, Report: &rep}
	touch := clean()
	touch.Source, touch.Kind, touch.Channel, touch.Stage = "web", "ページ閲覧", " MESSE ", "A"
	touch.Campaign = tp.Campaign{Source: "google　ads", Medium: "Paid", Name: "a", Term: "A"}
	touch.Touchpoint = "Start, Page"
	crm, post, swapped := touch, touch, touch
	crm.Source, post.Channel, swapped.Stage = "crm", "POST", "b"
	crm.Stage, post.Stage = "unheard of", "unheard of"
	for _, touch := range []*tp.Touch{&touch, &crm, &post, &swapped} {
		if err := touch.Normalize(o); err != nil {
			t.Fatal(err)
		}
	}
	if touch.Kind != tp.KindPageview || touch.Channel != "Partner fair" || touch.Stage != "B" || swapped.Stage != "A" ||
		touch.Campaign != (tp.Campaign{Source: "google", Medium: "cpc", Name: "C", Term: "A"}) || touch.Touchpoint != "Home" {
		t.Error(canonical(touch))
	}
	if crm.Channel != tp.ChannelEvent {
		t.Error("the row of the source goes before the general one")
	}
	if post.Channel != tp.ChannelEmail {
		t.Error("the built-in words come last")
	}
	want := `[{"field":"stage","value":"unheard of","count":2}]`
	if got := string(rep.AppendJSON(nil)); !strings.HasSuffix(got, `"unmapped":`+want+"}") || !strings.Contains(got, `{"source":"crm","field":"channel","nulls":0,"cleaned":1,"mapped":1,"filled":0}`) {
		t.Error(got)
	}
}

func TestTheColumnsOfAVocabularyStandInAnyOrder(t *testing.T) {
	for _, csv := range []string{"field,from,to\nstage,a,B\n", "from,to,field\na,B,stage\n", "to,field,from\nB,stage,a\n", "source,to,from,field\n,B,a,stage\n", "to,from,field,source,note\nB,a,stage,crm,x\n"} {
		touch := clean()
		touch.Stage = "A"
		if err := touch.Normalize(&tp.Options{Vocabulary: vocabulary(t, csv)}); err != nil || touch.Stage != "B" {
			t.Errorf("%q: %q, %v", csv, touch.Stage, err)
		}
	}
}

// A row with a source is for touches of that source alone, wherever its column stands.
func TestARowOfAnotherSource(t *testing.T) {
	longest := strings.Repeat("x", tp.MaxName)
	for csv, want := range map[string]string{
		"source,field,from,to\nweb,stage,a,B\n": "A", "field,from,to,source\nstage,a,B,web\n": "A", "source,field,from,to\ncrm,stage,a,B\n": "B", "field,from,to\nstage,a," + longest + "\n": longest,
	} {
		touch := clean()
		touch.Stage = "A"
		if err := touch.Normalize(&tp.Options{Vocabulary: vocabulary(t, csv)}); err != nil || touch.Stage != want {
			t.Errorf("%.60q: %.60q, %v", csv, touch.Stage, err)
		}
	}
}

func TestReadVocabularyFaults(t *testing.T) {
	for csv, want := range map[string]string{
		"":                                      "header missing",
		"field,from\n":                          "header missing",
		"field,from,to,field\nstage,a,b,kind\n": "header duplicate_key",
		"field,from,to\nname,a,b\n":             "field syntax",
		"field,from,to\nstage,a,\n":             "to missing",
		"field,from,to\nstage,,b\n":             "from missing",
		"field,from,to\nstage,a,\x00\n":         "to control",
		"field,from,to\nkind,a,Page View\n":     "to syntax",
		"field,from,to\nstage,a,b\nstage,Ａ,c\n": "from duplicate_key",
		"field,from,to\nstage,a\n":              "record syntax",
		"field,from,to\nstage,a," + strings.Repeat("x", 1025) + "\n": "to too_long",
	} {
		_, err := tp.ReadVocabulary(strings.NewReader(csv))
		if _, ok := errors.AsType[*tp.LineError](err); !ok || reason(t, err) != want {
			t.Errorf("%q: %v, want %s", csv, err, want)
		}
	}
}

// The most frequent value comes first; of equal ones the field, then the value tells.
func TestTheOrderOfWhatIsUnmapped(t *testing.T) {
	v := vocabulary(t, "field,from,to\nstage,x,y\n")
	var rep tp.Report
	for _, words := range [][2]string{{"c2", "s1"}, {"c1", "s2"}, {"c3", "s1"}, {"c3", "s0"}} {
		touch := clean()
		touch.Channel, touch.Stage = tp.Channel(words[0]), words[1]
		if err := touch.Normalize(&tp.Options{Vocabulary: v, Report: &rep}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fmt.Sprint(rep.Unmapped()), "[{channel c3 2} {stage s1 2} {channel c1 1} {channel c2 1} {stage s0 1} {stage s2 1}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestReportIsBounded(t *testing.T) {
	var rep tp.Report
	for i := range 10_050 {
		touch := clean()
		touch.Channel = tp.Channel(fmt.Sprint("c", i))
		touch.Source = fmt.Sprint("s", i)
		touch.Direction = 0
		if err := touch.Normalize(&tp.Options{Report: &rep}); err != nil {
			t.Fatal(err)
		}
	}
	u, rows := rep.Unmapped(), rep.Rows()
	if len(u) != 10_001 || u[0].Value != "(other)" || u[0].Count != 50 || len(rows) != 10_001 || rows[0].Source != "(other)" || rows[0].Filled != 50 {
		t.Error(len(u), u[0], len(rows), rows[0])
	}
}

func TestCatalogue(t *testing.T) {
	c, err := tp.ParseCatalogue([]byte(`[
		{"name":" Blog  article ","media":"owned","match":[{"url":"blog.Example.com/**"},{"url":"*.example.com/*/blog"}]},
		{"name":"Pricing page","names":{"ja":"価格ページ"},"channel":"e-mail","match":[{"url":"https://www.example.com/pricing/","kind":"pageview"}]},
		{"name":"App pricing","match":[{"event":"Pricing　Viewed","source":"APP"}]},
		{"name":"June","match":[{"campaign":"june"}]},
		{"name":"Sales talk","match":[{"channel":"sales"}]},
		{"name":"Nowhere"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if c[0].Name != "Blog article" || c[0].Media != tp.MediaOwned || c[1].Names["ja"] != "価格ページ" || c[1].Channel != tp.ChannelEmail {
		t.Errorf("%+v", c)
	}
	for _, x := range []struct {
		touch         tp.Touch
		name, channel string
	}{
		{twinTouch("web", "1", tp.KindPageview, 0, "url=https://blog.example.com/2026/a?x=1"), "Blog article", ""},
		{twinTouch("web", "1", tp.KindPageview, 0, "url=https://jp.example.com/ja/blog/"), "Blog article", ""},
		{twinTouch("web", "1", tp.KindPageview, 0, "url=https://jp.example.com/ja/x/blog", "touchpoint=Own"), "Own", ""},
		{twinTouch("web", "1", tp.KindPageview, 0, "url=http://WWW.example.com/Pricing"), "Pricing page", "Email"},
		{twinTouch("web", "1", tp.KindPageview, 0, "url=http://www.example.com/pricing", "channel=Direct"), "Pricing page", "Direct"},
		{twinTouch("web", "1", tp.KindForm, 0, "url=http://www.example.com/pricing"), "", ""},
		{twinTouch("app", "1", tp.KindEvent, 0, "event=pricing viewed"), "App pricing", ""},
		{twinTouch("web", "1", tp.KindEvent, 0, "event=pricing viewed"), "", ""},
		{twinTouch("web", "1", tp.KindEvent, 0, "campaign=JUNE"), "June", ""},
		{twinTouch("crm", "1", tp.KindMeeting, 0), "Sales talk", "Sales"},
	} {
		if err := x.touch.Normalize(&tp.Options{Catalogue: c}); err != nil {
			t.Fatal(err)
		}
		if x.touch.Touchpoint != x.name || string(x.touch.Channel) != x.channel {
			t.Errorf("%q on %q, want %q on %q", x.touch.Touchpoint, x.touch.Channel, x.name, x.channel)
		}
	}
	fresh, err := tp.ParseTouch([]byte(`{"source":"crm","at":"2026-01-01T00:00:00Z","kind":"call","ids":[{"type":"user_id","value":"u"}]}`), tp.Touch{}, &tp.Options{Catalogue: c})
	if err != nil || fresh.Touchpoint != "Sales talk" {
		t.Error("a channel that the kind implies is not seen", fresh.Touchpoint, err)
	}
	if p := c.Find(twinTouch("web", "1", tp.KindPageview, 0)); p != nil {
		t.Error(p.Name)
	}
	if p := (tp.Catalogue{{Name: "Any"}, {Name: "Empty match", Match: []tp.Match{{}}}}).Find(clean()); p != nil {
		t.Error(p.Name)
	}
	for in, want := range map[string]string{
		`{}`: "catalogue syntax", `[`: "catalogue syntax", `[1]`: "[0] syntax", `[{}]`: "[0].name missing", `[{"name":1}]`: "[0].name syntax",
		`[{"name":"a"},{"name":"b","colour":1}]`: "[1] syntax", `[{"name":"a","media":"mine"}]`: "[0].media syntax",
		`[{"name":"a","names":[]}]`: "[0].names syntax", `[{"name":"a","names":{"ja":1}}]`: "[0].names.ja syntax",
		`[{"name":"a","match":{}}]`: "[0].match syntax", `[{"name":"a","match":[{}]}]`: "[0].match[0] missing",
		`[{"name":"a","match":[{"url":""}]}]`: "[0].match[0].url missing", `[{"name":"a","match":[{"url":"x"},{"path":"x"}]}]`: "[0].match[1] syntax",
		`[{"name":"a\u0000"}]`: "[0].name control", `[{"name":"` + strings.Repeat("x", 1025) + `"}]`: "[0].name too_long",
	} {
		if _, err := tp.ParseCatalogue([]byte(in)); reason(t, err) != want {
			t.Errorf("%.60s: %v, want %s", in, err, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"*", "", true}, {"*", "abc", true}, {"*", "a/b", false}, {"**", "a/b/c", true}, {"**", "", true},
		{"a/*/c", "a/b/c", true}, {"a/*/c", "a/b/b/c", false}, {"a/**/c", "a/b/b/c", true}, {"a/**/c", "a/c", false}, {"a/**c", "a/c", true},
		{"*.x.com", "a.x.com", true}, {"*.x.com", "x.com", false}, {"*a*", "bab", true}, {"*a*", "bbb", false}, {"a*b", "axxb", true}, {"a*b", "axxbc", false},
		{"***", "a/b", true}, {"a**b*c", "a//b/c", false}, {"a**b*c", "a//bxc", true}, {strings.Repeat("*a", 63) + "*", strings.Repeat("a", 63), true}, {strings.Repeat("*a", 64), strings.Repeat("a", 64), true}, {strings.Repeat("*a", 64) + "*", strings.Repeat("a", 63), false}, {strings.Repeat("*a", 200), strings.Repeat("a", 200), true},
		{strings.Repeat("**a", 300) + "b", strings.Repeat("a", 5000), false},
	} {
		if got := tp.Glob(c.pattern, c.text); got != c.want {
			t.Errorf("%.20q on %.20q: %v", c.pattern, c.text, got)
		}
	}
}
