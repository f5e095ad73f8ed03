package field

import "github.com/tabi-go/tabi/touchpoint/internal/jsonscan"

// An Index holds the members of one object by key, for objects that are asked for many
// keys. It is loaded again for each message.
type Index struct {
	members []member
	have    uint64 // the marks of their keys: most keys that are asked for are not there
}

type member struct {
	key   string
	value jsonscan.Value
}

// Load reads the members of v; what is no object has none.
func (x *Index) Load(v jsonscan.Value) {
	x.Reset()
	if v.Kind() != jsonscan.Object {
		return
	}
	for m := v.First(); m.OK(); m = m.Next() {
		x.Add(m.Key(), m)
	}
}

// Add adds a member under a key of its own.
func (x *Index) Add(key string, v jsonscan.Value) {
	x.members = append(x.members, member{key, v})
	x.have |= mark(key)
}

// mark returns one bit by the length and the ends of a key.
func mark(key string) uint64 {
	if key == "" {
		return 1
	}
	return 1 << ((uint(len(key)) + 7*uint(key[0]) + 13*uint(key[len(key)-1])) & 63)
}

// Reset drops all members.
func (x *Index) Reset() { x.members, x.have = x.members[:0], 0 }

// Get returns the first member of that key.
func (x *Index) Get(key string) jsonscan.Value {
	if x.have&mark(key) == 0 {
		return jsonscan.Value{}
	}
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
