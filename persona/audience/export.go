package audience

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/persona"
)

// ErrTooSmall says that fewer people could be exported than the segment's min_size, so
// nothing was written: in a small list people can be recognised.
var ErrTooSmall = errors.New("audience: fewer people than min_size")

var errAccounts = errors.New("audience: export of a segment of accounts")

// defaultMinSize is the fewest people exported where a segment does not say.
const defaultMinSize = 100

// A Contact is a person and their addresses, for [Export].
type Contact struct {
	Subject    string         // as in [Members]
	Fields     persona.Fields // for the consent and person.opted_out
	IDs        []identity.ID  // other types than e-mail and phone are left out
	Suppressed bool           // erased, or on a list of those who are never addressed
}

// Export writes the addresses of a segment's members for upload to another tool: one line
// "type,sha256" for each e-mail address and phone number, the hash in hex over the value
// as rules normalise it (nil: the default rules), sorted, each line once. It returns how
// many people are in it.
//
// Only people who agreed to "activate" are exported, and no address that rules never
// link, such as info@. Those suppressed or opted out never are, nor an address of theirs
// that somebody else has too: people should hold them also where they are no members. If fewer people remain than the
// segment's min_size, nothing is written and the error is [ErrTooSmall].
//
// A hash of an address is still personal data. Whoever holds the address, or guesses it,
// finds the person again: that is what the list is for. Treat the file as you would treat
// the addresses themselves.
func Export(w io.Writer, m Members, people iter.Seq[Contact], rules *identity.Rules) (int, error) {
	if m.segment.Subject == "account" {
		return 0, errAccounts
	}
	if rules == nil {
		r := identity.DefaultRules()
		rules = &r
	}
	least := m.segment.MinSize
	if least == 0 {
		least = defaultMinSize
	}
	owners := map[string][]string{} // of each line
	barred := map[string]bool{}     // people, and lines, which another person may share
	for c := range people {
		never := c.Suppressed || c.optedOut()
		barred[c.Subject] = barred[c.Subject] || never
		for _, id := range c.IDs {
			line, ok := hashed(id, rules)
			switch {
			case ok && never:
				barred[line] = true
			case ok && m.Has(c.Subject) && persona.Consented(c.Fields, "activate"):
				owners[line] = append(owners[line], c.Subject)
			}
		}
	}
	exported := map[string]bool{}
	for line, subjects := range owners {
		subjects = slices.DeleteFunc(subjects, func(s string) bool { return barred[s] })
		if len(subjects) == 0 || barred[line] {
			delete(owners, line)
			continue
		}
		for _, s := range subjects {
			exported[s] = true
		}
	}
	if len(exported) < least {
		return 0, ErrTooSmall
	}
	out := bufio.NewWriter(w)
	for _, line := range slices.Sorted(maps.Keys(owners)) {
		out.WriteString(line)
	}
	if err := out.Flush(); err != nil {
		return 0, fmt.Errorf("audience: export: %w", err)
	}
	return len(exported), nil
}

func (c *Contact) optedOut() bool {
	v, _ := c.Fields.Field("person.opted_out")
	out, _ := v.Bool()
	return out
}

// hashed returns the line of an identifier, false for one that is not exported.
func hashed(id identity.ID, rules *identity.Rules) (string, bool) {
	if id.Type() != identity.Email && id.Type() != identity.Phone {
		return "", false
	}
	id, err := rules.ID(id.Type(), id.Value())
	if ok, _ := rules.Linkable(id); err != nil || !ok {
		return "", false
	}
	sum := sha256.Sum256([]byte(id.Value()))
	return string(id.Type()) + "," + hex.EncodeToString(sum[:]) + "\n", true
}
