// Package evidence measures how a division of rows into levels goes with their outcome:
// weight of evidence, information value and what is left of it in rows that were not
// asked, and the bins of a number.
package evidence

import (
	"math"

	"github.com/tabi-go/tabi/internal/num"
)

// Counts are won and lost rows by level.
type Counts struct {
	Won, Lost    []int
	Wins, Losses int
}

// NewCounts returns counts of so many levels.
func NewCounts(levels int) Counts { return Counts{Won: make([]int, levels), Lost: make([]int, levels)} }

// Add counts a row.
func (c *Counts) Add(level int, won bool) {
	if won {
		c.Won[level]++
		c.Wins++
	} else {
		c.Lost[level]++
		c.Losses++
	}
}

// Without returns the counts of the rows that are not in part.
func (c *Counts) Without(part Counts) Counts {
	rest := NewCounts(len(c.Won))
	for i := range c.Won {
		rest.Won[i], rest.Lost[i] = c.Won[i]-part.Won[i], c.Lost[i]-part.Lost[i]
	}
	rest.Wins, rest.Losses = c.Wins-part.Wins, c.Losses-part.Losses
	return rest
}

// WoE returns the weight of evidence of each level: ln((a/W)/(b/L)), with half a row more
// of each where one of them is 0, and 0 for a level without rows.
func (c *Counts) WoE() []float64 {
	seen := 0.
	for i := range c.Won {
		if c.Won[i]+c.Lost[i] > 0 {
			seen++
		}
	}
	woe := make([]float64, len(c.Won))
	for i := range woe {
		a, b, wins, losses := float64(c.Won[i]), float64(c.Lost[i]), float64(c.Wins), float64(c.Losses)
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

// InformationValue returns Σ(a/W − b/L)·WoE.
func (c *Counts) InformationValue(woe []float64) float64 {
	iv := 0.
	for i, w := range woe {
		iv += float64((float64(c.Won[i])/float64(c.Wins) - float64(c.Lost[i])/float64(c.Losses)) * w)
	}
	return iv
}

// CrossFit returns the information value where each row is weighed by the evidence of the
// other folds alone, and its standard error. In all rows at once it would be IV, so the
// difference is what IV flatters.
func CrossFit(all Counts, parts []Counts) (iv, se float64) {
	scores := make([][]float64, len(parts))
	var won, lost float64
	for f, part := range parts {
		rest := all.Without(part)
		scores[f] = rest.WoE()
		for i, s := range scores[f] {
			won += float64(float64(part.Won[i]) * s)
			lost += float64(float64(part.Lost[i]) * s)
		}
	}
	wins, losses := float64(all.Wins), float64(all.Losses)
	won /= wins
	lost /= losses
	var spreadWon, spreadLost float64
	for f, part := range parts {
		for i, s := range scores[f] {
			spreadWon += float64(float64(part.Won[i]) * float64((s-won)*(s-won)))
			spreadLost += float64(float64(part.Lost[i]) * float64((s-lost)*(s-lost)))
		}
	}
	return won - lost, math.Sqrt(spreadWon/(wins-1)/wins + spreadLost/(losses-1)/losses)
}

// Band names an information value by the usual rule of thumb (N. Siddiqi, Credit Risk Scorecards, 2006).
func Band(iv float64) string {
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
