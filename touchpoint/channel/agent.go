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
	b := buf[:copy(buf[:], userAgent)]
	sc := agentScan{b: b, first: true}
	for i, c := range b {
		class := byteClass[c]
		if class == upper {
			c += 'a' - 'A'
			b[i], class = c, plain
		}
		if class == plain {
			if i > sc.part { // a piece may begin one byte back
				sc.hit = sc.hit || piecePairs[b[i-1]]&(1<<(c&31)) != 0
			}
			continue
		}
		if v := sc.endPart(i, class == joint); v != nil {
			return *v
		}
		rest := b[i:]
		if c == ':' && len(rest) > 2 && rest[1] == '/' && rest[2] == '/' && !ownURL(userAgent[i+3:]) {
			return agentRules.url
		}
		if c == '@' && i > 0 && byteClass[b[i-1]] != other && len(rest) > 1 && byteClass[rest[1]] != other {
			return agentRules.address
		}
	}
	if v := sc.endPart(len(b), false); v != nil {
		return *v
	}
	if sc.first || sc.system {
		return Verdict{}
	}
	return agentRules.homeless
}

// The classes of bytes: a word is made of parts, letters and digits, with joints between.
const (
	other uint8 = iota
	plain
	upper
	joint
)

var byteClass = func() (class [256]uint8) {
	for c := range class {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			class[c] = plain
		case c >= 'A' && c <= 'Z':
			class[c] = upper
		case c == '-' || c == '.' || c == '_':
			class[c] = joint
		}
	}
	return class
}()

// An agentScan is how far the text was judged. b is in lower case up to the present byte.
type agentScan struct {
	b             []byte
	word, part    int  // where they began
	first, system bool // no word so far; one names what people run browsers on
	hit           bool // the part may hold a telling piece
}

// endPart judges the part that ends at i, and the word unless it goes on. It returns the
// verdict if that settles it, else nil.
func (sc *agentScan) endPart(i int, goesOn bool) *Verdict {
	word, part := sc.b[sc.word:i], sc.b[sc.part:i]
	hit := sc.hit
	sc.part, sc.hit = i+1, false
	if len(word) == 0 {
		sc.word = i + 1
		return nil
	}
	if v := agentRules.find(part, sc.first && (goesOn || len(part) == len(word))); v != nil {
		return v
	}
	if hit {
		if v := within(part); v != nil {
			return v
		}
	}
	sc.system = sc.system || agentRules.system(part)
	if goesOn {
		return nil
	}
	if len(part) < len(word) {
		if v := agentRules.find(word, sc.first); v != nil {
			return v
		}
		sc.system = sc.system || agentRules.isSystem(word)
	}
	sc.word, sc.first = i+1, false
	return nil
}

// within looks for a telling piece in a part of a word.
func within(part []byte) *Verdict {
	for j, c := range part[:len(part)-1] {
		if piecePairs[c]&(1<<(part[j+1]&31)) == 0 {
			continue
		}
		for i := range piecesBy[c] {
			p := &piecesBy[c][i]
			rest := part[j:]
			if !hasPrefix(rest, p.text) || p.end && len(rest) > len(p.text) && !p.plural(rest[len(p.text):]) {
				continue
			}
			if _, person := people[string(part)]; !person {
				return &p.verdict
			}
		}
	}
	return nil
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

func hasPrefix(b []byte, p string) bool { return len(b) >= len(p) && string(b[:len(p)]) == p }

// ownURL reports whether an address is one that browsers of people carry.
func ownURL(rest string) bool {
	for _, u := range peopleURLs {
		if strings.HasPrefix(rest, u) {
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

// piecePairs has bit c&31 of the first byte of a piece set if its second may be c.
var piecePairs = func() (m [256]uint32) {
	for _, pieces := range piecesBy {
		for _, p := range pieces {
			m[p.text[0]] |= 1 << (p.text[1] & 31)
		}
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
	return t.isSystem(word) || t.isSystem(word[:n])
}

func (t *agentTable) isSystem(word []byte) bool {
	return len(word) > 0 && t.systemShape[word[0]]&(1<<min(len(word), 63)) != 0 && t.systems[string(word)]
}

func (t *agentTable) find(word []byte, first bool) *Verdict {
	if len(word) == 0 || t.shape[word[0]]&(1<<min(len(word), 63)) == 0 {
		return nil
	}
	if v := t.anywhere[string(word)]; v != nil || !first {
		return v
	}
	return t.begin[string(word)]
}
