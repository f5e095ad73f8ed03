package lead_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/lead"
)

const routing = `{"id":"routing","rules":[
	{"id":"japan","when":{"field":"account.country","op":"eq","value":"JP"},"queue":"tokyo","sla":"PT4H",
		"owners":[{"id":"aoi","weight":2},{"id":"ben"},{"id":"chie"}]},
	{"id":"large","when":{"field":"account.employees","op":"ge","value":1000},"queue":"field",
		"owners":[{"id":"dora","capacity":2},{"id":"emil","capacity":1}]}],
	"default":{"queue":"pool"}}`

func router(t testing.TB, text string) *lead.Router {
	t.Helper()
	r, err := lead.ParseRouter([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRouting(t *testing.T) {
	r := router(t, routing)
	japan := persona.Map{"account.country": persona.TextValue("JP")}
	large := persona.Map{"account.country": persona.TextValue("DE"), "account.employees": persona.NumberValue(5000)}
	unsure := persona.Map{"account.country": persona.TextValue("DE"), "account.employees": persona.RangeValue(500, 2000)}
	got := r.Assign([]lead.Lead{
		{ID: "1", Account: "a", Fields: japan, Entered: at},
		{ID: "2", Fields: unsure},
		{ID: "3", Fields: nil},
		{ID: "4", Account: "b", Fields: persona.Join(persona.Map{"account.owner": persona.TextValue("chie")}, japan)},
		{ID: "5", Account: "b", Fields: persona.Join(persona.Map{"account.owner": persona.TextValue("gone")}, japan)},
		{ID: "6", Score: 10, Fields: large}, {ID: "7", Score: 40, Fields: large}, {ID: "8", Score: 30, Fields: large}, {ID: "9", Score: 20, Fields: large},
	}, at)
	if a := got[0]; a.Rule != "japan" || a.Queue != "tokyo" || !a.Due.Equal(at.Add(4*time.Hour)) || a.Owner != a.Ranks[0].Owner || len(a.Leaves) != 1 || a.Lead != "1" {
		t.Errorf("%+v", a)
	}
	if a := got[1]; a.Rule != "default" || a.Queue != "pool" || fmt.Sprint(a.Unknown) != "[large]" || a.Owner != "" || !a.Due.IsZero() {
		t.Errorf("unknown does not match: %+v", a)
	}
	if a := got[2]; fmt.Sprint(a.Unknown) != "[japan large]" {
		t.Errorf("%+v", a)
	}
	if a := got[3]; a.Owner != "chie" || !a.Kept {
		t.Errorf("the owner stays: %+v", a)
	}
	if a := got[4]; a.Owner == "gone" || a.Kept {
		t.Errorf("an owner who is not listed stays: %+v", a)
	}
	// Three places for four: the lead with the least score has none.
	places := map[string]int{}
	for _, a := range got[5:] {
		places[a.Owner]++
	}
	if got[5].Owner != "" || got[5].Queue != "field" || places["dora"] != 2 || places["emil"] != 1 {
		t.Errorf("%v, %+v", places, got[5])
	}
}

// The owner of a key is that of weighted rendezvous hashing; computed by hand in Python:
// max over owners of −w/ln((int.from_bytes(sha256(rule+"\0"+key+"\0"+owner).digest()[:8],"big")+.5)/2**64).
func TestRanks(t *testing.T) {
	r := router(t, routing)
	a := r.Assign([]lead.Lead{{ID: "p", Account: "acme", Fields: persona.Map{"account.country": persona.TextValue("JP")}}}, at)[0]
	want := []lead.OwnerRank{{Owner: "aoi", Rank: 8.208965550742526}, {Owner: "ben", Rank: 4.1808314234309565}, {Owner: "chie", Rank: 0.5900595193446131}}
	if len(a.Ranks) != len(want) {
		t.Fatalf("%+v", a.Ranks)
	}
	for i, rank := range a.Ranks {
		if rank.Owner != want[i].Owner || !(math.Abs(rank.Rank-want[i].Rank) <= 1e-12) {
			t.Errorf("%+v, not %+v", rank, want[i])
		}
	}
}

// P15: when an owner leaves, only that owner's accounts move; P1: the order of the leads does
// not show. Shares follow the weights.
func TestRoutingProperties(t *testing.T) {
	whole, without := router(t, routing), router(t, strings.Replace(routing, `,{"id":"ben"}`, "", 1))
	japan := persona.Map{"account.country": persona.TextValue("JP")}
	leads := make([]lead.Lead, 2000)
	for i := range leads {
		leads[i] = lead.Lead{ID: fmt.Sprint("p", i), Account: fmt.Sprint("a", i/2), Fields: japan, Score: float64(i % 7)}
	}
	before, after := whole.Assign(leads, at), without.Assign(leads, at)
	share := map[string]int{}
	for i := range leads {
		share[before[i].Owner]++
		if before[i].Owner != "ben" && after[i].Owner != before[i].Owner {
			t.Fatalf("P15: %s moves from %s to %s", leads[i].Account, before[i].Owner, after[i].Owner)
		}
		if before[i].Owner != before[i^1].Owner {
			t.Fatalf("%s has two owners", leads[i].Account)
		}
	}
	if share["aoi"] < 900 || share["aoi"] > 1100 || share["ben"] < 400 || share["ben"] > 600 {
		t.Errorf("shares %v", share)
	}
	tight := router(t, strings.Replace(strings.Replace(routing, `{"id":"ben"}`, `{"id":"ben","capacity":100}`, 1), `"weight":2`, `"capacity":300`, 1))
	want := tight.Assign(leads, at)
	order := source(1).Perm(len(leads))
	shuffled := make([]lead.Lead, len(leads))
	for i, j := range order {
		shuffled[i] = leads[j]
	}
	got := tight.Assign(shuffled, at)
	for i, j := range order {
		if encode(t, got[i]) != encode(t, want[j]) {
			t.Fatalf("P1: %s", leads[j].ID)
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(got), func(a lead.Assignment) bool { return a.Owner != "aoi" })); n != 300 {
		t.Errorf("capacity 300, %d leads", n)
	}
}

func ExampleRouter_Assign() {
	r, err := lead.ParseRouter([]byte(`{"rules":[
		{"id":"japan","when":{"field":"account.country","op":"eq","value":"JP"},"queue":"tokyo","owners":[{"id":"aoi"},{"id":"ben"}],"sla":"PT4H"}],
		"default":{"queue":"pool"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	entered := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for _, a := range r.Assign([]lead.Lead{
		{ID: "p1", Account: "acme", Score: 80, Entered: entered, Fields: persona.Map{"account.country": persona.TextValue("JP")}},
		{ID: "p2", Score: 60, Entered: entered},
	}, entered) {
		fmt.Println(a.Lead, a.Rule, a.Queue, a.Owner, a.Unknown)
	}
	// Output:
	// p1 japan tokyo ben []
	// p2 default pool  [japan]
}
