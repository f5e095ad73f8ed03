package simulate_test

import (
	"errors"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// refused tries every touch of p and returns the keys of those that are refused.
func refused(t *testing.T, p *simulate.Population) map[touchpoint.Key]bool {
	t.Helper()
	bad := map[touchpoint.Key]bool{}
	rules := identity.DefaultRules()
	for tp := range p.Touches() {
		before := line(tp)
		key := tp.Key()
		if err := tp.Normalize(nil); err != nil {
			if !errors.Is(err, touchpoint.ErrInvalid) {
				t.Fatalf("%s: %v", before, err)
			}
			bad[key] = true
			continue
		}
		if err := tp.Validate(nil); err != nil {
			t.Fatalf("%s: %v", before, err)
		}
		for _, id := range tp.IDs {
			if ok, why := rules.Linkable(id); !ok {
				t.Fatalf("%s: %s does not link: %s", before, id.Type(), why)
			}
		}
	}
	return bad
}

// Invariant 11: every record is accepted, unless it is listed as unusable.
func TestEveryRecordIsAccepted(t *testing.T) {
	worlds(t, func(t *testing.T, w simulate.World, seed uint64, users, days int) {
		if seed%2 == 0 {
			w = observed(w)
			w.Observe.Dirty = 0
		}
		if bad := refused(t, run(t, w, seed, users, days)); len(bad) > 0 {
			t.Errorf("%d records refused", len(bad))
		}
	})
	for _, name := range simulate.Scenarios() {
		if bad := refused(t, run(t, scenario(t, name), 1, few(200), 60)); len(bad) > 0 {
			t.Errorf("%s: %d records refused", name, len(bad))
		}
	}
}

// Invariant 10: each part of the observation changes what its rule names and nothing else.
func TestEachPartChangesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	base := scenario(t, "randomised")
	whole := map[string]int{}
	for tp := range run(t, base, 1, few(2000), 30).Touches() {
		whole[happened(tp)]++
	}
	for name, o := range map[string]simulate.Observe{
		"fragment": {Fragment: .5}, "login": {Login: .85}, "email": {Email: .6}, "shared": {Shared: .2},
		"late": {Late: .2}, "duplicate": {Duplicate: .2}, "loss": {Loss: .2},
	} {
		w := base
		w.Observe = o
		got := map[string]int{}
		for tp := range run(t, w, 1, few(2000), 30).Touches() {
			if tp.Kind != touchpoint.KindLogin && tp.Source != "cdp" {
				got[happened(tp)]++
			}
		}
		missing, extra := 0, 0
		for what, n := range whole {
			missing += max(0, n-got[what])
		}
		for what, n := range got {
			extra += max(0, n-whole[what])
		}
		if lossy := name == "loss"; extra != 0 || (missing != 0) != lossy {
			t.Errorf("%s: %d missing, %d new", name, missing, extra)
		}
	}
}

// happened says what happened and when, but not to whom nor what was known of it.
func happened(tp touchpoint.Touch) string {
	tp.IDs, tp.ReceivedAt, tp.ID = nil, tp.At, ""
	if tp.Kind == touchpoint.KindOrder {
		tp.Props = touchpoint.Props{}
	}
	return line(tp)
}

// With all parts off every record names its person and nobody else.
func TestUnobservedRecordsNameTheirPerson(t *testing.T) {
	t.Parallel()
	users, firms := 0, 0
	for tp := range run(t, scenario(t, "randomised"), 2, 500, 30).Touches() {
		if users++; len(tp.IDs) != 1 || tp.IDs[0].Type() != identity.UserID {
			t.Fatal(line(tp))
		}
	}
	for tp := range run(t, scenario(t, "b2b"), 2, 500, 180).Touches() {
		firms++
		want := []identity.Type{identity.CRMAccountID}
		switch {
		case tp.Kind == touchpoint.KindForm:
			want = append(want, identity.Domain, identity.Email)
		case tp.Kind == touchpoint.KindContract || tp.Stage == "opportunity" || tp.Stage == "lost":
			want = append(want, identity.CRMDealID)
		}
		want = append(want, identity.UserID)
		if len(tp.IDs) != len(want) {
			t.Fatal(line(tp))
		}
		for i, id := range tp.IDs {
			if id.Type() != want[i] {
				t.Fatal(line(tp))
			}
		}
	}
	if users == 0 || firms == 0 {
		t.Errorf("%d touches of users, %d of firms", users, firms)
	}
}

// The quickstart's world has something of everything.
func TestCompanyHasEverything(t *testing.T) {
	t.Parallel()
	p := run(t, scenario(t, "company"), 1, 400, 180)
	kinds, stages, langs := map[touchpoint.Kind]int{}, map[string]int{}, map[string]int{}
	channels := map[string]map[touchpoint.Channel]bool{}
	for tp := range p.Touches() {
		kinds[tp.Kind]++
		stages[tp.Stage]++
		lang, _ := tp.Props.Text("lang")
		langs[lang]++
		if err := tp.Normalize(nil); err != nil {
			t.Fatal(err)
		}
		if user := tp.IDs[0].Value(); tp.Channel != "" {
			if channels[user] == nil {
				channels[user] = map[touchpoint.Channel]bool{}
			}
			channels[user][tp.Channel] = true
		}
		if !known(tp.Channel) {
			t.Fatalf("channel %q is none of ours", tp.Channel)
		}
	}
	for _, k := range []touchpoint.Kind{"impression", "click", "email_click", "form", "login", "identify", "contract", "stage_change"} {
		if kinds[k] == 0 {
			t.Errorf("no %s", k)
		}
	}
	for _, s := range []string{"known", "opportunity", "lost"} {
		if stages[s] == 0 {
			t.Errorf("nobody is told to be %s", s)
		}
	}
	if stages["engagement"] != 0 {
		t.Error("a person's stage is told")
	}
	if ja := float64(langs["ja"]) / float64(langs[""]+langs["ja"]); !(.3 <= ja && ja <= .7) {
		t.Errorf("%v of the records are Japanese, want about half", ja)
	}
	several, accounts, devices := 0, map[string]int{}, 0
	for person := range p.People() {
		accounts[person.Account]++
		devices += len(person.Devices)
	}
	for _, cs := range channels {
		if len(cs) > 2 {
			several++
		}
	}
	if len(accounts) < 60 || len(accounts) > 150 || devices < 500 || several < 200 {
		t.Errorf("%d accounts, %d devices, %d devices met by three channels", len(accounts), devices, several)
	}
}

func known(c touchpoint.Channel) bool {
	switch c {
	case "", "Display", "Paid Social", "Email", "Paid Search", "Paid Other":
		return true
	}
	return false
}

// Each account of b2b comes to know, to an opportunity and to its end in this order.
func TestMilestonesAreInOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	t.Parallel()
	for _, name := range []string{"b2b", "company"} {
		reached := map[string][]string{}
		for tp := range run(t, scenario(t, name), 3, 1000, 180).Touches() {
			var account string
			for _, id := range tp.IDs {
				if id.Type() == identity.CRMAccountID {
					account = id.Value()
				}
			}
			switch {
			case tp.Kind == touchpoint.KindContract:
				reached[account] = append(reached[account], "won")
			case tp.Stage == "known", tp.Stage == "opportunity", tp.Stage == "lost":
				reached[account] = append(reached[account], tp.Stage)
			}
		}
		won := 0
		for account, got := range reached {
			want := []string{"known", "opportunity", got[len(got)-1]}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%s: account %s reached %q", name, account, got)
				}
			}
			if len(got) == 3 && got[2] == "won" {
				won++
			}
		}
		if won < 50 {
			t.Errorf("%s: %d deals won", name, won)
		}
	}
}

// The resolver must be able to put the fragments together: what it says belongs to one
// person does, and most of what does it finds.
func TestFragmentsCanBeStitched(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	t.Parallel()
	for _, name := range []string{"fragmented", "company"} {
		p := run(t, scenario(t, name), 7, 1500, 30)
		g, err := identity.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		var sightings []identity.Sighting
		var persons []string
		for tp, l := range p.Labelled() {
			if err := tp.Normalize(nil); err != nil {
				t.Fatal(err)
			}
			sightings, persons = append(sightings, tp.Sighting()), append(persons, l.Person)
		}
		for i, err := range g.See(sightings...) {
			if err != nil {
				t.Fatal(i, err)
			}
		}
		r := g.Resolve(sightings[len(sightings)-1].At.Add(365 * day))
		found, real := map[identity.PersonID]map[string]float64{}, map[string]float64{}
		for i, s := range sightings {
			real[persons[i]]++
			owner := r.Owner(s).Person
			if owner == (identity.PersonID{}) {
				continue
			}
			if found[owner] == nil {
				found[owner] = map[string]float64{}
			}
			found[owner][persons[i]]++
		}
		var both, said, is float64 // pairs of touches
		for _, of := range found {
			n := 0.0
			for _, k := range of {
				both += k * (k - 1) / 2
				n += k
			}
			said += n * (n - 1) / 2
		}
		for _, n := range real {
			is += n * (n - 1) / 2
		}
		if precision, recall := both/said, both/is; !(precision >= .98 && recall >= .8) {
			t.Errorf("%s: precision %.4f, recall %.4f", name, precision, recall)
		} else {
			t.Logf("%s: precision %.4f, recall %.4f", name, precision, recall)
		}
	}
}
