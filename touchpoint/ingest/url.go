package ingest

import (
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint"
)

// Campaign returns the campaign that the utm_* parameters of a URL name, the zero one
// where there are none. Names are compared exactly; the first value of each counts.
func Campaign(url string) touchpoint.Campaign {
	var c touchpoint.Campaign
	for name, value := range parameters(url) {
		var to *string
		switch name {
		case "utm_source":
			to = &c.Source
		case "utm_medium":
			to = &c.Medium
		case "utm_campaign":
			to = &c.Name
		case "utm_term":
			to = &c.Term
		case "utm_content":
			to = &c.Content
		case "utm_id":
			to = &c.ID
		default:
			continue
		}
		if *to == "" {
			*to = value
		}
	}
	return c
}

// HostPath returns host and path of a URL, the name of a page that has no other: the
// host in lower case, without port, user info, query and fragment. It is empty for a text
// without a host.
func HostPath(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	host, path, _ := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.Trim(host[i+1:], "0123456789") == "" {
		host = host[:i]
	}
	if host == "" {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")) + "/" + path
}

// parameters yields the parameters of a URL, decoded, the first of each name first.
func parameters(url string) func(func(name, value string) bool) {
	return func(yield func(string, string) bool) {
		url, _, _ = strings.Cut(url, "#")
		_, query, _ := strings.Cut(url, "?")
		for query != "" {
			end := 0
			for end < len(query) && query[end] != '&' && query[end] != '?' {
				end++
			}
			name, value, _ := strings.Cut(query[:end], "=")
			if end > 0 && !yield(unescape(name), unescape(value)) {
				return
			}
			query = query[min(end+1, len(query)):]
		}
	}
}

// unescape decodes + and %XX; a broken escape stays, and so does the whole text if it
// would not be UTF-8.
func unescape(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) < 16 && unhex(s[i+2]) < 16:
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	if !utf8.Valid(b) {
		return s
	}
	return string(b)
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
