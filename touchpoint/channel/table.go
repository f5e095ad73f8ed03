package channel

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
)

//go:embed hosts.txt
var hostsText string

var builtin = sync.OnceValues(func() (*Table, error) { return LoadHosts(strings.NewReader(hostsText)) })

// DefaultHosts returns the built-in table: facts typed by hand, in the file hosts.txt of
// this package.
func DefaultHosts() *Table {
	t, err := builtin()
	if err != nil {
		panic("channel: built-in table: " + err.Error()) // the tests load it
	}
	return t
}

// A Table knows what hosts and source names are: search engines, social networks,
// video, shops, AI assistants and web mail, and the hosts of the sets that
// [Options.Exclude] names. The zero Table knows nothing. Unchanged after it was loaded,
// and safe for concurrent use.
type Table struct {
	kinds entries
	sets  map[string]*entries
}

// kind says what a source is.
type kind uint8

const (
	unknown kind = iota
	search
	social
	video
	shop
	ai
	mail
)

var kindNames = [...]string{"", "search", "social", "video", "shopping", "ai", "mail"}

func (k kind) String() string { return kindNames[k] }

// setNames are the sets of hosts that can be excluded.
var setNames = []string{"payments", "signin"}

// An entry is what a table says of a host or word.
type entry struct {
	kind kind
	name string // of the engine or network
	line int
}

// entries finds an entry by host, path, pattern or word. Hosts stand without a leading
// www.
type entries struct {
	exact  map[string]entry // hosts
	apps   map[string]entry // packages
	words  map[string]entry // names of sources
	last   map[string]entry // x of x.{}
	first  map[string]entry // x of {}.x
	suffix map[string]entry // x of .x
	paths  map[string][]pathEntry
}

type pathEntry struct {
	path string
	entry
}

// LoadHosts reads a table: lines of a kind, a name and entries, separated by blanks.
// A # begins a comment.
//
//	search    google   google.{} google.com/imgres app:com.google.android.googlequicksearchbox
//	social    facebook facebook fb .facebook.com fb.me
//	payments  stripe   .stripe.com
//
// The kinds are search, social, video, shopping, ai and mail; payments and signin are the
// sets of [Options.Exclude]. An entry is
//
//   - host: it and its www. host;
//   - .host: the host and every host below it;
//   - host/path: what begins with the path, up to the end or a slash;
//   - {} as the last label: any two-letter country, also after one of co com org net ne
//     or; as the first: any label of two or three letters;
//   - app:package: an Android app as referrer;
//   - a word without a dot: the name of a source as people tag it; _ stands for a blank.
//
// A path wins over an exact host, this over {}, this over the longest .host. An entry
// that occurs twice, under one kind or two, is an error that names both lines.
func LoadHosts(r io.Reader) (*Table, error) {
	t := &Table{sets: make(map[string]*entries)}
	sc := bufio.NewScanner(r)
	for line := 1; sc.Scan(); line++ {
		text, _, _ := strings.Cut(sc.Text(), "#")
		if err := t.line(line, strings.Fields(text)); err != nil {
			return nil, fmt.Errorf("channel: hosts, line %d: %w", line, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("channel: hosts: %w", err)
	}
	return t, nil
}

func (t *Table) line(line int, fields []string) error {
	if len(fields) == 0 {
		return nil
	}
	to, e := &t.kinds, entry{line: line}
	for k, name := range kindNames {
		if name == fields[0] {
			e.kind = kind(k)
		}
	}
	if e.kind == unknown {
		if to = t.set(fields[0]); to == nil {
			return fmt.Errorf("unknown kind %q", fields[0])
		}
	}
	if len(fields) < 3 {
		return fmt.Errorf("%s: a kind, a name and at least one entry", fields[0])
	}
	e.name = strings.ReplaceAll(strings.ToLower(fields[1]), "_", " ")
	for _, f := range fields[2:] {
		if err := to.add(f, e); err != nil {
			return err
		}
	}
	return nil
}

// set returns the set of that name, made if it is a known one.
func (t *Table) set(name string) *entries {
	for _, n := range setNames {
		if n == name {
			if t.sets[n] == nil {
				t.sets[n] = &entries{}
			}
			return t.sets[n]
		}
	}
	return nil
}

// put adds to a map that may be nil, unless the key is there.
func put(m *map[string]entry, key, text string, e entry) error {
	if was, ok := (*m)[key]; ok {
		return fmt.Errorf("%s is already on line %d", text, was.line)
	}
	if *m == nil {
		*m = make(map[string]entry)
	}
	(*m)[key] = e
	return nil
}

func (s *entries) add(text string, e entry) error {
	x := strings.ToLower(text)
	if app, ok := strings.CutPrefix(x, "app:"); ok && isHost(app) {
		return put(&s.apps, app, text, e)
	}
	if host, path, ok := strings.Cut(x, "/"); ok {
		return s.addPath(plainHost(host), "/"+path, text, e)
	}
	to := &s.exact
	switch {
	case !strings.Contains(x, "."):
		if strings.ContainsAny(x, "{}:") {
			return fmt.Errorf("bad entry %q", text)
		}
		return put(&s.words, strings.ReplaceAll(x, "_", " "), text, e)
	case strings.HasSuffix(x, ".{}"):
		to, x = &s.last, plainHost(strings.TrimSuffix(x, ".{}"))
	case strings.HasPrefix(x, "{}."):
		to, x = &s.first, strings.TrimPrefix(x, "{}.")
	case x[0] == '.':
		to, x = &s.suffix, x[1:]
	default:
		x = plainHost(x)
	}
	if !isHost(x) {
		return fmt.Errorf("bad entry %q", text)
	}
	return put(to, x, text, e)
}

// addPath keeps the paths of a host, which may have {}, the longest first.
func (s *entries) addPath(host, path, text string, e entry) error {
	path = strings.TrimSuffix(path, "/")
	if !isHost(strings.ReplaceAll(host, "{}", "x")) || path == "" {
		return fmt.Errorf("bad entry %q", text)
	}
	if s.paths == nil {
		s.paths = make(map[string][]pathEntry)
	}
	at := 0
	for i, p := range s.paths[host] {
		if p.path == path {
			return fmt.Errorf("%s is already on line %d", text, p.line)
		}
		if len(p.path) > len(path) {
			at = i + 1
		}
	}
	list := append(s.paths[host], pathEntry{})
	copy(list[at+1:], list[at:])
	list[at] = pathEntry{path, e}
	s.paths[host] = list
	return nil
}

// word finds the name of a source, folded.
func (s *entries) word(name string) (entry, bool) {
	e, ok := s.words[name]
	return e, ok
}

// app finds the package of an app.
func (s *entries) app(pkg string) (entry, bool) {
	e, ok := s.apps[pkg]
	return e, ok
}

// host finds a host in lower case, with the path of the page there.
func (s *entries) host(host, path string) (entry, bool) {
	host = plainHost(host)
	stem, stem2 := stems(host)
	_, below, _ := strings.Cut(host, ".")
	if n := len(host) - len(below) - 1; n != 2 && n != 3 || strings.Trim(host[:n], "abcdefghijklmnopqrstuvwxyz") != "" {
		below = ""
	}
	if s.paths != nil && len(path) > 1 {
		if e, ok := s.underPath(host, path); ok {
			return e, true
		}
		for _, x := range [...]string{stem, stem2} {
			if x != "" {
				if e, ok := s.underPath(x+".{}", path); ok {
					return e, true
				}
			}
		}
		if below != "" {
			if e, ok := s.underPath("{}."+below, path); ok {
				return e, true
			}
		}
	}
	if e, ok := s.exact[host]; ok {
		return e, true
	}
	for _, x := range [...]string{stem, stem2} {
		if e, ok := s.last[x]; ok {
			return e, true
		}
	}
	if e, ok := s.first[below]; ok {
		return e, true
	}
	for x := host; x != ""; {
		if e, ok := s.suffix[x]; ok {
			return e, true
		}
		_, x, _ = strings.Cut(x, ".")
	}
	return entry{}, false
}

func (s *entries) underPath(host, path string) (entry, bool) {
	for _, p := range s.paths[host] {
		if rest, ok := strings.CutPrefix(path, p.path); ok && (rest == "" || rest[0] == '/') {
			return p.entry, true
		}
	}
	return entry{}, false
}

// stems returns what comes before the country of a host: of www.google.co.jp google.co
// and google. They are empty where the last label is no country.
func stems(host string) (stem, stem2 string) {
	i := strings.LastIndexByte(host, '.')
	if i < 0 || len(host)-i != 3 {
		return "", ""
	}
	stem = host[:i]
	if j := strings.LastIndexByte(stem, '.'); j >= 0 {
		switch stem[j+1:] {
		case "co", "com", "org", "net", "ne", "or":
			stem2 = stem[:j]
		}
	}
	return stem, stem2
}

// source returns the kind of a source as it stands in a tag: of its word, else of its
// host.
func (s *entries) source(name string) kind {
	if e, ok := s.word(name); ok {
		return e.kind
	}
	if strings.IndexByte(name, '.') < 0 {
		return unknown
	}
	if e, ok := s.host(name, ""); ok {
		return e.kind
	}
	e, _ := s.app(name)
	return e.kind
}

// Merge returns a table that knows what both know; where they differ, over is right.
func (t *Table) Merge(over *Table) *Table {
	m := &Table{kinds: t.kinds.merge(&over.kinds), sets: make(map[string]*entries)}
	for _, n := range setNames {
		var a, b entries
		if s := t.sets[n]; s != nil {
			a = *s
		}
		if s := over.sets[n]; s != nil {
			b = *s
		}
		s := a.merge(&b)
		m.sets[n] = &s
	}
	return m
}

func (s *entries) merge(over *entries) entries {
	m := entries{
		exact: both(s.exact, over.exact), apps: both(s.apps, over.apps), words: both(s.words, over.words),
		last: both(s.last, over.last), first: both(s.first, over.first), suffix: both(s.suffix, over.suffix),
		paths: make(map[string][]pathEntry),
	}
	for host, list := range over.paths {
		for _, p := range list {
			_ = m.addPath(host, p.path, "", p.entry) // a loaded table is good
		}
	}
	for host, list := range s.paths {
		for _, p := range list {
			_ = m.addPath(host, p.path, "", p.entry) // over's own stays
		}
	}
	return m
}

func both(a, b map[string]entry) map[string]entry {
	m := maps.Clone(a)
	if m == nil {
		m = make(map[string]entry, len(b))
	}
	maps.Copy(m, b)
	return m
}
