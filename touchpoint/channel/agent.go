package channel

import "strings"

// A Verdict says whether a user agent is a bot: a program without a person in front of
// it, such as a crawler, a monitor, a link preview or an HTTP library.
type Verdict struct {
	Bot    bool
	Name   string // what gave it away, in lower case, such as "googlebot"
	Reason string // why, such as "word googlebot"
}

// longestAgent is how many bytes of a user agent are looked at. Longer ones are made by
// toolbars and in-app browsers, not by bots.
const longestAgent = 1024

// Agent judges a user agent by words typed by hand, and by what no browser says: words
// that end in "bot" or hold "crawl" or "spider", an address to complain to, no system that
// it runs on. An empty one gives no verdict. Bots that pretend to be a browser pass.
func Agent(userAgent string) Verdict {
	var buf [longestAgent]byte
	if len(userAgent) > longestAgent {
		userAgent = userAgent[:longestAgent]
	}
	for i := range len(userAgent) {
		c := userAgent[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	b := buf[:len(userAgent)]
	first, system := true, false
	for i := 0; i < len(b); {
		if !wordByte(b[i]) {
			if c := b[i]; c == ':' && hasPrefix(b[i:], "://") && !ownURL(b[i+3:]) {
				return agentRules.url
			} else if c == '@' && i > 0 && wordByte(b[i-1]) && i+1 < len(b) && letter(b[i+1]) {
				return agentRules.address
			}
			i++
			continue
		}
		start := i
		for i < len(b) && wordByte(b[i]) {
			i++
		}
		v, ok, names := judge(b[start:i], first)
		if ok {
			return v
		}
		first, system = false, system || names
	}
	if first || system {
		return Verdict{}
	}
	return agentRules.homeless
}

// judge looks at a word, then at its parts between - . and _. system is whether one of
// them names what people run browsers on.
func judge(word []byte, first bool) (v Verdict, bot, system bool) {
	if v, bot = agentRules.find(word, first); bot {
		return v, true, false
	}
	start := 0
	for i := 0; i <= len(word); i++ {
		if i < len(word) && (letter(word[i]) || digit(word[i])) {
			continue
		}
		part := word[start:i]
		start = i + 1
		if len(part) < len(word) {
			if v, bot = agentRules.find(part, first && i < len(word)); bot {
				return v, true, false
			}
		}
		for j := range part {
			if v, bot = within(part, j); bot {
				return v, true, false
			}
		}
		system = system || agentRules.system(part)
	}
	return v, false, system
}

// within looks for the telling piece of a word that begins at j.
func within(part []byte, j int) (Verdict, bool) {
	for _, p := range piecesBy[part[j]] {
		if !hasPrefix(part[j:], p.text) || p.end && len(part) > j+len(p.text) && !p.plural(part[j+len(p.text):]) {
			continue
		}
		if _, person := people[string(part)]; !person {
			return p.verdict, true
		}
	}
	return Verdict{}, false
}

func wordByte(c byte) bool { return letter(c) || digit(c) || c == '-' || c == '.' || c == '_' }
func letter(c byte) bool   { return c >= 'a' && c <= 'z' }
func digit(c byte) bool    { return c >= '0' && c <= '9' }

func hasPrefix(b []byte, p string) bool { return len(b) >= len(p) && string(b[:len(p)]) == p }

// ownURL reports whether an address is one that browsers of people carry.
func ownURL(b []byte) bool {
	for _, u := range peopleURLs {
		if hasPrefix(b, u) {
			return true
		}
	}
	return false
}

// A piece gives a word away wherever it stands in it, or only at its end.
type piece struct {
	text    string
	end     bool
	verdict Verdict
}

// plural lets "bot" end a word in "bots" too, or be followed by a version.
func (p *piece) plural(rest []byte) bool {
	if rest[0] == 's' {
		rest = rest[1:]
	}
	for _, c := range rest {
		if !digit(c) {
			return false
		}
	}
	return true
}

var piecesBy = func() (m [256][]piece) {
	for _, text := range strings.Fields(agentPieces) {
		text, end := strings.CutSuffix(text, "$")
		p := piece{text, end, Verdict{true, text, "word with " + text}}
		if end {
			p.verdict.Reason = "word ending in " + text
		}
		m[text[0]] = append(m[text[0]], p)
	}
	return m
}()

var people = func() map[string]struct{} {
	m := make(map[string]struct{})
	for _, w := range strings.Fields(agentPeople) {
		m[w] = struct{}{}
	}
	return m
}()

var agentRules = newAgentTable()

// An agentTable finds words; shape lets most words pass without a look-up: bit n of the
// first letter is set if a word of n letters begins with it.
type agentTable struct {
	anywhere, begin        map[string]*Verdict
	systems                map[string]bool
	shape, systemShape     [256]uint64
	url, address, homeless Verdict
}

func newAgentTable() *agentTable {
	t := &agentTable{
		anywhere: make(map[string]*Verdict), begin: make(map[string]*Verdict),
		systems:  make(map[string]bool),
		url:      Verdict{true, "address", "has the address of a page"},
		address:  Verdict{true, "address", "has a mail address"},
		homeless: Verdict{true, "no system", "names no system that it runs on"},
	}
	for _, w := range strings.Fields(agentWords) {
		t.anywhere[w] = &Verdict{true, w, "word " + w}
		t.shape[w[0]] |= 1 << min(len(w), 63)
	}
	for _, w := range strings.Fields(agentBegin) {
		t.begin[w] = &Verdict{true, w, "begins with " + w}
		t.shape[w[0]] |= 1 << min(len(w), 63)
	}
	for _, w := range strings.Fields(agentSystems) {
		t.systems[w] = true
		t.systemShape[w[0]] |= 1 << min(len(w), 63)
	}
	return t
}

// system reports whether a word, without a number at its end, names a system.
func (t *agentTable) system(word []byte) bool {
	n := 0
	for n < len(word) && letter(word[n]) {
		n++
	}
	return t.isSystem(word) || n < len(word) && t.isSystem(word[:n])
}

func (t *agentTable) isSystem(word []byte) bool {
	return len(word) > 0 && t.systemShape[word[0]]&(1<<min(len(word), 63)) != 0 && t.systems[string(word)]
}

func (t *agentTable) find(word []byte, first bool) (Verdict, bool) {
	if len(word) == 0 || t.shape[word[0]]&(1<<min(len(word), 63)) == 0 {
		return Verdict{}, false
	}
	if v := t.anywhere[string(word)]; v != nil {
		return *v, true
	}
	if first {
		if v := t.begin[string(word)]; v != nil {
			return *v, true
		}
	}
	return Verdict{}, false
}
