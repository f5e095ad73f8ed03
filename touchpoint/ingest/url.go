package ingest

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// Campaign returns the campaign that the utm_* parameters of a URL name, the zero one
// where there are none. Names are compared exactly; the first value of each counts.
func Campaign(url string) touchpoint.Campaign {
	var c touchpoint.Campaign
	for name, value := range query.Parameters(url) {
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
			*to = query.Decode(value)
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
