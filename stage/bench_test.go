package stage_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// stream is n touches of one person, as web and sales tools record them.
func stream(n int) []touchpoint.Touch {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := []touchpoint.Kind{"pageview", "pageview", "pageview", "click", "email_sent", "email_open", "email_click", "download",
		"webinar_attended", "search", "login", "ticket_opened", "meeting"}
	out := make([]touchpoint.Touch, n)
	at := date(1, 1)
	for i := range out {
		at = at.Add(time.Duration(r.IntN(12)) * time.Hour)
		out[i] = touchpoint.Touch{Source: "web", ID: fmt.Sprintf("%08d", i), At: at, Kind: kinds[r.IntN(len(kinds))],
			Channel: "Email", Touchpoint: "shop.example.com/",
			IDs: []identity.ID{identity.MakeID(identity.AnonymousID, "a-1"), identity.MakeID(identity.Email, "a@example.com")}}
		if i%3 == 0 {
			out[i].Props = out[i].Props.SetText("title", "A page").SetText("url", "https://shop.example.com/")
		}
	}
	return out
}

func BenchmarkFold(b *testing.B) {
	m := stage.LeadToRevenue()
	p, err := m.Plan()
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{20, 1000} {
		touches := stream(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Fold(touches, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/touch")
		})
	}
}

func BenchmarkPlan(b *testing.B) {
	m := stage.LeadToRevenue()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Plan(); err != nil {
			b.Fatal(err)
		}
	}
}

// visitsOf is a history of n visits that go up and down.
func visitsOf(tb testing.TB, n int) (stage.History, []touchpoint.Touch, *stage.Plan) {
	m := stage.LeadToRevenue()
	p, err := m.Plan()
	if err != nil {
		tb.Fatal(err)
	}
	touches := make([]touchpoint.Touch, n)
	for i := range touches {
		touches[i] = touchpoint.Touch{Source: "crm", ID: fmt.Sprintf("%08d", i), At: date(1, 1).Add(time.Duration(i) * time.Hour),
			Kind: "stage_change", Stage: []string{"sql", "mql"}[i%2]}
	}
	h, err := p.Fold(touches, nil)
	if err != nil || len(h.Visits) != n {
		tb.Fatal(len(h.Visits), err)
	}
	return h, touches, p
}

func BenchmarkVisits(b *testing.B) {
	_, touches, p := visitsOf(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Fold(touches, nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/visit")
}

func BenchmarkAsOf(b *testing.B) {
	h, _, _ := visitsOf(b, 10000)
	b.ReportAllocs()
	for b.Loop() {
		h.AsOf(date(3, 1))
	}
}

func BenchmarkAccount(b *testing.B) {
	h, _, p := visitsOf(b, 1000)
	var members []stage.Member
	for i := range 10 {
		members = append(members, stage.Member{Subject: fmt.Sprint("p", i), Role: "champion", History: h})
	}
	for name, policy := range map[string]stage.Policy{"max": stage.Max{}, "quorum": stage.Quorum{}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.FoldAccount(members, policy, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*10*1000), "ns/move")
		})
	}
}
