package identity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// A Type names a kind of identifier, such as [Email]. It matches [a-z][a-z0-9_]{0,62}.
type Type string

// The types that [DefaultRules] knows.
const (
	UserID         Type = "user_id"
	CRMContactID   Type = "crm_contact_id"
	CRMLeadID      Type = "crm_lead_id"
	Email          Type = "email"
	Phone          Type = "phone"
	AnonymousID    Type = "anonymous_id"
	DeviceID       Type = "device_id"
	CRMAccountID   Type = "crm_account_id"
	RegistrationNo Type = "registration_no"
	GroupID        Type = "group_id"
	Domain         Type = "domain"
	CRMDealID      Type = "crm_deal_id"
)

// An ID is one identifier: a type and a normalised value. IDs are comparable and
// fit as map keys; equal text under two types is two IDs. The zero ID is invalid
// and harmless. An ID never prints its value: use [ID.Value] where the data itself
// is wanted. Safe for concurrent use.
type ID struct {
	typ   Type
	value string
}

// MakeID returns the ID of a value that [Rules.ID] has normalised before. It is for
// stores and decoders of tabi's own encodings; raw text goes through [Rules.ID].
func MakeID(t Type, normalised string) ID { return ID{t, normalised} }

// Type returns the identifier's type, "" for the zero ID.
func (id ID) Type() Type { return id.typ }

// Value returns the normalised value. It is personal data.
func (id ID) Value() string { return id.value }

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// CompareIDs orders identifiers by type, then value, bytewise: the order in which
// touches keep them. For the order of strength see [ID.Compare].
func CompareIDs(a, b ID) int {
	if c := cmp.Compare(a.typ, b.typ); c != 0 {
		return c
	}
	return cmp.Compare(a.value, b.value)
}

// String returns the type and a mask, never the value.
func (id ID) String() string {
	if id.IsZero() {
		return "invalid"
	}
	return string(id.typ) + ":[redacted]"
}

// GoString is String, so that %#v does not leak the value either.
func (id ID) GoString() string { return id.String() }

// Format prints String for every verb.
func (id ID) Format(f fmt.State, _ rune) { fmt.Fprint(f, id.String()) }

// LogValue is String as an [slog.Value].
func (id ID) LogValue() slog.Value { return slog.StringValue(id.String()) }

// Compare orders by strength under the rules, nil for [DefaultRules]: rank, then type,
// then value. Types that the rules do not know come last.
func (id ID) Compare(o ID, r *Rules) int {
	return cmp.Or(cmp.Compare(r.rank(id.typ), r.rank(o.typ)), CompareIDs(id, o))
}

func (r *Rules) rank(t Type) int {
	if tr, ok := r.types()[t]; ok {
		return tr.Rank
	}
	return int(^uint(0) >> 1)
}

// MarshalText returns "type:value", and nothing for the zero ID. It carries the value:
// it is data, not for logs.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return []byte(string(id.typ) + ":" + id.value), nil
}

// UnmarshalText reads what MarshalText writes. Like [MakeID] it takes the value as
// normalised; text without a valid type, over the limits or not UTF-8 is [ErrCorrupt].
func (id *ID) UnmarshalText(b []byte) error {
	t, v, ok := strings.Cut(string(b), ":")
	if !ok && t == "" {
		*id = ID{}
		return nil
	}
	if !ok {
		return ErrCorrupt
	}
	return id.set(t, v)
}

// MarshalBinary returns the bytes of MarshalText.
func (id ID) MarshalBinary() ([]byte, error) { return id.MarshalText() }

// UnmarshalBinary reads what MarshalBinary writes.
func (id *ID) UnmarshalBinary(b []byte) error { return id.UnmarshalText(b) }

type jsonID struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// MarshalJSON returns {"type":…,"value":…}, and null for the zero ID. It carries the
// value: it is data, not for logs.
func (id ID) MarshalJSON() ([]byte, error) {
	if id.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(jsonID{string(id.typ), id.value})
}

// UnmarshalJSON reads what MarshalJSON writes, with the checks of [ID.UnmarshalText].
func (id *ID) UnmarshalJSON(b []byte) error {
	if !utf8.Valid(b) { // encoding/json would make one text of two
		return ErrCorrupt
	}
	var j *jsonID
	if err := json.Unmarshal(b, &j); err != nil {
		return ErrCorrupt // the error of encoding/json may quote the value
	}
	if j == nil {
		*id = ID{}
		return nil
	}
	return id.set(j.Type, j.Value)
}

func (id *ID) set(t, v string) error {
	if !validType(t) || len(v) > MaxValue || !utf8.ValidString(v) || hasControl(v) {
		return ErrCorrupt
	}
	*id = ID{Type(t), v}
	return nil
}
