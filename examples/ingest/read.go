package main

import (
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
	"github.com/tabi-go/tabi/touchpoint/ingest/ga4"
	"github.com/tabi-go/tabi/touchpoint/ingest/posthog"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
	"github.com/tabi-go/tabi/touchpoint/ingest/snowplow"
)

// read takes in one file. The error is that the file cannot be read, or no further.
func (p *program) read(name string) error {
	for rec, err := range p.records(name) {
		if err != nil {
			return err
		}
		outs := make([]touchpoint.Outcome, len(rec.Touches))
		for i, t := range rec.Touches {
			if outs[i] = p.seen.Offer(t); outs[i].Status == touchpoint.Accepted {
				p.out.touches = append(p.out.touches, t)
			}
		}
		p.out.overrides = append(p.out.overrides, rec.Overrides...)
		p.out.relations = append(p.out.relations, rec.Relations...)
		p.out.consents = append(p.out.consents, rec.Consents...)
		p.out.file = name
		if err := p.intake.Add(rec, outs...); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) records(name string) iter.Seq2[ingest.Record, error] {
	if p.from == "touch" {
		return p.canonical(name)
	}
	return func(yield func(ingest.Record, error) bool) {
		d, err := p.decoder(name)
		if err != nil {
			yield(ingest.Record{}, err)
			return
		}
		r, err := p.Open(name)
		if err != nil {
			yield(ingest.Record{}, err)
			return
		}
		defer r.Close()
		for rec, err := range d.Decode(r, time.Time{}) {
			var column *csvmap.ColumnError
			if errors.As(err, &column) {
				err = input.Usagef("%s: %w", name, err)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// canonical reads canonical touches, whose bad lines come as errors.
func (p *program) canonical(name string) iter.Seq2[ingest.Record, error] {
	return func(yield func(ingest.Record, error) bool) {
		index := 0
		for t, err := range p.Touches(name, &input.Options{Format: p.format, Ingest: &p.o}) {
			rec := ingest.Record{Index: index, Touches: []touchpoint.Touch{t}}
			var bad *input.Bad
			if errors.As(err, &bad) {
				rec = ingest.Record{Index: index, Line: bad.Line, Err: &touchpoint.InvalidError{Field: bad.Field, Reason: bad.Reason}}
				err = nil
			}
			if !yield(rec, err) {
				return
			}
			index++
		}
	}
}

// decoder makes the decoder for a file, whose name says how its messages stand in it.
func (p *program) decoder(name string) (ingest.Decoder, error) {
	o := p.o
	switch base := strings.TrimSuffix(strings.ToLower(name), ".gz"); {
	case strings.HasSuffix(base, ".json"):
		o.Form = ingest.FormDocument
	case strings.HasSuffix(base, ".jsonl"), strings.HasSuffix(base, ".ndjson"):
		o.Form = ingest.FormLines
	}
	var d ingest.Decoder
	var err error
	switch p.from {
	case "segment":
		d, err = segment.New(&segment.Options{Options: o})
	case "posthog":
		d, err = posthog.New(&posthog.Options{Options: o})
	case "cloudevents":
		d, err = cloudevents.New(&cloudevents.Options{Options: o, Subject: p.subject})
	case "snowplow":
		d, err = snowplow.New(&o)
	case "ga4":
		d, err = ga4.New(&o)
	case "csv":
		m, merr := p.Mapping(p.mapping, p.tables)
		if merr != nil {
			return nil, merr
		}
		d, err = m.Decoder(&o)
	default:
		err = input.Usagef("unknown format %q", p.from)
	}
	if err != nil {
		return nil, &input.UsageError{Err: err}
	}
	return d, nil
}
