package simulate

import (
	"math"
	"time"
)

// tellAll fills in what there was of everything, what fired the sales, and the deals.
func (m *model) tellAll(t *Truth) {
	labelled := m.labelled()
	if labelled {
		t.Trigger, t.Lineage = map[string]float64{}, map[string]float64{}
		for _, c := range t.Channels {
			t.Trigger[c], t.Lineage[c] = 0, 0
		}
		t.Trigger[baseline], t.Lineage[baseline] = 0, 0
		if len(m.synergy) > 0 {
			t.Trigger[synergy], t.Lineage[synergy] = 0, 0
		}
	}
	w := &recorder{m: m, s: newStream(m.seed), until: math.MaxInt32}
	cutoff := m.cutoff()
	var u unit
	for i := range m.units() {
		m.drawUnit(&u, w.s, i, m.steps)
		sale, _ := m.liveUnit(&u, m.all, m.steps)
		w.records = w.records[:0]
		w.unit(&u, sale)
		for i := range w.records {
			if w.records[i].second >= cutoff {
				w.counts.count(w.records[i].what)
			}
		}
		if m.world.Accounts != nil {
			t.Accounts = append(t.Accounts, w.tellDeal(&u))
		}
		if sale < 0 || !labelled {
			continue
		}
		fired := m.causeOf(&u, w.s)
		t.Trigger[m.label(fired)]++
		chain := m.lineage(w.s, u.members[fired.member], fired.touch)
		if len(chain) == 0 {
			t.Lineage[m.label(fired)]++
		}
		for _, c := range chain {
			t.Lineage[c] += 1 / float64(len(chain))
		}
	}
	t.Counts = w.counts
	t.Counts.People = m.people
}

// tellDeal is the deal of a lived unit.
func (w *recorder) tellDeal(u *unit) Deal {
	m, d := w.m, &u.deal
	deal := Deal{Account: accountID(u.index), Members: []string{}, Won: d.won}
	for _, l := range u.members[:u.seen] {
		deal.Members = append(deal.Members, userID(l.person))
	}
	if d.opportunity >= 0 && m.labelled() {
		fired := m.causeOf(u, w.s)
		deal.Cause = m.label(fired)
		if fired.touch.channel >= 0 {
			deal.CauseMember = userID(u.members[fired.member].person)
		}
	}
	w.milestones(u)
	for i, at := range []*time.Time{&deal.Known, &deal.Opportunity, &deal.Closed} {
		if w.dealt[i] >= 0 {
			*at = m.instant(w.dealt[i])
		}
	}
	if d.won {
		deal.Value = float64(d.value) / 100
	}
	return deal
}
