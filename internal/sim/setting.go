package sim

import (
	"log/slog"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// silence is how long a person may be quiet under the boundary "silence".
const silence = 30 * day

// options are the setting as the library takes it.
func (s Setting) options() *journey.Options {
	m := model()
	o := &journey.Options{Logger: slog.New(slog.DiscardHandler), Rules: s.rules(), Model: &m, Twins: &touchpoint.TwinRules{Off: true}}
	switch s.Boundary {
	case "silence":
		o.Boundary = journey.Boundary{Inactivity: time.Duration(silence) * time.Microsecond}
	case "lifetime":
		o.Boundary = journey.Boundary{Lifetime: true}
	}
	return o
}

func (s Setting) rules() *identity.Rules {
	r := identity.DefaultRules()
	r.Key = secret
	mail := r.Types[identity.Email]
	mail.Max = s.EmailMax
	r.Types[identity.Email] = mail
	return &r
}

// A step is a stage of the model under simulation, as the oracle reads it.
type step struct {
	id      string
	rank    int
	kind    stage.Kind
	entry   []string // kinds of touches; none = every contact
	after   string
	reopens bool // the entry may leave a loss
	stall   int64
}

var steps = []step{
	{id: "visitor", rank: 10},
	{id: "lead", rank: 20, entry: []string{"form", "webinar_attended"}, stall: 7 * day},
	{id: "meeting", rank: 30, entry: []string{"meeting", "demo"}, reopens: true, stall: 30 * day},
	{id: "won", rank: 40, kind: stage.Goal, entry: []string{"order", "contract"}},
	{id: "user", rank: 50, entry: []string{"login", "renewal"}, after: "won"},
	{id: "lost", rank: 60, kind: stage.Loss, entry: []string{"churn"}},
}

// model is the stage model under simulation.
func model() stage.Model {
	m := stage.Model{ID: "sim"}
	for _, s := range steps {
		m.Stages = append(m.Stages, stage.Stage{
			ID: stage.ID(s.id), Rank: s.rank, Kind: s.kind, Names: map[string]string{"en": s.id}, StallAfter: time.Duration(s.stall) * time.Microsecond,
			Entry: []stage.Rule{{Kinds: s.entry, After: stage.ID(s.after), Reopens: s.reopens}},
		})
	}
	return m
}
