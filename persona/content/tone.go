package content

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/touchpoint"
)

// Settings are values of descriptors that a [Rule] sets; zero and nil ones it leaves alone.
type Settings struct {
	Formality  int    `json:"formality,omitzero"` // 1 to 5, so warmth and directness
	Warmth     int    `json:"warmth,omitzero"`
	Directness int    `json:"directness,omitzero"`
	Length     string `json:"length,omitempty"` // short, medium or long
	Keigo      string `json:"keigo,omitempty"`  // Japanese politeness: plain, teinei or sonkei_kenjo
	Sender     string `json:"sender,omitempty"` // who should write, such as "support"
	Emoji      *bool  `json:"emoji,omitempty"`
	Humour     *bool  `json:"humour,omitempty"`
	Promotion  *bool  `json:"promotion,omitempty"`
}

// Deltas are added to descriptors after all settings.
type Deltas struct {
	Formality  int `json:"formality,omitzero"`
	Warmth     int `json:"warmth,omitzero"`
	Directness int `json:"directness,omitzero"`
}

// A Floor is what descriptors must not fall below, whatever else is set.
type Floor struct {
	Formality int    `json:"formality,omitzero"`
	Keigo     string `json:"keigo,omitempty"`
}

// A Rule says how to write where its condition is true. Besides the fields of package
// persona it may ask touch.channel, the channel to be written on; relation.two_way, the
// number of contacts in which both sides took part, relation.days since the first of them,
// and relation.open_complaint.
type Rule struct {
	ID       string              `json:"id"`
	When     persona.Condition   `json:"when"`
	Priority int                 `json:"priority,omitzero"` // greater wins
	Set      Settings            `json:"set,omitzero"`
	Add      Deltas              `json:"add,omitzero"`
	Least    Floor               `json:"least,omitzero"`
	Lead     []map[string]string `json:"lead,omitempty"`  // what to begin with, by language
	Avoid    []map[string]string `json:"avoid,omitempty"` // what to leave out, by language
	Texts    map[string]string   `json:"texts,omitempty"` // the rule in words, by language
}

// A Tone is a table of rules. Do not change one while it is used; it is then safe for
// concurrent use.
type Tone struct {
	Rules []Rule `json:"rules"`
}

//go:embed table/tone.json
var toneTable []byte

var defaultTone = sync.OnceValue(func() *Tone {
	t, err := ParseTone(toneTable)
	if err != nil {
		panic(err)
	}
	return t
})

// DefaultTone returns the built-in table: a starting point with texts in English and
// Japanese.
func DefaultTone() *Tone { return &Tone{Rules: slices.Clone(defaultTone().Rules)} }

// ParseTone reads a table from JSON, strictly, and validates it. The error is a
// [*persona.DefinitionError].
func ParseTone(text []byte) (*Tone, error) {
	t := &Tone{}
	if err := persona.Decode(text, t); err != nil {
		return nil, err
	}
	if t.Rules == nil {
		return nil, fault("/rules", "missing")
	}
	if len(t.Rules) > MaxRules {
		return nil, fault("/rules", fmt.Sprintf("more than %d", MaxRules))
	}
	ids := map[string]bool{}
	for i, r := range t.Rules {
		path := fmt.Sprintf("/rules/%d", i)
		if r.ID == "" || ids[r.ID] {
			return nil, fault(path+"/id", "missing or used twice")
		}
		ids[r.ID] = true
		for _, d := range []dial{formality, warmth, directness} {
			switch set, add, least := d.set(r.Set), d.add(r.Add), d.least(r.Least); {
			case set < 0 || set > 5:
				return nil, fault(path+"/set/"+d.name, "not from 1 to 5")
			case add < -5 || add > 5:
				return nil, fault(path+"/add/"+d.name, "not from -5 to 5")
			case least < 0 || least > 5:
				return nil, fault(path+"/least/"+d.name, "not from 1 to 5")
			}
		}
		switch {
		case r.Set.Length != "" && !slices.Contains(lengths, r.Set.Length):
			return nil, fault(path+"/set/length", "unknown word")
		case r.Set.Keigo != "" && !slices.Contains(politeness, r.Set.Keigo):
			return nil, fault(path+"/set/keigo", "unknown word")
		case r.Least.Keigo != "" && !slices.Contains(politeness, r.Least.Keigo):
			return nil, fault(path+"/least/keigo", "unknown word")
		}
	}
	return t, nil
}

var (
	lengths    = []string{"short", "medium", "long"}
	politeness = []string{"plain", "teinei", "sonkei_kenjo"} // rising
)

// A Guidance is how to write to somebody.
type Guidance struct {
	Formality, Warmth, Directness int    // 1 to 5
	Length                        string // short, medium or long
	Emoji, Humour                 bool
	Promotion                     bool   // false: nothing may be offered
	Keigo                         string // plain, teinei or sonkei_kenjo
	Sender                        string // "" for whoever owns the contact
	Lead, Avoid                   []Phrase
	Why                           []Choice
}

// A Phrase is something to begin with or to leave out, and the rule that says so.
type Phrase struct {
	Rule  string
	Texts map[string]string // by language
}

// In returns the phrase in a language, in English if it has no other.
func (p Phrase) In(lang string) string { return inLanguage(p.Texts, lang) }

// A Choice says which rule gave a descriptor its value, or changed it.
type Choice struct {
	Descriptor string
	Rule       string // "" for the default of what no rule sets, and "clamp"
	How        string // set, add, least or clamp
	Value      string // after it
}

// A match is a rule that applies; it is told from others by how much it asks.
type match struct {
	*Rule
	conditions int
}

// Resolve returns how to write to a subject. Each descriptor is resolved by itself: the
// rule of the highest priority that sets it wins, then the one with more conditions, then
// the later one; then what rules add, in their order; then floors; then the bounds 1 to 5.
// A rule whose condition is unknown does not apply. Lead and Avoid are those of all rules
// that apply, the highest priority first.
func (t *Tone) Resolve(f persona.Fields, at time.Time) Guidance {
	f = persona.Join(f, relation(f, at))
	var inOrder []match // of the table
	for i := range t.Rules {
		r := &t.Rules[i]
		if truth, leaves := r.When.Explain(f, at); truth == persona.True {
			inOrder = append(inOrder, match{r, len(leaves)})
		}
	}
	applies := slices.Clone(inOrder)
	slices.SortStableFunc(applies, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.conditions, b.conditions))
	})
	g := Guidance{Lead: []Phrase{}, Avoid: []Phrase{}}
	g.Formality = g.level(formality, applies, inOrder)
	g.Warmth = g.level(warmth, applies, inOrder)
	g.Directness = g.level(directness, applies, inOrder)
	g.Length = g.word("length", "medium", applies, func(s Settings) string { return s.Length })
	g.Emoji = g.flag("emoji", false, applies, func(s Settings) *bool { return s.Emoji })
	g.Humour = g.flag("humour", false, applies, func(s Settings) *bool { return s.Humour })
	g.Promotion = g.flag("promotion", true, applies, func(s Settings) *bool { return s.Promotion })
	g.Keigo = g.word("keigo", "teinei", applies, func(s Settings) string { return s.Keigo })
	for _, m := range applies {
		if slices.Index(politeness, m.Least.Keigo) > slices.Index(politeness, g.Keigo) {
			g.Keigo = m.Least.Keigo
			g.Why = append(g.Why, Choice{"keigo", m.ID, "least", g.Keigo})
		}
	}
	g.Sender = g.word("sender", "", applies, func(s Settings) string { return s.Sender })
	slices.SortStableFunc(inOrder, func(a, b match) int { return cmp.Compare(b.Priority, a.Priority) })
	for _, m := range inOrder {
		for _, text := range m.Lead {
			g.Lead = append(g.Lead, Phrase{m.ID, text})
		}
		for _, text := range m.Avoid {
			g.Avoid = append(g.Avoid, Phrase{m.ID, text})
		}
	}
	return g
}

// winner returns the last rule, the best, that sets a descriptor.
func winner(applies []match, sets func(Settings) bool) *Rule {
	for _, m := range slices.Backward(applies) {
		if sets(m.Set) {
			return m.Rule
		}
	}
	return nil
}

// A dial is a descriptor from 1 to 5, and where rules speak of it.
type dial struct {
	name  string
	set   func(Settings) int
	add   func(Deltas) int
	least func(Floor) int
}

var (
	formality = dial{"formality", func(s Settings) int { return s.Formality }, func(d Deltas) int { return d.Formality },
		func(f Floor) int { return f.Formality }}
	warmth = dial{"warmth", func(s Settings) int { return s.Warmth }, func(d Deltas) int { return d.Warmth },
		func(Floor) int { return 0 }}
	directness = dial{"directness", func(s Settings) int { return s.Directness }, func(d Deltas) int { return d.Directness },
		func(Floor) int { return 0 }}
)

func (g *Guidance) level(d dial, applies, inOrder []match) int {
	v, rule := 3, ""
	if r := winner(applies, func(s Settings) bool { return d.set(s) != 0 }); r != nil {
		v, rule = d.set(r.Set), r.ID
	}
	step := func(rule, how string) { g.Why = append(g.Why, Choice{d.name, rule, how, strconv.Itoa(v)}) }
	step(rule, "set")
	for _, m := range inOrder {
		if by := d.add(m.Add); by != 0 {
			v += by
			step(m.ID, "add")
		}
	}
	for _, m := range inOrder {
		if d.least(m.Least) > v {
			v = d.least(m.Least)
			step(m.ID, "least")
		}
	}
	if bounded := min(max(v, 1), 5); bounded != v {
		v = bounded
		step("", "clamp")
	}
	return v
}

func (g *Guidance) word(name, otherwise string, applies []match, set func(Settings) string) string {
	why := Choice{name, "", "set", otherwise}
	if r := winner(applies, func(s Settings) bool { return set(s) != "" }); r != nil {
		why.Rule, why.Value = r.ID, set(r.Set)
	}
	g.Why = append(g.Why, why)
	return why.Value
}

func (g *Guidance) flag(name string, otherwise bool, applies []match, set func(Settings) *bool) bool {
	v, why := otherwise, Choice{Descriptor: name, How: "set"}
	if r := winner(applies, func(s Settings) bool { return set(s) != nil }); r != nil {
		v, why.Rule = *set(r.Set), r.ID
	}
	why.Value = strconv.FormatBool(v)
	g.Why = append(g.Why, why)
	return v
}

// relation derives the relation.* fields from the touches up to an instant.
func relation(f persona.Fields, at time.Time) persona.Map {
	n, first := 0, at
	var complained, closed time.Time
	for _, t := range persona.Contacts(f, at) {
		if persona.TwoWay(&t) {
			n++
			if t.At.Before(first) {
				first = t.At
			}
		}
		switch t.Kind {
		case touchpoint.KindComplaint:
			complained = t.At
		case touchpoint.KindTicketClosed:
			closed = t.At
		}
	}
	return persona.Map{
		"relation.two_way":        persona.NumberValue(float64(n)),
		"relation.days":           persona.NumberValue(at.Sub(first).Hours() / 24),
		"relation.open_complaint": persona.BoolValue(!complained.IsZero() && !closed.After(complained)),
	}
}
