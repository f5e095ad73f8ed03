package ingest

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/percent"
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
			if end > 0 && !yield(percent.Decode(name), percent.Decode(value)) {
				return
			}
			query = query[min(end+1, len(query)):]
		}
	}
}
