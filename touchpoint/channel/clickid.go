package channel

import (
	"math/bits"
	"slices"
)

// evidence says what a click id proves about the visit.
type evidence uint8

const (
	paid      evidence = iota // somebody paid for the click
	unproven                  // adverts and plain links carry it alike
	organic                   // a shared link
	shopping                  // a free listing of a shop
	affiliate                 // a partner's link
	mailed                    // a link in a mail
)

// A clickID is a parameter by which an advertiser, a network or a mailer marks a click.
// Where source is set, a visit without tags takes it, with medium; trusted ones only if
// the options say so.
type clickID struct {
	name           string // in lower case
	proves         evidence
	source, medium string
	trusted        bool
}

// clickIDs are known by name, compared without case. The first that a URL has, in this
// order, gives source and medium.
var clickIDs = [...]clickID{
	{name: "gclid", source: "google", medium: "cpc"},                  // Google Ads
	{name: "gbraid", source: "google", medium: "cpc"},                 // Google Ads, web to app
	{name: "wbraid", source: "google", medium: "cpc"},                 // Google Ads, app to web
	{name: "msclkid", source: "bing", medium: "cpc"},                  // Microsoft Advertising
	{name: "dclid", source: "doubleclick", medium: "display"},         // Display & Video 360
	{name: "twclid", source: "twitter", medium: "cpc", trusted: true}, // X
	{name: "li_fat_id", source: "linkedin", medium: "cpc", trusted: true},
	{name: "ttclid", source: "tiktok", medium: "cpc", trusted: true},
	{name: "rdt_cid", source: "reddit", medium: "cpc", trusted: true},
	{name: "qclid", source: "quora", medium: "cpc", trusted: true},
	{name: "sccid", source: "snapchat", medium: "cpc", trusted: true}, // sent as ScCid
	{name: "yclid", source: "yandex", medium: "cpc", trusted: true},   // Yahoo! Japan Ads sends it too
	{name: "gad_source"},                // Google Ads; 1 is search
	{name: "gclsrc"},                    // Search Ads 360
	{name: "ko_click_id"},               // Kochava
	{name: "ldtag_cl"},                  // LINE Ads
	{name: "btid"},                      // DataXu
	{name: "urid"},                      // Millennial Media
	{name: "fbclid", proves: unproven},  // Meta puts it on every link
	{name: "epik", proves: unproven},    // Pinterest
	{name: "igshid", proves: organic},   // a share of Instagram
	{name: "srsltid", proves: shopping}, // Google Merchant Center
	{name: "irclid", proves: affiliate}, // Impact
	{name: "_kx", proves: mailed},       // Klaviyo
	{name: "mc_cid", proves: mailed},    // Mailchimp
	{name: "mkt_tok", proves: mailed},   // Marketo
	{name: "_hsenc", proves: mailed},    // HubSpot
	{name: "vero_id", proves: mailed},   // Vero
}

var (
	gclid     = clickParam("gclid")
	gadSource = clickParam("gad_source")
	fbclid    = clickParam("fbclid")
)

// longestClickID is at least the length of the longest name.
const longestClickID = 12

var clickIndex = func() map[string]int {
	m := make(map[string]int, len(clickIDs))
	for i, c := range clickIDs {
		m[c.name] = i
	}
	return m
}()

// clickParam returns the index of a click id by its name in any case, -1 for no click id.
func clickParam(name string) int {
	if len(name) > longestClickID {
		return -1
	}
	var buf [longestClickID]byte
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	if i, ok := clickIndex[string(buf[:len(name)])]; ok {
		return i
	}
	return -1
}

// A clickSet says which click ids a URL has, by their index.
type clickSet uint32

func (s clickSet) has(i int) bool { return s&(1<<i) != 0 }

// source returns the first click id that gives source and medium, -1 if none does.
func (s clickSet) source(trust bool) int {
	for s != 0 {
		i := bits.TrailingZeros32(uint32(s))
		if c := &clickIDs[i]; c.source != "" && (trust || !c.trusted) {
			return i
		}
		s &^= 1 << i
	}
	return -1
}

// paid reports whether one of the click ids proves that somebody paid.
func (s clickSet) paid() bool {
	for i, c := range clickIDs {
		if s.has(i) && c.proves == paid {
			return true
		}
	}
	return false
}

// names returns the names in the set, sorted; gad_source, a digit that names no click,
// with its value.
func (s clickSet) names(gad string) []string {
	var names []string
	for i, c := range clickIDs {
		if s.has(i) {
			names = append(names, c.name)
		}
	}
	if i := slices.Index(names, "gad_source"); i >= 0 && gad != "" {
		names[i] += "=" + gad
	}
	slices.Sort(names)
	return names
}
