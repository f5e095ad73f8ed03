package attribution

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
)

// A bootstrap draws how often each row of a canonical set counts in a replicate: Poisson
// weights, one a subject, else one a journey. A draw is a pure function of the seed, the
// replicate, the content of the row and the outcome; order and sharding cannot matter.
type bootstrap struct {
	js   *Journeys
	seed uint64
	hash []uint64 // of each row: its subject, else its content
}

func newBootstrap(js *Journeys, seed uint64) *bootstrap {
	b := &bootstrap{js: js, seed: seed, hash: make([]uint64, js.rows())}
	var buf []byte
	for r := range b.hash {
		h := fnv.New64a()
		if s := js.subjects.at(r); s != 0 {
			h.Write([]byte(js.words.text(s)))
		} else {
			buf = js.appendContent(buf[:0], r)
			h.Write(buf)
		}
		b.hash[r] = mix(h.Sum64())
	}
	return b
}

// weights are the drawn conversions, nulls and open journeys of all rows in replicate rep;
// open may be nil.
func (b *bootstrap) weights(rep int, conversions, nulls, open []float64) {
	var src rand.PCG
	for r := range b.hash {
		c, n := b.js.conversions.at(r), b.js.nulls.at(r)
		if b.js.subjects.at(r) != 0 {
			k := b.draw(&src, rep, r, 0, 1)
			conversions[r], nulls[r] = float64(k*count(c)), float64(k*count(n))
			if open != nil {
				open[r] = float64(k * count(b.js.open.at(r)))
			}
			continue
		}
		conversions[r], nulls[r] = b.times(&src, rep, r, 1, c), b.times(&src, rep, r, 2, n)
		if open != nil {
			open[r] = b.times(&src, rep, r, 3, b.js.open.at(r))
		}
	}
}

// times draws for millionths of equal journeys: whole numbers are so many journeys, a
// fractional weight is one.
func (b *bootstrap) times(src *rand.PCG, rep, r int, outcome uint64, n int64) float64 {
	switch {
	case n == 0:
		return 0
	case n%million == 0:
		return b.draw(src, rep, r, outcome, float64(n/million))
	}
	return float64(b.draw(src, rep, r, outcome, 1) * count(n))
}

func (b *bootstrap) draw(src *rand.PCG, rep, r int, outcome uint64, mean float64) float64 {
	src.Seed(b.seed, mix(b.hash[r]+uint64(rep)*0x9E3779B97F4A7C15+outcome*0xD1B54A32D192ED03))
	return poisson(src, mean)
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// poisson draws by inversion up to a mean of 10, above by the transformed rejection of
// Hörmann (1993), PTRS.
func poisson(src *rand.PCG, mean float64) float64 {
	if mean <= 10 {
		u := uniform(src)
		p := num.Exp(-mean)
		if mean == 1 {
			p = 0.36787944117144233
		}
		k := 0.0
		for sum := p; u > sum && k < 100; sum += p {
			k++
			p = float64(p*mean) / k
		}
		return k
	}
	b := 0.931 + float64(2.53*math.Sqrt(mean))
	a := -0.059 + float64(0.02483*b)
	inv := 1.1239 + 1.1328/(b-3.4)
	vr := 0.9277 - 3.6224/(b-2)
	for {
		u, v := uniform(src)-0.5, uniform(src)
		us := 0.5 - math.Abs(u)
		k := math.Floor(float64((float64(2*a)/us+b)*u) + mean + 0.43)
		if us >= 0.07 && v <= vr {
			return k
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		if num.Log(v)+num.Log(inv)-num.Log(a/float64(us*us)+b) <= float64(k*num.Log(mean))-mean-num.Lgamma(k+1) {
			return k
		}
	}
}

// uniform is in (0, 1).
func uniform(src *rand.PCG) float64 { return (float64(src.Uint64()>>12) + 0.5) / (1 << 52) }

// replicates holds the credits of all replicates, a column a channel row.
type replicates struct{ conv, val [][]float64 }

func newReplicates(rows, reps int) *replicates {
	x := &replicates{make([][]float64, rows), make([][]float64, rows)}
	for i := range rows {
		x.conv[i], x.val[i] = make([]float64, reps), make([]float64, reps)
	}
	return x
}

// set writes percentile intervals and the pairs whose difference covers 0. The interval
// is widened to hold the estimate, which a skewed bootstrap may leave out.
func (x *replicates) set(r *Result, level float64) {
	r.Level = level
	for i := range r.Credits {
		c := &r.Credits[i]
		if c.N < 2 && !isRow(c.Channel) {
			c.Why = "n < 2"
			continue
		}
		a, b := spread(slices.Clone(x.conv[i]), level)
		c.Lo, c.Hi = min(a, c.Conversions), max(b, c.Conversions)
		a, b = spread(slices.Clone(x.val[i]), level)
		c.ValueLo, c.ValueHi = min(a, float64(c.Value)), max(b, float64(c.Value))
	}
	if len(r.Credits) > 0 && len(r.Credits) <= maxPairs {
		r.tieDrawn(level, x.conv)
	}
}

// spread are the percentiles between which the middle of v lies; v is sorted.
func spread(v []float64, level float64) (lo, hi float64) {
	slices.Sort(v)
	return num.Percentile(v, (1-level)/2), num.Percentile(v, 1-(1-level)/2)
}

// appendContent appends everything of row r but its counts.
func (js *Journeys) appendContent(b []byte, r int) []byte {
	x := js.row(r)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(x.subject)
	text(x.stratum)
	b = binary.AppendVarint(b, x.start)
	b = binary.AppendVarint(b, x.finish)
	b = binary.AppendUvarint(b, uint64(len(x.marks)))
	for _, m := range x.marks {
		text(m.name)
		b = binary.AppendVarint(b, m.pos)
	}
	for _, m := range x.changes {
		text(m.name)
		b = binary.AppendVarint(b, m.pos)
	}
	lo, hi := js.span(r)
	b = binary.AppendUvarint(b, uint64(hi-lo))
	for i := lo; i < hi; i++ {
		s := js.step(i)
		text(s.channel)
		b = binary.AppendVarint(b, s.age)
		b = append(b, byte(s.kind))
		text(s.source)
		text(s.id)
		text(s.actor)
		text(s.role)
		b = binary.AppendUvarint(b, math.Float64bits(s.weight))
		b = binary.AppendVarint(b, s.cost)
	}
	return b
}
