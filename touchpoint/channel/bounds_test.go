package channel_test

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/channel"
)

// A user pattern has at most 1 KiB, and repeats what Go lets it.
func TestBoundOfAPatternAtTheLimitAndOneOver(t *testing.T) {
	t.Parallel()
	for pattern, ok := range map[string]bool{
		strings.Repeat("a", channel.MaxPattern): true, strings.Repeat("a", channel.MaxPattern+1): false, "a{1000}": true, "a{1001}": false,
	} {
		_, err := channel.ParseRules([]byte(`{"rules":[{"channel":"X","items":[{"field":"source","op":"regex","value":"`+pattern+`"}]}]}`), nil)
		if ok != (err == nil) {
			t.Errorf("a pattern of %d bytes: %v", len(pattern), err)
		}
	}
}
