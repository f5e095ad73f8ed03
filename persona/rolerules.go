package persona

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tabi-go/tabi/persona/internal/normal"
	"github.com/tabi-go/tabi/touchpoint"
)

// A fieldRule infers a role from the value of a field, a kindRule from touches.
type (
	fieldRule struct {
		field, value string
		role         Role
	}
	kindRule struct {
		kinds map[touchpoint.Kind]bool
		least int // touches
		role  Role
	}
)

// roleRules are the rows of table/roles.csv by which roles are inferred.
var roleRules = sync.OnceValue(func() (r struct {
	fields []fieldRule
	kinds  []kindRule
	twoWay map[touchpoint.Kind]bool
}) {
	for _, row := range normal.Rows(roleTable) {
		kinds := map[touchpoint.Kind]bool{}
		for word := range strings.SplitSeq(row[2], "|") {
			kinds[touchpoint.Kind(word)] = true
		}
		least, err := strconv.Atoi(row[0])
		switch {
		case err == nil:
			r.kinds = append(r.kinds, kindRule{kinds, least, Role(row[1])})
		case row[0] == "two_way":
			r.twoWay = kinds
		case row[0] != "contact":
			r.fields = append(r.fields, fieldRule{row[0], row[2], Role(row[1])})
		}
	}
	return r
})

// TwoWay reports whether both sides took part in a touch, such as a meeting that came
// about, a call or an answered mail. A page somebody read is no such contact.
func TwoWay(t *touchpoint.Touch) bool { return roleRules().twoWay[t.Kind] && t.Engaged() }

// Roles returns the roles that somebody holds in an account or an opportunity, in the
// order of the constants, as of at. f is what is known of them there: of somebody who
// works for two accounts only the touches of this one. In order of certainty, a role is
//
//   - declared by person.buying_role, in the words of the CRM that m knows; a word it does
//     not know is [UnknownRole];
//   - mapped: a default role of the persona p, which may be nil;
//   - inferred from seniority and function, and from touches: product use makes a user, two
//     pages of docs, api or security a technical evaluator, two colleagues invited a
//     champion, a signature a decision maker.
//
// Better evidence does not hide the rest: a declared evaluator who uses the product is a
// user too. Nobody is a [Blocker] unless declared: [ParsePersonas] refuses it as a default.
func (m *RoleMap) Roles(f Fields, p *Persona, at time.Time) []Holding {
	held := map[Role][]RoleEvidence{}
	if v, why := f.Field("person.buying_role"); why.Known() {
		for _, text := range listed(v) {
			r, ok := m.Role(text)
			if !ok {
				r = UnknownRole
			}
			held[r] = append(held[r], RoleEvidence{DeclaredRole, "person.buying_role", v, why, nil})
		}
	}
	if p != nil {
		for _, name := range p.DefaultRoles {
			held[Role(name)] = append(held[Role(name)], RoleEvidence{MappedRole, "persona.id", TextValue(p.ID), Why{}, nil})
		}
	}
	for _, rule := range roleRules().fields {
		if v, why := f.Field(rule.field); why.Known() && v.kind == Text && v.folded == rule.value {
			held[rule.role] = append(held[rule.role], RoleEvidence{InferredRole, rule.field, v, why, nil})
		}
	}
	touches := Contacts(f, at)
	for _, rule := range roleRules().kinds {
		if e, ok := rule.evidence(touches); ok {
			held[rule.role] = append(held[rule.role], e)
		}
	}
	var out []Holding
	for _, r := range roleOrder {
		if e := held[r]; e != nil {
			out = append(out, Holding{r, e[0].Certainty, e})
		}
	}
	return out
}

// listed are the texts of a list, or those of a text parted by | ; or 、.
func listed(v Value) []string {
	if v.kind == List {
		return v.list.stated
	}
	var out []string
	for _, s := range strings.FieldsFunc(v.String(), func(r rune) bool { return r == '|' || r == ';' || r == '、' }) {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Contacts returns the touches of f up to at in which people did something or something
// was done to them, by time, each key once: no records of other systems and no bots.
func Contacts(f Fields, at time.Time) []touchpoint.Touch {
	var out []touchpoint.Touch
	for t := range f.Touches() {
		if bot, _ := t.Props.Bool("bot"); !bot && !t.At.After(at) && t.Class() != touchpoint.Record {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, touchpoint.Compare)
	return slices.CompactFunc(out, func(a, b touchpoint.Touch) bool { return a.Key() == b.Key() })
}

func (rule *kindRule) evidence(touches []touchpoint.Touch) (RoleEvidence, bool) {
	var keys []touchpoint.Key
	var last Why
	for i := range touches {
		if t := &touches[i]; rule.kinds[t.Kind] && t.Engaged() {
			keys = append(keys, t.Key())
			last = Why{Source: t.Source, At: t.At}
		}
	}
	n := NumberValue(float64(len(keys)))
	return RoleEvidence{InferredRole, "touches", n, last, keys[max(0, len(keys)-MaxOthers):]}, len(keys) >= rule.least
}

// strongest orders holdings by certainty, then role.
func strongest(a, b Holding) int {
	place := func(c Certainty) int { return slices.Index([]Certainty{DeclaredRole, MappedRole, InferredRole}, c) }
	return cmp.Or(place(a.Certainty)-place(b.Certainty), slices.Index(roleOrder, a.Role)-slices.Index(roleOrder, b.Role))
}
