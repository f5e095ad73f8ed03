package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// A ruleset is Rules made ready for the engine: types numbered in the order of
// strength inside their entity, times in microseconds. It never changes.
type ruleset struct {
	rules       Rules
	types       []typeInfo // by (Entity, Rank, name)
	index       map[Type]uint16
	gap, carry  int64
	ownDomains  map[string]bool // our own and the ignored ones
	fingerprint func() [32]byte // worked out when asked for
}

type typeInfo struct {
	TypeRule
	name Type
	per  int64 // microseconds
}

var defaultRuleset = sync.OnceValue(func() *ruleset { return compile(&Rules{}) })

// compile copies valid rules.
func compile(r *Rules) *ruleset {
	rs := &ruleset{rules: *r, index: map[Type]uint16{}}
	rs.rules.Types = maps.Clone(r.types())
	rs.rules.Key = slices.Clone(r.Key)
	rs.rules.MaxIdentifiers = r.maxIdentifiers()
	if r.SessionGap == 0 {
		rs.rules.SessionGap = defaultSessionGap
	}
	if r.Carry == 0 {
		rs.rules.Carry = defaultSessionGap
	}
	rs.gap, rs.carry = max(0, rs.rules.SessionGap.Microseconds()), rs.rules.Carry.Microseconds()
	if rs.rules.Carry < 0 {
		rs.carry = -1 // no login is that near
	}
	for t, tr := range rs.rules.Types {
		rs.types = append(rs.types, typeInfo{tr, t, tr.Per.Microseconds()})
	}
	slices.SortFunc(rs.types, func(a, b typeInfo) int {
		return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.name, b.name))
	})
	for i, t := range rs.types {
		rs.index[t.name] = uint16(i)
	}
	rs.ownDomains = map[string]bool{}
	for _, list := range [][]string{r.Accounts.OwnDomains, r.Accounts.IgnoreDomains} {
		for _, d := range list {
			if name, ok := domain(trim(d)); ok {
				rs.ownDomains[name] = true
			}
		}
	}
	rs.fingerprint = sync.OnceValue(rs.sum)
	return rs
}

// sum digests everything that can change a result, but for the code of hooks: of these
// only their presence shows.
func (rs *ruleset) sum() [32]byte {
	r := &rs.rules
	mac := hmac.New(sha256.New, r.Key) // so that the sum does not help to guess the key
	mac.Write([]byte("tabi.rules.v1"))
	put := func(vs ...int64) {
		for _, v := range vs {
			mac.Write(binary.AppendVarint(nil, v))
		}
	}
	text := func(ss ...string) {
		put(int64(len(ss)))
		for _, s := range ss {
			put(int64(len(s)))
			mac.Write([]byte(s))
		}
	}
	flag := func(b bool) int64 {
		if b {
			return 1
		}
		return 0
	}
	text(r.Tenant, r.CountryCode)
	put(int64(r.MaxIdentifiers), flag(r.AnchorByValue), rs.gap, rs.carry, int64(r.Unowned), flag(r.Probabilistic.Merge), int64(r.Probabilistic.Threshold))
	a := &r.Accounts
	put(flag(a.KnownOnly), flag(a.TakeFirst), flag(a.Domains != nil), flag(r.Restart != nil))
	text(a.OwnDomains...)
	text(a.IgnoreDomains...)
	for _, t := range rs.types {
		text(string(t.name))
		put(int64(t.Entity), int64(t.Class), int64(t.Rank), int64(t.Max), t.per, int64(t.MaxOwners), int64(t.MaxDegree),
			int64(t.MinLen), flag(t.Off), int64(t.format(t.name)), flag(t.Normalize != nil), flag(t.Blocked != nil))
		text(t.Block...)
		for _, re := range t.BlockRegexp {
			text(re.String())
		}
	}
	return [32]byte(mac.Sum(nil))
}

// limited reports whether a person may hold only so many identifiers of the type.
func (t *typeInfo) limited() bool { return t.Max > 0 }

// A minter makes the ids of people and accounts. It is not safe for concurrent use.
type minter struct {
	rules *Rules
	mac   hash.Hash
	buf   []byte
}

func (rs *ruleset) minter() *minter {
	return &minter{rules: &rs.rules, mac: hmac.New(sha256.New, rs.rules.Key)}
}

// mint returns the keyed UUIDv8 of an anchor.
func (m *minter) mint(e Entity, anchor ID) (u [16]byte) {
	use := "tabi.person.v1"
	if e == AccountEntity {
		use = "tabi.account.v1"
	}
	m.buf = idMessage(m.buf[:0], use, m.rules.Tenant, anchor)
	if m.rules.Restart != nil {
		if generation, salt, ok := m.rules.Restart(anchor); ok {
			m.buf = strconv.AppendInt(append(m.buf, 0x1F), int64(generation), 10)
			m.buf = hex.AppendEncode(append(m.buf, 0x1F), salt[:])
		}
	}
	m.mac.Reset()
	m.mac.Write(m.buf)
	m.buf = m.mac.Sum(m.buf[:0])
	copy(u[:], m.buf)
	u[6] = u[6]&0x0F | 0x80
	u[8] = u[8]&0x3F | 0x80
	return u
}
