package touchpoint_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

// twinTouch returns a touch at some seconds past a fixed instant. Further words are
// "field=value" of props, or of touchpoint, channel, stage, campaign.
func twinTouch(source, id string, kind tp.Kind, seconds float64, words ...string) tp.Touch {
	t := tp.Touch{Source: source, ID: id, Kind: kind,
		At:  time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(seconds*1e6) * time.Microsecond),
		IDs: []identity.ID{identity.MakeID(identity.UserID, "u")}}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "touchpoint":
			t.Touchpoint = v
		case "channel":
			t.Channel = tp.Channel(v)
		case "stage":
			t.Stage = v
		case "campaign":
			t.Campaign.ID = v
		case "value":
			t.Value, _ = tp.ParseAmount(v, currency("USD"))
		case "email":
			t.IDs = append(t.IDs, identity.MakeID(identity.Email, v))
		case "score", "click_ids":
			t.Props, _ = t.Props.SetRaw(map[string]string{"score": "survey"}[k]+map[string]string{"click_ids": k}[k], v)
		default:
			t.Props = t.Props.SetText(k, v)
		}
	}
	if err := t.Normalize(nil); err != nil {
		panic(err)
	}
	return t
}

// groups writes twins as "a:1+b:1 a:2".
func groups(twins []tp.Twin) string {
	var out []string
	for _, tw := range twins {
		var ms []string
		for _, k := range tw.Members {
			ms = append(ms, k.Source+":"+k.ID)
		}
		out = append(out, strings.Join(ms, "+"))
	}
	return strings.Join(out, " ")
}

func TestTwins(t *testing.T) {
	page := func(source, id string, at float64, words ...string) tp.Touch {
		return twinTouch(source, id, tp.KindPageview, at, words...)
	}
	at := twinTouch
	for _, c := range []struct {
		name    string
		touches []tp.Touch
		rules   *tp.TwinRules
		want    string
	}{
		{"same page within the window", []tp.Touch{page("a", "1", 0, "url=https://x.com/p?q=1"), page("b", "1", 9, "url=http://X.com/p/#f")}, nil, "a:1+b:1"},
		{"same page outside of it", []tp.Touch{page("a", "1", 0, "url=x.com/p"), page("b", "1", 10.001, "url=x.com/p")}, nil, "a:1 b:1"},
		{"two loads seen by two tools are two contacts", []tp.Touch{page("a", "1", 0, "url=x.com"), page("a", "2", 5, "url=x.com"), page("b", "1", 1, "url=x.com"), page("b", "2", 6, "url=x.com")}, nil, "a:1+b:1 a:2+b:2"},
		{"other pages", []tp.Touch{page("a", "1", 0, "url=x.com/a"), page("b", "1", 0, "url=x.com/b")}, nil, "a:1 b:1"},
		{"page views that say nothing", []tp.Touch{page("a", "1", 0), page("b", "1", 0)}, nil, "a:1 b:1"},
		{"page by its name where one tool has no url", []tp.Touch{page("a", "1", 0, "url=x.com/a", "touchpoint=Pricing"), page("b", "1", 0, "touchpoint=pricing")}, nil, "a:1+b:1"},
		{"events of one name", []tp.Touch{at("a", "1", tp.KindEvent, 0, "event=Add"), at("b", "1", tp.KindEvent, 0, "event=add"), at("b", "2", tp.KindEvent, 0, "event=drop")}, nil, "a:1+b:1 b:2"},
		{"one source repeating itself", []tp.Touch{page("a", "1", 0, "url=x.com"), page("a", "2", 0, "url=x.com")}, nil, "a:1 a:2"},
		{"visit and page view", []tp.Touch{page("a", "1", 0, "url=x.com"), at("b", "1", tp.KindVisit, 1, "url=x.com")}, nil, "a:1+b:1"},
		{"form and lead need no anchor", []tp.Touch{at("a", "1", tp.KindForm, 0, "url=x.com/contact"), at("b", "1", tp.KindLead, 200)}, nil, "a:1+b:1"},
		{"form and signup", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindSignup, 0)}, nil, "a:1 b:1"},
		{"own families", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindSignup, 0)}, &tp.TwinRules{Families: [][]tp.Kind{{tp.KindForm, tp.KindSignup}}}, "a:1+b:1"},
		{"families are not chained", []tp.Touch{at("a", "1", "x", 0), at("b", "1", "z", 0)}, &tp.TwinRules{Families: [][]tp.Kind{{"x", "y"}, {"y", "z"}}}, "a:1 b:1"},
		{"a click and its landing", []tp.Touch{at("a", "1", tp.KindClick, 0, "touchpoint=x"), page("b", "1", 1, "touchpoint=x")}, nil, "a:1 b:1"},
		{"a click and its landing of one campaign id", []tp.Touch{at("a", "1", tp.KindClick, 0, "touchpoint=x", "campaign=c1"), page("b", "1", 1, "touchpoint=x", "campaign=C1")}, nil, "a:1+b:1"},
		{"a click and its landing with one click id", []tp.Touch{at("a", "1", tp.KindClick, 0, "touchpoint=x", `click_ids={"gclid":"1"}`), page("b", "1", 1, "touchpoint=x", `click_ids={"fbclid":"2","gclid":"1"}`)}, nil, "a:1+b:1"},
		{"a click and its landing with other click ids", []tp.Touch{at("a", "1", tp.KindClick, 0, "touchpoint=x", `click_ids={"gclid":"1"}`), page("b", "1", 1, "touchpoint=x", `click_ids={"gclid":"2"}`)}, nil, "a:1 b:1"},
		{"orders of other numbers", []tp.Touch{at("a", "1", tp.KindOrder, 0, "order_id=1"), at("b", "1", tp.KindOrder, 0, "order_id=2")}, nil, "a:1 b:1"},
		{"orders of one number, tools disagree about tax and day", []tp.Touch{at("a", "1", tp.KindOrder, 0, "order_id=1", "value=100"), at("b", "1", tp.KindOrder, 6*86400, "order_id=1", "value=108")}, nil, "a:1+b:1"},
		{"orders of one number, over a week apart", []tp.Touch{at("a", "1", tp.KindOrder, 0, "order_id=1"), at("b", "1", tp.KindOrder, 7*86400+1, "order_id=1")}, nil, "a:1 b:1"},
		{"orders of one number, over a week apart, in a window of their own", []tp.Touch{at("a", "1", tp.KindOrder, 0, "order_id=1"), at("b", "1", tp.KindOrder, 8*86400, "order_id=1")},
			&tp.TwinRules{Window: map[tp.Kind]time.Duration{tp.KindOrder: 240 * time.Hour}}, "a:1+b:1"},
		{"orders of other values", []tp.Touch{at("a", "1", tp.KindOrder, 0, "value=100"), at("b", "1", tp.KindOrder, 0, "value=108")}, nil, "a:1 b:1"},
		{"stages that contradict", []tp.Touch{at("a", "1", tp.KindNote, 0, "stage=Won"), at("b", "1", tp.KindNote, 0, "stage=Lost")}, nil, "a:1 b:1"},
		{"stages that fold alike", []tp.Touch{at("a", "1", tp.KindNote, 0, "stage=Won"), at("b", "1", tp.KindNote, 0, "stage=won")}, nil, "a:1+b:1"},
		{"scores that contradict", []tp.Touch{at("a", "1", tp.KindReview, 0, `score={"score":1}`), at("b", "1", tp.KindReview, 0, `score={"score":2}`)}, nil, "a:1 b:1"},
		{"a planned meeting is a record, a demo is none", []tp.Touch{at("a", "1", tp.KindMeeting, 0, "outcome=planned"), at("b", "1", tp.KindDemo, 0)}, nil, "a:1 b:1"},
		{"meeting and demo", []tp.Touch{at("a", "1", tp.KindMeeting, 0), at("b", "1", tp.KindDemo, 890)}, nil, "a:1+b:1"},
		{"a day is a window", []tp.Touch{at("a", "1", tp.KindCall, 0, "at_precision=day"), at("b", "1", tp.KindCall, 86399)}, nil, "a:1+b:1"},
		{"a day begins with its first instant", []tp.Touch{at("a", "1", tp.KindCall, 0), at("b", "1", tp.KindCall, 0, "at_precision=day")}, nil, "a:1+b:1"},
		{"a day begins with its first instant in the second source", []tp.Touch{at("a", "1", tp.KindCall, 0, "at_precision=day"), at("b", "1", tp.KindCall, 0)}, nil, "a:1+b:1"},
		{"a day by its name in the second source", []tp.Touch{at("a", "1", tp.KindCall, 86399), at("b", "1", tp.KindCall, 0, "at_precision=day")}, nil, "a:1+b:1"},
		{"and the next day is not", []tp.Touch{at("a", "1", tp.KindCall, 86400), at("b", "1", tp.KindCall, 0, "at_precision=day")}, nil, "b:1 a:1"},
		{"the day before is not", []tp.Touch{at("a", "1", tp.KindCall, 0, "at_precision=day"), at("b", "1", tp.KindCall, -1)}, nil, "b:1 a:1"},
		{"the day after is not", []tp.Touch{at("a", "1", tp.KindCall, 0, "at_precision=day"), at("b", "1", tp.KindCall, 86400)}, nil, "a:1 b:1"},
		{"own window", []tp.Touch{at("a", "1", "walk", 0), at("b", "1", "walk", 90)}, &tp.TwinRules{Window: map[tp.Kind]time.Duration{"walk": 2 * time.Minute}}, "a:1+b:1"},
		{"three sources", []tp.Touch{at("c", "1", tp.KindForm, 2), at("b", "1", tp.KindForm, 1), at("a", "1", tp.KindForm, 0)}, nil, "a:1+b:1+c:1"},
		{"rank", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindForm, 1)}, &tp.TwinRules{Rank: []string{"z", "b"}}, "b:1+a:1"},
		{"never", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindForm, 1)}, &tp.TwinRules{Never: [][2]tp.Key{{{"b", "1"}, {"a", "1"}}}}, "a:1 b:1"},
		{"never by way of a third", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindForm, 1), at("c", "1", tp.KindForm, 2)}, &tp.TwinRules{Never: [][2]tp.Key{{{"b", "1"}, {"c", "1"}}}}, "a:1+b:1 c:1"},
		{"same", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindOrder, 9999)}, &tp.TwinRules{Same: [][2]tp.Key{{{"b", "1"}, {"a", "1"}}}}, "a:1+b:1"},
		{"same goes first", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindForm, 0), at("b", "2", tp.KindForm, 100)}, &tp.TwinRules{Same: [][2]tp.Key{{{"b", "2"}, {"a", "1"}}}}, "a:1+b:2 b:1"},
		{"same of one source or of unknown keys", []tp.Touch{at("a", "1", tp.KindForm, 0), at("a", "2", tp.KindForm, 0)}, &tp.TwinRules{Same: [][2]tp.Key{{{"a", "2"}, {"a", "1"}}, {{"a", "1"}, {"b", "9"}}, {{"a", "1"}, {"a", "1"}}}}, "a:1 a:2"},
		{"same as a key that is not there", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindOrder, 9999)}, &tp.TwinRules{Same: [][2]tp.Key{{{"b", "1"}, {"c", "9"}}, {{"c", "8"}, {"b", "1"}}}}, "a:1 b:1"},
		{"same over three", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindOrder, 50), at("c", "1", tp.KindCall, 999), at("b", "2", tp.KindForm, 0)}, &tp.TwinRules{Same: [][2]tp.Key{{{"c", "1"}, {"b", "1"}}, {{"a", "1"}, {"c", "1"}}}}, "a:1+b:1+c:1 b:2"},
		{"off", []tp.Touch{at("a", "1", tp.KindForm, 0), at("b", "1", tp.KindForm, 0)}, &tp.TwinRules{Off: true}, "a:1 b:1"},
		{"none", nil, nil, ""},
	} {
		if got := groups(tp.Twins(c.touches, c.rules)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		slices.Reverse(c.touches)
		if got := groups(tp.Twins(c.touches, c.rules)); got != c.want {
			t.Errorf("%s, reversed: %s, want %s", c.name, got, c.want)
		}
	}
}

// Keys are told apart, and ordered, by the source and then by the id.
func TestTheOrderOfKeys(t *testing.T) {
	want := []tp.Key{{"", "b"}, {"a", ""}, {"a", "1"}, {"a", "10"}, {"a", "2"}, {"b", "1"}}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, tp.Key.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMergedView(t *testing.T) {
	a := twinTouch("a", "1", tp.KindForm, 0, "channel=Direct", "url=x.com/contact", "title=Contact", "plan=pro")
	b := twinTouch("b", "1", tp.KindLead, 1.25, "channel=Paid Search", "touchpoint=Contact form", "url=x.com/contact", "plan=free",
		"lang=ja", "email=a@b.co", "value=12", "stage=MQL", "at_original=2026-01-01T00:00:00Z")
	b.Cost = tp.Money{Minor: 5, Currency: currency("USD")}
	c := twinTouch("c", "1", tp.KindForm, 2, "channel=Email", "value=99")
	tw := tp.Twins([]tp.Touch{a, b, c}, nil)
	if len(tw) != 2 { // c contradicts the value that b brought
		t.Fatal(groups(tw))
	}
	want := `{"source":"a","id":"1","at":"2026-04-01T09:00:00Z","kind":"form","channel":"Paid Search","touchpoint":"Contact form",` +
		`"ids":[{"type":"email","value":"a@b.co"},{"type":"user_id","value":"u"}],"direction":"inbound","cost":"0.05","value":"12.00","currency":"USD","stage":"MQL",` +
		`"props":{"lang":"ja","plan":"pro","title":"Contact","url":"x.com/contact"}}`
	if got := canonical(tw[0].Touch); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if len(tw[0].Why) != 1 || tw[0].Why[0] != "form: same url, 1.25 s apart" {
		t.Error(tw[0].Why)
	}
	if canonical(a) != canonical(twinTouch("a", "1", tp.KindForm, 0, "channel=Direct", "url=x.com/contact", "title=Contact", "plan=pro")) {
		t.Error("the input was changed")
	}
	day := twinTouch("b", "2", tp.KindCall, 60, "at_precision=day", "note=x")
	if tw := tp.Twins([]tp.Touch{twinTouch("a", "2", tp.KindCall, 120), day}, nil); len(tw) != 1 || tw[0].Touch.Props.JSON() != `{"note":"x"}` {
		t.Error("the precision of another's time was taken over")
	}
	direct := twinTouch("a", "3", tp.KindForm, 0, "channel=Direct")
	if tw := tp.Twins([]tp.Touch{direct, twinTouch("b", "3", tp.KindForm, 0, "channel=Unassigned")}, nil); tw[0].Touch.Channel != tp.ChannelDirect {
		t.Error(tw[0].Touch.Channel)
	}
	x, y := clean(), clean()
	y.Source, y.Campaign = "zzz", tp.Campaign{Source: "bing", Term: "shoes"}
	if got := tp.Twins([]tp.Touch{x, y}, nil); len(got) != 1 || got[0].Touch.Campaign != x.Campaign {
		t.Error("halves of two campaigns make a third one")
	}
	y.Campaign = tp.Campaign{Source: "Newsletter", Term: "shoes"}
	if got := tp.Twins([]tp.Touch{x, y}, nil); got[0].Touch.Campaign.Term != "shoes" {
		t.Error("an empty field is not filled")
	}
}

// contacts draws what one person did and what tools a and b say of it: 30 page views over 5
// pages, with repeats inside the window.
func contacts(r *rand.Rand) (touches []tp.Touch, truth map[tp.Key]int) {
	truth = make(map[tp.Key]int)
	at, offset := 0.0, r.NormFloat64()*1.5
	means := []float64{4, 60, 3600}
	for i := range 30 {
		at += r.ExpFloat64() * means[r.IntN(3)]
		url := fmt.Sprintf("url=https://x.com/p%d", r.IntN(5))
		for _, tool := range []struct {
			name      string
			at, loses float64
		}{
			{"a", at + math.Abs(r.NormFloat64()*0.2), 0.03},
			{"b", at + offset + math.Abs(0.3+r.NormFloat64()*0.5), 0.07},
		} {
			if r.Float64() >= tool.loses {
				t := twinTouch(tool.name, fmt.Sprint(i), tp.KindPageview, tool.at, url)
				truth[t.Key()] = i
				touches = append(touches, t)
			}
		}
	}
	return touches, truth
}

func TestTwinBars(t *testing.T) {
	var found, right, real, sum, naive int
	var off, naiveOff float64
	for seed := range 300 {
		touches, truth := contacts(newRand(uint64(seed)))
		twins := tp.Twins(touches, nil)
		seen := map[int]int{}
		for _, i := range truth {
			seen[i]++
		}
		for _, n := range seen {
			if n == 2 {
				real++
			}
		}
		for _, tw := range twins {
			if len(tw.Members) == 2 {
				found++
				if truth[tw.Members[0]] == truth[tw.Members[1]] {
					right++
				}
			}
		}
		off += math.Abs(float64(len(twins)-len(seen))) / float64(len(seen))
		// What others do: drop what looks alike within the window.
		slices.SortFunc(touches, tp.Compare)
		last, kept := map[string]time.Time{}, 0
		for _, touch := range touches {
			url, _ := touch.Props.Text("url")
			if l, ok := last[url]; !ok || touch.At.Sub(l) > 10*time.Second {
				kept++
				last[url] = touch.At
			}
		}
		naive += kept
		naiveOff += math.Abs(float64(kept-len(seen))) / float64(len(seen))
		sum += len(seen)
	}
	precision, recall := float64(right)/float64(found), float64(right)/float64(real)
	off, naiveOff = off/300, naiveOff/300
	t.Logf("precision %.4f, recall %.4f, error of the number of contacts %.4f; by dropping repeats %.4f (%.0f×)",
		precision, recall, off, naiveOff, naiveOff/off)
	if !(precision >= 0.98 && recall >= 0.98 && off <= 0.005) {
		t.Error("twins miss their bars")
	}
	if !(naiveOff > 0.05 && naiveOff >= 10*off) {
		t.Error("the data do not show what one-to-one matching is for")
	}
}

// randomTwins draws touches of up to three sources with the facets that matter.
func randomTwins(r *rand.Rand, n int) []tp.Touch {
	kinds := []tp.Kind{tp.KindPageview, tp.KindVisit, tp.KindForm, tp.KindLead, tp.KindOrder, tp.KindCall, tp.KindNote, tp.KindClick}
	words := []string{"url=x.com/1", "url=x.com/2", "touchpoint=P", "touchpoint=Q", "order_id=1", "order_id=2", "value=5", "value=6",
		"stage=S", "event=e", "campaign=c", "at_precision=day", "title=T"}
	var out []tp.Touch
	for i := range n {
		var ws []string
		for range r.IntN(4) {
			ws = append(ws, pick(r, words))
		}
		out = append(out, twinTouch(pick(r, []string{"a", "b", "c"}), fmt.Sprint(i), pick(r, kinds[:1+r.IntN(len(kinds))]),
			float64(r.IntN(20))*pick(r, []float64{1, 1, 5, 100}), ws...))
	}
	return out
}

func printTwins(twins []tp.Twin) string {
	var b strings.Builder
	for _, tw := range twins {
		b.Write(tw.Touch.AppendJSON(nil))
		fmt.Fprintln(&b, tw.Members, tw.Why)
	}
	return b.String()
}

func TestT13TwinsPartitionTheInput(t *testing.T) {
	r := newRand(13)
	for range rounds(1500) {
		touches := randomTwins(r, 1+r.IntN(14))
		rules := &tp.TwinRules{Rank: []string{"b"}}
		twins := tp.Twins(touches, rules)
		count := map[string]int{}
		seen := map[tp.Key]bool{}
		for _, tw := range twins {
			sources := map[string]bool{}
			for _, k := range tw.Members {
				if seen[k] || sources[k.Source] {
					t.Fatalf("%s: a key twice, or a source twice in a twin", groups(twins))
				}
				seen[k], sources[k.Source] = true, true
			}
			if tw.Touch.Key() != tw.Members[0] || len(tw.Why) != len(tw.Members)-1 {
				t.Fatal("the first member is not the view's")
			}
		}
		most := 0
		for _, touch := range touches {
			count[touch.Source]++
			most = max(most, count[touch.Source])
		}
		if len(seen) != len(touches) || len(twins) < most {
			t.Fatalf("%d of %d touches, %d twins, %d of one source", len(seen), len(touches), len(twins), most)
		}
		if !slices.IsSortedFunc(twins, func(a, b tp.Twin) int { return tp.Compare(a.Touch, b.Touch) }) {
			t.Fatal("not in order")
		}
		want := printTwins(twins)
		shuffled := slices.Clone(touches)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := printTwins(tp.Twins(shuffled, rules)); got != want {
			t.Fatalf("permuted:\n%s\n%s", want, got)
		}
		for i := range shuffled {
			shuffled[i].At = shuffled[i].At.Add(1234567 * time.Microsecond)
		}
		slices.SortFunc(shuffled, tp.Compare)
		if got := groups(tp.Twins(shuffled, rules)); got != groups(twins) {
			t.Fatalf("shifted: %s, was %s", got, groups(twins))
		}
		without := slices.DeleteFunc(slices.Clone(touches), func(t tp.Touch) bool { return t.Source == "c" })
		left := pairsWithout(twins, "c")
		if got := pairsWithout(tp.Twins(without, rules), "c"); count["a"] > 0 && count["b"] > 0 && !slices.Equal(got, left) {
			t.Fatalf("without the last source: %v, was %v", got, left)
		}
		alone := slices.DeleteFunc(slices.Clone(touches), func(t tp.Touch) bool { return t.Source != "a" })
		for _, tw := range tp.Twins(alone, rules) {
			if len(tw.Members) != 1 || tw.Why != nil {
				t.Fatal("one source alone has twins")
			}
		}
	}
}

func TestTwinExceptionsKeepThePartition(t *testing.T) {
	r := newRand(15)
	for range rounds(1000) {
		touches := randomTwins(r, 2+r.IntN(10))
		rules := &tp.TwinRules{Rank: []string{"c"}}
		for range r.IntN(4) {
			pair := [2]tp.Key{pick(r, touches).Key(), pick(r, touches).Key()}
			if r.IntN(2) == 0 {
				rules.Same = append(rules.Same, pair)
			} else {
				rules.Never = append(rules.Never, pair)
			}
		}
		twins := tp.Twins(touches, rules)
		in := map[tp.Key]int{}
		for i, tw := range twins {
			sources := map[string]bool{}
			for _, k := range tw.Members {
				if _, ok := in[k]; ok || sources[k.Source] {
					t.Fatalf("%s: a key or a source twice", groups(twins))
				}
				in[k], sources[k.Source] = i, true
			}
		}
		if len(in) != len(touches) {
			t.Fatal("a touch was lost")
		}
		for _, p := range rules.Never {
			if p[0] != p[1] && in[p[0]] == in[p[1]] {
				t.Fatalf("%s: %v are together", groups(twins), p)
			}
		}
		if len(rules.Same) == 1 && len(rules.Never) == 0 {
			if p := rules.Same[0]; p[0].Source != p[1].Source && in[p[0]] != in[p[1]] {
				t.Fatalf("%s: %v are apart", groups(twins), p)
			}
		}
		want := printTwins(twins)
		r.Shuffle(len(touches), func(i, j int) { touches[i], touches[j] = touches[j], touches[i] })
		slices.Reverse(rules.Same)
		if got := printTwins(tp.Twins(touches, rules)); got != want {
			t.Fatalf("permuted:\n%s\n%s", want, got)
		}
	}
}

func pairsWithout(twins []tp.Twin, source string) (out []string) {
	for _, tw := range twins {
		ks := slices.DeleteFunc(slices.Clone(tw.Members), func(k tp.Key) bool { return k.Source == source })
		if len(ks) > 1 {
			out = append(out, fmt.Sprint(ks))
		}
	}
	slices.Sort(out)
	return out
}

// bestPairs finds by trying all: the most order-preserving pairs within the window, then
// the least sum of distances, then the first ones.
func bestPairs(a, b []tp.Touch, window time.Duration) string {
	type result struct {
		pairs [][2]int
		cost  time.Duration
	}
	var best result
	better := func(x, y result) bool {
		if c := cmp.Or(len(y.pairs)-len(x.pairs), int(x.cost-y.cost)); c != 0 {
			return c < 0
		}
		return slices.CompareFunc(x.pairs, y.pairs, func(p, q [2]int) int { return cmp.Or(p[0]-q[0], p[1]-q[1]) }) < 0
	}
	var try func(i, j int, r result)
	try = func(i, j int, r result) {
		if better(r, best) {
			best = result{slices.Clone(r.pairs), r.cost}
		}
		for x := i; x < len(a); x++ {
			for y := j; y < len(b); y++ {
				if d := a[x].At.Sub(b[y].At).Abs(); d <= window {
					try(x+1, y+1, result{append(slices.Clone(r.pairs), [2]int{x, y}), r.cost + d})
				}
			}
		}
	}
	try(0, 0, result{})
	var out []string
	for _, p := range best.pairs {
		out = append(out, a[p[0]].ID+"+"+b[p[1]].ID)
	}
	return strings.Join(out, " ")
}

func TestT14MatchingEqualsBruteForce(t *testing.T) {
	r := newRand(14)
	for range rounds(4000) {
		var sides [2][]tp.Touch
		n := 1 + r.IntN(6)
		for i := range n {
			s := r.IntN(2)
			sides[s] = append(sides[s], twinTouch([]string{"a", "b"}[s], fmt.Sprint(i), tp.KindPageview, float64(r.IntN(14))*2.5, "url=x.com"))
		}
		for _, side := range sides {
			slices.SortFunc(side, tp.Compare)
		}
		var got []string
		for _, tw := range tp.Twins(slices.Concat(sides[0], sides[1]), nil) {
			if len(tw.Members) == 2 {
				got = append(got, tw.Members[0].ID+"+"+tw.Members[1].ID)
			}
		}
		if want := bestPairs(sides[0], sides[1], 10*time.Second); strings.Join(got, " ") != want {
			t.Fatalf("%v, want %s", got, want)
		}
	}
}

func TestAFloodOfEqualTouchesStaysNearLinear(t *testing.T) {
	const n = 50_000
	touches := make([]tp.Touch, 0, 2*n)
	for i := range n {
		for _, s := range []string{"a", "b"} {
			touches = append(touches, tp.Touch{Source: s, ID: fmt.Sprint(i), Kind: tp.KindPageview, At: time.Unix(1e9, 0), Touchpoint: "P"})
		}
	}
	if steps := tp.TwinSteps(touches); steps > 10*n {
		t.Errorf("%d comparisons for %d touches", steps, 2*n)
	}
	for i := range touches { // nothing is eligible
		touches[i].Stage = touches[i].Source
	}
	if steps := tp.TwinSteps(touches); steps > 10*n {
		t.Errorf("%d comparisons for %d touches that are no twins", steps, 2*n)
	}
}

func TestHostPath(t *testing.T) {
	for url, want := range map[string]string{
		"https://x.com/p?q=1#f": "x.com/p", "x.com": "x.com", "x.com/": "x.com", "http://me:pw@x.com:8080/a/b/": "x.com/a/b",
		"x.com/a@b:c": "x.com/a@b:c", "https://[::1]/p": "[::1]/p", "https://[::1]:80/p": "[::1]/p", "//x.com/p": "x.com/p",
		"": "", "?": "", "https://x.com?u=a/b": "x.com", "https://": "",
	} {
		if got := tp.HostPath(url); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}
