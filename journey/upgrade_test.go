package journey_test

import (
	"os"
	"path/filepath"
	"testing"
)

// Table 4, upgrade: at least 64 golden journeys stand in for what releases derived; each
// is whole, so that none is passed over when they are replayed.
func TestUpgradeKeepsItsGoldenJourneys(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("testdata", "golden", "[0-9]*-*"))
	if err != nil || len(dirs) < 64 {
		t.Errorf("%d golden journeys, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		for _, name := range []string{"facts.jsonl", "config.json", "want.jsonl", "digest"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 && name != "want.jsonl" { // of nobody there is nothing
				t.Errorf("%s has no %s: %v", dir, name, err)
			}
		}
	}
}
