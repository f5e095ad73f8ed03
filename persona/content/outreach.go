package content

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Stall is a silence that grew longer than usual for its stage, as package
// journey/analytics/stall finds it.
type Stall struct {
	Stage string
	Name  string // of the stage for texts; empty: Stage
	Since time.Time
	Days  float64
	Tail  float64 // share of comparable journeys that stay longer, 0 to 1; 0 = not known
}

// A Case is somebody who stalled, and what is known of them.
type Case struct {
	Stall   Stall
	Fields  persona.Fields   // profile, consent, touches
	Persona *persona.Persona // whose questions are asked; nil: none
	Missing []string         // roles of the buying group, as in persona.BuyingGroup
}

// A Segment is what is known of people like this one.
type Segment struct {
	Blocks    map[Block]int64 // inbound touches by block, in their local time
	ReplyTime time.Duration   // median
	Replies   map[touchpoint.Channel]Replies
}

// Replies counts messages of ours and those that were answered.
type Replies struct{ Sent, Answered int64 }

// OutreachOptions say how the advice is made. Nil and zero fields are defaults.
type OutreachOptions struct {
	Location *time.Location // nil: of the person, the account, the country's capital, else UTC
	Calendar *Calendar      // nil: Monday to Friday, 9 to 18, no holidays
	Segment  *Segment       // nil: nothing is known
	Plan     *Plan          // content to offer; nil: none
	Tone     *Tone          // nil: DefaultTone
}

// An Advice says whether, when, how and about what to write to somebody who stalled.
type Advice struct {
	Refused []Refusal // if any, the rest is empty but for Missing
	Window  *Window   // nil where the calendar has no time
	Channel touchpoint.Channel
	// Replies are their answers on Channel; Rate is smoothed towards the segment's.
	Replies   Replies
	Rate      float64
	Questions []string // of the persona for the stage; none: use the general one of Text
	Item      *Item    // content for the stage and persona that they have not touched; nil: none
	Tone      Guidance
	Missing   []string

	stall Stall
}

// Outreach advises on a stall as of at. It refuses, with every reason that holds, those who
// opted out or are not known to consent, whose last message is younger than three days or
// the segment's median reply time, who left four messages unanswered, and who have an open
// complaint.
func Outreach(c Case, at time.Time, o *OutreachOptions) Advice {
	if o == nil {
		o = &OutreachOptions{}
	}
	segment := cmp.Or(o.Segment, &Segment{})
	contacts := persona.Contacts(c.Fields, at)
	a := Advice{stall: c.Stall, Missing: slices.Clone(c.Missing), Refused: refusals(c.Fields, at)}
	if sentSince(contacts, at.Add(-max(3*day, segment.ReplyTime))) > 0 {
		a.Refused = append(a.Refused, CoolDown)
	}
	if sentSince(contacts, lastInbound(contacts)) >= 4 {
		a.Refused = append(a.Refused, Unanswered)
	}
	if open, _ := relation(c.Fields, at)["relation.open_complaint"].Bool(); open {
		a.Refused = append(a.Refused, OpenComplaint)
	}
	if len(a.Refused) > 0 {
		return a
	}
	zone, from := o.Location, "given"
	if zone == nil {
		zone, from = zoneOf(c.Fields)
	}
	calendar := o.Calendar.resolved()
	if w, ok := calendar.window(contacts, segment.Blocks, at, zone); ok {
		w.Zone, w.ZoneFrom = zone.String(), from
		a.Window = &w
	}
	a.Channel, a.Replies, a.Rate = channelFor(c.Fields, contacts, segment)
	personaID, language := "", ""
	if c.Persona != nil {
		personaID = c.Persona.ID
		a.Questions = c.Persona.Questions[c.Stall.Stage]
	}
	if v, why := c.Fields.Field("person.language"); why.Known() {
		language = v.String()
	}
	a.Item = o.Plan.next(Cell{Stage: c.Stall.Stage, Persona: personaID, Language: language}, contacts, at)
	tone := o.Tone
	if tone == nil {
		tone = defaultTone()
	}
	a.Tone = tone.Resolve(persona.Join(persona.Map{
		"touch.channel": persona.TextValue(string(a.Channel)), "journey.stage": persona.TextValue(c.Stall.Stage)},
		c.Fields, persona.Map{"journey.stalled": persona.BoolValue(true)}), at)
	return a
}

func lastInbound(contacts []touchpoint.Touch) (t time.Time) {
	for _, touch := range contacts {
		if touch.Direction == touchpoint.Inbound && touch.Engaged() {
			t = touch.At
		}
	}
	return t
}

// answeredWithin is how long an answer to a message is waited for.
const answeredWithin = 14 * day

// RepliesOf counts, by channel, the messages of ours among a subject's touches and those
// that a touch of theirs followed before the next message and within 14 days: what a
// [Segment] is made of.
func RepliesOf(touches []touchpoint.Touch, at time.Time) map[touchpoint.Channel]Replies {
	out := map[touchpoint.Channel]Replies{}
	var open *touchpoint.Touch
	for _, t := range persona.Contacts(persona.OfTouches(touches), at) {
		switch {
		case sent(&t):
			r := out[t.Channel]
			r.Sent++
			out[t.Channel] = r
			open = &t
		case open != nil && t.Direction == touchpoint.Inbound && t.Engaged():
			if t.At.Sub(open.At) <= answeredWithin {
				r := out[open.Channel]
				r.Answered++
				out[open.Channel] = r
			}
			open = nil
		}
	}
	return out
}

// channelFor returns the channel with the highest reply rate, smoothed by ten messages of
// the segment's rate; ties go by name. A channel that the subject is known to have refused
// (field consent.activate.<channel> false) is left out. Where there are none, it is the
// preferred one, else e-mail.
func channelFor(f persona.Fields, contacts []touchpoint.Touch, segment *Segment) (best touchpoint.Channel, replies Replies, rate float64) {
	own := RepliesOf(contacts, lastOf(contacts))
	candidates := map[touchpoint.Channel]bool{}
	for c := range own {
		candidates[c] = c != ""
	}
	for c := range segment.Replies {
		candidates[c] = c != ""
	}
	if v, why := f.Field("person.preferred_channel"); why.Known() && len(candidates) == 0 {
		candidates[touchpoint.Channel(v.String())] = true
	}
	if len(candidates) == 0 {
		candidates[touchpoint.ChannelEmail] = true
	}
	rate = -1
	for _, c := range slices.Sorted(maps.Keys(candidates)) {
		v, why := f.Field("consent.activate." + string(c))
		allowed, _ := v.Bool()
		if !candidates[c] || why.Known() && !allowed {
			continue
		}
		s, r := segment.Replies[c], own[c]
		prior := float64(s.Answered+1) / float64(s.Sent+2)
		if p := (float64(r.Answered) + float64(10*prior)) / float64(r.Sent+10); p > rate {
			best, replies, rate = c, r, p
		}
	}
	return best, replies, max(rate, 0)
}

func lastOf(contacts []touchpoint.Touch) time.Time {
	if len(contacts) == 0 {
		return time.Time{}
	}
	return contacts[len(contacts)-1].At
}

// next returns the current item made for a cell that the subject has not touched: one that
// names the persona before one for all, then by id.
func (p *Plan) next(c Cell, contacts []touchpoint.Touch, at time.Time) *Item {
	if p == nil {
		return nil
	}
	known := map[string]bool{}
	index := p.index()
	for i := range contacts {
		if item := index.find(&contacts[i]); item != nil {
			known[item.ID] = true
		}
	}
	var best *Item
	for i := range p.Items {
		item := &p.Items[i]
		if !item.Fits(c) || !item.Current(at) || known[item.ID] {
			continue
		}
		named := func(i *Item) bool { return slices.Contains(i.Personas, c.Persona) }
		if best == nil || named(item) && !named(best) || named(item) == named(best) && item.ID < best.ID {
			best = item
		}
	}
	return best
}

// Text says the advice in a language (en or ja), a line each: the stall, then the refusals,
// or when, how and about what to write.
func (a Advice) Text(lang string) []string {
	var lines []string
	line := func(id string, pairs ...string) {
		lines = append(lines, strings.NewReplacer(pairs...).Replace(phrase(id, lang)))
	}
	stall := []string{"{stage}", cmp.Or(a.stall.Name, a.stall.Stage), "{since}", a.stall.Since.UTC().Format(time.DateOnly),
		"{days}", strconv.FormatFloat(a.stall.Days, 'f', 0, 64), "{tail}", percent(a.stall.Tail, 0)}
	if a.stall.Tail > 0 {
		line("outreach.stall", stall...)
	} else {
		line("outreach.stall.plain", stall...)
	}
	for _, r := range a.Refused {
		lines = append(lines, r.Text(lang))
	}
	if len(a.Refused) == 0 {
		if a.Window != nil {
			line("outreach.when", "{from}", a.Window.From.Format("2006-01-02 15:04"), "{to}", a.Window.To.Format("15:04"), "{zone}", a.Window.Zone)
		}
		if a.Replies.Sent == 0 {
			line("outreach.channel.new", "{channel}", string(a.Channel), "{rate}", percent(a.Rate, 0))
		} else {
			line("outreach.channel", "{channel}", string(a.Channel), "{own_n}", whole(a.Replies.Sent), "{own_x}", whole(a.Replies.Answered), "{rate}", percent(a.Rate, 0))
		}
		questions := a.Questions
		if len(questions) == 0 {
			questions = []string{phrase("stage.question", lang)}
		}
		for _, q := range questions {
			line("outreach.question", "{question}", q)
		}
		if a.Item != nil {
			line("outreach.item", "{item}", cmp.Or(inLanguage(a.Item.Titles, lang), a.Item.ID))
		}
	}
	if len(a.Missing) > 0 {
		line("outreach.missing", "{roles}", strings.Join(a.Missing, ", "))
	}
	return lines
}
