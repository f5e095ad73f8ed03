package persona

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona/internal/normal"
)

// A Truth is a value of Kleene's logic of three. The zero Truth is Undecided. Not is
// the minus sign, and is min, or is max.
type Truth int8

// The truths.
const (
	False     Truth = -1
	Undecided Truth = 0
	True      Truth = 1
)

// String returns true, false or unknown.
func (t Truth) String() string {
	switch {
	case t > 0:
		return "true"
	case t < 0:
		return "false"
	}
	return "unknown"
}

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// A Condition is a tree of tests on [Fields], read from JSON:
//
//	{"all":[…]} {"any":[…]} {"not":…}
//	{"field":"account.employees","op":"between","value":[50,1000]}
//	{"touches":{"where":…,"within":"P90D","agg":"count"},"op":"ge","value":1}
//
// Ops are eq ne in nin; lt le gt ge between (both ends included); prefix suffix contains
// matches (RE2); any_of all_of none_of on lists; older_than newer_than with a span
// such as P30D before the asked instant; exists missing. Texts are compared folded (case,
// width, blanks) unless "exact" is true. "currency" makes a test of money unknown where
// the value is not known to be of that currency.
//
// An unknown field makes its test unknown, not false, and so does a range of numbers
// that straddles a bound; only exists and missing always decide. So "not in finance" does
// not take in everybody whose industry we never learnt.
//
// touches takes the subject's touches with at−within < At ≤ at for which where, a
// condition on touch.* fields, is true. agg is count, distinct, sum, mean, min or max of
// the field that of names, or age_last, age_first in days. Of no touches, count, distinct
// and sum are 0, the others unknown.
//
// The zero Condition is true. Safe for concurrent use.
type Condition struct{ n *node }

type node struct {
	word     string // all, any, not, field or touches
	kids     []Condition
	field    string
	touches  *aggregate
	op       string
	value    any // as in JSON
	exact    bool
	currency string

	wants []Value // the value, made ready; texts folded unless exact
	re    *regexp.Regexp
	span  time.Duration
}

// A Leaf is one test of a condition and how it came out.
type Leaf struct {
	Field string // of a test of touches "touches.<agg>"
	Op    string
	Truth Truth
	Value Value // what was seen
	Why   Why   // where it comes from, or why it is unknown
}

// ParseCondition reads a condition strictly. The error is a [*DefinitionError].
func ParseCondition(text []byte) (Condition, error) {
	var c Condition
	err := Decode(text, &c)
	return c, err
}

// UnmarshalJSON reads what [ParseCondition] reads.
func (c *Condition) UnmarshalJSON(text []byte) error { return Decode(text, c) }

// Eval tests the condition on f as of at.
func (c Condition) Eval(f Fields, at time.Time) Truth { return c.eval(f, at, nil) }

// Explain tests the condition and returns every leaf, in the order of the tree.
func (c Condition) Explain(f Fields, at time.Time) (Truth, []Leaf) {
	leaves := []Leaf{}
	t := c.eval(f, at, &leaves)
	return t, leaves
}

func (c Condition) eval(f Fields, at time.Time, leaves *[]Leaf) Truth {
	n := c.n
	if n == nil {
		return True
	}
	switch n.word {
	case "not":
		return -n.kids[0].eval(f, at, leaves)
	case "all", "any":
		sign := True // any is all with signs turned (De Morgan)
		if n.word == "any" {
			sign = False
		}
		t := True
		for _, k := range n.kids {
			t = min(t, sign*k.eval(f, at, leaves))
			if t == False && leaves == nil {
				break
			}
		}
		return sign * t
	}
	var v Value
	var why Why
	if n.touches != nil {
		v, why = n.touches.of(f, at)
	} else {
		v, why = f.Field(n.field)
	}
	t, unknown := n.test(&v, why.Known(), f, at)
	if leaves != nil {
		if why.Known() {
			why.Unknown = unknown
		}
		*leaves = append(*leaves, Leaf{n.name(), n.op, t, v, why})
	}
	return t
}

func (n *node) name() string {
	if n.touches != nil {
		return "touches." + n.touches.Agg
	}
	return n.field
}

// test decides a leaf; the reason says why a known value could not be tested.
func (n *node) test(v *Value, known bool, f Fields, at time.Time) (Truth, Unknown) {
	switch {
	case n.op == "exists":
		return truthOf(known), ""
	case n.op == "missing":
		return truthOf(!known), ""
	case !known:
		return Undecided, ""
	}
	if n.currency != "" && v.kind == Number {
		stated := v.Currency()
		if stated == "" {
			account, _ := f.Field("account.currency")
			stated = account.text
		}
		if !strings.EqualFold(stated, n.currency) {
			return Undecided, WrongType
		}
	}
	switch n.op {
	case "eq", "in":
		return n.in(v)
	case "ne", "nin":
		t, u := n.in(v)
		return -t, u
	case "lt", "le", "gt", "ge", "between":
		return n.order(v)
	case "older_than", "newer_than":
		dated := *v
		if v.kind == Text { // a trait of free name
			dated = wanted(dated)
		}
		t, ok := dated.Instant()
		if !ok {
			return Undecided, WrongType
		}
		newer := t.After(at.Add(-n.span))
		return truthOf(newer == (n.op == "newer_than")), ""
	case "any_of", "all_of", "none_of":
		return n.set(v)
	}
	if n.op == "contains" && v.kind == List {
		return n.set(v)
	}
	if v.kind != Text {
		return Undecided, WrongType
	}
	s := n.read(v)
	switch n.op {
	case "prefix":
		return truthOf(strings.HasPrefix(s, n.read(&n.wants[0]))), ""
	case "suffix":
		return truthOf(strings.HasSuffix(s, n.read(&n.wants[0]))), ""
	case "contains":
		return truthOf(strings.Contains(s, n.read(&n.wants[0]))), ""
	}
	return truthOf(n.re.MatchString(s)), ""
}

// read is a text as it is compared.
func (n *node) read(v *Value) string {
	if n.exact {
		return v.text
	}
	return v.folded
}

// in tests whether v equals one of the wanted values.
func (n *node) in(v *Value) (Truth, Unknown) {
	t, unknown := False, Unknown("")
	for i := range n.wants {
		one, u := n.equal(v, &n.wants[i])
		t = max(t, one)
		if u != "" {
			unknown = u
		}
	}
	if t != Undecided {
		unknown = ""
	}
	return t, unknown
}

func (n *node) equal(v, w *Value) (Truth, Unknown) {
	if v.kind == Text && w.kind == Text {
		return truthOf(n.read(v) == n.read(w)), ""
	}
	a, b := alike(*v, *w), alike(*w, *v)
	switch {
	case a.kind != b.kind || a.kind == None || a.kind == List:
		return Undecided, WrongType
	case a.kind != Number:
		return truthOf(a == b), ""
	case a.lo == b.lo && a.hi == b.hi:
		return True, ""
	case a.hi < b.lo || b.hi < a.lo:
		return False, ""
	}
	return Undecided, ""
}

// alike reads a text as the other value's kind, if it can be.
func alike(v, other Value) Value {
	if v.kind != Text {
		return v
	}
	switch other.kind {
	case Number:
		if x, ok := ParseNumber(v.text); ok {
			return x
		}
	case Bool:
		b, _ := truth(normal.Fold(v.text))
		return b
	case Instant:
		return wanted(v)
	}
	return v
}

// wanted reads a text as an instant or a number, if it is one.
func wanted(v Value) Value {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, v.text); err == nil && v.kind == Text {
			return InstantValue(t)
		}
	}
	return alike(v, Value{kind: Number})
}

// order tests a number or an instant against the wanted bounds. A test is true if it
// holds for the whole range, false if it holds for none of it.
func (n *node) order(v *Value) (Truth, Unknown) {
	w := &n.wants[0]
	if v.kind == Text {
		read := alike(*v, *w)
		v = &read
	}
	if v.kind != w.kind {
		return Undecided, WrongType
	}
	lo, hi := ends(v)
	x, y := ends(w)
	if n.op == "between" {
		_, y = ends(&n.wants[1])
	}
	var holds, fails bool
	switch n.op {
	case "lt":
		holds, fails = hi < x, lo >= x
	case "le":
		holds, fails = hi <= x, lo > x
	case "gt":
		holds, fails = lo > x, hi <= x
	case "ge":
		holds, fails = lo >= x, hi < x
	case "between":
		holds, fails = lo >= x && hi <= y, hi < x || lo > y
	}
	switch {
	case holds:
		return True, ""
	case fails:
		return False, ""
	}
	return Undecided, ""
}

// ends are both ends of a number, or an instant in microseconds, which a float64 holds
// exactly for the years that touches have.
func ends(v *Value) (lo, hi float64) {
	if v.kind == Instant {
		t, _ := v.Instant()
		x := float64(t.UnixMicro())
		return x, x
	}
	return v.lo, v.hi
}

// set tests a list; a text is a list of one.
func (n *node) set(v *Value) (Truth, Unknown) {
	var has []string
	switch {
	case v.kind == Text:
		has = []string{n.read(v)}
	case v.kind != List:
		return Undecided, WrongType
	case n.exact:
		has = v.list.stated
	default:
		has = v.list.folded
	}
	found := 0
	for i := range n.wants {
		if slices.Contains(has, n.read(&n.wants[i])) {
			found++
		}
	}
	switch n.op {
	case "all_of":
		return truthOf(found == len(n.wants)), ""
	case "none_of":
		return truthOf(found == 0), ""
	}
	return truthOf(found > 0), ""
}

// MarshalJSON writes what [ParseCondition] reads; equal conditions give equal bytes.
func (c Condition) MarshalJSON() ([]byte, error) {
	n := c.n
	if n == nil {
		return []byte(`{"all":[]}`), nil
	}
	switch n.word {
	case "all", "any":
		return json.Marshal(map[string][]Condition{n.word: n.kids})
	case "not":
		return json.Marshal(map[string]Condition{"not": n.kids[0]})
	}
	return json.Marshal(leafForm{n.field, n.touches, n.op, n.value, n.exact, n.currency})
}

type leafForm struct {
	Field    string     `json:"field,omitempty"`
	Touches  *aggregate `json:"touches,omitempty"`
	Op       string     `json:"op"`
	Value    any        `json:"value,omitempty"`
	Exact    bool       `json:"exact,omitempty"`
	Currency string     `json:"currency,omitempty"`
}
