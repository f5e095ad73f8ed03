package journey

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tabi-go/tabi/storage"
)

// Refreshed says what a call of [Tracker.Refresh] did.
type Refreshed struct {
	Steps  int // put into the store, each a batch of changes
	Facts  int // read in them
	People int // whose rows were made
	Lost   int // steps that another refresher won, or an erasure overtook; they were done anew
}

// Refresh brings the rows of [Tracker.Summaries] up to date with the facts: the people whom
// changes concern are derived anew, and nobody else. Run it after appends, now and then or in
// a loop, in as many processes as wanted: one wins each step, the others read on. It ends when
// it has caught up with Changes, which may lag, see [storage.Lag]. It is ErrUnsupported where
// the store is no [storage.Summarizer]. Facts are read in steps of 10,000, and the components
// of a step are resolved on all processors.
//
// Whom a change concerns: everybody in the component of an identifier it names, walked
// through everything that ties people, shared identifiers and evidence taken back included,
// since what is shared, refused, oversized or retracted is decided within that component and
// every decision there sees all of it. Blocked identifiers are not walked through: identity
// never looks through them either. Where a change may have made another account of account
// identifiers, it concerns also everybody whose touches, memberships or company domains lead
// there. An override that names no identifier concerns the touch it names, or everybody: then
// the rows are made anew from the first fact on.
func (t *Tracker) Refresh(ctx context.Context) (Refreshed, error) {
	var done Refreshed
	if ctx == nil {
		return done, storage.ErrNoContext
	}
	z, ok := t.store.store.(storage.Summarizer)
	if !ok {
		return done, fmt.Errorf("journey: %w", storage.ErrUnsupported)
	}
	var b backlog
	for {
		s := step{t: t, z: summarizer{z}, b: &b}
		err := s.run(ctx)
		b.settle(&s, err)
		switch {
		case errors.Is(err, storage.ErrStale):
			done.Lost++
		case err != nil:
			return done, err
		case s.put:
			done.Steps++
			done.Facts += len(s.news)
			done.People += s.made
		}
		if err == nil && s.end {
			return done, nil
		}
	}
}

// The stages of rows that stand for no person. No stage has such a name.
//
// An erasure finds what it concerns by the identifiers that rows name, and leaves nothing in
// Changes that names them. So each identifier that a row depends on is named by some row:
// where one person is not all of a component, and for every component of accounts, one row
// names them all. What is left of such a component after an erasure is made anew because
// the store sets the cursor back.
const (
	componentRow = "(component)"
	domainRow    = "(domain)"       // somebody's address is of the company domain of which Account is the key
	knownRow     = "(known domain)" // and facts name that domain
	overrideRow  = "(overrides)"    // which overrides without identifiers the rows know
	nobodyRow    = "(nobody)"       // some touch leads to a company domain by nothing but its web site
)

// A backlog is the facts that were there when rows began to be made from the first fact on.
// Whoever is made within it is made of all of it, so its later facts concern nobody a second
// time. That ends with the backlog, with an override that names no identifier, and as soon as
// somebody else moves the cursor: another refresher, or an erasure, which may take the very
// fact that the backlog ends with.
type backlog struct {
	began, over bool
	last, next  storage.Cursor // its end; where the next step has to begin
	made        idSet
}

// open begins a backlog if a step starts from the first fact, or goes on with it.
func (b *backlog) open(ctx context.Context, t *Tracker, from, start storage.Cursor, overridden bool) error {
	if b.began {
		b.over = b.over || from != b.next || overridden
		return nil
	}
	b.began, b.made = true, idSet{}
	if b.over = storage.UnmarkCursor(start) != (storage.Cursor{}); b.over {
		return nil
	}
	n := 0
	for c, err := range t.store.changes(ctx, start) {
		if err != nil {
			return err
		}
		b.last = c.Cursor
		n++
	}
	b.over = n <= t.stepFacts
	return nil
}

// settle notes what a step has made, and where the next one begins if nobody interferes.
func (b *backlog) settle(s *step, err error) {
	if b.over = b.over || err != nil || s.past; b.over {
		b.made = nil
		return
	}
	for _, id := range s.of {
		b.made[id] = true
	}
	mark := strings.TrimPrefix(s.from.String(), storage.UnmarkCursor(s.from).String())
	b.next = storage.MakeCursor(s.to.String() + mark)
}
