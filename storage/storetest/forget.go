package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// hardEraseRules: erasing while other things happen.
func hardEraseRules() []rule {
	return []rule{
		{"C9/erase/against-append", "an erasure and an append that race end as one before the other", func(r *run) {
			s := r.open()
			for n := range min(30*r.h.seeds(), 1000) {
				r.at("round %d", n)
				f := tagged(touch(n, user(n)), 0)
				f.Tags[0] = storage.Tag{byte(n), byte(n >> 8), 7}
				e := storage.Erasure{ID: fmt.Sprint("race", n), At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(n)}}},
					Suppress: []storage.Suppression{{Tag: f.Tags[0], At: erasedAt}}}
				var wg sync.WaitGroup
				var outs []touchpoint.Outcome
				var err1, err2 error
				wg.Go(func() {
					time.Sleep(time.Duration(n%3) * 50 * time.Microsecond) // who comes first varies
					outs, err1 = s.Append(r.ctx, []storage.Fact{f})
				})
				wg.Go(func() {
					time.Sleep(time.Duration(n/3%3) * 50 * time.Microsecond)
					_, err2 = s.Erase(r.ctx, e)
				})
				wg.Wait()
				r.ok(errors.Join(ignore(err1, storage.ErrUnavailable), err2), "race")
				if st := outs[0].Status; st != accepted && st != suppressed && st != touchpoint.Retry {
					r.failf("the append is %v", st)
				}
				if got := r.scan(s, storage.Query{IDs: []identity.ID{user(n)}}); len(got) > 0 {
					r.failf("a fact is there after its erasure (append %v)", outs[0].Status)
				}
			}
		}},
		{"C9/erase/against-erase", "two erasures of overlapping people may run at once", func(r *run) {
			s := r.open()
			for n := range 300 {
				r.append(s, touch(n, user(n%6), mail(n%5)))
			}
			var wg sync.WaitGroup
			errs := make([]error, 6)
			for k := range 6 {
				wg.Go(func() {
					_, errs[k] = s.Erase(r.ctx, storage.Erasure{ID: fmt.Sprint("e", k/2), At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(k / 2), mail(k / 2)}}}})
				})
			}
			wg.Wait()
			r.ok(errors.Join(errs...), "Erase")
			for _, f := range r.left(s) {
				for _, id := range f.IDs() {
					if slices.Contains([]identity.ID{user(0), user(1), user(2), mail(0), mail(1), mail(2)}, id) {
						r.failf("a fact that was to go is there")
					}
				}
			}
			r.ok(storage.Verify(r.ctx, s), "Verify")
		}},
		{"S11/erase/cancelled-at-every-step", "an erasure that was interrupted anywhere is finished by the next", func(r *run) {
			for n := 0; ; n++ {
				r.at("cancelled at look %d", n)
				s := r.open()
				var facts []storage.Fact
				for i := range 2500 {
					facts = append(facts, touch(i, user(i%2)))
				}
				r.append(s, facts...)
				e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
				ctx := &countdown{Context: r.ctx, left: n}
				_, err := s.Erase(ctx, e)
				if err != nil && !errors.Is(err, context.Canceled) {
					r.failf("Erase: %v", err)
				}
				seen := r.scan(s, storage.Query{IDs: []identity.ID{user(1)}})
				if committed := len(r.scan(s, storage.Query{Classes: []storage.Class{storage.ClassErasure}})) == 1; committed != (len(seen) == 0) || len(seen)%1250 != 0 {
					r.failf("%d facts seen, erasure committed: %t", len(seen), committed)
				}
				if err == nil { // all is done: the keys are free
					r.statuses(r.append(s, facts[1], facts[2499]), accepted, accepted)
					return
				}
				rec, err2 := s.Erase(r.ctx, e)
				r.ok(err2, "Erase again")
				if !rec.Done || rec.Removed[storage.ClassTouch] != 1250 {
					r.failf("receipt says %v, done %t", rec.Removed, rec.Done)
				}
				if got := len(r.left(s)); got != 1250 {
					r.failf("%d facts left", got)
				}
				r.ok(storage.Verify(r.ctx, s), "Verify")
			}
		}},
		{"S4/erase/key-being-erased", "a key on an open work list is to be offered again", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for i := range 2500 {
				facts = append(facts, touch(i, user(1)))
			}
			r.append(s, facts...)
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
			for n := 0; n < 50; n++ {
				if _, err := s.Erase(&countdown{Context: r.ctx, left: n}, e); err == nil {
					break
				}
				if len(r.scan(s, storage.Query{Classes: []storage.Class{storage.ClassErasure}})) == 0 {
					continue
				}
				outs, err := s.Append(r.ctx, []storage.Fact{facts[2499], touch(9000)})
				if len(outs) != 2 || outs[1].Status != accepted && outs[1].Status != duplicate || (outs[0].Status == touchpoint.Retry) != (err != nil) {
					r.failf("outcomes %v, error %v", outs, err)
				}
				if outs[0].Status != touchpoint.Retry && outs[0].Status != accepted && outs[0].Status != duplicate {
					r.failf("the key being erased is %v", outs[0].Status)
				}
			}
		}},
		{"S8/erase/context", "an erasure that cannot begin does nothing", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			ctx, cancel := context.WithCancel(r.ctx)
			cancel()
			e := storage.Erasure{ID: "e", At: erasedAt, Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}}
			_, err := s.Erase(ctx, e)
			r.is(err, context.Canceled, "Erase")
			var none context.Context
			if _, err := s.Erase(none, e); err == nil {
				r.failf("a nil context is taken")
			}
			r.holds(s, touch(1))
		}},
		{"C9/erase/second-handle-knows", "a process that remembers which sets it wrote must learn that they are gone", func(r *run) {
			a := r.open()
			b := r.second(a)
			f := func(n int) storage.Fact { return touch(n, user(1), mail(1)) }
			r.add(a, f(1))
			r.add(b, f(2))
			for n := 3; n < 9; n += 2 {
				r.erase(a, storage.Erasure{ID: fmt.Sprint("e", n), Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}})
				r.add(b, f(n))
				r.add(a, f(n+1))
				for _, s := range []storage.Store{a, b} {
					r.same(r.scan(s, storage.Query{IDs: []identity.ID{mail(1)}}), []storage.Fact{f(n), f(n + 1)}, "Scan")
					r.tied2(s, f(n), f(n+1))
				}
			}
			r.ok(storage.Verify(r.ctx, a), "Verify")
		}},
		{"C9/erase/second-handle-refuses", "an erasure through one handle holds for all", func(r *run) {
			a := r.open()
			b := r.second(a)
			r.statuses(r.append(b, tagged(touch(1), 1)), accepted)
			r.erase(a, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{user(1)}}}, Suppress: []storage.Suppression{{Tag: tag(1), At: erasedAt}}})
			r.statuses(r.append(b, tagged(touch(1), 1)), suppressed)
			r.same(r.left(b), nil, "Scan")
		}},
		{"S4/erase/fails-closed", "a list that cannot be read accepts nothing", func(r *run) {
			s := r.open()
			r.erase(s, storage.Erasure{ID: "e", Suppress: []storage.Suppression{{Tag: tag(1), At: erasedAt}}})
			undo := r.fault(s, UnreadableSuppression)
			for i, o := range r.append(s, tagged(touch(1), 1), tagged(touch(2), 2), touch(3)) {
				if o.Status != touchpoint.Retry {
					r.failf("fact %d is %v", i, o.Status)
				}
			}
			r.ok(undo(), "undo")
			r.statuses(r.append(s, tagged(touch(1), 1), tagged(touch(2), 2), touch(3)), suppressed, accepted, accepted)
		}},
		{"S11/erase/bytes-are-gone", "no byte that the store has written shows the value any more", func(r *run) {
			if r.h.Bytes == nil {
				r.skip("Bytes in its harness")
			}
			s := r.open()
			secret := "zq-secret-ann/çé@example.com"
			id := identity.MakeID(identity.Email, secret)
			for n := range 400 {
				r.append(s, with(touch(n, user(n%9)), func(t *touchpoint.Touch) {
					if n%4 == 0 {
						t.IDs, t.Touchpoint, t.Props = []identity.ID{id}, "page of "+secret, touchpoint.Props{}.SetText("mail", secret)
					}
				}))
			}
			r.add(s, storage.Fact{Evidence: &identity.Evidence{A: id, B: user(1), Source: "crm", At: start}}, storage.Fact{Consent: &touchpoint.Consent{ID: id, At: start, Proof: secret}},
				touch(5000, id, account(1)))
			if r.search(r.written(s), secret) == "" {
				r.failf("the search finds nothing before the erasure: it cannot tell")
			}
			rec := r.erase(s, storage.Erasure{ID: "e", Remove: []storage.Query{{IDs: []identity.ID{id}, To: minute(4000)}}, Redact: []storage.Fact{
				with(touch(5000, account(1)), func(t *touchpoint.Touch) { t.Redacted = true })}})
			if len(rec.OutOfReach) > 0 {
				r.skip(fmt.Sprintf("reach of %v", rec.OutOfReach))
			}
			if form := r.search(r.written(s), secret); form != "" {
				r.failf("the erased value is there, %s", form)
			}
		}},
	}
}

func ignore(err error, what ...error) error {
	if slices.ContainsFunc(what, func(w error) bool { return errors.Is(err, w) }) {
		return nil
	}
	return err
}

// second returns another handle of the store.
func (r *run) second(s storage.Store) storage.Store {
	if r.h.Second == nil {
		r.skip("second handle")
	}
	other, err := r.h.Second(r.ctx, s)
	r.ok(err, "Second")
	r.opened = append(r.opened, other)
	return other
}

// written is everything that the store has written.
func (r *run) written(s storage.Store) []io.ReadCloser {
	list, err := r.h.Bytes(s)
	r.ok(err, "Bytes")
	return list
}

// search looks for a value in six encodings. It returns the name of the one it was found in.
func (r *run) search(list []io.ReadCloser, value string) string {
	quoted, _ := json.Marshal(value)
	ascii := make([]byte, 0, len(value))
	for _, c := range value {
		if c < 0x80 {
			ascii = append(ascii, byte(c))
		} else {
			ascii = fmt.Appendf(ascii, `\u%04x`, c)
		}
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(value)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	forms := map[string][]byte{
		"plain": []byte(value), "hex": []byte(hex.EncodeToString([]byte(value))), "utf-16": wide,
		"url": []byte(url.QueryEscape(value)), "json": quoted[1 : len(quoted)-1], "json ascii": ascii,
	}
	for shift := range 3 { // base64 depends on where the value begins in it
		b := []byte(base64.StdEncoding.EncodeToString(append(make([]byte, shift), value...)))
		forms[fmt.Sprint("base64 ", shift)] = b[4 : len(b)-4]
	}
	found := ""
	for _, in := range list {
		all, err := io.ReadAll(in)
		r.ok(errors.Join(err, in.Close()), "Bytes")
		for name, form := range forms {
			if bytes.Contains(all, form) {
				found = name
			}
		}
	}
	return found
}

// A countdown is a context that is cancelled once it has been looked at so many times.
type countdown struct {
	context.Context
	mu   sync.Mutex // guards left
	left int
	done chan struct{}
}

func (c *countdown) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		c.cancel()
		return context.Canceled
	}
	return c.Context.Err()
}

func (c *countdown) cancel() {
	if c.done == nil {
		c.done = make(chan struct{})
	}
	select {
	case <-c.done:
	default:
		close(c.done)
	}
}

func (c *countdown) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
	}
	return c.done
}
