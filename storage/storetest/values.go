package storetest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// spellings are texts that stores are known to change, to confuse or to choke on.
func spellings() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"lower", "ann"}, {"upper", "ANN"}, {"title", "Ann"}, {"blank-after", "ann "}, {"blank-before", " ann"},
		{"two-blanks", "an  n"}, {"composed", "\u00e1"}, {"decomposed", "a\u0301"}, {"dotless-i", "\u0131"}, {"sharp-s", "stra\u00dfe"},
		{"double-s", "strasse"}, {"full-width", "ａｎｎ"}, {"kana", "ﾊﾟ"}, {"japanese", "問い合わせ"}, {"last-code-point", "a\U0010FFFF"},
		{"private-use", "\uE000"}, {"byte-order-mark", "\uFEFFann"}, {"line-separator", "a\u2028b"}, {"zero-width", "an\u200dn"},
		{"right-to-left", "\u202eann"}, {"replacement", "\uFFFD"}, {"sql", "'; DROP TABLE fact;--"}, {"sql-wild", "%_a"},
		{"quotes", `"'` + "`"}, {"backslash", `\u0041\x41\n`}, {"placeholder", "$1 ? :a @b"}, {"number", "007"}, {"float", "1e5"},
		{"null-word", "null"}, {"bool-word", "true"}, {"time-word", "2026-04-01"}, {"markup", "<b>&amp;"}, {"format", "%s%n"},
		{"comma", "a,b;c|d"}, {"unit-alike", "\u241f"}, {"longest", strings.Repeat("é", storage.MaxText/2)},
	}
}

// Group K: bytes in are bytes out.
func valueRules() []rule {
	var all []rule
	for _, c := range spellings() {
		all = append(all, rule{"S5/values/text-" + c.name, "text comes back byte for byte, in every field", func(r *run) {
			s := r.open()
			short := c.text
			if len(short) > 512 {
				short = short[:512]
			}
			facts := []storage.Fact{
				with(fullTouch(), func(t *touchpoint.Touch) {
					t.Source, t.ID, t.Channel, t.Touchpoint, t.Stage = c.text, c.text, touchpoint.Channel(c.text), c.text, c.text
					t.Campaign = touchpoint.Campaign{Source: c.text, Medium: c.text, Name: c.text, Term: c.text, Content: c.text, ID: c.text}
					t.IDs = []identity.ID{identity.MakeID(identity.UserID, short)}
					t.Props = touchpoint.Props{}.SetText("k", c.text)
				}),
				{Evidence: &identity.Evidence{A: identity.MakeID(identity.Email, short), B: user(1), Source: c.text, Ref: c.text, At: start}},
				{Override: &identity.Override{ID: c.text, At: start, Op: identity.Retract, Actor: c.text, Reason: c.text, Target: c.text, Scope: identity.Scope{Source: c.text}}},
				{Consent: &touchpoint.Consent{ID: user(1), Purpose: c.text, At: start, Source: c.text, Proof: c.text}},
				{Audit: &storage.Audit{ID: c.text, At: start, Action: c.text, Counts: map[string]int64{c.text: 1}, Options: c.text}},
			}
			r.add(s, facts...)
			r.holds(s, facts...)
			r.same(r.scan(s, storage.Query{Sources: []string{c.text}, Classes: []storage.Class{storage.ClassTouch}}), facts[:1], "Scan of the source")
		}})
	}
	all = append(all,
		rule{"S5/values/every-spelling-is-another-key", "collations and trimming join keys that differ", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for _, c := range spellings() {
				facts = append(facts, with(touch(1), func(t *touchpoint.Touch) { t.ID = c.text }),
					with(touch(1), func(t *touchpoint.Touch) { t.Source = c.text }))
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		rule{"S5/values/every-spelling-is-another-identifier", "two people must not become one in the store", func(r *run) {
			s := r.open()
			for i, c := range spellings() {
				short := c.text[:min(len(c.text), 512)]
				r.add(s, touch(i, identity.MakeID(identity.UserID, short)), touch(100+i, identity.MakeID("other_id", short)))
			}
			for i, c := range spellings() {
				r.at("%s", c.name)
				short := c.text[:min(len(c.text), 512)]
				got := r.scan(s, storage.Query{IDs: []identity.ID{identity.MakeID(identity.UserID, short)}})
				r.same(got, []storage.Fact{touch(i, identity.MakeID(identity.UserID, short))}, "Scan of the identifier")
			}
		}},
		rule{"S5/values/instants", "microseconds survive in the whole range", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for i, at := range []time.Time{
				time.Unix(0, 0).UTC(), time.UnixMicro(1).UTC(), time.UnixMicro(999_999).UTC(), time.UnixMicro(1_000_001).UTC(),
				time.Date(1999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
				time.Date(2262, 4, 12, 0, 0, 0, 1000, time.UTC), end.Add(-time.Microsecond), end,
			} {
				facts = append(facts, with(touch(i), func(t *touchpoint.Touch) { t.At = at }))
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		rule{"S5/values/bounds-of-validity", "the ends of evidence reach from year 1 to 9999, and 1970 is not absent", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for _, at := range []time.Time{time.Time{}.Add(time.Microsecond), time.Unix(0, 0).UTC(), time.UnixMicro(-1).UTC(), end} {
				facts = append(facts, storage.Fact{Evidence: &identity.Evidence{A: user(1), B: user(2), At: start, From: at}},
					storage.Fact{Evidence: &identity.Evidence{A: user(1), B: user(2), At: start, To: at}})
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		rule{"S5/values/amounts", "money is an int64 from end to end", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for i, n := range []int64{0, 1, -1, 127, 128, 1<<53 + 1, -(1<<53 + 1), math.MaxInt64, math.MinInt64, math.MaxInt32 + 1} {
				facts = append(facts, with(touch(i), func(t *touchpoint.Touch) { t.Value = money(n, "JPY") }),
					with(touch(100+i), func(t *touchpoint.Touch) { t.Cost = money(n, "XXX") }),
					storage.Fact{Residue: &storage.Residue{Erasure: fmt.Sprint(i), Month: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Count: n, Value: -n}})
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		rule{"S5/values/sentiment", "neutral is not absent", func(r *run) {
			s := r.open()
			facts := []storage.Fact{touch(0)}
			for i, n := range []int{-1000, -999, -1, 0, 1, 999, 1000} {
				facts = append(facts, with(touch(i+1), func(t *touchpoint.Touch) { t.Sentiment = touchpoint.SentimentMilli(n) }))
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		rule{"S6/values/longest-of-all", "values at every bound are kept together", func(r *run) {
			s := r.open()
			ids := make([]identity.ID, storage.MaxIDs)
			for i := range ids {
				ids[i] = identity.MakeID(identity.Type("t"+strings.Repeat("x", 62)), fmt.Sprintf("%03d", i)+strings.Repeat("v", 509))
			}
			name := strings.Repeat("n", storage.MaxText)
			f := with(fullTouch(), func(t *touchpoint.Touch) {
				t.Source, t.ID, t.IDs, t.Stage, t.Kind = name, name, ids, name, touchpoint.Kind(strings.Repeat("k", 64))
				t.Props = touchpoint.Props{}.SetText("k", strings.Repeat("p", touchpoint.MaxProps-8))
			})
			r.add(s, f)
			r.holds(s, f)
			r.same(r.scan(s, storage.Query{IDs: ids}), []storage.Fact{f}, "Scan of its identifiers")
		}},
		rule{"S5/values/props", "properties keep numbers, order and nesting", func(r *run) {
			s := r.open()
			var facts []storage.Fact
			for i, p := range []string{
				`{"a":1}`, `{"a":"1"}`, `{"a":9007199254740993}`, `{"a":0.1000000000000000055511151231257827}`, `{"a":{"b":{"c":[1,2,[]]}}}`,
				`{"a":true,"b":false}`, `{"a":"\n\t\"\\/"}`, `{"":"empty key"}`, `{"問":"い"}`, `{"a":" x "}`,
			} {
				facts = append(facts, with(touch(i), func(t *touchpoint.Touch) { t.Props = props(p) }))
			}
			r.add(s, facts...)
			r.holds(s, facts...)
		}},
		rule{"S5/values/received-at", "what the tracker's clock said is kept, or its absence", func(r *run) {
			s := r.open()
			a := with(touch(1), func(t *touchpoint.Touch) { t.ReceivedAt = end })
			b := with(touch(2), func(t *touchpoint.Touch) { t.ReceivedAt = time.Unix(0, 0).UTC() })
			r.add(s, a, b, touch(3))
			r.holds(s, a, b, touch(3))
		}},
		rule{"S13/values/nothing-handed-out-is-shared", "readers may change what they read", func(r *run) {
			s := r.open()
			want := []storage.Fact{fullTouch(), full(storage.ClassOverride, 1), full(storage.ClassAudit, 1)}
			r.add(s, want...)
			for _, f := range r.scan(s, storage.Query{}) {
				switch {
				case f.Touch != nil:
					f.Touch.IDs[0], f.Touch.Stage = user(9), "x"
				case f.Override != nil:
					f.Override.Left[0] = user(9)
					*f.Override.Scope.Kind = identity.Manual
				case f.Audit != nil:
					f.Audit.Counts["touch"] = 9
				}
			}
			r.holds(s, fullTouch(), full(storage.ClassOverride, 1), full(storage.ClassAudit, 1))
		}},
	)
	all = append(append(all, hostileRules()...), optionalRules()...)
	return append(all, badTextRules()...)
}

// optionalRules: each optional field of a touch alone and left out alone.
func optionalRules() []rule {
	src := fullTouch().Touch
	fields := []struct {
		name string
		set  func(t *touchpoint.Touch, from *touchpoint.Touch)
	}{
		{"received_at", func(t, from *touchpoint.Touch) { t.ReceivedAt = from.ReceivedAt }},
		{"channel", func(t, from *touchpoint.Touch) { t.Channel = from.Channel }},
		{"touchpoint", func(t, from *touchpoint.Touch) { t.Touchpoint = from.Touchpoint }},
		{"campaign", func(t, from *touchpoint.Touch) { t.Campaign = from.Campaign }},
		{"campaign-id", func(t, from *touchpoint.Touch) { t.Campaign.ID = from.Campaign.ID }},
		{"ids", func(t, from *touchpoint.Touch) { t.IDs = from.IDs }},
		{"direction", func(t, from *touchpoint.Touch) { t.Direction = from.Direction }},
		{"offline", func(t, from *touchpoint.Touch) { t.Offline = from.Offline }},
		{"sentiment", func(t, from *touchpoint.Touch) { t.Sentiment = from.Sentiment }},
		{"cost", func(t, from *touchpoint.Touch) { t.Cost = from.Cost }},
		{"value", func(t, from *touchpoint.Touch) { t.Value = from.Value }},
		{"stage", func(t, from *touchpoint.Touch) { t.Stage = from.Stage }},
		{"redacted", func(t, from *touchpoint.Touch) { t.Redacted = from.Redacted }},
		{"props", func(t, from *touchpoint.Touch) { t.Props = from.Props }},
	}
	var all []rule
	for _, f := range fields {
		all = append(all, rule{"S5/values/optional-" + f.name, "absent and present are told apart, field by field", func(r *run) {
			s := r.open()
			alone := with(touch(1), func(t *touchpoint.Touch) {
				t.IDs = nil
				f.set(t, src)
			})
			without := with(fullTouch(), func(t *touchpoint.Touch) { f.set(t, &touchpoint.Touch{}) })
			r.add(s, alone, without)
			r.holds(s, alone, without)
		}})
	}
	return all
}

// badTextRules: what is no text fails its own fact, wherever it stands.
func badTextRules() []rule {
	bad := []struct {
		name, text string
		reason     touchpoint.Reason
	}{
		{"nul", "a\x00b", touchpoint.Control},
		{"control", "a\x1fb", touchpoint.Control},
		{"delete", "a\x7f", touchpoint.Control},
		{"c1", "a\u0085", touchpoint.Control},
		{"utf8", "a\xff", touchpoint.BadUTF8},
		{"surrogate", "a\xed\xa0\x80", touchpoint.BadUTF8},
		{"cut", "a\xe3\x81", touchpoint.BadUTF8},
		{"too-long", strings.Repeat("x", storage.MaxText+1), touchpoint.TooLong},
	}
	var all []rule
	for _, c := range bad {
		all = append(all, rule{"S6/values/refuses-" + c.name, "one NUL has failed whole batches elsewhere; here it fails one fact", func(r *run) {
			s := r.open()
			id := identity.MakeID(identity.UserID, c.text)
			list := []storage.Fact{
				with(touch(1), func(t *touchpoint.Touch) { t.Source = c.text }),
				with(touch(1), func(t *touchpoint.Touch) { t.ID = c.text }),
				with(touch(1), func(t *touchpoint.Touch) { t.Channel = touchpoint.Channel(c.text) }),
				with(touch(1), func(t *touchpoint.Touch) { t.Touchpoint = c.text }),
				with(touch(1), func(t *touchpoint.Touch) { t.Campaign.Content = c.text }),
				with(touch(1), func(t *touchpoint.Touch) { t.Stage = c.text }),
				touch(1, id),
				{Evidence: &identity.Evidence{A: user(1), B: id, At: start}},
				{Evidence: &identity.Evidence{A: user(1), B: user(2), Source: c.text, At: start}},
				{Override: &identity.Override{ID: c.text, At: start, Op: identity.Retract}},
				{Override: &identity.Override{ID: "o", At: start, Op: identity.Separate, Left: []identity.ID{id}}},
				{Membership: &identity.Membership{Person: user(1), Account: account(1), Role: c.text, At: start}},
				{Parent: &identity.Parent{Child: account(1), Parent: account(2), Ref: c.text, At: start}},
				{Consent: &touchpoint.Consent{ID: user(1), Purpose: c.text, At: start}},
				{Residue: &storage.Residue{Goal: c.text, Month: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
				{Audit: &storage.Audit{ID: "a", Action: c.text, At: start}},
			}
			facts, want := []storage.Fact{touch(5)}, []touchpoint.Status{accepted}
			for _, f := range list {
				facts, want = append(facts, f), append(want, rejected)
			}
			facts, want = append(facts, touch(6)), append(want, accepted)
			outs := r.append(s, facts...)
			r.statuses(outs, want...)
			for i := range list {
				r.at("case %d", i)
				r.reason(outs[i+1], c.reason)
				if strings.Contains(outs[i+1].Err.Error(), c.text) {
					r.failf("the error holds the value")
				}
			}
			r.holds(s, touch(5), touch(6))
		}})
	}
	return all
}
