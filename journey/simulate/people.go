package simulate

import (
	"iter"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Person is who stood behind the records of a user_id.
type Person struct {
	ID        string // the user_id
	Account   string // the crm_account_id, "" where people buy alone
	Role      string // in the account: champion, user, buyer or finance
	Persona   string
	Segment   int     // 0..9, what we know of their intent
	Intent    float64 // what really drives them, standard normal
	Devices   []string
	Converted time.Time        // zero: never; members of accounts never do, their deal does
	Value     touchpoint.Money // of their order
	Cause     Cause            // of their order, or of the deal's opportunity if it was their touch
	Lineage   []string         // channels of what led to the cause and of the cause, the oldest first
	Stages    []StageMove
}

// A Cause is what fired a sale. The zero Cause is none.
type Cause struct {
	Channel string         // or (baseline) or (synergy)
	Touch   touchpoint.Key // the record of the touch; zero where there is none or it was lost
}

// People yields who really was there, by number.
func (p *Population) People() iter.Seq[Person] {
	return func(yield func(Person) bool) {
		m := p.m
		keys := m.causeKeys()
		w := &recorder{m: m, s: newStream(m.seed), labels: true, until: -1}
		var u unit
		for i := range m.units() {
			m.drawUnit(&u, w.s, i, m.steps)
			sale, _ := m.liveUnit(&u, m.all, m.steps)
			fired := cause{touch: noTouch}
			if sale >= 0 && m.labelled() {
				fired = m.causeOf(&u, w.s)
			}
			for k, l := range u.members[:u.seen] {
				person := w.describe(l, sale)
				if sale >= 0 && m.labelled() && (k == fired.member || m.world.Accounts == nil) {
					person.Cause = Cause{Channel: m.label(fired), Touch: keys[l.person]}
					person.Lineage = m.lineage(w.s, l, fired.touch)
				}
				if !yield(person) {
					return
				}
			}
		}
	}
}

// causeKeys finds the records of the touches that fired a sale, by person.
func (m *model) causeKeys() map[int]touchpoint.Key {
	keys := make(map[int]touchpoint.Key)
	for r := range m.records(&recorder{labels: true}) {
		if r.flags&isCause != 0 {
			keys[int(r.person)] = m.key(r)
		}
	}
	return keys
}

// describe tells of a lived life what needs no records.
func (w *recorder) describe(l *life, sale int) Person {
	m := w.m
	p := Person{ID: userID(l.person), Segment: l.segment, Intent: l.intent}
	if len(m.world.Personas) > 0 {
		p.Persona = m.world.Personas[l.persona].Name
	}
	if m.world.Accounts != nil {
		account, place := m.accountOf(l.person)
		p.Account, p.Role = accountID(account), roles[place%len(roles)]
	}
	how := m.meet(w.s, l.person)
	if how.observed {
		for d := range how.devices {
			p.Devices = append(p.Devices, m.deviceID(l.person, int8(d)))
		}
	}
	w.ts = m.touches(l, w.s, w.ts)
	second := m.saleSecond(w.s, l.person, l.end)
	if second >= 0 {
		p.Converted = m.instant(second)
		p.Value = touchpoint.Money{Minor: l.value, Currency: usd}
	}
	w.stages = m.moves(l, w.s, w.ts, second, w.stages)
	for _, v := range w.stages {
		p.Stages = append(p.Stages, StageMove{stageNames[v.stage], m.instant(v.second)})
	}
	return p
}
