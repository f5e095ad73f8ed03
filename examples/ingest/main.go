// Command ingest reads what other tools recorded and writes canonical touches, sorted by
// time, source and id, with one accounting for all of it.
//
//	ingest -from segment -dead dead.jsonl events.jsonl.gz > touches.jsonl
//	ingest -from csv -map preset:hubspot-meeting -table contacts=engagement_contact.csv meetings.csv
//
// Nothing is lost in silence: standard error ends with what became of every message, and
// a dead letter says why each bad one was refused. Click ids, queries, addresses and user
// agents are left out unless asked for.
package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/examples/internal/rulefile"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

func main() { input.Main("ingest", run) }

// program is one run.
type program struct {
	input.Streams
	from, format, as, mapping     string
	tables                        map[string]string
	subject                       identity.Type
	o                             ingest.Options
	touch                         touchpoint.Options
	twins                         bool
	rank                          []string
	overrides, relations, consent string // files
	dead, report                  string
	deadRaw                       bool

	intake ingest.Intake
	seen   ingest.Dedupe
	out    outputs
}

func run(s input.Streams) error {
	p := &program{Streams: s, tables: map[string]string{}}
	files, err := p.flags()
	if err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return err
	}
	broke := false
	for _, name := range files {
		if err := p.read(name); err != nil {
			var usage *input.UsageError
			if errors.As(err, &usage) {
				return err
			}
			fmt.Fprintf(p.Err, "%s broke off: %v\n", name, err)
			broke = true
		}
	}
	folded, err := p.write()
	if err != nil {
		return err
	}
	in := &p.intake
	for _, c := range []struct {
		name string
		n    int
	}{{"skipped", in.Skipped}, {"overrides", in.Overrides}, {"relations", in.Relations}, {"consents", in.Consents}} {
		if c.n > 0 {
			fmt.Fprintf(p.Err, "%s=%d\n", c.name, c.n)
		}
	}
	if p.twins {
		fmt.Fprintf(p.Err, "twins=%d\n", folded)
	}
	t := in.Tally
	fmt.Fprintf(p.Err, "offered=%d accepted=%d duplicate=%d conflict=%d rejected=%d\n", t.Offered(),
		t[touchpoint.Accepted], t[touchpoint.Duplicate], t[touchpoint.Conflict], t[touchpoint.Rejected])
	if broke || t[touchpoint.Conflict] > 0 || t[touchpoint.Rejected] > 0 {
		return input.ErrBad
	}
	return nil
}

// flags reads the command line and returns the files.
func (p *program) flags() ([]string, error) {
	f := flag.NewFlagSet("ingest", flag.ContinueOnError)
	var now, defaultAt input.Time
	var tolerance input.Duration
	f.StringVar(&p.from, "from", "", "`format`: segment, posthog, cloudevents, snowplow, ga4, csv or touch")
	f.StringVar(&p.mapping, "map", "", "csv: mapping `file`, or preset:NAME")
	f.Func("table", "csv: side table, `NAME=FILE`, repeated", func(s string) error {
		name, file, ok := strings.Cut(s, "=")
		if !ok || p.tables[name] != "" {
			return fmt.Errorf("want NAME=FILE, each name once")
		}
		p.tables[name] = file
		return nil
	})
	f.StringVar(&p.format, "format", "", "touch: jsonl or csv, where name and first byte do not tell")
	f.StringVar(&p.as, "as", "jsonl", "output: jsonl or csv")
	source := f.String("source", "", "source of records without")
	currency := f.String("currency", "", "currency of amounts without, an ISO 4217 `code`")
	zone := f.String("tz", "", "csv: zone of local times without, `Area/City`")
	subject := f.String("subject", string(identity.UserID), "cloudevents: identifier `type` of the subject")
	f.Var(&defaultAt, "default-at", "`time` of records that have none")
	f.Var(&now, "now", "the clock, the `instant` at which the time window ends (default the system's)")
	skew := f.String("skew", "keep", "clock skew: keep, correct or received")
	f.Var(&tolerance, "tolerance", "clock skew, a `duration`, that is not corrected (default 2m, negative: none)")
	url := f.String("url", "utm-only", "URLs: full, no-query or utm-only")
	clicks := f.String("clickids", "kind", "click ids: keep, kind or drop")
	var ch channelFlags
	f.StringVar(&ch.own, "own", "", "hosts of one's own, which are no source: `HOST,…`")
	f.StringVar(&ch.rules, "channel", "ga4", "channel of page views, screens and visits: ga4, posthog, off or a rules `file`")
	f.StringVar(&ch.exclude, "exclude", "", "referrers that bring nobody: `SET,…`, payments or signin, or hosts")
	f.StringVar(&ch.bots, "bots", "mark", "touches of bots: mark, reject or keep")
	rules := f.String("identity", "", "identifier rules, the `file` of stitch -rules")
	vocab := f.String("vocab", "", "vocabulary, a CSV `file`")
	catalogue := f.String("catalogue", "", "catalogue of touchpoints, a JSON `file`")
	f.BoolVar(&p.twins, "twins", false, "write what several sources recorded of one contact as one")
	rank := f.String("rank", "", "twins: sources, the most trusted first: `a,b,c`")
	f.StringVar(&p.overrides, "overrides-out", "", "`file` for merges that a source asserts")
	f.StringVar(&p.relations, "relations-out", "", "`file` for persons' accounts")
	f.StringVar(&p.consent, "consents-out", "", "`file` for consents")
	f.StringVar(&p.dead, "dead", "", "`file` for dead letters")
	f.BoolVar(&p.deadRaw, "dead-raw", false, "dead letters hold the raw message")
	f.StringVar(&p.report, "report", "", "`file` for what cleaning did")
	files, err := p.Parse(f)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	o := &p.o
	o.Source, o.At, o.Tolerance, o.Touch = *source, defaultAt.Time, tolerance.Duration, &p.touch
	o.Minimise.IP, o.Minimise.UserAgent = ingest.IPDrop, ingest.AgentDrop
	p.touch.Source, p.touch.Now = *source, now.Time
	p.subject = identity.Type(*subject)
	if now.IsZero() {
		p.touch.Now = clock.System{}.Now()
	}
	if *rank != "" {
		p.rank = strings.Split(*rank, ",")
	}
	for _, c := range []struct {
		flag, value string
		words       []string
		set         func(int)
	}{
		{"skew", *skew, []string{"keep", "correct", "received"}, func(i int) { o.Skew = ingest.Skew(i) }},
		{"url", *url, []string{"full", "no-query", "utm-only"}, func(i int) { o.Minimise.URL = ingest.URLMode(i) }},
		{"clickids", *clicks, []string{"keep", "kind", "drop"}, func(i int) { o.Minimise.ClickIDs = ingest.ClickIDMode(i) }},
		{"as", p.as, []string{"jsonl", "csv"}, func(int) {}},
		{"format", p.format, []string{"", "jsonl", "csv"}, func(int) {}},
	} {
		i := slices.Index(c.words, c.value)
		if i < 0 {
			return nil, input.Usagef("-%s must be one of %s", c.flag, strings.Join(c.words, ", "))
		}
		c.set(i)
	}
	switch {
	case p.from == "":
		return nil, input.Usagef("-from is required")
	case (p.from == "csv") != (p.mapping != ""):
		return nil, input.Usagef("-map goes with -from csv, which needs one")
	case p.deadRaw && p.dead == "":
		return nil, input.Usagef("-dead-raw needs -dead")
	}
	if *currency != "" {
		if o.Currency, err = touchpoint.ParseCurrency(*currency); err != nil {
			return nil, input.Usagef("-currency: %w", err)
		}
	}
	if *zone != "" {
		if o.Zone, err = time.LoadLocation(*zone); err != nil || *zone == "Local" {
			return nil, input.Usagef("-tz: unknown time zone %q", *zone)
		}
	}
	id, err := rulefile.Read(p.Streams, *rules)
	if err != nil {
		return nil, err
	}
	p.touch.Rules = &id.Rules
	if err := p.channels(ch); err != nil {
		return nil, err
	}
	return files, p.words(*vocab, *catalogue)
}

// words reads vocabulary and catalogue, and prepares the report.
func (p *program) words(vocab, catalogue string) error {
	if p.report != "" {
		p.touch.Report = &touchpoint.Report{}
	}
	if catalogue != "" {
		text, err := p.ReadFile(catalogue)
		if err != nil {
			return err
		}
		if p.touch.Catalogue, err = touchpoint.ParseCatalogue(text); err != nil {
			return input.Usagef("%s: %w", catalogue, err)
		}
	}
	if vocab == "" {
		return nil
	}
	r, err := p.Open(vocab)
	if err != nil {
		return err
	}
	defer r.Close()
	if p.touch.Vocabulary, err = touchpoint.ReadVocabulary(r); err != nil {
		return input.Usagef("%s: %w", vocab, err)
	}
	return nil
}
