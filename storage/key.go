package storage

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tabi-go/tabi/identity"
)

// A Key names a fact for ever. Evidence, memberships, parents and consents are sets: their
// ID is made from their content, so that two different ones never conflict.
type Key struct {
	Class      Class
	Source, ID string
}

// Key returns the fact's key, the zero Key for a fact that [Check] refuses.
//
// Touches have their own key. Overrides, erasures and audits have no source and their
// own ID. Evidence, memberships, parents and consents have their source and the UUIDv5 of
// their encoding. A residue has no source, and its erasure, goal, month and currency
// joined by U+001F.
func (f Fact) Key() Key {
	var body []byte
	switch f.Class() {
	case 0:
		return Key{}
	case ClassEvidence, ClassMembership, ClassParent, ClassConsent:
		var err error
		if body, err = AppendFact(nil, f); err != nil {
			return Key{}
		}
	}
	return f.key(body)
}

// key is Key for a fact whose encoding is known.
func (f Fact) key(body []byte) Key {
	switch {
	case f.Touch != nil:
		return Key{ClassTouch, f.Touch.Source, f.Touch.ID}
	case f.Evidence != nil:
		return Key{ClassEvidence, f.Evidence.Source, contentID(body)}
	case f.Override != nil:
		return Key{ClassOverride, "", f.Override.ID}
	case f.Membership != nil:
		return Key{ClassMembership, f.Membership.Source, contentID(body)}
	case f.Parent != nil:
		return Key{ClassParent, f.Parent.Source, contentID(body)}
	case f.Consent != nil:
		return Key{ClassConsent, f.Consent.Source, contentID(body)}
	case f.Erasure != nil:
		return Key{ClassErasure, "", f.Erasure.ID}
	case f.Residue != nil:
		r := f.Residue
		return Key{ClassResidue, "", r.Erasure + unit + r.Goal + unit + r.Month.UTC().Format("2006-01") + unit + r.Currency}
	}
	return Key{ClassAudit, "", f.Audit.ID}
}

// factSpace is the UUIDv5, in the URL namespace, of https://github.com/tabi-go/tabi/fact/v1.
var factSpace = uuid5([16]byte{
	0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
}, []byte("https://github.com/tabi-go/tabi/fact/v1"))

// uuid5 is RFC 9562, 5.5: the first 16 bytes of SHA-1 over namespace and name.
func uuid5(space [16]byte, name []byte) [16]byte {
	var buf [512]byte
	sum := sha1.Sum(append(append(buf[:0], space[:]...), name...))
	u := [16]byte(sum[:16])
	u[6] = u[6]&0x0F | 0x50
	u[8] = u[8]&0x3F | 0x80
	return u
}

func contentID(body []byte) string {
	u := uuid5(factSpace, body)
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// unit is U+001F, which no name and no identifier can hold.
const unit = "\x1f"

// Hash returns the 16-byte key that stores index: the first half of SHA-256 over
// "tabi.key.v1", class, source and ID, joined by U+001F. It is a pseudonym: it stands only
// beside the plain value and goes with it.
func (k Key) Hash() [16]byte {
	var buf [256]byte
	b := append(buf[:0], "tabi.key.v1"+unit...)
	b = append(append(b, k.Class.String()...), unit...)
	b = append(append(b, k.Source...), unit...)
	return HashBody(append(b, k.ID...))
}

// HashID returns the 16-byte key of an identifier: "tabi.id.v1", type and value.
func HashID(id identity.ID) [16]byte {
	var buf [256]byte
	b := append(buf[:0], "tabi.id.v1"+unit...)
	b = append(append(b, id.Type()...), unit...)
	return HashBody(append(b, id.Value()...))
}

// HashSet returns the 16-byte key of an identifier set: these identifiers, sorted by
// (type, value) and distinct, were seen together by this source. It is "tabi.set.v1",
// class, source and the keys of the identifiers one after another.
func HashSet(c Class, source string, ids []identity.ID) [16]byte {
	var buf [256]byte
	b := append(buf[:0], "tabi.set.v1"+unit...)
	b = append(append(b, c.String()...), unit...)
	b = append(append(b, source...), unit...)
	for _, id := range ids {
		h := HashID(id)
		b = append(b, h[:]...)
	}
	return HashBody(b)
}

// HashBody returns the first half of SHA-256: the checksum of an encoded fact, which also
// tells conflict from duplicate.
func HashBody(body []byte) [16]byte {
	sum := sha256.Sum256(body)
	return [16]byte(sum[:16])
}
