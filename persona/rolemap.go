package persona

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tabi-go/tabi/persona/internal/normal"
)

//go:embed table/roles.csv
var roleTable string

// A RoleMap gives the contact roles of a CRM, as people write them, their [Role]. A nil
// RoleMap is the built-in one: Salesforce's defaults and some Japanese names. The roles'
// own names need no map. Safe for concurrent use.
type RoleMap struct {
	spellings map[Role][]string
	roles     map[string]Role // by key of the spelling
}

// ParseRoleMap reads a map in JSON: roles, each with an array of spellings. Case, width
// and what parts words do not matter. The error is a [*DefinitionError].
func ParseRoleMap(text []byte) (*RoleMap, error) {
	var spellings map[string][]string
	if err := Decode(text, &spellings); err != nil {
		return nil, err
	}
	m := &RoleMap{map[Role][]string{}, map[string]Role{}}
	for _, name := range slices.Sorted(maps.Keys(spellings)) {
		r := Role(name)
		if !r.known() {
			return nil, fault(at("", name), "no role")
		}
		m.spellings[r] = spellings[name]
		for i, s := range spellings[name] {
			if !m.add(s, r) {
				return nil, fault(index(at("", name), i), "spelling of two roles")
			}
		}
	}
	return m, nil
}

// add reports whether the spelling does not mean another role already.
func (m *RoleMap) add(spelling string, r Role) bool {
	key := spellingKey(spelling)
	if other, ok := m.roles[key]; ok && other != r {
		return false
	}
	if own, ok := ownName(key); ok && own != r {
		return false
	}
	m.roles[key] = r
	return true
}

// ownName returns the role whose own name has that key.
func ownName(key string) (Role, bool) {
	for _, r := range roleOrder {
		if spellingKey(string(r)) == key {
			return r, true
		}
	}
	return "", false
}

var builtinRoles = sync.OnceValue(func() *RoleMap {
	m := &RoleMap{map[Role][]string{}, map[string]Role{}}
	for _, row := range normal.Rows(roleTable) {
		if row[0] != "contact" {
			continue
		}
		r := Role(row[1])
		m.spellings[r] = strings.Split(row[2], "|")
		for _, s := range m.spellings[r] {
			m.add(s, r)
		}
	}
	return m
})

// MarshalJSON writes what [ParseRoleMap] reads.
func (m *RoleMap) MarshalJSON() ([]byte, error) {
	if m == nil {
		m = builtinRoles()
	}
	return json.Marshal(m.spellings)
}

// Role returns the role that a contact role of the CRM means. A name that neither the
// map nor the roles know is false.
func (m *RoleMap) Role(text string) (Role, bool) {
	if m == nil {
		m = builtinRoles()
	}
	key := spellingKey(text)
	if r, ok := m.roles[key]; ok {
		return r, true
	}
	return ownName(key)
}
