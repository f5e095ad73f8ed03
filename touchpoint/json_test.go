package touchpoint_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func TestDerivedIDVectors(t *testing.T) {
	for _, v := range vectors {
		got := parse(t, v.name)
		if got.ID != v.id || tp.DeriveID(got) != v.id {
			t.Errorf("derived id %s, want %s", got.ID, v.id)
		}
		want := strings.Replace(v.name, `","at"`, `","id":"`+v.id+`","at"`, 1)
		if s := string(got.AppendJSON(nil)); s != want {
			t.Errorf("canonical JSON\n%s, want\n%s", s, want)
		}
	}
}

func TestARedeliveryWithAnotherCorrectionIsTheSameTouch(t *testing.T) {
	plain := clean()
	first, second := plain, plain
	first.Props = plain.Props.SetText("at_original", "2026-04-01T18:00:00+09:00")
	second.Props = first.Props
	first.At, second.At = plain.At.Add(time.Minute), plain.At.Add(time.Hour)
	if a, b, c := tp.DeriveID(plain), tp.DeriveID(first), tp.DeriveID(second); a != b || b != c {
		t.Error(a, b, c)
	}
	if d := tp.Diff(first, second); d != nil {
		t.Error(d)
	}
	second.Props = plain.Props
	if d := tp.Diff(first, second); !slices.Equal(d, []string{"at", "props"}) {
		t.Error(d)
	}
}

func TestDiffNamesTheFields(t *testing.T) {
	a := clean()
	for field, edit := range map[string]func(*tp.Touch){
		"at": func(t *tp.Touch) { t.At = t.At.Add(1000) }, "campaign.content": func(t *tp.Touch) { t.Campaign.Content = "x" },
		"campaign.id": func(t *tp.Touch) { t.Campaign.ID = "x" }, "campaign.medium": func(t *tp.Touch) { t.Campaign.Medium = "x" },
		"campaign.name": func(t *tp.Touch) { t.Campaign.Name = "x" }, "campaign.source": func(t *tp.Touch) { t.Campaign.Source = "x" },
		"campaign.term": func(t *tp.Touch) { t.Campaign.Term = "x" }, "channel": func(t *tp.Touch) { t.Channel = "x" },
		"cost": func(t *tp.Touch) { t.Cost.Minor++ }, "currency": func(t *tp.Touch) { t.Cost.Currency = currency("USD") },
		"direction": func(t *tp.Touch) { t.Direction = 1 }, "id": func(t *tp.Touch) { t.ID = "x" }, "ids": func(t *tp.Touch) { t.IDs = t.IDs[:1] },
		"kind": func(t *tp.Touch) { t.Kind = "x" }, "offline": func(t *tp.Touch) { t.Offline = false }, "props": func(t *tp.Touch) { t.Props = tp.Props{} },
		"redacted": func(t *tp.Touch) { t.Redacted = true }, "sentiment": func(t *tp.Touch) { t.Sentiment = tp.Sentiment{} },
		"source": func(t *tp.Touch) { t.Source = "x" }, "stage": func(t *tp.Touch) { t.Stage = "x" }, "touchpoint": func(t *tp.Touch) { t.Touchpoint = "x" },
		"value": func(t *tp.Touch) { t.Value = tp.Money{Minor: 1, Currency: t.Cost.Currency} },
	} {
		b := clean()
		edit(&b)
		if got := tp.Diff(a, b); len(got) != 1 || got[0] != field {
			t.Errorf("%s: %v", field, got)
		}
	}
	b := clean()
	b.ReceivedAt = b.ReceivedAt.Add(time.Hour)
	if got := tp.Diff(a, b); got != nil {
		t.Error(got)
	}
	b.Stage, b.At = "", b.At.Add(time.Hour)
	if got := tp.Diff(a, b); !slices.Equal(got, []string{"at", "stage"}) {
		t.Error(got)
	}
}

func TestPropsChange(t *testing.T) {
	p := props(t, `{"b":1,"a":{"x":[1,2]},"c\\d\"":"\u00e9"}`)
	if want := `{"a":{"x":[1,2]},"b":1,"c\\d\"":"é"}`; p.JSON() != want {
		t.Fatal(p.JSON())
	}
	for _, c := range []struct {
		name, want string
		got        tp.Props
	}{
		{"another case of a key", `{"B":"x","a":{"x":[1,2]},"c\\d\"":"é"}`, p.SetText("B", "x")},
		{"first", `{"A":true,"b":1,"c\\d\"":"é"}`, p.SetBool("A", true)},
		{"escaped", `{"a":{"x":[1,2]},"b":1,"c\\d\"":false}`, p.SetBool(`c\d"`, false)},
		{"removed", `{"b":1}`, p.Remove("a").Remove(`c\d"`)},
		{"nothing removed", p.JSON(), p.Remove("x").Remove("B")},
		{"all removed", "", tp.Props{}.SetText("a", "").Remove("a")},
		{"key order by bytes", `{"!":"","\"":"","#":"","é":""}`, tp.Props{}.SetText("é", "").SetText("#", "").SetText(`"`, "").SetText("!", "")},
	} {
		if c.got.JSON() != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got.JSON(), c.want)
		}
		if c.got != (tp.Props{}) && props(t, c.got.JSON()) != c.got {
			t.Errorf("%s: not canonical", c.name)
		}
	}
	if s, ok := p.Text(`c\d"`); s != "é" || !ok {
		t.Error(s)
	}
	if raw, ok := p.Raw("a", "x"); raw != "[1,2]" || !ok {
		t.Error(raw)
	}
	if _, ok := p.Raw("b", "x"); ok {
		t.Error("a number has no members")
	}
	for _, bad := range []string{"", "1 2", "{", "\xff", `{"a":1,"A":2}`, "1e99", "NaN"} {
		if q, err := p.SetRaw("z", bad); reason(t, err) == "" || q != p {
			t.Errorf("SetRaw took %q", bad)
		}
		if q, err := p.SetNumber("z", bad); reason(t, err) != "props not_a_number" || q != p {
			t.Errorf("SetNumber took %q", bad)
		}
	}
	if b, err := (tp.Props{}).MarshalJSON(); string(b) != "{}" || err != nil {
		t.Error(string(b), err)
	}
}

func TestNumbersInPropsArePlain(t *testing.T) {
	for in, want := range map[string]string{"1": "1", "-0": "0", "-0.00": "0", "1.50": "1.5", "10": "10", "1e3": "1000", "1E+3": "1000", "12e-1": "1.2",
		"1.20e1": "12", "0e999": "0", "5e-3": "0.005", "-1e-2": "-0.01", "1e39": "1" + strings.Repeat("0", 39), "1.5e-38": "0." + strings.Repeat("0", 37) + "15",
		"100e-2": "1", "0.0e5": "0", "123.456e2": "12345.6"} {
		if p := props(t, `{"n":`+in+`}`); p.JSON() != `{"n":`+want+`}` {
			t.Errorf("%s: %s, want %s", in, p.JSON(), want)
		}
	}
	// What is over 64 bytes is no number, however little of it counts.
	long := "1." + strings.Repeat("0", tp.MaxNumber-2)
	if p, err := (tp.Props{}).SetNumber("n", long); err != nil || p.JSON() != `{"n":1}` {
		t.Errorf("%s: %s, %v", long, p.JSON(), err)
	}
	if _, err := (tp.Props{}).SetNumber("n", long+"0"); reason(t, err) != "props not_a_number" {
		t.Errorf("%s0: %v", long, err)
	}
	for _, in := range []string{"1e40", "1e-40", "1.5e-39", "1e99999999999999999999", "-1e-99999999999999999999"} {
		if _, err := tp.ParseProps([]byte(`{"n":` + in + `}`)); reason(t, err) != "props not_a_number" {
			t.Errorf("%s: %v", in, err)
		}
	}
}
