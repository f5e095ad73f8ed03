// Package content says what to show next, to whom and in which tone, and which content is
// missing: the plan of a company's content against what its customers really touched.
//
// Which function do I want?
//
//   - Which content is missing, stale, unused or does not work? [ParsePlan], add every
//     subject's [Trail] to an [Audit], then [Audit.Matrix].
//   - What do people like this one meet next who then move on? Add trails to a
//     [NextTouch], then [NextTouch.Suggest].
//   - Somebody stalled: write, when, by which channel, about what, or not at all?
//     [Outreach].
//   - In which tone? [ParseTone] or [DefaultTone], then [Tone.Resolve].
//   - What do customers say of us? Add trails to a [Voice], then [Voice.Scores] and
//     [Voice.Shares].
//
// Plans, tones, calendars and themes are JSON documents, decoded strictly: a
// [*persona.DefinitionError] points to the fault. Audit, NextTouch and Voice are
// accumulators of whole numbers with Add, Merge, Subtract and a stable binary form: what is
// added in parts, in any order, on any machine, gives the same bytes. Stages are plain
// strings and ranks; package journey's histories become a [Trail] in a few lines.
//
// Nobody is written to without being known to consent: [NextTouch.Suggest] and [Outreach]
// ask [persona.Consented] for purpose "activate", and say why they refuse.
//
// Caveats. Nothing here shows causes: people choose what they touch, so what goes with
// moving on need not bring it about; the texts say so. A journey must be added once: its
// subject is not remembered, so a second time counts twice. The default tables are a
// starting point, not findings.
package content

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content/internal/tally"
	"github.com/tabi-go/tabi/touchpoint"
)

// The errors of accumulators.
var (
	ErrIncompatible = tally.ErrIncompatible // accumulators of two questions
	ErrUnderflow    = tally.ErrUnderflow    // subtracting what is not there
	ErrCorrupt      = tally.ErrCorrupt      // corrupt encoding
)

// Limits of documents.
const (
	MaxItems = 5000 // of a plan
	MaxCells = 5000 // of a plan
	MaxRules = 500  // of a tone
)

// An Item is a piece of content: an article, a webinar, a price list. Touches belong to it
// by props.content_id, its id, or else by its touchpoint.
type Item struct {
	ID         string            `json:"id"`
	Titles     map[string]string `json:"titles,omitempty"` // by language
	Format     string            `json:"format,omitempty"` // such as article, webinar, case
	Channel    string            `json:"channel,omitempty"`
	Touchpoint string            `json:"touchpoint,omitempty"`
	Stages     []string          `json:"stages"`              // for which it was made
	Personas   []string          `json:"personas,omitempty"`  // empty: for all
	Languages  []string          `json:"languages,omitempty"` // empty: for all
	Purpose    string            `json:"purpose,omitempty"`   // id of a [Purpose], or free
	Valid      time.Time         `json:"valid,omitzero"`      // until when it may be shown; zero: without end
	Updated    time.Time         `json:"updated,omitzero"`    // last revision; zero: never revised
	Cost       string            `json:"cost,omitempty"`      // decimal text
	Currency   string            `json:"currency,omitempty"`  // of Cost
}

// A Cell is a place of the plan that content is meant to fill.
type Cell struct {
	Stage    string    `json:"stage"`
	Persona  string    `json:"persona,omitempty"` // empty: people of no persona
	Channel  string    `json:"channel"`
	Language string    `json:"language,omitempty"` // empty: all languages together
	Purpose  string    `json:"purpose,omitempty"`
	Owner    string    `json:"owner,omitempty"`
	Due      time.Time `json:"due,omitzero"`
}

// ID names the cell: its stage, persona, channel and language joined by slashes.
func (c Cell) ID() string {
	id := c.Stage + "/" + c.Persona + "/" + c.Channel
	if c.Language != "" {
		id += "/" + c.Language
	}
	return id
}

func (c Cell) place() Cell {
	return Cell{Stage: c.Stage, Persona: c.Persona, Channel: c.Channel, Language: c.Language}
}

// A Plan is what content there is and what there should be. Do not change one while it is
// used; it is then safe for concurrent use.
type Plan struct {
	ID      string `json:"id"`
	Version string `json:"version,omitempty"`
	Items   []Item `json:"items"`
	Cells   []Cell `json:"cells"`
}

// ParsePlan reads a plan from JSON, strictly, and validates it. The error is a
// [*persona.DefinitionError].
func ParsePlan(text []byte) (*Plan, error) {
	p := &Plan{}
	if err := persona.Decode(text, p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

func fault(path, reason string) error { return &persona.DefinitionError{Path: path, Reason: reason} }

func (p *Plan) check() error {
	switch {
	case p.ID == "":
		return fault("/id", "missing")
	case p.Items == nil:
		return fault("/items", "missing")
	case p.Cells == nil:
		return fault("/cells", "missing")
	case len(p.Items) > MaxItems:
		return fault("/items", fmt.Sprintf("more than %d", MaxItems))
	case len(p.Cells) > MaxCells:
		return fault("/cells", fmt.Sprintf("more than %d", MaxCells))
	}
	ids, places := map[string]bool{}, map[string]bool{}
	for i, item := range p.Items {
		path := fmt.Sprintf("/items/%d", i)
		switch {
		case item.ID == "" || ids[item.ID]:
			return fault(path+"/id", "missing or used twice")
		case len(item.Stages) == 0:
			return fault(path+"/stages", "missing")
		case item.Touchpoint != "" && places[touchpoint.Fold(item.Touchpoint)]:
			return fault(path+"/touchpoint", "used twice")
		case (item.Cost == "") != (item.Currency == ""):
			return fault(path+"/cost", "amount or currency is missing")
		}
		ids[item.ID], places[touchpoint.Fold(item.Touchpoint)] = true, true
		if item.Cost != "" {
			c, err := touchpoint.ParseCurrency(item.Currency)
			if err != nil {
				return fault(path+"/currency", "unknown")
			}
			if m, err := touchpoint.ParseAmount(item.Cost, c); err != nil || m.Minor < 0 {
				return fault(path+"/cost", "no amount")
			}
		}
	}
	cells := map[Cell]bool{}
	for i, c := range p.Cells {
		path := fmt.Sprintf("/cells/%d", i)
		switch {
		case c.Stage == "":
			return fault(path+"/stage", "missing")
		case c.Channel == "":
			return fault(path+"/channel", "missing")
		case cells[c.place()]:
			return fault(path, "planned twice")
		}
		cells[c.place()] = true
	}
	return nil
}

// An index finds the item of a touch.
type index struct{ byID, byName map[string]*Item }

func (p *Plan) index() index {
	x := index{map[string]*Item{}, map[string]*Item{}}
	for i := range p.Items {
		item := &p.Items[i]
		x.byID[item.ID] = item
		if item.Touchpoint != "" {
			x.byName[touchpoint.Fold(item.Touchpoint)] = item
		}
	}
	return x
}

// find returns the item that a touch belongs to, nil for none.
func (x index) find(t *touchpoint.Touch) *Item {
	if id, ok := t.Props.Text("content_id"); ok && x.byID[id] != nil {
		return x.byID[id]
	}
	if t.Touchpoint == "" {
		return nil
	}
	return x.byName[touchpoint.Fold(t.Touchpoint)]
}

// Fits reports whether the item was made for a stage, persona, channel and language; what
// the item or the question leaves open fits.
func (i *Item) Fits(c Cell) bool {
	has := func(list []string, word string) bool {
		return word == "" || len(list) == 0 || slices.Contains(list, word)
	}
	return slices.Contains(i.Stages, c.Stage) && has(i.Personas, c.Persona) && has(i.Languages, c.Language) &&
		(i.Channel == "" || c.Channel == "" || i.Channel == c.Channel)
}

// Current reports whether the item may be shown at an instant and was revised in the 540
// days before it.
func (i *Item) Current(at time.Time) bool {
	return (i.Valid.IsZero() || !at.After(i.Valid)) && !i.Updated.IsZero() && at.Sub(i.Updated) <= 540*day
}

const day = 24 * time.Hour

// A Purpose is what content is for in a part of the journey.
type Purpose struct {
	ID      string            `json:"id"`
	Stages  []string          `json:"stages"`
	Texts   map[string]string `json:"texts"`   // by language
	Formats map[string]string `json:"formats"` // usual ones, by language
}

//go:embed table/purposes.json
var purposeTable []byte

var defaultPurposes = sync.OnceValue(func() []Purpose { return mustDecode[[]Purpose](purposeTable) })

// mustDecode reads one of our tables.
func mustDecode[T any](text []byte) T {
	var v T
	if err := persona.Decode(text, &v); err != nil {
		panic(err)
	}
	return v
}

// Purposes returns the default purposes of content in a stage, by the stage names of the
// stage models that tabi comes with; none for a stage it does not know.
func Purposes(stage string) []Purpose {
	var out []Purpose
	for _, p := range defaultPurposes() {
		if slices.Contains(p.Stages, stage) {
			out = append(out, p)
		}
	}
	return out
}
