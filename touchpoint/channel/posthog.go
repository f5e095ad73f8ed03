package channel

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// postHog is a set of rules like PostHog's channel type. It looks at the tags alone, not
// at what Classify made of them, and at source, medium and referrer in turn.
func (c *Classifier) postHog(f *facts, why *reasons) (touchpoint.Channel, string) {
	p := postHogVisit{
		c: c, why: why,
		source: unset(f.tagSource), medium: unset(f.tagMedium), campaign: unset(f.tagCampaign),
		referrer: f.referrer, refKind: f.entry.kind, direct: f.direct, clicks: f.clicks, gad: f.gad,
	}
	p.sale = shopCampaign(p.campaign)
	ch := p.channel()
	return ch, postHogRules[ch]
}

// The channels that have another name there.
const (
	crossNetwork touchpoint.Channel = "Cross Network"
	paidUnknown  touchpoint.Channel = "Paid Unknown"
	pushed       touchpoint.Channel = "Push"
	affiliates   touchpoint.Channel = "Affiliate"
)

var postHogRules = func() map[touchpoint.Channel]string {
	m := make(map[touchpoint.Channel]string)
	for _, ch := range []touchpoint.Channel{
		crossNetwork, paidUnknown, pushed, affiliates,
		touchpoint.ChannelDirect, touchpoint.ChannelPaidSearch, touchpoint.ChannelPaidSocial,
		touchpoint.ChannelPaidVideo, touchpoint.ChannelPaidShopping, touchpoint.ChannelOrganicSearch,
		touchpoint.ChannelOrganicSocial, touchpoint.ChannelOrganicVideo, touchpoint.ChannelOrganicShopping,
		touchpoint.ChannelEmail, touchpoint.ChannelReferral, touchpoint.ChannelAudio, touchpoint.ChannelDisplay,
	} {
		m[ch] = "posthog/" + strings.ReplaceAll(strings.ToLower(string(ch)), " ", "-")
	}
	return m
}()

// A postHogVisit is what these rules look at: parts of the facts, by value.
type postHogVisit struct {
	c                              *Classifier
	why                            *reasons
	source, medium, campaign, sale string
	referrer                       string
	refKind                        kind
	direct                         bool
	clicks                         clickSet
	gad                            string
}

func unset(s string) string {
	if s == "null" {
		return ""
	}
	return s
}

func (p *postHogVisit) channel() touchpoint.Channel {
	if strings.Contains(p.campaign, "cross-network") {
		p.why.add(`campaign contains "cross-network"`)
		return crossNetwork
	}
	if p.isPaid() {
		return p.paid()
	}
	if p.direct && p.medium == "" && !p.clicks.has(fbclid) {
		switch p.source {
		case "", "(direct)", "direct", "$direct":
			p.why.add("no medium, no referrer")
			return touchpoint.ChannelDirect
		}
	}
	return p.unpaid()
}

func (p *postHogVisit) isPaid() bool {
	switch p.medium {
	case "cpc", "cpm", "cpv", "cpa", "ppc", "retargeting":
		p.why.add("medium is ", p.medium)
		return true
	}
	if strings.HasPrefix(p.medium, "paid") {
		p.why.add(`medium begins with "paid"`)
		return true
	}
	for _, id := range [...]int{gclid, gadSource} {
		if p.clicks.has(id) {
			p.why.add("click id ", query.ClickIDs[id].Name)
			return true
		}
	}
	return false
}

func (p *postHogVisit) paid() touchpoint.Channel {
	if ch := paidOf(p.kindOf("source", p.source)); ch != "" {
		return ch
	}
	if p.sale != "" {
		p.why.add("campaign is of a shop (", p.sale, ")")
		return touchpoint.ChannelPaidShopping
	}
	if ch := p.mediumType(true); ch != "" {
		return ch
	}
	if ch := paidOf(p.referrerKind()); ch != "" {
		return ch
	}
	switch {
	case p.gad == "1":
		p.why.add("gad_source is 1")
		return touchpoint.ChannelPaidSearch
	case strings.Contains(p.campaign, "video"):
		p.why.add(`campaign contains "video"`)
		return touchpoint.ChannelPaidVideo
	case p.clicks.has(fbclid):
		p.why.add("click id fbclid")
		return touchpoint.ChannelPaidSocial
	}
	return paidUnknown
}

func (p *postHogVisit) unpaid() touchpoint.Channel {
	if ch := organicOf(p.kindOf("source", p.source)); ch != "" {
		return ch
	}
	if p.sale != "" {
		p.why.add("campaign is of a shop (", p.sale, ")")
		return touchpoint.ChannelOrganicShopping
	}
	if ch := p.mediumType(false); ch != "" {
		return ch
	}
	if ch := organicOf(p.referrerKind()); ch != "" {
		return ch
	}
	switch {
	case strings.Contains(p.campaign, "video"):
		p.why.add(`campaign contains "video"`)
		return touchpoint.ChannelOrganicVideo
	case strings.HasSuffix(p.medium, "push"):
		p.why.add(`medium ends with "push"`)
		return pushed
	case p.clicks.has(fbclid):
		p.why.add("click id fbclid")
		return touchpoint.ChannelOrganicSocial
	case p.direct:
		p.why.add("no referrer")
		return touchpoint.ChannelDirect
	}
	p.why.add("a referrer")
	return touchpoint.ChannelReferral
}

// kindOf looks a name up: as a word, as a host, as its registrable domain. An assistant
// ends the look-up with nothing.
func (p *postHogVisit) kindOf(what, name string) kind {
	if name == "" {
		return unknown
	}
	k := p.c.hosts.kinds.source(name)
	if k == unknown && strings.IndexByte(name, '.') >= 0 {
		if d := p.c.o.Registrable(name); d != "" && d != name {
			k = p.c.hosts.kinds.source(d)
		}
	}
	return p.told(what, name, k)
}

func (p *postHogVisit) referrerKind() kind {
	if p.direct {
		return unknown
	}
	if p.refKind != unknown {
		return p.told("referrer", p.referrer, p.refKind)
	}
	return p.kindOf("referrer", p.referrer)
}

// told keeps the reason and drops the kind that has no channel.
func (p *postHogVisit) told(what, name string, k kind) kind {
	if k == ai {
		return unknown
	}
	if k != unknown {
		p.why.add(what, " is ", k.String(), " (", name, ")")
	}
	return k
}

func paidOf(k kind) touchpoint.Channel {
	switch k {
	case search:
		return touchpoint.ChannelPaidSearch
	case social:
		return touchpoint.ChannelPaidSocial
	case video:
		return touchpoint.ChannelPaidVideo
	case shop:
		return touchpoint.ChannelPaidShopping
	}
	return ""
}

func organicOf(k kind) touchpoint.Channel {
	switch k {
	case search:
		return touchpoint.ChannelOrganicSearch
	case social:
		return touchpoint.ChannelOrganicSocial
	case video:
		return touchpoint.ChannelOrganicVideo
	case shop:
		return touchpoint.ChannelOrganicShopping
	case mail:
		return touchpoint.ChannelEmail
	}
	return ""
}

// mediumType is the channel that a medium's word names.
func (p *postHogVisit) mediumType(paid bool) (ch touchpoint.Channel) {
	switch p.medium {
	case "affiliate", "partnership", "partnerships":
		ch = affiliates
	case "app", "link", "referral":
		ch = touchpoint.ChannelReferral
	case "audio":
		ch = touchpoint.ChannelAudio
	case "e mail", "e-mail", "e_mail", "email":
		ch = touchpoint.ChannelEmail
	case "mobile", "notification", "push":
		if ch = pushed; paid {
			return ""
		}
	case "banner", "cpm", "display", "expandable", "interstitial":
		ch = touchpoint.ChannelDisplay
	case "sm", "social", "social media", "social network", "social-media", "social-network":
		if ch = touchpoint.ChannelOrganicSocial; paid {
			ch = touchpoint.ChannelPaidSocial
		}
	case "video":
		if ch = touchpoint.ChannelOrganicVideo; paid {
			ch = touchpoint.ChannelPaidVideo
		}
	default:
		return ""
	}
	p.why.add("medium is ", p.medium)
	return ch
}
