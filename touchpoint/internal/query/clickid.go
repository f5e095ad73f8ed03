package query

// Evidence says what a click id proves about the visit.
type Evidence uint8

// What a click id proves.
const (
	Paid      Evidence = iota // somebody paid for the click
	Unproven                  // adverts and plain links carry it alike
	Organic                   // a shared link
	Shopping                  // a free listing of a shop
	Affiliate                 // a partner's link
	Mailed                    // a link in a mail
)

// A ClickID is a parameter by which an advertiser, a network or a mailer marks a click.
// Where Source is set, a visit without tags takes it, with Medium; Trusted ones only if
// the options say so.
type ClickID struct {
	Name           string // in lower case
	Proves         Evidence
	Source, Medium string
	Trusted        bool
}

// ClickIDs are known by name, compared without case. The first that a URL has, in this
// order, gives source and medium.
var ClickIDs = [...]ClickID{
	{Name: "gclid", Source: "google", Medium: "cpc"},                  // Google Ads
	{Name: "gbraid", Source: "google", Medium: "cpc"},                 // Google Ads, web to app
	{Name: "wbraid", Source: "google", Medium: "cpc"},                 // Google Ads, app to web
	{Name: "msclkid", Source: "bing", Medium: "cpc"},                  // Microsoft Advertising
	{Name: "dclid", Source: "doubleclick", Medium: "display"},         // Display & Video 360
	{Name: "twclid", Source: "twitter", Medium: "cpc", Trusted: true}, // X
	{Name: "li_fat_id", Source: "linkedin", Medium: "cpc", Trusted: true},
	{Name: "ttclid", Source: "tiktok", Medium: "cpc", Trusted: true},
	{Name: "rdt_cid", Source: "reddit", Medium: "cpc", Trusted: true},
	{Name: "qclid", Source: "quora", Medium: "cpc", Trusted: true},
	{Name: "sccid", Source: "snapchat", Medium: "cpc", Trusted: true}, // sent as ScCid
	{Name: "yclid", Source: "yandex", Medium: "cpc", Trusted: true},   // Yahoo! Japan Ads sends it too
	{Name: "gad_source"},                // Google Ads; 1 is search
	{Name: "gclsrc"},                    // Search Ads 360
	{Name: "ko_click_id"},               // Kochava
	{Name: "ldtag_cl"},                  // LINE Ads
	{Name: "btid"},                      // DataXu
	{Name: "urid"},                      // Millennial Media
	{Name: "fbclid", Proves: Unproven},  // Meta puts it on every link
	{Name: "epik", Proves: Unproven},    // Pinterest
	{Name: "igshid", Proves: Organic},   // a share of Instagram
	{Name: "srsltid", Proves: Shopping}, // Google Merchant Center
	{Name: "irclid", Proves: Affiliate}, // Impact
	{Name: "_kx", Proves: Mailed},       // Klaviyo
	{Name: "mc_cid", Proves: Mailed},    // Mailchimp
	{Name: "mkt_tok", Proves: Mailed},   // Marketo
	{Name: "_hsenc", Proves: Mailed},    // HubSpot
	{Name: "vero_id", Proves: Mailed},   // Vero
}

// longestClickID is at least the length of the longest name.
const longestClickID = 12

var clickIndex = func() map[string]int {
	m := make(map[string]int, len(ClickIDs))
	for i, c := range ClickIDs {
		m[c.Name] = i
	}
	return m
}()

// IndexClickID returns the index of a click id by its name in any case, -1 for no click id.
func IndexClickID(name string) int {
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
