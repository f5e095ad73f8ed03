package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// company is everything the five blocks print, folded once.
type company struct {
	view     *journey.View
	model    stage.Model
	people   []journey.Folded
	accounts []journey.Folded
	alone    []journey.Folded // people none of whose touches belongs to an account
	names    map[journey.Subject]string
}

// fold folds every person and every account of the view.
func fold(v *journey.View, m stage.Model, showIDs bool) (*company, error) {
	c := &company{view: v, model: m, names: map[journey.Subject]string{}}
	inAccount := map[journey.Subject]bool{}
	for _, s := range v.Subjects(identity.AccountEntity) {
		f, err := v.Fold(s)
		if err != nil {
			return nil, err
		}
		c.accounts = append(c.accounts, f)
		for _, p := range v.Members(s) {
			inAccount[p] = true
		}
	}
	for _, s := range v.Subjects(identity.PersonEntity) {
		f, err := v.Fold(s)
		if err != nil {
			return nil, err
		}
		c.people = append(c.people, f)
		if !inAccount[s] {
			c.alone = append(c.alone, f)
		}
	}
	for i, f := range c.people {
		c.names[f.Subject] = fmt.Sprintf("Person %d", i+1)
	}
	for i, f := range c.accounts {
		c.names[f.Subject] = fmt.Sprintf("Account %d", i+1)
	}
	if showIDs {
		for s := range c.names {
			c.names[s] = s.ID
		}
	}
	return c, nil
}

// print writes the five blocks.
func (c *company) print(w io.Writer, t text) error {
	title := func(i int) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "# %d %s\n", i+1, t.titles[i])
	}
	title(0)
	c.facts(w)
	title(1)
	c.person(w, t)
	title(2)
	c.account(w, t)
	title(3)
	c.stages(w, t)
	title(4)
	return c.credit(w)
}

// buyers are whose journeys earn credit: the accounts, and the people who belong to none.
func (c *company) buyers() []journey.Folded { return slices.Concat(c.accounts, c.alone) }

// facts prints what was recorded.
func (c *company) facts(w io.Writer) {
	touches, _ := c.view.Facts()
	conversions := 0
	worth := map[touchpoint.Currency]touchpoint.Money{}
	for _, f := range c.buyers() {
		for _, j := range f.Journeys {
			for _, g := range j.Goals {
				conversions++
				if sum, err := worth[g.Net.Currency].Add(g.Net); err == nil && !g.Net.IsZero() {
					worth[g.Net.Currency] = sum
				}
			}
		}
	}
	fmt.Fprintf(w, "touches=%d people=%d accounts=%d conversions=%d", touches, len(c.people), len(c.accounts), conversions)
	for _, m := range sorted(worth) {
		fmt.Fprintf(w, " value=%s %s", m.Text(), m.Currency)
	}
	fmt.Fprintln(w)
}

func sorted(worth map[touchpoint.Currency]touchpoint.Money) []touchpoint.Money {
	var out []touchpoint.Money
	for _, m := range worth {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b touchpoint.Money) int { return strings.Compare(a.Currency.String(), b.Currency.String()) })
	return out
}

// person prints the converted journeys of one person: the one with the most devices, then
// channels, then steps, then the least id.
func (c *company) person(w io.Writer, t text) {
	var best *journey.Folded
	var rank [3]int
	for i := range c.people {
		f := &c.people[i]
		if !converted(f) {
			continue
		}
		r := [3]int{c.devices(f.Subject), len(channels(f)), steps(f)}
		if best == nil || slices.Compare(r[:], rank[:]) > 0 {
			best, rank = f, r
		}
	}
	if best == nil {
		fmt.Fprintln(w, t.none)
		return
	}
	fmt.Fprintf(w, "%s  devices=%d channels=%d steps=%d\n", c.names[best.Subject], rank[0], rank[1], rank[2])
	c.lines(w, best, t, false)
}

// account prints the account with a conversion and the most members, then steps, then the
// least id.
func (c *company) account(w io.Writer, t text) {
	var best *journey.Folded
	var rank [2]int
	for i := range c.accounts {
		f := &c.accounts[i]
		if !converted(f) {
			continue
		}
		r := [2]int{len(c.view.Members(f.Subject)), steps(f)}
		if best == nil || slices.Compare(r[:], rank[:]) > 0 {
			best, rank = f, r
		}
	}
	if best == nil {
		fmt.Fprintln(w, t.none)
		return
	}
	fmt.Fprintf(w, "%s  members=%d steps=%d\n", c.names[best.Subject], rank[0], rank[1])
	for _, p := range c.view.Members(best.Subject) {
		line := "  " + c.names[p]
		if role := c.view.Role(p, best.Subject); role != "" {
			line += "  " + role
		}
		fmt.Fprintln(w, line)
	}
	c.lines(w, best, t, true)
}

// lines prints one line a step of all journeys of a subject.
func (c *company) lines(w io.Writer, f *journey.Folded, t text, member bool) {
	head := []string{"at", "channel", "touchpoint", "stage", "move", "gap"}
	if member {
		head = append(head, "person")
	}
	rows := [][]string{head}
	for _, j := range f.Journeys {
		for _, s := range j.Steps {
			row := []string{
				s.At.Format(time.RFC3339), dash(string(s.Channel)), dash(s.Touchpoint),
				c.stageName(s.After, t), dash(s.Move.String()), gap(s.Gap),
			}
			if member {
				row = append(row, dash(c.names[s.Person]))
			}
			rows = append(rows, row)
		}
	}
	columns(w, rows)
}

func (c *company) stageName(id stage.ID, t text) string {
	st, ok := c.model.Stage(id)
	if !ok {
		return dash(string(id))
	}
	return cmp.Or(st.Names[t.lang], st.Names["en"], string(id))
}

// devices counts the identifiers of class Device that a person holds.
func (c *company) devices(s journey.Subject) int {
	n := 0
	for _, id := range c.view.Identifiers(s) {
		if id.Type() == identity.AnonymousID || id.Type() == identity.DeviceID {
			n++
		}
	}
	return n
}

func converted(f *journey.Folded) bool {
	return slices.ContainsFunc(f.Journeys, journey.Journey.Converted)
}

func steps(f *journey.Folded) int {
	n := 0
	for _, j := range f.Journeys {
		n += len(j.Steps)
	}
	return n
}

func channels(f *journey.Folded) map[touchpoint.Channel]bool {
	out := map[touchpoint.Channel]bool{}
	for _, j := range f.Journeys {
		for _, s := range j.Steps {
			if s.Channel != "" {
				out[s.Channel] = true
			}
		}
	}
	return out
}

// stages prints, by rank, how many people stand in each stage, have ever stood there and
// have skipped it, and how long the stays that ended took.
func (c *company) stages(w io.Writer, t text) {
	type count struct {
		now, ever, skipped int
		open               int
		days               []float64
	}
	counts := map[stage.ID]*count{}
	of := func(id stage.ID) *count {
		if counts[id] == nil {
			counts[id] = &count{}
		}
		return counts[id]
	}
	for _, f := range c.people {
		if v, ok := f.History.Current(); ok {
			of(v.Stage).now++
		}
		ever, skipped := map[stage.ID]bool{}, map[stage.ID]bool{}
		for _, v := range f.History.Visits {
			ever[v.Stage] = true
			for _, id := range v.Skipped {
				skipped[id] = true
			}
			if v.Leave.IsZero() {
				of(v.Stage).open++
			} else {
				of(v.Stage).days = append(of(v.Stage).days, v.Leave.Sub(v.Enter).Hours()/24)
			}
		}
		for id := range ever {
			of(id).ever++
		}
		for id := range skipped {
			of(id).skipped++
		}
	}
	rows := [][]string{{"stage", "now", "ever", "skipped", "median_days"}}
	byRank := slices.Clone(c.model.Stages)
	slices.SortStableFunc(byRank, func(a, b stage.Stage) int {
		return cmp.Or(cmp.Compare(dormantLast(a), dormantLast(b)), cmp.Compare(a.Rank, b.Rank))
	})
	for _, st := range byRank {
		n := of(st.ID)
		rows = append(rows, []string{
			c.stageName(st.ID, t), fmt.Sprint(n.now), fmt.Sprint(n.ever), fmt.Sprint(n.skipped), median(n.days, n.open),
		})
	}
	columns(w, rows)
}

// dormantLast puts the stage without a rank behind the others.
func dormantLast(st stage.Stage) int {
	if st.Kind == stage.Dormant {
		return 1
	}
	return 0
}

// median is that of the stays that ended, marked as too short where most have not.
func median(days []float64, open int) string {
	if len(days) == 0 {
		return "-"
	}
	slices.Sort(days)
	m := days[len(days)/2]
	if len(days)%2 == 0 {
		m = (m + days[len(days)/2-1]) / 2
	}
	mark := ""
	if open > len(days) {
		mark = ">"
	}
	return fmt.Sprintf("%s%.1f", mark, m)
}

// credit prints what each channel earned under four models, with 95 % intervals.
func (c *company) credit(w io.Writer) error {
	var js attribution.Journeys
	for _, f := range c.buyers() {
		for _, j := range f.Journeys {
			for _, p := range j.Paths(journey.Goal{}, journey.ByChannel) {
				p.Value = 0 // conversions are what the table counts, in whatever currency
				if err := js.Add(p); err != nil {
					return err
				}
			}
		}
	}
	rs, err := attribution.Attribute(&js, nil,
		attribution.Rule(attribution.Last{}), attribution.Rule(attribution.Linear{}),
		attribution.Rule(attribution.TimeDecay{}), attribution.Markov{})
	if err != nil {
		return err
	}
	head := []string{"channel", "last", "linear", "time_decay", "markov1"}
	var names []string
	cells := map[string][]string{}
	total := make([]float64, len(rs))
	for i, r := range rs {
		for _, cr := range r.Credits {
			if cells[cr.Channel] == nil {
				cells[cr.Channel] = slices.Repeat([]string{"0.00"}, len(rs))
				names = append(names, cr.Channel)
			}
			cells[cr.Channel][i] = fmt.Sprintf("%.2f", cr.Conversions)
			if cr.Why == "" {
				cells[cr.Channel][i] += fmt.Sprintf(" [%.2f, %.2f]", cr.Lo, cr.Hi)
			}
			total[i] += cr.Conversions
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a[:1], "("), strings.Count(b[:1], "(")), strings.Compare(a, b))
	})
	rows := [][]string{head}
	for _, n := range names {
		rows = append(rows, append([]string{n}, cells[n]...))
	}
	last := []string{"total"}
	for _, n := range total {
		last = append(last, fmt.Sprintf("%.2f", n))
	}
	columns(w, append(rows, last))
	return nil
}

func dash(s string) string { return cmp.Or(s, "-") }

// gap prints the time since the step before in its largest unit.
func gap(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// columns prints rows in columns two blanks apart. East Asian letters count two cells.
func columns(w io.Writer, rows [][]string) {
	width := make([]int, 0, 8)
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], cells(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", width[i]-cells(cell)+2))
			}
		}
		fmt.Fprintln(w, line.String())
	}
}

func cells(s string) int {
	n := 0
	for _, r := range s {
		if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xff00 && r <= 0xff60) {
			n++
		}
		n++
	}
	return n
}
