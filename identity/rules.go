package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
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

	MaxIdentifiers int // identifiers of one person or account, 0: 1,000

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
	typeName        = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
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
	fault := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("identity: rules: "+format, args...))
		}
	}
	fault(r.MaxIdentifiers >= 0, "negative MaxIdentifiers")
	fault(r.Unowned <= Nearest, "unknown Unowned")
	fault(digits(r.CountryCode) == r.CountryCode, "CountryCode is not digits")
	fault(!hasControl(r.Tenant), "control character in Tenant")
	strongestOther := map[Entity]int{}
	for _, t := range sortedTypes(r.types()) {
		tr := r.types()[t]
		fault(typeName.MatchString(string(t)), "bad type name of %d bytes", len(t))
		fault(tr.Entity <= AccountEntity, "%s: unknown Entity", t)
		fault(tr.Class <= DeviceClass, "%s: unknown Class", t)
		fault(tr.Format <= FormatDomain, "%s: unknown Format", t)
		fault(tr.Rank >= 0 && tr.Max >= 0 && tr.Per >= 0 && tr.MaxOwners >= 0 && tr.MaxDegree >= 0 && tr.MinLen >= 0,
			"%s: negative number", t)
		fault(tr.MaxOwners <= 100, "%s: MaxOwners over 100", t)
		for _, re := range tr.BlockRegexp {
			fault(re != nil && len(re.String()) <= MaxPattern, "%s: nil pattern or one over %d bytes", t, MaxPattern)
		}
		if s, ok := strongestOther[tr.Entity]; tr.Class != KeyClass && (!ok || tr.Rank < s) {
			strongestOther[tr.Entity] = tr.Rank
		}
	}
	for _, t := range sortedTypes(r.types()) {
		tr := r.types()[t]
		s, ok := strongestOther[tr.Entity]
		fault(tr.Class != KeyClass || !ok || tr.Rank <= s, "%s: a key ranks after a weaker class", t)
	}
	return errors.Join(errs...)
}

// Warnings lists what is legal in the rules and probably not meant: a key type that
// does not limit (Max 0) protects nobody, and an entity without a key type has no
// owners to count.
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
		}
	}
	for e, name := range []string{"person", "account"} {
		if has[e] && !hasKey[e] {
			ws = append(ws, name+": no key type, so identifiers have no owners to count")
		}
	}
	return ws
}

func sortedTypes(m map[Type]TypeRule) []Type {
	ts := make([]Type, 0, len(m))
	for t := range m {
		ts = append(ts, t)
	}
	slices.Sort(ts)
	return ts
}
