package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

const (
	accepted   = touchpoint.Accepted
	duplicate  = touchpoint.Duplicate
	conflict   = touchpoint.Conflict
	rejected   = touchpoint.Rejected
	suppressed = touchpoint.Suppressed
)

// Group A: what becomes of facts that are offered.
func appendRules() []rule {
	all := []rule{
		{"S1/append/empty-batch", "an empty batch is a batch", func(r *run) {
			s := r.open()
			r.append(s)
			r.holds(s)
		}},
		{"S1/append/one-outcome-a-fact", "callers match outcomes with facts by their index", func(r *run) {
			s := r.open()
			r.add(s, touch(1), touch(3))
			outs := r.append(s, touch(0), touch(1), storage.Fact{}, changed(3), touch(4))
			r.statuses(outs, accepted, duplicate, rejected, conflict, accepted)
			r.holds(s, touch(0), touch(1), touch(3), touch(4))
		}},
		{"S3/append/duplicate-same-content", "a replay must be harmless", func(r *run) {
			s := r.open()
			r.add(s, touches(20)...)
			for range 3 {
				for i, o := range r.append(s, touches(20)...) {
					if o.Status != duplicate {
						r.failf("fact %d again is %v", i, o.Status)
					}
				}
			}
			r.holds(s, touches(20)...)
		}},
		{"S3/append/first-content-stays", "a fact never changes, whoever writes later", func(r *run) {
			s := r.open()
			r.add(s, touch(1), touch(2))
			r.statuses(r.append(s, changed(1), changed(2), touch(1)), conflict, conflict, duplicate)
			r.holds(s, touch(1), touch(2))
		}},
		{"S3/append/key-for-ever", "a window of known keys doubles late replays", func(r *run) {
			s := r.open()
			first := touch(0)
			r.add(s, first)
			for n := 1; n <= 3000; n += 500 {
				var batch []storage.Fact
				for i := n; i < n+500; i++ {
					batch = append(batch, touch(i))
				}
				r.add(s, batch...)
			}
			r.statuses(r.append(s, first, changed(0), touch(1), touch(1500)), duplicate, conflict, duplicate, duplicate)
			r.holds(s, touches(3001)...)
		}},
		{"S3/append/source-is-part-of-the-key", "two systems number from one", func(r *run) {
			s := r.open()
			other := with(touch(1), func(t *touchpoint.Touch) { t.Source = "shop" })
			r.add(s, touch(1), other)
			r.holds(s, touch(1), other)
		}},
		{"S3/append/class-is-part-of-the-key", "an override and an audit may share an id", func(r *run) {
			s := r.open()
			o, a := bareFact(storage.ClassOverride), bareFact(storage.ClassAudit)
			o.Override.ID, a.Audit.ID = "x", "x"
			r.add(s, o, a)
			r.holds(s, o, a)
		}},
		{"S3/append/key-parts-do-not-run-together", "a key glued without a mark confuses ab+c with a+bc", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for _, k := range [][2]string{{"ab", "c"}, {"a", "bc"}, {"a|b", "c"}, {"a", "b|c"}, {"a/b", "c"}, {"a", "b/c"}, {"a:b", "c"}, {"a", "b:c"}} {
				facts = append(facts, with(touch(1), func(t *touchpoint.Touch) { t.Source, t.ID = k[0], k[1] }))
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		{"S3/append/content-keys-never-conflict", "evidence is a set: two statements are two facts", func(r *run) {
			s := r.open()
			for _, c := range []storage.Class{storage.ClassEvidence, storage.ClassMembership, storage.ClassParent, storage.ClassConsent} {
				r.at("%v", c)
				a, b := full(c, 1), full(c, 2)
				r.statuses(r.append(s, a, b, a), accepted, accepted, duplicate)
				r.statuses(r.append(s, b, a), duplicate, duplicate)
			}
		}},
		{"S1/append/received-at-is-no-content", "a retry is received later than the first try", func(r *run) {
			s := r.open()
			first := with(touch(1), func(t *touchpoint.Touch) { t.ReceivedAt = start.Add(time.Hour) })
			later := with(touch(1), func(t *touchpoint.Touch) { t.ReceivedAt = start.Add(2 * time.Hour) })
			r.add(s, first)
			r.statuses(r.append(s, later), duplicate)
			r.holds(s, first)
		}},
		{"S1/append/order-of-identifiers-is-no-content", "the identifiers of a touch are a set", func(r *run) {
			s := r.open()
			a := touch(1, user(1), mail(1))
			b := with(a, func(t *touchpoint.Touch) { slices.Reverse(t.IDs) })
			c := with(a, func(t *touchpoint.Touch) { t.IDs = append(t.IDs, t.IDs...) })
			r.add(s, a)
			r.statuses(r.append(s, b, c), duplicate, duplicate)
			r.holds(s, a)
		}},
		{"S5/append/zone-is-no-content", "one instant is one instant in every zone", func(r *run) {
			s := r.open()
			r.add(s, touch(1))
			r.statuses(r.append(s, with(touch(1), func(t *touchpoint.Touch) {
				t.At = t.At.In(time.FixedZone("", 9*3600))
			}), with(touch(1), func(t *touchpoint.Touch) { t.At = t.At.Add(999) })), duplicate, duplicate)
			r.holds(s, touch(1))
		}},
		{"S4/append/tags-are-no-content", "tags change with the key that makes them", func(r *run) {
			s := r.open()
			f := touch(1)
			f.Tags = []storage.Tag{{1}}
			r.add(s, f)
			r.statuses(r.append(s, touch(1)), duplicate)
			r.holds(s, touch(1))
		}},
		{"S1/append/bad-facts-at-every-place", "one bad fact never stops a good one", func(r *run) {
			for n := 1; n <= 8; n++ {
				s := r.open()
				for mask := range 1 << n {
					r.at("n=%d mask=%b", n, mask)
					facts, want := make([]storage.Fact, n), make([]touchpoint.Status, n)
					for i := range facts {
						facts[i], want[i] = touch(mask*8+i), accepted
						if mask>>i&1 == 1 {
							facts[i], want[i] = with(facts[i], func(t *touchpoint.Touch) { t.Source = "a\x00" }), rejected
						}
					}
					r.statuses(r.append(s, facts...), want...)
				}
			}
		}},
		{"S1/append/conflicts-at-every-place", "one conflict never stops a new fact", func(r *run) {
			for n := 1; n <= 5; n++ {
				s := r.open()
				for mask := range 1 << n {
					r.at("n=%d mask=%b", n, mask)
					facts, want := make([]storage.Fact, n), make([]touchpoint.Status, n)
					for i := range facts {
						facts[i], want[i] = touch(mask*8+i), accepted
						if mask>>i&1 == 1 {
							r.add(s, facts[i])
							facts[i], want[i] = changed(mask*8+i), conflict
						}
					}
					r.statuses(r.append(s, facts...), want...)
				}
			}
		}},
		{"S1/append/ten-thousand", "a batch at the limit is taken", func(r *run) {
			s := r.open()
			r.add(s, touches(storage.MaxBatch)...)
			n, err := storage.Count(r.ctx, s, storage.Query{})
			if err != nil || n != storage.MaxBatch {
				r.failf("%d facts, error %v", n, err)
			}
		}},
		{"S1/append/ten-thousand-and-one", "a batch over the limit is refused whole, before anything happens", func(r *run) {
			s := r.open()
			outs, err := s.Append(r.ctx, touches(storage.MaxBatch+1))
			r.is(err, storage.ErrBatchTooLarge, "Append")
			if outs != nil {
				r.failf("%d outcomes of a call that did not begin", len(outs))
			}
			r.holds(s)
		}},
		{"S8/append/context-nil", "a nil context is an error, not a panic", func(r *run) {
			s := r.open()
			var none context.Context
			outs, err := s.Append(none, touches(1))
			if err == nil || outs != nil {
				r.failf("%d outcomes, error %v", len(outs), err)
			}
			r.holds(s)
		}},
		{"S8/append/context-done", "a call that cannot begin does nothing", func(r *run) {
			s := r.open()
			ctx, cancel := context.WithCancel(r.ctx)
			cancel()
			outs, err := s.Append(ctx, touches(3))
			r.is(err, context.Canceled, "Append")
			if outs != nil {
				r.failf("%d outcomes", len(outs))
			}
			r.holds(s)
			r.add(s, touches(3)...)
		}},
		{"S8/append/context-past-its-deadline", "a deadline is told from a cancellation", func(r *run) {
			s := r.open()
			ctx, cancel := context.WithDeadline(r.ctx, time.Unix(0, 0))
			defer cancel()
			_, err := s.Append(ctx, touches(3))
			r.is(err, context.DeadlineExceeded, "Append")
			r.holds(s)
		}},
		{"S13/append/nothing-handed-in-is-kept", "callers use their buffers again", func(r *run) {
			s := r.open()
			facts := []storage.Fact{fullTouch(), full(storage.ClassOverride, 1), full(storage.ClassAudit, 1)}
			r.add(s, facts...)
			facts[0].Touch.IDs[0], facts[0].Touch.Stage = user(99), "later"
			facts[1].Override.Left[0] = user(99)
			*facts[1].Override.Scope.Kind = identity.Manual
			facts[2].Audit.Counts["touch"] = 99
			r.holds(s, fullTouch(), full(storage.ClassOverride, 1), full(storage.ClassAudit, 1))
		}},
		{"S13/append/nothing-handed-in-is-changed", "callers go on with what they offered", func(r *run) {
			s := r.open()
			f := with(touch(1), func(t *touchpoint.Touch) { t.IDs = []identity.ID{user(2), user(1), user(2)} })
			f.Tags = []storage.Tag{{2}, {1}}
			r.add(s, f)
			if !slices.Equal(f.Touch.IDs, []identity.ID{user(2), user(1), user(2)}) || f.Tags[0] != (storage.Tag{2}) {
				r.failf("the offered fact was changed")
			}
		}},
		{"C4/append/read-your-writes", "what was acknowledged is seen by every later read", func(r *run) {
			s := r.open()
			for n := range 50 {
				r.add(s, touch(n))
				if got := r.scan(s, storage.Query{Keys: []storage.Key{touch(n).Key()}}); len(got) != 1 {
					r.failf("fact %d is not there after its Append", n)
				}
			}
		}},
		{"S1/append/after-an-error", "a refused call leaves the store usable", func(r *run) {
			s := r.open()
			_, _ = s.Append(r.ctx, touches(storage.MaxBatch+1))
			r.append(s, storage.Fact{})
			r.add(s, touch(1))
			r.holds(s, touch(1))
		}},
		{"S1/append/erasures-are-not-appended", "only Erase writes what Erase did", func(r *run) {
			s := r.open()
			outs := r.append(s, full(storage.ClassErasure, 1), touch(1))
			r.statuses(outs, rejected, accepted)
			r.reason(outs[0], touchpoint.UnknownType)
			r.holds(s, touch(1))
		}},
	}
	for _, c := range appendable() {
		all = append(all, rule{"S1/append/class-" + c.String(), "every class of fact is kept", func(r *run) {
			s := r.open()
			facts := []storage.Fact{full(c, 1), full(c, 2), bareFact(c)}
			r.add(s, facts...)
			r.append(s, facts...)
			r.holds(s, facts...)
		}})
	}
	all = append(all, repeatRules()...)
	all = append(all, conflictRules()...)
	return append(all, rejectRules()...)
}

// changed is a touch with the key of touch(n) and other content.
func changed(n int) storage.Fact {
	return with(touch(n), func(t *touchpoint.Touch) { t.Stage = "changed" })
}

// reason fails unless the outcome has this reason and a typed error.
func (r *run) reason(o touchpoint.Outcome, want touchpoint.Reason) {
	if o.Reason != want || !errors.Is(o.Err, touchpoint.ErrInvalid) {
		r.failf("reason %q, error %v, want %q", o.Reason, o.Err, want)
	}
}

// repeatRules: a key several times in one batch.
func repeatRules() []rule {
	bad := with(touch(1), func(t *touchpoint.Touch) { t.Stage = "\x00" })
	cases := []struct {
		name  string
		known []storage.Fact
		batch []storage.Fact
		want  []touchpoint.Status
		keeps storage.Fact
	}{
		{"equal", nil, []storage.Fact{touch(1), touch(1)}, []touchpoint.Status{accepted, duplicate}, touch(1)},
		{"different", nil, []storage.Fact{touch(1), changed(1)}, []touchpoint.Status{accepted, conflict}, touch(1)},
		{"different-then-equal", nil, []storage.Fact{touch(1), changed(1), touch(1)}, []touchpoint.Status{accepted, conflict, duplicate}, touch(1)},
		{"after-a-reject", nil, []storage.Fact{bad, touch(1), bad}, []touchpoint.Status{rejected, accepted, rejected}, touch(1)},
		{"after-a-conflict", []storage.Fact{touch(1)}, []storage.Fact{changed(1), touch(1), changed(1)}, []touchpoint.Status{conflict, duplicate, conflict}, touch(1)},
		{"after-a-duplicate", []storage.Fact{touch(1)}, []storage.Fact{touch(1), changed(1), touch(1)}, []touchpoint.Status{duplicate, conflict, duplicate}, touch(1)},
	}
	var all []rule
	for _, c := range cases {
		all = append(all, rule{"S3/append/repeat-" + c.name, "a repeat inside a batch shares the fate of its first copy", func(r *run) {
			s := r.open()
			r.add(s, c.known...)
			r.statuses(r.append(s, c.batch...), c.want...)
			r.holds(s, c.keeps)
		}})
	}
	return append(all, rule{"S3/append/repeat-far-apart", "a repeat is found anywhere in the batch", func(r *run) {
		s := r.open()
		batch := append(touches(800), touches(800)...)
		outs := r.append(s, batch...)
		for i, o := range outs {
			if want := []touchpoint.Status{accepted, duplicate}[i/800]; o.Status != want {
				r.failf("fact %d is %v, want %v", i, o.Status, want)
			}
		}
		r.holds(s, touches(800)...)
	}})
}

// conflictRules: the names of the fields that differ.
func conflictRules() []rule {
	type change = func(t *touchpoint.Touch)
	cases := []struct {
		fields []string
		change change
	}{
		{[]string{"at"}, func(t *touchpoint.Touch) { t.At = t.At.Add(time.Microsecond) }},
		{[]string{"kind"}, func(t *touchpoint.Touch) { t.Kind = "other" }},
		{[]string{"channel"}, func(t *touchpoint.Touch) { t.Channel = "" }},
		{[]string{"touchpoint"}, func(t *touchpoint.Touch) { t.Touchpoint = "x" }},
		{[]string{"ids"}, func(t *touchpoint.Touch) { t.IDs = t.IDs[:1] }},
		{[]string{"direction"}, func(t *touchpoint.Touch) { t.Direction = touchpoint.Outbound }},
		{[]string{"offline"}, func(t *touchpoint.Touch) { t.Offline = false }},
		{[]string{"sentiment"}, func(t *touchpoint.Touch) { t.Sentiment = touchpoint.Sentiment{} }},
		{[]string{"cost"}, func(t *touchpoint.Touch) { t.Cost = money(151, "EUR") }},
		{[]string{"value"}, func(t *touchpoint.Touch) { t.Value = money(0, "EUR") }},
		{[]string{"stage"}, func(t *touchpoint.Touch) { t.Stage = "Purchase" }},
		{[]string{"redacted"}, func(t *touchpoint.Touch) { t.Redacted = false }},
		{[]string{"props"}, func(t *touchpoint.Touch) { t.Props = props(`{"n":1}`) }},
		{[]string{"kind", "stage"}, func(t *touchpoint.Touch) { t.Stage, t.Kind = "", "other" }},
	}
	var all []rule
	for _, c := range cases {
		all = append(all, rule{"S3/append/conflict-" + strings.Join(c.fields, "-and-"), "a conflict says what differs", func(r *run) {
			s := r.open()
			r.add(s, fullTouch())
			outs := r.append(s, with(fullTouch(), c.change))
			r.statuses(outs, conflict)
			if !slices.Equal(outs[0].Fields, c.fields) {
				r.failf("fields %v, want %v", outs[0].Fields, c.fields)
			}
			r.holds(s, fullTouch())
		}})
	}
	other := func(name string, c storage.Class, fields []string, change func(f storage.Fact)) {
		all = append(all, rule{"S3/append/conflict-" + name, "a conflict says what differs", func(r *run) {
			s := r.open()
			r.add(s, full(c, 1))
			f := full(c, 1)
			change(f)
			outs := r.append(s, f)
			r.statuses(outs, conflict)
			if !slices.Equal(outs[0].Fields, fields) {
				r.failf("fields %v, want %v", outs[0].Fields, fields)
			}
			r.holds(s, full(c, 1))
		}})
	}
	other("override", storage.ClassOverride, []string{"actor", "left", "scope"}, func(f storage.Fact) {
		f.Override.Actor, f.Override.Left, f.Override.Scope.Source = "", nil, "x"
	})
	other("residue", storage.ClassResidue, []string{"count", "value"}, func(f storage.Fact) { f.Residue.Count, f.Residue.Value = 0, 1 })
	other("audit", storage.ClassAudit, []string{"counts", "subject"}, func(f storage.Fact) {
		f.Audit.Counts["touch"]++
		f.Audit.Subject[3]++
	})
	return all
}

// rejectRules: what is refused, alone and with its reason.
func rejectRules() []rule {
	cases := []struct {
		name   string
		reason touchpoint.Reason
		fact   storage.Fact
	}{
		{"nothing-set", touchpoint.Missing, storage.Fact{}},
		{"two-values-set", touchpoint.Missing, storage.Fact{Touch: touch(1).Touch, Consent: full(storage.ClassConsent, 1).Consent}},
		{"source-empty", touchpoint.Missing, with(touch(1), func(t *touchpoint.Touch) { t.Source = "" })},
		{"id-empty", touchpoint.Missing, with(touch(1), func(t *touchpoint.Touch) { t.ID = "" })},
		{"kind-empty", touchpoint.Missing, with(touch(1), func(t *touchpoint.Touch) { t.Kind = "" })},
		{"at-zero", touchpoint.Missing, with(touch(1), func(t *touchpoint.Touch) { t.At = time.Time{} })},
		{"at-before-1970", touchpoint.TimeRange, with(touch(1), func(t *touchpoint.Touch) { t.At = time.Unix(0, -1) })},
		{"at-after-9999", touchpoint.TimeRange, with(touch(1), func(t *touchpoint.Touch) { t.At = end.Add(time.Microsecond) })},
		{"at-out-of-every-range", touchpoint.TimeRange, with(touch(1), func(t *touchpoint.Touch) { t.At = time.Unix(1<<60, 0) })},
		{"too-many-identifiers", touchpoint.TooMany, touch(1, manyIDs(storage.MaxIDs+1)...)},
		{"two-currencies", touchpoint.OutOfRange, with(touch(1), func(t *touchpoint.Touch) { t.Cost, t.Value = money(1, "EUR"), money(1, "USD") })},
		{"amount-without-currency", touchpoint.Missing, with(touch(1), func(t *touchpoint.Touch) { t.Value.Minor = 1 })},
		{"override-without-id", touchpoint.Missing, storage.Fact{Override: &identity.Override{At: start, Op: identity.Retract}}},
		{"evidence-without-b", touchpoint.Missing, storage.Fact{Evidence: &identity.Evidence{A: user(1), At: start}}},
		{"residue-off-its-month", touchpoint.OutOfRange, storage.Fact{Residue: &storage.Residue{Month: start}}},
		{"fact-too-large", touchpoint.TooLarge, storage.Fact{Override: &identity.Override{ID: "o", At: start, Op: identity.Separate, Left: manyIDs(30_000)}}},
	}
	var all []rule
	for _, c := range cases {
		all = append(all, rule{"S6/append/refuses-" + c.name, "what no store can keep is refused alone, with its reason", func(r *run) {
			s := r.open()
			outs := r.append(s, touch(5), c.fact, touch(6))
			r.statuses(outs, accepted, rejected, accepted)
			r.reason(outs[1], c.reason)
			r.holds(s, touch(5), touch(6))
		}})
	}
	return all
}

func manyIDs(n int) []identity.ID {
	ids := make([]identity.ID, n)
	for i := range ids {
		ids[i] = user(i)
	}
	return ids
}
