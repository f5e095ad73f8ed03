package simulate_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

const day = 24 * time.Hour

// long is true where the big counts of the specification are wanted.
var long = os.Getenv("TABI_LONG") != ""

// seeds counts to n by default, to the twenty of the specification if long.
func seeds(n uint64) uint64 {
	switch {
	case long:
		return 20
	case testing.Short():
		return 1
	}
	return n
}

// few is n, and an eighth of it with -short.
func few(n int) int {
	if testing.Short() {
		return n / 8
	}
	return n
}

func scenario(t testing.TB, name string) simulate.World {
	t.Helper()
	w, err := simulate.Scenario(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func run(t testing.TB, w simulate.World, seed uint64, users, days int) *simulate.Population {
	t.Helper()
	p, err := w.Run(seed, users, days)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// line writes all of a touch.
func line(tp touchpoint.Touch) string {
	s := fmt.Sprint(tp.Source, " ", tp.ID, " ", tp.At.Unix(), " ", tp.ReceivedAt.Unix(), " ", tp.Kind, " ", tp.Channel, " ", tp.Touchpoint, " ",
		tp.Campaign, " ", tp.Cost.Minor, " ", tp.Value.Minor, tp.Value.Currency, " ", tp.Stage, " ", tp.Props.JSON())
	for _, id := range tp.IDs {
		s += fmt.Sprint(" ", id.Type(), "=", id.Value())
	}
	return s
}

// digest hashes all touches, in order.
func digest(p *simulate.Population) string {
	h := fnv.New64a()
	for tp := range p.Touches() {
		fmt.Fprintln(h, line(tp))
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// people collects the persons, without the numbers of records, which depend on how many
// others there are.
func people(p *simulate.Population) []simulate.Person {
	var ps []simulate.Person
	for person := range p.People() {
		person.Cause.Touch = touchpoint.Key{}
		ps = append(ps, person)
	}
	return ps
}

// worlds calls f with random worlds, each under its own name.
func worlds(t *testing.T, f func(t *testing.T, w simulate.World, seed uint64, users, days int)) {
	t.Parallel()
	n := few(100)
	if long {
		n = 2000
	}
	for i := range n {
		r := rand.New(rand.NewPCG(uint64(i), 77))
		w := randomWorld(r)
		users, days := r.IntN(60), 1+r.IntN(40)
		if long {
			users = r.IntN(300)
		}
		if !t.Run(fmt.Sprint(i), func(t *testing.T) { f(t, w, uint64(i), users, days) }) {
			t.Logf("%+v", w)
			return
		}
	}
}

// randomWorld draws an additive world without loss, in which no channel does harm.
func randomWorld(r *rand.Rand) simulate.World {
	kinds := []touchpoint.Kind{touchpoint.KindImpression, touchpoint.KindClick, touchpoint.KindEmailClick}
	w := simulate.World{Base: .02 * r.Float64(), Gamma: r.Float64(), Proxy: r.Float64()}
	for c := range r.IntN(7) {
		w.Channels = append(w.Channels, simulate.Channel{
			Name: string(rune('A' + c)), Kind: kinds[r.IntN(3)], Mu: .3 * r.Float64(), Rho: r.Float64(),
			Beta: max(0, .1*r.Float64()-.03), Tau: time.Duration(1+r.IntN(10)) * day / 2, Cost: "0.02",
		})
	}
	if r.IntN(3) == 0 {
		w.Step = time.Hour * time.Duration(1+r.IntN(23))
	}
	if r.IntN(3) == 0 {
		w.Personas = []simulate.Persona{{Name: "x", Share: 1}, {Name: "y", Share: 2, Base: 3, Sigma: .1}}
	}
	if r.IntN(2) == 0 {
		w.Stages = &simulate.Stages{Engage: .1, Warm: .2, Cool: 3 * day, Told: .5}
	}
	if n := len(w.Channels); n > 1 {
		w.Excite = map[[2]string]float64{}
		for range r.IntN(4) {
			w.Excite[[2]string{w.Channels[r.IntN(n)].Name, w.Channels[r.IntN(n)].Name}] = .3 * r.Float64()
		}
	}
	return w
}

// observed switches on every part of the observation layer.
func observed(w simulate.World) simulate.World {
	w.Observe = simulate.Observe{
		Loss: .1, Fragment: .5, Login: .8, Email: .5, Shared: .1, Duplicate: .2, Skew: time.Hour, Late: .1, Mislabel: .1, Dirty: .2,
	}
	return w
}

// without switches a channel off.
func without(w simulate.World, c int) simulate.World {
	w.Channels = append([]simulate.Channel(nil), w.Channels...)
	w.Channels[c].Off = true
	return w
}
