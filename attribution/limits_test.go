package attribution_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
)

func TestInputsThatAreRefused(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	step := func(s attribution.Step) attribution.Path { return attribution.Path{Steps: []attribution.Step{s}} }
	for name, c := range map[string]struct {
		path   attribution.Path
		field  string
		reason string
		err    error
	}{
		"reserved name":             {step(attribution.Step{Channel: "(null)"}), "steps[0].channel", "reserved", attribution.ErrReserved},
		"no name":                   {step(attribution.Step{}), "steps[0].channel", "missing", nil},
		"name not UTF-8":            {step(attribution.Step{Channel: "\xff"}), "steps[0].channel", "utf8", nil},
		"long name":                 {step(attribution.Step{Channel: strings.Repeat("x", 1025)}), "steps[0].channel", "too_long", nil},
		"weight below 0":            {attribution.Path{Weight: -1}, "weight", "out_of_range", nil},
		"weight not a number":       {attribution.Path{Weight: math.NaN()}, "weight", "not_finite", nil},
		"step weight infinite":      {step(attribution.Step{Channel: "A", Weight: math.Inf(1)}), "steps[0].weight", "not_finite", nil},
		"value without conversion":  {attribution.Path{Value: 1}, "value", "out_of_range", nil},
		"start after end":           {attribution.Path{Start: now, End: now.Add(-1)}, "start", "out_of_range", nil},
		"milestones without times":  {attribution.Path{Steps: []attribution.Step{{Channel: "A"}}, Milestones: []attribution.Milestone{{Name: "known"}}}, "milestones", "out_of_range", attribution.ErrUntimed},
		"one step without its time": {attribution.Path{Steps: []attribution.Step{{Channel: "A", At: now}, {Channel: "B"}}}, "steps[1].at", "missing", nil},
		"unknown kind":              {step(attribution.Step{Channel: "A", Kind: 9}), "steps[0].kind", "out_of_range", nil},
	} {
		var js attribution.Journeys
		err := js.Add(c.path)
		var in *attribution.InputError
		if !errors.As(err, &in) || in.Field != c.field || in.Reason != c.reason || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if js.Len() != 0 || len(js.Channels()) != 0 {
			t.Errorf("%s: the set changed", name)
		}
	}
	var js attribution.Journeys
	for _, r := range []attribution.Row{
		{Channels: []string{"A"}, Ages: []time.Duration{1, 2}, Conversions: 1},
		{Channels: []string{"A", "B"}, Ages: []time.Duration{time.Hour, 2 * time.Hour}, Conversions: 1},
		{Channels: []string{"A"}, Nulls: 1, Value: 3},
		{Channels: []string{"A"}, Conversions: math.Inf(1)},
	} {
		var in *attribution.InputError
		if err := js.AddRow(r); !errors.As(err, &in) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var js attribution.Journeys
	if err := js.Add(attribution.Path{Steps: make([]attribution.Step, 10_001)}); !errors.Is(err, attribution.ErrTooManySteps) {
		t.Error(err)
	}
	row := attribution.Row{Conversions: 1}
	for i := range 65_535 {
		if i < 65_534 {
			row.Channels = append(row.Channels[:0], strconv.Itoa(i))
		} else {
			row.Channels = []string{"the last", "the last"} // one name, however often
		}
		if js.AddRow(row) != nil {
			t.Fatal(i)
		}
	}
	row.Channels = row.Channels[:1]
	var copied attribution.Journeys
	if err := copied.Merge(&js); err != nil || copied.Conversions() != 65_535 {
		t.Error("as many channels as there may be", err)
	}
	row.Channels[0] = "one more"
	if err := js.AddRow(row); !errors.Is(err, attribution.ErrTooManyChannels) {
		t.Error(err)
	}
	row.Channels[0] = "65000"
	if err := js.AddRow(row); err != nil || run(t, &js, attribution.Rule(attribution.Last{})).Credit("65000").Conversions != 2 {
		t.Error("wide channel columns lose credit", err)
	}
	sum := rows(t, attribution.Row{Conversions: 9e12, Value: math.MaxInt64})
	for _, r := range []attribution.Row{{Conversions: 1e12}, {Conversions: 1, Value: 1}, {Nulls: 9e18}} {
		if err := sum.AddRow(r); !errors.Is(err, attribution.ErrOverflow) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if err := sum.Merge(rows(t, attribution.Row{Conversions: 1e12})); !errors.Is(err, attribution.ErrOverflow) {
		t.Error(err)
	}
	known := rows(t, attribution.Row{Channels: []string{"A"}, Conversions: 9e12}) // whose channels a row may have, too
	if err := known.AddRow(attribution.Row{Channels: []string{"A"}, Conversions: 1e12}); !errors.Is(err, attribution.ErrOverflow) || known.Conversions() != 9e12 {
		t.Error(err)
	}
	var owed attribution.Journeys
	if err := owed.Refund(won("A", 0), math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	if err := owed.Merge(&owed); !errors.Is(err, attribution.ErrOverflow) || owed.Value() != -math.MaxInt64 {
		t.Error(err)
	}
	counts, err := attribution.NewCounts(attribution.Markov{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	much := won("A", 1)
	much.Weight = 5e12
	fill(t, counts, []attribution.Path{much})
	if err := counts.Add(much); !errors.Is(err, attribution.ErrOverflow) {
		t.Error(err)
	}
	if res, err := counts.Result(); err != nil || res.Conversions != 5e12 {
		t.Errorf("%+v, %v", res, err)
	}
	totals, err := attribution.NewTotals(attribution.Last{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, totals, []attribution.Path{much})
	if err := totals.Merge(totals); !errors.Is(err, attribution.ErrOverflow) || totals.Result().Credit("A").Conversions != 5e12 {
		t.Errorf("%+v, %v", totals.Result(), err)
	}
}

func TestWeightsAreExact(t *testing.T) {
	t.Parallel()
	for _, w := range [][]float64{{.5, .6, 1}, {1, .5, .6}, {.6, 1, .5}} {
		var js attribution.Journeys
		for _, x := range w {
			if err := js.Add(attribution.Path{Steps: []attribution.Step{{Channel: "A"}}, Converted: true, Weight: x}); err != nil {
				t.Fatal(err)
			}
		}
		if js.Conversions() != 2.1 || run(t, &js, attribution.Rule(attribution.First{})).Credit("A").Conversions != 2.1 {
			t.Errorf("%v sum to %v", w, js.Conversions())
		}
	}
}

func TestValueNearTheLimitIsKeptToTheUnit(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Channels: []string{"A", "B", "C"}, Conversions: 3, Value: math.MaxInt64 - 1},
		attribution.Row{Channels: []string{"B"}, Conversions: 1, Value: 1})
	if err := js.Refund(attribution.Path{Steps: []attribution.Step{{Channel: "C"}}}, 1<<62); err != nil {
		t.Fatal(err)
	}
	for _, a := range conserving(false) {
		sum := int64(0)
		for _, c := range run(t, js, a).Credits {
			sum += c.Value
		}
		if sum != js.Value() {
			t.Errorf("%s: %d of %d", a.Name(), sum, js.Value())
		}
	}
}

// Sums of weights times values that do not fit a word.
func TestLongPathsOfGreatValue(t *testing.T) {
	t.Parallel()
	channels := slices.Repeat([]string{"A"}, 64)
	for _, value := range []int64{math.MaxInt64 / 3000, math.MaxInt64 / 200, math.MaxInt64 / 100, math.MaxInt64 / 3} {
		js := rows(t, attribution.Row{Channels: channels, Conversions: 1, Value: value}, attribution.Row{Channels: []string{"B"}, Conversions: 1, Value: value})
		for _, a := range rules(false) {
			res := run(t, js, a)
			if x, y := res.Credit("A"), res.Credit("B"); x.Value != value || y.Value != value || x.Conversions != 1 || y.Conversions != 1 {
				t.Errorf("%s: %+v %+v of %d", a.Name(), x, y, value)
			}
		}
	}
}

func TestEmptySetIsNoError(t *testing.T) {
	t.Parallel()
	for _, a := range conserving(true) {
		res, err := a.Attribute(&attribution.Journeys{}, nil)
		if err != nil || len(res.Credits) != 0 || res.Warnings[0] != "empty" {
			t.Errorf("%s: %+v %v", a.Name(), res, err)
		}
	}
}

func TestPathWithoutStepsIsUnattributed(t *testing.T) {
	t.Parallel()
	js := rows(t, attribution.Row{Conversions: 2, Value: 10, Nulls: 1}, attribution.Row{Channels: []string{"A"}, Conversions: 1, Value: 1})
	for _, a := range conserving(false) {
		res := run(t, js, a)
		if c := res.Credit(attribution.Unattributed); c.Conversions != 2 || c.Value != 10 {
			t.Errorf("%s: %+v", a.Name(), res.Credits)
		}
	}
}

func TestTimeModelsRefuseUntimedPaths(t *testing.T) {
	t.Parallel()
	for _, m := range []attribution.Model{attribution.TimeDecay{}, attribution.SameTouch{}} {
		if _, err := attribution.Rule(m).Attribute(mini(t), nil); !errors.Is(err, attribution.ErrUntimed) {
			t.Errorf("%s: %v", m.Name(), err)
		}
	}
	if _, _, err := mini(t).Prepare(&attribution.Preparation{TouchGap: 1}); !errors.Is(err, attribution.ErrUntimed) {
		t.Error(err)
	}
}

func TestRulesOfTheCallerThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func([]float64, attribution.View){
		"panics":              func([]float64, attribution.View) { panic("secret") },
		"writes past its end": func(w []float64, _ attribution.View) { _ = append(w, 1)[:len(w)+2] },
	} {
		var cb *attribution.CallbackError
		_, err := attribution.Rule(attribution.Func("f", f)).Attribute(mini(t), nil)
		if !errors.As(err, &cb) || strings.Contains(fmt.Sprintf("%+v", *cb), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), -1} {
		var in *attribution.InputError
		_, err := attribution.Rule(attribution.Func("f", func(w []float64, _ attribution.View) { w[0] = x })).Attribute(mini(t), nil)
		if !errors.As(err, &in) {
			t.Errorf("weight %v: %v", x, err)
		}
	}
}

func TestDirectNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"Direct": true, "(direct) / (none)": true, "Direct Traffic": true, "Direct_x": true, "DIRECT": true,
		"Direct Mail": false, "direct-mail": false, "Directory": false, "": false, "Email direct": false, "((direct)": false,
	} {
		if attribution.Direct(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, js := range []*attribution.Journeys{{}, mini(f), setOf(f, attribution.Path{
		Subject: "s", Stratum: "x", Converted: true, Value: 3, Start: time.Unix(0, 0), End: time.Unix(99, 0),
		Steps:      []attribution.Step{{Channel: "A", At: time.Unix(9, 0), Source: "s", ID: "1", Actor: "a", Role: "user", Weight: .5, Cost: 7, Kind: attribution.Click}},
		Milestones: []attribution.Milestone{{Name: "known", At: time.Unix(9, 0)}},
		Changes:    []attribution.Change{{Stratum: "y", At: time.Unix(50, 0)}},
	})} {
		b, _ := js.MarshalBinary()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(b) - 4; n > 0 { // past the checksum
			b = binary.LittleEndian.AppendUint32(b[:n:n], crc32.Checksum(b[:n], crc32.MakeTable(crc32.Castagnoli)))
		}
		var js, again attribution.Journeys
		if err := js.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, attribution.ErrCorrupt) || js.Len() != 0 {
				t.Fatal(err)
			}
			return
		}
		one, _ := js.MarshalBinary()
		if err := again.UnmarshalBinary(one); err != nil {
			t.Fatal(err)
		}
		if two, _ := again.MarshalBinary(); string(one) != string(two) {
			t.Fatal("encoding is not stable")
		}
		// Whatever decodes can be attributed, if its times are known.
		for _, a := range []attribution.Attributor{attribution.Rule(attribution.Linear{}), attribution.Markov{Order: 2}, attribution.Hazard{Step: -1}} {
			_, err := a.Attribute(&js, noInterval)
			var in *attribution.InputError // weights whose sum is not finite
			if err != nil && !errors.As(err, &in) && !errors.Is(err, attribution.ErrUntimed) && !errors.Is(err, attribution.ErrOverflow) && !errors.Is(err, attribution.ErrNotConverged) {
				t.Fatal(err)
			}
		}
	})
}
