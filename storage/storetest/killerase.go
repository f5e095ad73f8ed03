package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

const (
	stepEnv   = killEnv + "_STEP" // round, kind and step at which the child kills itself
	stepsLine = "storetest-steps "
)

// KillErasures erases people in a child process that kills itself with signal 9 at one of
// the steps of KillHarness.Steps, and every other time kills another one while it opens
// the store again. The next open must find the erasure as if it had not begun, or finished: no
// fact of it seen, its keys free, its list obeyed, and no byte of it in KillHarness.Bytes.
// Call it first in a test of its own.
func KillErasures(t *testing.T, h KillHarness) {
	if place := os.Getenv(killEnv); place != "" {
		if err := h.eraseChild(t.Context(), place); err != nil {
			fmt.Fprintln(os.Stderr, "storetest: the child failed:", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	if h.Place == "" {
		h.Place = t.TempDir()
	}
	if h.Kills == 0 {
		if h.Kills = 20; os.Getenv("TABI_LONG") == "1" {
			h.Kills = 1000
		}
	}
	if err := h.eraseParent(t.Context(), t.Name(), t.Logf); err != nil {
		t.Fatal(err)
	}
}

// eraseKinds are how many ways there are to erase.
const eraseKinds = 4

// A doom is the facts of one round and what is to become of them.
type doom struct {
	source, secret string
	facts, left    []storage.Fact // of the source, before and after
	count          int            // touches that go or change
	order          storage.Erasure
}

// makeDoom makes the facts of a round, all of a source of its own: some that stay, and
// some of a person whose address stands in identifiers, names and props.
func makeDoom(round, kind int) doom {
	d := doom{source: fmt.Sprint("s", round), secret: fmt.Sprintf("zq-%d-ann/çé@example.com", round), count: 40}
	id := identity.MakeID(identity.Email, d.secret)
	own := func(n int) *touchpoint.Touch { // of the person
		t := touch(n, id, account(n%3)).Touch
		t.Source, t.Touchpoint, t.Props = d.source, "page of "+d.secret, touchpoint.Props{}.SetText("mail", d.secret)
		return t
	}
	d.order = storage.Erasure{ID: "kill-" + d.source, At: erasedAt}
	byID := []storage.Query{{IDs: []identity.ID{id}}}
	listed := []storage.Suppression{{KeyID: "k", Tag: storage.Tag(storage.HashID(id)), At: erasedAt}}
	for n := range 30 {
		f := with(touch(5000+n, user(n)), func(t *touchpoint.Touch) { t.Source = d.source })
		d.facts, d.left = append(d.facts, f), append(d.left, f)
	}
	switch kind {
	case 0: // a person, with what is said of them
		d.facts = append(d.facts,
			storage.Fact{Evidence: &identity.Evidence{A: id, B: user(round), Source: d.source, At: start}},
			storage.Fact{Consent: &touchpoint.Consent{ID: id, Source: d.source, At: start, Proof: d.secret}})
		d.order.Remove, d.order.Suppress = byID, listed
		d.order.Add = []storage.Fact{{Residue: &storage.Residue{Erasure: d.order.ID, Goal: "order", Month: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Currency: "EUR", Count: 1, Value: 5}}}
	case 1: // more than a transaction purges
		d.count = 1100
		d.order.Remove, d.order.Suppress = byID, listed
	case 2: // nothing goes but who it was
	case 3: // retention
		d.order.Remove = []storage.Query{{Classes: []storage.Class{storage.ClassTouch}, Sources: []string{d.source}, To: minute(d.count)}}
	}
	for n := range d.count {
		f := storage.Fact{Touch: own(n)}
		d.facts = append(d.facts, f)
		if kind == 2 {
			f := with(touch(n, account(n%3)), func(t *touchpoint.Touch) { t.Source, t.Redacted = d.source, true })
			d.order.Redact, d.left = append(d.order.Redact, f), append(d.left, f)
		}
	}
	return d
}

// eraseChild appends the facts of a round and erases, or only opens, until its step.
func (h KillHarness) eraseChild(ctx context.Context, place string) error {
	var round, kind, at int
	if _, err := fmt.Sscan(os.Getenv(stepEnv), &round, &kind, &at); err != nil {
		return err
	}
	var armed atomic.Bool
	var steps atomic.Int64
	step := func() {
		if !armed.Load() || steps.Add(1) != int64(at)+1 {
			return
		}
		if h.Stop != nil {
			_ = h.Stop()
		}
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill()
		}
		select {}
	}
	armed.Store(kind < 0)
	s, err := h.Steps(ctx, place, step)
	if err != nil {
		return err
	}
	if kind >= 0 {
		d := makeDoom(round, kind)
		for facts := d.facts; len(facts) > 0; {
			n := min(len(facts), 500)
			outs, err := s.Append(ctx, facts[:n])
			if got := touchpoint.Count(outs); err != nil || got[accepted] != n {
				return fmt.Errorf("%v, error %w", got, err)
			}
			facts = facts[n:]
		}
		armed.Store(true)
		if _, err := s.Erase(ctx, d.order); err != nil {
			return err
		}
	}
	armed.Store(false)
	fmt.Printf("\n%s%d\n", stepsLine, steps.Load())
	return nil
}

// eraseRun runs a child and returns how many steps it took; killed: it did not live to say so.
func (h KillHarness) eraseRun(ctx context.Context, test string, round, kind, at int) (steps int, killed bool, err error) {
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+strings.ReplaceAll(test, "/", "$/^")+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), killEnv+"="+h.Place, fmt.Sprint(stepEnv, "=", round, " ", kind, " ", at))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	for line := range strings.Lines(string(out)) {
		if n, found := strings.CutPrefix(line, stepsLine); found {
			steps, err = strconv.Atoi(strings.TrimSpace(n))
			return steps, false, err
		}
	}
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 3 || err == nil {
		return 0, false, fmt.Errorf("the child was not killed and did not end: %v %s", err, errs.String())
	}
	return 0, true, nil
}

func (h KillHarness) eraseParent(ctx context.Context, test string, logf func(string, ...any)) error {
	g := rand.New(rand.NewPCG(uint64(h.Kills), 4))
	type moment struct{ kind, step int }
	var moments []moment
	round := 0
	for kind := range eraseKinds { // without a kill, to see how many steps there are
		steps, _, err := h.eraseRun(ctx, test, round, kind, -1)
		committed := false
		if err == nil {
			committed, err = h.eraseLook(ctx, round, kind)
		}
		if err == nil && !committed {
			err = errors.New("an acknowledged erasure is lost")
		}
		if err != nil {
			return fmt.Errorf("kind %d, not killed: %w", kind, err)
		}
		for step := range steps {
			moments = append(moments, moment{kind, step})
		}
		round++
	}
	if len(moments) == 0 {
		return errors.New("an erasure has no step")
	}
	kills, done := 0, 0
	for k := range h.Kills {
		m := moments[(k*len(moments)/min(h.Kills, len(moments))+k/len(moments))%len(moments)]
		_, killed, err := h.eraseRun(ctx, test, round, m.kind, m.step)
		if err == nil && k%2 == 1 {
			_, _, err = h.eraseRun(ctx, test, round, -1, g.IntN(20))
		}
		committed := false
		if err == nil {
			committed, err = h.eraseLook(ctx, round, m.kind)
		}
		if err != nil {
			return fmt.Errorf("kind %d killed at step %d: %w", m.kind, m.step, err)
		}
		if killed {
			kills++
		}
		if committed {
			done++
		}
		round++
	}
	logf("%d steps, %d kills, %d of %d erasures were committed", len(moments), kills, done, h.Kills)
	if 2*kills < h.Kills || done == 0 || done == h.Kills && h.Kills > len(moments) {
		return errors.New("the child is killed too seldom, always too early, or always too late")
	}
	return nil
}

// eraseLook opens the store, compares it with what a round may have left, and finishes.
func (h KillHarness) eraseLook(ctx context.Context, round, kind int) (committed bool, err error) {
	s, err := h.Open(ctx, h.Place)
	if err != nil {
		return false, fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	d := makeDoom(round, kind)
	look := rule{"S11/kill/erasure", "an erasure that a crash cut short is finished by the next open", func(r *run) {
		committed = len(r.scan(s, storage.Query{Keys: []storage.Key{{Class: storage.ClassErasure, ID: d.order.ID}}})) == 1
		if !committed {
			r.same(r.scan(s, storage.Query{Sources: []string{d.source}}), inOrder(d.facts), "a scan without the erasure")
			if h.Bytes != nil && h.found(r, d.secret) == "" {
				r.failf("the search finds nothing before the erasure: it cannot tell")
			}
			_, err := s.Erase(ctx, d.order)
			r.ok(err, "Erase")
		}
		if form := h.found(r, d.secret); form != "" {
			r.failf("the erased value is there, %s; the erasure was committed before the kill: %t", form, committed)
		}
		r.same(r.scan(s, storage.Query{Sources: []string{d.source}}), inOrder(d.left), "a scan after the erasure")
		for _, f := range d.order.Add {
			r.same(r.scan(s, storage.Query{Keys: []storage.Key{f.Key()}}), []storage.Fact{f}, "a scan of what the erasure adds")
		}
		rec, err := s.Erase(ctx, d.order)
		r.ok(err, "Erase again")
		if n := rec.Removed[storage.ClassTouch] + rec.Redacted; !rec.Done || n != int64(d.count) {
			r.failf("the receipt says %v and %d redacted, done %t", rec.Removed, rec.Redacted, rec.Done)
		}
		for _, x := range d.order.Suppress {
			f := touch(0)
			f.Tags = []storage.Tag{x.Tag}
			r.statuses(r.append(s, f), suppressed)
		}
		if len(d.order.Remove) > 0 { // its key is on no list any more
			r.add(s, with(touch(0), func(t *touchpoint.Touch) { t.Source = d.source }))
		}
		r.ok(storage.Verify(ctx, s), "Verify")
	}}
	if fail, _ := look.run(ctx, Harness{}); fail != nil {
		return committed, fail
	}
	return committed, nil
}

// found looks for a value in the bytes of the store; without Bytes it tells nothing.
func (h KillHarness) found(r *run, value string) string {
	if h.Bytes == nil {
		return ""
	}
	list, err := h.Bytes(h.Place)
	r.ok(err, "Bytes")
	return r.search(list, value)
}
