package audience

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Mix says how the members of a segment spread over channels or languages. Each member
// counts once.
type Mix struct {
	Members   int     // of whom the value is known
	Unknown   int     // of whom it is not
	Shares    []Share // the largest first
	Effective float64 // effective number of values, e^H of Shannon's entropy H; 0 without members
}

// A Share is how many members have a value, with the Wilson 95 % interval of their share
// among those known.
type Share struct {
	Value         string
	N             int
	Share, Lo, Hi float64
}

// Channels returns by which channel the members come. A member's channel is that of most
// of what they did (engaged touches up to the instant of the evaluation), of equal ones
// the first by name: one voice a person, or a few busy ones would speak for all.
// subjects are those that [Segment.Members] was given.
func (m Members) Channels(subjects iter.Seq2[string, persona.Fields]) Mix {
	return m.mix(subjects, m.channel)
}

// Languages returns which languages the members speak, by the field person.language.
// subjects are those that [Segment.Members] was given.
func (m Members) Languages(subjects iter.Seq2[string, persona.Fields]) Mix {
	return m.mix(subjects, func(f persona.Fields) string {
		v, _ := f.Field("person.language")
		return v.String()
	})
}

func (m Members) channel(f persona.Fields) string {
	counts := map[touchpoint.Channel]int{}
	seen := map[touchpoint.Key]bool{}
	best := touchpoint.Channel("")
	for t := range f.Touches() {
		bot, _ := t.Props.Bool("bot")
		if k := t.Key(); t.Channel == "" || bot || seen[k] || t.At.After(m.at) || !t.Engaged() {
			continue
		} else {
			seen[k] = true
		}
		counts[t.Channel]++
	}
	for _, c := range slices.Sorted(maps.Keys(counts)) {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return string(best)
}

func (m Members) mix(subjects iter.Seq2[string, persona.Fields], value func(persona.Fields) string) Mix {
	counts := map[string]int{}
	seen := map[string]bool{}
	for id, f := range subjects {
		if !seen[id] && m.Has(id) {
			seen[id] = true
			counts[value(f)]++
		}
	}
	x := Mix{Unknown: counts[""]}
	delete(counts, "")
	for _, n := range counts {
		x.Members += n
	}
	entropy := 0.0
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		s := Share{Value: v, N: counts[v], Share: float64(counts[v]) / float64(x.Members)}
		s.Lo, s.Hi = num.Wilson95(float64(s.N), float64(x.Members))
		entropy -= float64(s.Share * num.Log(s.Share))
		x.Shares = append(x.Shares, s)
	}
	slices.SortStableFunc(x.Shares, func(a, b Share) int { return cmp.Compare(b.N, a.N) })
	if x.Members > 0 {
		x.Effective = num.Exp(entropy)
	}
	return x
}
