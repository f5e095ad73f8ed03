package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"sync"
	"time"
)

// Limits of this package.
const (
	MaxValue    = 512  // bytes of a normalised identifier
	MaxTypeName = 63   // bytes of a type name
	MaxSighting = 100  // identifiers of one sighting
	MaxSide     = 1000 // identifiers on one side of a Separate
	MaxPattern  = 1024 // bytes of a pattern in TypeRule.BlockRegexp

	defaultMaxIdentifiers = 1000
	defaultSessionGap     = 30 * time.Minute
)

// Rules say which identifiers there are, how they are read, and when they may join.
// The zero Rules are those of [DefaultRules]; so is a nil *Rules wherever one is taken.
// Rules must not be changed while in use; reading them is safe for concurrent use.
type Rules struct {
	Types map[Type]TypeRule // nil: the default types
	// Key makes ids and tags unguessable. Empty is for tests: an unkeyed digest of a
	// mail address can be guessed. Another key renames everybody.
	Key    []byte
	Tenant string // one graph holds one tenant

	MaxIdentifiers int  // identifiers of one person or account, 0: 1,000
	AnchorByValue  bool // the anchor is the least value of the best rank and type, not the first seen

	SessionGap time.Duration // longest silence inside a session of a device, 0: 30 minutes, negative: none
	Carry      time.Duration // how long after its session a login still counts, 0: 30 minutes, negative: never
	Unowned    Unowned       // what to do with a touch of a shared device without login

	CountryCode   string // digits put before phone numbers without a +, such as "81"
	Probabilistic ScorerRules
	Accounts      AccountRules

	// Restart tells of an identifier whose person was erased and may come back as a new
	// one: the generation, from 1, and the salt of the suppression entry, of which the new
	// person's id is made. Nil: nobody was erased.
	Restart func(ID) (generation int, salt [16]byte, ok bool)
}

// ScorerRules say whether scored evidence may join people. By default it only suggests.
type ScorerRules struct {
	Merge     bool
	Threshold int32 // least weight that joins, in thousandths of a bit
}

// Unowned says who owns a touch of a shared device that no login explains.
type Unowned uint8

// The policies. NobodyOwns is the default because wrong data is worse than missing data.
const (
	NobodyOwns Unowned = iota
	LastKnown          // the last login before it, at any distance, unless a logout stands between
	Nearest            // the login nearest in time, the earlier of two equally near
)

// DefaultRules returns the default rules with their types filled in, to be changed as
// wanted.
func DefaultRules() Rules { return Rules{Types: defaultTypes()} }

var (
	theDefaultTypes = sync.OnceValue(defaultTypes)
	processKey      = sync.OnceValue(func() []byte {
		k := make([]byte, 32)
		rand.Read(k)
		return k
	})
)

func (r *Rules) types() map[Type]TypeRule {
	if r == nil || r.Types == nil {
		return theDefaultTypes()
	}
	return r.Types
}

func (r *Rules) maxIdentifiers() int {
	if r.MaxIdentifiers == 0 {
		return defaultMaxIdentifiers
	}
	return r.MaxIdentifiers
}

// Tag returns a short keyed pseudonym of id for logs and errors: twelve hex digits,
// the same for the same rules. With an empty Key it is the same only within the process.
func (r *Rules) Tag(id ID) string {
	key, tenant := processKey(), ""
	if r != nil {
		tenant = r.Tenant
		if len(r.Key) > 0 {
			key = r.Key
		}
	}
	m := hmac.New(sha256.New, key)
	m.Write(idMessage(nil, "tabi.log.v1", tenant, id))
	return hex.EncodeToString(m.Sum(nil)[:6])
}

// idMessage appends what is signed for an identifier: the use, the tenant, the type and
// the value, parted by U+001F, which none of them can hold.
func idMessage(b []byte, use, tenant string, id ID) []byte {
	b = append(b, use...)
	b = append(b, 0x1F)
	b = append(b, tenant...)
	b = append(b, 0x1F)
	b = append(b, id.typ...)
	b = append(b, 0x1F)
	return append(b, id.value...)
}

// Validate names every fault of the rules at once, nil for none. See [Rules.Warnings]
// for what is legal and probably not meant.
func (r *Rules) Validate() error {
	if r == nil {
		return nil
	}
	var errs []error
	check := func(ok bool, t Type, what string) {
		if !ok {
			if t != "" {
				what = string(t) + ": " + what
			}
			errs = append(errs, errors.New("identity: rules: "+what))
		}
	}
	check(r.MaxIdentifiers >= 0, "", "negative MaxIdentifiers")
	check(r.Unowned <= Nearest, "", "unknown Unowned")
	check(digits(r.CountryCode) == r.CountryCode, "", "CountryCode is not digits")
	check(!hasControl(r.Tenant), "", "control character in Tenant")
	weaker := [2]int{math.MaxInt, math.MaxInt} // best rank of a class other than KeyClass
	types := sortedTypes(r.types())
	for _, t := range types {
		tr := r.types()[t]
		check(validType(string(t)), "", "bad type name")
		check(tr.Entity <= AccountEntity, t, "unknown Entity")
		check(tr.Class <= DeviceClass, t, "unknown Class")
		check(tr.Format <= FormatDomain, t, "unknown Format")
		check(tr.Rank >= 0 && tr.Max >= 0 && tr.Per >= 0 && tr.MaxOwners >= 0 && tr.MaxDegree >= 0 && tr.MinLen >= 0, t, "negative number")
		check(tr.MaxOwners <= 100, t, "MaxOwners over 100")
		for _, re := range tr.BlockRegexp {
			check(re != nil && len(re.String()) <= MaxPattern, t, "a nil pattern, or one over 1 KiB")
		}
		if tr.Entity <= AccountEntity && tr.Class != KeyClass {
			weaker[tr.Entity] = min(weaker[tr.Entity], tr.Rank)
		}
	}
	for _, t := range types {
		tr := r.types()[t]
		check(tr.Class != KeyClass || tr.Entity > AccountEntity || tr.Rank <= weaker[tr.Entity], t, "a key ranks after a weaker class")
	}
	return errors.Join(errs...)
}

// Warnings lists what is legal in the rules and probably not meant: a key type that
// does not limit (Max 0) protects nobody, one that shares its rank with a weaker class
// may lose the anchor to it, and an entity without a key type has no owners to count.
func (r *Rules) Warnings() []string {
	var ws []string
	var has, hasKey [2]bool
	for _, t := range sortedTypes(r.types()) {
		tr := r.types()[t]
		if tr.Entity > AccountEntity {
			continue
		}
		has[tr.Entity] = true
		if tr.Class == KeyClass {
			hasKey[tr.Entity] = true
			if tr.Max == 0 {
				ws = append(ws, string(t)+": a key without Max protects nobody")
			}
			for _, o := range sortedTypes(r.types()) {
				if or := r.types()[o]; or.Entity == tr.Entity && or.Class != KeyClass && or.Rank == tr.Rank {
					ws = append(ws, string(t)+": "+string(o)+" of a weaker class has the same rank")
				}
			}
		}
	}
	for e, name := range []string{"person", "account"} {
		if has[e] && !hasKey[e] {
			ws = append(ws, name+": no key type, so identifiers have no owners to count")
		}
	}
	return ws
}

// validType reports whether s matches [a-z][a-z0-9_]{0,62}.
func validType(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || c == '_')) {
			return false
		}
	}
	return s != "" && len(s) <= MaxTypeName
}

func sortedTypes(m map[Type]TypeRule) []Type {
	ts := make([]Type, 0, len(m))
	for t := range m {
		ts = append(ts, t)
	}
	slices.Sort(ts)
	return ts
}
