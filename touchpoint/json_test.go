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
