// Stitch joins touches into people and accounts, and says why.
//
//	stitch -in FILE [-in FILE …] [-map FILE|preset:NAME] [-format csv|jsonl] [-rules FILE]
//	       [-at T] [-shuffle SEED] [-retract FILE] [-relations FILE]
//	       [-links | -explain T:V,T:V | -accounts | -preview | -truth COLUMN[=REGEXP]]
//
// It prints one row a touch: its person, its account, and why it belongs to that person.
// Each -in is read into a graph of its own and the graphs are merged. The other flags
// print something else instead: every pair of identifiers with its verdict, why two
// identifiers are one person or not, accounts with their reason, the touches that the
// overrides of -retract would move, or a comparison with a column of true labels.
//
// Exit status 1: some rows were rejected or in conflict; standard error says which lines,
// never a value, and the good rows are printed all the same.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/examples/internal/rulefile"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

func main() { input.Main("stitch", run) }

// files is a flag that may be given several times.
type files []string

// String returns nothing: there is no default.
func (f *files) String() string { return "" }

// Set adds a file.
func (f *files) Set(s string) error {
	*f = append(*f, s)
	return nil
}

// A program is one run: its flags, its rules, and what it has read.
type program struct {
	input.Streams
	in          files
	mapping     string
	format      string
	shuffle     uint64
	at          input.Time
	rules       *rulefile.File
	retract     string
	relations   string
	preview     bool
	links       bool
	explain     string
	accounts    bool
	truth       string
	touches     []touchpoint.Touch // distinct, in the order of the input
	file        []int              // by touch: which -in it came from
	rows        *records           // what -records read, nil for touches
	dead        int
	overrides   []identity.Override
	memberships []identity.Membership
}

func run(s input.Streams) error {
	p := &program{Streams: s}
	f := flag.NewFlagSet("stitch", flag.ContinueOnError)
	f.Var(&p.in, "in", "`file` of touches, - for standard input; may be repeated")
	f.StringVar(&p.mapping, "map", "", "read a CSV through this mapping `file` or preset:NAME")
	f.StringVar(&p.format, "format", "", "`form` of the input where its name does not tell: csv or jsonl")
	rules := f.String("rules", "", "`file` of identifier rules, JSON; default the default rules")
	f.Var(&p.at, "at", "the `instant` of the answer, RFC 3339; default: all facts")
	f.Uint64Var(&p.shuffle, "shuffle", 0, "feed in the random order of this `seed`; 0 leaves the order")
	f.StringVar(&p.retract, "retract", "", "JSON Lines `file` of overrides")
	f.StringVar(&p.relations, "relations", "", "CSV `file` of memberships")
	f.BoolVar(&p.preview, "preview", false, "print the touches that the overrides move")
	f.BoolVar(&p.links, "links", false, "print every pair of identifiers with its verdict")
	f.StringVar(&p.explain, "explain", "", "print why two identifiers, `T:V,T:V`, are one or not")
	f.BoolVar(&p.accounts, "accounts", false, "print the account of each touch and its reason")
	f.StringVar(&p.truth, "truth", "", "compare with the labels of `COLUMN[=REGEXP]`")
	rest, err := s.Parse(f)
	if err != nil {
		return err
	}
	if err := p.check(rest); err != nil {
		return err
	}
	if p.rules, err = rulefile.Read(s, *rules); err != nil {
		return err
	}
	print, err := p.printer()
	if err != nil {
		return err
	}
	if err := p.read(); err != nil {
		return err
	}
	if err := print(); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "dead letters: %d\n", p.dead)
	if p.dead > 0 {
		return input.ErrBad
	}
	return nil
}

func (p *program) check(rest []string) error {
	answers := 0
	for _, asked := range []bool{p.preview, p.links, p.explain != "", p.accounts, p.truth != ""} {
		if asked {
			answers++
		}
	}
	switch {
	case len(rest) > 0:
		return input.Usagef("unexpected argument %q", rest[0])
	case len(p.in) == 0:
		return input.Usagef("-in is needed")
	case answers > 1:
		return input.Usagef("-preview, -links, -explain, -accounts and -truth exclude each other")
	case p.preview && p.retract == "":
		return input.Usagef("-preview needs -retract")
	}
	return nil
}

// printer returns what to print once everything is read.
func (p *program) printer() (func() error, error) {
	switch {
	case p.links:
		return p.printLinks, nil
	case p.explain != "":
		return p.printExplanation()
	case p.accounts:
		return p.printAccounts, nil
	case p.preview:
		return p.printPreview, nil
	case p.truth != "":
		return p.printTruth()
	}
	return p.printOwners, nil
}

// read reads the touches, or records, and the overrides.
func (p *program) read() error {
	known := map[touchpoint.Key]int{}
	for i, name := range p.in {
		if err := p.readFile(i, name, known); err != nil {
			return err
		}
	}
	if p.retract != "" {
		if err := p.readOverrides(); err != nil {
			return err
		}
	}
	if p.relations != "" {
		return p.readRelations()
	}
	return nil
}

func (p *program) readFile(i int, name string, known map[touchpoint.Key]int) error {
	if p.rules.Records != nil {
		return p.readRecords(i, name, known)
	}
	o := &input.Options{Map: p.mapping, Format: p.format,
		Ingest: &ingest.Options{Rules: &p.rules.Rules, Touch: &touchpoint.Options{Rules: &p.rules.Rules}}}
	// Touches do not say their lines. Counting them is right where a record is a line,
	// and each bad one sets it right again.
	line := p.headerLines(name)
	for t, err := range p.Touches(name, o) {
		line++
		var bad *input.Bad
		switch {
		case errors.As(err, &bad):
			line = bad.Line
			p.bad(bad.Error())
		case err != nil:
			return err
		default:
			p.keep(i, line, t, known)
		}
	}
	return nil
}

// keep adds a touch: an equal one is a duplicate, another one of its key a conflict, in
// which the first stays.
func (p *program) keep(file, line int, t touchpoint.Touch, known map[touchpoint.Key]int) bool {
	if i, ok := known[t.Key()]; ok {
		if fields := touchpoint.Diff(p.touches[i], t); len(fields) > 0 {
			p.bad(fmt.Sprintf("line %d: conflict %s", line, fields[0]))
		}
		return false
	}
	known[t.Key()] = len(p.touches)
	p.touches = append(p.touches, t)
	p.file = append(p.file, file)
	return true
}

// headerLines is 1 for a table, 0 for JSON Lines.
func (p *program) headerLines(name string) int {
	base := strings.TrimSuffix(strings.ToLower(name), ".gz")
	switch {
	case p.format == "jsonl", strings.HasSuffix(base, ".jsonl"), strings.HasSuffix(base, ".ndjson"):
		return 0
	case p.format == "csv", p.mapping != "", strings.HasSuffix(base, ".csv"):
		return 1
	case name == "-":
		in := bufio.NewReader(p.In)
		p.In = in
		if b, _ := in.Peek(1); len(b) > 0 && b[0] == '{' {
			return 0
		}
		return 1
	}
	in, err := p.Open(name)
	if err != nil {
		return 1 // reading it says so
	}
	defer in.Close()
	var b [1]byte
	if _, err := io.ReadFull(in, b[:]); err == nil && b[0] == '{' {
		return 0
	}
	return 1
}

func (p *program) bad(text string) {
	fmt.Fprintln(p.Err, text)
	p.dead++
}

// graph feeds a graph for each file and merges them.
func (p *program) graph(overrides []identity.Override) (*identity.Graph, error) {
	var all *identity.Graph
	for i := range p.in {
		g, err := identity.New(&p.rules.Rules)
		if err != nil {
			return nil, &input.UsageError{Err: err}
		}
		var mine []touchpoint.Touch
		for j, t := range p.touches {
			if p.file[j] == i {
				mine = append(mine, t)
			}
		}
		batches := input.Batches(mine)
		if p.shuffle != 0 {
			batches = input.Shuffle(mine, p.shuffle)
		}
		for batch := range batches {
			for _, t := range batch {
				if err := errors.Join(g.See(p.sighting(t))...); err != nil {
					return nil, err
				}
			}
		}
		if all == nil {
			all = g
		} else if err := all.Merge(g); err != nil {
			return nil, err
		}
	}
	if err := p.score(all); err != nil {
		return nil, err
	}
	return all, errors.Join(all.Apply(overrides...)...)
}

// sighting is the evidence of a touch under the rules' own ends, with its hints.
func (p *program) sighting(t touchpoint.Touch) identity.Sighting {
	s := t.Sighting()
	s.End = slices.Contains(p.rules.Ends, string(t.Kind))
	s.Website = prop(t, "website")
	s.ReverseIP = prop(t, "reverse_ip_domain")
	return s
}

// prop reads a text property, also from a column named with its path.
func prop(t touchpoint.Touch, key string) string {
	if v, ok := t.Props.Text(key); ok {
		return v
	}
	v, _ := t.Props.Text("props." + key)
	return v
}

// resolve builds the graph and resolves it.
func (p *program) resolve(overrides []identity.Override) (*identity.Resolution, error) {
	g, err := p.graph(overrides)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(g.Relate(p.memberships...)...); err != nil {
		return nil, err
	}
	return g.Resolve(p.at.Time), nil
}

// inOrder returns the touches that exist at -at by (at, source, id).
func (p *program) inOrder() []touchpoint.Touch {
	ts := slices.DeleteFunc(slices.Clone(p.touches), func(t touchpoint.Touch) bool {
		return !p.at.IsZero() && t.At.After(p.at.Time)
	})
	slices.SortFunc(ts, touchpoint.Compare)
	return ts
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
