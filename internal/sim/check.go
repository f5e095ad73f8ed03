package sim

import (
	"context"
	"slices"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
)

// An invariant is a promise of the library. Those with a check are judged on a state at
// rest; the others where things happen, as said.
type invariant struct {
	name  string
	text  string
	check func(*comparison) *Violation
}

var invariants = []invariant{
	{"I1", "every acknowledged fact is there once after any crash and reopen (ledger)", nil},
	{"I2", "a fact that was not acknowledged is whole or absent (ledger)", nil},
	{"I3", "recording twice is recording once (ledger)", nil},
	{"I4", "same key, other content: the first stays, and it is told (ledger)", nil},
	{"I5", "one right outcome a record, offered is their sum (ledger)", nil},
	{"I8", "what never links joins nobody", checkPlaceholders},
	{"I9", "two strong identifiers are one person only by force", checkStrong},
	{"I10", "linked and taken back is never linked", checkRetracted},
	{"I6", "people are what the naive solver makes of the facts", checkPeople},
	{"I7", "ids of people depend on their identifiers alone", checkNames},
	{"I11", "every touch has one owner or none, and none is lost", checkOwners},
	{"I14", "visits do not overlap, and dwell times add up", checkVisits},
	{"I13", "every move is one that the model allows", checkMoves},
	{"I12", "a history is the fold of the touches in order", checkHistories},
	{"I15", "later touches change nothing before them", checkPast},
	{"I16", "stalls depend on facts and instant", checkStalls},
	{"I19", "no credit to a touch after the sale, or of somebody else", checkPaths},
	{"I21", "revenue is what was sold less what was taken back", checkRevenue},
	{"I17", "credits add up to the value", checkSums},
	{"I18", "each credit is within a unit of the exact share", checkShares},
	{"I20", "renaming channels renames credits, and order does not matter", checkRenamed},
	{"I22", "credits by touch, person and channel add up to each other", checkLedger},
	{"I23", "order and batches of the facts do not show (phase 6)", nil},
	{"I24", "built anew or step by step, the state is the same", checkIncremental},
	{"I25", "reads repeat", checkRepeat},
	{"I26", "nothing of an erased person is in any byte of the disk (after each erasure)", nil},
	{"I27", "erased facts do not return (ledger)", nil},
	{"I28", "an erasure takes nothing from others (ledger, plan against the oracle's)", nil},
	{"I29", "what an erasure removes is what belongs to the person (plan against the oracle's)", nil},
	{"I30", "consents are there as they were given", checkConsents},
	{"I31", "without faults everything settles (phases 3 and 8)", nil},
}

// Invariants lists the names of the invariants, in order.
func Invariants() (out []string) {
	for _, v := range invariants {
		out = append(out, v.name)
	}
	slices.SortFunc(out, func(a, b string) int { return len(a)*100 + int(a[len(a)-1]) - len(b)*100 - int(b[len(b)-1]) })
	return out
}

// A comparison is the library's state beside the oracle's.
type comparison struct {
	*oracle
	view    *journey.View
	tracker *journey.Tracker
	store   storage.Store
	rules   *identity.Rules
	seed    uint64
	deep    bool // with the checks that cost

	subjects []subject
	entities map[string]entity // by identifier, as far as they were asked for
	sold     []sale            // see sales
	journeys *attribution.Journeys
}

// A subject is a person with touches, as both tell it.
type subject struct {
	journey.Folded
	touches []Record
	told    *fold
	trips   []*trip
	made    []attribution.Path // see paths
}

// comparisonAt derives the state at an instant on both sides.
func (l *life) comparisonAt(at int64, facts []Record) (*comparison, *Violation) {
	v, err := l.m.tracker.View(context.Background(), instant(at))
	if err != nil {
		return nil, broken("I31", "a view: %v", err)
	}
	c := &comparison{oracle: newOracle(l.m.setting, facts, at), view: v, tracker: l.m.tracker, store: l.m.log, rules: l.m.rules, seed: l.seed, deep: l.seed%8 == 0,
		entities: map[string]entity{}}
	of := map[string][]Record{}
	for i, t := range c.touches {
		if c.owners[i] != "" {
			id := c.person(c.owners[i])
			of[id] = append(of[id], t)
		}
	}
	for _, s := range v.Subjects(identity.PersonEntity) {
		f, err := v.Fold(s)
		if err != nil {
			return nil, broken("I12", "folding: %v", err)
		}
		x := subject{Folded: f, touches: of[s.ID]}
		x.told = c.history(x.touches)
		x.trips = c.cutTrips(x.touches, x.told)
		c.subjects = append(c.subjects, x)
	}
	return c, nil
}

// compare holds the state against the oracle's, now and in the middle.
func (l *life) compare() *Violation {
	if l.seed%4 == 2 {
		if bad := l.compareAt(l.schedule.Middle); bad != nil {
			return bad
		}
	}
	if bad := l.compareAt(l.schedule.At); bad != nil {
		return bad
	}
	digest, err := l.m.tracker.Digest(context.Background(), instant(l.schedule.At))
	if err != nil {
		return broken("I31", "digest: %v", err)
	}
	l.digest = digest
	if l.stored, err = storage.Digest(context.Background(), l.m.log); err != nil {
		return broken("I31", "digest of the facts: %v", err)
	}
	return nil
}

func (l *life) compareAt(at int64) *Violation {
	c, bad := l.comparisonAt(at, l.ledger.facts())
	for _, v := range invariants {
		if bad == nil && v.check != nil {
			bad = v.check(c)
		}
	}
	return bad
}
