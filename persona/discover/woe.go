package discover

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/internal/num"
)

// counts are won and lost rows by level.
type counts struct {
	won, lost    []int
	wins, losses int
}

func newCounts(levels int) counts { return counts{won: make([]int, levels), lost: make([]int, levels)} }

func (c *counts) add(level int, won bool) {
	if won {
		c.won[level]++
		c.wins++
	} else {
		c.lost[level]++
		c.losses++
	}
}

// without returns the counts of the rows that are not in part.
func (c *counts) without(part counts) counts {
	rest := newCounts(len(c.won))
	for i := range c.won {
		rest.won[i], rest.lost[i] = c.won[i]-part.won[i], c.lost[i]-part.lost[i]
	}
	rest.wins, rest.losses = c.wins-part.wins, c.losses-part.losses
	return rest
}

// woe returns the weight of evidence of each level: ln((a/W)/(b/L)), with half a row more
// of each where one of them is 0, and 0 for a level without rows.
func (c *counts) woe() []float64 {
	seen := 0.
	for i := range c.won {
		if c.won[i]+c.lost[i] > 0 {
			seen++
		}
	}
	woe := make([]float64, len(c.won))
	for i := range woe {
		a, b, wins, losses := float64(c.won[i]), float64(c.lost[i]), float64(c.wins), float64(c.losses)
		switch {
		case a+b == 0:
			continue
		case a == 0 || b == 0:
			a, b, wins, losses = a+.5, b+.5, wins+seen/2, losses+seen/2
		}
		woe[i] = num.Log((a / wins) / (b / losses))
	}
	return woe
}

func (c *counts) informationValue(woe []float64) float64 {
	iv := 0.
	for i, w := range woe {
		iv += float64((float64(c.won[i])/float64(c.wins) - float64(c.lost[i])/float64(c.losses)) * w)
	}
	return iv
}

// crossFit returns the information value where each row is weighed by the evidence of the
// other folds alone, and its standard error. In all rows at once it would be IV, so the
// difference is what IV flatters.
func crossFit(all counts, parts []counts) (iv, se float64) {
	scores := make([][]float64, len(parts))
	var won, lost float64
	for f, part := range parts {
		rest := all.without(part)
		scores[f] = rest.woe()
		for i, s := range scores[f] {
			won += float64(float64(part.won[i]) * s)
			lost += float64(float64(part.lost[i]) * s)
		}
	}
	wins, losses := float64(all.wins), float64(all.losses)
	won /= wins
	lost /= losses
	var spreadWon, spreadLost float64
	for f, part := range parts {
		for i, s := range scores[f] {
			spreadWon += float64(float64(part.won[i]) * float64((s-won)*(s-won)))
			spreadLost += float64(float64(part.lost[i]) * float64((s-lost)*(s-lost)))
		}
	}
	return won - lost, math.Sqrt(spreadWon/(wins-1)/wins + spreadLost/(losses-1)/losses)
}

// bandOf is the usual rule of thumb (N. Siddiqi, Credit Risk Scorecards, 2006).
func bandOf(iv float64) string {
	switch {
	case iv < .02:
		return "none"
	case iv < .1:
		return "weak"
	case iv < .3:
		return "medium"
	case iv < .5:
		return "strong"
	}
	return "suspicious"
}

// deal deals the rows of each class into folds, in turn, in the order of SHA-256 of the
// seed (eight bytes, big-endian) and the ID.
func (s *sample) deal(seed uint64) {
	s.fold = make([]int, len(s.rows))
	hash := make([]string, len(s.rows))
	order := make([]int, len(s.rows))
	for i, r := range s.rows {
		sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), r.id...))
		hash[i], order[i] = string(sum[:]), i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(hash[a], hash[b]) })
	next := map[bool]int{}
	for _, i := range order {
		s.fold[i] = next[s.won[i]] % folds
		next[s.won[i]]++
	}
}
