package storetest

import (
	"os"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// hostile are 500 names and more that pass for SQL, a pattern, a number or an escape where
// a store does not take text as text: fragments, each alone and beside plain text.
func hostile() []string {
	places := []string{"@", "a@", "@a", "a@a", "a'@", "@--", "(@)", "@@", "a\\@", "\"@\"", "N'@'", "${@}"}
	var names []string
	for _, fragment := range []string{
		"'", "''", `"`, "`", `\`, `\\`, ";", "--", "/*", "*/", "#", "%", "_", "*", "?", "??", "$1", "$$", ":a", "@b", "{}", "{0}", "%s", "%d", "%!s(MISSING)",
		"' OR '1'='1", "' OR 1=1--", `" OR ""="`, "') OR ('1'='1", "'; DROP TABLE fact;--", "'; DELETE FROM {}fact;--", "1; SELECT pg_sleep(9)", "' UNION SELECT body FROM fact--",
		"'||(SELECT version())||'", "$tag$x$tag$", `E'\x00'`, "x'00'", `\u0000`, `\0`, "\\'; COMMIT;--", "ROLLBACK", "); PRAGMA synchronous=OFF;--", "NULL", "null", "true", "0x1F", "-0", "1e309",
		"{a,b}", `{"a":1}`, "[1,2]", "<!--", "]]>", "../../facts.db", "file:facts.db?mode=memory", "\u02bc", "＇", "\u2018 OR 1=1",
	} {
		for _, place := range places {
			names = append(names, strings.ReplaceAll(place, "@", fragment))
		}
	}
	seen := make(map[string]bool)
	var once []string
	for _, name := range names {
		if !seen[name] {
			once, seen[name] = append(once, name), true
		}
	}
	return once
}

func hostileRules() []rule {
	return []rule{
		{"S5/values/hostile-names", "SQL injection: text is data wherever it stands", func(r *run) {
			s := r.open()
			names := hostile()
			if len(names) < 500 {
				r.failf("%d names", len(names))
			}
			var facts []storage.Fact
			for i, name := range names {
				facts = append(facts,
					with(touch(i), func(t *touchpoint.Touch) {
						t.Source, t.ID, t.Channel, t.Touchpoint, t.Stage = name, name, touchpoint.Channel(name), name, name
						t.Campaign = touchpoint.Campaign{Source: name, Medium: name, Name: name, Term: name, Content: name, ID: name}
						t.IDs = []identity.ID{identity.MakeID(identity.UserID, name)}
						t.Props = touchpoint.Props{}.SetText(name, name)
					}),
					storage.Fact{Evidence: &identity.Evidence{A: identity.MakeID(identity.Email, name), B: user(i), Source: name, Ref: name, At: start}})
			}
			r.add(s, facts...)
			r.holds(s, facts...)
			for i := 0; i < len(names); i += r.step(10) {
				r.at("%q", names[i])
				want := facts[2*i : 2*i+1]
				q := storage.Query{Sources: []string{names[i]}, Classes: []storage.Class{storage.ClassTouch}}
				r.same(r.scan(s, q), want, "Scan of the source")
				r.same(r.scan(s, storage.Query{IDs: want[0].IDs()}), want, "Scan of the identifier")
				q.After = storage.Position{At: minute(i), Source: names[i]}
				r.same(r.scan(s, q), want, "Scan after the name")
			}
		}},
		{"S5/values/random-instants", "no instant is rounded: of facts from 1970 to 9999, of validity from the year 1", func(r *run) {
			s := r.open()
			g := newRandom(1)
			any := func(from time.Time) time.Time {
				return time.UnixMicro(from.UnixMicro() + g.Int64N(end.UnixMicro()-from.UnixMicro()+1)).UTC()
			}
			epoch, first := time.Unix(0, 0), time.Time{}.Add(time.Microsecond)
			n := 5 * 100 * r.h.seeds()
			if os.Getenv("TABI_LONG") == "1" {
				n = 1_000_000
			}
			for from := 0; from < n; from += 5000 { // instants: five for two facts
				r.at("instant %d", from)
				var facts []storage.Fact
				var keys []storage.Key
				for i := from; i < min(n, from+5000); i += 5 {
					facts = append(facts,
						with(touch(i), func(t *touchpoint.Touch) { t.At, t.ReceivedAt = any(epoch), any(first) }),
						storage.Fact{Evidence: &identity.Evidence{A: user(i), B: mail(i), At: any(epoch), From: any(first), To: any(first)}})
				}
				for _, f := range facts {
					keys = append(keys, f.Key())
				}
				r.add(s, facts...)
				r.same(r.scan(s, storage.Query{Keys: keys}), inOrder(facts), "Scan of the keys")
			}
		}},
		{"S6/values/borders-of-time", "a microsecond over the border is refused, never clamped, and alone", func(r *run) {
			s := r.open()
			over, before, under := end.Add(time.Microsecond), time.UnixMicro(-1).UTC(), time.Time{}.Add(-time.Microsecond)
			evidence := func(e identity.Evidence) storage.Fact {
				e.A, e.B = user(1), user(2)
				return storage.Fact{Evidence: &e}
			}
			at := func(t time.Time) []storage.Fact {
				return []storage.Fact{
					with(touch(1), func(x *touchpoint.Touch) { x.At = t }),
					evidence(identity.Evidence{At: t}),
					{Override: &identity.Override{ID: "o", At: t, Op: identity.Retract, Scope: identity.Scope{Source: "crm"}}},
					{Membership: &identity.Membership{Person: user(1), Account: account(1), At: t}},
					{Parent: &identity.Parent{Child: account(1), Parent: account(2), At: t}},
					{Consent: &touchpoint.Consent{ID: user(1), Purpose: "analytics", At: t}},
					{Audit: &storage.Audit{ID: "a", Action: "export", At: t}},
				}
			}
			received := func(t time.Time) storage.Fact {
				return with(touch(2), func(x *touchpoint.Touch) { x.ReceivedAt = t })
			}
			bad := append(append(at(over), at(before)...), received(over), received(under))
			for _, t := range []time.Time{over, under} {
				bad = append(bad, evidence(identity.Evidence{At: start, From: t}), evidence(identity.Evidence{At: start, To: t}))
			}
			facts, want := []storage.Fact{touch(5)}, []touchpoint.Status{accepted}
			for _, f := range bad {
				facts, want = append(facts, f), append(want, rejected)
			}
			outs := r.append(s, append(facts, touch(6))...)
			r.statuses(outs, append(want, accepted)...)
			for i := range bad {
				r.at("case %d", i)
				r.reason(outs[i+1], touchpoint.TimeRange)
			}
			r.holds(s, touch(5), touch(6))
			for i, t := range []time.Time{end, before.Add(time.Microsecond)} {
				r.at("border %d", i)
				inside := r.open()
				r.add(inside, at(t)...)
				r.holds(inside, at(t)...)
			}
			inside := []storage.Fact{received(end), with(touch(3), func(x *touchpoint.Touch) { x.ReceivedAt = time.Time{}.Add(time.Microsecond) })}
			r.add(s, inside...)
			r.holds(s, append(inside, touch(5), touch(6))...)
		}},
	}
}
