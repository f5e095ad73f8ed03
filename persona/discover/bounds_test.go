package discover_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// A condition of a draft takes as many values as a condition may have, and the first of
// more; what is longer than a document is none.
func TestConditionOfADraftAtItsBound(t *testing.T) {
	texts := make([]string, 1500)
	for i := range texts {
		texts[i] = fmt.Sprintf("v%04d", i)
	}
	at := func(n int, text string) persona.Truth {
		c, ok := discover.ConditionOn("account.city", texts[:n])
		if !ok {
			t.Fatalf("no condition on %d values", n)
		}
		return c.Eval(persona.Map{"account.city": persona.TextValue(text)}, time.Time{})
	}
	for n, last := range map[int]string{1: "v0000", 999: "v0998", 1000: "v0999", 1001: "v0999", 1500: "v0999"} {
		if at(n, last) != persona.True || at(n, "v1000") != persona.False {
			t.Errorf("%d values: not the first thousand", n)
		}
	}
	if _, ok := discover.ConditionOn("account.city", nil); ok {
		t.Error("a condition on nothing")
	}
	for i := range texts {
		texts[i] = strings.Repeat("x", 1000) + texts[i]
	}
	if c, ok := discover.ConditionOn("account.city", texts); ok && len(fmt.Sprint(c)) > persona.MaxDocument {
		t.Error("longer than a document")
	}
}
