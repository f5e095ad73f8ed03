package stage

import (
	"strconv"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Snapshot is what was known when a visit began. Value, Owner and CloseDate are the
// newest stated by a touch of the subject on or before Enter (its value, else props
// amount and currency; props owner; props close_date).
type Snapshot struct {
	Value        touchpoint.Money `json:"value,omitzero"`
	Probability  float64          `json:"probability,omitzero"` // stated by the touch (props probability, 0..1), else the stage's prior
	Category     string           `json:"category,omitzero"`    // the stage's
	Owner        string           `json:"owner,omitzero"`
	CloseDate    string           `json:"close_date,omitzero"`    // as stated
	ModelVersion string           `json:"model_version,omitzero"` // in force at Enter
}

// stated follows what the touches state. Each touch is looked at once, and only when a
// visit begins.
type stated struct {
	until            int // touches that have happened
	seen             int // of those, looked at
	value            touchpoint.Money
	owner, closeDate string
}

// fill completes the snapshot of a visit opened by t, nil for none.
func (s *stated) fill(snap *Snapshot, touches []*touchpoint.Touch, t *touchpoint.Touch) {
	var next stated
	for i := s.until - 1; i >= s.seen; i-- {
		p := touches[i].Props
		if next.value.IsZero() {
			next.value = valueOf(touches[i])
		}
		if p.IsZero() {
			continue
		}
		if next.owner == "" {
			next.owner, _ = p.Text("owner")
		}
		if next.closeDate == "" {
			next.closeDate, _ = p.Text("close_date")
		}
	}
	s.seen = s.until
	if !next.value.IsZero() {
		s.value = next.value
	}
	if next.owner != "" {
		s.owner = next.owner
	}
	if next.closeDate != "" {
		s.closeDate = next.closeDate
	}
	snap.Value, snap.Owner, snap.CloseDate = s.value, s.owner, s.closeDate
	if t != nil && !t.Props.IsZero() {
		if text, ok := numberOf(t.Props, "probability"); ok {
			if p, err := strconv.ParseFloat(text, 64); err == nil && p >= 0 && p <= 1 {
				snap.Probability = p
			}
		}
	}
}

// valueOf is the amount a touch states: its value, else props amount and currency.
func valueOf(t *touchpoint.Touch) touchpoint.Money {
	if !t.Value.IsZero() || t.Props.IsZero() {
		return t.Value
	}
	amount, ok := numberOf(t.Props, "amount")
	if !ok {
		return touchpoint.Money{}
	}
	code, _ := t.Props.Text("currency")
	currency, _ := touchpoint.ParseCurrency(code)
	m, _ := touchpoint.ParseAmount(amount, currency) // nothing where either is none
	return m
}

// numberOf reads a number that sources write as a number or as text.
func numberOf(p touchpoint.Props, key string) (string, bool) {
	if n, ok := p.Number(key); ok {
		return n, true
	}
	text, ok := p.Text(key)
	return text, ok && isNumber(text)
}
