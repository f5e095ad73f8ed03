package csvmap_test

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

// A user pattern has at most 1 KiB, and repeats what Go lets it.
func TestBoundOfAPatternAtTheLimitAndOneOver(t *testing.T) {
	t.Parallel()
	for pattern, ok := range map[string]bool{
		strings.Repeat("a", 1024): true, strings.Repeat("a", 1025): false, "a{1000}": true, "a{1001}": false,
	} {
		_, err := csvmap.Parse([]byte(`{"source":"s","kind":"k","at":"t","ids":[{"type":"user_id","col":"u"}],"where":[{"col":"a","op":"regex","value":"` + pattern + `"}]}`))
		if ok != (err == nil) {
			t.Errorf("a pattern of %d bytes: %v", len(pattern), err)
		}
	}
}
