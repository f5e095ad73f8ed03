package journey

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A Summary is where one person stands, in a row. It holds instants and no durations, so
// that it stays true while time passes and only facts change it. All recorded facts count,
// those dated ahead of the clock too.
type Summary struct {
	Subject Subject
	IDs     []identity.ID // of the person, strongest first
	Account Subject       // where the newest touch belongs; zero = nowhere
	Stage   stage.ID      // "" before the first evidence and after an exit
	Entered time.Time     // into Stage; zero where there is none
	First   time.Time     // the first touch
	// Last is since when it has been quiet: the newest engaged touch, or the entry into
	// Stage if that is later; the newest touch where there is neither.
	Last    time.Time
	Touches int64            // of the merged view
	Value   touchpoint.Money // sum of the Net of all goals reached; zero for several currencies
}

// A SummaryQuery selects summaries; its fields are and-ed, zero ones are no condition.
type SummaryQuery struct {
	At      time.Time     // the instant of the question, which silence is measured to; zero = the clock's now
	Stages  []stage.ID    // any of these; "" = in none
	Quiet   time.Duration // quiet for longer than this at At
	Account Subject
	IDs     []identity.ID // of people who have at least one
	Limit   int           // 0 = all
}

// Summaries yields people, the longest quiet first, then by subject. The 100 longest stalled
// of a stage are
//
//	t.Summaries(ctx, journey.SummaryQuery{Stages: []stage.ID{"mql"}, Quiet: 14 * 24 * time.Hour, Limit: 100})
//
// A silence that reached the model's DormantAfter by At shows as the Dormant stage, as in a
// [View] of that instant. Facts after At are not left out: for the past make a View.
//
// Where the store is a [storage.Summarizer] the rows in it are brought up to date, see
// [Tracker.Refresh], and asked; else, and where the versions of a model differ in their
// silences, everybody is folded. The answer is the same. The error comes last and once.
func (t *Tracker) Summaries(ctx context.Context, q SummaryQuery) iter.Seq2[Summary, error] {
	return func(yield func(Summary, error) bool) {
		if err := t.summaries(ctx, q, func(s Summary) bool { return yield(s, nil) }); err != nil {
			yield(Summary{}, err)
		}
	}
}

// CountStages counts people by stage as [Tracker.Summaries] would yield them without Limit.
func (t *Tracker) CountStages(ctx context.Context, q SummaryQuery) (map[stage.ID]int64, error) {
	counts := map[stage.ID]int64{}
	q.Limit = 0
	z, err := t.ask(ctx, &q)
	if err != nil {
		return nil, err
	}
	if z == nil {
		all, err := t.foldAll(ctx, q)
		for _, s := range all {
			counts[s.Stage]++
		}
		return counts, err
	}
	model := t.SummaryModel()
	for {
		clear(counts)
		before, err := z.cursor(ctx, model)
		if err != nil {
			return nil, err
		}
		for _, part := range t.parts(&q) {
			n, err := z.count(ctx, model, part.q)
			if err != nil {
				return nil, err
			}
			for s, n := range n {
				counts[cmp.Or(part.as, stage.ID(s))] += n
			}
		}
		after, err := z.cursor(ctx, model)
		if err != nil {
			return nil, err
		}
		if before == after { // no row moved between the counts
			return counts, nil
		}
	}
}

// ask fills in the instant of a question and brings the store's rows up to date. It returns
// no summarizer where everybody has to be folded.
func (t *Tracker) ask(ctx context.Context, q *SummaryQuery) (*summarizer, error) {
	if q.At.IsZero() {
		var err error
		if q.At, err = t.now(); err != nil {
			return nil, err
		}
	}
	q.At = q.At.UTC().Truncate(time.Microsecond)
	z, ok := t.store.store.(storage.Summarizer)
	if !ok || t.editions {
		return nil, nil
	}
	_, err := t.Refresh(ctx)
	return &summarizer{z}, err
}

func (t *Tracker) summaries(ctx context.Context, q SummaryQuery, yield func(Summary) bool) error {
	z, err := t.ask(ctx, &q)
	if err != nil {
		return err
	}
	if z == nil {
		all, err := t.foldAll(ctx, q)
		for _, s := range all {
			if !yield(s) {
				break
			}
		}
		return err
	}
	// Each part is in order, and so is what a merge of them gives.
	var next []func() (storage.Summary, error, bool)
	var heads []*Summary
	parts := t.parts(&q)
	for i, part := range parts {
		pull, stop := iter.Pull2(z.rows(ctx, t.SummaryModel(), part.q))
		defer stop()
		next = append(next, pull)
		heads = append(heads, nil)
		if heads[i], err = t.head(&parts[i], pull); err != nil {
			return err
		}
	}
	for n := 0; q.Limit == 0 || n < q.Limit; n++ {
		best := -1
		for i, h := range heads {
			if h != nil && (best < 0 || compareSummaries(*h, *heads[best]) < 0) {
				best = i
			}
		}
		if best < 0 || !yield(*heads[best]) {
			return nil
		}
		if heads[best], err = t.head(&parts[best], next[best]); err != nil {
			return err
		}
	}
	return nil
}

// head reads the next row of a part, nil at the end.
func (t *Tracker) head(p *part, pull func() (storage.Summary, error, bool)) (*Summary, error) {
	row, err, ok := pull()
	if err != nil || !ok {
		return nil, err
	}
	s := ofRow(row)
	if p.as != "" {
		t.lapse(&s, everything)
	}
	return &s, nil
}

// A part is a question to the store, and the stage that its rows are in at the instant of
// the question where that is not the one they were put with.
type part struct {
	q  storage.SummaryQuery
	as stage.ID
}

// parts divides a question: who is in a stage that silence ends has not been quiet for that
// long, and who has been is in the stage that silence leads to.
func (t *Tracker) parts(q *SummaryQuery) []part {
	base := storage.SummaryQuery{IDs: q.IDs, Limit: q.Limit}
	if !q.Account.IsZero() {
		var id identity.AccountID
		if q.Account.Entity != identity.AccountEntity || id.UnmarshalText([]byte(q.Account.ID)) != nil {
			return nil
		}
		base.Account = id
	}
	wanted := func(id stage.ID) bool { return q.Stages == nil || slices.Contains(q.Stages, id) }
	var lasting, lapsing, all []string
	var dormant stage.ID
	if wanted("") {
		lasting = append(lasting, "")
	}
	for _, s := range t.stages {
		switch open := s.Kind == stage.Open && t.model.DormantAfter > 0; {
		case open && wanted(s.ID):
			lapsing = append(lapsing, string(s.ID))
		case wanted(s.ID):
			lasting = append(lasting, string(s.ID))
		}
		if s.Kind == stage.Open {
			all = append(all, string(s.ID))
		}
		if s.Kind == stage.Dormant {
			dormant = s.ID
		}
	}
	limit := func(bound *time.Time, at time.Time) {
		if bound.IsZero() || at.Before(*bound) {
			*bound = at
		}
	}
	var out []part
	add := func(stages []string, as stage.ID, change func(*storage.SummaryQuery)) {
		if len(stages) > 0 {
			p := part{base, as}
			p.q.Stages = stages
			change(&p.q)
			out = append(out, p)
		}
	}
	quiet := func(b *storage.SummaryQuery, since time.Time) {
		if q.Quiet > 0 {
			limit(&b.LastBefore, since)
		}
	}
	since := q.At.Add(-q.Quiet)
	edge := q.At.Add(time.Microsecond - t.model.DormantAfter) // quiet since before it is dormant
	add(lasting, "", func(b *storage.SummaryQuery) { quiet(b, since) })
	add(lapsing, "", func(b *storage.SummaryQuery) { b.LastFrom = edge; quiet(b, since) })
	if t.model.DormantAfter > 0 && wanted(dormant) {
		add(all, dormant, func(b *storage.SummaryQuery) { b.LastBefore = edge; quiet(b, since.Add(-t.model.DormantAfter)) })
	}
	return out
}

// lapse lets the silence until an instant do its work.
func (c *config) lapse(s *Summary, at time.Time) {
	after := c.model.DormantAfter
	if v, _ := c.model.Stage(s.Stage); after == 0 || v.Kind != stage.Open || s.Stage == "" || at.Before(s.Last.Add(after)) {
		return
	}
	for _, v := range c.model.Stages {
		if v.Kind == stage.Dormant {
			s.Last = s.Last.Add(after)
			s.Stage, s.Entered = v.ID, s.Last
		}
	}
}

// foldAll answers without rows: it folds everybody.
func (t *Tracker) foldAll(ctx context.Context, q SummaryQuery) (out []Summary, err error) {
	defer catch(&err)
	fs, err := t.read(ctx, everything, nil)
	if err != nil {
		return nil, err
	}
	v := t.derive(&hood{facts: fs}, everything, nil)
	for _, s := range v.Subjects(identity.PersonEntity) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("journey: %w", err)
		}
		row, ok := v.summary(s)
		if t.editions {
			v.lapseEditions(&row, q.At)
		} else {
			t.lapse(&row, q.At)
		}
		if ok && q.selects(&row) {
			out = append(out, row)
		}
	}
	slices.SortFunc(out, compareSummaries)
	if q.Limit > 0 {
		out = out[:min(q.Limit, len(out))]
	}
	return out, nil
}

func compareSummaries(a, b Summary) int {
	return cmp.Or(a.Last.Compare(b.Last), strings.Compare(a.Subject.ID, b.Subject.ID))
}

func (q *SummaryQuery) selects(s *Summary) bool {
	return (q.Stages == nil || slices.Contains(q.Stages, s.Stage)) &&
		(q.Quiet <= 0 || s.Last.Before(q.At.Add(-q.Quiet))) &&
		(q.Account.IsZero() || s.Account == q.Account) &&
		(q.IDs == nil || slices.ContainsFunc(q.IDs, func(id identity.ID) bool { return slices.Contains(s.IDs, id) }))
}

// summary makes the row of a person of a view of everything. A person whose touches are all
// a bot's has none. The one error of folding is a [*stage.LimitError]: whoever has too much
// for a history has a row without, and nobody else has to wait for that.
func (v *View) summary(of Subject) (Summary, bool) {
	at := v.people[of]
	touches := v.merge(v.pick(at), time.Time{})
	if len(touches) == 0 {
		return Summary{}, false
	}
	f, _ := v.config.fold(of, touches, time.Time{})
	s := Summary{
		Subject: of, IDs: v.Identifiers(of), Account: AccountSubject(v.placed[at[len(at)-1]]),
		First: touches[0].At, Touches: int64(len(touches)),
	}
	for i := range touches {
		if touches[i].Engaged() {
			s.Last = touches[i].At
		}
	}
	if cur, ok := f.History.Current(); ok {
		s.Stage, s.Entered = cur.Stage, cur.Enter
		if s.Last.Before(cur.Enter) {
			s.Last = cur.Enter
		}
	}
	if s.Last.IsZero() {
		s.Last = touches[len(touches)-1].At
	}
	for _, j := range f.Journeys {
		for _, g := range j.Goals {
			var err error
			if s.Value, err = s.Value.Add(g.Net); err != nil {
				s.Value = touchpoint.Money{}
				return s, true
			}
		}
	}
	return s, true
}

// lapseEditions is lapse where the model has versions, each with its own silence.
func (v *View) lapseEditions(s *Summary, at time.Time) {
	if at.Before(s.Last) {
		return
	}
	f, _ := v.config.fold(s.Subject, v.merge(v.pick(v.people[s.Subject]), time.Time{}), at)
	if cur, ok := f.History.Current(); ok && cur.Rule == stage.Silence && cur.Enter.After(s.Last) {
		s.Stage, s.Entered, s.Last = cur.Stage, cur.Enter, cur.Enter
	}
}

// row is the summary as a store keeps it.
func (s *Summary) row() storage.Summary {
	r := storage.Summary{
		IDs: s.IDs, Stage: string(s.Stage), Entered: s.Entered, First: s.First, Last: s.Last,
		Touches: s.Touches, Value: s.Value.Minor, Subject: s.Subject.key(), Account: s.Account.key(),
	}
	if s.Value != (touchpoint.Money{}) {
		r.Body = []byte(s.Value.Currency.String())
	}
	return r
}

func ofRow(r storage.Summary) Summary {
	s := Summary{
		Subject: PersonSubject(r.Subject), IDs: r.IDs, Account: AccountSubject(r.Account), Stage: stage.ID(r.Stage),
		Entered: r.Entered, First: r.First, Last: r.Last, Touches: r.Touches,
	}
	if len(r.Body) > 0 {
		s.Value.Minor = r.Value
		_ = s.Value.Currency.UnmarshalText(r.Body)
	}
	return s
}

// key is the id of a person or an account as bytes, zero for nobody.
func (s Subject) key() (id identity.PersonID) {
	if id.UnmarshalText([]byte(s.ID)) != nil {
		return identity.PersonID{}
	}
	return id
}

// summaryLayout is raised when the meaning of rows changes, so that older ones are not read.
const summaryLayout = 1

// SummaryModel names the rows of this tracker in the store: the stage model, its version,
// and a fingerprint of all options that a row depends on. Trackers with equal options share
// rows. Of a function among the options the fingerprint knows only that it is there: give
// the model another Version when one changes.
func (t *Tracker) SummaryModel() string { return t.summaryModel }

func (t *Tracker) nameModel() error {
	rules, err := t.blank.MarshalBinary()
	if err != nil {
		return fmt.Errorf("journey: %w", err)
	}
	text, err := json.Marshal([]any{summaryLayout, rules, t.versions, t.goals, t.boundary, t.twins, t.bots})
	if err != nil {
		return fmt.Errorf("journey: options: %w", err)
	}
	sum := sha256.Sum256(text)
	t.summaryModel = t.model.ID + "/" + t.model.Version + "/" + hex.EncodeToString(sum[:16])
	return nil
}
