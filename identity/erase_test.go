package identity_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

func TestForgetLeavesNoTrace(t *testing.T) {
	g := graph(t, &identity.Rules{Key: []byte("secret")},
		touch(t, "1", day(1, 1), "user_id:canary email:canary@example.com device_id:home"),
		touch(t, "2", day(1, 2), "device_id:home"),
		touch(t, "3", day(1, 3), "user_id:canary device_id:kiosk"),
		touch(t, "4", day(1, 4), "user_id:bob device_id:kiosk"),
		touch(t, "5", day(1, 5), "user_id:bob email:bob@example.com"))
	must(t, g.Add(identity.Evidence{A: id(t, "user_id:canary"), B: id(t, "crm_lead_id:canary7"), Kind: identity.Import, Source: "crm", At: day(1, 6)}))
	must(t, g.Apply(identity.Override{ID: "1", At: day(1, 7), Op: identity.CannotLink, A: id(t, "user_id:canary"), B: id(t, "user_id:bob")}))
	must(t, g.Relate(identity.Membership{Person: id(t, "user_id:canary"), Account: id(t, "crm_account_id:A1"), At: day(1, 1)}))
	for range g.Since(0) {
	}
	r := g.Resolve(time.Time{})
	p, _ := r.Person(id(t, "user_id:canary"))
	rc, ok := r.EraseSet(p.ID)
	if !ok || values(rc.Own) != "canary canary7 canary@example.com home" || values(rc.Detached) != "kiosk" ||
		len(rc.Touches) != 3 || rc.Evidence != 1 || len(rc.Overrides) != 1 || rc.Relations != 1 {
		t.Fatalf("%s; %s; %+v", values(rc.Own), values(rc.Detached), rc)
	}
	if !slices.IsSortedFunc(rc.Own, identity.CompareIDs) {
		t.Errorf("in no order: %v", rc.Own)
	}
	for range 2 { // twice is once
		if err := g.Forget(rc); err != nil {
			t.Fatal(err)
		}
		b, err := g.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for c := range g.Since(0) {
			fmt.Fprint(&text, values(c.IDs), c.Cause)
		}
		after := g.Resolve(time.Time{})
		for l := range after.Links() {
			fmt.Fprint(&text, l.A.Value(), l.B.Value(), l.Detail)
		}
		if bytes.Contains(b, []byte("canary")) || strings.Contains(text.String(), "canary") || bytes.Contains(b, []byte("home")) {
			t.Fatal("a trace of the person")
		}
		if _, ok := after.Lookup(p.ID); ok {
			t.Error("the erased id still resolves")
		}
		if got := people(after); got != "bob bob@example.com kiosk" {
			t.Error(got)
		}
	}
	if err := graph(t, nil).Forget(rc); err != identity.ErrNoKey {
		t.Error("without a key:", err)
	}
	if _, ok := r.EraseSet(identity.PersonID{9}); ok {
		t.Error("nobody has an erase set")
	}
}

// Invariant 12: after erasure the rest is as if the person had never been.
func TestForgottenIsNeverSeen(t *testing.T) {
	for seed := range uint64(worlds(150)) {
		r := rand.New(rand.NewPCG(seed, 14))
		w := randomWorld(r)
		w.rules.Key, w.overs, w.evidence = []byte("secret"), nil, nil
		g := w.graph(t)
		res := g.Resolve(time.Time{})
		var all []identity.PersonID
		for p := range res.People() {
			all = append(all, p.ID)
		}
		if len(all) == 0 {
			continue
		}
		rc, _ := res.EraseSet(all[r.IntN(len(all))])
		never := graph(t, &w.rules)
		for _, s := range w.sights {
			if res.Owner(s).Person == rc.Person {
				continue
			}
			s.IDs = slices.DeleteFunc(slices.Clone(s.IDs), func(x identity.ID) bool { return slices.Contains(rc.Own, x) })
			must(t, never.See(s))
		}
		if err := g.Forget(rc); err != nil {
			t.Fatal(err)
		}
		a, _ := g.MarshalBinary()
		b, _ := never.MarshalBinary()
		if !bytes.Equal(a, b) || presentText(g) != presentText(never) {
			t.Fatalf("seed %d: a world that never had the person differs", seed)
		}
		for _, x := range rc.Own {
			if _, ok := g.Person(x); ok {
				t.Fatalf("seed %d: an own identifier stayed", seed)
			}
		}
	}
}

func TestErasedPersonComesBackAsANewOne(t *testing.T) {
	s := touch(t, "1", day(1, 1), "user_id:u1")
	ids := map[identity.PersonID]bool{}
	for generation := range 3 {
		rules := &identity.Rules{Key: []byte("k"), Restart: func(x identity.ID) (int, [16]byte, bool) {
			return generation, [16]byte{1}, generation > 0 && x.Value() == "u1"
		}}
		for range 2 { // the same on every machine
			p, _ := graph(t, rules, s).Resolve(time.Time{}).Person(id(t, "user_id:u1"))
			ids[p.ID] = true
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d ids of three lives", len(ids))
	}
}

func TestPseudonyms(t *testing.T) {
	x := id(t, "email:ann@example.com")
	p := identity.Pseudonyms{KeyID: "k1", Secret: []byte("s")}
	a, err := p.Pseudonym(x)
	if err != nil || a.Type() != identity.Email || len(a.Value()) != len("p.k1.")+26 || strings.Contains(a.Value(), "ann") {
		t.Errorf("%s %v", a.Value(), err)
	}
	if again, _ := p.Pseudonym(a); again != a {
		t.Error("a pseudonym has a pseudonym")
	}
	p.Secret = []byte("other")
	if b, _ := p.Pseudonym(x); b == a {
		t.Error("two secrets, one pseudonym")
	}
	if _, err := (identity.Pseudonyms{}).Pseudonym(x); err != identity.ErrNoKey {
		t.Error(err)
	}
}

func TestEvidenceBetweenDetachedIdentifiersGoes(t *testing.T) {
	g := graph(t, &identity.Rules{Key: []byte("secret")},
		touch(t, "1", day(1, 1), "user_id:u1 email:a@x.org"), touch(t, "2", day(1, 2), "user_id:u1 email:b@x.org"),
		touch(t, "3", day(2, 1), "user_id:u2 email:a@x.org"), touch(t, "4", day(2, 2), "user_id:u2 email:b@x.org"))
	must(t, g.Add(identity.Evidence{A: id(t, "email:a@x.org"), B: id(t, "email:b@x.org"), Kind: identity.Import, Source: "crm", At: day(1, 3)}))
	r := g.Resolve(time.Time{})
	p, _ := r.Person(id(t, "user_id:u1"))
	rc, _ := r.EraseSet(p.ID)
	if values(rc.Own) != "u1" || values(rc.Detached) != "a@x.org b@x.org" || rc.Evidence != 1 || len(rc.Touches) != 2 {
		t.Errorf("%+v", rc)
	}
	if err := g.Forget(rc); err != nil {
		t.Fatal(err)
	}
	r = g.Resolve(time.Time{})
	if got := people(r); got != "a@x.org b@x.org u2" {
		t.Error(got)
	}
	for l := range r.Links() {
		if l.A.Type() == identity.Email {
			t.Error("the person's evidence stayed")
		}
	}
}

// What others said stays: their evidence, decisions and memberships, and of a touch that
// two people share what is not the erased one's; its hints of a company go.
func TestForgettingOneLeavesTheFactsOfOthers(t *testing.T) {
	t.Parallel()
	about := func(user string, extra ...identity.ID) func(g *identity.Graph) {
		return func(g *identity.Graph) {
			u := id(t, "user_id:"+user)
			must(t, g.See(identity.Sighting{Ref: identity.Ref{Source: "web", ID: user}, At: day(1, 1), Kind: identity.Login, IDs: append([]identity.ID{u}, extra...)}))
			must(t, g.Add(identity.Evidence{A: u, B: identity.MakeID(identity.DeviceID, "tablet "+user), Kind: identity.Import, Source: "crm", Ref: user, At: day(1, 2), From: day(1, 1), To: day(3, 1)}))
			must(t, g.Apply(identity.Override{ID: "o " + user, At: day(1, 3), Op: identity.MustLink, A: u, B: identity.MakeID(identity.DeviceID, "phone "+user)}))
			must(t, g.Relate(identity.Membership{Person: u, Account: id(t, "domain:acme.example"), Source: "crm", Ref: user, At: day(1, 2)}))
		}
	}
	rules := &identity.Rules{Key: []byte("key of the tests")}
	g, want := graph(t, rules), graph(t, rules)
	ann, bob := about("ann"), about("bob", id(t, "email:bob@x.example"))
	both := identity.Sighting{Ref: identity.Ref{Source: "web", ID: "both"}, At: day(1, 5), Website: "www.acme.example", ReverseIP: "acme.example"}
	ann(g)
	bob(g)
	bob(want)
	// Bob's touch on ann's phone was a mistake, and taken back: it makes no evidence.
	both.IDs = []identity.ID{identity.MakeID(identity.DeviceID, "phone ann"), id(t, "user_id:bob")}
	must(t, g.See(both))
	back := identity.Override{ID: "r", At: day(1, 6), Op: identity.Retract, Scope: identity.Scope{Ref: both.Ref}}
	must(t, g.Apply(back))
	must(t, want.Apply(back))
	both.IDs, both.Website, both.ReverseIP = ids(t, "user_id:bob"), "", ""
	must(t, want.See(both))
	r := g.Resolve(time.Time{})
	p, ok := r.Person(id(t, "user_id:ann"))
	rc, ok2 := r.EraseSet(p.ID)
	if !ok || !ok2 || rc.Evidence != 1 || len(rc.Overrides) != 1 || rc.Relations != 1 {
		t.Fatalf("%+v", rc)
	}
	if !slices.Equal(rc.Redacted, []identity.Ref{both.Ref}) || len(rc.Detached) != 0 {
		t.Fatalf("%+v", rc)
	}
	if err := g.Forget(rc); err != nil {
		t.Fatal(err)
	}
	got, _ := g.MarshalBinary()
	need, _ := want.MarshalBinary()
	if !bytes.Equal(got, need) {
		t.Errorf("%s\nwant %s", state(g), state(want))
	}
	if h, ok := g.Resolve(time.Time{}).Person(id(t, "user_id:bob")); !ok || values(h.IDs) != "bob bob@x.example phone bob" {
		t.Errorf("bob holds %s", values(h.IDs))
	}
}

// A receipt does not tell in which order its statements came.
func TestReceiptNamesOverridesInOrder(t *testing.T) {
	for _, names := range [][]string{{"a", "b", "c"}, {"c", "a", "b"}} {
		g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 device_id:dd"))
		for _, name := range names {
			must(t, g.Apply(identity.Override{ID: name, At: day(1, 2), Op: identity.Retract, Scope: identity.Scope{A: id(t, "user_id:u1")}}))
		}
		r := g.Resolve(time.Time{})
		p, _ := r.Person(id(t, "user_id:u1"))
		if rc, _ := r.EraseSet(p.ID); !slices.Equal(rc.Overrides, []string{"a", "b", "c"}) {
			t.Errorf("%v: %v", names, rc.Overrides)
		}
	}
}

// A touch that belongs to somebody else is redacted and not deleted, even if it carries
// nothing but an identifier of the erased person: here a number that a mailbox of many had
// for a month.
func TestTouchOfAnotherStaysWithoutItsLastIdentifier(t *testing.T) {
	rules := &identity.Rules{Key: []byte("key of the tests")}
	var others []identity.Sighting
	for _, user := range []string{"bob", "eve", "joe", "sue"} {
		others = append(others, touch(t, user, day(1, 1), "email:office@acme.example user_id:"+user))
	}
	others[0].Website = "www.firm.example" // what was not ann's stays
	call := touch(t, "call", day(5, 5), "phone:+14155550100")
	call.Website = "www.acme.example"
	g := graph(t, rules, append(others, touch(t, "ann", day(1, 3), "user_id:ann phone:+14155550100"), call)...)
	must(t, g.Add(identity.Evidence{A: id(t, "email:office@acme.example"), B: call.IDs[0], Kind: identity.Manual, Source: "crm", At: day(5, 1), From: day(5, 1), To: day(6, 1)}))
	r := g.Resolve(time.Time{})
	p, _ := r.Person(id(t, "user_id:ann"))
	rc, _ := r.EraseSet(p.ID)
	if o := r.Owner(call); o.Via.Type() != identity.Email || !slices.Equal(rc.Redacted, []identity.Ref{call.Ref}) || values(rc.Own) != "+14155550100 ann" {
		t.Fatalf("%s owns; %+v", o.Via.Type(), rc)
	}
	if err := g.Forget(rc); err != nil {
		t.Fatal(err)
	}
	call.IDs, call.Website = nil, ""
	got, _ := g.MarshalBinary()
	want, _ := graph(t, rules, append(others, call)...).MarshalBinary()
	if !bytes.Equal(got, want) {
		t.Errorf("%s", state(g))
	}
}

// A receipt lists identifiers in their order.
func TestReceiptNamesIdentifiersInOrder(t *testing.T) {
	g := graph(t, nil)
	for _, user := range []string{"u1", "u2"} {
		for i := range 8 {
			must(t, g.See(touch(t, fmt.Sprint(user, i), day(1, 1), fmt.Sprintf("user_id:%s device_id:kiosk%d", user, i)), touch(t, fmt.Sprint("own", user, i), day(1, 2), fmt.Sprintf("user_id:%s device_id:own-%s-%d", user, user, i))))
		}
	}
	r := g.Resolve(time.Time{})
	p, _ := r.Person(id(t, "user_id:u1"))
	rc, _ := r.EraseSet(p.ID)
	if len(rc.Own) != 9 || len(rc.Detached) != 8 || !slices.IsSortedFunc(rc.Own, identity.CompareIDs) || !slices.IsSortedFunc(rc.Detached, identity.CompareIDs) {
		t.Errorf("%s; %s", values(rc.Own), values(rc.Detached))
	}
}
