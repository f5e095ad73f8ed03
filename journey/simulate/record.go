package simulate

// what says what a record is about.
type what uint8

const (
	isTouch what = iota
	isTwin
	isIdentify
	isLogin
	isOrder
	isStage
	isForm        // a deal becomes known
	isOpportunity // and so on
	isContract
	isLost
)

// sources name who recorded. Each numbers its records in order of time.
const (
	fromAds = iota
	fromMail
	fromWeb
	fromShop
	fromCRM
	fromCDP // the second recorder
	sources
)

var sourceNames = [sources]string{"ads", "mail", "web", "shop", "crm", "cdp"}

// A record is a touch as written, in the little that it takes to make one.
type record struct {
	value   int64
	second  int32 // when it really happened, since the start
	shift   int32 // what the clock that stamped it was off by
	delay   int32 // until it arrived
	person  int32
	number  uint32 // of its source; 0 until numbered
	kin     uint32 // twin: number of the original; touch: of its parent; 0 is none
	what    what
	channel uint8 // as named on the record
	truth   uint8 // as it was
	device  int8
	detail  uint8 // touch, twin: defect, spelling; stage: which; identify: segment and persona
	flags   flags
	parent  int8 // the channel of the touch that brought it, −1 for none; if kin are wanted
}

type flags uint8

const (
	withDevice flags = 1 << iota // carries the anonymous_id of its device
	withUser                     // carries the user_id
	withMail                     // carries the e-mail
	isCause                      // fired a sale: the truth wants to know its number
)

func (m *model) sourceOf(r *record) int {
	switch r.what {
	case isTouch:
		if m.world.Channels[r.truth].Kind == "email_click" {
			return fromMail
		}
		return fromAds
	case isTwin:
		return fromCDP
	case isLogin, isForm:
		return fromWeb
	case isOrder:
		return fromShop
	}
	return fromCRM
}

// A recorder turns lives into records.
type recorder struct {
	m       *model
	s       *stream
	labels  bool // draw causes
	kin     bool // draw parents
	parents map[touchAt]uint32
	fired   map[int32]ref // by person, in case their touches are made again
	from    int32
	until   int32 // records of this span, in seconds since the start
	records []record
	counts  Counts // complete if all records are wanted
	ts      []touch
	stages  []move
	dealt   [3]int32 // seconds of the deal's milestones
}

func (w *recorder) add(r record) {
	if r.second >= w.from && r.second < w.until {
		w.records = append(w.records, r)
	}
}

// unit writes the records of a lived unit.
func (w *recorder) unit(u *unit, sale int) {
	m := w.m
	fired := cause{touch: noTouch}
	if w.labels && sale >= 0 && m.labelled() {
		fired = m.causeOf(u, w.s)
		if w.fired != nil {
			w.fired[int32(u.members[fired.member].person)] = fired.touch
		}
	}
	for k, l := range u.members[:u.seen] {
		mine := noTouch
		if fired.member == k {
			mine = fired.touch
		}
		w.person(l, mine)
	}
	if m.world.Accounts != nil {
		w.deal(u)
	}
}

// person writes the records of one lived life, of whose touches one fired the sale.
func (w *recorder) person(l *life, fired ref) {
	m := w.m
	p := m.meet(w.s, l.person)
	w.ts = m.touches(l, w.s, w.ts)
	m.observe(w.s, l.person, &p, w.ts)
	id := int32(l.person)
	w.add(identify(l, &p))
	w.counts.Devices += p.devices
	for _, t := range w.ts {
		w.touch(&t, l, &p, t.ref == fired)
	}
	if p.observed {
		w.logins(id, &p)
	}
	sale := m.saleSecond(w.s, l.person, l.end)
	w.stages = m.moves(l, w.s, w.ts, sale, w.stages)
	for _, v := range w.stages {
		if v.told {
			w.add(record{what: isStage, person: id, second: v.second, detail: v.stage, flags: withUser})
		}
	}
	if sale >= 0 {
		order := record{what: isOrder, person: id, second: sale, value: l.value, flags: withUser}
		if p.observed {
			order.flags |= withDevice
			order.device = p.bought
		}
		order.shift = p.skew[p.bought]
		w.add(order)
	}
}

// identify is the record with which everybody enters.
func identify(l *life, p *seen) record {
	r := record{what: isIdentify, person: int32(l.person), flags: withUser, detail: uint8(l.segment), channel: uint8(l.persona)}
	if p.mailed {
		r.flags |= withMail
	}
	return r
}

func (w *recorder) touch(t *touch, l *life, p *seen, fired bool) {
	w.counts.Touches++
	if t.lost {
		w.counts.Lost++
		return
	}
	if t.delay >= promptness {
		w.counts.Late++
	}
	if t.defect >= badTime {
		w.counts.Unusable++
	}
	r := record{
		what: isTouch, person: int32(l.person), second: t.second, delay: t.delay,
		channel: t.named, truth: uint8(t.channel), device: t.device, detail: uint8(t.defect), flags: withUser,
	}
	if p.observed {
		r.flags = withDevice
		if p.mailed && w.m.world.Channels[t.channel].Kind == "email_click" {
			r.flags |= withMail
		}
	}
	if t.device >= 0 {
		r.shift = p.skew[t.device]
	}
	if fired {
		r.flags |= isCause
	}
	r.parent = -1
	if w.kin {
		r.parent = int8(w.m.parent(w.s, l, t.ref).channel)
	}
	w.add(r)
	if t.twin {
		r.what, r.shift, r.delay, r.detail = isTwin, t.shift, t.delay2, t.spell
		r.flags &^= isCause
		w.add(r)
	}
}

// logins writes a login on each device that has one, right after one of its touches.
func (w *recorder) logins(person int32, p *seen) {
	for d := range int8(p.devices) {
		if !p.logins[d] {
			continue
		}
		n := 0
		for _, t := range w.ts {
			if t.device == d && !t.lost {
				n++
			}
		}
		at := int(p.choice[d] * float64(n))
		for _, t := range w.ts {
			if t.device != d || t.lost {
				continue
			}
			if at == 0 {
				w.add(record{what: isLogin, person: person, second: t.second + 1, shift: p.skew[d], device: d, flags: withUser | withDevice})
				break
			}
			at--
		}
	}
}

// milestones sets the seconds at which the deal of a lived unit became known, an
// opportunity, and closed; −1 where it did not.
func (w *recorder) milestones(u *unit) {
	m, d := w.m, &u.deal
	w.dealt = [3]int32{-1, -1, -1}
	if d.known < 0 {
		return
	}
	by := u.members[d.by.member]
	jitter := w.s.open(m.part.jitter[d.by.touch.channel], by.person).at(d.known, 1).uniform()
	w.dealt[0] = int32(d.known)*m.seconds + int32(jitter*float64(m.causes)) + 1 // after the touch
	w.s.open(m.part.order, u.members[0].person)
	for i, step := range []int{d.opportunity, d.closed} {
		part := w.s.uniform()
		if step >= 0 {
			w.dealt[i+1] = int32(step)*m.seconds + m.causes + int32(part*float64(m.seconds-m.causes))
		}
	}
}

// deal writes the milestones of an account. The form is that of the member whose touch
// made the account known; the rest names the member who was touched last.
func (w *recorder) deal(u *unit) {
	d := &u.deal
	w.milestones(u)
	write := func(what what, milestone int, by *life, flags flags, value int64) {
		if at := w.dealt[milestone]; at >= 0 {
			w.add(record{what: what, person: int32(by.person), second: at, value: value, flags: flags | withUser})
		}
	}
	by := d.by.member
	if by >= u.seen {
		by = u.lastTouched(d.known)
	}
	write(isForm, 0, u.members[by], withMail, 0)
	write(isOpportunity, 1, u.members[u.lastTouched(d.opportunity)], 0, 0)
	closing := isLost
	if d.won {
		closing = isContract
	}
	write(closing, 2, u.members[u.lastTouched(d.closed)], 0, d.value)
}
