package sim

import (
	"cmp"
	"slices"
	"strings"
)

// An oracle derives everything a second time, naively: from sorted lists, sets and
// searches over all facts, in quadratic time where that is plainer. It shares data types
// with the library and no code.
type oracle struct {
	setting Setting
	at      int64

	touches     []Record // by (At, Source, ID)
	evidence    []Record
	overrides   []Record // by (At, ID)
	memberships []Record
	consents    []Record
	void        []Record // of no length, or about nothing: facts that say nothing

	musts, apart, takenBack []Record // the overrides in force

	people *partition
	owners []string // of each touch: the identifier whose person it is, "" for nobody
	places []string // and the id of its account

	sightings map[string][]int64 // of identifiers, as far as they were asked for
}

// newOracle takes the facts at or before an instant.
func newOracle(s Setting, facts []Record, at int64) *oracle {
	o := &oracle{setting: s, at: at, touches: make([]Record, 0, len(facts)), sightings: map[string][]int64{}}
	for _, r := range facts {
		if r.At > at {
			continue
		}
		if r.To != 0 && r.To <= r.From || r.Kind == "cannot_link" && r.IDs[0] == r.IDs[1] {
			o.void = append(o.void, r)
			continue
		}
		switch r.Class {
		case classTouch:
			o.touches = append(o.touches, r)
		case classEvidence:
			o.evidence = append(o.evidence, r)
		case classOverride:
			o.overrides = append(o.overrides, r)
		case classMembership:
			o.memberships = append(o.memberships, r)
		case classConsent:
			o.consents = append(o.consents, r)
		}
	}
	slices.SortFunc(o.touches, inOrder)
	slices.SortFunc(o.overrides, inOrder)
	o.inForce()
	o.people = o.stitch()
	for _, t := range o.touches {
		o.owners = append(o.owners, o.owner(t))
	}
	o.places = o.placed()
	return o
}

// inOrder is the order of everything: time, source, id.
func inOrder(a, b Record) int {
	return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Source, b.Source), strings.Compare(a.ID, b.ID))
}

// An idType is a row of the table of identifier types.
type idType struct {
	rank               int
	account            bool
	class              byte // k key, c contact, d device
	max                int  // values of one person; 0 = any number
	maxOwners, maxNear int
	minLen             int
}

func (o *oracle) typeOf(id string) idType {
	typ, _, _ := strings.Cut(id, ":")
	t := idTypes[typ]
	if typ == "email" {
		t.max = o.setting.EmailMax
	}
	return t
}

var idTypes = map[string]idType{
	"user_id":        {0, false, 'k', 1, 0, 0, 1},
	"crm_contact_id": {0, false, 'k', 1, 0, 0, 1},
	"crm_lead_id":    {1, false, 'c', 20, 1, 100, 1},
	"email":          {1, false, 'c', 5, 3, 500, 3},
	"anonymous_id":   {3, false, 'd', 0, 1, 100, 2},
	"device_id":      {3, false, 'd', 0, 1, 100, 2},
	"crm_account_id": {0, true, 'k', 1, 0, 0, 1},
	"group_id":       {1, true, 'c', 0, 1, 100, 1},
	"domain":         {2, true, 'c', 0, 1, 100, 3},
}

// links reports whether an identifier says anything about who somebody is.
func links(id string) bool {
	typ, v, _ := strings.Cut(id, ":")
	v = strings.ToLower(strings.Trim(v, "'\""))
	switch v {
	case "null", "undefined", "anonymous", "unknown", "":
		return false
	}
	if strings.Trim(v, "0-") == "" || strings.HasPrefix(v, "noreply@") {
		return false
	}
	return len(v) >= idTypes[typ].minLen
}

// stronger orders identifiers: rank, type, value.
func stronger(a, b string) int {
	ta, va, _ := strings.Cut(a, ":")
	tb, vb, _ := strings.Cut(b, ":")
	return cmp.Or(cmp.Compare(idTypes[ta].rank, idTypes[tb].rank), strings.Compare(ta, tb), strings.Compare(va, vb))
}
