package channel

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// ga4 is Google Analytics 4's default channel group, in its order.
//
// Source: Google, "Default channel group", Analytics Help (2026), with the regular
// expressions given there for paid media and shopping campaigns. The place of AI
// Assistant, and that a tagged source counts for it, are our decisions.
func ga4(f *facts, why *reasons) (touchpoint.Channel, string) {
	pay := paidMedium(f.medium)
	sale := shopCampaign(f.campaign)
	if f.source == "(direct)" && (f.medium == "(none)" || f.medium == "(not set)") {
		why.add("source is (direct), medium is ", f.medium)
		return touchpoint.ChannelDirect, "ga4/direct"
	}
	if strings.Contains(f.campaign, "cross-network") {
		why.add(`campaign contains "cross-network"`)
		return touchpoint.ChannelCrossNetwork, "ga4/cross-network"
	}
	if pay != "" {
		return ga4Paid(f, pay, sale, why)
	}
	switch f.medium { // Display's fifth word, cpm, is paid as well
	case "display", "banner", "expandable", "interstitial":
		why.add("medium is ", f.medium)
		return touchpoint.ChannelDisplay, "ga4/display"
	}
	return ga4Unpaid(f, sale, why)
}

// ga4Paid are the rules of paid media.
func ga4Paid(f *facts, pay, sale string, why *reasons) (touchpoint.Channel, string) {
	medium := func() { why.add("medium is paid (", pay, ")") }
	switch {
	case f.sourceKind == shop || sale != "":
		f.sells(sale, why)
		medium()
		return touchpoint.ChannelPaidShopping, "ga4/paid-shopping"
	case f.sourceKind == search:
		why.is(f, search)
		medium()
		return touchpoint.ChannelPaidSearch, "ga4/paid-search"
	case f.sourceKind == social:
		why.is(f, social)
		medium()
		return touchpoint.ChannelPaidSocial, "ga4/paid-social"
	case f.sourceKind == video:
		why.is(f, video)
		medium()
		return touchpoint.ChannelPaidVideo, "ga4/paid-video"
	case f.medium == "cpm":
		why.add("medium is cpm")
		return touchpoint.ChannelDisplay, "ga4/display"
	}
	medium()
	return touchpoint.ChannelPaidOther, "ga4/paid-other"
}

// ga4Unpaid are the rules from AI Assistant on.
func ga4Unpaid(f *facts, sale string, why *reasons) (touchpoint.Channel, string) {
	for i := range ga4Words {
		if r := &ga4Words[i]; r.tests(f, sale, why) {
			return r.channel, r.id
		}
	}
	why.add("no rule matched")
	return touchpoint.ChannelUnassigned, "ga4/unassigned"
}

// sells tells why a visit is of a shop.
func (f *facts) sells(sale string, why *reasons) {
	if f.sourceKind == shop {
		why.is(f, shop)
	} else {
		why.add("campaign is of a shop (", sale, ")")
	}
}

// A wordRule holds if the source is of a kind, or source or medium is or contains a word.
type wordRule struct {
	channel touchpoint.Channel
	id      string
	kind    kind
	sources []string
	media   []string
	within  []string // medium contains
	suffix  string   // medium ends with
}

var ga4Words = []wordRule{
	{channel: touchpoint.ChannelAIAssistant, id: "ga4/ai-assistant", kind: ai, media: []string{aiMedium}},
	{channel: touchpoint.ChannelOrganicShopping, id: "ga4/organic-shopping", kind: shop},
	{channel: touchpoint.ChannelOrganicSocial, id: "ga4/organic-social", kind: social, media: socialMedia},
	{channel: touchpoint.ChannelOrganicVideo, id: "ga4/organic-video", kind: video, within: []string{"video"}},
	{channel: touchpoint.ChannelOrganicSearch, id: "ga4/organic-search", kind: search, media: []string{"organic"}},
	{channel: touchpoint.ChannelReferral, id: "ga4/referral", media: []string{"referral", "app", "link"}},
	{channel: touchpoint.ChannelEmail, id: "ga4/email", sources: emailWords, media: emailWords},
	{channel: touchpoint.ChannelAffiliates, id: "ga4/affiliates", media: []string{"affiliate"}},
	{channel: touchpoint.ChannelAudio, id: "ga4/audio", media: []string{"audio"}},
	{channel: touchpoint.ChannelSMS, id: "ga4/sms", sources: []string{"sms"}, media: []string{"sms"}},
	{
		channel: touchpoint.ChannelPush, id: "ga4/mobile-push-notifications",
		sources: []string{"firebase"}, within: []string{"mobile", "notification"}, suffix: "push",
	},
}

var (
	emailWords  = []string{"email", "e-mail", "e_mail", "e mail"}
	socialMedia = []string{"social", "social-network", "social-media", "sm", "social network", "social media"}
)

func (r *wordRule) tests(f *facts, sale string, why *reasons) bool {
	if r.kind != unknown && f.sourceKind == r.kind || r.kind == shop && sale != "" {
		if r.kind == shop {
			f.sells(sale, why)
		} else {
			why.is(f, r.kind)
		}
		return true
	}
	for _, w := range r.sources {
		if f.source == w {
			why.add("source is ", w)
			return true
		}
	}
	for _, w := range r.media {
		if f.medium == w {
			why.add("medium is ", w)
			return true
		}
	}
	if r.suffix != "" && strings.HasSuffix(f.medium, r.suffix) {
		why.add(`medium ends with "`, r.suffix, `"`)
		return true
	}
	for _, w := range r.within {
		if strings.Contains(f.medium, w) {
			why.add(`medium contains "`, w, `"`)
			return true
		}
	}
	return false
}

// paidMedium says why a medium is paid, "" if it is not: ^(.*cp.*|ppc|retargeting|paid.*)$.
func paidMedium(medium string) string {
	switch {
	case strings.Contains(medium, "cp"):
		return `contains "cp"`
	case medium == "ppc" || medium == "retargeting":
		return "is the word"
	case strings.HasPrefix(medium, "paid"):
		return `begins with "paid"`
	}
	return ""
}

// shopCampaign says why a campaign is of a shop, "" if it is not:
// ^(.*(([^a-df-z]|^)shop|shopping).*)$.
func shopCampaign(campaign string) string {
	for rest, at := campaign, 0; ; {
		i := strings.Index(rest, "shop")
		if i < 0 {
			return ""
		}
		at += i
		if strings.HasPrefix(campaign[at:], "shopping") {
			return `contains "shopping"`
		}
		if at == 0 {
			return `"shop" at its start`
		}
		if c := campaign[at-1]; c == 'e' || c < 'a' || c > 'z' {
			return `"shop" as a word`
		}
		at += len("shop")
		rest = campaign[at:]
	}
}
