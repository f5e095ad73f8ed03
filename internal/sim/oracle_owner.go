package sim

import (
	"slices"
	"strings"
)

// session rules of shared devices, as the library has them by default.
const (
	sessionGap = 30 * minute
	carryOver  = 30 * minute
)

// owner is the identifier whose person a touch belongs to, "" for nobody.
func (o *oracle) owner(t Record) string {
	device := ""
	for _, x := range o.linking(t.IDs, false) {
		if e, ok := o.interval(t, x); ok {
			return e
		}
		if !o.people.shared[x] {
			return x
		}
		if device == "" && o.typeOf(x).class == 'd' {
			device = x
		}
	}
	if device == "" {
		return ""
	}
	return o.loggedIn(t, device)
}

// interval finds evidence that says whose an identifier was for a while.
func (o *oracle) interval(t Record, x string) (string, bool) {
	best := Record{}
	for _, e := range o.evidence {
		if e.From == 0 && e.To == 0 || e.IDs[0] == e.IDs[1] {
			continue
		}
		p := pairOf(e.IDs[0], e.IDs[1])
		if p.b != x || !links(p.a) || o.dead(edge{p, e.Source, e.ID, e.At}) || t.At < e.From || e.To != 0 && t.At >= e.To {
			continue
		}
		if best.IDs == nil || e.From > best.From || e.From == best.From && stronger(p.a, best.IDs[0]) < 0 {
			best = Record{IDs: []string{p.a}, From: e.From}
		}
	}
	if best.IDs == nil {
		return "", false
	}
	return best.IDs[0], true
}

// loggedIn finds who was logged in on a shared device, by walking its whole history.
func (o *oracle) loggedIn(t Record, device string) string {
	var log []Record
	me := 0
	for _, s := range o.touches {
		if slices.Contains(s.IDs, device) {
			if s.Source == t.Source && s.ID == t.ID {
				me = len(log)
			}
			log = append(log, s)
		}
	}
	login := func(s Record) string {
		for _, x := range o.linking(s.IDs, false) {
			p := pairOf(x, device)
			if o.typeOf(x).class == 'k' && !o.dead(edge{p, s.Source, s.ID, s.At}) {
				return x
			}
		}
		return ""
	}
	parted := func(i int) bool { // between log[i] and log[i+1]
		return log[i+1].At-log[i].At > sessionGap || log[i].Kind == "logout"
	}
	for i := me; i >= 0; i-- {
		if k := login(log[i]); k != "" {
			return k
		}
		if i > 0 && parted(i-1) {
			break
		}
	}
	for i := me; i < len(log); i++ {
		if k := login(log[i]); k != "" {
			return k
		}
		if i+1 < len(log) && parted(i) {
			break
		}
	}
	for i := me - 1; i >= 0 && log[i].Kind != "logout"; i-- {
		if k := login(log[i]); k != "" {
			if t.At-log[i].At <= carryOver {
				return k
			}
			break
		}
	}
	return ""
}

// person is the id of whoever has an identifier, "" for nobody.
func (o *oracle) person(id string) string {
	if c := o.people.home[id]; c != nil {
		return c.id
	}
	return ""
}

// placed is the account of each touch: by itself, else as the touches of its person
// around it.
func (o *oracle) placed() []string {
	out, who := make([]string, len(o.touches)), make([]string, len(o.touches))
	for i, t := range o.touches {
		out[i], who[i] = o.account(t, o.owners[i]), o.person(o.owners[i])
	}
	for i := range out {
		if out[i] != "" || who[i] == "" {
			continue
		}
		for k := i - 1; k >= 0 && out[i] == ""; k-- {
			if who[k] == who[i] {
				out[i] = out[k]
			}
		}
	}
	// What stands before the first that is placed goes with it.
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] != "" || who[i] == "" {
			continue
		}
		for k := i + 1; k < len(out); k++ {
			if out[k] != "" && who[k] == who[i] {
				out[i] = out[k]
				break
			}
		}
	}
	return out
}

// account is the account of a touch judged at its own time: "" for none or several.
func (o *oracle) account(t Record, owner string) string {
	for _, x := range o.linking(t.IDs, true) {
		if !o.people.shared[x] {
			return o.person(x)
		}
	}
	if owner != "" {
		if a, decided := o.member(o.person(owner), t.At); decided {
			return a
		}
	}
	own, theirs := []string{}, []string{}
	for _, id := range t.IDs {
		if company(id) {
			own = append(own, id)
		}
	}
	if owner != "" {
		for id := range o.people.home[owner].ids {
			if company(id) {
				theirs = append(theirs, id)
			}
		}
	}
	for _, mails := range [][]string{own, theirs} {
		if mail := o.lastSeen(mails, t.At); mail != "" {
			domain := "domain:" + mail[strings.IndexByte(mail, '@')+1:]
			if o.people.shared[domain] {
				return "" // several accounts answer
			}
			if a := o.person(domain); a != "" {
				return a
			}
			return named("tabi.account.v1", "domain", domain[len("domain:"):])
		}
	}
	return ""
}

func company(id string) bool {
	return strings.HasPrefix(id, "email:") && links(id) && !strings.HasSuffix(id, "@gmail.com")
}

// member is the account of a person by memberships valid at an instant.
func (o *oracle) member(person string, at int64) (account string, decided bool) {
	accounts, primary := map[string]bool{}, map[string]bool{}
	for _, m := range o.memberships {
		if o.person(m.IDs[0]) != person || o.person(m.IDs[1]) == "" || m.From > at || m.To != 0 && m.To <= at || o.replaced(m) {
			continue
		}
		a := o.person(m.IDs[1])
		accounts[a] = true
		if m.Primary {
			primary[a] = true
		}
	}
	only := func(set map[string]bool) string {
		for a := range set {
			return a
		}
		return ""
	}
	switch {
	case len(accounts) == 0:
		return "", false
	case len(accounts) == 1:
		return only(accounts), true
	case len(primary) == 1:
		return only(primary), true
	}
	return "", true
}

// replaced reports whether a later record of the same membership counts instead.
func (o *oracle) replaced(m Record) bool {
	return slices.ContainsFunc(o.memberships, func(n Record) bool {
		return n.Source == m.Source && n.ID == m.ID && slices.Equal(n.IDs, m.IDs) && n.From == m.From && n.At > m.At
	})
}

// lastSeen is the address last seen at or before an instant, else the one first seen
// after it.
func (o *oracle) lastSeen(mails []string, at int64) string {
	best, bestAt := "", int64(0)
	for _, m := range mails {
		for _, s := range o.seen(m) {
			before, was := s <= at, bestAt <= at
			switch {
			case best == "",
				before && !was,
				before == was && (before && s > bestAt || !before && s < bestAt),
				before == was && s == bestAt && m < best:
				best, bestAt = m, s
			}
		}
	}
	return best
}

// seen lists the instants of live facts that carry an identifier.
func (o *oracle) seen(id string) []int64 {
	if out, ok := o.sightings[id]; ok {
		return out
	}
	var out []int64
	for _, t := range o.touches {
		if slices.Contains(t.IDs, id) {
			out = append(out, t.At)
		}
	}
	for _, e := range o.evidence {
		p := edge{pairOf(e.IDs[0], e.IDs[1]), e.Source, e.ID, e.At}
		if slices.Contains(e.IDs, id) && e.From == 0 && e.To == 0 && !o.dead(p) && e.IDs[0] != e.IDs[1] && links(e.IDs[0]) && links(e.IDs[1]) {
			out = append(out, e.At)
		}
	}
	o.sightings[id] = out
	return out
}
