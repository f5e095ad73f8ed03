package content_test

import (
	"bytes"
	"encoding"
	"errors"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
)

// An accumulator is what the three have in common.
type accumulator[T any] interface {
	*T
	Add(content.Trail)
	Merge(*T) error
	Subtract(*T) error
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

const smallPlan = `{"id":"p","items":[{"id":"article","touchpoint":"Article","stages":["awareness"],"updated":"2026-10-01T00:00:00Z"},
	{"id":"case","touchpoint":"Case","stages":["consideration"],"updated":"2026-10-01T00:00:00Z"}],
	"cells":[{"stage":"awareness","channel":"Organic Search"}]}`

// P1, and the algebra of accumulators: order, parts, repeats of touches and a way back
// change no byte.
func algebra[T any, A accumulator[T]](t *testing.T, zero func() A, other A) {
	t.Helper()
	data := func(a A) []byte {
		b, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for seed := range rounds(200) {
		r := source(uint64(seed))
		left, right, whole, mixed := zero(), zero(), zero(), zero()
		var trails []content.Trail
		for range r.IntN(6) {
			trail := randomTrail(t, r)
			trails = append(trails, trail)
			if whole.Add(trail); r.IntN(2) == 0 {
				left.Add(trail)
			} else {
				right.Add(trail)
			}
		}
		for _, i := range r.Perm(len(trails)) {
			mixed.Add(shuffled(r, trails[i]))
		}
		want := data(whole)
		if !bytes.Equal(data(mixed), want) {
			t.Fatalf("seed %d: order or repeats show", seed)
		}
		before := data(left)
		if err := left.Merge(right); err != nil || !bytes.Equal(data(left), want) {
			t.Fatalf("seed %d: merged parts differ: %v", seed, err)
		}
		if err := left.Subtract(right); err != nil || !bytes.Equal(data(left), before) {
			t.Fatalf("seed %d: subtracting leaves something: %v", seed, err)
		}
		back := zero()
		if err := back.UnmarshalBinary(want); err != nil || !bytes.Equal(data(back), want) {
			t.Fatalf("seed %d: binary form does not round-trip: %v", seed, err)
		}
		if !bytes.Equal(data(whole), data(zero())) {
			if err := zero().Subtract(whole); !errors.Is(err, content.ErrUnderflow) {
				t.Fatalf("subtracting what is not there: %v", err)
			}
		}
		cut := want[:r.IntN(len(want))]
		if err := back.UnmarshalBinary(cut); !errors.Is(err, content.ErrCorrupt) || !bytes.Equal(data(back), want) {
			t.Fatalf("a cut encoding: %v", err)
		}
	}
	for _, err := range []error{other.Merge(zero()), other.Subtract(zero()), other.UnmarshalBinary(data(zero()))} {
		if !errors.Is(err, content.ErrIncompatible) {
			t.Errorf("accumulators of two questions: %v", err)
		}
	}
}

func TestAccumulators(t *testing.T) {
	p := plan(t, smallPlan)
	themes := &content.Themes{Rows: []content.ThemeRow{{ID: "price", Words: []string{"price"}}}}
	t.Run("audit", func(t *testing.T) {
		algebra(t, func() *content.Audit { return &content.Audit{Plan: p, At: at} }, &content.Audit{Plan: p, At: at, Within: time.Hour})
	})
	t.Run("next touch", func(t *testing.T) {
		algebra(t, func() *content.NextTouch { return &content.NextTouch{At: at} }, &content.NextTouch{At: at.Add(1e9)})
	})
	t.Run("voice", func(t *testing.T) {
		algebra(t, func() *content.Voice { return &content.Voice{At: at, Themes: themes} }, &content.Voice{At: at})
	})
}

// P1: the order and repeats of a subject's touches change nothing of what is advised.
func TestOrderOfTouchesDoesNotShow(t *testing.T) {
	p := plan(t, smallPlan)
	n := &content.NextTouch{At: at}
	for seed := range uint64(90) {
		n.Add(randomTrail(t, source(seed)))
	}
	for seed := range rounds(200) {
		r := source(uint64(seed))
		trail := randomTrail(t, r)
		ask := func(trail content.Trail) string {
			f := who(trail.Touches, persona.Map{"consent.activate": consent})
			return encode(t, []any{
				content.Outreach(content.Case{Stall: stall, Fields: f}, at, &content.OutreachOptions{Plan: p}),
				n.Suggest(content.Ask{Stage: "awareness", Fields: f}, &content.SuggestOptions{Cap: 9}),
				content.DefaultTone().Resolve(f, at)})
		}
		if want, got := ask(trail), ask(shuffled(r, trail)); got != want {
			t.Fatalf("seed %d:\n%s\n%s", seed, want, got)
		}
	}
}

// Broken bytes are an error, and what is accepted encodes to itself.
func FuzzUnmarshal(f *testing.F) {
	zero := func() *content.NextTouch { return &content.NextTouch{At: at} }
	some := zero()
	some.Add(randomTrail(f, source(3)))
	for _, n := range []*content.NextTouch{zero(), some} {
		b, _ := n.MarshalBinary()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := zero()
		if err := n.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, content.ErrCorrupt) && !errors.Is(err, content.ErrIncompatible) {
				t.Fatal(err)
			}
			return
		}
		first, _ := n.MarshalBinary()
		again := zero()
		if err := again.UnmarshalBinary(first); err != nil {
			t.Fatal(err)
		}
		if second, _ := again.MarshalBinary(); !bytes.Equal(first, second) {
			t.Fatal("the encoding is not stable")
		}
	})
}
