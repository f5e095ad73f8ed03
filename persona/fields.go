package persona

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// An Unknown says why a field has no value. The list is closed; "" means that it has one.
type Unknown string

// The reasons why a field is unknown.
const (
	NeverObserved Unknown = "never_observed"
	Empty         Unknown = "empty"
	Placeholder   Unknown = "placeholder" // n/a, none, 不明 and the like
	Unparseable   Unknown = "unparseable"
	OutOfRange    Unknown = "out_of_range"
	Stale         Unknown = "stale"
	NoConsent     Unknown = "no_consent"
	WrongType     Unknown = "type" // asked as the wrong kind, or in another currency
)

// A Why says where a field's value comes from, or why there is none.
type Why struct {
	Unknown Unknown
	Source  string    // who said so, "" if nobody in particular
	At      time.Time // when; zero if it has no date
}

// Known reports whether there is a value.
func (w Why) Known() bool { return w.Unknown == "" }

// Fields is what conditions ask about a subject: named values, and its touches.
// [Profile] and [Map] implement it; so may whoever knows more, such as a journey.
// Implementations return equal answers to equal questions.
type Fields interface {
	// Field returns a value, or why it is unknown. A name that the implementation
	// has no answer to is unknown as NeverObserved.
	Field(name string) (Value, Why)
	// Touches yields the subject's touches, in any order. Each call starts anew.
	Touches() iter.Seq[touchpoint.Touch]
}

// A Map is Fields of a few values, without touches.
type Map map[string]Value

// Field returns the value of that name.
func (m Map) Field(name string) (Value, Why) {
	v := m[name]
	if v.kind == None {
		return Value{}, Why{Unknown: NeverObserved}
	}
	return v, Why{}
}

// Touches yields none.
func (m Map) Touches() iter.Seq[touchpoint.Touch] { return none }

func none(func(touchpoint.Touch) bool) {}

type joined []Fields

// Join returns the fields of all of fs: the first that knows a name answers, else the
// first that says more than never observed. Touches are those of all, each key once.
func Join(fs ...Fields) Fields { return joined(slices.Clone(fs)) }

func (j joined) Field(name string) (Value, Why) {
	answer := Why{Unknown: NeverObserved}
	for _, f := range j {
		v, why := f.Field(name)
		if why.Known() {
			return v, why
		}
		if answer.Unknown == NeverObserved {
			answer = why
		}
	}
	return Value{}, answer
}

func (j joined) Touches() iter.Seq[touchpoint.Touch] {
	return func(yield func(touchpoint.Touch) bool) {
		seen := map[touchpoint.Key]bool{}
		for _, f := range j {
			for t := range f.Touches() {
				if k := t.Key(); !seen[k] {
					seen[k] = true
					if !yield(t) {
						return
					}
				}
			}
		}
	}
}

// OfTouches returns Fields without values whose touches are these; join it with a
// profile. The slice must not change afterwards.
func OfTouches(touches []touchpoint.Touch) Fields { return touchList(touches) }

type touchList []touchpoint.Touch

func (touchList) Field(string) (Value, Why)             { return Value{}, Why{Unknown: NeverObserved} }
func (l touchList) Touches() iter.Seq[touchpoint.Touch] { return slices.Values(l) }

// OfTouch returns the fields of a single touch that conditions may ask: touch.kind
// .channel .touchpoint .campaign.source .campaign.medium .campaign.name .direction
// .offline .sentiment .stage .at and .props.<key>. The touch must not change afterwards.
func OfTouch(t *touchpoint.Touch) Fields { return touchFields{t} }

type touchFields struct{ t *touchpoint.Touch }

func (f touchFields) Touches() iter.Seq[touchpoint.Touch] {
	return func(yield func(touchpoint.Touch) bool) { yield(*f.t) }
}

func (f touchFields) Field(name string) (Value, Why) {
	v := f.value(name)
	if v.kind == None || v.kind == Text && v.text == "" {
		return Value{}, Why{Unknown: NeverObserved}
	}
	return v, Why{Source: f.t.Source, At: f.t.At}
}

func (f touchFields) value(name string) Value {
	t := f.t
	switch name {
	case "touch.kind":
		return TextValue(string(t.Kind))
	case "touch.channel":
		return TextValue(string(t.Channel))
	case "touch.touchpoint":
		return TextValue(t.Touchpoint)
	case "touch.campaign.source":
		return TextValue(t.Campaign.Source)
	case "touch.campaign.medium":
		return TextValue(t.Campaign.Medium)
	case "touch.campaign.name":
		return TextValue(t.Campaign.Name)
	case "touch.direction":
		if t.Direction == touchpoint.DirectionUnset {
			return Value{}
		}
		return TextValue(t.Direction.String())
	case "touch.offline":
		return BoolValue(t.Offline)
	case "touch.sentiment":
		if milli, ok := t.Sentiment.Milli(); ok {
			return NumberValue(float64(milli) / 1000)
		}
		return Value{}
	case "touch.stage":
		return TextValue(t.Stage)
	case "touch.at":
		return InstantValue(t.At)
	}
	key, ok := strings.CutPrefix(name, "touch.props.")
	if !ok {
		return Value{}
	}
	raw, ok := t.Props.Raw(key)
	if !ok {
		return Value{}
	}
	v, _ := jsonValue("", raw)
	return v
}

// Consented reports whether the subject is known to allow a purpose: the field
// "consent.<purpose>" is true. Unknown is no consent. Who does not enforce consent joins
// a [Map] that says true.
func Consented(f Fields, purpose string) bool {
	v, why := f.Field("consent." + purpose)
	allowed, ok := v.Bool()
	return why.Known() && ok && allowed
}
