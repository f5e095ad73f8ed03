package persona

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/touchpoint"
)

const day = 24 * time.Hour

// A Policy says which observation of a trait wins. Ties go by time, rank of the source,
// source, record and value, so that the order of arrival never decides.
type Policy string

// The policies.
const (
	Latest   Policy = "latest"   // the youngest
	Rank     Policy = "rank"     // of the best source, then the youngest
	First    Policy = "first"    // the oldest
	Union    Policy = "union"    // all texts of the last MaxAge, as a list
	Majority Policy = "majority" // the most frequent, with a half-life of 180 days
	Max      Policy = "max"      // the largest number
	Min      Policy = "min"      // the smallest number
)

// FoldOptions say how observations become a profile. Nil and zero fields are defaults.
type FoldOptions struct {
	// KnownAt leaves out what was received later: the profile as it was known then.
	// Training and back-tests must set it. Zero: no bound.
	KnownAt time.Time
	// Policies by name of trait. Default: rank for name, title, industry, employees,
	// revenue and country; first for first_source and signup_date; union for
	// technologies, goals, pains and interests; majority for language, timezone and
	// preferred_channel; max for plan_seats; latest for all others.
	Policies map[string]Policy
	// Sources, the best first; "" stands for all that are not listed, which else come
	// last. Default: form, crm, enrichment, "", inferred.
	Sources []string
	// MaxAge by name of trait, after which it is stale. Default: title 540 days,
	// employees 730, budget 365, others never.
	MaxAge map[string]time.Duration
	// StaleIsUnknown makes stale traits unknown. Default: they stay known, and say so.
	StaleIsUnknown bool
	// AllowSensitive keeps sensitive traits.
	AllowSensitive bool
	// NoConsent says that the subject has not agreed to profiling: all is unknown.
	NoConsent bool
}

var (
	defaultPolicies = map[string]Policy{"name": Rank, "title": Rank, "industry": Rank, "employees": Rank, "revenue": Rank, "country": Rank,
		"first_source": First, "signup_date": First, "technologies": Union, "goals": Union, "pains": Union, "interests": Union,
		"language": Majority, "timezone": Majority, "preferred_channel": Majority, "plan_seats": Max}
	defaultMaxAge  = map[string]time.Duration{"title": 540 * day, "employees": 730 * day, "budget": 365 * day}
	defaultSources = []string{"form", "crm", "enrichment", "", "inferred"}
)

func short(name string) string { return name[strings.IndexByte(name, '.')+1:] }

func setting[T comparable](own, defaults map[string]T, name string) T {
	if v, ok := own[name]; ok {
		return v
	}
	return defaults[short(name)]
}

// rank is the place of a source, less is better.
func (o *FoldOptions) rank(source string) int {
	list := o.Sources
	if list == nil {
		list = defaultSources
	}
	if i := slices.Index(list, source); i >= 0 {
		return i
	}
	if i := slices.Index(list, ""); i >= 0 {
		return i
	}
	return len(list)
}

// A Trait is the observation that won, and what it beat.
type Trait struct {
	Observation
	Conflict bool          // another source says otherwise and is not 90 days older
	Stale    bool          // older than its MaxAge
	Others   []Observation // the others, the last first, at most [MaxOthers]
}

// A Profile is what is known of one person or account, or of both, at an instant. The
// zero Profile knows nothing. Safe for concurrent use.
type Profile struct {
	traits  []Trait // by name
	refused []string
	options FoldOptions
}

// Fold makes a profile of observations, in any order and any number of times each, of
// one subject: what they tell as of at. Seniority and function follow from the title,
// email_kind from email, and employee_band from employees, where nobody states them.
func Fold(obs iter.Seq[Observation], at time.Time, o *FoldOptions) Profile {
	var p Profile
	if o != nil {
		p.options = *o
	}
	o = &p.options
	t := tables.Get().(*table)
	p.refused = t.collect(obs, at, o)
	names := t.order()
	for len(names) > MaxTraits {
		p.refused = append(p.refused, t.groups[names[len(names)-1]].name)
		names = names[:len(names)-1]
	}
	slices.Sort(p.refused)
	p.refused = slices.Compact(p.refused)
	p.traits = make([]Trait, len(names), len(names)+t.derivable())
	for i, place := range names {
		g := &t.groups[place]
		p.traits[i].merge(o, g.name, g.obs, at)
	}
	p.derive()
	t.release()
	return p
}

// compare is the order of the specification: time, rank of the source, source, record,
// value, and then whatever else may differ, one after the other since most differ early.
func (o *FoldOptions) compare(a, b *Observation) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if a.Source != b.Source {
		return cmp.Or(o.rank(b.Source)-o.rank(a.Source), cmp.Compare(a.Source, b.Source))
	}
	if c := a.Ref.Compare(b.Ref); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Value.String(), b.Value.String()), cmp.Compare(a.Value.kind, b.Value.kind), cmp.Compare(a.Unknown, b.Unknown),
		a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.Method, b.Method))
}

// merge makes the zero t the trait of its observations, of which there is one at least.
func (t *Trait) merge(o *FoldOptions, name string, obs []*Observation, at time.Time) {
	last := obs[0]
	if len(obs) > 1 {
		slices.SortFunc(obs, o.compare)
		last = obs[len(obs)-1]
		obs = slices.CompactFunc(obs, func(a, b *Observation) bool { return o.compare(a, b) == 0 })
	}
	known := slices.DeleteFunc(obs, func(ob *Observation) bool { return ob.Value.kind == None })
	if len(known) == 0 {
		t.Observation = *last
		return
	}
	policy := setting(o.Policies, defaultPolicies, name)
	age := setting(o.MaxAge, defaultMaxAge, name)
	win := o.winner(policy, known, at)
	t.Observation = *known[win]
	t.Stale = age > 0 && at.Sub(t.At) > age
	if policy == Union {
		t.Value = union(known, age, at, t.Stale)
	} else {
		t.Conflict = conflict(known, &t.Observation)
	}
	n := min(len(known)-1, MaxOthers)
	if n == 0 {
		return
	}
	t.Others = make([]Observation, 0, n)
	for i := len(known) - 1; i >= 0 && len(t.Others) < n; i-- {
		if i != win {
			t.Others = append(t.Others, *known[i])
		}
	}
}

// union is the set of all texts that are not too old; if all are, of all.
func union(obs []*Observation, age time.Duration, at time.Time, stale bool) Value {
	var all []string
	for _, ob := range obs {
		switch {
		case age > 0 && at.Sub(ob.At) > age && !stale:
		case ob.Value.kind == List:
			all = append(all, ob.Value.list.stated...)
		default:
			all = append(all, ob.Value.String())
		}
	}
	return ListValue(all...)
}

// conflict reports whether the latest value of another source differs from the winner and
// is not older by more than 90 days.
func conflict(obs []*Observation, win *Observation) bool {
	var seen []string
	for _, ob := range slices.Backward(obs) {
		if ob.Source == win.Source || slices.Contains(seen, ob.Source) {
			continue
		}
		if ob.At.Sub(win.At) < -90*day {
			return false // and so are all before
		}
		seen = append(seen, ob.Source)
		if !ob.Value.same(&win.Value) {
			return true
		}
	}
	return false
}

// winner returns the index of the winner among sorted observations.
func (o *FoldOptions) winner(p Policy, obs []*Observation, at time.Time) int {
	switch p {
	case First:
		return 0
	case Rank, Majority, Max, Min:
	default:
		return len(obs) - 1
	}
	var weight map[string]float64
	if p == Majority {
		weight = map[string]float64{}
		for _, ob := range obs {
			weight[ob.Value.String()] += num.Exp2(-at.Sub(ob.At).Hours() / (180 * 24))
		}
	}
	better := func(a, b *Observation) bool { // a loses to the later b unless it is better
		switch p {
		case Rank:
			return o.rank(a.Source) < o.rank(b.Source)
		case Majority:
			return weight[a.Value.String()] > weight[b.Value.String()]
		case Max:
			return a.Value.hi > b.Value.hi
		}
		return a.Value.lo < b.Value.lo
	}
	win := 0
	for i := range obs {
		if !better(obs[win], obs[i]) {
			win = i
		}
	}
	return win
}

// find returns where a trait is, or would be. Traits are large: none is copied.
func (p *Profile) find(name string) (place int, found bool) {
	from, to := 0, len(p.traits)
	for from < to {
		middle := (from + to) / 2
		switch c := strings.Compare(p.traits[middle].Name, name); {
		case c == 0:
			return middle, true
		case c < 0:
			from = middle + 1
		default:
			to = middle
		}
	}
	return from, false
}

// derive adds what follows from other traits, with their source and date.
func (p *Profile) derive() {
	trait := func(name string) (t Trait) {
		if i, ok := p.find(name); ok {
			t = p.traits[i]
		}
		return t
	}
	add := func(from Trait, name, text string) {
		i, ok := p.find(name)
		if text == "" || ok && p.traits[i].Value.kind != None {
			return
		}
		from.Name, from.Value, from.Method, from.Others, from.Conflict = name, TextValue(text), Inferred, nil, false
		if !ok {
			p.traits = slices.Insert(p.traits, i, Trait{})
		}
		p.traits[i] = from
	}
	if t := trait("person.title"); t.Value.kind == Text {
		seniority, function := Title(t.Value.text)
		add(t, "person.seniority", seniority)
		add(t, "person.function", function)
	}
	if t := trait("person.email"); t.Name != "" {
		add(t, "person.email_kind", EmailKind(t.Value.text, nil))
	}
	if t := trait("account.employees"); t.Name != "" {
		band, _ := EmployeeBand(t.Value)
		add(t, "account.employee_band", band)
	}
}

// Field returns the value of a trait and where it comes from, or why it is unknown.
func (p Profile) Field(name string) (Value, Why) {
	if p.options.NoConsent {
		return Value{}, Why{Unknown: NoConsent}
	}
	i, ok := p.find(name)
	if !ok {
		return Value{}, Why{Unknown: NeverObserved}
	}
	t := &p.traits[i]
	why := Why{t.Unknown, t.Source, t.At}
	switch {
	case t.Value.kind == None:
		if why.Unknown == "" {
			why.Unknown = Empty
		}
		return Value{}, why
	case t.Stale && p.options.StaleIsUnknown:
		why.Unknown = Stale
		return Value{}, why
	}
	why.Unknown = ""
	return t.Value, why
}

// Touches yields none; join the profile with [OfTouches].
func (p Profile) Touches() iter.Seq[touchpoint.Touch] { return none }

// Traits yields the traits by name, also those that are known to be unknown.
func (p Profile) Traits() iter.Seq[Trait] { return slices.Values(p.traits) }

// Refused returns the names of traits that were dropped, sorted: sensitive ones, and
// those beyond [MaxTraits].
func (p Profile) Refused() []string { return slices.Clone(p.refused) }

// Completeness returns how many of the named traits are known, as a share, and why the
// others are not. Of no names it is 1.
func (p Profile) Completeness(names []string) (share float64, unknown map[string]Unknown) {
	unknown = map[string]Unknown{}
	for _, name := range names {
		if _, why := p.Field(name); !why.Known() {
			unknown[name] = why.Unknown
		}
	}
	if len(names) == 0 {
		return 1, unknown
	}
	return 1 - float64(len(unknown))/float64(len(names)), unknown
}
