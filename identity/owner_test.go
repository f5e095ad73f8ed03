package identity_test

import (
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// kiosk is the reference case of a shared device.
func kiosk(t testing.TB) []identity.Sighting {
	end := touch(t, "4", clock(10, 10), "device_id:dd")
	end.End = true
	return []identity.Sighting{
		touch(t, "1", clock(9, 50), "device_id:dd"),
		touch(t, "2", clock(10, 0), "user_id:u1 device_id:dd"),
		touch(t, "3", clock(10, 5), "device_id:dd"),
		end,
		touch(t, "5", clock(10, 12), "device_id:dd"),
		touch(t, "6", clock(10, 20), "user_id:u2 device_id:dd"),
		touch(t, "7", clock(10, 25), "device_id:dd"),
		touch(t, "8", clock(12, 0), "device_id:dd"),
	}
}

func TestOwnersOfAKiosk(t *testing.T) {
	for _, c := range []struct {
		policy identity.Unowned
		last   string
	}{
		{identity.NobodyOwns, " unowned_shared"},
		{identity.LastKnown, "u2 last_known"},
		{identity.Nearest, "u2 nearest"},
	} {
		touches := kiosk(t)
		r := graph(t, &identity.Rules{Unowned: c.policy}, touches...).Resolve(time.Time{})
		want := []string{"u1 login_after", "u1 identifier", "u1 login_before", "u1 login_before",
			"u2 login_after", "u2 identifier", "u2 login_before", c.last}
		for i, s := range touches {
			o := r.Owner(s)
			if got := o.Via.Value() + " " + string(o.Reason); got != want[i] {
				t.Errorf("%v, touch %d: %s, want %s", c.policy, i+1, got, want[i])
			}
			if p, ok := r.Person(o.Via); ok != !o.Person.IsZero() || p.ID != o.Person {
				t.Errorf("touch %d: person and via differ", i+1)
			}
		}
	}
}

func TestCarryReachesOverASilence(t *testing.T) {
	touches := []identity.Sighting{
		touch(t, "1", clock(10, 0), "user_id:u1 device_id:dd"),
		touch(t, "2", clock(8, 0), "user_id:u2 device_id:dd"),
		touch(t, "3", clock(10, 50), "device_id:dd"),
	}
	for carry, want := range map[time.Duration]identity.OwnerReason{time.Hour: identity.OwnerCarry, 0: identity.UnownedShared, -1: identity.UnownedShared} {
		r := graph(t, &identity.Rules{Carry: carry}, touches...).Resolve(time.Time{})
		if o := r.Owner(touches[2]); o.Reason != want {
			t.Errorf("carry %v: %s, want %s", carry, o.Reason, want)
		}
	}
}

func TestBoundedEvidenceOwnsItsInterval(t *testing.T) {
	sold := touch(t, "3", day(5, 1), "phone:+14155550100")
	g := graph(t, nil,
		touch(t, "1", day(1, 1), "user_id:ann phone:+14155550100"),
		touch(t, "2", day(6, 1), "user_id:bob"), sold)
	must(t, g.Add(identity.Evidence{A: id(t, "user_id:bob"), B: id(t, "phone:+14155550100"), Kind: identity.Manual,
		Source: "crm", Ref: "1", At: day(4, 2), From: day(4, 1), To: day(6, 1)}))
	r := g.Resolve(time.Time{})
	if o := r.Owner(sold); o.Via.Value() != "bob" || o.Reason != identity.OwnerInterval {
		t.Errorf("sold phone: %v %s", o.Via.Value(), o.Reason)
	}
	sold.At = day(6, 1)
	if o := r.Owner(sold); o.Via.Value() != "+14155550100" || o.Reason != identity.OwnerIdentifier {
		t.Errorf("after the interval: %v %s", o.Via.Value(), o.Reason)
	}
	if got := people(r); got != "+14155550100 ann | bob" {
		t.Error(got)
	}
}

func TestUnownedSaysWhy(t *testing.T) {
	g := graph(t, nil,
		touch(t, "1", clock(1, 0), "user_id:u1 crm_lead_id:l1"), touch(t, "2", clock(2, 0), "user_id:u2 crm_lead_id:l1"))
	r := g.Resolve(time.Time{})
	for list, want := range map[string]identity.OwnerReason{
		"":                       identity.UnownedNoIdentifier,
		"domain:example.com":     identity.UnownedNoIdentifier,
		"anonymous_id:null":      identity.UnownedBlocked,
		"crm_lead_id:l1":         identity.UnownedShared,
		"user_id:stranger":       identity.OwnerIdentifier,
		"crm_lead_id:l1 email:x": identity.UnownedShared,
	} {
		o := r.Owner(touch(t, "9", clock(3, 0), list))
		if o.Reason != want || o.Person.IsZero() != (want != identity.OwnerIdentifier) {
			t.Errorf("%q: %+v, want %s", list, o, want)
		}
	}
}

func TestHundredThousandNullsMergeNobody(t *testing.T) {
	g := graph(t, nil)
	spellings := []string{"null", "'null'", "NULL", " null ", `"Null"`}
	for i := range 1000 {
		x, _ := (*identity.Rules)(nil).ID(identity.AnonymousID, spellings[i%len(spellings)])
		must(t, g.See(identity.Sighting{Ref: identity.Ref{Source: "web", ID: day(1, 1).Add(time.Duration(i)).String()}, At: day(1, 1), IDs: []identity.ID{x}}))
	}
	must(t, g.See(touch(t, "x", day(1, 1), "device_id:x email:nobody@home")))
	r := g.Resolve(time.Time{})
	if got := people(r); got != "" {
		t.Error("people:", got)
	}
	if c := r.Counts(); c.Touches != 1001 || c.Unowned != 1001 || c.Placeholder < 2 || c.Malformed != 1 || c.Short != 1 {
		t.Errorf("%+v", c)
	}
}

func TestWarmReadsAllocateNothing(t *testing.T) {
	touches := kiosk(t)
	g := graph(t, nil, touches...)
	r := g.Resolve(time.Time{})
	u := id(t, "user_id:u1")
	g.Person(u)
	for name, read := range map[string]func(){
		"Graph.Person":      func() { g.Person(u) },
		"Resolution.Person": func() { r.Person(u) },
		"Resolution.Owner":  func() { r.Owner(touches[4]) },
	} {
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// Invariant 2: of two records of one touch that log different people in, the order of
// arrival does not choose.
func TestLoginsOfOneTouchHaveOneOrder(t *testing.T) {
	a, b := touch(t, "1", day(1, 1), "device_id:dd user_id:u1"), touch(t, "1", day(1, 1), "device_id:dd user_id:u2")
	before, after := touch(t, "0", day(1, 1).Add(-time.Minute), "device_id:dd"), touch(t, "9", day(1, 1).Add(time.Minute), "device_id:dd")
	one := graph(t, nil, a, b, before, after).Resolve(time.Time{})
	two := graph(t, nil, after, b, a, before).Resolve(time.Time{})
	for _, s := range []identity.Sighting{before, after} {
		if x, y := one.Owner(s), two.Owner(s); x != y || x.Person == (identity.PersonID{}) {
			t.Errorf("%+v, in the other order %+v", x, y)
		}
	}
}

// An identifier that nobody knows is a person of its own; the strongest of a touch owns it,
// known or not.
func TestStrongestIdentifierOwnsKnownOrNot(t *testing.T) {
	r := graph(t, nil, touch(t, "1", day(1, 1), "email:known@x.org")).Resolve(time.Time{})
	for list, want := range map[string]string{
		"device_id:new user_id:new":                       "user_id new",
		"user_id:new device_id:new":                       "user_id new",
		"email:zoe@x.org email:ann@x.org":                 "email ann@x.org",
		"email:known@x.org device_id:new":                 "email known@x.org",
		"email:known@x.org user_id:new":                   "user_id new",
		"email:known@x.org email:ann@x.org":               "email ann@x.org",
		"email:known@x.org email:zoe@x.org":               "email known@x.org",
		"user_id:null device_id:new":                      "device_id new",
		"crm_account_id:A1 domain:x.org anonymous_id:new": "anonymous_id new",
	} {
		o := r.Owner(touch(t, "9", day(1, 2), list))
		if got := string(o.Via.Type()) + " " + o.Via.Value(); got != want || o.Reason != identity.OwnerIdentifier {
			t.Errorf("%s: %s (%s), want %s", list, got, o.Reason, want)
		}
	}
}

// Of two shared devices on a touch the sessions of the stronger decide, and it matters not
// which identifier the graph met first.
func TestStrongerOfTwoSharedDevicesDecides(t *testing.T) {
	logins := []identity.Sighting{touch(t, "1", clock(9, 0), "user_id:u1 device_id:aa"), touch(t, "2", clock(9, 10), "user_id:u2 device_id:aa"),
		touch(t, "3", clock(9, 0), "user_id:u3 device_id:bb"), touch(t, "4", clock(9, 10), "user_id:u4 device_id:bb")}
	for _, first := range []string{"user_id:u2", "device_id:aa", "device_id:bb", "user_id:u4"} {
		r := graph(t, nil, append([]identity.Sighting{touch(t, "0", clock(1, 0), first)}, logins...)...).Resolve(time.Time{})
		if o := r.Owner(touch(t, "9", clock(9, 15), "device_id:bb device_id:aa")); o.Via.Value() != "u2" || o.Reason != identity.OwnerLoginBefore {
			t.Errorf("%s first: %s, %s", first, o.Via.Value(), o.Reason)
		}
	}
}
