package channel

import (
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// A page is what the scanner finds in one URL. Its texts are parts of the URL, or
// decoded copies where it had escapes.
type page struct {
	host, path string
	app        bool // host is the package of an Android app
	tags       touchpoint.Campaign
	clicks     clickSet
	gad        string // the digit of gad_source: 1 is a search ad
	mark       uint64 // tells one set of click ids from another
	extra      [len(extraTags)]string
}

// extraTags are the parameters of a campaign that become props.
var extraTags = [...]string{"utm_source_platform", "utm_creative_format", "utm_marketing_tactic"}

// scan reads a landing URL. A text without a scheme has no host but may have a query.
func scan(url string) (p page) {
	p.host, p.path, p.app = scanHost(url)
	for name, value := range query.Parameters(url) {
		p.parameter(name, value)
	}
	return p
}

func (p *page) parameter(name, value string) {
	if strings.HasPrefix(name, "utm_") {
		if to := p.tag(name[len("utm_"):]); to != nil && *to == "" {
			*to = query.Decode(value)
		}
		return
	}
	c := query.IndexClickID(name)
	if c < 0 {
		return
	}
	if c == gadSource && p.gad == "" && len(value) == 1 {
		p.gad = value
	}
	p.clicks |= 1 << c
	p.mark = hash(hash(p.mark, query.ClickIDs[c].Name), value)
}

// tag returns where the value of a utm_ parameter belongs, nil for an unknown one. Names
// are compared exactly.
func (p *page) tag(name string) *string {
	switch name {
	case "source":
		return &p.tags.Source
	case "medium":
		return &p.tags.Medium
	case "campaign":
		return &p.tags.Name
	case "term":
		return &p.tags.Term
	case "content":
		return &p.tags.Content
	case "id":
		return &p.tags.ID
	}
	for i, t := range extraTags {
		if t[len("utm_"):] == name {
			return &p.extra[i]
		}
	}
	return nil
}

// scanHost returns host and path of a URL: user info, port and a trailing dot dropped,
// the host in lower case. The path begins with / and has neither query nor fragment. Of
// android-app://package/… the host is the package. A text without scheme, a file, and
// what no browser would take for a host have none.
func scanHost(url string) (host, path string, app bool) {
	url = strings.TrimSpace(url)
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !isScheme(scheme) || strings.EqualFold(scheme, "file") {
		return "", "", false
	}
	end := strings.IndexAny(rest, `/?#\`)
	if end < 0 {
		end = len(rest)
	}
	host, path = rest[:end], rest[end:]
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if strings.Trim(host[i+1:], "0123456789") != "" {
			return "", "", false
		}
		host = host[:i]
	}
	host = strings.TrimSuffix(host, ".")
	if !isHost(host) {
		return "", "", false
	}
	return strings.ToLower(host), path, strings.EqualFold(scheme, "android-app")
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || s[i] != '+' && s[i] != '-' && s[i] != '.' && (s[i] < '0' || s[i] > '9')) {
			return false
		}
	}
	return s != ""
}

// isHost reports whether s may be a host: letters of any script, digits, and between
// non-empty labels dots; or an IPv6 address in brackets.
func isHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	if s[0] == '[' {
		return strings.HasSuffix(s, "]") && strings.Trim(s[1:len(s)-1], "0123456789abcdefABCDEF:.") == "" && len(s) > 2
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c >= utf8.RuneSelf:
		case c == '.' && i > 0 && s[i-1] != '.':
		default:
			return false
		}
	}
	return utf8.ValidString(s)
}

// plainHost is a host without a leading www.
func plainHost(host string) string { return strings.TrimPrefix(host, "www.") }

// hash folds a text into an FNV-1a hash, by which click ids are told apart without
// being kept. The border between two texts counts.
func hash(h uint64, s string) uint64 {
	if h == 0 {
		h = 14695981039346656037
	}
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211
}

// clean is the form in which a campaign is kept; what cannot be cleaned stays.
func clean(s string) string {
	if c, err := touchpoint.Clean(s); err == nil {
		return c
	}
	return s
}
