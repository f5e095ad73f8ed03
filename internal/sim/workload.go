package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// op makes operation n, from the seed and n alone but for what it sends again.
func (w *world) op(n int) Op {
	r := random(w.seed, streamOp+n)
	op := Op{N: n, Do: doRecord, Move: r.Int64N(20 * minute)}
	if r.IntN(10) == 0 {
		op.Move = 0 // the clock stands still
	}
	switch k := r.IntN(100); {
	case k < 60:
		op.Records = w.batch(r, n, w.touch)
	case k < 75:
		op.Records = w.batch(r, n, w.link)
	case k < 85:
		op.Records = w.batch(r, n, w.sale)
	case k < 88:
		op.Do, op.Restart = doErase, r.IntN(3) == 0
		ids := w.somebody(r).ids
		op.Who = ids[r.IntN(len(ids))]
		if op.Restart {
			op.Limit = w.when(r) // other records have the same instant
		}
	case k < 90:
		op.Do = doRestart
	case k < 95:
		op.Records = w.batch(r, n, w.consent)
	case k < 97:
		op.Do, op.Limit = doPurge, w.grid[r.IntN(1+len(w.grid)/4)]+pick(r, int64(0), 0, 1)
	case k < 98:
		s := w.setting(r)
		op.Do, op.Setting = doConfigure, &s
	default:
		op.Do = doRead
	}
	if op.Do == doRecord && r.IntN(3) > 0 {
		op.Retry = 1 + r.IntN(8)
	}
	w.made = append(w.made, op.Records)
	return op
}

// batch makes one to eight records, and sends some again: something old, something of the
// same batch, the same key with other content.
func (w *world) batch(r *rand.Rand, n int, one func(*rand.Rand, string) Record) []Record {
	var out []Record
	for i := range 1 + min(r.IntN(8), r.IntN(8), r.IntN(8)) {
		rec := one(r, fmt.Sprintf("%d.%d", n, i))
		if r.IntN(50) == 0 {
			rec = spoil(r, rec)
		}
		out = append(out, rec)
	}
	if old, ok := w.old(r, n); ok && r.IntN(5) == 0 {
		out = append(out, old)
	}
	if r.IntN(10) == 0 {
		out = append(out, out[r.IntN(len(out))])
	}
	if r.IntN(10) == 0 {
		rec := out[r.IntN(len(out))]
		if old, ok := w.old(r, n); ok && r.IntN(2) == 0 {
			rec = old
		}
		if c, ok := contradict(r, rec); ok {
			out = append(out, c)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// old picks a record of an earlier operation.
func (w *world) old(r *rand.Rand, n int) (Record, bool) {
	if n == 0 {
		return Record{}, false
	}
	list := w.made[r.IntN(n)]
	if len(list) == 0 {
		return Record{}, false
	}
	return list[r.IntN(len(list))], true
}

// contradict changes the content and keeps the key.
func contradict(r *rand.Rand, rec Record) (Record, bool) {
	switch {
	case rec.Bad != "" || rec.Ahead != 0:
		return rec, false
	case rec.Class == classTouch && rec.ID != "":
		switch r.IntN(3) {
		case 0:
			rec.Campaign += "x"
		case 1:
			rec.At++
		default:
			rec.Channel = pick(r, "Email", "Sales", "Partner")
		}
		return rec, true
	case rec.Class == classOverride:
		rec.At++
		return rec, true
	}
	return rec, false
}

// spoil makes a record that has to be refused, or that is just inside what is allowed.
func spoil(r *rand.Rand, rec Record) Record {
	if rec.Class != classTouch {
		return rec
	}
	switch r.IntN(10) {
	case 0:
		rec.Source, rec.Bad = "", string(touchpoint.Missing)
	case 1:
		rec.At, rec.Bad = 0, string(touchpoint.Missing)
	case 2:
		rec.IDs, rec.Bad = nil, string(touchpoint.Missing)
	case 3:
		rec.IDs, rec.Bad = []string{"user_id:a\x00b"}, string(touchpoint.Control)
	case 4:
		rec.Kind, rec.Bad = "No Kind", string(touchpoint.Syntax)
	case 5:
		rec.Value, rec.Currency, rec.Bad = 1, "ZZZ", string(touchpoint.UnknownCurrency)
	case 6:
		rec.At, rec.Bad = -1, string(touchpoint.TimeRange)
	case 7:
		rec.IDs, rec.Bad = []string{"shoe_size:44"}, string(touchpoint.UnknownType)
	case 8:
		rec.At, rec.Ahead = 0, day
	default:
		rec.At, rec.Ahead = 0, day+1 // is refused until the clock has moved
	}
	return rec
}

func (w *world) somebody(r *rand.Rand) *person { return &w.people[r.IntN(len(w.people))] }

func (w *world) when(r *rand.Rand) int64 { return w.grid[r.IntN(len(w.grid))] }

var touchKinds = []struct{ kind, channel string }{
	{"pageview", "Direct"}, {"pageview", "Organic Search"}, {"pageview", ""}, {"click", "Paid Search"}, {"click", "Paid Social"},
	{"email_click", "Email"}, {"impression", "Display"}, {"form", "Direct"}, {"form", ""}, {"login", "Direct"}, {"login", ""}, {"logout", ""},
	{"webinar_attended", "Webinar"}, {"meeting", "Sales"}, {"demo", "Sales"}, {"identify", ""}, {"note", ""}, {"stage_change", ""},
}

// touch makes a contact of somebody: with one to three identifiers, at times the account's.
func (w *world) touch(r *rand.Rand, id string) Record {
	p := w.somebody(r)
	k := touchKinds[r.IntN(len(touchKinds))]
	rec := Record{Class: classTouch, Source: pick(r, "web", "web", "crm", "shop"), ID: id, At: w.when(r), Kind: k.kind, Channel: k.channel}
	if r.IntN(8) == 0 {
		rec.ID = "" // derived from the content
	}
	if r.IntN(3) == 0 {
		rec.Campaign = pick(r, "spring", "brand", "partners")
	}
	if k.kind == "stage_change" {
		rec.Stage = pick(r, "lead", "meeting", "won", "lost", "visitor", "nowhere")
	}
	rec.IDs = w.mentions(r, p)
	return rec
}

func (w *world) mentions(r *rand.Rand, p *person) (ids []string) {
	for range 1 + r.IntN(min(3, len(p.ids))) {
		ids = append(ids, spelled(r, p.ids[r.IntN(len(p.ids))]))
	}
	if p.account != nil && r.IntN(5) == 0 {
		ids = append(ids, pick(r, p.account...))
	}
	return ids
}

// sale makes a conversion, or takes one back.
func (w *world) sale(r *rand.Rand, id string) Record {
	rec := w.touch(r, id)
	rec.Kind, rec.Channel, rec.Stage = pick(r, "order", "order", "contract", "renewal", "refund", "churn"), pick(r, "", "Store", "Partner"), ""
	rec.Order = fmt.Sprintf("o%d", r.IntN(12))
	rec.Value, rec.Currency = pick(r, int64(0), 1, 99, 100, 12_345, 1<<40)+r.Int64N(5000), "EUR"
	if rec.Kind == "refund" || rec.Kind == "churn" {
		rec.Value = -rec.Value
	}
	return rec
}

// link makes evidence, an override that takes evidence back or forces it, or a
// membership.
func (w *world) link(r *rand.Rand, id string) Record {
	p, o := w.somebody(r), w.somebody(r)
	any := func(p *person) string { return p.ids[r.IntN(len(p.ids))] }
	rec := Record{ID: id, At: w.when(r)}
	switch k := r.IntN(10); {
	case k < 3:
		if r.IntN(4) > 0 {
			o = p
		}
		rec.Class, rec.Source, rec.Kind, rec.IDs = classEvidence, "crm", pick(r, "import", "manual", "login"), []string{any(p), any(o)}
		if r.IntN(5) == 0 { // of an address and nobody
			if i := slices.IndexFunc(p.ids, func(id string) bool { return strings.HasPrefix(id, "email:") }); i >= 0 {
				rec.IDs[0] = p.ids[i]
			}
			rec.IDs[1] = pick(r, placeholders...)
		}
		if r.IntN(6) == 0 {
			rec.From, rec.To = rec.At, w.when(r)+pick(r, int64(0), 1)
		}
	case k < 5:
		rec.Class, rec.Kind = classOverride, "retract"
		if old := w.made[max(0, len(w.made)-1-r.IntN(12)):]; len(old) > 0 && len(old[0]) > 0 && old[0][0].Class == classTouch && old[0][0].ID != "" {
			rec.Touch = []string{old[0][0].Source, old[0][0].ID}
			break
		}
		rec.IDs = []string{any(p), any(p)}
		if rec.IDs[0] == rec.IDs[1] {
			rec.IDs = rec.IDs[:1]
		}
	case k < 6:
		rec.Class, rec.Kind, rec.Target = classOverride, "restore", w.anOverride(r)
	case k < 8:
		rec.Class, rec.Kind, rec.IDs = classOverride, pick(r, "must_link", "cannot_link", "cannot_link", "clear"), []string{any(p), any(o)}
		rec.Force = rec.Kind == "must_link" && r.IntN(2) == 0
	default:
		if p.account == nil {
			return w.touch(r, id)
		}
		rec.Class, rec.Source, rec.IDs = classMembership, "crm", []string{any(p), pick(r, o.account...)}
		rec.Role, rec.Primary = pick(r, "", "champion", "buyer"), r.IntN(3) == 0
		if r.IntN(3) == 0 {
			rec.From = w.when(r)
		}
		if r.IntN(3) == 0 {
			rec.To = w.when(r)
		}
	}
	if rec.Class == classOverride && len(rec.IDs) == 2 && rec.IDs[0] == rec.IDs[1] {
		rec.IDs[1] = any(o)
	}
	for i := range rec.IDs {
		rec.IDs[i] = spelled(r, rec.IDs[i])
	}
	return rec
}

func (w *world) anOverride(r *rand.Rand) string {
	var all []string
	for _, batch := range w.made {
		for _, rec := range batch {
			if rec.Class == classOverride && rec.Kind != "restore" {
				all = append(all, rec.ID)
			}
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return all[r.IntN(len(all))]
}

func (w *world) consent(r *rand.Rand, _ string) Record {
	p := w.somebody(r)
	return Record{Class: classConsent, Source: "web", At: w.when(r), Kind: pick(r, "attribute", "profile", "stitch"),
		IDs: []string{spelled(r, p.ids[r.IntN(len(p.ids))])}, Granted: r.IntN(2) == 0}
}
