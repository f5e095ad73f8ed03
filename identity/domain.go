package identity

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Domains knows which domains can be registered and what kind of domain one is.
// Implementations are safe for concurrent use.
type Domains interface {
	// Registrable returns the part of host that somebody can register, as A-labels:
	// "www.example.co.uk" gives "example.co.uk". It is false where host is itself a
	// public suffix, an IP address, or no host.
	Registrable(host string) (domain string, ok bool)
	// Class says what kind of domain a registrable domain, or a host below it, is.
	Class(domain string) DomainClass
}

// A DomainClass is what kind of domain one is.
type DomainClass uint8

// The classes. Company is what no table knows better.
const (
	Company DomainClass = iota
	FreeMail
	Disposable
	Provider
	Own
	Ignored
)

// A Table is the [Domains] of the Public Suffix List algorithm and lists of mail
// providers. The zero value has built-in tables typed by hand: the suffixes of two
// levels of the larger countries, and some hundred providers of free mail; it knows no
// disposable ones. A loaded list takes the place of the built-in one. Loading is not
// safe for concurrent use, the rest is.
type Table struct {
	ICANNOnly bool // leave out the suffixes of private owners, such as uk.com

	suffixes         map[string]suffix
	free, disposable map[string]bool
}

// A suffix says which rules of the list end at a name.
type suffix uint8

const (
	plainRule     suffix = 1 << iota // example
	wildcardRule                     // *.example
	exceptionRule                    // !www.example
	privatePlain                     // the same in the list's private section
	privateWildcard
	privateException
)

var builtinDomains = new(Table)

// Registrable implements [Domains] by the algorithm of publicsuffix.org: among the rules
// that match, an exception wins, else the longest; if none does, the last label is the
// suffix.
func (t *Table) Registrable(host string) (string, bool) {
	h, ok := domain(trim(host))
	if !ok || strings.HasPrefix(trim(host), ".") {
		return "", false
	}
	if _, err := netip.ParseAddr(h); err == nil {
		return "", false
	}
	starts := []int{0}
	for i := range len(h) {
		if h[i] == '.' {
			starts = append(starts, i+1)
		}
	}
	suffixAt := t.suffixStart(h, starts)
	if suffixAt == 0 {
		return "", false
	}
	return h[starts[suffixAt-1]:], true
}

// suffixStart returns the index of the label at which the public suffix of h begins.
func (t *Table) suffixStart(h string, starts []int) int {
	rules := t.suffixes
	if rules == nil {
		rules = builtinSuffixes()
	}
	has := func(i int, of suffix) bool {
		s := rules[h[starts[i]:]]
		return s&of != 0 || !t.ICANNOnly && s&(of<<3) != 0
	}
	n := len(starts)
	for i := range n {
		if has(i, exceptionRule) {
			return min(i+1, n-1)
		}
	}
	for i := range n {
		if has(i, plainRule) || i+1 < n && has(i+1, wildcardRule) {
			return i
		}
	}
	return n - 1
}

// Class implements [Domains]. A name is of the class of its nearest parent in the
// tables, itself first, down to its registrable domain.
func (t *Table) Class(host string) DomainClass {
	h, ok := domain(trim(host))
	if !ok {
		return Company
	}
	reg, ok := t.Registrable(h)
	if !ok {
		reg = h
	}
	free := t.free
	if free == nil {
		free = builtinFreeMail()
	}
	for {
		switch {
		case free[h]:
			return FreeMail
		case t.disposable[h]:
			return Disposable
		case len(h) <= len(reg):
			return Company
		}
		_, h, _ = strings.Cut(h, ".")
	}
}

// LoadSuffixes reads a file in the format of the Public Suffix List.
func (t *Table) LoadSuffixes(r io.Reader) error {
	rules := map[string]suffix{}
	private := false
	err := eachLine(r, func(line string) {
		switch {
		case strings.Contains(line, "===BEGIN PRIVATE DOMAINS==="):
			private = true
		case strings.Contains(line, "===END PRIVATE DOMAINS==="):
			private = false
		}
		if line == "" || strings.HasPrefix(line, "//") {
			return
		}
		addSuffix(rules, strings.Fields(line)[0], private)
	})
	if err != nil {
		return err
	}
	t.suffixes = rules
	return nil
}

func addSuffix(rules map[string]suffix, rule string, private bool) {
	kind := plainRule
	if rest, ok := strings.CutPrefix(rule, "!"); ok {
		rule, kind = rest, exceptionRule
	} else if rest, ok := strings.CutPrefix(rule, "*."); ok {
		rule, kind = rest, wildcardRule
	}
	if private {
		kind <<= 3
	}
	if name, ok := domain(rule); ok {
		rules[name] |= kind
	}
}

// LoadFreeMail reads domains of free mail: a JSON array of strings, or one domain a
// line with # comments.
func (t *Table) LoadFreeMail(r io.Reader) error {
	m, err := loadDomains(r)
	if err == nil {
		t.free = m
	}
	return err
}

// LoadDisposable reads domains of disposable addresses, in the formats of LoadFreeMail.
func (t *Table) LoadDisposable(r io.Reader) error {
	m, err := loadDomains(r)
	if err == nil {
		t.disposable = m
	}
	return err
}

func loadDomains(r io.Reader) (map[string]bool, error) {
	br := bufio.NewReader(r)
	names := map[string]bool{}
	add := func(s string) {
		if name, ok := domain(trim(s)); ok {
			names[name] = true
		}
	}
	for {
		b, err := br.Peek(1)
		if err == nil && strings.IndexByte(" \t\r\n", b[0]) >= 0 {
			br.ReadByte()
			continue
		}
		if err == nil && b[0] == '[' {
			var list []string
			if err := json.NewDecoder(br).Decode(&list); err != nil {
				return nil, fmt.Errorf("identity: domain list: %w", err)
			}
			for _, s := range list {
				add(s)
			}
			return names, nil
		}
		break
	}
	err := eachLine(br, func(line string) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			add(line)
		}
	})
	return names, err
}

func eachLine(r io.Reader, do func(string)) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		do(strings.TrimSpace(sc.Text()))
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("identity: domain list: %w", err)
	}
	return nil
}
