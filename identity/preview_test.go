package identity_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// What a preview says is what applying does, and a preview changes nothing.
func TestPreviewIsWhatHappens(t *testing.T) {
	for seed := range uint64(worlds(60)) {
		r := rand.New(rand.NewPCG(seed, 13))
		w := randomWorld(r)
		if len(w.overs) == 0 {
			continue
		}
		last := w.overs[len(w.overs)-1]
		w.overs = w.overs[:len(w.overs)-1]
		g := w.graph(t)
		state, _ := g.MarshalBinary()
		before := g.Resolve(time.Time{})
		d, err := g.Preview(last)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := g.MarshalBinary(); string(again) != string(state) {
			t.Fatalf("seed %d: the preview changed the graph", seed)
		}
		must(t, g.Apply(last))
		after := g.Resolve(time.Time{})
		home := homes(before)
		replay(home, d.Changes)
		var moved []identity.Ref
		for _, s := range w.sights {
			if before.Owner(s).Person != after.Owner(s).Person {
				moved = append(moved, s.Ref)
			}
		}
		if !sameHomes(home, homes(after)) || len(moved) != len(d.Moved) || d.After != after.Counts() || d.Before != before.Counts() {
			t.Fatalf("seed %d: the preview said %d moves, there are %d", seed, len(d.Moved), len(moved))
		}
		if d.Before.Touches != d.After.Touches || d.Before.Touches != len(w.sights) { // invariant 6
			t.Fatalf("seed %d: touches were not conserved", seed)
		}
		for _, ref := range moved {
			if !slices.Contains(d.Moved, ref) {
				t.Fatalf("seed %d: %v moved unsaid", seed, ref)
			}
		}
	}
}

func TestPreviewOfRules(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 email:ann@example.com"), touch(t, "2", day(1, 2), "email:ann@example.com"))
	off := identity.DefaultRules()
	e := off.Types[identity.Email]
	e.Off = true
	off.Types[identity.Email] = e
	d, err := g.PreviewRules(&off)
	if err != nil || len(d.Moved) != 1 || d.Moved[0].ID != "2" || d.After.Unowned != 1 || d.Before.Unowned != 0 {
		t.Errorf("%+v %v", d, err)
	}
	delete(off.Types, identity.Email)
	if d, err := g.PreviewRules(&off); err != nil || len(d.Moved) != 1 || d.After.Touches != 2 {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := g.PreviewRules(&identity.Rules{MaxIdentifiers: -1}); err == nil {
		t.Error("bad rules were taken")
	}
}

// Invariant 8: split, then restore, gives the same ids.
func TestSplitAndRestore(t *testing.T) {
	g := graph(t, nil, touch(t, "1", day(1, 1), "user_id:u1 email:ann@example.com"), touch(t, "2", day(1, 2), "email:ann@example.com device_id:dd"))
	before, _ := g.Person(id(t, "user_id:u1"))
	u1, mail, dev := id(t, "user_id:u1"), id(t, "email:ann@example.com"), id(t, "device_id:dd")
	for _, left := range [][]identity.ID{{u1}, {mail}, {dev}, {mail, dev}} {
		ref := "split " + values(left)
		o, err := g.Split(identity.Override{ID: ref, At: day(2, 1), Actor: "ann"}, left...)
		if err != nil || o.Op != identity.Separate {
			t.Fatal(err)
		}
		p, _ := g.Person(left[0])
		if values(p.IDs) == values(before.IDs) {
			t.Errorf("%s: nothing was split", ref)
		}
		must(t, g.Apply(identity.Override{ID: "undo " + ref, At: day(2, 2), Op: identity.Restore, Target: ref}))
		if after, _ := g.Person(u1); after.ID != before.ID || values(after.IDs) != values(before.IDs) {
			t.Errorf("%s: %v after restoring", ref, values(after.IDs))
		}
	}
	var ie *identity.InvalidError
	for _, bad := range [][]identity.ID{nil, {u1, mail, dev}, {id(t, "user_id:nobody")}, {u1, id(t, "user_id:nobody")}} {
		if _, err := g.Split(identity.Override{ID: "bad", At: day(2, 1)}, bad...); !errors.As(err, &ie) {
			t.Errorf("%d identifiers: %v", len(bad), err)
		}
	}
}

func TestHierarchy(t *testing.T) {
	g := graph(t, nil)
	parent := func(child, parent, ref string, at, from, to time.Time) identity.Parent {
		return identity.Parent{Child: id(t, "crm_account_id:"+child), Parent: id(t, "crm_account_id:"+parent), Source: "crm", Ref: ref, At: at, From: from, To: to}
	}
	never := time.Time{}
	facts := []identity.Parent{
		parent("shop", "group", "1", day(1, 1), never, never),
		parent("group", "holding", "2", day(1, 1), never, day(6, 1)),
		parent("group", "fund", "3", day(1, 1), day(6, 1), never),
		parent("lab", "group", "4", day(1, 1), never, never),
		parent("lab", "shop", "5", day(2, 1), never, never), // stated later
		parent("x", "y", "6", day(1, 1), never, never),
		parent("y", "z", "7", day(3, 1), never, never),
		parent("z", "x", "8", day(2, 1), never, never),
	}
	for range 5 {
		rand.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		must(t, g.Nest(facts...))
		r := g.Resolve(never)
		of := func(s string) identity.AccountID { return accountID(t, r, "crm_account_id:"+s) }
		h, errs := r.Hierarchy(day(5, 1))
		if h.Ultimate(of("lab")) != of("holding") || !slices.Equal(h.Ancestors(of("lab")), []identity.AccountID{of("shop"), of("group"), of("holding")}) {
			t.Error("ancestors of the lab:", h.Ancestors(of("lab")))
		}
		if !slices.Equal(h.Descendants(of("holding")), []identity.AccountID{of("group"), of("shop"), of("lab")}) {
			t.Error("descendants:", h.Descendants(of("holding")))
		}
		var cycle *identity.CycleError
		if len(errs) != 1 || !errors.As(errs[0], &cycle) || !slices.Equal(cycle.Accounts, []identity.AccountID{of("y"), of("z"), of("x")}) {
			t.Errorf("cycles: %v", errs)
		}
		if h.Ultimate(of("z")) != of("y") || h.Ultimate(of("y")) != of("y") {
			t.Error("the cycle was not cut where it was stated last")
		}
		if h, _ = r.Hierarchy(day(7, 1)); h.Ultimate(of("shop")) != of("fund") {
			t.Error("the group was sold in June")
		}
		g = graph(t, nil)
	}
}
