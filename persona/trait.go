package persona

import (
	_ "embed"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/persona/internal/normal"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Method says how a source came to know a trait.
type Method uint8

// The methods. Imported is the zero value.
const (
	Imported Method = iota // from another system's records
	Declared               // the subject said so
	Enriched               // bought or looked up
	Inferred               // derived from another trait
)

// An Observation is one dated statement about a person or an account.
type Observation struct {
	Name    string // such as "person.title"
	Value   Value
	Unknown Unknown // why there is no value: somebody left the field empty, say
	Source  string
	Ref     touchpoint.Key // the record that said so
	At      time.Time
	// ReceivedAt is when we learnt it, for [FoldOptions].KnownAt.
	ReceivedAt time.Time
	Method     Method
}

//go:embed table/traits.csv
var traitTable string

// A TraitMap gives the spellings of other systems their canonical names: jobtitle,
// job_title and 役職 are person.title. A nil TraitMap is the built-in one. Safe for
// concurrent use.
type TraitMap struct {
	spellings map[string][]string
	names     map[string]string // key of the spelling → canonical name
}

// spellingKey ignores case, width, and what parts words.
func spellingKey(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, normal.Fold(s))
}

func newTraitMap(spellings map[string][]string) (*TraitMap, error) {
	m := &TraitMap{spellings, map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(spellings)) {
		side, short, ok := strings.Cut(name, ".")
		if !ok || short == "" || side != "" && side != "person" && side != "account" {
			return nil, fault(at("", name), "no name of a trait")
		}
		for i, s := range append([]string{short}, spellings[name]...) {
			key := spellingKey(s)
			if other, ok := m.names[key]; ok && other != name && i > 0 {
				return nil, fault(index(at("", name), i-1), "spelling of two traits")
			}
			m.names[key] = name
		}
	}
	return m, nil
}

var builtinTraits = sync.OnceValue(func() *TraitMap {
	spellings := map[string][]string{}
	for _, row := range normal.Rows(traitTable) {
		spellings[row[0]] = strings.Split(row[1], "|")
	}
	// person.name and account.name share their short spelling: a bare name is a person's.
	m, err := newTraitMap(spellings)
	if err != nil {
		panic(err)
	}
	m.names["name"] = "person.name"
	return m
})

// ParseTraitMap reads a map in JSON: canonical names, each with an array of spellings. A
// name that begins with a dot, as .country, belongs to whichever side states it.
func ParseTraitMap(text []byte) (*TraitMap, error) {
	var spellings map[string][]string
	if err := Decode(text, &spellings); err != nil {
		return nil, err
	}
	return newTraitMap(spellings)
}

// MarshalJSON writes what [ParseTraitMap] reads.
func (m *TraitMap) MarshalJSON() ([]byte, error) {
	if m == nil {
		m = builtinTraits()
	}
	return json.Marshal(m.spellings)
}

// Name returns the canonical name of a spelling. Names that begin with person. or
// account. say their side; side, "person" or "account", is the side of names that no
// table gives one. An unknown spelling is kept as it is.
func (m *TraitMap) Name(spelling, side string) string {
	if m == nil {
		m = builtinTraits()
	}
	stated := ""
	short := spelling
	for _, s := range []string{"person", "account"} {
		if rest, ok := strings.CutPrefix(spelling, s+"."); ok {
			stated, short = s, rest
		}
	}
	name, known := m.names[spellingKey(short)]
	owner, trait, _ := strings.Cut(name, ".")
	switch {
	case known && stated == "" && owner != "":
		return name
	case known && owner == "" && stated == "":
		return side + "." + trait
	case known && (owner == "" || owner == stated):
		return stated + "." + trait
	case stated != "":
		return stated + "." + short
	}
	return side + "." + spelling
}

// Observe makes an observation of what a record says under a spelling, with the value
// normalised and without date and source. The error is [ErrSensitiveTrait].
func (m *TraitMap) Observe(spelling, side, text string) (Observation, error) {
	o := Observation{Name: m.Name(spelling, side)}
	if normal.Sensitive(o.Name) {
		return Observation{}, ErrSensitiveTrait
	}
	o.Value, o.Unknown = Normalize(o.Name, text)
	return o, nil
}

// Observations returns what a touch states in its props objects person and account, and
// in flat props such as person.title, in the order of their keys. Sensitive traits are
// left out and counted.
func (m *TraitMap) Observations(t *touchpoint.Touch) (found []Observation, sensitive int) {
	add := func(spelling, side, raw string) {
		o := Observation{Name: m.Name(spelling, side)}
		if normal.Sensitive(o.Name) {
			sensitive++
			return
		}
		o.Source, o.Ref, o.At, o.ReceivedAt = t.Source, t.Key(), t.At, t.ReceivedAt
		if o.Value, o.Unknown = jsonValue(o.Name, raw); o.Value.kind == None && o.Unknown == "" {
			return
		}
		found = append(found, o)
	}
	for key, raw := range t.Props.All() {
		side, _, flat := strings.Cut(key, ".")
		switch {
		case side != "person" && side != "account":
		case flat:
			add(key, side, raw)
		case raw[0] == '{':
			inner, _ := touchpoint.ParseProps([]byte(raw)) // as it stands in props
			for key, raw := range inner.All() {
				add(side+"."+key, side, raw)
			}
		}
	}
	return found, sensitive
}

// jsonValue normalises a JSON value; objects have none.
func jsonValue(name, raw string) (Value, Unknown) {
	var x any
	_ = json.Unmarshal([]byte(raw), &x) // what stands in props is JSON
	switch x := x.(type) {
	case nil:
		return Value{}, Empty
	case bool:
		return BoolValue(x), ""
	case float64:
		if name == "" || numeric[name] {
			return checked(name, NumberValue(x))
		}
		return Normalize(name, raw)
	case string:
		if name == "" {
			return TextValue(x), ""
		}
		return Normalize(name, x)
	case []any:
		var texts []string
		for _, item := range x {
			switch item := item.(type) {
			case string:
				texts = append(texts, item)
			case float64:
				texts = append(texts, strconv.FormatFloat(item, 'g', -1, 64))
			}
		}
		return ListValue(texts...), ""
	}
	return Value{}, ""
}

var (
	numeric = map[string]bool{"account.employees": true, "account.revenue": true, "account.budget": true, "account.founded": true,
		"account.plan_seats": true, "person.budget": true}
	lists = map[string]bool{"account.technologies": true, "person.goals": true, "person.pains": true, "person.interests": true}
	dates = map[string]bool{"person.signup_date": true, "account.signup_date": true}
)

// Normalize returns the value that a text has for the trait of a canonical name, or why
// it has none: numbers and ranges where the trait is one, countries and languages as
// codes, lists where parted by | ; or 、, other traits as cleaned text. It is idempotent:
// the text of its value normalises to the same value.
func Normalize(name, text string) (Value, Unknown) {
	clean, err := touchpoint.Clean(text)
	if err != nil {
		return Value{}, Unparseable
	}
	folded := normal.Fold(clean)
	_, short, _ := strings.Cut(name, ".")
	switch {
	case clean == "":
		return Value{}, Empty
	case normal.Placeholder(short, folded):
		return Value{}, Placeholder
	case numeric[name]:
		v, ok := ParseNumber(clean)
		if !ok {
			return Value{}, Unparseable
		}
		return checked(name, v)
	case short == "country":
		return coded(Country(clean))
	case short == "language":
		return coded(Language(clean))
	case short == "opted_out":
		return truth(folded)
	case dates[name]:
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if t, err := time.Parse(layout, clean); err == nil {
				return InstantValue(t), ""
			}
		}
		return Value{}, Unparseable
	case lists[name]:
		var texts []string
		for _, s := range strings.FieldsFunc(clean, func(r rune) bool { return r == '|' || r == ';' || r == '、' }) {
			if s = strings.TrimSpace(s); s != "" && !normal.Placeholder(short, normal.Fold(s)) {
				texts = append(texts, s)
			}
		}
		if texts == nil {
			return Value{}, Placeholder
		}
		return ListValue(texts...), ""
	}
	return TextValue(clean), ""
}

func coded(code string, ok bool) (Value, Unknown) {
	if !ok {
		return Value{}, Unparseable
	}
	return TextValue(code), ""
}

func truth(folded string) (Value, Unknown) {
	switch folded {
	case "true", "yes", "1", "はい":
		return BoolValue(true), ""
	case "false", "no", "0", "いいえ":
		return BoolValue(false), ""
	}
	return Value{}, Unparseable
}

// checked refuses numbers that cannot be.
func checked(name string, v Value) (Value, Unknown) {
	if lo, hi, ok := v.Range(); ok && name == "account.employees" && (lo < 0 || !math.IsInf(hi, 1) && hi > 1e8) {
		return Value{}, OutOfRange
	}
	return v, ""
}

var domains identity.Table

// EmailKind returns what sort of address it is: role (info@, sales@), free or business.
// It returns "" for what is no address. Disposable addresses need a list, which package
// identity can load: see [identity.Table].
func EmailKind(address string, table *identity.Table) string {
	if table == nil {
		table = &domains
	}
	local, domain, ok := strings.Cut(normal.Fold(address), "@")
	if !ok || local == "" || domain == "" {
		return ""
	}
	if roles[local] {
		return "role"
	}
	switch table.Class(domain) {
	case identity.FreeMail:
		return "free"
	case identity.Disposable:
		return "disposable"
	}
	return "business"
}

var roles = map[string]bool{"info": true, "sales": true, "contact": true, "support": true, "admin": true, "office": true,
	"hello": true, "help": true, "marketing": true, "hr": true, "jobs": true, "billing": true, "webmaster": true, "postmaster": true, "noreply": true, "no-reply": true}
