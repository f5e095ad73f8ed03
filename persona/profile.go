package persona

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/internal/num"
	"github.com/tabi-go/tabi/persona/internal/normal"
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
	traits  map[string]*Trait
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
	groups, refused := o.group(obs, at)
	for len(groups) > MaxTraits {
		refused = append(refused, groups[len(groups)-1].name)
		groups = groups[:len(groups)-1]
	}
	slices.Sort(refused)
	p.refused = slices.Compact(refused)
	p.traits = make(map[string]*Trait, len(groups))
	all := make([]Trait, len(groups))
	for i, g := range groups {
		all[i] = o.merge(g.name, g.obs, at)
		p.traits[g.name] = &all[i]
	}
	p.derive()
	return p
}

// A group is what was observed of one trait.
type group struct {
	name string
	size int
	obs  []*Observation
}

// group parts what counts by name, sorted, and names what is sensitive. Observations are
// large, so each is copied once, into a block that never grows, and then pointed to.
func (o *FoldOptions) group(obs iter.Seq[Observation], at time.Time) (groups []group, refused []string) {
	index := map[string]int{}
	var block []Observation
	var kept []*Observation
	var of []int // the group of each
	for ob := range obs {
		if ob.At.After(at) || !o.KnownAt.IsZero() && ob.ReceivedAt.After(o.KnownAt) {
			continue
		}
		i, known := index[ob.Name]
		if !known {
			if !o.AllowSensitive && normal.Sensitive(ob.Name) {
				refused = append(refused, ob.Name)
				continue
			}
			i = len(groups)
			index[ob.Name] = i
			groups = append(groups, group{name: ob.Name})
		}
		if len(block) == cap(block) {
			block = make([]Observation, 0, min(max(16, 2*len(block)), 1024))
		}
		block = append(block, ob)
		kept, of = append(kept, &block[len(block)-1]), append(of, i)
		groups[i].size++
	}
	room := make([]*Observation, len(kept))
	for i := range groups {
		g := &groups[i]
		g.obs, room = room[:0:g.size], room[g.size:]
	}
	for i, ob := range kept {
		g := &groups[of[i]]
		g.obs = append(g.obs, ob)
	}
	slices.SortFunc(groups, func(a, b group) int { return strings.Compare(a.name, b.name) })
	return groups, refused
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
	if c := cmp.Or(cmp.Compare(a.Value.kind, b.Value.kind), cmp.Compare(a.Value.text, b.Value.text)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Value.String(), b.Value.String()), cmp.Compare(a.Unknown, b.Unknown),
		a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.Method, b.Method))
}

func (o *FoldOptions) merge(name string, obs []*Observation, at time.Time) Trait {
	slices.SortFunc(obs, o.compare)
	last := *obs[len(obs)-1]
	known := slices.CompactFunc(obs, func(a, b *Observation) bool { return o.compare(a, b) == 0 })
	known = slices.DeleteFunc(known, func(ob *Observation) bool { return ob.Value.kind == None })
	if len(known) == 0 {
		return Trait{Observation: last}
	}
	policy := setting(o.Policies, defaultPolicies, name)
	age := setting(o.MaxAge, defaultMaxAge, name)
	win := o.winner(policy, known, at)
	t := Trait{Observation: *known[win]}
	t.Stale = age > 0 && at.Sub(t.At) > age
	if policy == Union {
		t.Value = union(known, age, at, t.Stale)
	} else {
		t.Conflict = conflict(known, &t.Observation)
	}
	if n := min(len(known)-1, MaxOthers); n > 0 {
		t.Others = make([]Observation, 0, n)
	}
	for i := len(known) - 1; i >= 0 && len(t.Others) < cap(t.Others); i-- {
		if i != win {
			t.Others = append(t.Others, *known[i])
		}
	}
	return t
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
	if p == First {
		return 0
	}
	weight := map[string]float64{}
	if p == Majority {
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
		case Min:
			return a.Value.lo < b.Value.lo
		}
		return false
	}
	win := 0
	for i := range obs {
		if !better(obs[win], obs[i]) {
			win = i
		}
	}
	return win
}

// derive adds what follows from other traits, with their source and date.
func (p *Profile) derive() {
	add := func(from Trait, name, text string) {
		if old, ok := p.traits[name]; text == "" || ok && old.Value.kind != None {
			return
		}
		from.Name, from.Value, from.Method, from.Others, from.Conflict = name, TextValue(text), Inferred, nil, false
		p.traits[name] = &from
	}
	if t, ok := p.traits["person.title"]; ok && t.Value.kind == Text {
		seniority, function := Title(t.Value.text)
		add(*t, "person.seniority", seniority)
		add(*t, "person.function", function)
	}
	if t, ok := p.traits["person.email"]; ok {
		add(*t, "person.email_kind", EmailKind(t.Value.text, nil))
	}
	if t, ok := p.traits["account.employees"]; ok {
		band, _ := EmployeeBand(t.Value)
		add(*t, "account.employee_band", band)
	}
}

// Field returns the value of a trait and where it comes from, or why it is unknown.
func (p Profile) Field(name string) (Value, Why) {
	if p.options.NoConsent {
		return Value{}, Why{Unknown: NoConsent}
	}
	t := p.traits[name]
	if t == nil {
		return Value{}, Why{Unknown: NeverObserved}
	}
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
func (p Profile) Traits() iter.Seq[Trait] {
	return func(yield func(Trait) bool) {
		for _, name := range slices.Sorted(maps.Keys(p.traits)) {
			if !yield(*p.traits[name]) {
				return
			}
		}
	}
}

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
