package identity_test

import (
	"fmt"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// saw makes a sighting of identifiers written as "type:value".
func saw(ref string, at time.Time, list ...string) identity.Sighting {
	s := identity.Sighting{Ref: identity.Ref{Source: "web", ID: ref}, At: at}
	for _, text := range list {
		x, err := (*identity.Rules)(nil).Parse(text)
		if err != nil {
			panic(err)
		}
		s.IDs = append(s.IDs, x)
	}
	return s
}

// A visitor browses without a name, gives an address, and logs in at home: one person.
func Example() {
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	g := new(identity.Graph)
	g.See(
		saw("1", monday, "anonymous_id:phone-7f3a"),
		saw("2", monday.Add(time.Hour), "anonymous_id:phone-7f3a", "email: Ann@Example.com"),
		saw("3", monday.Add(48*time.Hour), "email:ann@example.com", "user_id:u1"),
	)
	r := g.Resolve(time.Time{})
	for p := range r.People() {
		fmt.Println(p.ID, "anchored on", p.Anchor.Type())
		for _, x := range p.IDs {
			fmt.Println(" ", x.Type(), x.Value())
		}
	}
	o := r.Owner(saw("1", monday, "anonymous_id:phone-7f3a"))
	fmt.Println("the first visit is", o.Person, "by", o.Reason)
	// Output:
	// 9a495985-7f36-80a4-8fe0-68e50582a237 anchored on user_id
	//   user_id u1
	//   email ann@example.com
	//   anonymous_id phone-7f3a
	// the first visit is 9a495985-7f36-80a4-8fe0-68e50582a237 by identifier
}

// Two customers were seen on one tablet. Why are they not one?
func ExampleResolution_Explain() {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	g := new(identity.Graph)
	g.See(saw("1", at, "user_id:ann", "device_id:tablet"), saw("2", at.Add(time.Hour), "user_id:bob", "device_id:tablet"))
	e := g.Resolve(time.Time{}).Explain(identity.MakeID(identity.UserID, "ann"), identity.MakeID(identity.UserID, "bob"))
	fmt.Println("one person:", e.Same)
	for _, l := range e.Path {
		fmt.Println(l.A.Type(), l.B.Type(), l.Verdict, l.Reason, "-", l.Detail)
	}
	// Output:
	// one person: false
	// user_id device_id refused shared_owners - shared by 2
	// device_id user_id refused shared_owners - shared by 2
}

// A colleague typed the customer's address into her own session. The operator takes
// that one touch back.
func ExampleGraph_Apply() {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	g := new(identity.Graph)
	g.See(saw("1", at, "email:ann@example.com", "anonymous_id:desk-1"), saw("2", at.Add(time.Hour), "user_id:u1", "anonymous_id:desk-1"))
	count := func() (n int) {
		for range g.Resolve(time.Time{}).People() {
			n++
		}
		return n
	}
	fmt.Println("people:", count())
	g.Apply(identity.Override{ID: "case 17", At: at.Add(2 * time.Hour), Actor: "support", Reason: "typed by us",
		Op: identity.Retract, Scope: identity.Scope{Ref: identity.Ref{Source: "web", ID: "1"}}})
	fmt.Println("people:", count())
	g.Apply(identity.Override{ID: "case 18", At: at.Add(3 * time.Hour), Actor: "support", Op: identity.Restore, Target: "case 17"})
	fmt.Println("people:", count())
	// Output:
	// people: 1
	// people: 2
	// people: 1
}

// The account of a touch is judged at the touch's own time.
func ExampleResolution_Account() {
	day := func(month time.Month) time.Time { return time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC) }
	g := new(identity.Graph)
	g.See(
		saw("1", day(time.January), "user_id:ann", "email:ann@acme.example"),
		saw("2", day(time.June), "user_id:ann", "email:ann@newco.example"),
	)
	r := g.Resolve(time.Time{})
	for _, month := range []time.Month{time.March, time.July} {
		a := r.Account(saw("", day(month), "user_id:ann"))
		fmt.Println(month, a.Domain, a.Reason)
	}
	// Output:
	// March acme.example email_domain
	// July newco.example email_domain
}
