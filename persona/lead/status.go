package lead

import (
	"math"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead/internal/meter"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Status is what marketing and sales should take a lead for. It is a proposal: the
// stage model decides.
type Status string

// The statuses.
const (
	NoStatus     Status = "none"
	MQL          Status = "MQL"          // marketing qualified: warm enough, of grade A to C, with consent activate
	SQLReady     Status = "SQLReady"     // an MQL that has talked to us
	Recycle      Status = "Recycle"      // was an MQL, was contacted by sales, and cooled down
	Disqualified Status = "Disqualified" // the fit rules it out
)

// A Crossing is a change of status.
type Crossing struct {
	At       time.Time
	From, To Status
	Score    int
	By       touchpoint.Key // the latest touch at that instant or, where time alone did it, before
	Decay    bool           // time alone did it
}

// A line is the status of a subject along its time. It is evaluated at the instants of
// the touches and at each 00:00 UTC after the first, so that hysteresis is a function of the
// touches alone: it does not matter how often anybody asked.
type line struct {
	table        *Table // defaults filled in
	share        float64
	eligible     bool
	reason       string
	account      bool
	accountReady bool

	mql       bool
	contacted bool // by sales, since the lead became an MQL
	talked    int64
	status    Status
	crossings []Crossing
	weekAgo   float64
}

const (
	week      = int64(7 * day / time.Microsecond)
	dayMicros = int64(day / time.Microsecond)
	recent    = 30 * dayMicros // of a two-way contact
	never     = math.MinInt64 / 2
	hair      = 1e-9 // more than a sum or a power can be wrong by, as a share
	fewDays   = 4    // are evaluated rather than looked past
)

func newLine(t *Table, fit persona.Fit, score float64, f persona.Fields) *line {
	grade := letter(fit)
	l := &line{table: t, share: power(min(max(score, 0), 100)/100, t.Weight), status: NoStatus, talked: never,
		eligible: strings.Contains("ABC", grade) && persona.Consented(f, "activate"),
		reason:   strings.Join(fit.Out, " ")}
	kind, _ := f.Field("journey.subject_kind")
	l.account = kind.String() == "account"
	if l.account {
		coverage, _ := f.Field("account.coverage")
		covered, _, _ := coverage.Range()
		single, _ := f.Field("account.single_threaded")
		threaded, known := single.Bool()
		l.accountReady = covered >= 0.5 && known && !threaded
	}
	return l
}

// level is the engagement as a share of the cap, 0 to 100.
func (l *line) level(engagement float64) float64 {
	return 100 * min(max(engagement, 0), l.table.Cap) / l.table.Cap
}

// value is the score. A hair is added so that a half that lost its last bit still goes up.
func (l *line) value(level float64) int { return int(math.Floor(l.unrounded(level))) }

func (l *line) unrounded(level float64) float64 {
	return float64(100*l.share*power(level/100, 1-l.table.Weight)) + 0.5 + hair
}

// run walks through the events up to at.
func (l *line) run(w *watch, at int64) {
	weekAgo := at - week
	midnight := int64(math.MaxInt64)
	if len(w.events) > 0 {
		midnight = (meter.Floor(w.events[0].at, dayMicros) + 1) * dayMicros
	}
	passed := false
	for w.next < len(w.events) || midnight <= at {
		now := midnight
		if w.next < len(w.events) {
			now = min(now, w.events[w.next].at)
		}
		if !passed && now > weekAgo {
			l.weekAgo, passed = w.engagement(weekAgo), true
		}
		first := w.next
		for w.next < len(w.events) && w.events[w.next].at == now {
			w.step()
		}
		if now == midnight {
			midnight += dayMicros
		}
		l.evaluate(w, w.events[first:w.next], now)
		until := at
		if w.next < len(w.events) {
			until = w.events[w.next].at
		}
		midnight = l.skip(w, now, midnight, until)
	}
	if !passed {
		l.weekAgo = w.engagement(weekAgo)
	}
	if l.reason != "" {
		l.status = Disqualified // also without a touch
	}
}

// skip returns the first midnight that must be evaluated, from one on and until an instant
// up to which nothing happens: nothing can change at those before it.
func (l *line) skip(w *watch, now, midnight, until int64) int64 {
	for days := (until-midnight)/dayMicros + 1; days >= fewDays; days /= 2 {
		if l.quiet(w, now, midnight+(days-1)*dayMicros) {
			return midnight + days*dayMicros
		}
	}
	return midnight
}

// quiet reports whether the status surely stays from an instant to another without events
// in between. Points of one rule have one sign and go towards 0, so between two instants
// the sum over the rules is between the sums of the lesser and of the greater ends.
func (l *line) quiet(w *watch, from, to int64) bool {
	if l.reason != "" || !l.mql && !l.eligible {
		return true
	}
	low, high, size := 0.0, 0.0, 0.0
	for i := range w.meters {
		if m := &w.meters[i]; m.Touches > 0 {
			a, b := m.Value(from), m.Value(to)
			low += min(a, b)
			high += max(a, b)
			size += math.Abs(a)
		}
	}
	if !l.mql {
		return math.Floor(l.unrounded(l.level(high+hair*size))+hair) < l.table.Enter
	}
	return l.ready(from) == l.ready(to) && math.Floor(l.unrounded(l.level(low-hair*size))-hair) >= l.table.Leave
}

// ready reports whether an MQL can be handed to sales.
func (l *line) ready(now int64) bool {
	if l.account {
		return l.accountReady
	}
	return now-l.talked < recent
}

// evaluate finds the status at an instant, behind the events of that instant.
func (l *line) evaluate(w *watch, events []event, now int64) {
	score := l.value(l.level(w.engagement(now)))
	status := l.status
	switch {
	case l.reason != "":
		status = Disqualified
	case l.mql && float64(score) < l.table.Leave:
		l.mql, status = false, NoStatus
		if l.contacted {
			status = Recycle
		}
	case !l.mql && l.eligible && float64(score) >= l.table.Enter:
		l.mql, l.contacted = true, false
	}
	for _, e := range events {
		l.contacted = l.contacted || e.sales
		if e.twoWay {
			l.talked = now
		}
	}
	if l.mql {
		status = MQL
		if l.ready(now) {
			status = SQLReady
		}
	}
	if status != l.status {
		l.crossings = append(l.crossings, Crossing{time.UnixMicro(now).UTC(), l.status, status, score, w.events[w.next-1].key, len(events) == 0})
		l.status = status
	}
}
