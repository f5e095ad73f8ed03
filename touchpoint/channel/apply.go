package channel

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// Apply fills in what the raw page of a touch tells: the channel if it is empty, the
// campaign if it is (unless the visit is direct), props.click_ids with the names of the
// click ids, the further utm_ parameters as props, and what the user agent is, see
// [BotMode]. It looks at visits, page views and screens, and at events without giving
// them a channel. An error is an [*touchpoint.InvalidError].
//
// A touch that has a campaign is classified by it, else by the page's own fields and the
// tags of its URL. It fits ingest.Options.Channel.
func (c *Classifier) Apply(t *touchpoint.Touch, p touchpoint.Page) error {
	switch t.Kind {
	case touchpoint.KindVisit, touchpoint.KindPageview, touchpoint.KindScreen, touchpoint.KindEvent:
	default:
		return nil
	}
	if err := c.applyBot(t, p.UserAgent); err != nil {
		return err
	}
	v := Visit{URL: p.URL, Referrer: p.Referrer, Source: p.Source, Medium: p.Medium, Campaign: p.Campaign}
	if t.Campaign != (touchpoint.Campaign{}) {
		v.Source, v.Medium, v.Campaign = t.Campaign.Source, t.Campaign.Medium, t.Campaign.Name
	}
	r := c.Classify(v)
	page := t.Kind != touchpoint.KindEvent // an event is what people do once they are there
	if page && t.Channel == "" {
		t.Channel = r.Channel
	}
	if page && t.Campaign == (touchpoint.Campaign{}) && r.Source != "(direct)" {
		t.Campaign = r.Campaign
	}
	for i, value := range r.f.extra {
		if value = clean(value); value != "" {
			t.Props = t.Props.SetText(extraTags[i], value)
		}
	}
	if names := r.f.clicks.names(r.f.gad); names != nil {
		props, err := t.Props.SetRaw("click_ids", `["`+strings.Join(names, `","`)+`"]`)
		if err != nil {
			return err
		}
		t.Props = props
	}
	return nil
}

func (c *Classifier) applyBot(t *touchpoint.Touch, userAgent string) error {
	if c.o.Bots == BotKeep || userAgent == "" {
		return nil
	}
	v := Agent(userAgent)
	if !v.Bot {
		return nil
	}
	if c.o.Bots == BotReject {
		return &touchpoint.InvalidError{Field: "props.user_agent", Reason: touchpoint.Bot}
	}
	t.Props = t.Props.SetBool("bot", true).SetText("bot_rule", v.Reason)
	return nil
}
