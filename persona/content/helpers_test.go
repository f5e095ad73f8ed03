package content_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/persona/internal/trial"
	"github.com/tabi-go/tabi/touchpoint"
)

var encode, rounds, source = trial.Encode, trial.Rounds, trial.Source

const day = 24 * time.Hour

// at is a Sunday.
var at = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

var serial int

// touch is a contact so long before at; edit changes it before it is normalised.
func touch(t testing.TB, kind touchpoint.Kind, ago time.Duration, edit func(*touchpoint.Touch)) touchpoint.Touch {
	t.Helper()
	serial++
	rules := identity.DefaultRules()
	id, err := rules.ID("user_id", "u1")
	if err != nil {
		t.Fatal(err)
	}
	touch := touchpoint.Touch{Source: "test", ID: fmt.Sprint(serial), At: at.Add(-ago), Kind: kind, IDs: []identity.ID{id}}
	if edit != nil {
		edit(&touch)
	}
	if err := touch.Normalize(nil); err != nil {
		t.Fatal(err)
	}
	return touch
}

func prop(key, text string) func(*touchpoint.Touch) {
	return func(t *touchpoint.Touch) { t.Props = t.Props.SetText(key, text) }
}

// who are Fields of touches and named values.
func who(touches []touchpoint.Touch, values persona.Map) persona.Fields {
	return persona.Join(values, persona.OfTouches(touches))
}

var consent = persona.BoolValue(true)

func plan(t testing.TB, text string) *content.Plan {
	t.Helper()
	p, err := content.ParsePlan([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// randomTrail has touches of all sorts in two stages.
func randomTrail(t testing.TB, r *rand.Rand) content.Trail {
	t.Helper()
	kinds := []touchpoint.Kind{"pageview", "webinar_attended", "email_sent", "form", "order", "survey_answer", "note"}
	start := time.Duration(r.IntN(200)+1) * day
	trail := content.Trail{Persona: []string{"", "it"}[r.IntN(2)], Stays: []content.Stay{{Stage: "awareness", Rank: 10, Enter: at.Add(-start)}}}
	if r.IntN(2) == 0 {
		move := at.Add(-start / 2)
		trail.Stays[0].Leave = move
		trail.Stays = append(trail.Stays, content.Stay{Stage: "consideration", Rank: 20, Enter: move})
	}
	for range r.IntN(8) {
		trail.Touches = append(trail.Touches, touch(t, kinds[r.IntN(len(kinds))], time.Duration(r.Int64N(int64(start))), func(x *touchpoint.Touch) {
			x.Touchpoint = []string{"", "Article", "Case"}[r.IntN(3)]
			if x.Kind == touchpoint.KindSurveyAnswer {
				x.Props = answer([]string{"q1", "q2"}[r.IntN(2)], "nps", r.IntN(11), []string{"", "price too high", "support"}[r.IntN(3)])
			}
		}))
	}
	return trail
}

// answer are the props of a survey answer.
func answer(id, scale string, score int, text string) touchpoint.Props {
	p, err := touchpoint.ParseProps([]byte(fmt.Sprintf(`{"survey":{"id":%q,"scale":%q,"score":%d,"text":%q}}`, id, scale, score, text)))
	if err != nil {
		panic(err)
	}
	return p
}

// shuffled returns the trail with stays and touches permuted and some touches repeated.
func shuffled(r *rand.Rand, trail content.Trail) content.Trail {
	trail.Stays, trail.Touches = slices.Clone(trail.Stays), slices.Clone(trail.Touches)
	for _, x := range trail.Touches {
		if r.IntN(3) == 0 {
			trail.Touches = append(trail.Touches, x)
		}
	}
	r.Shuffle(len(trail.Stays), func(i, j int) { trail.Stays[i], trail.Stays[j] = trail.Stays[j], trail.Stays[i] })
	r.Shuffle(len(trail.Touches), func(i, j int) { trail.Touches[i], trail.Touches[j] = trail.Touches[j], trail.Touches[i] })
	return trail
}
