package identity

import (
	"regexp"
	"time"
)

// An Entity is what an identifier identifies. People and accounts are stitched apart:
// nothing that names an account ever joins two people.
type Entity uint8

// The entities.
const (
	PersonEntity Entity = iota
	AccountEntity
)

// A Class says how strongly an identifier is bound to its entity.
type Class uint8

// The classes. Contact stands first because it is the zero value.
const (
	ContactClass Class = iota // reaches its owner: an e-mail address, a phone, a domain
	KeyClass                  // given by a system to one owner; never shared
	DeviceClass               // held by whoever holds the device
)

// A Format names one of the built-in normalisers. They are idempotent.
type Format uint8

// The formats. FormatByType is FormatEmail, FormatPhone or FormatDomain for the types
// [Email], [Phone] and [Domain], and FormatOpaque for any other.
const (
	FormatByType Format = iota
	FormatOpaque        // trimmed, case kept
	FormatFold          // full-width ASCII narrowed, lower case, runs of space as one
	FormatEmail         // lower-case local part, domain as FormatDomain
	FormatPhone         // digits and one leading +, see Rules.CountryCode
	FormatDomain        // the host of a URL or address, lower case, A-labels
)

// A TypeRule says how identifiers of one type are read and how they may join. The
// zero rule is a contact of a person, rank 0, without limits, opaque.
type TypeRule struct {
	Entity Entity
	Class  Class
	Rank   int // 0 is strongest; several types may share one

	// At most Max distinct values a person, first seen within any window of length
	// Per; Max 0 is no limit, Per 0 is ever. Max 1 and Per 0 is what others call an
	// immutable identifier.
	Max int
	Per time.Duration

	// An identifier with more owners or more neighbours than this is shared: it joins
	// nobody. 0 is off; both are ignored for KeyClass. An owner is a person, counted by
	// the strictest key type. MaxOwners is at most 100.
	MaxOwners, MaxDegree int

	MinLen int  // values of fewer bytes never link
	Off    bool // identifiers of this type never link and own nothing

	Format      Format
	Block       []string         // values that never link, beside the built-in ones; compared folded
	BlockRegexp []*regexp.Regexp // the same as patterns of at most 1 KiB, matched against the normalised value

	// Normalize replaces Format. It must be idempotent. An error that is an *IDError
	// rejects the identifier; any other marks the value malformed: it is kept, trimmed,
	// and never links. Unicode normalisation (NFC), which tabi does not do, goes here.
	Normalize func(string) (string, error)
	// Blocked replaces the built-in list of values that never link.
	Blocked func(string) bool
}

// defaultTypes is the table of types that DefaultRules knows.
func defaultTypes() map[Type]TypeRule {
	return map[Type]TypeRule{
		UserID:         {Class: KeyClass, Rank: 0, Max: 1, MinLen: 1},
		CRMContactID:   {Class: KeyClass, Rank: 0, Max: 1, MinLen: 1},
		CRMLeadID:      {Rank: 1, Max: 20, MaxOwners: 1, MaxDegree: 100, MinLen: 1},
		Email:          {Rank: 1, Max: 5, MaxOwners: 3, MaxDegree: 500, MinLen: 3},
		Phone:          {Rank: 2, Max: 5, MaxOwners: 4, MaxDegree: 100, MinLen: 7},
		AnonymousID:    {Class: DeviceClass, Rank: 3, MaxOwners: 1, MaxDegree: 100, MinLen: 2},
		DeviceID:       {Class: DeviceClass, Rank: 3, MaxOwners: 1, MaxDegree: 100, MinLen: 2},
		CRMAccountID:   {Entity: AccountEntity, Class: KeyClass, Rank: 0, Max: 1, MinLen: 1},
		RegistrationNo: {Entity: AccountEntity, Class: KeyClass, Rank: 0, Max: 1, MinLen: 1},
		GroupID:        {Entity: AccountEntity, Rank: 1, MaxOwners: 1, MaxDegree: 100, MinLen: 1},
		Domain:         {Entity: AccountEntity, Rank: 2, MaxOwners: 1, MaxDegree: 100, MinLen: 3},
		CRMDealID:      {Entity: AccountEntity, Rank: 3, MinLen: 1},
	}
}
