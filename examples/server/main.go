// Server shows tabi embedded in a program: events come in over HTTP as Segment's SDKs
// send them, journeys go out.
//
//	server -addr 127.0.0.1:8080 -key web=KEY [-key NAME=KEY …] [-load FILE [-map FILE]]
//	       [-read-key KEY]
//
// POST /v1/* takes events; GET /journey?type=T&value=V answers one person's journey, GET
// /report a page, GET /stats what became of the events, GET /healthz that it runs. Facts
// are kept in memory and gone when the program ends, on SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/httpin"
)

func main() { input.Main("server", run) }

// grace is how long requests may still run once the program was told to end.
const grace = 10 * time.Second

// config is what the flags say.
type config struct {
	addr, load, mapping, own, rules, exclude, readKey string
	keys                                              map[string]string
}

func parse(s input.Streams) (*config, error) {
	c := &config{keys: make(map[string]string)}
	f := flag.NewFlagSet("server", flag.ContinueOnError)
	f.StringVar(&c.addr, "addr", "127.0.0.1:0", "`host:port` to listen at; port 0 takes a free one")
	f.Func("key", "a write key and the source that sends it, as `NAME=KEY`; repeated", func(text string) error {
		name, key, ok := strings.Cut(text, "=")
		if !ok || name == "" || key == "" || c.keys[name] != "" {
			return errors.New("want NAME=KEY, each name once")
		}
		c.keys[name] = key
		return nil
	})
	f.StringVar(&c.load, "load", "", "canonical touches to begin with, a `file`")
	f.StringVar(&c.mapping, "map", "", "read them through this mapping `file` or preset:NAME")
	f.StringVar(&c.own, "own", "", "hosts of one's own, a `list`")
	f.StringVar(&c.rules, "channel", "ga4", "ga4, posthog, off or a rules `file`")
	f.StringVar(&c.exclude, "exclude", "payments,signin", "referrers that bring nobody: sets and hosts, a `list`")
	f.StringVar(&c.readKey, "read-key", "", "`key` that GET requests need as a bearer token")
	args, err := s.Parse(f)
	switch {
	case err != nil:
		return nil, err
	case len(args) > 0:
		return nil, input.Usagef("no arguments, only flags")
	case c.mapping != "" && c.load == "":
		return nil, input.Usagef("-map is how -load is read")
	case len(c.keys) == 0:
		return nil, input.Usagef("at least one -key NAME=KEY is needed")
	}
	return c, nil
}

func run(s input.Streams) error {
	c, err := parse(s)
	if err != nil {
		return err
	}
	tr, err := journey.NewTracker(new(memstore.Store), &journey.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	a := &app{tracker: tr, readKey: c.readKey}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if c.load != "" {
		if err := a.load(ctx, s, c.load, c.mapping); err != nil {
			return err
		}
	}
	events, err := receiver(s, c, a)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.addr)
	if err != nil {
		return &input.UsageError{Err: err}
	}
	fmt.Fprintf(s.Out, "listening http://%s\n", l.Addr())
	if err := serve(ctx, l, a.routes(events)); err != nil {
		return err
	}
	fmt.Fprintln(s.Err, a.stats())
	return nil
}

// receiver makes the handler of events.
func receiver(s input.Streams, c *config, a *app) (http.Handler, error) {
	o := &httpin.Options{
		Keys:    c.keys,
		Origins: []string{"*"}, // keys say who may write, not the page that sends
		Observe: func(_ string, t touchpoint.Tally) { a.count(t) },
		Log:     slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if c.rules != "off" {
		rules, err := s.ChannelRules(c.rules)
		if err != nil {
			return nil, err
		}
		if c.own != "" {
			rules.Own = append(rules.Own, strings.Split(c.own, ",")...)
		}
		if c.exclude != "" {
			rules.Exclude = append(rules.Exclude, strings.Split(c.exclude, ",")...)
		}
		classifier, err := channel.New(rules)
		if err != nil {
			return nil, &input.UsageError{Err: err}
		}
		o.Segment.Channel = classifier.Apply
	}
	o.Segment.Minimise = ingest.Minimise{URL: ingest.URLUTMOnly, ClickIDs: ingest.ClickIDsKind, IP: ingest.IPDrop, UserAgent: ingest.AgentDrop}
	o.CloudEvents.Options = o.Segment.Options
	return httpin.New(a.tracker, o)
}

// serve answers until ctx ends, then finishes what runs.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		_ = srv.Close() // they had their time
	}
	<-failed
	return nil
}

// An app is what the handlers share.
type app struct {
	tracker *journey.Tracker
	readKey string

	mu    sync.Mutex // guards tally
	tally touchpoint.Tally
}

func (a *app) count(t touchpoint.Tally) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tally.Merge(t)
}

func (a *app) stats() touchpoint.Tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tally
}

// load records the touches of a file, in batches.
func (a *app) load(ctx context.Context, s input.Streams, name, mapping string) error {
	var touches []touchpoint.Touch
	var t touchpoint.Tally
	dead := input.Dead{Err: s.Err}
	for tp, err := range input.Good(s.Touches(name, &input.Options{Map: mapping}), &dead) {
		if err != nil {
			return err
		}
		touches = append(touches, tp)
	}
	t[touchpoint.Rejected] = dead.N
	for batch := range input.Batches(touches) {
		outs, err := a.tracker.Record(ctx, batch...)
		if err != nil {
			return err
		}
		t.Merge(touchpoint.Count(outs))
	}
	a.count(t)
	return nil
}
