package journey_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/storetest"
)

var update = flag.Bool("update", false, "rewrite want.jsonl and digest of the golden journeys")

// goldenState replays facts and returns what is then derived.
func goldenState(t *testing.T, g *storetest.Golden, facts []storage.Fact, batch int) ([]byte, [32]byte) {
	t.Helper()
	tr, err := g.Replay(ctx, new(memstore.Store), facts, batch)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tr.View(ctx, g.At)
	if err != nil {
		t.Fatal(err)
	}
	var state bytes.Buffer
	if err := v.WriteState(&state); err != nil {
		t.Fatal(err)
	}
	digest, err := tr.Digest(ctx, g.At)
	if err != nil || digest != sha256.Sum256(state.Bytes()) {
		t.Fatalf("the digest is not that of the state: %v", err)
	}
	return state.Bytes(), digest
}

// The golden journeys are facts and what follows from them, kept for ever: a change of
// want.jsonl is a change of results. The same state comes of every order and batching.
// Stores replay them too, see storetest.RunGolden.
func TestGoldenJourneys(t *testing.T) {
	dirs, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(dirs) < 64 {
		t.Fatalf("%d golden journeys, %v", len(dirs), err)
	}
	var all strings.Builder
	for i, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c, err := storetest.ReadGolden(dir)
			if err != nil {
				t.Fatal(err)
			}
			facts := c.Facts
			got, digest := goldenState(t, c, facts, len(facts))
			if *update {
				for name, b := range map[string][]byte{"want.jsonl": got, "digest": fmt.Appendf(nil, "%x\n", digest)} {
					if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				c.Want, c.Digest = got, hex.EncodeToString(digest[:])
			}
			all.Write(c.Config)
			all.Write(c.Want)
			if d := firstDifference(got, c.Want); d != "" {
				t.Error(d)
			}
			if c.Digest != hex.EncodeToString(digest[:]) {
				t.Errorf("digest %x, want %s", digest, c.Digest)
			}
			r := rand.New(rand.NewPCG(uint64(i), 1))
			again := append(slices.Clone(facts), facts[:len(facts)/2]...)
			r.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
			if other, _ := goldenState(t, c, again, 1+r.IntN(5)); !bytes.Equal(other, got) {
				t.Errorf("another order: %s", firstDifference(other, got))
			}
		})
	}
	var words []string
	for _, reason := range []identity.RefusalReason{identity.RefusedBlocked, identity.RefusedOff, identity.RefusedRetracted, identity.RefusedBelowThreshold,
		identity.RefusedSharedOwners, identity.RefusedSharedDegree, identity.RefusedCannotLink, identity.RefusedLimit, identity.RefusedOversized} {
		words = append(words, string(reason))
	}
	for _, m := range []stage.Model{stage.Digital(), stage.Classic(), stage.Lifecycle(), stage.AARRR(), stage.HubSpot(), stage.Salesforce(), stage.LeadToRevenue()} {
		words = append(words, m.ID)
	}
	for m := stage.Start; m <= stage.Regress; m++ {
		words = append(words, m.String())
	}
	for _, word := range append(words, "goal", "loss", "silence", "open", "unmatched", "denied", "stalled", "shared", "oversized") {
		if !strings.Contains(all.String(), `"`+word+`"`) {
			t.Errorf("no golden journey shows %q", word)
		}
	}
}

// firstDifference shows the first line in which two texts differ; "" for equal ones.
func firstDifference(got, want []byte) string {
	if bytes.Equal(got, want) {
		return ""
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is\n%s\nwant\n%s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
