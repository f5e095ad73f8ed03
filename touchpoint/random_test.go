package touchpoint_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

// rounds returns how often a property is tried: n, or twenty times that with TABI_LONG=1,
// or a tenth with -short.
func rounds(n int) int {
	if os.Getenv("TABI_LONG") == "1" {
		return 20 * n
	}
	if testing.Short() {
		return n / 10
	}
	return n
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

var (
	someKinds = []tp.Kind{tp.KindPageview, tp.KindMeeting, tp.KindOrder, tp.KindEmailSent, tp.KindLetter,
		tp.KindComplaint, tp.KindCall, tp.KindNote, "made_up", tp.KindForm}
	someNames = []string{"", "Pricing page", "価格ページ", " padded\tname ", "ﾃﾞﾓ", "=1+1", "'=x", "a,b", `say "hi"`,
		"two\nlines", "(not set)", "Ｅメール", "newsletter", "-5", "\u200bx", "é", "line", "Direct", "@x", "''", "'"}
	someValues = []string{"u-1", "a|b", `a\b`, `a\|`, "ann@example.com", "=cmd", "'=cmd", "日本", "x,y", `"q"`, "null", " 'x'"}
	someTexts  = []string{"", "x", "null", "NaN", "undefined", "日本語", `q"\`, "a\tb\nc", "\u0001", "0", "\u2028", "=1"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// randomProps returns props with up to five members, nested, with nulls among them.
func randomProps(r *rand.Rand) tp.Props {
	var p tp.Props
	for range r.IntN(6) {
		key := pick(r, []string{"a", "b", "ö", "k\"", "outcome", "z\n", "person"})
		switch r.IntN(5) {
		case 0:
			p = p.SetText(key, pick(r, someTexts))
		case 1:
			p = p.SetBool(key, r.IntN(2) == 0)
		case 2:
			p, _ = p.SetNumber(key, pick(r, []string{"0", "-0", "1.50", "1e3", "-2.5E-3", "123456789012345678901234567890"}))
		case 3:
			p, _ = p.SetRaw(key, pick(r, []string{`{}`, `[]`, `[null,1,{"x":""}]`, `{"b":1,"a":[true]}`, `null`, `[[],[0]]`}))
		case 4:
			p, _ = p.SetRaw(key, fmt.Sprintf(`{"v":%d,"w":{"y":"t","x":null}}`, r.IntN(9)))
		}
	}
	return p
}

// randomTouch returns a touch as a host could build it, not yet normalised; some of them
// cannot be normalised.
func randomTouch(r *rand.Rand) tp.Touch {
	t := tp.Touch{
		Source: pick(r, []string{"web", "crm", "=s", "日"}),
		ID:     pick(r, []string{"", "1", "=2", "'=2", "a\"b", "x y"}),
		At: time.Unix(r.Int64N(4e9), r.Int64N(1e9)).In(pick(r, []*time.Location{time.UTC,
			time.FixedZone("", 9*3600), time.FixedZone("", -12600)})),
		Kind:       pick(r, someKinds),
		Channel:    tp.Channel(pick(r, someNames)),
		Touchpoint: pick(r, someNames),
		Direction:  tp.Direction(r.IntN(3)),
		Offline:    r.IntN(2) == 0,
		Stage:      pick(r, someNames),
		Redacted:   r.IntN(10) == 0,
		Props:      randomProps(r),
	}
	if r.IntN(3) == 0 {
		t.Campaign = tp.Campaign{Source: pick(r, someNames), Medium: pick(r, someNames), Name: pick(r, someNames),
			Term: pick(r, someNames), Content: pick(r, someNames), ID: pick(r, someNames)}
	}
	if r.IntN(2) == 0 {
		t.ReceivedAt = t.At.Add(time.Duration(r.Int64N(int64(time.Hour))))
	}
	if r.IntN(2) == 0 {
		t.Sentiment = tp.SentimentMilli(r.IntN(2001) - 1000)
	}
	c := pick(r, []tp.Currency{{'U', 'S', 'D'}, {'J', 'P', 'Y'}, {'k', 'w', 'd'}, {'U', 'Y', 'W'}})
	if r.IntN(3) == 0 {
		t.Cost = tp.Money{Minor: r.Int64N(1e6), Currency: c}
	}
	if r.IntN(3) == 0 {
		t.Value = tp.Money{Minor: r.Int64N(1e6), Currency: c}
	}
	types := []identity.Type{identity.UserID, identity.AnonymousID, identity.CRMDealID, identity.GroupID}
	for range 1 + r.IntN(5) {
		id, err := rules.ID(pick(r, types), pick(r, someValues))
		if err != nil {
			panic(err)
		}
		t.IDs = append(t.IDs, id)
	}
	return t
}

var rules = func() *identity.Rules { r := identity.DefaultRules(); return &r }()

// normalised returns n random touches that normalise.
func normalised(t *testing.T, r *rand.Rand, n int) []tp.Touch {
	t.Helper()
	var touches []tp.Touch
	for tries := 0; len(touches) < n; tries++ {
		if tries > 20*n+100 {
			t.Fatal("the generator makes too few good touches")
		}
		touch := randomTouch(r)
		if touch.Normalize(nil) == nil {
			touches = append(touches, touch)
		}
	}
	return touches
}

func canonical(t tp.Touch) string { return string(t.AppendJSON(nil)) }

func lines(touches []tp.Touch) string {
	var b strings.Builder
	for _, t := range touches {
		b.Write(append(t.AppendJSON(nil), '\n'))
	}
	return b.String()
}
