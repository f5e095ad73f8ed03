package touchpoint

import (
	"slices"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// fillFrom fills what the view leaves empty from a member of lower rank.
func (t *Touch) fillFrom(o *Touch) {
	for _, f := range [...]struct{ to, from *string }{
		{&t.Touchpoint, &o.Touchpoint}, {&t.Stage, &o.Stage},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	if vague(t.Channel) && !vague(o.Channel) || t.Channel == "" {
		t.Channel = o.Channel
	}
	t.Campaign.fillFrom(&o.Campaign)
	if t.ReceivedAt.IsZero() {
		t.ReceivedAt = o.ReceivedAt
	}
	if t.Direction == DirectionUnset {
		t.Direction = o.Direction
	}
	if !t.Sentiment.set {
		t.Sentiment = o.Sentiment
	}
	c := t.currency()
	if t.Cost.IsZero() && (c == Currency{} || c == o.Cost.Currency) {
		t.Cost = o.Cost
	}
	if c = t.currency(); t.Value.IsZero() && (c == Currency{} || c == o.Value.Currency) {
		t.Value = o.Value
	}
	t.Redacted = t.Redacted || o.Redacted
	if !slices.Equal(t.IDs, o.IDs) {
		t.IDs = sortIDs(slices.Concat(t.IDs, o.IDs))
	}
	t.Props = t.Props.with(o.Props)
}

// vague reports whether a channel says no more than that nothing is known.
func vague(c Channel) bool { return c == "" || c == ChannelDirect || c == ChannelUnassigned }

// fillFrom fills empty fields, unless the two contradict: half of one campaign and half of
// another would be a third one.
func (c *Campaign) fillFrom(o *Campaign) {
	if *c == *o {
		return
	}
	fields := [...]struct{ to, from *string }{{&c.Source, &o.Source}, {&c.Medium, &o.Medium}, {&c.Name, &o.Name},
		{&c.Term, &o.Term}, {&c.Content, &o.Content}, {&c.ID, &o.ID}}
	for _, f := range fields {
		if differ(fold(*f.to), fold(*f.from)) {
			return
		}
	}
	for _, f := range fields {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
}

// with returns p and the keys of o that it does not have. What o says of its own time
// stays with it.
func (p Props) with(o Props) Props {
	if p == o {
		return p
	}
	for m := range members(o.json) {
		if m.key == `"at_precision"` || m.key == `"at_original"` {
			continue
		}
		if key := jsonscan.Unquote(m.key); !p.hasKeyLike(key) {
			p = p.set(key, m.value)
		}
	}
	return p
}
