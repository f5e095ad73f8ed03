package content

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content/internal/tally"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Refusal says why nobody should be written to.
type Refusal string

// The refusals, in the order they are asked.
const (
	OptedOut      Refusal = "opted_out"      // said so, unsubscribed or called it spam
	NoConsent     Refusal = "no_consent"     // purpose "activate" is not known to be allowed
	TooOften      Refusal = "too_often"      // the frequency cap is reached
	CoolDown      Refusal = "cool_down"      // the last message is too young
	Unanswered    Refusal = "unanswered"     // four messages or more without an answer
	OpenComplaint Refusal = "open_complaint" // support first
)

// Text says the refusal in a language, and what to do instead.
func (r Refusal) Text(lang string) string { return phrase("refusal."+string(r), lang) }

// An Ask is for whom [NextTouch.Suggest] answers.
type Ask struct {
	Stage   string // where the subject stands
	Name    string // of the stage for texts; empty: Stage
	Persona string
	Fields  persona.Fields // consent, person.opted_out and the subject's touches
}

// SuggestOptions bound what is suggested. Nil and zero fields are defaults.
type SuggestOptions struct {
	Cap       int           // messages of ours within CapWithin after which nothing is suggested; 0 = 3
	CapWithin time.Duration // 0 = 7 days
	Limit     int           // suggestions at most; 0 = 3, and never more
	// Kinds that may be suggested. Nil: all that were seen.
	Kinds []touchpoint.Kind
}

// Suggestions are what may be next, and why there are none.
type Suggestions struct {
	Refused []Refusal // nothing is suggested if there are any
	// Insufficient says that no kind had 30 journeys with it and 30 without, on any
	// level; N is how many journeys there were.
	Insufficient bool
	N            int64
	List         []Suggestion
}

// A Suggestion is a kind of contact after which more journeys moved on than after others.
type Suggestion struct {
	Kind  touchpoint.Kind
	Level int   // how much the compared journeys share: 0 nothing, 1 stage, 2 persona, 3 the contact before
	N     int64 // journeys compared: Rate.N + Other.N
	Rate  Rate  // who moved on with it next
	Other Rate  // with another contact next
	Gain  Difference
	// NewChannel marks a kind whose usual channel the subject has never used.
	NewChannel bool

	name, last, persona string
	at                  time.Time
	within              time.Duration
}

// Suggest returns at most three kinds of next contact, those first that surely gain most:
// by the lower bound of the difference, then by N, then by kind. Each is compared on the
// deepest level with 30 journeys on both sides; kinds without a gain are left out. A
// subject that is not known to consent gets none. A call costs the number of kinds, and
// not that of journeys, stages or personas.
func (n *NextTouch) Suggest(a Ask, o *SuggestOptions) Suggestions {
	if o == nil {
		o = &SuggestOptions{}
	}
	contacts := persona.Contacts(a.Fields, n.At)
	s := Suggestions{List: []Suggestion{}, Refused: refusals(a.Fields, n.At)}
	if sentSince(contacts, n.At.Add(-cmp.Or(o.CapWithin, 7*day))) >= cmp.Or(o.Cap, 3) {
		s.Refused = append(s.Refused, TooOften)
	}
	if len(s.Refused) > 0 {
		return s
	}
	last := ""
	used := map[touchpoint.Channel]bool{}
	for _, t := range contacts {
		if c := t.Class(); c != touchpoint.Conversion && c != touchpoint.Reversal {
			last = string(t.Kind)
		}
		if t.Engaged() {
			used[t.Channel] = true
		}
	}
	totals := [len(levels)]tally.Count{}
	for kind := range n.next {
		for level := range levels {
			c := n.rows[levelKey(level, a.Stage, a.Persona, last, kind)]
			totals[level][1] += c[1]
			totals[level][2] += c[2]
		}
	}
	s.N, s.Insufficient = totals[0][1], true
	for kind := range n.next {
		k := touchpoint.Kind(kind)
		if o.Kinds != nil && !slices.Contains(o.Kinds, k) {
			continue
		}
		found, ok := n.compare(a, last, kind, totals)
		if !ok {
			continue
		}
		s.Insufficient = false
		if found.Gain.D <= 0 {
			continue
		}
		channel := k.Info().Channel
		found.NewChannel = channel != "" && !used[channel]
		found.name, found.last, found.persona, found.at, found.within = cmp.Or(a.Name, a.Stage), last, a.Persona, n.At, n.within()
		s.List = append(s.List, found)
	}
	slices.SortFunc(s.List, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Gain.Low, a.Gain.Low), cmp.Compare(b.N, a.N), cmp.Compare(a.Kind, b.Kind))
	})
	limit := 3
	if o.Limit > 0 {
		limit = min(limit, o.Limit)
	}
	s.List = s.List[:min(limit, len(s.List))]
	return s
}

// compare goes down the levels and keeps the deepest with enough on both sides.
func (n *NextTouch) compare(a Ask, last, kind string, totals [len(levels)]tally.Count) (best Suggestion, ok bool) {
	var own, other *Rate
	for level := range levels {
		c := n.rows[levelKey(level, a.Stage, a.Persona, last, kind)]
		r := rateOf(c[2], c[1], own)
		o := rateOf(totals[level][2]-c[2], totals[level][1]-c[1], other)
		own, other = &r, &o
		if r.N >= enough && o.N >= enough {
			best = Suggestion{Kind: touchpoint.Kind(kind), Level: level, N: r.N + o.N, Rate: r, Other: o, Gain: r.less(o)}
			ok = true
		}
	}
	return best, ok
}

// refusals are those that hold for every message.
func refusals(f persona.Fields, at time.Time) []Refusal {
	var out []Refusal
	v, why := f.Field("person.opted_out")
	opted, readable := v.Bool()
	// Whoever states something that nobody can read may have meant this.
	opted = opted || why.Known() && !readable || why.Unknown == persona.Unparseable
	var left, joined time.Time
	for t := range f.Touches() {
		switch {
		case t.At.After(at):
		case t.Kind == touchpoint.KindSubscribe && t.At.After(joined):
			joined = t.At
		case (t.Kind == touchpoint.KindUnsubscribe || t.Kind == touchpoint.KindEmailSpam) && t.At.After(left):
			left = t.At
		}
	}
	if opted || !left.IsZero() && !joined.After(left) {
		out = append(out, OptedOut)
	}
	if !persona.Consented(f, "activate") {
		out = append(out, NoConsent)
	}
	return out
}

// sent reports whether a contact is a message of ours: outbound, and neither a talk, nor
// the machine's second record of one (delivered, opened), nor for nobody in particular.
func sent(t *touchpoint.Touch) bool {
	switch t.Kind {
	case touchpoint.KindEmailDelivered, touchpoint.KindEmailOpen, touchpoint.KindImpression, touchpoint.KindBroadcast, touchpoint.KindTicketClosed:
		return false
	}
	return t.Direction == touchpoint.Outbound && !persona.TwoWay(t)
}

func sentSince(contacts []touchpoint.Touch, since time.Time) int {
	n := 0
	for i := range contacts {
		if sent(&contacts[i]) && contacts[i].At.After(since) {
			n++
		}
	}
	return n
}

// Text says the suggestion in a language (en or ja): numbers of journeys, rates with their
// intervals, the period, and that none of it shows a cause.
func (s Suggestion) Text(lang string) string {
	rate := func(r Rate) []string { return []string{percent(r.P, 0), percent(r.Low, 0), percent(r.High, 0)} }
	own, other := rate(s.Rate), rate(s.Other)
	text, same := phrase("next."+levels[s.Level], lang), ""
	if s.persona != "" {
		same = phrase("next.persona", lang)
	}
	return strings.NewReplacer(
		"{n}", whole(s.N), "{persona}", same, "{stage}", s.name, "{last}", KindName(touchpoint.Kind(s.last), lang), "{kind}", KindName(s.Kind, lang),
		"{own_n}", whole(s.Rate.N), "{own_x}", whole(s.Rate.X), "{days}", strconv.FormatFloat(s.within.Hours()/24, 'f', -1, 64),
		"{own}", own[0], "{own_low}", own[1], "{own_high}", own[2],
		"{other_x}", whole(s.Other.X), "{other_n}", whole(s.Other.N), "{other}", other[0], "{other_low}", other[1], "{other_high}", other[2],
		"{at}", s.at.UTC().Format(time.DateOnly)).Replace(text) + phrase("next.caution", lang)
}
