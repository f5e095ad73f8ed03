package ingest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// campaignParams begin with this; they survive [URLUTMOnly].
const campaignParams = "utm_"

func isClickID(name string) bool { return query.IndexClickID(name) >= 0 }

// minimise turns page, IP and click ids into props and masks what Options.Minimise says.
func (k *Desk) minimise(d *Draft) {
	m := k.o.Minimise
	if m.ClickIDs == ClickIDsKind {
		for _, u := range [...]string{d.Page.URL, d.Page.Referrer} {
			for name, value := range query.Parameters(u) {
				if isClickID(name) {
					d.ClickID(name, query.Decode(value))
				}
			}
		}
	}
	if m.URL != URLFull || m.ClickIDs != ClickIDsKeep {
		for i := range d.props {
			if p := &d.props[i]; p.json {
				p.value = m.maskJSON(p.value)
			} else {
				p.value = m.maskText(p.value)
			}
		}
		d.Touch.Touchpoint = m.maskText(d.Touch.Touchpoint)
	}
	for _, u := range [...]struct{ name, url string }{{"url", m.maskURL(d.Page.URL)}, {"referrer", m.maskURL(d.Page.Referrer)}} {
		if len(u.url) > MaxURL {
			d.Fail("props."+u.name, touchpoint.TooLong)
		}
		d.Prop(u.name, u.url)
	}
	if m.UserAgent == AgentKeep {
		d.Prop("user_agent", d.Page.UserAgent)
	}
	switch m.IP {
	case IPKeep:
		d.Prop("ip", d.IP)
	case IPTruncate:
		d.Prop("ip", truncate(d.IP))
	}
	if marks := m.marks(d.clicks); marks != "" {
		d.RawProp("click_ids", marks)
	}
	if m.ClickIDs == ClickIDsDrop { // those that channel rules named
		d.props = slices.DeleteFunc(d.props, func(p member) bool { return p.key == "click_ids" })
	}
	if k.keep != nil {
		d.props = slices.DeleteFunc(d.props, func(p member) bool { return !k.keep[p.key] && !ours[p.key] })
	}
}

// ours are the props that an allow-list keeps because the facts would be misread
// without them.
var ours = map[string]bool{"at_original": true, "at_precision": true, "bot": true, "bot_rule": true, "click_ids": true}

// marks returns props.click_ids as JSON: the names, sorted, with their values in the
// mode that keeps these. gad_source, a digit that names no click, always keeps its value.
func (m Minimise) marks(clicks []click) string {
	if m.ClickIDs == ClickIDsDrop || len(clicks) == 0 {
		return ""
	}
	names := make([]string, len(clicks))
	for i, c := range clicks {
		if names[i] = c.name; m.ClickIDs == ClickIDsKeep || c.name == "gad_source" {
			names[i] += "=" + c.value
		}
	}
	slices.Sort(names)
	b := []byte{'['}
	for i, n := range slices.Compact(names) {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonscan.AppendQuoted(b, n)
	}
	return string(append(b, ']'))
}

// maskJSON masks every text of a JSON value that is a URL, and takes out members that
// are click ids.
func (m Minimise) maskJSON(raw string) string {
	if raw == "" || raw[0] != '"' && raw[0] != '{' && raw[0] != '[' {
		return raw
	}
	var doc jsonscan.Doc
	v, err := doc.Parse(raw, jsonscan.Limits{})
	if err != nil {
		return raw // the props say what is wrong
	}
	return string(m.appendMasked(nil, v))
}

func (m Minimise) appendMasked(b []byte, v jsonscan.Value) []byte {
	switch v.Kind() {
	case jsonscan.String:
		s := v.Text()
		if masked := m.maskText(s); masked != s {
			return jsonscan.AppendQuoted(b, masked)
		}
	case jsonscan.Array:
		b = append(b, '[')
		for e := v.First(); e.OK(); e = e.Next() {
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = m.appendMasked(b, e)
		}
		return append(b, ']')
	case jsonscan.Object:
		b = append(b, '{')
		for e := v.First(); e.OK(); e = e.Next() {
			if m.ClickIDs != ClickIDsKeep && isClickID(e.Key()) {
				continue
			}
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = m.appendMasked(append(jsonscan.AppendQuoted(b, e.Key()), ':'), e)
		}
		return append(b, '}')
	}
	return append(b, v.Raw()...)
}

// isURL reports whether a word, which has no blanks, may hold parameters that identify
// somebody: a URL, a path, a query, or a piece of one.
func isURL(word string) bool {
	if strings.Contains(word, "://") {
		return true
	}
	if (strings.HasPrefix(word, "/") || strings.HasPrefix(word, "?")) && strings.ContainsAny(word, "?#") {
		return true
	}
	if _, query, ok := strings.Cut(word, "?"); ok && strings.Contains(query, "=") {
		return true
	}
	return strings.Contains(word, "=") && namesClick(word)
}

// namesClick reports whether a piece of a URL has a click id.
func namesClick(word string) bool {
	for p := range strings.FieldsFuncSeq(word, isSeparator) {
		if name, _, ok := strings.Cut(p, "="); ok && isClickID(query.Decode(name)) {
			return true
		}
	}
	return false
}

// isSeparator reports whether parameters are parted by r; some write a second ? for &.
func isSeparator(r rune) bool { return r == '&' || r == '?' || r == ';' || r == '#' }

// maskText masks the URLs in a text, such as a property; other words stay as they are.
func (m Minimise) maskText(s string) string { return m.maskWords(s, 0) }

// maskURL returns a URL as the options want it stored.
func (m Minimise) maskURL(s string) string { return m.mask(s, 0) }

// maxNested is how many URLs inside of each other are looked into; what is deeper goes.
const maxNested = 3

func (m Minimise) maskWords(s string, depth int) string {
	if !strings.ContainsAny(s, "/?=") {
		return s
	}
	var b strings.Builder
	for s != "" {
		end := strings.IndexAny(s, " \t\r\n")
		if end < 0 {
			end = len(s)
		}
		if word := s[:end]; isURL(word) {
			b.WriteString(m.mask(word, depth))
		} else {
			b.WriteString(word)
		}
		rest := s[end:]
		s = strings.TrimLeft(rest, " \t\r\n")
		b.WriteString(rest[:len(rest)-len(s)])
	}
	return b.String()
}

func (m Minimise) mask(s string, depth int) string {
	if s == "" || m.URL == URLFull && m.ClickIDs == ClickIDsKeep {
		return s
	}
	fragment := ""
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s, fragment = s[:i], s[i+1:]
	}
	rest, query, has := strings.Cut(s, "?")
	if namesClick(rest) { // parameters where none belong: a piece of a query, or & for ?
		path, more := "", rest
		if i := strings.IndexAny(rest, "&;"); i >= 0 && strings.Contains(rest[:i], "/") {
			path, more = rest[:i], rest[i+1:]
		}
		rest, has = path, true
		if query != "" {
			more += "&" + query
		}
		query = more
	}
	if m.URL != URLFull {
		fragment = ""
		rest = dropUser(rest)
	} else if strings.Contains(fragment, "=") {
		fragment = m.maskQuery(fragment, depth)
	}
	if has && m.URL != URLNoQuery {
		if query = m.maskQuery(query, depth); query != "" {
			rest += "?" + query
		}
	}
	if fragment != "" {
		rest += "#" + fragment
	}
	return rest
}

// dropUser takes the user info out of scheme://user@host/path.
func dropUser(s string) string {
	start := strings.Index(s, "//")
	if start < 0 {
		return s
	}
	start += 2
	end := strings.IndexByte(s[start:], '/')
	if end < 0 {
		end = len(s) - start
	}
	if at := strings.LastIndexByte(s[start:start+end], '@'); at >= 0 {
		return s[:start] + s[start+at+1:]
	}
	return s
}

// maskQuery keeps the parameters that may stay, each as it was written.
func (m Minimise) maskQuery(text string, depth int) string {
	var kept []string
	for p := range strings.FieldsFuncSeq(text, isSeparator) {
		name, value, _ := strings.Cut(p, "=")
		name = query.Decode(name)
		switch {
		case m.URL == URLUTMOnly && !strings.HasPrefix(name, campaignParams):
		case m.ClickIDs != ClickIDsKeep && isClickID(name):
		case m.hides(query.Decode(value), depth+1): // a URL inside of a URL
		default:
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "&")
}

// hides reports whether masking would take something out of s.
func (m Minimise) hides(s string, depth int) bool {
	if depth > maxNested {
		return strings.ContainsAny(s, "%?=")
	}
	return m.maskWords(s, depth) != s
}

// truncate returns the /24 of an address, of version 6 the /48; what is no address
// becomes nothing.
func truncate(ip string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p.Addr().String()
}
