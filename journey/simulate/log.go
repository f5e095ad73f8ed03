package simulate

// holdRecords is how many records are held at a time, more or less. More people than make
// so many are lived through once into a stepLog, and their records made step by step.
const holdRecords = 1 << 20

// expected is about how many records there will be.
func (m *model) expected() float64 {
	touches := 0.0
	for _, c := range m.world.Channels {
		touches += min(maxReach, c.Mu*m.delta) * (1 + m.world.Observe.Duplicate)
	}
	return float64(m.people) * (2 + float64(m.steps)*touches)
}

// A stepLog says in four bytes what happened to whom, step by step: enough to make the
// record of a touch again by itself, and of the rest by living through that life again.
type stepLog struct {
	seconds int32
	steps   []entries
}

type entries struct {
	full [][]uint32
	last []uint32
}

// An entry is a person and one of these codes, or a channel.
const (
	entryBits  = 5
	entryDeal  = 30 // of their account
	entryOther = 31
	maxPeople  = 1 << (32 - entryBits)
)

func (m *model) newLog() *stepLog {
	return &stepLog{m.seconds, make([]entries, max(1, m.steps))}
}

// take notes the records of a unit.
func (g *stepLog) take(rs []record) {
	for i := range rs {
		r := &rs[i]
		code := uint32(entryOther)
		switch r.what {
		case isTouch:
			code = uint32(r.truth)
		case isTwin, isIdentify:
			continue // comes with the original; comes for everybody
		case isForm, isOpportunity, isContract, isLost:
			code = entryDeal
		}
		g.steps[r.second/g.seconds].add(uint32(r.person)<<entryBits | code)
	}
}

// add notes an entry, once if it is repeated.
func (e *entries) add(entry uint32) {
	const chunk = 1 << 13
	switch n := len(e.last); {
	case n > 0 && e.last[n-1] == entry:
		return
	case n == chunk:
		e.full = append(e.full, e.last)
		e.last = make([]uint32, 0, chunk)
	}
	e.last = append(e.last, entry)
}

// expand makes the records of a step again, in the order in which they were taken, and
// forgets its entries.
func (w *recorder) expand(g *stepLog, step int, u *unit) {
	e := &g.steps[step]
	for _, chunk := range append(e.full, e.last) {
		for _, entry := range chunk {
			person, code := int(entry>>entryBits), entry&(1<<entryBits-1)
			switch code {
			case entryOther, entryDeal:
				w.again(person, code == entryDeal, u)
			default:
				w.touchAgain(person, ref{int(code), step}, u)
			}
		}
	}
	*e = entries{}
}

// relive lives through the life of a person's unit again and returns theirs.
func (w *recorder) relive(person int, u *unit) (l *life, sale int) {
	m := w.m
	i, place := person, 0
	if m.world.Accounts != nil {
		i, place = m.accountOf(person)
	}
	m.drawUnit(u, w.s, i, m.steps)
	sale, _ = m.liveUnit(u, m.all, m.steps)
	return u.members[place], sale
}

// again makes the records of a person, or of the deal, that are no touches.
func (w *recorder) again(person int, deal bool, u *unit) {
	_, sale := w.relive(person, u)
	labels := w.labels
	first := len(w.records)
	w.labels = false
	w.unit(u, sale)
	w.labels = labels
	kept := w.records[:first]
	for _, r := range w.records[first:] {
		other := r.what == isLogin || r.what == isStage || r.what == isOrder
		if deal && r.what >= isForm && int(r.person) == person || !deal && other && int(r.person) == person {
			kept = append(kept, r)
		}
	}
	w.records = kept
}

// identifyAgain makes the record with which a person entered.
func (w *recorder) identifyAgain(person int) {
	m := w.m
	account := 0
	if m.world.Accounts != nil {
		account, _ = m.accountOf(person)
	}
	var l life
	m.drawProfile(&l, w.s, person, m.sharedIntent(w.s, account))
	p := m.meet(w.s, person)
	w.add(identify(&l, &p))
}

// touchAgain makes the records of one touch.
func (w *recorder) touchAgain(person int, at ref, u *unit) {
	m := w.m
	l := &life{person: person}
	if w.kin && m.excited[at.channel] != 0 {
		l, _ = w.relive(person, u)
	}
	p := m.meet(w.s, person)
	w.ts = append(w.ts[:0], m.touchOf(w.s, person, at))
	m.observe(w.s, person, &p, w.ts)
	fired, ok := w.fired[int32(person)]
	w.touch(&w.ts[0], l, &p, ok && fired == at)
}
