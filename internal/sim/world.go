package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// A world is the people of one seed, and what was made of them so far.
type world struct {
	seed   uint64
	grid   []int64 // few instants, so that ties are common
	people []person
	made   [][]Record // records of each operation, to be sent again
	b2b    bool
}

// A person is somebody with identifiers of several kinds.
type person struct {
	ids     []string // the first is the strongest
	account []string // of the employer: an account's identifiers
}

var placeholders = []string{"anonymous_id:null", "anonymous_id: 'NULL' ", "user_id:undefined", "email:noreply@firm0.example", "device_id:0000-0000", "user_id:anonymous"}

func newWorld(seed uint64) *world {
	r := random(seed, streamWorld)
	w := &world{seed: seed, b2b: r.IntN(2) == 0}
	w.makeGrid(r)
	firms := 1 + r.IntN(3)
	for i := range 3 + r.IntN(13) {
		w.people = append(w.people, w.person(r, i, r.IntN(firms)))
	}
	// One in twenty is odd: without a name of their own, or on a device that others use.
	for i := range w.people {
		switch p := &w.people[i]; r.IntN(40) {
		case 0:
			p.ids = append(p.ids, placeholders[r.IntN(len(placeholders))])
		case 1:
			p.ids = append(p.ids, "device_id:kiosk")
		case 2:
			other := w.people[r.IntN(len(w.people))]
			p.ids = append(p.ids, other.ids[r.IntN(len(other.ids))])
		}
	}
	if r.IntN(3) == 0 { // a family's tablet
		for range 2 + r.IntN(4) {
			p := &w.people[r.IntN(len(w.people))]
			p.ids = append(p.ids, "device_id:tablet")
		}
	}
	return w
}

// makeGrid draws the distinct instants of a world: minutes apart in a shop, months in a
// sale between firms, and often exactly as far as a rule of the library reaches.
func (w *world) makeGrid(r *rand.Rand) {
	steps := []int64{1, minute, 10 * minute, 30 * minute, 30*minute + 1, 31 * minute, hour, 5 * hour, day}
	if w.b2b {
		steps = []int64{1, 10 * minute, 30 * minute, day, 7 * day, 30 * day, 30*day + 1, 31 * day, 90 * day}
	}
	at := micros(starts[r.IntN(len(starts))])
	for range 12 + r.IntN(14) {
		w.grid = append(w.grid, at)
		at += steps[r.IntN(len(steps))]
	}
}

func (w *world) person(r *rand.Rand, i, firm int) person {
	var p person
	n := 1 + r.IntN(6)
	mail := fmt.Sprintf("email:p%d~@firm%d.example", i, firm)
	if !w.b2b || r.IntN(6) == 0 {
		mail = fmt.Sprintf("email:p%d~@gmail.com", i)
	}
	all := []string{
		fmt.Sprintf("user_id:u%d~", i), mail, fmt.Sprintf("anonymous_id:a%d~", i), fmt.Sprintf("device_id:d%d~", i),
		fmt.Sprintf("crm_contact_id:c%d~", i), fmt.Sprintf("anonymous_id:b%d~", i), fmt.Sprintf("email:q%d~@firm%d.example", i, (firm+1)%3),
		fmt.Sprintf("crm_lead_id:l%d~", i),
	}
	for _, k := range r.Perm(len(all))[:n] {
		p.ids = append(p.ids, all[k])
	}
	slices.SortFunc(p.ids, func(a, b string) int { return slices.Index(all, a) - slices.Index(all, b) })
	if w.b2b {
		p.account = []string{fmt.Sprintf("crm_account_id:f%d", firm), fmt.Sprintf("domain:firm%d.example", firm), fmt.Sprintf("group_id:g%d", firm)}
	}
	return p
}

func (w *world) setting(r *rand.Rand) Setting {
	return Setting{Boundary: pick(r, "goal", "goal", "silence", "lifetime"), EmailMax: pick(r, 1, 2, 5)}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// spelled writes an identifier the way a careless sender does.
func spelled(r *rand.Rand, id string) string {
	if r.IntN(4) > 0 {
		return id
	}
	for i := range id {
		if id[i] != ':' {
			continue
		}
		if id[:i] == "email" {
			return id[:i+1] + " P" + id[i+2:] + " "
		}
		return id[:i+1] + "  " + id[i+1:]
	}
	return id
}
