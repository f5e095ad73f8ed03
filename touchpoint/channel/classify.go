package channel

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// A Visit is what is known of how somebody came. Any field may be empty, and any text
// gives a result. Source, Medium and Campaign, where one of them is set, replace the
// tags of the URL.
type Visit struct {
	URL, Referrer            string
	Source, Medium, Campaign string
	// OwnHosts are further hosts of one's own, as in [Options].Own.
	OwnHosts []string
}

// A Result is the channel of a visit and what led to it.
type Result struct {
	Channel touchpoint.Channel
	// Source and Medium are in lower case; (direct) and (none) where nothing tells.
	Source, Medium string
	// Campaign holds them too, and name, term, content and id as tagged, cleaned.
	Campaign touchpoint.Campaign
	// Rule names the rule that decided, such as "ga4/paid-search" or "custom/partners".
	Rule string

	f facts
	c *Classifier
}

// A step says where source and medium came from.
type step uint8

const (
	byTags step = iota
	byClickID
	byNothing
	byOwnHost
	byExcluded
	byTable
	byHost
)

// facts are what rules look at; texts are folded.
type facts struct {
	source, medium, campaign          string
	tagSource, tagMedium, tagCampaign string // the tags alone
	sourceKind                        kind

	page      // where the visit landed
	url       string
	referrer  string // host or package; "" where there is none
	refPath   string
	refApp    bool
	direct    bool // no referrer, or one's own, or an excluded one
	step      step
	click     int // of byClickID, and where it filled in a tag; -1
	entry     entry
	exclusion string
}

// Classify returns the channel of a visit.
//
// Source and medium come from the first of these that is there: tags (utm_source,
// utm_medium or utm_campaign; what is missing stays empty, except that a paid click id
// fills in source and medium, or the medium beside its own network's name); a paid click
// id; nothing, where no referrer has a host: (direct), (none); an own host or an excluded
// one, which says nothing either; the table of hosts: an assistant gives the medium
// ai-assistant, a search engine its name and organic, others the host and referral; any
// other host: referral.
//
// Then the rules are tried in order, custom ones first.
func (c *Classifier) Classify(v Visit) Result {
	f := c.look(v)
	r := Result{Source: f.source, Medium: f.medium, Campaign: f.tags, f: f, c: c}
	r.Campaign.Source, r.Campaign.Medium = f.source, f.medium
	r.Campaign.Name, r.Campaign.Term = clean(r.Campaign.Name), clean(r.Campaign.Term)
	r.Campaign.Content, r.Campaign.ID = clean(r.Campaign.Content), clean(r.Campaign.ID)
	if f.step == byTable && f.entry.kind == ai {
		r.Campaign.Name = aiCampaign
	}
	r.Channel, r.Rule = c.decide(&r.f, nil)
	return r
}

// decide walks the rules; why, where it is not nil, receives the tests that held.
func (c *Classifier) decide(f *facts, why *reasons) (touchpoint.Channel, string) {
	for i := range c.custom {
		if r := &c.custom[i]; r.matches(f, why) {
			return r.channel, r.id
		}
	}
	switch c.o.Rules {
	case GA4:
		return ga4(f, why)
	case PostHog:
		return c.postHog(f, why)
	}
	why.add("no rule matched")
	return touchpoint.ChannelUnassigned, "none/unassigned"
}

const (
	aiMedium   = "ai-assistant"
	aiCampaign = "(ai-assistant)"
)

// look settles source and medium.
func (c *Classifier) look(v Visit) facts {
	p := scan(v.URL)
	if v.Source != "" || v.Medium != "" || v.Campaign != "" {
		p.tags.Source, p.tags.Medium, p.tags.Name = v.Source, v.Medium, v.Campaign
	}
	f := facts{
		page: p, url: v.URL, click: -1,
		source: touchpoint.Fold(p.tags.Source), medium: touchpoint.Fold(p.tags.Medium), campaign: touchpoint.Fold(p.tags.Name),
	}
	f.tagSource, f.tagMedium, f.tagCampaign = f.source, f.medium, f.campaign
	f.referrer, f.refPath, f.refApp = scanHost(v.Referrer)
	own := f.referrer != "" && c.isOwn(&f, v.OwnHosts)
	if f.referrer != "" && !own {
		f.exclusion = c.isExcluded(&f)
	}
	f.direct = f.referrer == "" || own || f.exclusion != ""
	found := false
	if !f.direct {
		f.entry, found = c.hosts.kinds.referrer(&f)
	}
	click := p.clicks.source(c.o.TrustClickIDs)
	switch {
	case f.source != "" || f.medium != "" || f.campaign != "":
		f.step = byTags
		c.fillIn(&f, click)
	case click >= 0:
		f.step, f.click = byClickID, click
		f.source, f.medium = query.ClickIDs[click].Source, query.ClickIDs[click].Medium
	case f.referrer == "":
		f.step = byNothing
	case own:
		f.step = byOwnHost
	case f.exclusion != "":
		f.step = byExcluded
	case found:
		f.step = byTable
		f.source, f.medium = plainHost(f.referrer), "referral"
		switch f.entry.kind {
		case ai:
			f.medium, f.campaign = aiMedium, aiCampaign
		case search:
			f.source, f.medium = f.entry.name, "organic"
		}
		f.sourceKind = f.entry.kind
	default:
		f.step = byHost
		f.source, f.medium = plainHost(f.referrer), "referral"
	}
	if f.step == byNothing || f.step == byOwnHost || f.step == byExcluded {
		f.source, f.medium = "(direct)", "(none)"
	}
	if f.step == byTags || f.step == byClickID {
		f.sourceKind = c.hosts.kinds.source(f.source)
	}
	return f
}

// fillIn completes tags by a paid click id: both, or the medium beside its network.
func (c *Classifier) fillIn(f *facts, click int) {
	if click < 0 || f.medium != "" {
		return
	}
	id := &query.ClickIDs[click]
	if f.source == "" || f.source == id.Source {
		f.source, f.medium, f.click = id.Source, id.Medium, click
	}
}

// referrer finds the referring host or app.
func (s *entries) referrer(f *facts) (entry, bool) {
	if f.refApp {
		return s.app(f.referrer)
	}
	if e, ok := s.host(f.referrer, f.refPath); ok {
		return e, true
	}
	return s.app(f.referrer) // some SDKs send the bare package as a host
}

// isOwn reports whether the referrer is the landing site itself.
func (c *Classifier) isOwn(f *facts, more []string) bool {
	ref := plainHost(f.referrer)
	if f.host != "" && !f.refApp {
		if ref == plainHost(f.host) || !c.o.StrictHost && c.sameSite(ref, f.host) {
			return true
		}
	}
	for _, own := range c.own {
		if isBelow(ref, own) {
			return true
		}
	}
	for _, own := range more {
		if isBelow(ref, ownHost(own)) {
			return true
		}
	}
	return false
}

// isBelow reports whether host is own, or below it where own begins with a dot.
func isBelow(host, own string) bool {
	if own == "" || own[0] != '.' {
		return host == own && own != ""
	}
	return host == own[1:] || strings.HasSuffix(host, own)
}

// sameSite reports whether two hosts have one registrable domain. Its two last labels at
// least are then the same, which is seen faster.
func (c *Classifier) sameSite(a, b string) bool {
	if lastTwo(a) != lastTwo(b) {
		return false
	}
	d := c.o.Registrable(a)
	return d != "" && d == c.o.Registrable(b)
}

func lastTwo(host string) string {
	i := strings.LastIndexByte(host, '.')
	if i < 0 {
		return host
	}
	return host[strings.LastIndexByte(host[:i], '.')+1:]
}

// isExcluded returns the name of the set that excludes the referrer, or "".
func (c *Classifier) isExcluded(f *facts) string {
	for _, x := range c.excluded {
		if _, ok := x.in.referrer(f); ok {
			return x.name
		}
	}
	return ""
}
