package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// A Pseudonymizer replaces identifiers before they are stored. It runs after
// normalisation and after what needs the plain value, such as the domain of an address.
// The same identifier must always give the same pseudonym, of the same type.
// Implementations are safe for concurrent use.
type Pseudonymizer interface {
	Pseudonym(ID) (ID, error)
}

// Pseudonyms is a [Pseudonymizer] that signs values: "p.", KeyID, "." and 26 characters
// of base 32. Without the Secret two stores cannot be joined. The result is still
// personal data: pseudonymous, not anonymous. Safe for concurrent use.
type Pseudonyms struct {
	KeyID  string
	Secret []byte
	Tenant string
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Pseudonym returns the pseudonym of an identifier. The error is [ErrNoKey] without a
// secret.
func (p Pseudonyms) Pseudonym(id ID) (ID, error) {
	if len(p.Secret) == 0 {
		return ID{}, ErrNoKey
	}
	if id.IsZero() || strings.HasPrefix(id.value, "p."+p.KeyID+".") {
		return id, nil
	}
	m := hmac.New(sha256.New, p.Secret)
	m.Write(idMessage(nil, "tabi.pseudonym.v1", p.Tenant, id))
	return ID{id.typ, "p." + p.KeyID + "." + lowerBase32.EncodeToString(m.Sum(nil)[:16])}, nil
}
