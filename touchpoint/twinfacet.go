package touchpoint

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// facets is what is compared of a touch, folded; an empty one is unknown.
type facets struct {
	kind                           Kind
	root                           Kind // one of the kinds it may be a twin of, the same for all of them
	order, url, touchpoint, stage  string
	event, score, campaign, clicks string
	value                          Money
	day                            bool // At is the start of a day that is all we know
	record, conversion             bool
	window, reach                  time.Duration // of its kind; and the longest that it can have
}

func (m *twinMatcher) facetsOf(t *Touch) facets {
	f := facets{kind: t.Kind, root: m.rules.root(t.Kind), value: t.Value, stage: fold(t.Stage),
		touchpoint: fold(t.Touchpoint), campaign: fold(t.Campaign.ID)}
	class := t.Kind.Info().Class
	planned := false
	for p := range members(t.Props.json) {
		switch p.key {
		case `"order_id"`:
			f.order = fold(plainText(p.value))
		case `"url"`:
			f.url = fold(hostPath(plainText(p.value)))
		case `"event"`:
			f.event = fold(plainText(p.value))
		case `"click_ids"`:
			f.clicks = p.value
		case `"at_precision"`:
			f.day = p.value == `"day"`
		case `"outcome"`:
			planned = p.value == `"planned"`
		case `"survey"`:
			if s, ok := member(p.value, "score"); ok {
				f.score = s
			}
		}
	}
	f.record, f.conversion = class == Record || planned, class == Conversion
	f.window = m.rules.window(t.Kind)
	switch f.reach = f.window; {
	case f.conversion && f.order != "":
		f.reach = max(f.reach, sameOrder)
	case f.day:
		f.reach = max(f.reach, day)
	}
	return f
}

const (
	day       = 24 * time.Hour
	sameOrder = 7 * day // two tools may book an order at different steps
)

// fold is Fold for text that is empty more often than not.
func fold(s string) string {
	if s == "" {
		return ""
	}
	return Fold(s)
}

// plainText returns a canonical JSON string decoded, any other value as it stands.
func plainText(raw string) string {
	if raw[0] == '"' {
		return jsonscan.Unquote(raw)
	}
	return raw
}

// hostPath returns host and path of a URL: no scheme, user, port, query, fragment, and no
// slash at the end.
func hostPath(url string) string {
	if i := strings.Index(url, "://"); i >= 0 {
		url = url[i+3:]
	}
	url = strings.TrimPrefix(url, "//")
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	end := strings.IndexByte(url, '/')
	if end < 0 {
		end = len(url)
	}
	host, path := url[:end], strings.TrimSuffix(url[end:], "/")
	start := strings.LastIndexByte(host, '@') + 1
	port := strings.LastIndexByte(host, ':')
	if port < start || strings.Contains(host[port:], "]") { // none, or a part of an IPv6 address
		return url[start : end+len(path)]
	}
	return host[start:port] + path
}

// anchor is what twins are looked up by first; the first byte tells its kind.
func (f *facets) anchor() (kind byte, text string) {
	switch {
	case f.order != "":
		return 'o', f.order
	case f.url != "":
		return 'u', f.url
	case f.touchpoint != "":
		return 't', f.touchpoint
	}
	return 0, ""
}

func (r *TwinRules) window(k Kind) time.Duration {
	if w, ok := r.Window[k]; ok {
		return w
	}
	switch k {
	case KindVisit, KindPageview, KindScreen, KindSearch, KindDownload, KindProductView, KindCart, KindVideoPlay,
		KindVideoComplete, KindInstall, KindAppOpen, KindEvent, KindClick, KindImpression:
		return 10 * time.Second
	case KindEmail, KindEmailSent, KindEmailDelivered, KindEmailOpen, KindEmailClick, KindEmailReply,
		KindEmailBounce, KindEmailSpam, KindPushSent, KindPushOpen:
		return 2 * time.Minute
	case KindForm, KindLead, KindSignup, KindLogin, KindCheckout, KindOrder, KindSurveyAnswer:
		return 5 * time.Minute
	case KindCall, KindMeeting, KindDemo, KindWebinarRegistered, KindWebinarAttended, KindEventRegistered, KindEventAttended:
		return 15 * time.Minute
	}
	return time.Minute
}

// root returns a kind that stands for all that k may be a twin of, over any number of
// steps; which of them really may is [TwinRules.kin]'s business.
func (r *TwinRules) root(k Kind) Kind {
	if r.Families == nil {
		switch k {
		case KindVisit, KindPageview:
			return KindClick
		case KindDemo:
			return KindMeeting
		case KindLead:
			return KindForm
		}
		return k
	}
	reached := []Kind{k}
	for i := 0; i < len(reached); i++ {
		for _, family := range r.Families {
			if slices.Contains(family, reached[i]) {
				for _, o := range family {
					if !slices.Contains(reached, o) {
						reached = append(reached, o)
					}
				}
			}
		}
	}
	return slices.Min(reached)
}

// kin reports whether two kinds are equal or of one family.
func (r *TwinRules) kin(a, b Kind) bool {
	if a == b {
		return true
	}
	if r.Families == nil {
		return r.root(a) == r.root(b)
	}
	for _, family := range r.Families {
		if slices.Contains(family, a) && slices.Contains(family, b) {
			return true
		}
	}
	return false
}

// plenty reports whether one person has many touches of the kind in a minute.
func plenty(k Kind) bool {
	switch k {
	case KindPageview, KindScreen, KindEvent, KindImpression, KindVideoPlay, KindVideoComplete:
		return true
	}
	return false
}

// eligible reports whether a and b may be one contact.
func (m *twinMatcher) eligible(a, b *unit) bool {
	m.steps++
	d := time.Duration(a.at-b.at) * time.Microsecond
	order := a.order != "" && a.order == b.order
	switch {
	case a.day || b.day:
		if a.day && (d > 0 || -d >= day) || b.day && (d < 0 || d >= day) {
			return false
		}
	case order && a.conversion && a.kind == b.kind && d.Abs() <= sameOrder:
	case d.Abs() > max(a.window, b.window):
		return false
	}
	if !m.rules.kin(a.kind, b.kind) || (a.record || b.record) && a.kind != b.kind {
		return false
	}
	if (a.kind == KindClick) != (b.kind == KindClick) && !order &&
		!equalText(a.campaign, b.campaign) && !commonMember(a.clicks, b.clicks) {
		return false
	}
	if (plenty(a.kind) || plenty(b.kind)) &&
		!equalText(a.url, b.url) && !equalText(a.touchpoint, b.touchpoint) && !equalText(a.event, b.event) {
		return false
	}
	if !order && (differ(a.order, b.order) || differ(a.url, b.url) || differ(a.score, b.score) || differ(a.stage, b.stage) ||
		!a.value.IsZero() && !b.value.IsZero() && a.value != b.value) {
		return false
	}
	return m.never == nil && a.more == nil && b.more == nil || m.compatible(a, b)
}

func equalText(a, b string) bool { return a != "" && a == b }

func differ(a, b string) bool { return a != "" && b != "" && a != b }

// commonMember reports whether two canonical objects share a member, such as a click id.
func commonMember(a, b string) bool {
	if a == "" || b == "" || a[0] != '{' || b[0] != '{' {
		return false
	}
	for x := range members(a) {
		for y := range members(b) {
			if x == y {
				return true
			}
		}
	}
	return false
}

// why says what two touches agree on, and how far apart they are; it names no value.
func (m *twinMatcher) why(a, b *unit) string {
	out := append(append(make([]byte, 0, 64), a.kind...), ':')
	ta, tb := m.touches[a.lead], m.touches[b.lead]
	for _, f := range [...]struct {
		name string
		same bool
	}{
		{"order_id", equalText(a.order, b.order)}, {"url", equalText(a.url, b.url)},
		{"value", !a.value.IsZero() && a.value == b.value}, {"survey.score", equalText(a.score, b.score)},
		{"stage", equalText(a.stage, b.stage)}, {"touchpoint", equalText(a.touchpoint, b.touchpoint)},
		{"event", equalText(a.event, b.event)}, {"campaign.id", equalText(a.campaign, b.campaign)},
		{"campaign.source", equalText(fold(ta.Campaign.Source), fold(tb.Campaign.Source))},
		{"campaign.medium", equalText(fold(ta.Campaign.Medium), fold(tb.Campaign.Medium))},
		{"campaign.name", equalText(fold(ta.Campaign.Name), fold(tb.Campaign.Name))},
		{"subject", sameProp(ta, tb, "subject")}, {"title", sameProp(ta, tb, "title")},
	} {
		if f.same {
			out = append(append(append(out, " same "...), f.name...), ',')
		}
	}
	us := a.at - b.at
	if us < 0 {
		us = -us
	}
	out = strconv.AppendInt(append(out, ' '), us/1e6, 10)
	if us %= 1e6; us > 0 {
		out = append(out, '.')
		for p := int64(100_000); us > 0; p /= 10 {
			out = append(out, byte('0'+us/p))
			us %= p
		}
	}
	return string(append(out, " s apart"...))
}

func sameProp(a, b *Touch, key string) bool {
	x, ok := a.Props.Text(key)
	y, _ := b.Props.Text(key)
	return ok && equalText(fold(x), fold(y))
}
