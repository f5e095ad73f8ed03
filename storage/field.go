package storage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// sentiment is an absent or a signed number of thousandths.
func (c *codec) sentiment(p *touchpoint.Sentiment) {
	if c.mode == jsonMode {
		c.json.sentiment(p)
		return
	}
	milli, set := p.Milli()
	if c.has(set) {
		if c.mode == writing {
			c.b = binary.AppendVarint(c.b, int64(milli))
			return
		}
		v := c.readVarint()
		if v < -1000 || v > 1000 {
			c.fail("sentiment", touchpoint.OutOfRange)
			return
		}
		*p = touchpoint.SentimentMilli(int(v))
	}
}

// money walks three fields: both amounts in minor units, then their one currency.
func (c *codec) money(cost, value *touchpoint.Money) {
	if c.mode == jsonMode {
		c.json.money(cost, value)
		return
	}
	cur := value.Currency
	if value.IsZero() {
		cur = cost.Currency
	}
	if c.mode == surveying {
		switch zero := (touchpoint.Currency{}); {
		case !cost.IsZero() && cost.Currency != cur:
			c.fail("currency", touchpoint.OutOfRange)
		case cur == zero && !(cost.IsZero() && value.IsZero()):
			c.fail("currency", touchpoint.Missing)
		case cur != zero && !isCurrency(cur):
			c.fail("currency", touchpoint.UnknownCurrency)
		}
	}
	hasCost, hasValue := c.amount(cost), c.amount(value)
	if c.has(cur != touchpoint.Currency{}) {
		if c.mode == writing {
			c.b = append(c.b, cur[:]...)
			return
		}
		copy(cur[:], c.take(3))
		if !isCurrency(cur) || !hasCost && !hasValue {
			c.fail("currency", touchpoint.Syntax)
		}
		if hasCost {
			cost.Currency = cur
		}
		if hasValue {
			value.Currency = cur
		}
	} else if c.mode == reading && (hasCost || hasValue) {
		c.fail("currency", touchpoint.Missing)
	}
}

func (c *codec) amount(m *touchpoint.Money) bool {
	has := c.has(!m.IsZero())
	if has && c.mode == writing {
		c.b = binary.AppendVarint(c.b, m.Minor)
	} else if has {
		m.Minor = c.readVarint()
	}
	return has
}

func isCurrency(cur touchpoint.Currency) bool {
	for _, b := range cur {
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return true
}

func (c *codec) props(p *touchpoint.Props) {
	if c.mode == jsonMode {
		c.json.props(p)
		return
	}
	text := p.JSON()
	if c.has(text != "") {
		if c.mode == writing {
			c.b = appendText(c.b, text)
			return
		}
		text = c.readText()
		if c.sighted && !strings.Contains(text, "website") && !strings.Contains(text, "reverse_ip_domain") {
			return // touchpoint.Touch.Sighting takes nothing out of them
		}
		got, err := touchpoint.ParseProps([]byte(text))
		if err != nil || got.IsZero() || got.JSON() != text {
			c.fail("props", touchpoint.Syntax)
		}
		*p = got
	} else if c.mode == surveying && !plainProps(text) {
		c.checkText("props", text, jsonText)
		if got, err := touchpoint.ParseProps([]byte(text)); err != nil || got != *p {
			var e *touchpoint.InvalidError
			if errors.As(err, &e) {
				c.fail("props", e.Reason)
			}
			c.fail("props", touchpoint.Syntax)
		}
	}
}

// plainProps reports whether canonical props are so small and simple that they are within
// every bound, whatever stands in them.
func plainProps(text string) bool {
	return len(text) <= MaxText && strings.Count(text, ":") <= touchpoint.MaxKeys &&
		strings.Count(text, "{")+strings.Count(text, "[") <= touchpoint.MaxDepth &&
		strings.IndexByte(text, '\\') < 0 && strings.IndexByte(text, 0x7F) < 0 && strings.IndexByte(text, 0xC2) < 0 &&
		utf8.ValidString(text)
}

// scopeKind is a kind that may be absent, which is not the kind 0.
func (c *codec) scopeKind(p **identity.Kind) {
	if c.mode == jsonMode {
		c.json.scopeKind(p)
		return
	}
	if c.has(*p != nil) {
		if c.mode == writing {
			c.b = append(c.b, byte(**p))
			return
		}
		k := identity.Kind(c.readByte())
		*p = &k
	}
	if c.mode != writing && *p != nil && int(**p) >= len(kindWords) {
		c.fail("scope.kind", touchpoint.OutOfRange)
	}
}

func (c *codec) counts(name string, p *map[string]int64) {
	if c.mode == jsonMode {
		c.json.counts(name, p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == writing {
			c.b = binary.AppendUvarint(c.b, uint64(len(*p)))
			for _, k := range slices.Sorted(maps.Keys(*p)) {
				c.b = binary.AppendVarint(appendText(c.b, k), (*p)[k])
			}
			return
		}
		*p = make(map[string]int64)
		last := ""
		for n := c.readUvarint(); n > 0 && c.reason == ""; n-- {
			k := c.readText()
			if len(*p) > 0 && k <= last {
				c.fail(name, touchpoint.Syntax)
			}
			(*p)[k], last = c.readVarint(), k
		}
		if len(*p) == 0 {
			c.fail(name, touchpoint.Syntax)
		}
	} else if c.mode == surveying {
		for _, k := range slices.Sorted(maps.Keys(*p)) { // the first fault is told
			c.checkText(name, k, nameText)
		}
	}
}

// removed are counts by class, under the names of the classes in JSON.
func (c *codec) removed(p *map[Class]int64) {
	if c.mode == jsonMode {
		c.json.removed(p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == writing {
			c.b = binary.AppendUvarint(c.b, uint64(len(*p)))
			for _, k := range slices.Sorted(maps.Keys(*p)) {
				c.b = binary.AppendVarint(append(c.b, byte(k)), (*p)[k])
			}
			return
		}
		*p = make(map[Class]int64)
		last := Class(0)
		for n := c.readUvarint(); n > 0 && c.reason == ""; n-- {
			k := Class(c.readByte())
			if k <= last || k > ClassAudit {
				c.fail("removed", touchpoint.Syntax)
			}
			(*p)[k], last = c.readVarint(), k
		}
		if len(*p) == 0 {
			c.fail("removed", touchpoint.Syntax)
		}
	} else if c.mode == surveying {
		for k := range *p {
			if k == 0 || k > ClassAudit {
				c.fail("removed", touchpoint.OutOfRange)
			}
		}
	}
}

func (c *codec) entries(p *[]Suppression) {
	if c.mode == jsonMode {
		c.json.entries(p)
		return
	}
	if c.has(len(*p) > 0) {
		if c.mode == writing {
			c.b = binary.AppendUvarint(c.b, uint64(len(*p)))
			for _, s := range *p {
				c.b = append(appendText(c.b, s.KeyID), s.Tag[:]...)
				c.b = append(binary.AppendVarint(c.b, s.At.UnixMicro()), byte(s.Policy))
				c.b = append(binary.AppendUvarint(c.b, uint64(s.Generation)), s.Salt[:]...)
			}
			return
		}
		for n := c.readUvarint(); n > 0 && c.reason == ""; n-- {
			s := Suppression{KeyID: c.readText()}
			copy(s.Tag[:], c.take(16))
			s.At, s.Policy = time.UnixMicro(c.readVarint()).UTC(), Policy(c.readByte())
			g := c.readUvarint()
			s.Generation = int(g & math.MaxInt32)
			copy(s.Salt[:], c.take(16))
			if g > math.MaxInt32 {
				c.fail("entries", touchpoint.OutOfRange)
			}
			*p = append(*p, s)
		}
		if len(*p) == 0 {
			c.fail("entries", touchpoint.Syntax)
		}
	}
	if c.mode == writing {
		return
	}
	for i, s := range *p {
		c.checkText("entries", s.KeyID, nameText)
		switch {
		case !inYears(s.At, epochUnix):
			c.fail("entries", touchpoint.TimeRange)
		case s.Policy > RestartAsNew, s.Generation < 0, s.Generation > math.MaxInt32:
			c.fail("entries", touchpoint.OutOfRange)
		case i > 0 && compareEntries((*p)[i-1], s) >= 0:
			c.fail("entries", touchpoint.DuplicateKey)
		}
	}
}

// compareEntries orders the entries of an erasure: one a tag.
func compareEntries(a, b Suppression) int {
	return cmp.Or(bytes.Compare(a.Tag[:], b.Tag[:]), strings.Compare(a.KeyID, b.KeyID))
}
