package identity

import "slices"

// An OwnerReason says why a touch belongs to its owner, or to nobody.
type OwnerReason string

// The reasons.
const (
	OwnerIdentifier     OwnerReason = "identifier"     // an identifier that is not shared
	OwnerInterval       OwnerReason = "interval"       // bounded evidence covers the instant
	OwnerLoginBefore    OwnerReason = "login_before"   // shared device: last login of the session
	OwnerLoginAfter     OwnerReason = "login_after"    // shared device: first login later in the session
	OwnerCarry          OwnerReason = "carry"          // shared device: a login shortly before the session
	OwnerLastKnown      OwnerReason = "last_known"     // policy LastKnown
	OwnerNearest        OwnerReason = "nearest"        // policy Nearest
	UnownedShared       OwnerReason = "unowned_shared" // only shared identifiers, no login explains it
	UnownedBlocked      OwnerReason = "unowned_blocked"
	UnownedNoIdentifier OwnerReason = "unowned_no_identifier"
)

// An Owner is the person to whom one touch belongs. Via is the identifier whose person
// that is: the touch's own, the stronger end of bounded evidence, or the key of a login.
// Person and Via are zero where nobody owns the touch.
type Owner struct {
	Person PersonID
	Via    ID
	Reason OwnerReason
}

// An interval is bounded evidence in force: from and to, and who owned it then.
type interval struct {
	from, to int64
	partner  uint32
}

// openIntervals collects the bounded evidence in force, per identifier by strength of
// the partner. It speaks of the weaker end: that somebody held a number for a year says
// nothing of to whom his own logins belong.
func (r *Resolution) openIntervals() {
	r.intervals = map[uint32][]interval{}
	for i := range r.f.evidence {
		f := &r.f.evidence[i]
		if !f.bounded() || f.at > r.at || !r.linkable(f.a) || !r.linkable(f.b) {
			continue
		}
		e := r.factEdge(uint32(i))
		if r.judge(&e); e.dead == live {
			r.intervals[f.b] = append(r.intervals[f.b], interval{f.from, f.to, f.a})
		}
	}
	for _, list := range r.intervals {
		slices.SortFunc(list, func(x, y interval) int { return r.f.compare(x.partner, y.partner) })
	}
}

// during returns the owner of an identifier at an instant by bounded evidence: the one
// with the latest From, then the stronger.
func (r *Resolution) during(x uint32, at int64) (partner uint32, ok bool) {
	from := int64(minTime)
	for _, iv := range r.intervals[x] {
		if iv.from <= at && at < iv.to && (!ok || iv.from > from) {
			partner, from, ok = iv.partner, iv.from, true
		}
	}
	return partner, ok
}

// Owner says to whom a touch belongs. The sighting need not be one of the graph's; an
// identifier that the graph does not know counts as a person of its own. The rules, in
// order, over the touch's linkable identifiers, strongest first:
//
//  1. bounded evidence with a stronger identifier that covers the touch's instant: the
//     stronger one's person;
//  2. an identifier that is not shared: its person;
//  3. all are shared: the strongest device's sessions decide, that is the last login
//     before the touch in its session, else the first login after it in the session,
//     else a login at most Rules.Carry earlier without logout between, else
//     Rules.Unowned.
//
// It costs a few look-ups and allocates nothing. A nil Resolution owns nothing.
func (r *Resolution) Owner(s Sighting) Owner {
	if r.empty() {
		return Owner{Reason: UnownedNoIdentifier}
	}
	var store [MaxSighting]uint32
	ids := store[:0]
	blocked, stranger := false, ID{}
	for _, id := range s.IDs {
		x, block, ok := r.look(id, PersonEntity)
		switch {
		case !ok:
			continue
		case block != linkable:
			blocked = true
			continue
		case x >= 0 && r.person[x] >= 0:
			ids = append(ids, uint32(x))
			continue
		}
		if stranger.IsZero() || id.Compare(stranger, &r.rs.rules) < 0 {
			stranger = id
		}
	}
	r.f.order(ids)
	at := s.At.UnixMicro()
	device := int64(-1)
	for _, x := range ids {
		if !stranger.IsZero() && stranger.Compare(r.f.entries[x].id, &r.rs.rules) < 0 {
			break
		}
		if p, ok := r.during(x, at); ok {
			return r.own(p, OwnerInterval)
		}
		if !r.shared[x] {
			return r.own(x, OwnerIdentifier)
		}
		if device < 0 && r.rs.types[r.f.entries[x].typ].Class == DeviceClass {
			device = int64(x)
		}
	}
	switch {
	case !stranger.IsZero():
		return Owner{r.rs.minter().mint(PersonEntity, stranger), stranger, OwnerIdentifier}
	case len(ids) == 0 && blocked:
		return Owner{Reason: UnownedBlocked}
	case len(ids) == 0:
		return Owner{Reason: UnownedNoIdentifier}
	case device < 0:
		return Owner{Reason: UnownedShared}
	}
	key, reason := r.ownerOf(r.sessions[uint32(device)], at, s.Ref, s.End)
	if key < 0 {
		return Owner{Reason: reason}
	}
	return r.own(uint32(key), reason)
}

func (r *Resolution) own(x uint32, reason OwnerReason) Owner {
	return Owner{r.clusters[r.person[x]].id, r.f.entries[x].id, reason}
}
