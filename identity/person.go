package identity

// A PersonID names a person. It is a keyed digest (UUIDv8) of the person's anchor, so
// two servers make the same one without talking. The zero PersonID is nobody.
type PersonID [16]byte

// An AccountID names an account the way a [PersonID] names a person. The zero
// AccountID is none.
type AccountID [16]byte

// A Person is a set of identifiers that belong to one human being, as far as the facts
// tell.
type Person struct {
	ID     PersonID
	Anchor ID   // the identifier that ID is made of: strongest, then first seen
	IDs    []ID // in order of strength; not to be changed
	// Shared says that the person is one identifier alone that too many hold.
	Shared bool
	// Oversized says that links were refused because the person would have grown over
	// Rules.MaxIdentifiers.
	Oversized bool
}

// An Account is a set of identifiers of one organisation. Its fields are those of a
// [Person].
type Account struct {
	ID                AccountID
	Anchor            ID
	IDs               []ID
	Shared, Oversized bool
}

// String returns the id as UUID text.
func (p PersonID) String() string { return uuidText(p) }

// IsZero reports whether p is nobody.
func (p PersonID) IsZero() bool { return p == PersonID{} }

// MarshalText returns String, or nothing for nobody.
func (p PersonID) MarshalText() ([]byte, error) { return marshalUUID(p) }

// UnmarshalText reads what MarshalText writes.
func (p *PersonID) UnmarshalText(b []byte) error { return unmarshalUUID((*[16]byte)(p), b) }

// String returns the id as UUID text.
func (a AccountID) String() string { return uuidText(a) }

// IsZero reports whether a is no account.
func (a AccountID) IsZero() bool { return a == AccountID{} }

// MarshalText returns String, or nothing for none.
func (a AccountID) MarshalText() ([]byte, error) { return marshalUUID(a) }

// UnmarshalText reads what MarshalText writes.
func (a *AccountID) UnmarshalText(b []byte) error { return unmarshalUUID((*[16]byte)(a), b) }

const hexDigits = "0123456789abcdef"

func uuidText(u [16]byte) string {
	var b [36]byte
	at := 0
	for i, c := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b[at] = '-'
			at++
		}
		b[at], b[at+1] = hexDigits[c>>4], hexDigits[c&0xf]
		at += 2
	}
	return string(b[:])
}

func marshalUUID(u [16]byte) ([]byte, error) {
	if u == [16]byte{} {
		return []byte{}, nil
	}
	return []byte(uuidText(u)), nil
}

func unmarshalUUID(u *[16]byte, b []byte) error {
	if len(b) == 0 {
		*u = [16]byte{}
		return nil
	}
	const digitsAt = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(b) != len(digitsAt) {
		return ErrCorrupt
	}
	var v [16]byte
	n := 0
	for i, c := range b {
		if digitsAt[i] == '-' {
			if c != '-' {
				return ErrCorrupt
			}
			continue
		}
		d := hexDigit(c)
		if d > 15 {
			return ErrCorrupt
		}
		v[n/2] = v[n/2]<<4 | d
		n++
	}
	*u = v
	return nil
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
