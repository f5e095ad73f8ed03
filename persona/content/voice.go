package content

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona/content/internal/tally"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Voice counts what customers answer to surveys: touches of kind survey_answer and
// review with props.survey on the scales nps, csat5, ces7 and stars5, and their themes. Set
// At, add every subject's trail once, then ask [Voice.Scores] and [Voice.Shares]. Of each
// subject the latest answer to a question counts. One writer at a time.
type Voice struct {
	At     time.Time
	Themes *Themes // for answers without codes of their own; nil: only codes count

	rows tally.Tally
}

// The rows of a voice: {rowScore, question, stage, persona, channel, scale=score},
// {rowTheme, …, theme} and {rowText, …, ""}, the answers that could have named a theme.
const (
	rowScore = "score"
	rowTheme = "theme"
	rowText  = "text"
)

// scales are the scores that a scale has.
var scales = map[string][2]int{"nps": {0, 10}, "csat5": {1, 5}, "ces7": {1, 7}, "stars5": {1, 5}}

// Add counts one subject's trail.
func (v *Voice) Add(t Trail) {
	w := t.way()
	latest := map[string]touchpoint.Touch{}
	for _, touch := range t.contacts(v.At) { // in order of time, so the last stays
		if _, ok := touch.Props.Raw("survey"); ok && touch.Class() == touchpoint.Feedback {
			latest[questionOf(&touch)] = touch
		}
	}
	for question, touch := range latest {
		stay, _ := w.at(touch.At)
		k := tally.Key{rowScore, question, stay.Stage, t.Persona, string(touch.Channel)}
		scale, _ := touch.Props.Text("survey", "scale")
		token, _ := touch.Props.Number("survey", "score")
		if _, ok := scoreOn(scale, token); ok {
			k[5] = scale + "=" + token
			v.rows.Add(k, tally.Count{1})
		}
		found, ok := v.themesOf(&touch)
		if !ok {
			continue
		}
		k[0], k[5] = rowText, ""
		v.rows.Add(k, tally.Count{1})
		for _, theme := range found {
			k[0], k[5] = rowTheme, theme
			v.rows.Add(k, tally.Count{1})
		}
	}
}

// scoreOn reads a score, false for none that the scale has.
func scoreOn(scale, token string) (int, bool) {
	score, err := strconv.Atoi(token)
	ends, ok := scales[scale]
	return score, ok && err == nil && score >= ends[0] && score <= ends[1]
}

// questionOf names the question that a touch answers.
func questionOf(t *touchpoint.Touch) string {
	id, _ := t.Props.Text("survey", "id")
	question, _ := t.Props.Text("survey", "question")
	if id == "" || question == "" {
		return id + question
	}
	return id + "/" + question
}

// themesOf returns the host's codes, else those that keywords find in the text; false
// where the answer has neither codes nor text.
func (v *Voice) themesOf(t *touchpoint.Touch) (found []string, ok bool) {
	if raw, has := t.Props.Raw("survey", "themes"); has {
		if json.Unmarshal([]byte(raw), &found) == nil {
			slices.Sort(found)
			return slices.Compact(found), true
		}
	}
	text, _ := t.Props.Text("survey", "text")
	if v.Themes == nil || text == "" {
		return nil, false
	}
	return v.Themes.Find(text), true
}

func (v *Voice) question() string {
	table := []byte{}
	if v.Themes != nil {
		table, _ = json.Marshal(v.Themes) // texts, which JSON holds
	}
	return fmt.Sprintf("voice %d %s", v.At.UnixMicro(), table)
}

// Merge adds the counts of o: [ErrIncompatible] if its At or Themes are others.
func (v *Voice) Merge(o *Voice) error {
	return v.rows.Merge(o.rows, v.question(), o.question())
}

// Subtract takes the counts of o away again: [ErrUnderflow] if they were not added.
func (v *Voice) Subtract(o *Voice) error {
	return v.rows.Subtract(o.rows, v.question(), o.question())
}

// MarshalBinary returns the counts in a stable form: equal counts give equal bytes. The
// error is always nil.
func (v *Voice) MarshalBinary() ([]byte, error) { return v.rows.Encode(v.question()), nil }

// UnmarshalBinary replaces the counts by encoded ones of the same At and Themes: else
// [ErrIncompatible], for broken bytes [ErrCorrupt].
func (v *Voice) UnmarshalBinary(b []byte) error {
	return v.rows.Decode(b, v.question())
}

// Group says by what answers are told apart.
type Group struct{ Question, Stage, Persona, Channel bool }

func (g Group) of(k tally.Key) Place {
	var p Place
	for _, part := range []struct {
		on   bool
		from string
		to   *string
	}{{g.Question, k[1], &p.Question}, {g.Stage, k[2], &p.Stage}, {g.Persona, k[3], &p.Persona}, {g.Channel, k[4], &p.Channel}} {
		if part.on {
			*part.to = part.from
		}
	}
	return p
}

// A Place is where answers came from; what the [Group] does not ask for is empty.
type Place struct {
	Question string `json:"question,omitempty"`
	Stage    string `json:"stage,omitempty"`
	Persona  string `json:"persona,omitempty"`
	Channel  string `json:"channel,omitempty"`
}

func (p Place) compare(o Place) int {
	return cmp.Or(cmp.Compare(p.Question, o.Question), cmp.Compare(p.Stage, o.Stage), cmp.Compare(p.Persona, o.Persona), cmp.Compare(p.Channel, o.Channel))
}

// few is the number of answers below which figures are hidden: they would show people.
const few = 5

// A Score is the figure of one scale at one place, with a 95 % interval.
type Score struct {
	Place
	// Scale is nps (net promoter score, −100 to 100), csat5 (share of 4 and 5, in per
	// cent), ces7 or stars5 (means).
	Scale  string  `json:"scale"`
	Hidden bool    `json:"hidden"` // fewer than 5 answers: all below is 0
	N      int64   `json:"n"`
	Value  float64 `json:"value"`
	SE     float64 `json:"se"` // standard error, of nps and means
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Scores returns the figures by place, then scale. NPS is the share of 9 and 10 less that
// of 0 to 6 with the normal interval, CSAT has Wilson's, means have Student's.
func (v *Voice) Scores(by Group) []Score {
	type at struct {
		Place
		scale string
	}
	answers := map[at][]int64{} // by score
	for k, c := range v.rows {
		scale, token, _ := strings.Cut(k[5], "=")
		score, ok := scoreOn(scale, token)
		if k[0] != rowScore || !ok {
			continue
		}
		a := at{by.of(k), scale}
		if answers[a] == nil {
			answers[a] = make([]int64, 11)
		}
		answers[a][score] += c[0]
	}
	out := []Score{}
	for a, counts := range answers {
		s := Score{Place: a.Place, Scale: a.scale}
		for _, n := range counts {
			s.N += n
		}
		if s.N < few {
			out = append(out, Score{Place: a.Place, Scale: a.scale, Hidden: true})
			continue
		}
		switch a.scale {
		case "nps":
			s.promoters(counts)
		case "csat5":
			s.Value = 100 * float64(counts[4]+counts[5]) / float64(s.N)
			low, high := num.Wilson95(float64(counts[4]+counts[5]), float64(s.N))
			s.Low, s.High = 100*low, 100*high
		default:
			s.mean(counts)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Score) int { return cmp.Or(a.Place.compare(b.Place), cmp.Compare(a.Scale, b.Scale)) })
	return out
}

func (s *Score) promoters(counts []int64) {
	var up, down int64
	for score, n := range counts {
		switch {
		case score >= 9:
			up += n
		case score <= 6:
			down += n
		}
	}
	n := float64(s.N)
	p, m := float64(up)/n, float64(down)/n
	s.Value = 100 * float64(up-down) / n
	s.SE = 100 * math.Sqrt(math.Max(p+m-float64((p-m)*(p-m)), 0)/n)
	half := num.NormalQuantile(0.975) * s.SE
	s.Low, s.High = math.Max(s.Value-half, -100), math.Min(s.Value+half, 100)
}

func (s *Score) mean(counts []int64) {
	var sum, squares int64
	for score, n := range counts {
		sum += int64(score) * n
		squares += int64(score*score) * n
	}
	n := float64(s.N)
	s.Value = float64(sum) / n
	variance := float64(s.N*squares-sum*sum) / (n * (n - 1)) // whole numbers, so nothing cancels
	s.SE = math.Sqrt(variance / n)
	half := num.TQuantile(0.975, n-1) * s.SE
	s.Low, s.High = s.Value-half, s.Value+half
}
