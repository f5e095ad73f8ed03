package channel

import (
	"time"

	"github.com/tabi-go/tabi/touchpoint"
)

// A State is what [Classifier.Starts] remembers of a person between two page views: no
// click id, a hash of them. The zero State is of somebody never seen; states can be
// copied and compared.
type State struct {
	seen     bool
	last     time.Time
	campaign touchpoint.Campaign
	clicks   uint64
	domain   string // of the referrer that brought the person
}

// Starts reports whether a page view begins a new touch, and why. Give it one person's
// page views in order (At, Source, ID), with one State for all of them, which it changes.
// The first of these that applies:
//
//   - nobody was there before: yes, first;
//   - the referrer is one's own or an excluded one, and there is no tag and no paid click
//     id: no, internal;
//   - the last page view is longer ago than [Options.Gap]: yes, gap;
//   - there is no tag, no click id, no referrer: no, direct;
//   - a campaign field or a click id differs from those of the touch: yes, campaign;
//   - the referrer's registrable domain differs: yes, referrer;
//   - else no, same.
//
// So coming back from the bank's page after forty minutes is still the same visit. A day
// border, a time zone and a new tab change nothing.
func (c *Classifier) Starts(s *State, v Visit, at time.Time) (starts bool, because string) {
	f := c.look(v)
	tags := f.tags
	tagged := tags != (touchpoint.Campaign{})
	now := State{seen: true, last: at, clicks: f.mark}
	if tagged {
		now.campaign = touchpoint.Campaign{
			Source: f.tagSource, Medium: f.tagMedium, Name: f.tagCampaign,
			Term: touchpoint.Fold(tags.Term), Content: touchpoint.Fold(tags.Content), ID: touchpoint.Fold(tags.ID),
		}
	}
	if !f.direct {
		if now.domain = f.referrer; !f.refApp {
			if d := c.o.Registrable(f.referrer); d != "" {
				now.domain = d
			}
		}
	}
	switch {
	case !s.seen:
		starts, because = true, "first"
	case f.direct && f.referrer != "" && !tagged && !f.clicks.paid():
		because = "internal"
	case at.Sub(s.last) > c.o.Gap:
		starts, because = true, "gap"
	case f.direct && !tagged && f.clicks == 0:
		because = "direct"
	case tagged && now.campaign != s.campaign || f.clicks != 0 && now.clicks != s.clicks:
		starts, because = true, "campaign"
	case now.domain != "" && now.domain != s.domain:
		starts, because = true, "referrer"
	default:
		because = "same"
	}
	if starts {
		*s = now
	} else {
		s.last = at
	}
	return starts, because
}
