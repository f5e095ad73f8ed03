package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// loadAll loads the files of -load one after another.
func (p *program) loadAll(ctx context.Context, s storage.Store) error {
	if len(p.load) == 0 {
		return nil
	}
	if err := p.checkKeys(ctx, s); err != nil {
		return err
	}
	var outs []touchpoint.Outcome
	p.loaded = true
	for _, name := range p.load {
		in, err := p.openInput(name)
		if err != nil {
			return err
		}
		more, err := p.loadFile(ctx, s, name, in)
		outs = append(outs, more...)
		if err = errors.Join(err, in.Close()); err != nil {
			p.tally.Merge(touchpoint.Count(outs))
			return errors.Join(err, p.writeOutcomes(outs))
		}
	}
	p.tally.Merge(touchpoint.Count(outs))
	return p.writeOutcomes(outs)
}

// openInput opens a file, standard input, or what a .gz holds.
func (p *program) openInput(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(p.in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	if !strings.HasSuffix(name, ".gz") {
		return f, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, usageError{errors.Join(err, f.Close())}
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// loadFile tells a container from touches. The outcomes are those of touches.
func (p *program) loadFile(ctx context.Context, s storage.Store, name string, in io.Reader) ([]touchpoint.Outcome, error) {
	b := bufio.NewReaderSize(in, 1<<16)
	first, _ := b.Peek(4 << 10)
	line, _, _ := bytes.Cut(first, []byte("\n"))
	var head struct{ Type string }
	if json.Unmarshal(line, &head) == nil && head.Type == "header" {
		tally, err := storage.Restore(ctx, s, b)
		p.tally.Merge(tally)
		return nil, err
	}
	base := strings.TrimSuffix(name, ".gz")
	format := touchpoint.CSV
	if strings.HasSuffix(base, ".jsonl") || strings.HasSuffix(base, ".ndjson") ||
		!strings.HasSuffix(base, ".csv") && bytes.HasPrefix(bytes.TrimPrefix(first, []byte("\ufeff")), []byte("{")) {
		format = touchpoint.JSONLines
	}
	return p.loadTouches(ctx, s, touchpoint.NewReader(b, format, &touchpoint.Options{Now: p.now}).All())
}

// A part is consecutive touches and where their outcomes go.
type part struct {
	facts []storage.Fact
	at    []int
}

// loadTouches appends touches in batches by as many writers as asked for.
func (p *program) loadTouches(ctx context.Context, s storage.Store, touches iter.Seq2[touchpoint.Touch, error]) ([]touchpoint.Outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex // guards outs
	var outs []touchpoint.Outcome
	parts := make(chan part)
	var wg sync.WaitGroup
	for range p.writers {
		wg.Go(func() {
			for x := range parts {
				got, err := s.Append(ctx, x.facts)
				if err != nil && got == nil {
					cancel(err)
				}
				mu.Lock()
				for i, at := range x.at {
					if got == nil {
						outs[at] = touchpoint.Outcome{Status: touchpoint.Retry, Key: x.facts[i].Touch.Key(), Err: err}
					} else {
						outs[at] = got[i]
					}
				}
				mu.Unlock()
			}
		})
	}
	var broken error
	var x part
	for t, err := range touches {
		var line *touchpoint.LineError
		mu.Lock()
		at := len(outs)
		outs = append(outs, touchpoint.Outcome{Status: touchpoint.Rejected})
		if errors.As(err, &line) {
			outs[at].Err = err
			var invalid *touchpoint.InvalidError
			if errors.As(err, &invalid) {
				outs[at].Reason, outs[at].Fields = invalid.Reason, []string{invalid.Field}
			}
		} else if err != nil {
			outs, broken = outs[:at], err
		}
		mu.Unlock()
		if broken != nil || ctx.Err() != nil {
			break
		}
		if err != nil {
			continue
		}
		if t.ReceivedAt.IsZero() {
			t.ReceivedAt = p.now
		}
		x.facts = append(x.facts, storage.Fact{Touch: &t, Tags: p.tags(t.IDs)})
		if x.at = append(x.at, at); len(x.facts) == p.batch {
			parts <- x
			x = part{}
		}
	}
	if len(x.facts) > 0 {
		parts <- x
	}
	close(parts)
	wg.Wait()
	return outs, errors.Join(broken, context.Cause(ctx))
}

// writeOutcomes writes the file of -outcomes.
func (p *program) writeOutcomes(outs []touchpoint.Outcome) error {
	if p.outcomes == "" {
		return nil
	}
	f, err := os.Create(p.outcomes)
	if err != nil {
		return usageError{err}
	}
	w := csv.NewWriter(f)
	_ = w.Write([]string{"n", "source", "id", "outcome", "fields", "reason"}) // errors are kept for Error
	for i, o := range outs {
		_ = w.Write([]string{strconv.Itoa(i + 1), o.Key.Source, o.Key.ID, o.Status.String(), strings.Join(o.Fields, "|"), string(o.Reason)})
	}
	w.Flush()
	return errors.Join(w.Error(), f.Close())
}
