package csvmap

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A condition leaves rows out. Of several values any may hold, for the negative
// operators none.
type condition struct {
	col    int
	op     string
	values []string
	res    []*regexp.Regexp
}

var ops = []string{"exact", "is_not", "is_set", "is_not_set", "icontains", "not_icontains",
	"regex", "not_regex", "prefix", "suffix", "in_list"}

const maxPattern = 1 << 10 // bytes of a regular expression

func (p *parser) condition(v jsonscan.Value, path string) condition {
	c := condition{col: -1}
	p.object(v, path, func(key string, v jsonscan.Value) bool {
		at := join(path, key)
		switch key {
		case "col":
			c.col = p.column(p.text(v, at), false)
		case "op":
			if c.op = p.text(v, at); !slices.Contains(ops, c.op) {
				p.fail(at, "must be one of %s", strings.Join(ops, ", "))
			}
		case "value":
			c.values = p.texts(v, at)
		default:
			return false
		}
		return true
	})
	set := c.op == "is_set" || c.op == "is_not_set"
	switch {
	case p.err != nil:
	case c.col < 0 || c.op == "":
		p.fail(path, "needs col and op")
	case set == (len(c.values) > 0):
		p.fail(path, "%s with %d values", c.op, len(c.values))
	}
	if strings.HasSuffix(c.op, "regex") {
		for _, pat := range c.values {
			var re *regexp.Regexp
			if len(pat) <= maxPattern {
				re, _ = regexp.Compile(pat)
			}
			if re == nil {
				p.fail(path, "bad regular expression")
				break
			}
			c.res = append(c.res, re)
		}
	}
	if strings.HasSuffix(c.op, "icontains") {
		for i, s := range c.values {
			c.values[i] = strings.ToLower(s)
		}
	}
	return c
}

// holds reports whether the row stays, by its cleaned cell.
func (c *condition) holds(v string) bool {
	op, not := c.op, false
	switch {
	case op == "is_set":
		return v != ""
	case op == "is_not_set":
		return v == ""
	case op == "is_not":
		op, not = "exact", true
	case strings.HasPrefix(op, "not_"):
		op, not = op[len("not_"):], true
	}
	return not != c.any(op, v)
}

func (c *condition) any(op, v string) bool {
	if op == "regex" {
		return slices.ContainsFunc(c.res, func(re *regexp.Regexp) bool { return re.MatchString(v) })
	}
	if op == "icontains" {
		v = strings.ToLower(v)
	}
	return slices.ContainsFunc(c.values, func(w string) bool {
		switch op {
		case "icontains":
			return strings.Contains(v, w)
		case "prefix":
			return strings.HasPrefix(v, w)
		case "suffix":
			return strings.HasSuffix(v, w)
		}
		return v == w // exact, in_list
	})
}
