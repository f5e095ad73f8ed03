package touchpoint_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

// What says nothing is taken out of props wherever it stands, and nothing else is: against
// a second way of doing it, on values made of texts that look like JSON.
func TestNullsAreRemovedFromProps(t *testing.T) {
	texts := []string{"", "null", "undefined", "NaN", "[object Object]", "nul", "a:null", `":[`, `x":[`, `\":{}`, ":", `","`, "[]", "{}", `\`, `\\":[`, "N", "u", "é:["}
	keys := []string{"a", "b", "c:", `d"`, `e\`, "f[", `g":[`, "h,"}
	r := rand.New(rand.NewPCG(1, 2))
	var value func(depth int) any
	value = func(depth int) any {
		switch n := r.IntN(10); {
		case n < 5 || depth == 0 && n > 6:
			return texts[r.IntN(len(texts))]
		case n == 5:
			return nil
		case n == 6:
			return []any{false, true, 0.0, 1.5}[r.IntN(4)]
		case n == 7:
			a := make([]any, r.IntN(4))
			for i := range a {
				a[i] = value(depth - 1)
			}
			return a
		default:
			m := map[string]any{}
			for range r.IntN(4) {
				m[keys[r.IntN(len(keys))]] = value(depth - 1)
			}
			return m
		}
	}
	who := []identity.ID{identity.MakeID(identity.UserID, "u")}
	for range 20_000 {
		m := map[string]any{keys[r.IntN(len(keys))]: value(3), keys[r.IntN(len(keys))]: value(2)}
		text, _ := json.Marshal(m)
		props, err := tp.ParseProps(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		touch := tp.Touch{Source: "s", ID: "1", At: time.Unix(0, 0), Kind: tp.KindEvent, IDs: who, Props: props}
		if err := touch.Normalize(nil); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		rest, ok := withoutNulls(m)
		if !ok {
			rest = map[string]any{}
		}
		plain, _ := json.Marshal(rest)
		want, err := tp.ParseProps(plain)
		if err != nil {
			t.Fatalf("%s: %v", plain, err)
		}
		if touch.Props != want {
			t.Fatalf("%s became %s, want %s", text, touch.Props.JSON(), want.JSON())
		}
	}
}

// withoutNulls returns v without what says nothing; ok is false if that is all of it.
func withoutNulls(v any) (_ any, ok bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case string:
		switch v {
		case "", "null", "undefined", "NaN", "[object Object]":
			return nil, false
		}
	case []any:
		var rest []any
		for _, e := range v {
			if e, ok := withoutNulls(e); ok {
				rest = append(rest, e)
			}
		}
		return rest, len(rest) > 0
	case map[string]any:
		rest := map[string]any{}
		for k, e := range v {
			if e, ok := withoutNulls(e); ok {
				rest[k] = e
			}
		}
		return rest, len(rest) > 0
	}
	return v, true
}
