package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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

// A Golden is a golden journey of a folder NNN-name: facts.jsonl, the lines of a dump
// without header and trailer; config.json, the instant of the answer and what differs from
// the default options; want.jsonl, the state that follows; and its digest.
type Golden struct {
	At     time.Time      // of the answer
	Facts  []storage.Fact // in the order of their positions
	Config []byte         // config.json
	Want   []byte         // want.jsonl
	Digest string         // of the tracker, 64 hex digits: the SHA-256 of Want

	config goldenConfig
}

// ReadGolden reads a golden journey. Of a new one Want and Digest are empty.
func ReadGolden(dir string) (*Golden, error) {
	g := new(Golden)
	read := func(name string) []byte {
		b, _ := os.ReadFile(filepath.Join(dir, name)) // what is not there is empty
		return b
	}
	g.Config, g.Want, g.Digest = read("config.json"), read("want.jsonl"), string(bytes.TrimSpace(read("digest")))
	d := json.NewDecoder(bytes.NewReader(g.Config))
	d.DisallowUnknownFields()
	if err := d.Decode(&g.config); err != nil {
		return nil, err
	}
	g.At = g.config.At
	body := read("facts.jsonl")
	dump := append([]byte(`{"schema":1,"type":"header"}`+"\n"), body...)
	dump = fmt.Appendf(dump, `{"lines":%d,"sha256":"%x","type":"end"}`+"\n", bytes.Count(dump, []byte("\n")), sha256.Sum256(dump))
	st := new(memstore.Store)
	ctx := context.Background() // memory does not wait
	tally, err := storage.Restore(ctx, st, bytes.NewReader(dump))
	if err != nil || tally[accepted] != bytes.Count(body, []byte("\n")) {
		return nil, fmt.Errorf("%s: %v, %w", dir, tally, err)
	}
	for f, err := range st.Scan(ctx, storage.Query{}) {
		if err != nil {
			return nil, err
		}
		g.Facts = append(g.Facts, f)
	}
	return g, nil
}

// Replay learns facts, which are those of g in some order, through a tracker on an empty
// store in batches of a size, and erases what the configuration says.
func (g *Golden) Replay(ctx context.Context, s storage.Store, facts []storage.Fact, batch int) (*journey.Tracker, error) {
	o, err := g.config.options()
	if err != nil {
		return nil, err
	}
	tr, err := journey.NewTracker(s, o)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(facts, batch) {
		outs, err := tr.Learn(ctx, part...)
		if err != nil {
			return nil, err
		}
		for i, o := range outs {
			if o.Status != accepted && o.Status != duplicate {
				return nil, fmt.Errorf("%s: %s %s %v", part[i].Key().ID, o.Status, o.Reason, o.Fields)
			}
		}
	}
	return tr, g.config.erase(ctx, s)
}

// RunGolden replays every golden journey in a folder on a store of its own, in a random
// order with half of the facts offered twice, and compares the digest with that on record.
func RunGolden(t *testing.T, h Harness, dir string) {
	dirs, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no golden journeys in %s: %v", dir, err)
	}
	for i, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			g, err := ReadGolden(dir)
			if err != nil {
				t.Fatal(err)
			}
			s, err := h.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			r := rand.New(rand.NewPCG(uint64(i), 1))
			facts := append(slices.Clone(g.Facts), g.Facts[:len(g.Facts)/2]...)
			r.Shuffle(len(facts), func(i, k int) { facts[i], facts[k] = facts[k], facts[i] })
			tr, err := g.Replay(t.Context(), s, facts, 1+r.IntN(20))
			if err != nil {
				t.Fatal(err)
			}
			if digest, err := tr.Digest(t.Context(), g.At); err != nil || fmt.Sprintf("%x", digest) != g.Digest {
				t.Errorf("digest %x, want %s, error %v", digest, g.Digest, err)
			}
		})
	}
}

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

func (c *goldenConfig) options() (*journey.Options, error) {
	model := func(raw json.RawMessage) (stage.Model, error) {
		var name string
		if json.Unmarshal(raw, &name) == nil {
			if m, ok := stage.Preset(name); ok {
				return m, nil
			}
		}
		return stage.ParseModel(raw)
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
		m, err := model(c.Model)
		if err != nil {
			return nil, err
		}
		o.Model = &m
	}
	for _, v := range c.Versions {
		m, err := model(v.Model)
		if err != nil {
			return nil, err
		}
		o.Versions = append(o.Versions, stage.Version{From: v.From, Model: m})
	}
	if c.Goals != nil {
		var err error
		if o.Goals, err = journey.ParseGoals(c.Goals); err != nil {
			return nil, err
		}
	}
	switch c.Twins {
	case "":
	case "off":
		o.Twins = &touchpoint.TwinRules{Off: true}
	default:
		o.Twins = &touchpoint.TwinRules{Rank: []string{c.Twins}}
	}
	return o, nil
}

// erase makes the store forget what the config says.
func (c *goldenConfig) erase(ctx context.Context, st storage.Store) error {
	for i, e := range c.Erase {
		order := storage.Erasure{ID: fmt.Sprint("erasure ", i), At: c.At}
		if len(e.IDs) > 0 || !e.Before.IsZero() {
			q := storage.Query{To: e.Before}
			for _, text := range e.IDs {
				id, err := (*identity.Rules)(nil).Parse(text)
				if err != nil {
					return err
				}
				q.IDs = append(q.IDs, id)
			}
			order.Remove = []storage.Query{q}
		}
		for _, id := range e.Cut {
			for f, err := range st.Scan(ctx, storage.Query{Keys: []storage.Key{{Class: storage.ClassTouch, Source: "web", ID: id}}}) {
				if err != nil {
					return err
				}
				f.Touch.IDs, f.Touch.Redacted = nil, true
				order.Redact = append(order.Redact, f)
			}
		}
		if got, err := st.Erase(ctx, order); err != nil || !got.Done {
			return fmt.Errorf("done %t, %w", got.Done, err)
		}
	}
	return nil
}
