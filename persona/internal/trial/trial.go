// Package trial is what the tests of persona and its subpackages share.
package trial

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Encode returns the JSON of a value.
func Encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Rounds is how often a property is tried: a tenth with -short, twenty times as often under
// TABI_LONG=1.
func Rounds(n int) int {
	switch {
	case os.Getenv("TABI_LONG") != "":
		return 20 * n
	case testing.Short():
		return max(n/10, 1)
	}
	return n
}

// Source returns random numbers.
func Source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// Shared reads a file of checking data, or skips the test. It is asked by a package two
// folders below the root.
func Shared(t testing.TB, parts ...string) []byte {
	t.Helper()
	root := os.Getenv("TABI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	name := filepath.Join(append([]string{root}, parts...)...)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("%s is missing: set TABI_SHARED to the folder of data and golden files", name)
	}
	return b
}
