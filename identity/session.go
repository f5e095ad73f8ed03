package identity

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// A deviceLog is the history of one shared device, by (At, Source, ID), with what the
// owner rules ask of it worked out.
type deviceLog struct {
	sights []uint32
	at     []int64
	login  []int64 // the key of a login, -1 for none

	start, stop []int32 // first and last of the session that each belongs to
	lastLogin   []int32 // last login at or before each, -1 for none
	nextLogin   []int32 // first login at or after each, len for none
	lastEnd     []int32 // last logout at or before each, -1 for none
}

// openSessions writes the logs of the shared devices.
func (r *Resolution) openSessions() {
	r.sessions = map[uint32]*deviceLog{}
	for x, shared := range r.shared {
		if shared && r.rs.types[r.f.entries[x].typ].Class == DeviceClass {
			r.sessions[uint32(x)] = &deviceLog{}
		}
	}
	if len(r.sessions) == 0 {
		return
	}
	done := map[uint32]bool{}
	for x := range r.sessions {
		c := r.comp[x]
		if done[c] {
			continue
		}
		done[c] = true
		for _, i := range r.parts.sights[r.parts.sightStart[c]:r.parts.sightStart[c+1]] {
			for _, y := range r.f.idsOf(&r.f.sights[i]) {
				if log := r.sessions[y]; log != nil {
					log.sights = append(log.sights, i)
				}
			}
		}
	}
	for x, log := range r.sessions {
		r.write(log, x)
	}
}

func (r *Resolution) write(l *deviceLog, device uint32) {
	slices.SortFunc(l.sights, r.f.compareSightings)
	n := len(l.sights)
	l.at, l.login = make([]int64, n), make([]int64, n)
	l.start, l.stop = make([]int32, n), make([]int32, n)
	l.lastLogin, l.nextLogin, l.lastEnd = make([]int32, n), make([]int32, n), make([]int32, n)
	start, login, end := int32(0), int32(-1), int32(-1)
	for i, si := range l.sights {
		s := &r.f.sights[si]
		l.at[i], l.login[i] = s.at, r.loginKey(si, device)
		if i > 0 && (l.at[i]-l.at[i-1] > r.rs.gap || end == int32(i-1)) {
			start = int32(i)
		}
		if l.login[i] >= 0 {
			login = int32(i)
		}
		if s.end {
			end = int32(i)
		}
		l.start[i], l.lastLogin[i], l.lastEnd[i] = start, login, end
	}
	next := int32(n)
	for i := n - 1; i >= 0; i-- {
		if l.login[i] >= 0 {
			next = int32(i)
		}
		l.nextLogin[i] = next
		l.stop[i] = int32(i)
		if i+1 < n && l.start[i+1] == l.start[i] {
			l.stop[i] = l.stop[i+1]
		}
	}
}

// loginKey returns the strongest key that a sighting ties to a device, -1 for none. A
// pair that was retracted ties nothing.
func (r *Resolution) loginKey(sight, device uint32) int64 {
	for _, x := range r.f.idsOf(&r.f.sights[sight]) {
		e := &r.f.entries[x]
		t := &r.rs.types[e.typ]
		if e.block != linkable || t.Class != KeyClass || t.Entity != PersonEntity {
			continue
		}
		tie := r.sightEdge(sight, x, device)
		if r.f.compare(tie.a, tie.b) > 0 {
			tie.a, tie.b = tie.b, tie.a
		}
		if r.st.killer(r.f, &tie) < 0 {
			return int64(x)
		}
	}
	return -1
}

// compareSight orders a stored sighting against (at, source, ref).
func (r *Resolution) compareSight(s *sight, at int64, source, ref string) int {
	if c := cmp.Compare(s.at, at); c != 0 {
		return c
	}
	if c := strings.Compare(r.f.sources[s.source], source); c != 0 {
		return c
	}
	return strings.Compare(s.ref, ref)
}

// ownerOf applies the session rules to a touch of the device.
func (r *Resolution) ownerOf(l *deviceLog, at int64, ref Ref, end bool) (key int64, reason OwnerReason) {
	n := int32(len(l.sights))
	p := sort.Search(int(n), func(i int) bool { return r.compareSight(&r.f.sights[l.sights[i]], at, ref.Source, ref.ID) >= 0 })
	found := p < int(n) && r.compareSight(&r.f.sights[l.sights[p]], at, ref.Source, ref.ID) == 0
	// upTo is the last touch not after s, after the first one not before it; both are s
	// itself if the graph knows it.
	before, upTo, after := int32(p)-1, int32(p)-1, int32(p)
	start, stop := int32(p), int32(p)-1 // the session of a touch that stands alone
	if found {
		upTo = int32(p)
		start, stop = l.start[p], l.stop[p]
	} else {
		if before >= 0 && at-l.at[before] <= r.rs.gap && l.lastEnd[before] != before {
			start = l.start[before]
		}
		if after < n && l.at[after]-at <= r.rs.gap && !end {
			stop = l.stop[after]
		}
	}
	last, next := int32(-1), n
	if upTo >= 0 {
		last = l.lastLogin[upTo]
	}
	if after < n {
		next = l.nextLogin[after]
	}
	loggedOut := last < 0 || before >= 0 && l.lastEnd[before] >= last
	switch {
	case last >= start && last >= 0:
		return l.login[last], OwnerLoginBefore
	case next <= stop:
		return l.login[next], OwnerLoginAfter
	case !loggedOut && at-l.at[last] <= r.rs.carry:
		return l.login[last], OwnerCarry
	case r.rs.rules.Unowned == LastKnown && !loggedOut:
		return l.login[last], OwnerLastKnown
	case r.rs.rules.Unowned == Nearest && (last >= 0 || next < n):
		if next >= n || last >= 0 && at-l.at[last] <= l.at[next]-at {
			return l.login[last], OwnerNearest
		}
		return l.login[next], OwnerNearest
	}
	return -1, UnownedShared
}
