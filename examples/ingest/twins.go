package main

import (
	"encoding/json"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// fold returns the merged views of touches, which are sorted, subject by subject.
func (p *program) fold(touches []touchpoint.Touch) []touchpoint.Touch {
	var out []touchpoint.Touch
	for _, group := range subjects(touches, p.touch.Rules) {
		for _, tw := range touchpoint.Twins(group, &touchpoint.TwinRules{Rank: p.rank}) {
			t := tw.Touch
			if len(tw.Members) > 1 {
				t.Props = mark(t.Props, tw)
			}
			out = append(out, t)
		}
	}
	slices.SortFunc(out, touchpoint.Compare)
	return out
}

// mark says in the props which other records the view was made of, and why.
func mark(p touchpoint.Props, tw touchpoint.Twin) touchpoint.Props {
	type key struct {
		Source string `json:"source"`
		ID     string `json:"id"`
	}
	var others []key
	for _, k := range tw.Members[1:] {
		others = append(others, key{k.Source, k.ID})
	}
	for name, v := range map[string]any{"twins": others, "twin_why": tw.Why} {
		b, err := json.Marshal(v)
		if err != nil {
			continue // keys and reasons are texts
		}
		if set, err := p.SetRaw(name, string(b)); err == nil {
			p = set
		}
	}
	return p
}

// subjects groups touches that share an identifier of a person: one of class Key or
// Contact, and where a touch has none, a device. Placeholders join nobody.
func subjects(touches []touchpoint.Touch, rules *identity.Rules) [][]touchpoint.Touch {
	types := identity.DefaultRules().Types
	if rules != nil && rules.Types != nil {
		types = rules.Types
	}
	parent := make([]int, len(touches))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := map[identity.ID]int{}
	for i, t := range touches {
		var strong, weak []identity.ID
		for _, id := range t.IDs {
			rule := types[id.Type()]
			if ok, _ := rules.Linkable(id); !ok || rule.Entity != identity.PersonEntity {
				continue
			}
			if rule.Class == identity.DeviceClass {
				weak = append(weak, id)
			} else {
				strong = append(strong, id)
			}
		}
		if len(strong) == 0 {
			strong = weak
		}
		for _, id := range strong {
			if j, known := first[id]; known {
				parent[root(i)] = root(j)
			} else {
				first[id] = i
			}
		}
	}
	var groups [][]touchpoint.Touch
	place := map[int]int{}
	for i, t := range touches {
		r := root(i)
		g, known := place[r]
		if !known {
			g = len(groups)
			place[r] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], t)
	}
	return groups
}
