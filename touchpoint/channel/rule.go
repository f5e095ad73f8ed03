package channel

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// The bounds of custom rules.
const (
	MaxRules   = 1000 // rules in one classifier
	MaxValues  = 1000 // values of one item
	MaxPattern = 1024 // bytes of one regular expression
)

// A Rule of one's own gives visits a channel. It is tried before the base set, and the
// first that matches wins.
type Rule struct {
	Name     string // for Result.Rule: "custom/" and the name; empty: the channel
	Channel  touchpoint.Channel
	Combiner string // AND (also "") or OR of the items
	Items    []Item // at least one
}

// An Item is one condition of a [Rule].
//
// Fields are source, medium and campaign (as settled by Classify), url, hostname and
// pathname of the landing page, referring_domain, and click_id (the names of the click
// ids in the URL, any of which counts). All but url and pathname compare in lower case.
//
// Ops are exact, is_not, is_set, is_not_set, icontains, not_icontains, regex, not_regex
// (RE2), prefix, suffix and in_list. With several values any of them does; a negative op
// wants that none of them does. Of a field that is not set the negative ops hold, the
// others do not.
type Item struct {
	Field, Op string
	Values    []string
}

type customRule struct {
	id      string
	channel touchpoint.Channel
	or      bool
	items   []customItem
}

type customItem struct {
	field, op string
	not       bool
	values    []string
	sorted    bool // values are in order and compared whole
	patterns  []*regexp.Regexp
}

var (
	itemFields = []string{"source", "medium", "campaign", "url", "hostname", "pathname", "referring_domain", "click_id"}
	itemOps    = []string{
		"exact", "is_not", "is_set", "is_not_set", "icontains", "not_icontains",
		"regex", "not_regex", "prefix", "suffix", "in_list",
	}
)

// compile checks rules and makes them ready; errors name the place.
func compile(rules []Rule) ([]customRule, error) {
	if len(rules) > MaxRules {
		return nil, fmt.Errorf("more than %d rules", MaxRules)
	}
	compiled := make([]customRule, 0, len(rules))
	for i, r := range rules {
		c, err := r.compile()
		if err != nil {
			return nil, fmt.Errorf("rules[%d]%w", i, err)
		}
		compiled = append(compiled, c)
	}
	return compiled, nil
}

func (r Rule) compile() (c customRule, err error) {
	if r.Channel == "" {
		return c, errors.New(".channel: missing")
	}
	name, err := touchpoint.Clean(string(r.Channel))
	if err != nil || name == "" {
		return c, errors.New(".channel: not a name")
	}
	c.channel, c.id = touchpoint.Channel(name), "custom/"+r.Name
	if r.Name == "" {
		c.id += name
	}
	switch strings.ToUpper(r.Combiner) {
	case "", "AND":
	case "OR":
		c.or = true
	default:
		return c, fmt.Errorf(".combiner: %q is neither AND nor OR", r.Combiner)
	}
	if len(r.Items) == 0 {
		return c, errors.New(".items: a rule without items would take everything")
	}
	for i, it := range r.Items {
		ci, err := it.compile()
		if err != nil {
			return c, fmt.Errorf(".items[%d]%w", i, err)
		}
		c.items = append(c.items, ci)
	}
	return c, nil
}

func (it Item) compile() (c customItem, err error) {
	if !slices.Contains(itemFields, it.Field) {
		return c, fmt.Errorf(".field: unknown field %q", it.Field)
	}
	if !slices.Contains(itemOps, it.Op) {
		return c, fmt.Errorf(".op: unknown op %q", it.Op)
	}
	c = customItem{field: it.Field, op: it.Op, values: slices.Clone(it.Values)}
	if it.Op == "is_set" || it.Op == "is_not_set" {
		if len(it.Values) > 0 {
			return c, fmt.Errorf(".value: %s takes none", it.Op)
		}
		c.op, c.not = "is_set", it.Op == "is_not_set"
		return c, nil
	}
	if len(it.Values) == 0 || len(it.Values) > MaxValues {
		return c, fmt.Errorf(".value: 1 to %d values", MaxValues)
	}
	exact := it.Field == "url" || it.Field == "pathname"
	if op, ok := strings.CutPrefix(c.op, "not_"); ok {
		c.op, c.not = op, true
	}
	switch c.op {
	case "is_not":
		c.op, c.not = "exact", true
	case "in_list":
		c.op = "exact"
	case "regex":
		return c, c.patternize(exact)
	}
	if !exact {
		for i, v := range c.values {
			c.values[i] = touchpoint.Fold(v)
		}
	}
	if c.op == "exact" {
		slices.Sort(c.values)
		c.sorted = true
	}
	return c, nil
}

func (c *customItem) patternize(exact bool) error {
	for _, v := range c.values {
		if len(v) > MaxPattern {
			return fmt.Errorf(".value: a pattern longer than %d bytes", MaxPattern)
		}
		if !exact {
			v = "(?i:" + v + ")"
		}
		re, err := regexp.Compile(v)
		if err != nil {
			return fmt.Errorf(".value: %w", err)
		}
		c.patterns = append(c.patterns, re)
	}
	return nil
}

func (r *customRule) matches(f *facts, why *reasons) bool {
	before := why.count()
	for i := range r.items {
		it := &r.items[i]
		value, holds := it.holds(f)
		switch {
		case holds:
			it.tell(value, why)
			if r.or {
				return true
			}
		case !r.or:
			why.cut(before)
			return false
		}
	}
	return !r.or
}

// tell states the item; of what it compares with, only what the rule itself says.
func (c *customItem) tell(value string, why *reasons) {
	if why == nil {
		return
	}
	op := c.op
	switch {
	case c.not && op == "exact":
		op = "is_not"
	case c.not && op == "is_set":
		op = "is_not_set"
	case c.not:
		op = "not_" + op
	}
	if value == "" && len(c.values) == 1 {
		value = c.values[0]
	}
	text := c.field + " " + op
	if value != "" {
		text += " " + value
	}
	why.add(text)
}

// holds reports whether the item holds, and by which of its values.
func (c *customItem) holds(f *facts) (value string, ok bool) {
	if c.field == "click_id" {
		if c.op == "is_set" {
			return "", (f.clicks != 0) != c.not
		}
		for i := range query.ClickIDs {
			if f.clicks.has(i) {
				if v, ok := c.matches(query.ClickIDs[i].Name); ok {
					return v, !c.not
				}
			}
		}
		return "", c.not
	}
	text := f.field(c.field)
	if text == "" {
		return "", c.not
	}
	if c.op == "is_set" {
		return "", !c.not
	}
	v, ok := c.matches(text)
	if c.not {
		return "", !ok
	}
	return v, ok
}

func (c *customItem) matches(text string) (string, bool) {
	if c.sorted {
		_, ok := slices.BinarySearch(c.values, text)
		return text, ok
	}
	for i, v := range c.values {
		ok := false
		switch c.op {
		case "icontains":
			ok = strings.Contains(text, v)
		case "prefix":
			ok = strings.HasPrefix(text, v)
		case "suffix":
			ok = strings.HasSuffix(text, v)
		case "regex":
			ok = c.patterns[i].MatchString(text)
		}
		if ok {
			return v, true
		}
	}
	return "", false
}

func (f *facts) field(name string) string {
	switch name {
	case "source":
		return f.source
	case "medium":
		return f.medium
	case "campaign":
		return f.campaign
	case "url":
		return f.url
	case "hostname":
		return f.host
	case "pathname":
		return f.path
	}
	return f.referrer
}
