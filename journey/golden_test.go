package journey_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

var update = flag.Bool("update", false, "rewrite want.jsonl and digest of the golden journeys")

// A goldenConfig is the config.json of a golden journey: the instant of the answer and
// what differs from the default options.
type goldenConfig struct {
	At       time.Time       `json:"at"`
	Model    json.RawMessage `json:"model"` // name of a preset, or a model
	Versions []struct {
		From  time.Time       `json:"from"`
		Model json.RawMessage `json:"model"`
	} `json:"versions"`
	Goals    json.RawMessage `json:"goals"`
	Boundary struct {
		Preset       string `json:"preset"`
		Inactivity   span   `json:"inactivity"`
		Grace        span   `json:"grace"`
		ReopenWithin span   `json:"reopen_within"`
	} `json:"boundary"`
	Policy string `json:"policy"`
	Bots   bool   `json:"bots"`
	Twins  string `json:"twins"` // "off", or the most trusted source
	Rules  struct {
		MaxIdentifiers int           `json:"max_identifiers"`
		AnchorByValue  bool          `json:"anchor_by_value"`
		Unowned        string        `json:"unowned"`
		MergeFrom      int32         `json:"merge_from"` // threshold of scored evidence
		Off            identity.Type `json:"off"`
		MaxDegree      int           `json:"max_degree"` // of devices
	} `json:"rules"`
	Erase []struct {
		IDs    []string  `json:"ids"` // as "type:value"
		Before time.Time `json:"before"`
		Cut    []string  `json:"cut"` // ids of touches of "web" that lose who it was
	} `json:"erase"`
}

// A span is a duration as Go spells it.
type span time.Duration

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

func (c *goldenConfig) options(t *testing.T) *journey.Options {
	t.Helper()
	model := func(raw json.RawMessage) stage.Model {
		var name string
		if json.Unmarshal(raw, &name) == nil {
			if m, ok := stage.Preset(name); ok {
				return m
			}
		}
		m, err := stage.ParseModel(raw)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	rules := identity.DefaultRules()
	rules.MaxIdentifiers, rules.AnchorByValue = c.Rules.MaxIdentifiers, c.Rules.AnchorByValue
	rules.Unowned = map[string]identity.Unowned{"": 0, "last_known": identity.LastKnown, "nearest": identity.Nearest}[c.Rules.Unowned]
	rules.Probabilistic = identity.ScorerRules{Merge: c.Rules.MergeFrom > 0, Threshold: c.Rules.MergeFrom}
	if typ := c.Rules.Off; typ != "" {
		r := rules.Types[typ]
		r.Off = true
		rules.Types[typ] = r
	}
	if c.Rules.MaxDegree > 0 {
		r := rules.Types[identity.DeviceID]
		r.MaxDegree = c.Rules.MaxDegree
		rules.Types[identity.DeviceID] = r
	}
	b := map[string]journey.Boundary{"": {}, "b2b": journey.B2B(), "b2c": journey.B2C(), "relationship": journey.Relationship()}[c.Boundary.Preset]
	b.Inactivity = max(b.Inactivity, time.Duration(c.Boundary.Inactivity))
	b.Grace, b.ReopenWithin = time.Duration(c.Boundary.Grace), time.Duration(c.Boundary.ReopenWithin)
	o := &journey.Options{
		// Touches without received_at are received here, long after all of them.
		Clock: clock.NewManual(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), Logger: slog.New(slog.DiscardHandler),
		Rules: &rules, Boundary: b, Bots: c.Bots,
		Policy: map[string]stage.Policy{"": nil, "max": stage.Max{}, "quorum": stage.Quorum{}, "opportunity": stage.OpportunityDriven{}}[c.Policy],
	}
	if c.Model != nil {
		m := model(c.Model)
		o.Model = &m
	}
	for _, v := range c.Versions {
		o.Versions = append(o.Versions, stage.Version{From: v.From, Model: model(v.Model)})
	}
	if c.Goals != nil {
		var err error
		if o.Goals, err = journey.ParseGoals(c.Goals); err != nil {
			t.Fatal(err)
		}
	}
	switch c.Twins {
	case "":
	case "off":
		o.Twins = &touchpoint.TwinRules{Off: true}
	default:
		o.Twins = &touchpoint.TwinRules{Rank: []string{c.Twins}}
	}
	return o
}

// erase makes the store forget what the config says.
func (c *goldenConfig) erase(t *testing.T, st storage.Store) {
	t.Helper()
	for i, e := range c.Erase {
		order := storage.Erasure{ID: fmt.Sprint("erasure ", i), At: c.At}
		if len(e.IDs) > 0 || !e.Before.IsZero() {
			q := storage.Query{To: e.Before}
			for _, text := range e.IDs {
				id, err := (*identity.Rules)(nil).Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				q.IDs = append(q.IDs, id)
			}
			order.Remove = []storage.Query{q}
		}
		for _, id := range e.Cut {
			for f, err := range st.Scan(ctx, storage.Query{Keys: []storage.Key{{Class: storage.ClassTouch, Source: "web", ID: id}}}) {
				if err != nil {
					t.Fatal(err)
				}
				f.Touch.IDs, f.Touch.Redacted = nil, true
				order.Redact = append(order.Redact, f)
			}
		}
		if got, err := st.Erase(ctx, order); err != nil || !got.Done {
			t.Fatal(got, err)
		}
	}
}

// goldenFacts reads facts.jsonl, the lines of a dump without header and trailer, in the
// order of the file's classes and instants.
func goldenFacts(t *testing.T, file string) []storage.Fact {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dump := append([]byte(`{"schema":1,"type":"header"}`+"\n"), body...)
	dump = fmt.Appendf(dump, `{"lines":%d,"sha256":"%x","type":"end"}`+"\n", bytes.Count(dump, []byte("\n")), sha256.Sum256(dump))
	st := new(memstore.Store)
	tally, err := storage.Restore(ctx, st, bytes.NewReader(dump))
	if err != nil || tally[touchpoint.Accepted] != bytes.Count(body, []byte("\n")) {
		t.Fatalf("%s: %v, %v", file, tally, err)
	}
	var facts []storage.Fact
	for f, err := range st.Scan(ctx, storage.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, f)
	}
	return facts
}

// goldenState learns facts in batches, erases, and returns what is then derived.
func goldenState(t *testing.T, c *goldenConfig, facts []storage.Fact, batch int) ([]byte, [32]byte) {
	t.Helper()
	st := new(memstore.Store)
	tr, err := journey.NewTracker(st, c.options(t))
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(facts, batch) {
		outs, err := tr.Learn(ctx, part...)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range outs {
			if o.Status != touchpoint.Accepted && o.Status != touchpoint.Duplicate {
				t.Fatalf("%s: %s %s %v", part[i].Key().ID, o.Status, o.Reason, o.Fields)
			}
		}
	}
	c.erase(t, st)
	v, err := tr.View(ctx, c.At)
	if err != nil {
		t.Fatal(err)
	}
	var state bytes.Buffer
	if err := v.WriteState(&state); err != nil {
		t.Fatal(err)
	}
	digest, err := tr.Digest(ctx, c.At)
	if err != nil || digest != sha256.Sum256(state.Bytes()) {
		t.Fatalf("the digest is not that of the state: %v", err)
	}
	return state.Bytes(), digest
}

// The golden journeys are facts and what follows from them, kept for ever: a change of
// want.jsonl is a change of results. The same state comes of every order and batching.
// Stores replay them too, see golden_test.go of each.
func TestGoldenJourneys(t *testing.T) {
	dirs, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(dirs) < 64 {
		t.Fatalf("%d golden journeys, %v", len(dirs), err)
	}
	var all strings.Builder
	for i, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c goldenConfig
			text, err := os.ReadFile(filepath.Join(dir, "config.json"))
			if err != nil {
				t.Fatal(err)
			}
			d := json.NewDecoder(bytes.NewReader(text))
			d.DisallowUnknownFields()
			if err := d.Decode(&c); err != nil {
				t.Fatal(err)
			}
			all.Write(text)
			facts := goldenFacts(t, filepath.Join(dir, "facts.jsonl"))
			got, digest := goldenState(t, &c, facts, len(facts))
			if *update {
				for name, b := range map[string][]byte{"want.jsonl": got, "digest": fmt.Appendf(nil, "%x\n", digest)} {
					if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			want, err := os.ReadFile(filepath.Join(dir, "want.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(want)
			if d := firstDifference(got, want); d != "" {
				t.Error(d)
			}
			if b, _ := os.ReadFile(filepath.Join(dir, "digest")); strings.TrimSpace(string(b)) != hex.EncodeToString(digest[:]) {
				t.Errorf("digest %x, want %s", digest, b)
			}
			r := rand.New(rand.NewPCG(uint64(i), 1))
			again := append(slices.Clone(facts), facts[:len(facts)/2]...)
			r.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
			if other, _ := goldenState(t, &c, again, 1+r.IntN(5)); !bytes.Equal(other, got) {
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
