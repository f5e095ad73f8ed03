package simulate

import (
	"hash/fnv"
	"math/rand/v2"
)

// A component is the hashed name of something that can happen to a person. Each has a
// stream of its own, and a stream gives a fixed number of draws a step, used or not: so
// nothing that is switched on, off or added moves the draws of anything else.
type component uint64

func componentOf(name string) component {
	h := fnv.New64a()
	h.Write([]byte(name))
	return component(h.Sum64())
}

func componentsOf(what string, channels []Channel) []component {
	cs := make([]component, len(channels))
	for i, c := range channels {
		cs[i] = componentOf(what + "/" + c.Name)
	}
	return cs
}

// A stream is one generator that is set to the stream of a person and component at a time.
type stream struct {
	seed uint64
	pcg  rand.PCG
	rand *rand.Rand // over pcg
	used int        // draws taken since open
}

func newStream(seed uint64) *stream {
	s := &stream{seed: seed}
	s.rand = rand.New(&s.pcg)
	return s
}

// open sets s to the stream of (component, i).
func (s *stream) open(c component, i int) *stream {
	s.pcg.Seed(s.seed, mix(uint64(c)+0x9E3779B97F4A7C15*uint64(i+1)))
	s.used = 0
	return s
}

// mix is the finaliser of SplitMix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// uniform draws from [0, 1).
func (s *stream) uniform() float64 { return float64(s.pcg.Uint64()>>11) * 0x1p-53 }

// at skips to the draws of a step, of which there are per each. Steps must be asked for
// in rising order.
func (s *stream) at(step, per int) *stream {
	for ; s.used < step*per; s.used++ {
		s.pcg.Uint64()
	}
	s.used += per // the caller takes all of them
	return s
}

// fill draws one number for each place.
func (s *stream) fill(u []float64) {
	for i := range u {
		u[i] = s.uniform()
	}
}
