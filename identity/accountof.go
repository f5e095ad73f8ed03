package identity

import (
	"bytes"
	"cmp"
	"iter"
	"maps"
	"slices"
)

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
//
// The sighting need not be one of the graph's: an identifier that the graph does not know
// answers as it would if the touch were seen.
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
		if _, block, ok := r.look(id, PersonEntity); ok && block == linkable {
			if reg, ok := r.mailDomain(id); ok {
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
		x, block, ok := r.look(id, AccountEntity)
		if ok && block == linkable && (x < 0 || !r.shared[x]) &&
			(best.IsZero() || id.Compare(best, &r.rs.rules) < 0) {
			best = id
		}
	}
	if best.IsZero() {
		return AccountOf{}, false
	}
	if c, ok := r.clusterOf(best, AccountEntity); ok {
		return AccountOf{Account: c.id, Reason: AccountOnTouch}, true
	}
	return AccountOf{Account: r.rs.minter().mint(AccountEntity, best), Reason: AccountOnTouch}, true
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
