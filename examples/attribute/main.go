// Attribute says which touches earned the sale: credit of paths, or of touches, under any
// list of models.
//
//	attribute -in FILE -format paths|touches [-models LIST] [flags]
//
// A file of paths is a CSV with the columns path, total_conversions,
// total_conversion_value and total_null; the result is a CSV, or with -as json JSON Lines,
// of credit a channel. attribute -h lists the flags.
package main

import (
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/examples/internal/input"
)

func main() { input.Main("attribute", run) }

// shown is how many bad records are named on standard error.
const shown = 100

func run(s input.Streams) error {
	c, err := parse(s)
	if err != nil {
		return err
	}
	d, err := c.read(s)
	if err != nil {
		return err
	}
	if err := c.answer(s, d); err != nil {
		return err
	}
	return d.report(s)
}

// data is what was read: the set, and what could not be.
type data struct {
	js       *attribution.Journeys
	scale    int // decimals of the values
	paths    map[string][]attribution.Path
	bad      []string
	badCount int
	used     int // records that counted
	notes    []string
	prepared *attribution.Journeys // by the flags' preparation
}

// prepare is the set that a model sees.
func (d *data) prepare(m model) (*attribution.Journeys, error) {
	if d.prepared != nil && !m.own {
		return d.prepared, nil
	}
	if reflect.ValueOf(m.prep).IsZero() {
		return d.js, nil
	}
	js, _, err := d.js.Prepare(&m.prep)
	if err != nil {
		return nil, usage(err)
	}
	if !m.own {
		d.prepared = js
	}
	return js, nil
}

func (d *data) reject(line int, reason string) {
	d.badCount++
	if len(d.bad) < shown {
		d.bad = append(d.bad, fmt.Sprintf("line %d: %s", line, reason))
	}
}

// report tells what was not used, and whether that makes the run a failure.
func (d *data) report(s input.Streams) error {
	for _, n := range d.notes {
		fmt.Fprintln(s.Err, n)
	}
	for _, b := range d.bad {
		fmt.Fprintln(s.Err, b)
	}
	switch {
	case d.badCount > 0:
		fmt.Fprintf(s.Err, "dead letters: %d\n", d.badCount)
		return input.ErrBad
	case d.used == 0:
		return errors.New("no usable row")
	}
	return nil
}

// answer prints what was asked for.
func (c *config) answer(s input.Streams, d *data) error {
	if c.pathsFile != "" {
		js, err := d.prepare(model{prep: c.prep})
		if err != nil {
			return err
		}
		if err := s.Save(c.pathsFile, func(w io.Writer) error { return writePaths(w, js, d.scale, c.format == "paths" || c.milestoned) }); err != nil {
			return err
		}
	}
	if c.transitions != "" {
		js, err := d.prepare(model{prep: c.prep})
		if err != nil {
			return err
		}
		if err := s.Save(c.transitions, func(w io.Writer) error { return writeTransitions(w, js, c.opts.Threshold) }); err != nil {
			return err
		}
	}
	if c.explain != "" {
		return c.explainSubject(s, d)
	}
	return c.credits(s, d)
}

// usage makes errors of the request, not of the data, exit with status 2.
func usage(err error) error {
	switch {
	case errors.Is(err, attribution.ErrUntimed):
		return input.Usagef("%w: this needs hours_to_end, or touches", err)
	case errors.Is(err, attribution.ErrTooManyChannels), errors.Is(err, attribution.ErrThreshold):
		return &input.UsageError{Err: err}
	case errors.Is(err, attribution.ErrOverflow):
		return input.Usagef("%w: values need a smaller -scale", err)
	}
	return err
}
