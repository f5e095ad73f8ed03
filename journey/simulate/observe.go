package simulate

import (
	"math"
	"time"

	"github.com/tabi-go/tabi/internal/num"
)

const (
	maxDevices   = 3
	maxTwinShift = 8 // seconds
	twinShift    = 2 // seconds, standard deviation
	promptness   = 5 // seconds within which a touch arrives that is not late
	meanLateness = 2 * 24 * 3600
	maxSkew      = 23 * 3600 // more would be refused as a touch of the future
)

// seen is a person as the tracker meets them.
type seen struct {
	devices  int
	borrows  bool              // uses the next one's device
	mailed   bool              // e-mail known
	skew     [maxDevices]int32 // seconds by which the clock of a device is ahead
	logins   [maxDevices]bool
	choice   [maxDevices]float64 // which touch of the device is followed by the login
	bought   int8                // the device of an order
	observed bool                // by devices
}

// A defect is what is wrong with a dirty record.
type defect uint8

const (
	clean defect = iota
	misspelt
	fullWidth
	nullText
	unknownColumn
	noChannel
	badTime  // unusable from here on
	badValue // money without a currency
)

// meet draws how a person is seen: devices, e-mail, clocks, logins.
func (m *model) meet(s *stream, person int) seen {
	o := m.world.Observe
	s.open(m.part.device, person)
	many, three, borrows, mailed, bought := s.uniform(), s.uniform(), s.uniform(), s.uniform(), s.uniform()
	p := seen{devices: 1, borrows: borrows < o.Shared, mailed: mailed < o.Email, observed: o.Devices()}
	if many < o.Fragment {
		p.devices = 2
		if three < 0.5 {
			p.devices = 3
		}
	}
	p.bought = int8(bought * float64(p.devices))
	if p.observed {
		s.open(m.part.login, person)
		for d := range maxDevices {
			p.logins[d] = s.uniform() < o.Login || d == 0
			p.choice[d] = s.uniform()
		}
	}
	if o.Skew > 0 {
		s.open(m.part.skew, person)
		for d := range maxDevices {
			p.skew[d] = cut(float64(num.Normal(s.rand)*o.Skew.Seconds()), maxSkew)
		}
	}
	return p
}

// cut rounds x to a whole number within ±limit.
func cut(x, limit float64) int32 { return int32(math.Round(math.Max(-limit, math.Min(limit, x)))) }

// observe draws what the tracker makes of each touch, part by part. Touches of a channel
// stand together in order of time, as the streams want it.
func (m *model) observe(s *stream, person int, p *seen, ts []touch) {
	o := m.world.Observe
	for i := 0; i < len(ts); {
		j, c := i, ts[i].channel
		for j < len(ts) && ts[j].channel == c {
			j++
		}
		m.observeChannel(s, person, p, ts[i:j], c, &o)
		i = j
	}
}

func (m *model) observeChannel(s *stream, person int, p *seen, ts []touch, c int, o *Observe) {
	loss := o.Loss
	if l, ok := o.LossOf[m.world.Channels[c].Name]; ok {
		loss = l
	}
	// each runs over the touches with the stream of one component
	each := func(on bool, part []component, draws int, f func(t *touch)) {
		if !on {
			return
		}
		s.open(part[c], person)
		for i := range ts {
			s.at(ts[i].step, draws)
			f(&ts[i])
		}
	}
	each(loss > 0, m.part.loss, 1, func(t *touch) { t.lost = s.uniform() < loss })
	each(p.devices > 1 || p.borrows, m.part.deviceOf, 2, func(t *touch) {
		own, elsewhere := s.uniform(), s.uniform()
		t.device = int8(own * float64(p.devices))
		if p.borrows && elsewhere < 1.0/3 {
			t.device = borrowed
		}
	})
	each(o.Duplicate > 0, m.part.twin, 3, func(t *touch) {
		t.twin = s.uniform() < o.Duplicate
		t.shift = cut(twinShift*num.Normal(s.rand), maxTwinShift)
		t.spell = uint8(s.uniform() * spellings)
	})
	each(o.Late > 0, m.part.late, 4, func(t *touch) { t.delay, t.delay2 = delay(s, o.Late), delay(s, o.Late) })
	each(o.Mislabel > 0, m.part.mislabel, 2, func(t *touch) {
		wrong, which := s.uniform() < o.Mislabel, s.uniform()
		if n := len(m.world.Channels); wrong { // of one channel there is no other
			t.named = uint8((c + 1 + int(which*float64(n-1))) % n)
		}
	})
	each(o.Dirty > 0, m.part.dirty, 3, func(t *touch) {
		dirty, unusable, which := s.uniform() < o.Dirty, s.uniform() < 0.1, s.uniform()
		switch {
		case dirty && unusable:
			t.defect = badTime + defect(which*2)
		case dirty:
			t.defect = misspelt + defect(which*5)
		}
	})
}

// delay draws how many seconds a record takes to arrive, by two draws.
func delay(s *stream, late float64) int32 {
	isLate, u := s.uniform() < late, 1-s.uniform()
	if isLate {
		return int32(math.Min(-meanLateness*num.Log(u), 1e8))
	}
	return int32(promptness * (1 - u))
}

// cutoff is the second before which the export window keeps nothing.
func (m *model) cutoff() int32 {
	if m.world.Observe.Keep == 0 {
		return 0
	}
	end := time.Duration(m.steps) * m.world.step()
	return int32(max(0, end-m.world.Observe.Keep) / time.Second)
}
