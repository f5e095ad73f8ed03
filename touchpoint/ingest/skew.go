package ingest

import "time"

// Skew says which of a message's times becomes a touch's At.
type Skew uint8

// The skew rules.
const (
	// SkewKeep takes the time corrected upstream, else the event's own, else received,
	// else sent. The zero value, because a re-delivery then gives the same touch.
	SkewKeep Skew = iota
	// SkewCorrect moves the event by the sender's clock error where event, sent and
	// received are known, nothing corrected it upstream, and received and sent differ
	// by more than the tolerance; else as SkewKeep.
	SkewCorrect
	// SkewReceived takes the time of receipt, else as SkewKeep.
	SkewReceived
)

const defaultTolerance = 2 * time.Minute

// Times are the instants that one message states; zero ones are absent.
type Times struct {
	Event     time.Time // when it happened, by the sender's clock
	Sent      time.Time // when it was sent, by the sender's clock
	Received  time.Time // when it arrived, by the receiver's clock
	Corrected time.Time // the event's time as somebody upstream corrected it
	Trusted   bool      // the sender says that its clock needs no correction
}

// CorrectTime is the bare formula of clock correction: received − (sent − event). An
// event without a sent time stays as it is; without the event's own time it is received.
func CorrectTime(event, sent, received time.Time) time.Time {
	switch {
	case event.IsZero():
		return received
	case sent.IsZero() || received.IsZero():
		return event
	}
	return received.Add(-sent.Sub(event))
}

// at picks the instant by rule s. original is the event's own time where the result is
// another one, else zero.
func (t Times) at(s Skew, tolerance time.Duration) (at, original time.Time) {
	at = first(t.Corrected, t.Event, t.Received, t.Sent)
	switch s {
	case SkewCorrect:
		if t.Trusted || !t.Corrected.IsZero() || t.Event.IsZero() || t.Sent.IsZero() || t.Received.IsZero() {
			break
		}
		if tolerance == 0 {
			tolerance = defaultTolerance
		}
		if t.Received.Sub(t.Sent).Abs() > tolerance {
			at = CorrectTime(t.Event, t.Sent, t.Received)
		}
	case SkewReceived:
		at = first(t.Received, at)
	}
	if !t.Event.IsZero() && !at.Equal(t.Event) {
		original = t.Event
	}
	return at, original
}

func first(ts ...time.Time) time.Time {
	for _, t := range ts {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
