package field

import "github.com/tabi-go/tabi/touchpoint/internal/jsonscan"

// An Index holds the members of one object by key, for objects that are asked for many
// keys. It is loaded again for each message.
type Index struct{ members []member }

type member struct {
	key   string
	value jsonscan.Value
}

// Load reads the members of v; what is no object has none.
func (x *Index) Load(v jsonscan.Value) {
	x.members = x.members[:0]
	if v.Kind() != jsonscan.Object {
		return
	}
	for m := v.First(); m.OK(); m = m.Next() {
		x.members = append(x.members, member{m.Key(), m})
	}
}

// Add adds a member under a key of its own.
func (x *Index) Add(key string, v jsonscan.Value) { x.members = append(x.members, member{key, v}) }

// Reset drops all members.
func (x *Index) Reset() { x.members = x.members[:0] }

// Get returns the first member of that key.
func (x *Index) Get(key string) jsonscan.Value {
	for i := range x.members {
		if x.members[i].key == key {
			return x.members[i].value
		}
	}
	return jsonscan.Value{}
}

// All yields the members in their order.
func (x *Index) All(yield func(key string, v jsonscan.Value) bool) {
	for i := range x.members {
		if !yield(x.members[i].key, x.members[i].value) {
			return
		}
	}
}
