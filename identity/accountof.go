package identity

import (
	"bytes"
	"cmp"
	"iter"
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

	memberships map[int32][]Membership // in force, by the person's cluster
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
	for x, shared := range r.shared {
		if shared && r.entityOf(uint32(x)) == AccountEntity {
			d.candidates[uint32(x)] = r.keyAccounts(uint32(x))
		}
	}
	d.order = slices.SortedFunc(maps.Keys(d.byID), func(a, b AccountID) int { return bytes.Compare(a[:], b[:]) })
	return d
}

// companyDomain returns the registrable domain of a host if it is a company's.
func (r *Resolution) companyDomain(host string) (string, bool) {
	if host == "" {
		return "", false
	}
	a := &r.rs.rules.Accounts
	table := a.Domains
	if table == nil {
		table = builtinDomains
	}
	reg, ok := table.Registrable(host)
	if !ok || r.rs.ownDomains[reg] || r.rs.ownDomains[host] || table.Class(host) != Company {
		return "", false
	}
	return reg, true
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
		if reg, ok := r.mailDomain(x); ok {
			d.mails[x] = seenDomain{domain: reg, text: r.f.entries[x].id.value}
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
		if f.at > r.at || f.bounded() {
			continue
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

// mailDomain returns the company domain of an e-mail address.
func (r *Resolution) mailDomain(x uint32) (string, bool) {
	e := &r.f.entries[x]
	if e.block != linkable || r.rs.types[e.typ].format(e.id.typ) != FormatEmail {
		return "", false
	}
	return r.companyDomain(e.id.value[strings.LastIndexByte(e.id.value, '@')+1:])
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
	for _, ms := range d.memberships {
		slices.SortFunc(ms, compareMemberships)
	}
}

// compareMemberships orders by At, then by the rest.
func compareMemberships(a, b Membership) int {
	return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Source, b.Source), strings.Compare(a.Ref, b.Ref),
		CompareIDs(a.Person, b.Person), CompareIDs(a.Account, b.Account), a.From.Compare(b.From), a.To.Compare(b.To),
		compareBools(a.Primary, b.Primary), cmp.Compare(a.Confidence, b.Confidence), strings.Compare(a.Role, b.Role))
}

// keyAccounts returns the accounts whose keys live evidence ties to x.
func (r *Resolution) keyAccounts(x uint32) []AccountID {
	var out []AccountID
	for _, e := range r.edgesOf(r.comp[x], nil) {
		if e.dead != live || e.a != x && e.b != x {
			continue
		}
		y := e.a ^ e.b ^ x
		if r.rs.types[r.f.entries[y].typ].Class == KeyClass {
			out = append(out, r.clusters[r.person[y]].id)
		}
	}
	slices.SortFunc(out, func(a, b AccountID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

// Account says to which account a touch belongs, judged at the touch's own time, by the
// first rule that answers:
//
//  1. on_touch: the strongest account identifier of the touch that is not shared;
//  2. membership: the memberships of the touch's owner valid at the time: the only
//     account, or the only primary one;
//  3. email_domain: the company domain of an address of the touch, else of the owner's
//     address last seen at or before the time, else first seen after it;
//  4. website: the same with the web sites of the touch and of the owner;
//  5. reverse_ip: the company domain of the touch's network address.
//
// Several accounts are ambiguous, never guessed: Candidates names them, best first.
func (r *Resolution) Account(s Sighting) AccountOf {
	if r.empty() {
		return AccountOf{Reason: AccountNone}
	}
	if a, ok := r.accountOnTouch(s); ok {
		return a
	}
	d := r.derived()
	at := s.At.UnixMicro()
	owner, owned := r.ownerCluster(r.Owner(s))
	if owned {
		if a, ok := r.accountOfMember(d, owner, at); ok {
			return a
		}
	}
	var mails, sites []seenDomain
	for _, id := range s.IDs {
		if x, ok := r.f.number(id); ok {
			if reg, ok := r.mailDomain(x); ok {
				mails = append(mails, seenDomain{reg, id.value, []int64{at}})
			}
		}
	}
	if reg, ok := r.hostDomain(s.Website); ok {
		sites = append(sites, seenDomain{reg, s.Website, []int64{at}})
	}
	var ownMails, ownSites []seenDomain
	if owned {
		c := &r.clusters[owner]
		for _, x := range r.order[c.start:c.end] {
			if m, ok := d.mails[x]; ok {
				ownMails = append(ownMails, m)
			}
		}
		ownSites = d.websites[owner]
	}
	for _, ask := range []struct {
		reason AccountReason
		from   []seenDomain
	}{{AccountEmail, mails}, {AccountEmail, ownMails}, {AccountWebsite, sites}, {AccountWebsite, ownSites}} {
		if reg, ok := seenBy(ask.from, at); ok {
			if a, ok := r.accountOfDomain(d, reg, ask.reason); ok {
				return a
			}
		}
	}
	if reg, ok := r.hostDomain(s.ReverseIP); ok {
		if a, ok := r.accountOfDomain(d, reg, AccountReverseIP); ok {
			return a
		}
	}
	return AccountOf{Reason: AccountNone}
}

func (r *Resolution) accountOnTouch(s Sighting) (AccountOf, bool) {
	best := ID{}
	for _, id := range s.IDs {
		x, ok := r.f.number(id)
		if ok && r.person[x] >= 0 && !r.shared[x] && r.entityOf(x) == AccountEntity &&
			(best.IsZero() || id.Compare(best, &r.rs.rules) < 0) {
			best = id
		}
	}
	if best.IsZero() {
		return AccountOf{}, false
	}
	c, _ := r.clusterOf(best, AccountEntity)
	return AccountOf{Account: c.id, Reason: AccountOnTouch}, true
}

func (r *Resolution) accountOfMember(d *derivedAccounts, owner int32, at int64) (AccountOf, bool) {
	best := map[AccountID]Membership{} // the best of each account
	compare := func(a, b Membership) int {
		return cmp.Or(-compareBools(a.Primary, b.Primary), b.From.Compare(a.From), cmp.Compare(b.Confidence, a.Confidence))
	}
	primaries := 0
	for _, m := range d.memberships[owner] {
		if micros(m.From, minTime) > at || micros(m.To, maxTime) <= at {
			continue
		}
		c, _ := r.clusterOf(m.Account, AccountEntity)
		if old, ok := best[c.id]; !ok || compare(m, old) < 0 {
			if m.Primary && !old.Primary {
				primaries++
			}
			best[c.id] = m
		}
	}
	if len(best) == 0 {
		return AccountOf{}, false
	}
	candidates := slices.SortedFunc(maps.Keys(best), func(a, b AccountID) int {
		return cmp.Or(compare(best[a], best[b]), bytes.Compare(a[:], b[:]))
	})
	if len(candidates) == 1 || primaries == 1 {
		return AccountOf{Account: candidates[0], Reason: AccountMembership}, true
	}
	return r.ambiguous(AccountOf{Reason: AccountMembership, Candidates: candidates}), true
}

func (r *Resolution) ambiguous(a AccountOf) AccountOf {
	if r.rs.rules.Accounts.TakeFirst && len(a.Candidates) > 0 {
		a.Account = a.Candidates[0]
		return a
	}
	a.Reason = AccountAmbiguous
	return a
}

// seenBy returns the domain last seen at or before an instant, else the one first seen
// after it, ties by text.
func seenBy(ds []seenDomain, at int64) (string, bool) {
	best, bestAt := -1, int64(0)
	for i, d := range ds {
		if len(d.at) == 0 {
			continue
		}
		n, exact := slices.BinarySearch(d.at, at)
		when := at
		switch {
		case exact:
		case n > 0:
			when = d.at[n-1]
		default:
			when = d.at[0]
		}
		better := best < 0
		if !better {
			switch was, is := bestAt <= at, when <= at; {
			case was != is:
				better = is
			case when != bestAt:
				better = (when > bestAt) == is
			default:
				better = d.text < ds[best].text
			}
		}
		if better {
			best, bestAt = i, when
		}
	}
	if best < 0 {
		return "", false
	}
	return ds[best].domain, true
}

// accountOfDomain returns the account of a company domain.
func (r *Resolution) accountOfDomain(d *derivedAccounts, reg string, reason AccountReason) (AccountOf, bool) {
	out := AccountOf{Reason: reason, Domain: reg}
	if x, ok := r.f.number(MakeID(Domain, reg)); ok && r.person[x] >= 0 {
		if r.shared[x] {
			out.Candidates = d.candidates[x]
			return r.ambiguous(out), true
		}
		out.Account = r.clusters[r.person[x]].id
		return out, true
	}
	if r.rs.rules.Accounts.KnownOnly {
		return AccountOf{}, false
	}
	if a, ok := d.byDomain[reg]; ok {
		out.Account = a
		return out, true
	}
	id := MakeID(Domain, reg) // of a touch that the graph does not know
	if _, ok := r.rs.index[Domain]; !ok || r.rs.block(id) != linkable {
		return AccountOf{}, false
	}
	out.Account = r.rs.minter().mint(AccountEntity, id)
	return out, true
}

func (r *Resolution) derivedByID(id ID) (Account, bool) {
	if r.empty() || id.typ != Domain {
		return Account{}, false
	}
	return r.derivedByAccountID(r.derived().byDomain[id.value])
}

func (r *Resolution) derivedByAccountID(a AccountID) (Account, bool) {
	if r.empty() || a.IsZero() {
		return Account{}, false
	}
	reg, ok := r.derived().byID[a]
	if !ok {
		return Account{}, false
	}
	id := MakeID(Domain, reg)
	return Account{ID: a, Anchor: id, IDs: []ID{id}}, true
}

// Accounts walks all accounts by AccountID, those of company domains that only people's
// addresses name included.
func (r *Resolution) Accounts() iter.Seq[Account] {
	return func(yield func(Account) bool) {
		if r.empty() {
			return
		}
		known, derived := r.byID[AccountEntity], r.derived().order
		for len(known)+len(derived) > 0 {
			var a Account
			if len(known) == 0 || len(derived) > 0 && bytes.Compare(derived[0][:], r.clusters[known[0]].id[:]) < 0 {
				a, _ = r.derivedByAccountID(derived[0])
				derived = derived[1:]
			} else {
				a = r.accountOf(&r.clusters[known[0]])
				known = known[1:]
			}
			if !yield(a) {
				return
			}
		}
	}
}
