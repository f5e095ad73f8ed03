package identity

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Times inside are microseconds since 1970, UTC. The open ends of an interval stand at
// the ends of int64, and so does the First of an identifier that no fact dates.
const (
	minTime, maxTime = math.MinInt64, math.MaxInt64
	lastMicro        = 253402300799999999 // 9999-12-31T23:59:59.999999Z
)

var hashSeed = maphash.MakeSeed()

// facts is the set of facts of a graph. Facts are only appended and never changed, so
// that a copy of the struct, with the table cloned, is a snapshot.
type facts struct {
	entries     []entry
	idTable     table
	sources     []string
	sourceTable table

	sights  []sight
	members []uint32 // identifiers of all sightings, back to back, each by strength
	hints   []hint   // of sightings that have one, ascending

	evidence []fact
	overs    []Override // in order of arrival
	relates  []Membership
	nests    []Parent
}

// An entry is one known identifier.
type entry struct {
	id    ID
	typ   uint16 // index into ruleset.types
	block blockReason
}

// A blockReason says why an identifier never links.
type blockReason uint8

const (
	linkable blockReason = iota
	blockPlaceholder
	blockMalformed
	blockShort
	blockOff
)

var blockReasons = [...]string{"", "placeholder", "malformed", "short", "off"}

// A sight is a stored sighting.
type sight struct {
	ref    string
	at     int64
	source uint32
	start  uint32 // first of its identifiers in members
	n      uint16
	kind   Kind
	end    bool
	hinted bool
}

type hint struct {
	sight              uint32
	website, reverseIP string
}

// A fact is stored evidence; a is the stronger identifier.
type fact struct {
	a, b     uint32
	source   uint32
	weight   int32
	kind     Kind
	ref      string
	at       int64
	from, to int64
}

func (f *fact) bounded() bool { return f.from != minTime || f.to != maxTime }

func (f *facts) idsOf(s *sight) []uint32 { return f.members[s.start : s.start+uint32(s.n)] }

// hashID tells types apart by their length and ends, which is cheap and enough: one text
// seldom stands under two types.
func hashID(id ID) uint64 {
	h := maphash.String(hashSeed, id.value)
	if n := len(id.typ); n > 0 {
		h += uint64(n)<<16 | uint64(id.typ[0])<<8 | uint64(id.typ[n-1])
	}
	return mix(h)
}

// number returns the number of a known identifier.
func (f *facts) number(id ID) (uint32, bool) {
	return f.idTable.find(hashID(id), func(i uint32) bool { return f.entries[i].id == id })
}

// intern returns the number of an identifier, giving it one if it is new.
func (f *facts) intern(rs *ruleset, id ID) uint32 {
	h := hashID(id)
	if i, ok := f.idTable.find(h, func(i uint32) bool { return f.entries[i].id == id }); ok {
		return i
	}
	i := uint32(len(f.entries))
	ti := rs.index[id.typ]
	id = ID{rs.types[ti].name, strings.Clone(id.value)} // do not hold the text it was cut from
	f.entries = append(f.entries, entry{id, ti, rs.block(id)})
	f.idTable.insert(h, i)
	return i
}

// block classifies an identifier of a known type.
func (rs *ruleset) block(id ID) blockReason {
	ok, reason := rs.rules.Linkable(id)
	if ok {
		return linkable
	}
	return blockReason(max(1, slices.Index(blockReasons[:], reason)))
}

// sourceNumber returns the number of a source.
func (f *facts) sourceNumber(s string) uint32 {
	h := maphash.String(hashSeed, s)
	if i, ok := f.sourceTable.find(h, func(i uint32) bool { return f.sources[i] == s }); ok {
		return i
	}
	f.sources = append(f.sources, strings.Clone(s))
	f.sourceTable.insert(h, uint32(len(f.sources)-1))
	return uint32(len(f.sources) - 1)
}

// compare orders identifiers by entity and strength.
func (f *facts) compare(a, b uint32) int {
	x, y := &f.entries[a], &f.entries[b]
	if c := cmp.Compare(x.typ, y.typ); c != 0 {
		return c
	}
	return strings.Compare(x.id.value, y.id.value)
}

// order sorts the few identifiers of a touch by strength, without allocating.
func (f *facts) order(ids []uint32) {
	for i := 1; i < len(ids); i++ {
		for j := i; j > 0 && f.compare(ids[j-1], ids[j]) > 0; j-- {
			ids[j-1], ids[j] = ids[j], ids[j-1]
		}
	}
}

// checkID says whether an identifier can stand in a fact.
func (rs *ruleset) checkID(id ID) error {
	if _, ok := rs.index[id.typ]; !ok {
		return ErrUnknownType
	}
	switch {
	case len(id.value) > MaxValue:
		return &IDError{id.typ, "too_long"}
	case !utf8.ValidString(id.value):
		return &IDError{id.typ, "utf8"}
	case hasControl(id.value):
		return &IDError{id.typ, "control"}
	}
	return nil
}

func (rs *ruleset) entity(id ID) Entity { return rs.types[rs.index[id.typ]].Entity }

// checkIDs checks identifiers of one entity; which is ErrCrossEntity where they differ.
func (rs *ruleset) checkIDs(e Entity, ids ...ID) error {
	for _, id := range ids {
		if err := rs.checkID(id); err != nil {
			return err
		}
		if rs.entity(id) != e {
			return ErrCrossEntity
		}
	}
	return nil
}

func checkTime(field string, t time.Time) error {
	if t.IsZero() {
		return &InvalidError{field, "missing"}
	}
	if u := t.UnixMicro(); u < 0 || u > lastMicro || t.Year() < 1970 || t.Year() > 9999 {
		return &InvalidError{field, "time_range"}
	}
	return nil
}

// checkSpan checks an interval whose ends may be open.
func checkSpan(from, to time.Time) error {
	if !from.IsZero() {
		if err := checkTime("from", from); err != nil {
			return err
		}
	}
	if !to.IsZero() {
		if err := checkTime("to", to); err != nil {
			return err
		}
	}
	if !from.IsZero() && !to.IsZero() && from.UnixMicro() >= to.UnixMicro() {
		return &InvalidError{"to", "out_of_range"}
	}
	return nil
}

func checkText(field string, texts ...string) error {
	for _, s := range texts {
		switch {
		case len(s) > 1<<10:
			return &InvalidError{field, "too_long"}
		case !utf8.ValidString(s):
			return &InvalidError{field, "utf8"}
		case hasControl(s):
			return &InvalidError{field, "control"}
		}
	}
	return nil
}

func micros(t time.Time, open int64) int64 {
	if t.IsZero() {
		return open
	}
	return t.UnixMicro()
}

// instant is the reverse of micros; both open ends are the zero time.
func instant(u int64) time.Time {
	if u == minTime || u == maxTime {
		return time.Time{}
	}
	return time.UnixMicro(u).UTC()
}
