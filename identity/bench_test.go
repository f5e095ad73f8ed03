package identity_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// shop is touches of a shop: people with some devices, an address, and a user id late.
func shop(n int) []identity.Sighting {
	r := rand.New(rand.NewPCG(1, 1))
	out := make([]identity.Sighting, n)
	for i := range out {
		p := r.IntN(n/8 + 1)
		s := identity.Sighting{Ref: identity.Ref{Source: "web", ID: fmt.Sprint(i)}, At: day(1, 1).Add(time.Duration(r.IntN(1e9)) * time.Millisecond)}
		s.IDs = append(s.IDs, identity.MakeID(identity.AnonymousID, fmt.Sprintf("anon-%d-%d", p, r.IntN(3))))
		switch r.IntN(6) {
		case 0:
			s.IDs = append(s.IDs, identity.MakeID(identity.Email, fmt.Sprintf("p%d@example.com", p)))
		case 1:
			s.IDs = append(s.IDs, identity.MakeID(identity.UserID, fmt.Sprintf("user-%d", p)))
		}
		out[i] = s
	}
	return out
}

func BenchmarkSee(b *testing.B) {
	touches := shop(100_000)
	b.ReportAllocs()
	for b.Loop() {
		new(identity.Graph).See(touches...)
	}
}

func BenchmarkResolve(b *testing.B) {
	g := new(identity.Graph)
	g.See(shop(100_000)...)
	b.ReportAllocs()
	for b.Loop() {
		g.Resolve(time.Time{})
	}
}

func BenchmarkOwner(b *testing.B) {
	g := new(identity.Graph)
	touches := shop(100_000)
	g.See(touches...)
	r := g.Resolve(time.Time{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Owner(touches[i%len(touches)])
		i++
	}
}
