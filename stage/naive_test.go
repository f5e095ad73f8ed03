package stage_test

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// naive folds by the letter of the specification in quadratic time. It shares no code
// with the package: no index, no counters, no incremental state beyond the visits.
type naive struct {
	m       *stage.Model
	touches []touchpoint.Touch
	signals []stage.Signal
	at      time.Time
	raise   map[stage.ID]time.Duration
	visits  []stage.Visit
	refused []stage.Refused
	stalls  []stage.Stall
	paused  map[int]stage.ID // visit of a Dormant stage: what it paused
	support map[int][]touchpoint.Key
	told    []mark // refusals of rule evidence
}

type claim struct {
	t         touchpoint.Touch
	aim       stage.ID
	rule      string
	statement bool
	reopens   bool
	specific  bool
	visit     int
	supports  bool
	pending   bool
}

func naiveFold(m *stage.Model, touches []touchpoint.Touch, o *stage.FoldOptions) *naive {
	n := &naive{m: m, at: o.At, raise: o.StallAfter, paused: map[int]stage.ID{}, support: map[int][]touchpoint.Key{}}
	for _, t := range touches {
		received := t.ReceivedAt
		if received.IsZero() {
			received = t.At
		}
		twice := slices.ContainsFunc(n.touches, func(o touchpoint.Touch) bool { return o.Key() == t.Key() })
		if !twice && !t.At.After(o.At) && (o.Known.IsZero() || !received.After(o.Known)) {
			n.touches = append(n.touches, t)
		}
	}
	sort.Slice(n.touches, func(i, j int) bool { return before(n.touches[i], n.touches[j]) })
	for _, s := range o.Signals {
		if !s.At.After(o.At) && !slices.Contains(n.signals, s) {
			n.signals = append(n.signals, s)
		}
	}
	var last time.Time
	for {
		var at time.Time // the next instant
		for _, t := range n.touches {
			if t.At.After(last) && (at.IsZero() || t.At.Before(at)) {
				at = t.At
			}
		}
		for _, s := range n.signals {
			if s.At.After(last) && (at.IsZero() || s.At.Before(at)) {
				at = s.At
			}
		}
		if at.IsZero() {
			break
		}
		var now []touchpoint.Touch
		for _, t := range n.touches {
			if t.At.Equal(at) {
				now = append(now, t)
			}
		}
		n.silence(at, false)
		n.instant(at, now)
		last = at
	}
	n.silence(n.at, true)
	if v := n.standing(); v != nil {
		if d := n.patience(v); d > 0 && n.at.Sub(n.quiet(n.at)) > d {
			n.stalls = append(n.stalls, stage.Stall{Stage: v.Stage, Visit: len(n.visits) - 1, Since: n.quiet(n.at).Add(d)})
		}
	}
	return n
}

func before(a, b touchpoint.Touch) bool {
	if !a.At.Equal(b.At) {
		return a.At.Before(b.At)
	}
	if a.Source != b.Source {
		return a.Source < b.Source
	}
	return a.ID < b.ID
}

func (n *naive) def(id stage.ID) *stage.Stage {
	for i := range n.m.Stages {
		if n.m.Stages[i].ID == id {
			return &n.m.Stages[i]
		}
	}
	return nil
}

func (n *naive) standing() *stage.Visit {
	if len(n.visits) == 0 || !n.visits[len(n.visits)-1].Leave.IsZero() {
		return nil
	}
	return &n.visits[len(n.visits)-1]
}

func happened(t touchpoint.Touch) bool {
	outcome, _ := t.Props.Text("outcome")
	return outcome != "planned" && t.Engaged()
}

// quiet is the later of the last engaged touch before at (or at it) and Enter.
func (n *naive) quiet(at time.Time) time.Time {
	q := n.visits[len(n.visits)-1].Enter
	for _, t := range n.touches {
		if happened(t) && !t.At.After(at) && t.At.After(q) {
			q = t.At
		}
	}
	return q
}

func (n *naive) patience(v *stage.Visit) time.Duration {
	if v.Kind != stage.Open {
		return 0
	}
	return max(n.def(v.Stage).StallAfter, n.raise[v.Stage])
}

// resolve tells the stall of a visit that ends or hears from somebody at an instant.
func (n *naive) resolve(visit int, quiet, at time.Time) {
	v := n.visits[visit]
	if d := n.patience(&v); d > 0 && at.Sub(quiet) > d {
		n.stalls = append(n.stalls, stage.Stall{Stage: v.Stage, Visit: visit, Since: quiet.Add(d), Resolved: at})
	}
}

func (n *naive) silence(until time.Time, included bool) {
	v := n.standing()
	if v == nil || v.Kind != stage.Open || n.m.DormantAfter == 0 {
		return
	}
	quiet := n.quiet(until.Add(-1)) // what happens at the limit itself still breaks it
	if included {
		quiet = n.quiet(until)
	}
	limit := quiet.Add(n.m.DormantAfter)
	if limit.Before(until) || included && limit.Equal(until) {
		n.resolve(len(n.visits)-1, quiet, limit)
		for _, s := range n.m.Stages {
			if s.Kind == stage.Dormant {
				n.enter(limit, s.ID, stage.Pause, false, "silence", touchpoint.Key{})
			}
		}
	}
}

func (n *naive) enter(at time.Time, to stage.ID, move stage.Move, resumed bool, rule string, by touchpoint.Key) {
	d := n.def(to)
	v := stage.Visit{Stage: to, Number: 1, Enter: at, Via: move, Kind: d.Kind, Rank: d.Rank, Resumed: resumed, Rule: rule, By: by}
	for _, o := range n.visits {
		if o.Stage == to {
			v.Number++
		}
	}
	if move != stage.Resume && move != stage.Reenter {
		v.Skipped = n.skipped(to)
	}
	if len(n.visits) > 0 {
		v.From = n.visits[len(n.visits)-1].Stage
	}
	if d.Kind == stage.Dormant {
		v.Rank = n.def(n.origin()).Rank
		n.paused[len(n.visits)] = n.origin()
	}
	if o := n.standing(); o != nil {
		o.Leave = at
	}
	n.visits = append(n.visits, v)
}

// origin is where moves are judged from.
func (n *naive) origin() stage.ID {
	last := len(n.visits) - 1
	if id, ok := n.paused[last]; ok {
		return id
	}
	return n.visits[last].Stage
}

func (n *naive) visited(id stage.ID, before time.Time) bool {
	return slices.ContainsFunc(n.visits, func(v stage.Visit) bool {
		return v.Stage == id && (before.IsZero() || v.Enter.Before(before))
	})
}

func (n *naive) skipped(to stage.ID) (out []stage.ID) {
	if n.m.Flow == stage.Free || n.def(to).Kind == stage.Dormant {
		return nil
	}
	var passed []stage.Stage
	for _, s := range n.m.Stages {
		above := len(n.visits) == 0 || s.Rank > n.def(n.origin()).Rank
		if s.Kind == stage.Open && !s.Optional && above && s.Rank < n.def(to).Rank && !n.visited(s.ID, time.Time{}) {
			passed = append(passed, s)
		}
	}
	sort.Slice(passed, func(i, j int) bool { return passed[i].Rank < passed[j].Rank })
	for _, s := range passed {
		out = append(out, s.ID)
	}
	return out
}

// matches judges the conditions that random models use, but for Count and After.
func (n *naive) matches(r *stage.Rule, t touchpoint.Touch) bool {
	record := t.Kind.Info().Class == touchpoint.Record
	outcome, _ := t.Props.Text("outcome")
	named := len(r.Kinds) > 0 || len(r.Families) > 0
	if named {
		hit := false
		for _, k := range r.Kinds {
			hit = hit || strings.EqualFold(k, string(t.Kind))
		}
		for _, f := range r.Families {
			hit = hit || f == stage.Family(t.Kind)
		}
		if !hit || !record && !happened(t) {
			return false
		}
	} else if record || outcome == "planned" {
		return false
	}
	if len(r.Channels) > 0 && !slices.Contains(r.Channels, string(t.Channel)) {
		return false
	}
	for _, p := range r.Props {
		if v, ok := t.Props.Text(p.Key); !ok || v != p.Values[0] {
			return false
		}
	}
	return !r.Identified || slices.ContainsFunc(t.IDs, func(id identity.ID) bool { return id.Type() == identity.Email })
}

func (n *naive) fires(r *stage.Rule, t touchpoint.Touch) bool {
	if !n.matches(r, t) || r.After != "" && !n.visited(r.After, t.At) {
		return false
	}
	count := 0
	for _, o := range n.touches {
		if n.matches(r, o) && !before(t, o) && (r.Within == 0 || o.At.After(t.At.Add(-r.Within))) {
			count++
		}
	}
	return count >= r.Count
}

func (n *naive) claimOf(t touchpoint.Touch) claim {
	c := claim{t: t, visit: -1}
	if t.Stage != "" {
		if id := stage.ID(strings.ToLower(t.Stage)); n.def(id) != nil {
			c.aim, c.rule, c.statement, c.specific = id, "explicit", true, true
			return c
		}
		r := stage.Refused{Touch: t.Key(), At: t.At, To: stage.ID(t.Stage), Reason: stage.UnknownStage}
		if len(n.visits) > 0 {
			r.From = n.visits[len(n.visits)-1].Stage
		}
		n.refused = append(n.refused, r)
	}
	for i := range n.m.Stages {
		s := &n.m.Stages[i]
		if c.aim != "" && !above(s, n.def(c.aim)) {
			continue
		}
		var best *stage.Rule
		for j := range s.Entry {
			r := &s.Entry[j]
			if n.fires(r, t) && (best == nil || weight(r) > weight(best)) {
				best = r
			}
		}
		if best != nil {
			c.aim, c.rule, c.statement, c.reopens = s.ID, best.ID, best.Statement, best.Reopens
			c.specific = len(best.Kinds)+len(best.Families) > 0
		}
	}
	return c
}

func weight(r *stage.Rule) int {
	w := 0
	if r.Statement {
		w += 2
	}
	if r.Reopens {
		w++
	}
	return w
}

// above orders targets: Dormant before all, then by rank.
func above(a, b *stage.Stage) bool {
	if a.Kind == stage.Dormant || b.Kind == stage.Dormant {
		return a.Kind == stage.Dormant && b.Kind != stage.Dormant
	}
	return a.Rank > b.Rank
}

func (n *naive) instant(at time.Time, now []touchpoint.Touch) {
	var claims []*claim
	exits := map[touchpoint.Key][]stage.ID{}
	for _, t := range now {
		c := n.claimOf(t)
		claims = append(claims, &c)
		for i := range n.m.Stages {
			for j := range n.m.Stages[i].Exit {
				if n.fires(&n.m.Stages[i].Exit[j], t) {
					exits[t.Key()] = append(exits[t.Key()], n.m.Stages[i].ID)
				}
			}
		}
	}
	var signals []stage.Signal
	for _, s := range n.signals {
		if s.At.Equal(at) {
			signals = append(signals, s)
		}
	}
	sort.Slice(signals, func(i, j int) bool {
		return signals[i].Source+"/"+signals[i].ID < signals[j].Source+"/"+signals[j].ID
	})
	for _, s := range signals {
		// A signal is evidence like a touch that is no engagement and matches one rule.
		c := &claim{t: touchpoint.Touch{Source: s.Source, ID: s.ID, At: at, Kind: "note"}, aim: s.Stage, rule: s.Rule, specific: true, visit: -1}
		if n.def(s.Stage) == nil {
			r := stage.Refused{Touch: c.t.Key(), At: at, To: s.Stage, Reason: stage.UnknownStage}
			if len(n.visits) > 0 {
				r.From = n.visits[len(n.visits)-1].Stage
			}
			n.refused, c.aim = append(n.refused, r), ""
		}
		claims = append(claims, c)
	}
	sort.SliceStable(claims, func(i, j int) bool {
		a, b := claims[i], claims[j]
		if a.statement != b.statement {
			return b.statement
		}
		if a.statement || a.aim == b.aim {
			return before(a.t, b.t)
		}
		if a.aim == "" || b.aim == "" {
			return a.aim == ""
		}
		return above(n.def(b.aim), n.def(a.aim))
	})
	old := len(n.visits)
	var quiet time.Time
	stood := n.standing() != nil
	if stood {
		quiet = n.quiet(at.Add(-1))
	}
	still := func() bool { // paused since before the instant
		v := n.standing()
		return v != nil && v.Kind == stage.Dormant && len(n.visits) == old
	}
	engaged := false
	for _, c := range claims {
		engaged = engaged || happened(c.t)
		n.apply(at, c, exits[c.t.Key()], still())
	}
	var first *claim
	for _, c := range claims {
		if c.pending && (first == nil || before(c.t, first.t)) {
			first = c
		}
	}
	if first != nil && still() {
		first.pending = false
		n.enter(at, n.origin(), stage.Resume, false, "engaged", first.t.Key())
	}
	for _, c := range claims {
		if c.pending {
			n.back(c)
		}
	}
	aims := map[stage.ID]bool{}
	for _, c := range claims {
		if c.statement {
			aims[c.aim] = true
		}
	}
	for _, c := range claims {
		if c.statement && c.visit >= 0 && len(aims) > 1 {
			n.visits[c.visit].Conflict = true
		}
	}
	if stood && (engaged || len(n.visits) > old || n.standing() == nil) {
		n.resolve(old-1, quiet, at)
	}
}

func (n *naive) back(c *claim) {
	if c.supports && n.standing() != nil {
		n.support[len(n.visits)-1] = append(n.support[len(n.visits)-1], c.t.Key())
	}
}

func (n *naive) apply(at time.Time, c *claim, exits []stage.ID, paused bool) {
	v := n.standing()
	if c.aim != "" && (v == nil || v.Stage != c.aim) {
		move, resumed := n.move(c.aim)
		reason, ok := n.allowed(c, move)
		if ok {
			n.enter(at, c.aim, move, resumed, c.rule, c.t.Key())
			c.visit = len(n.visits) - 1
			return
		}
		if reason == stage.NothingToPause {
			move = stage.Pause
		}
		told := !c.statement && slices.Contains(n.told, mark{len(n.visits), c.aim})
		if reason != "" && (c.specific || c.statement) && !told {
			r := stage.Refused{Touch: c.t.Key(), At: at, To: c.aim, Move: move, Reason: reason}
			if len(n.visits) > 0 {
				r.From = n.visits[len(n.visits)-1].Stage
			}
			n.refused = append(n.refused, r)
			if !c.statement {
				n.told = append(n.told, mark{len(n.visits), c.aim})
			}
		}
		if v != nil && !c.statement {
			c.supports = n.def(c.aim).Kind == stage.Dormant || n.def(c.aim).Rank <= n.def(n.origin()).Rank
		}
	} else if c.aim != "" {
		c.supports = true
		if c.statement {
			n.back(c)
			return
		}
	}
	if v != nil && slices.Contains(exits, v.Stage) {
		v.Leave = at
		return
	}
	if c.pending = paused && happened(c.t) && (c.aim == "" || n.def(c.aim).Kind != stage.Dormant); !c.pending {
		n.back(c)
	}
}

// move reads the table of moves from the top.
func (n *naive) move(to stage.ID) (stage.Move, bool) {
	if len(n.visits) == 0 {
		return stage.Start, false
	}
	d := n.def(to)
	if d.Kind == stage.Dormant {
		return stage.Pause, false
	}
	last := n.visits[len(n.visits)-1].Stage
	from := n.def(n.origin())
	resumed := from.ID != last
	linear := n.m.Flow == stage.Linear
	switch {
	case resumed && from.ID == to:
		return stage.Resume, false
	case from.ID == to:
		return stage.Reenter, false
	case d.Kind == stage.Goal:
		return stage.Win, resumed
	case d.Kind == stage.Loss:
		return stage.Lose, resumed
	case d.Recycle && (d.Rank < from.Rank || from.Kind == stage.Loss):
		return stage.Recycle, resumed
	case from.Kind == stage.Loss || linear && from.Kind == stage.Goal && d.Rank < from.Rank:
		return stage.Reopen, resumed
	case d.Rank > from.Rank && len(n.skipped(to)) > 0:
		return stage.Skip, resumed
	case d.Rank > from.Rank:
		return stage.Advance, resumed
	}
	return stage.Regress, resumed
}

func (n *naive) allowed(c *claim, move stage.Move) (reason string, ok bool) {
	d := n.def(c.aim)
	if len(n.visits) == 0 {
		if d.Kind == stage.Dormant {
			return stage.NothingToPause, false
		}
		return "", true
	}
	if n.m.Flow == stage.Free {
		return "", true
	}
	from := n.def(n.origin())
	needs := func(a stage.Authority, enough bool) (string, bool) {
		if a == stage.Never {
			return stage.MoveDenied, false
		}
		if a == stage.Always || enough {
			return "", true
		}
		return stage.NeedsStatement, false
	}
	switch move {
	case stage.Recycle, stage.Regress:
		return needs(n.m.Moves.Backward, c.statement)
	case stage.Reopen:
		return needs(n.m.Moves.Reopen, c.statement || c.reopens && from.Kind == stage.Loss)
	case stage.Skip:
		if n.m.Moves.DenySkip && !c.statement {
			return stage.SkipDenied, false
		}
	case stage.Pause, stage.Resume:
		return "", c.statement
	case stage.Win:
		return "", c.statement || d.Rank > from.Rank || from.Kind == stage.Loss
	case stage.Lose:
		return "", c.statement || d.Rank > from.Rank
	}
	return "", true
}

type mark struct {
	visits int
	to     stage.ID
}
