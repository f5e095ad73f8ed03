package channel_test

import (
	"slices"
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

// A classifier has at most a thousand rules, a rule's item a thousand values.
func TestBoundOfRulesAndValuesAtTheLimitAndOneOver(t *testing.T) {
	t.Parallel()
	rules := func(n, values int) *channel.Options {
		item := channel.Item{Field: "source", Op: "exact", Values: slices.Repeat([]string{"x"}, values)}
		return &channel.Options{Custom: slices.Repeat([]channel.Rule{{Channel: "X", Items: []channel.Item{item}}}, n)}
	}
	for _, c := range []struct {
		rules, values int
		ok            bool
	}{{channel.MaxRules, 1, true}, {channel.MaxRules + 1, 1, false}, {1, channel.MaxValues, true}, {1, channel.MaxValues + 1, false}, {1, 0, false}} {
		if _, err := channel.New(rules(c.rules, c.values)); c.ok != (err == nil) {
			t.Errorf("%d rules of %d values: %v", c.rules, c.values, err)
		}
	}
}
