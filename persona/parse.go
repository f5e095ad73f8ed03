package persona

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// decode reads a condition of a larger document.
func (c *Condition) decode(raw json.RawMessage, path string) error {
	p := parser{}
	parsed, err := p.condition(raw, path, 1, false)
	if err == nil {
		*c = parsed
	}
	return err
}

// A parser counts what a condition is made of.
type parser struct{ nodes, values int }

func (p *parser) condition(raw json.RawMessage, path string, depth int, inTouches bool) (Condition, error) {
	n := &node{}
	if p.nodes++; p.nodes > maxNodes {
		return Condition{}, fault(path, "more than 1000 nodes")
	}
	if depth > maxDepth {
		return Condition{}, fault(path, "deeper than 32")
	}
	var leafKey, valuePath string
	err := object(raw, path, func(key string, raw json.RawMessage, path string) error {
		switch key {
		case "all", "any", "not", "field", "touches":
			if n.word != "" {
				return fault(path, "second kind of node")
			}
			n.word = key
		default:
			leafKey = path
		}
		switch key {
		case "all", "any":
			raws, err := array(raw, path)
			n.kids = make([]Condition, len(raws))
			for i := 0; i < len(raws) && err == nil; i++ {
				n.kids[i], err = p.condition(raws[i], index(path, i), depth+1, inTouches)
			}
			return err
		case "not":
			kid, err := p.condition(raw, path, depth+1, inTouches)
			n.kids = []Condition{kid}
			return err
		case "field":
			_ = json.Unmarshal(raw, &n.field) // what is no text is no field either
			if n.field == "" || inTouches && !strings.HasPrefix(n.field, "touch.") {
				return fault(path, "no such field")
			}
			return nil
		case "touches":
			if inTouches {
				return fault(path, "touches inside touches")
			}
			return p.aggregate(n, raw, path, depth)
		case "op":
			return scalar(raw, path, &n.op)
		case "exact":
			return scalar(raw, path, &n.exact)
		case "currency":
			return scalar(raw, path, &n.currency)
		case "value":
			valuePath = path
			return scalar(raw, path, &n.value)
		}
		return fault(path, "unknown key")
	})
	switch {
	case err != nil:
		return Condition{}, err
	case n.word == "":
		return Condition{}, fault(path, "none of all, any, not, field, touches")
	case n.word != "field" && n.word != "touches":
		if leafKey != "" {
			return Condition{}, fault(leafKey, "unknown key")
		}
		return Condition{n}, nil
	}
	if valuePath == "" {
		valuePath = path
	}
	switch reason := p.ready(n); reason {
	case "":
	case unknownOp:
		return Condition{}, fault(at(path, "op"), reason)
	default:
		return Condition{}, fault(valuePath, reason)
	}
	return Condition{n}, nil
}

func scalar(raw json.RawMessage, path string, to any) error {
	if string(raw) == "null" || json.Unmarshal(raw, to) != nil {
		return fault(path, "wrong type")
	}
	return nil
}

func (p *parser) aggregate(n *node, raw json.RawMessage, path string, depth int) error {
	a := &aggregate{}
	n.touches = a
	err := object(raw, path, func(key string, raw json.RawMessage, path string) error {
		switch key {
		case "where":
			where, err := p.condition(raw, path, depth+1, true)
			a.Where = &where
			return err
		case "within":
			_ = json.Unmarshal(raw, &a.Within) // what is no text is no duration either
			span, ok := ParseSpan(a.Within)
			if a.span = time.Duration(span); !ok || span == 0 {
				return fault(path, "no duration")
			}
			return nil
		case "agg":
			_ = json.Unmarshal(raw, &a.Agg)
			if !slices.Contains([]string{"count", "distinct", "sum", "mean", "min", "max", "age_last", "age_first"}, a.Agg) {
				return fault(path, "unknown word")
			}
			return nil
		case "of":
			_ = json.Unmarshal(raw, &a.Of)
			if !strings.HasPrefix(a.Of, "touch.") {
				return fault(path, "no field of a touch")
			}
			return nil
		}
		return fault(path, "unknown key")
	})
	switch {
	case err != nil:
		return err
	case a.Agg == "":
		return fault(path, "agg is missing")
	case a.Of == "" && slices.Contains([]string{"distinct", "sum", "mean", "min", "max"}, a.Agg):
		return fault(path, "of is missing")
	}
	return nil
}

const unknownOp = "unknown op"

// ready checks the op and makes its value ready; it returns what is wrong.
func (p *parser) ready(n *node) string {
	items, isList := n.value.([]any)
	if !isList && n.value != nil {
		items = []any{n.value}
	}
	if p.values += len(items); p.values > maxValues {
		return "more than 1000 values"
	}
	for _, item := range items {
		switch item := item.(type) {
		case string:
			n.wants = append(n.wants, TextValue(item))
		case float64:
			n.wants = append(n.wants, NumberValue(item))
		case bool:
			n.wants = append(n.wants, BoolValue(item))
		default:
			return "neither text, number nor truth value"
		}
	}
	texts := !slices.ContainsFunc(n.wants, func(v Value) bool { return v.kind != Text })
	one := len(n.wants) == 1 && !isList
	var ok bool
	switch n.op {
	case "exists", "missing":
		ok = n.value == nil
	case "eq", "ne":
		ok = one
	case "in", "nin":
		ok = isList
	case "any_of", "all_of", "none_of":
		ok = isList && texts
	case "prefix", "suffix", "contains":
		ok = one && texts
	case "lt", "le", "gt", "ge", "between":
		for i, w := range n.wants {
			if n.wants[i] = wanted(w); n.wants[i].kind == Number && n.wants[i].lo != n.wants[i].hi {
				return "a range"
			}
		}
		ok = one && n.op != "between" || isList && len(n.wants) == 2 && n.op == "between" && n.wants[0].kind == n.wants[1].kind
		if ok = ok && (n.wants[0].kind == Number || n.wants[0].kind == Instant); ok && n.op == "between" {
			lo, _ := ends(&n.wants[0])
			_, hi := ends(&n.wants[1])
			ok = lo <= hi
		}
		return reasonUnless(ok)
	case "older_than", "newer_than":
		if ok = one && texts; ok {
			var span Span
			span, ok = ParseSpan(n.wants[0].text)
			n.span = time.Duration(span)
		}
		return reasonUnless(ok)
	case "matches":
		if ok = one && texts; ok {
			if len(n.wants[0].text) > maxPattern {
				return fmt.Sprintf("longer than %d bytes", maxPattern)
			}
			pattern := n.wants[0].text
			if !n.exact {
				pattern = "(?i)" + pattern
			}
			var err error
			n.re, err = regexp.Compile(pattern)
			ok = err == nil
		}
		return reasonUnless(ok)
	default:
		return unknownOp
	}
	return reasonUnless(ok)
}

func reasonUnless(ok bool) string {
	if ok {
		return ""
	}
	return "wrong value for this op"
}
