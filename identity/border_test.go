package identity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// Each of the 65 control characters is refused inside of a value, the first and the last
// of each range too; their neighbours are text.
func TestEveryControlCharacterIsRefused(t *testing.T) {
	var rules *identity.Rules
	for c := rune(0); c < 0x100; c++ {
		control := c < 0x20 || 0x7F <= c && c <= 0x9F
		if c == 0xAD {
			continue // the soft hyphen is refused as invisible
		}
		v := "a" + string(c) + "b"
		_, err := rules.ID(identity.UserID, v)
		var ie *identity.IDError
		if refused := errors.As(err, &ie) && ie.Code == "control"; refused != control || !control && err != nil {
			t.Errorf("ID %U: %v", c, err)
		}
		g := graph(t, nil)
		must(t, g.See(touch(t, "1", day(1, 1), "user_id:u1")))
		errs := g.See(identity.Sighting{Ref: identity.Ref{Source: v, ID: "2"}, At: day(1, 1), IDs: ids(t, "user_id:u1")})
		if refused := errs != nil && errs[0] != nil; refused != control {
			t.Errorf("Source with %U: %v", c, errs)
		}
	}
}

// A refusal for weakness shows the weight with its sign and all three decimals.
func TestWeightsInExplanations(t *testing.T) {
	rules := identity.DefaultRules()
	rules.Probabilistic = identity.ScorerRules{Merge: true, Threshold: 5000}
	for weight, want := range map[int32]string{4999: "4.999 bits", 1000: "1.000 bits", 7: "0.007 bits", 0: "0.000 bits",
		-7: "-0.007 bits", -1000: "-1.000 bits", -12340: "-12.340 bits"} {
		g := graph(t, &rules)
		a, b := id(t, "user_id:u1"), id(t, "device_id:d1")
		must(t, g.Add(identity.Evidence{A: a, B: b, Kind: identity.Probabilistic, Source: "match", Ref: "1", At: day(1, 1), Weight: weight}))
		e := g.Resolve(time.Time{}).Explain(a, b)
		if e.Same || len(e.Path) != 1 || e.Path[0].Detail != want {
			t.Errorf("%d: %+v, want %s", weight, e.Path, want)
		}
	}
}

// A touch that was told twice, with other identifiers or at another time, moves once.
func TestPreviewNamesAMovedTouchOnce(t *testing.T) {
	off := identity.DefaultRules()
	e := off.Types[identity.Email]
	e.Off = true
	off.Types[identity.Email] = e
	mail := "email:ann@example.com"
	for name, told := range map[string][]identity.Sighting{
		"other identifiers":                     {touch(t, "2", day(1, 2), mail), touch(t, "2", day(1, 2), mail+" device_id:d1")},
		"another time":                          {touch(t, "2", day(1, 2), mail), touch(t, "2", day(1, 3), mail)},
		"another time, with a touch in between": {touch(t, "2", day(1, 2), mail), touch(t, "3", day(1, 3), mail), touch(t, "2", day(1, 4), mail)},
	} {
		g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 "+mail))
		must(t, g.See(told...))
		d, err := g.PreviewRules(&off)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[identity.Ref]int{}
		for _, ref := range d.Moved {
			if seen[ref]++; seen[ref] > 1 {
				t.Errorf("%s: %v is named twice in %v", name, ref, d.Moved)
			}
		}
		if seen[identity.Ref{Source: "web", ID: "2"}] != 1 {
			t.Errorf("%s: %v", name, d.Moved)
		}
	}
}

// A receipt names a touch once too, though it was told at two times with another between.
func TestReceiptNamesATouchOnce(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1"), touch(t, "2", day(1, 2), "user_id:u1"), touch(t, "1", day(1, 3), "user_id:u1"))
	r := g.Resolve(time.Time{})
	p, _ := r.Person(id(t, "user_id:u1"))
	if rc, ok := r.EraseSet(p.ID); !ok || len(rc.Touches) != 2 || rc.Touches[0].ID != "1" || rc.Touches[1].ID != "2" {
		t.Errorf("%v %v", rc.Touches, ok)
	}
}

// The two ends of a scope are no direction: named either way round, a retraction kills the
// same evidence, is the same statement when sent again, and is kept as the same bytes.
func TestAScopeHasNoDirection(t *testing.T) {
	a, b := id(t, "user_id:u1"), id(t, "device_id:d1")
	made := func(ends ...identity.ID) (*identity.Graph, []byte) {
		g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 device_id:d1"))
		for i := 0; i < len(ends); i += 2 {
			must(t, g.Apply(identity.Override{ID: "o", At: day(1, 2), Op: identity.Retract, Scope: identity.Scope{A: ends[i], B: ends[i+1]}}))
		}
		state, err := g.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return g, state
	}
	_, want := made(a, b)
	for _, ends := range [][]identity.ID{{b, a}, {a, b, b, a}, {b, a, a, b}} {
		g, state := made(ends...)
		if got := people(g.Resolve(time.Time{})); got != "d1 | u1" || string(state) != string(want) {
			t.Errorf("%v: %s, same bytes %v", ends, got, string(state) == string(want))
		}
	}
}

// What a touch says of a company counts at its own instant, and not before.
func TestAccountOfAHintIsThereAtItsInstant(t *testing.T) {
	for _, s := range []identity.Sighting{{ReverseIP: "acme.example"}, {Website: "https://www.acme.example/"}} {
		s.Ref, s.At, s.IDs = identity.Ref{Source: "web", ID: "1"}, day(1, 2), ids(t, "user_id:u1")
		g := graph(t, nil, s)
		for at, want := range map[time.Time]int{day(1, 2).Add(-time.Microsecond): 0, day(1, 2): 1, day(1, 3): 1} {
			n := 0
			r := g.Resolve(at)
			for range r.Accounts() {
				n++
			}
			if of := r.Account(s); n != want || want == 1 && of.Account.IsZero() {
				t.Errorf("at %v: %d accounts, want %d; %+v", at, n, want, of)
			}
		}
	}
}
