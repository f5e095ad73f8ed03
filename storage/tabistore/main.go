// Command tabistore loads, erases, copies, prints and checks stores of facts.
//
//	tabistore -store sqlite:journeys.db -load touches.jsonl
//	tabistore -store sqlite:journeys.db -dump -ids user_id:u1
//	tabistore -store sqlite:journeys.db -copy sqlite:other.db -digest
//
// Stores are mem, which starts empty, sqlite:PATH and postgres:DSN. Steps run in the order load,
// erase, copy, report; one report a call. Standard error ends with the tally of what was
// loaded and with the number of facts erased.
//
// Exit status: 0 if all was accepted or known already; 1 if some was rejected, in
// conflict, suppressed or to retry, if a check found something, or if a store failed;
// 2 for bad usage. No output but that of -dump, -export and -ties holds an identifier.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/storage/sqlitestore"
	"github.com/tabi-go/tabi/touchpoint"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// errBad says that something was refused or found; what, has been printed.
var errBad = errors.New("bad")

// A usageError is exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run returns the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	buffered := bufio.NewWriter(out)
	p := &program{in: in, out: buffered, errs: errs}
	err := p.parse(args)
	if err == nil {
		err = p.do(ctx)
	} else if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	err = errors.Join(err, buffered.Flush())
	var usage usageError
	switch {
	case err == nil:
	case errors.As(err, &usage):
		fmt.Fprintln(errs, "tabistore:", usage.error)
	case !errors.Is(err, errBad):
		fmt.Fprintln(errs, "tabistore:", err)
	}
	if p.loaded {
		fmt.Fprintln(errs, p.tally)
	}
	if p.erasing && err == nil {
		fmt.Fprintf(errs, "erased=%d\n", p.erased)
	}
	switch {
	case usage.error != nil:
		return 2
	case err != nil || p.tally[touchpoint.Accepted]+p.tally[touchpoint.Duplicate] != p.tally.Offered():
		return 1
	}
	return 0
}

// A program is one call: its flags, streams and counts.
type program struct {
	in   io.Reader
	out  *bufio.Writer
	errs io.Writer

	store, copyTo, outcomes, keyFile, ties, changes string
	load, erase                                     list
	batch, writers                                  int
	now                                             time.Time
	keys                                            []key
	report                                          string // name of the flag; empty: none
	benchSize                                       int
	query                                           storage.Query
	erasures                                        []identity.ID

	loaded, erasing bool
	tally           touchpoint.Tally
	erased          int64
}

// A list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// reports are the flags of which one may be given.
var reports = []string{"dump", "export", "ties", "changes", "digest", "count", "verify", "bench"}

func (p *program) parse(args []string) error {
	f := flag.NewFlagSet("tabistore", flag.ContinueOnError)
	f.SetOutput(p.errs)
	var stores list
	var now, ids, since, until, sources, kinds string
	f.Var(&stores, "store", "the store: mem, sqlite:PATH or postgres:`DSN`")
	f.Var(&p.load, "load", "canonical touches or a container to load; - = standard input (repeatable)")
	f.IntVar(&p.batch, "batch", 1000, "facts an append")
	f.IntVar(&p.writers, "writers", 1, "goroutines that append")
	f.StringVar(&now, "now", "", "the clock, RFC 3339; default the system's")
	f.StringVar(&p.outcomes, "outcomes", "", "write n,source,id,outcome,fields,reason of each touch to this `FILE`")
	f.Var(&p.erase, "erase", "remove every fact that names `TYPE:VALUE`, and suppress it (repeatable; needs -keys)")
	f.StringVar(&p.keyFile, "keys", "", "secret keys, lines ID HEX, the first is current")
	f.StringVar(&p.copyTo, "copy", "", "copy every fact into this `STORE`")
	f.Bool("dump", false, "print touches as canonical JSON Lines")
	f.StringVar(&ids, "ids", "", "with -dump: only touches that name one of `TYPE:VALUE,…`")
	f.StringVar(&since, "since", "", "with -dump: from this instant on")
	f.StringVar(&until, "until", "", "with -dump: up to and with this instant")
	f.StringVar(&sources, "sources", "", "with -dump: only of these sources")
	f.StringVar(&kinds, "kinds", "", "with -dump: only of these kinds")
	f.IntVar(&p.query.Limit, "limit", 0, "with -dump and -changes: at most so many; 0 = all")
	f.BoolVar(&p.query.Desc, "desc", false, "with -dump: latest first")
	f.Bool("export", false, "print the container of all facts")
	f.StringVar(&p.ties, "ties", "", "print the ties around `TYPE:VALUE` as CSV")
	f.StringVar(&p.changes, "changes", "", "print what came after this `CURSOR` (empty = start) as JSON Lines")
	f.Bool("digest", false, "print the digest of all facts")
	f.Bool("count", false, "print the number of facts of each class as CSV")
	f.Bool("verify", false, "check everything; print one line a finding")
	f.IntVar(&p.benchSize, "bench", 1, "write `N` touches into an empty store and into bare tables of its driver; print figures as JSON")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	switch {
	case f.NArg() > 0:
		return usagef("unexpected argument %q", f.Arg(0))
	case len(stores) != 1:
		return usagef("exactly one -store is needed")
	case p.batch < 1 || p.batch > storage.MaxBatch || p.writers < 1 || p.query.Limit < 0 || p.benchSize < 1:
		return usagef("-batch, -writers, -limit or -bench is out of range")
	case len(p.erase) > 0 && p.keyFile == "":
		return usagef("-erase needs -keys: %w", identity.ErrNoKey)
	}
	p.store, p.erasing = stores[0], len(p.erase) > 0
	var twice bool
	f.Visit(func(g *flag.Flag) {
		for _, name := range reports {
			if g.Name == name && g.Value.String() != "false" {
				twice = twice || p.report != ""
				p.report = name
			}
		}
	})
	if twice {
		return usagef("more than one report is asked for")
	}
	return p.values(now, ids, since, until, sources, kinds)
}

// values reads the flags that are text.
func (p *program) values(now, ids, since, until, sources, kinds string) (err error) {
	p.now = clock.System{}.Now()
	for _, instant := range []struct {
		text string
		to   *time.Time
	}{{now, &p.now}, {since, &p.query.From}, {until, &p.query.To}} {
		if instant.text != "" {
			if *instant.to, err = time.Parse(time.RFC3339, instant.text); err != nil {
				return usagef("%q is no RFC 3339 time such as 2026-04-01T09:00:00Z", instant.text)
			}
		}
	}
	p.now = p.now.UTC().Truncate(time.Microsecond)
	if until != "" {
		p.query.To = p.query.To.Add(time.Microsecond)
	}
	if sources != "" {
		p.query.Sources = strings.Split(sources, ",")
	}
	if kinds != "" {
		for k := range strings.SplitSeq(kinds, ",") {
			p.query.Kinds = append(p.query.Kinds, touchpoint.Kind(k))
		}
	}
	if ids != "" {
		if p.query.IDs, err = parseIDs(strings.Split(ids, ",")); err != nil {
			return err
		}
	}
	if p.erasures, err = parseIDs(p.erase); err != nil {
		return err
	}
	if p.keyFile != "" {
		p.keys, err = readKeys(p.keyFile)
	}
	return err
}

func parseIDs(texts []string) ([]identity.ID, error) {
	rules := identity.DefaultRules()
	ids := make([]identity.ID, 0, len(texts))
	for _, text := range texts {
		typ, value, ok := strings.Cut(text, ":")
		if !ok {
			return nil, usagef("an identifier is TYPE:VALUE")
		}
		id, err := rules.ID(identity.Type(typ), value)
		if err != nil {
			return nil, usageError{err}
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func openStore(ctx context.Context, name string) (storage.Store, error) {
	kind, rest, _ := strings.Cut(name, ":")
	switch {
	case name == "mem":
		return memstore.New(nil), nil
	case kind == "sqlite" && rest != "":
		return sqlitestore.Open(rest, nil)
	case kind == "postgres" && rest != "":
		return pgstore.Open(ctx, postgresDSN(name), nil)
	}
	return nil, usagef("unknown store: mem, sqlite:PATH or postgres:DSN")
}

// postgresDSN is what stands behind postgres:, unless the name is a URL as it is.
func postgresDSN(name string) string {
	if strings.HasPrefix(name, "postgres://") {
		return name
	}
	return strings.TrimPrefix(name, "postgres:")
}

// do opens the store and takes the steps.
func (p *program) do(ctx context.Context) (err error) {
	s, err := openStore(ctx, p.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, step := range []func(context.Context, storage.Store) error{p.loadAll, p.eraseAll, p.copyAll, p.print} {
		if err := step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) copyAll(ctx context.Context, s storage.Store) (err error) {
	if p.copyTo == "" {
		return nil
	}
	dst, err := openStore(ctx, p.copyTo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	_, tally, err := storage.Copy(ctx, dst, s, storage.Cursor{})
	if err == nil && tally[touchpoint.Accepted]+tally[touchpoint.Duplicate] != tally.Offered() {
		fmt.Fprintf(p.errs, "tabistore: %d of %d facts were not copied\n", tally.Offered()-tally[touchpoint.Accepted]-tally[touchpoint.Duplicate], tally.Offered())
		return errBad
	}
	return err
}
