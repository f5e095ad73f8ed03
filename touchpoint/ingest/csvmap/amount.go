package csvmap

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// An amountField is an amount of money, written as the table's locale has it.
type amountField struct {
	*field
	currency       *field // of this amount alone; nil: the mapping's
	decimal, group string
	strip          []string
}

// money reads text, which is cleaned, as an amount of cur.
func (f *amountField) money(text string, cur touchpoint.Currency) (touchpoint.Money, error) {
	for _, s := range f.strip {
		text = strings.ReplaceAll(text, s, "")
	}
	if f.group != "" {
		text = strings.ReplaceAll(text, f.group, "")
	}
	if f.decimal != "." {
		if strings.Contains(text, ".") {
			return touchpoint.Money{}, &touchpoint.InvalidError{Reason: touchpoint.NotANumber}
		}
		text = strings.Replace(text, f.decimal, ".", 1)
	}
	return touchpoint.ParseAmount(strings.TrimSpace(text), cur)
}
