package identity

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// derivedAccounts is what the account rules ask of the facts, worked out once.
type derivedAccounts struct {
	byDomain map[string]AccountID // accounts of company domains that no fact names
	byID     map[AccountID]string
	order    []AccountID

	memberships map[int32][]Membership // in force, by the person's cluster, in no order
	mails       map[uint32]seenDomain  // business addresses
	websites    map[int32][]seenDomain // by the owner's cluster
	candidates  map[uint32][]AccountID // of shared account identifiers: accounts of their keys
}

// A seenDomain is a company domain, the text it came from, and when that was seen, ascending.
type seenDomain struct {
	domain, text string
	at           []int64
}

func (r *Resolution) deriveAccounts() *derivedAccounts {
	d := &derivedAccounts{byDomain: map[string]AccountID{}, byID: map[AccountID]string{},
		memberships: map[int32][]Membership{}, mails: map[uint32]seenDomain{}, websites: map[int32][]seenDomain{},
		candidates: map[uint32][]AccountID{}}
	r.deriveMails(d)
	r.deriveHints(d)
	r.deriveMemberships(d)
	r.deriveCandidates(d)
	d.order = slices.SortedFunc(maps.Keys(d.byID), func(a, b AccountID) int { return bytes.Compare(a[:], b[:]) })
	return d
}

// companyDomain returns the registrable domain of a host if it is another company's.
func (r *Resolution) companyDomain(host string) (string, bool) {
	reg, ok := r.rs.rules.Accounts.CompanyDomain(host)
	return reg, ok && !r.rs.ownDomains[reg] && !r.rs.ownDomains[host]
}

// note makes an account of a company domain unless the facts name one.
func (r *Resolution) note(d *derivedAccounts, reg string) {
	if r.rs.rules.Accounts.KnownOnly {
		return
	}
	id := MakeID(Domain, reg)
	if _, ok := r.rs.index[Domain]; !ok || r.rs.block(id) != linkable {
		return
	}
	if _, known := r.clusterOf(id, AccountEntity); known {
		return
	}
	if _, done := d.byDomain[reg]; !done {
		a := AccountID(r.rs.minter().mint(AccountEntity, id))
		d.byDomain[reg], d.byID[a] = a, reg
	}
}

func (r *Resolution) deriveMails(d *derivedAccounts) {
	for _, x := range r.order {
		id := r.f.entries[x].id
		if reg, ok := r.mailDomain(id); ok {
			d.mails[x] = seenDomain{domain: reg, text: id.value}
			r.note(d, reg)
		}
	}
	if len(d.mails) == 0 {
		return
	}
	see := func(x uint32, at int64) {
		if m, ok := d.mails[x]; ok {
			m.at = append(m.at, at)
			d.mails[x] = m
		}
	}
	for i := range r.f.sights {
		if s := &r.f.sights[i]; s.at <= r.at {
			for _, x := range r.f.idsOf(s) {
				see(x, s.at)
			}
		}
	}
	for i := range r.f.evidence {
		f := &r.f.evidence[i]
		if f.at > r.at || f.bounded() || !r.linkable(f.a) || !r.linkable(f.b) {
			continue // a tie to a placeholder says nothing, not even when the other was seen
		}
		e := r.factEdge(uint32(i))
		if r.judge(&e); e.dead == live {
			see(f.a, f.at)
			see(f.b, f.at)
		}
	}
	for _, m := range d.mails {
		slices.Sort(m.at)
	}
}

// mailDomain returns the company domain of a linkable e-mail address.
func (r *Resolution) mailDomain(id ID) (string, bool) {
	if r.rs.types[r.rs.index[id.typ]].format(id.typ) != FormatEmail {
		return "", false
	}
	return r.companyDomain(id.value[strings.LastIndexByte(id.value, '@')+1:])
}

func (r *Resolution) deriveHints(d *derivedAccounts) {
	for _, h := range r.f.hints {
		s := &r.f.sights[h.sight]
		if s.at > r.at {
			continue
		}
		if reg, ok := r.hostDomain(h.reverseIP); ok {
			r.note(d, reg)
		}
		reg, ok := r.hostDomain(h.website)
		if !ok {
			continue
		}
		r.note(d, reg)
		if c, ok := r.ownerCluster(r.Owner(r.f.sightingAt(h.sight))); ok {
			d.websites[c] = append(d.websites[c], seenDomain{reg, h.website, []int64{s.at}})
		}
	}
}

func (r *Resolution) hostDomain(text string) (string, bool) {
	host, ok := domain(trim(text))
	if !ok {
		return "", false
	}
	return r.companyDomain(host)
}

func (r *Resolution) ownerCluster(o Owner) (int32, bool) {
	x, ok := r.f.number(o.Via)
	if !ok || r.person[x] < 0 {
		return 0, false
	}
	return r.person[x], true
}

func (r *Resolution) deriveMemberships(d *derivedAccounts) {
	type key struct {
		person, account, source, ref string
		pt, at                       Type
		from                         time.Time
	}
	inForce := map[key]Membership{}
	for _, m := range r.f.relates {
		if m.At.UnixMicro() > r.at {
			continue
		}
		k := key{m.Person.value, m.Account.value, m.Source, m.Ref, m.Person.typ, m.Account.typ, m.From}
		if old, ok := inForce[k]; !ok || compareMemberships(old, m) < 0 {
			inForce[k] = m
		}
	}
	for _, m := range inForce {
		p, ok := r.clusterOf(m.Person, PersonEntity)
		if _, known := r.clusterOf(m.Account, AccountEntity); ok && known {
			c := r.person[p.anchor]
			d.memberships[c] = append(d.memberships[c], m)
		}
	}
}

// compareMemberships orders by At, then by the rest.
func compareMemberships(a, b Membership) int {
	return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Source, b.Source), strings.Compare(a.Ref, b.Ref),
		CompareIDs(a.Person, b.Person), CompareIDs(a.Account, b.Account), a.From.Compare(b.From), a.To.Compare(b.To),
		compareBools(a.Primary, b.Primary), cmp.Compare(a.Confidence, b.Confidence), strings.Compare(a.Role, b.Role))
}

// deriveCandidates finds, of shared account identifiers, the accounts whose keys live
// evidence ties to them.
func (r *Resolution) deriveCandidates(d *derivedAccounts) {
	done := map[uint32]bool{}
	for x, shared := range r.shared {
		c := r.comp[x]
		if !shared || done[c] || r.entityOf(uint32(x)) != AccountEntity {
			continue
		}
		done[c] = true
		for _, e := range r.edgesOf(c, nil) {
			for _, ends := range [2][2]uint32{{e.a, e.b}, {e.b, e.a}} {
				if key := ends[1]; e.dead == live && r.shared[ends[0]] && r.rs.types[r.f.entries[key].typ].Class == KeyClass {
					d.candidates[ends[0]] = append(d.candidates[ends[0]], r.clusters[r.person[key]].id)
				}
			}
		}
	}
	for x, list := range d.candidates {
		slices.SortFunc(list, compareAccounts)
		d.candidates[x] = slices.Compact(list)
	}
}
