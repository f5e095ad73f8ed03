package jsonscan

import (
	"strings"
	"unicode"
)

// fewKeys is the number of members up to which comparing all pairs beats a map.
const fewKeys = 24

// unique refuses two keys of the object at parent that are equal under case folding.
func (d *Doc) unique(parent int) error {
	obj := Value{d, parent}
	if obj.Len() > fewKeys {
		seen := make(map[string]bool, obj.Len())
		for m := obj.First(); m.OK(); m = m.Next() {
			k := FoldKey(m.Key())
			if seen[k] {
				return &Error{"duplicate_key", int(m.node().keyStart)}
			}
			seen[k] = true
		}
		return nil
	}
	for m := obj.First(); m.OK(); m = m.Next() {
		mn := &d.nodes[m.i]
		for o := obj.First(); o.i != m.i; o = o.Next() {
			on := &d.nodes[o.i]
			if !mn.keyEscaped && !on.keyEscaped {
				a, b := d.text[mn.keyStart+1], d.text[on.keyStart+1]
				if a|b < 0x80 && a|0x20 != b|0x20 && a != '"' && b != '"' {
					// The first letters are ASCII and no case pair; only K and S have
					// partners outside of ASCII, and those are not below 0x80.
					continue
				}
			}
			if strings.EqualFold(m.Key(), o.Key()) {
				return &Error{"duplicate_key", int(mn.keyStart)}
			}
		}
	}
	return nil
}

// FoldKey maps keys that differ by case only to one text.
func FoldKey(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}
