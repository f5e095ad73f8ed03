package sim

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// A partition is who is who: of people, and apart from them of accounts.
type partition struct {
	home   map[string]*cluster // by identifier; what never links has none
	shared map[string]bool     // held by too many: nobody's
	first  map[string]int64    // when an identifier was first seen
	live   map[pair]int64      // pairs with evidence that counts, and its first instant
}

// A cluster is one person or account.
type cluster struct {
	ids map[string]bool
	id  string // as the library spells it
}

// A pair of identifiers, the stronger first.
type pair struct{ a, b string }

func pairOf(a, b string) pair {
	if stronger(b, a) < 0 {
		return pair{b, a}
	}
	return pair{a, b}
}

// An edge is one piece of evidence that may be taken back.
type edge struct {
	pair
	source, ref string
	at          int64
}

// stitch resolves from nothing: live pairs, forced links, what is shared, then the pairs
// from the strongest to the weakest.
func (o *oracle) stitch() *partition {
	p := &partition{home: map[string]*cluster{}, shared: map[string]bool{}, first: map[string]int64{}, live: map[pair]int64{}}
	o.meet(p)
	for _, m := range o.musts {
		if links(m.IDs[0]) && links(m.IDs[1]) {
			o.join(p, m.IDs[0], m.IDs[1], m.Force)
		}
	}
	o.findShared(p)
	var order []pair
	for d := range p.live {
		order = append(order, d)
	}
	rank := func(d pair) int { return o.typeOf(d.a).rank + o.typeOf(d.b).rank }
	slices.SortFunc(order, func(x, y pair) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(p.live[x], p.live[y]), stronger(x.a, y.a), stronger(x.b, y.b))
	})
	for _, d := range order {
		if !p.shared[d.a] && !p.shared[d.b] {
			o.join(p, d.a, d.b, false)
		}
	}
	for x := range p.shared { // a forced link makes a shared one somebody's
		if len(p.home[x].ids) > 1 {
			delete(p.shared, x)
		}
	}
	for _, c := range p.home {
		if c.id == "" {
			c.id = o.name(p, c)
		}
	}
	return p
}

// inForce sorts the operator's statements out: links that are forced, pairs that are kept
// apart, evidence that is taken back.
func (o *oracle) inForce() {
	for i, s := range o.overrides {
		stands := true
		for _, later := range o.overrides[i+1:] {
			switch {
			case later.Kind == "restore" && later.Target == s.ID && inOrder(s, later) < 0:
				stands = false
			case ofPair(s.Kind) && ofPair(later.Kind) && pairOf(s.IDs[0], s.IDs[1]) == pairOf(later.IDs[0], later.IDs[1]) && !o.restored(later):
				stands = false
			}
		}
		switch {
		case !stands:
		case s.Kind == "must_link" && s.IDs[0] != s.IDs[1]:
			o.musts = append(o.musts, s)
		case s.Kind == "cannot_link":
			o.apart = append(o.apart, s)
		case s.Kind == "retract":
			o.takenBack = append(o.takenBack, s)
		}
	}
}

func ofPair(op string) bool { return op == "must_link" || op == "cannot_link" || op == "clear" }

func (o *oracle) restored(s Record) bool {
	return slices.ContainsFunc(o.overrides, func(r Record) bool {
		return r.Kind == "restore" && r.Target == s.ID && inOrder(s, r) < 0
	})
}

// meet makes everybody a cluster of their own, and collects the live pairs.
func (o *oracle) meet(p *partition) {
	seen := func(id string, at int64) {
		if old, ok := p.first[id]; at != 0 && (!ok || at < old) {
			p.first[id] = at
		}
		if links(id) && p.home[id] == nil {
			p.home[id] = &cluster{ids: map[string]bool{id: true}}
		}
	}
	count := func(e edge) {
		if !o.dead(e) {
			if old, ok := p.live[e.pair]; !ok || e.at < old {
				p.live[e.pair] = e.at
			}
			for _, id := range []string{e.a, e.b} {
				seen(id, e.at)
			}
		}
	}
	for _, t := range o.touches {
		for _, id := range t.IDs {
			seen(id, t.At)
		}
		for _, account := range []bool{false, true} {
			star := o.linking(t.IDs, account)
			for i := 1; i < len(star); i++ {
				count(edge{pairOf(star[0], star[i]), t.Source, t.ID, t.At})
			}
		}
	}
	for _, e := range o.evidence {
		if e.IDs[0] == e.IDs[1] {
			continue
		}
		for _, id := range e.IDs {
			seen(id, 0)
		}
		if e.From == 0 && e.To == 0 && links(e.IDs[0]) && links(e.IDs[1]) {
			count(edge{pairOf(e.IDs[0], e.IDs[1]), e.Source, e.ID, e.At})
		}
	}
	for _, s := range o.overrides {
		if s.Kind == "must_link" {
			seen(s.IDs[0], 0)
			seen(s.IDs[1], 0)
		}
	}
	for _, m := range o.memberships {
		seen(m.IDs[1], 0)
	}
}

// linking are the linking identifiers of one entity, the strongest first.
func (o *oracle) linking(ids []string, account bool) (out []string) {
	for _, id := range ids {
		if links(id) && o.typeOf(id).account == account {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, stronger)
	return out
}

// dead reports whether a retraction takes evidence back.
func (o *oracle) dead(e edge) bool {
	return slices.ContainsFunc(o.takenBack, func(r Record) bool { return takesBack(r, e) })
}

func takesBack(r Record, e edge) bool {
	for _, id := range r.IDs {
		if id != e.a && id != e.b {
			return false
		}
	}
	return r.Touch == nil || r.Touch[0] == e.source && r.Touch[1] == e.ref
}

// join makes two clusters one, unless a rule forbids it.
func (o *oracle) join(p *partition, a, b string, force bool) {
	x, y := p.home[a], p.home[b]
	if x == y {
		return
	}
	all := map[string]int{} // distinct values by type
	for _, c := range []*cluster{x, y} {
		for id := range c.ids {
			typ, _, _ := strings.Cut(id, ":")
			all[typ]++
		}
	}
	for _, s := range o.apart {
		if (x.ids[s.IDs[0]] || y.ids[s.IDs[0]]) && (x.ids[s.IDs[1]] || y.ids[s.IDs[1]]) {
			return
		}
	}
	for typ, n := range all {
		if max := o.typeOf(typ + ":").max; !force && max > 0 && n > max && x.has(typ) && y.has(typ) {
			return
		}
	}
	for id := range y.ids {
		x.ids[id] = true
		p.home[id] = x
	}
}

func (c *cluster) has(typ string) bool {
	for id := range c.ids {
		if strings.HasPrefix(id, typ+":") {
			return true
		}
	}
	return false
}

// findShared marks what too many own or are tied to.
func (o *oracle) findShared(p *partition) {
	for x := range p.home {
		t := o.typeOf(x)
		if t.class == 'k' {
			continue
		}
		near := map[string]bool{}
		for d := range p.live {
			if d.a == x {
				near[d.b] = true
			} else if d.b == x {
				near[d.a] = true
			}
		}
		owners := map[string]map[*cluster]bool{}
		for y := range near {
			if typ, _, _ := strings.Cut(y, ":"); o.typeOf(y).class == 'k' {
				if owners[typ] == nil {
					owners[typ] = map[*cluster]bool{}
				}
				owners[typ][p.home[y]] = true
			}
		}
		p.shared[x] = t.maxNear > 0 && len(near) > t.maxNear
		for _, set := range owners {
			p.shared[x] = p.shared[x] || t.maxOwners > 0 && len(set) > t.maxOwners
		}
		if !p.shared[x] {
			delete(p.shared, x)
		}
	}
}

// name makes the id of a cluster from its anchor: the strongest, first seen identifier.
func (o *oracle) name(p *partition, c *cluster) string {
	anchor := ""
	for id := range c.ids {
		if anchor == "" || o.anchors(p, id, anchor) {
			anchor = id
		}
	}
	typ, value, _ := strings.Cut(anchor, ":")
	use := "tabi.person.v1"
	if o.typeOf(anchor).account {
		use = "tabi.account.v1"
	}
	return named(use, typ, value)
}

func named(use, typ, value string) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(use + "\x1f\x1f" + typ + "\x1f" + value))
	b := m.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (o *oracle) anchors(p *partition, x, y string) bool {
	fx, okX := p.first[x]
	fy, okY := p.first[y]
	switch {
	case o.typeOf(x).rank != o.typeOf(y).rank:
		return o.typeOf(x).rank < o.typeOf(y).rank
	case okX != okY:
		return okX
	case fx != fy:
		return fx < fy
	}
	return stronger(x, y) < 0
}
