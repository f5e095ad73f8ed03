package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// facts are the touches read, and who made them.
type facts struct {
	touches  []touchpoint.Touch // each key once
	view     *journey.View      // of stitched persons, nil with -by
	subjects []subject          // persons by name
	dead     input.Dead
}

// A subject is a person and its merged view.
type subject struct {
	name    string
	touches []touchpoint.Touch
}

// read reads the files, keeps what exists at c.at and was known by c.known, and finds out
// who is who.
func (c *config) read(s input.Streams) (*facts, error) {
	fs := &facts{dead: input.Dead{Err: s.Err}}
	var all []touchpoint.Touch
	for _, file := range c.files {
		for t, err := range s.Touches(file, &input.Options{Map: c.mapping, Format: c.format}) {
			var bad *input.Bad
			switch {
			case errors.As(err, &bad) && len(c.files) > 1:
				fs.dead.Add(fmt.Errorf("%s: %w", file, bad))
			case errors.As(err, &bad):
				fs.dead.Add(bad)
			case err != nil:
				return nil, err
			default:
				all = append(all, t)
			}
		}
	}
	if c.shuffle != 0 {
		all = slices.Concat(slices.Collect(input.Shuffle(all, c.shuffle))...)
	}
	fs.take(all)
	if c.at.IsZero() {
		for i := range fs.touches {
			c.at = later(c.at, fs.touches[i].At)
		}
	}
	fs.touches = slices.DeleteFunc(fs.touches, func(t touchpoint.Touch) bool {
		received := t.ReceivedAt
		if received.IsZero() {
			received = t.At
		}
		return t.At.After(c.at) || !c.known.IsZero() && received.After(c.known)
	})
	if c.by != "" {
		fs.group(c)
		return fs, nil
	}
	return fs, fs.stitch(c)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// take keeps each key once. Of two records that differ the first one stays.
func (fs *facts) take(all []touchpoint.Touch) {
	index := map[touchpoint.Key]int{}
	for _, t := range all {
		i, repeated := index[t.Key()]
		if !repeated {
			index[t.Key()] = len(fs.touches)
			fs.touches = append(fs.touches, t)
			continue
		}
		if fields := touchpoint.Diff(fs.touches[i], t); len(fields) > 0 {
			fs.dead.Add(fmt.Errorf("conflict %s", strings.Join(fields, " ")))
		}
	}
}

// group makes subjects of the identifiers of one type.
func (fs *facts) group(c *config) {
	by := map[string][]touchpoint.Touch{}
	for _, t := range fs.touches {
		name, ok := identifier(&t, c.by)
		if !ok {
			fs.dead.Add(fmt.Errorf("missing ids: no %s", c.by))
			continue
		}
		by[name] = append(by[name], t)
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		touches := by[name]
		slices.SortFunc(touches, touchpoint.Compare)
		if !c.twins.Off {
			twins := touchpoint.Twins(touches, &c.twins)
			for i, tw := range twins { // never more than the touches
				touches[i] = tw.Touch
			}
			touches = touches[:len(twins)]
		}
		fs.subjects = append(fs.subjects, subject{name, touches})
	}
}

// identifier returns a touch's smallest identifier of a type.
func identifier(t *touchpoint.Touch, typ identity.Type) (string, bool) {
	for _, id := range t.IDs { // sorted
		if id.Type() == typ {
			return id.Value(), true
		}
	}
	return "", false
}

// stitch records the touches with a tracker, whose clock stands at the end of the input.
func (fs *facts) stitch(c *config) error {
	ctx := context.Background()
	opts := c.options()
	end := c.at
	for i := range fs.touches {
		end = later(end, fs.touches[i].ReceivedAt)
	}
	opts.Clock, opts.Logger = clock.NewManual(end), slog.New(slog.DiscardHandler)
	tr, err := journey.NewTracker(new(memstore.Store), opts)
	if err != nil {
		return err
	}
	for batch := range input.Batches(fs.touches) {
		outs, err := tr.Record(ctx, batch...)
		if err != nil {
			return err
		}
		for _, o := range outs {
			if o.Status == touchpoint.Rejected {
				fs.dead.Add(cmp.Or(o.Err, errors.New(string(o.Reason))))
			}
		}
	}
	if fs.view, err = tr.View(ctx, c.at); err != nil {
		return err
	}
	for _, p := range fs.view.Subjects(identity.PersonEntity) {
		fs.subjects = append(fs.subjects, subject{p.ID, fs.view.Touches(p)})
	}
	return nil
}

// An account is what -account-by TYPE makes of the subjects seen with an identifier.
type account struct {
	name    string
	members []membership
}

type membership struct {
	subject *subject
	from    time.Time
	role    string
}

// accounts groups the subjects by the account identifier of their touches. Somebody's
// role is the one stated last by the trait person.buying_role.
func (fs *facts) accounts(typ identity.Type) iter.Seq[account] {
	by := map[string][]membership{}
	for i := range fs.subjects {
		p := &fs.subjects[i]
		role := ""
		joined := map[string]time.Time{}
		for j := range p.touches {
			t := &p.touches[j]
			if r, ok := t.Props.Text("person", "buying_role"); ok {
				role = r
			}
			if name, ok := identifier(t, typ); ok {
				if _, member := joined[name]; !member {
					joined[name] = t.At
				}
			}
		}
		for name, from := range joined {
			by[name] = append(by[name], membership{p, from, role})
		}
	}
	return func(yield func(account) bool) {
		for _, name := range slices.Sorted(maps.Keys(by)) {
			if !yield(account{name, by[name]}) {
				return
			}
		}
	}
}
