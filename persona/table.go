package persona

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tabi-go/tabi/persona/internal/normal"
)

// A table is the room in which [Fold] parts observations by trait. Observations are large,
// and clearing room for them costs more than folding them, so tables are used again.
type table struct {
	index  map[string]int // of the group of a name
	groups []group
	block  []Observation
	of     []int // the group of each of block
	room   []*Observation
	names  []int // the groups by name
}

// A group is what was observed of one trait.
type group struct {
	name string
	size int
	obs  []*Observation
}

var tables = sync.Pool{New: func() any { return &table{index: map[string]int{}} }}

// collect takes what counts, and returns the names of what is sensitive.
func (t *table) collect(obs iter.Seq[Observation], at time.Time, o *FoldOptions) (refused []string) {
	for ob := range obs {
		if ob.At.After(at) || !o.KnownAt.IsZero() && ob.ReceivedAt.After(o.KnownAt) {
			continue
		}
		i, known := t.index[ob.Name]
		if !known {
			if !o.AllowSensitive && normal.Sensitive(ob.Name) {
				refused = append(refused, ob.Name)
				continue
			}
			i = len(t.groups)
			t.index[ob.Name] = i
			t.groups = append(t.groups, group{name: ob.Name})
		}
		t.block, t.of = append(t.block, ob), append(t.of, i)
		t.groups[i].size++
	}
	return refused
}

// order gives each group its observations, and returns the places of the groups by name.
func (t *table) order() []int {
	t.room = slices.Grow(t.room[:0], len(t.block))[:len(t.block)]
	room := t.room
	for i := range t.groups {
		g := &t.groups[i]
		g.obs, room = room[:0:g.size], room[g.size:]
		t.names = append(t.names, i)
	}
	for i := range t.block {
		g := &t.groups[t.of[i]]
		g.obs = append(g.obs, &t.block[i])
	}
	slices.SortFunc(t.names, func(a, b int) int { return strings.Compare(t.groups[a].name, t.groups[b].name) })
	return t.names
}

// derivable is how many traits [Profile.derive] may add.
func (t *table) derivable() int {
	n := 0
	for _, name := range [...]string{"person.title", "person.title", "person.email", "account.employees"} {
		if _, ok := t.index[name]; ok {
			n++ // a title makes two
		}
	}
	return n
}

// release gives the table back, empty; one that has grown large is left to the collector.
func (t *table) release() {
	if cap(t.block) > 4096 {
		return
	}
	clear(t.index)
	clear(t.groups)
	clear(t.block)
	clear(t.room)
	t.groups, t.block, t.of, t.names = t.groups[:0], t.block[:0], t.of[:0], t.names[:0]
	tables.Put(t)
}
