package content

import (
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tabi-go/tabi/persona/content/internal/tally"
)

// A Verdict says how a cell of the plan does: the first that applies, in the order below.
type Verdict string

// The verdicts.
const (
	Unplanned       Verdict = "unplanned"       // content is touched where none is planned
	MissingContent  Verdict = "missing"         // planned, and there is no item
	StaleContent    Verdict = "stale"           // no item is both valid and revised within 540 days
	Unused          Verdict = "unused"          // nobody touched it, of at least 30 in the stage
	Unknown         Verdict = "unknown"         // fewer than 30 could be watched long enough
	Performing      Verdict = "performing"      // more move on than after other touches
	Underperforming Verdict = "underperforming" // fewer do
	Neutral         Verdict = "neutral"         // the interval holds 0
)

// enough is the least number of subjects a rate is read from.
const enough = 30

// A Finding is one cell of the matrix.
type Finding struct {
	Cell     Cell       `json:"cell"` // of the plan; unplanned ones have a place only
	Planned  bool       `json:"planned"`
	Verdict  Verdict    `json:"verdict"`
	Overdue  bool       `json:"overdue"`  // due is over, and content is missing or stale
	Items    []string   `json:"items"`    // ids of the items made for the cell, sorted
	Subjects int64      `json:"subjects"` // who stood in the stage
	Reach    int64      `json:"reach"`    // of them, who touched content of the cell
	Rate     Rate       `json:"rate"`     // who moved on after their first touch of it
	Other    Rate       `json:"other"`    // after first touches by other channels, or of no content
	Gain     Difference `json:"gain"`
}

// A Matrix is the content plan as it is lived.
type Matrix struct {
	Plan     string    `json:"plan"`
	Version  string    `json:"version"`
	At       time.Time `json:"at"`
	Days     float64   `json:"days"`     // within which moving on counts
	Findings []Finding `json:"findings"` // by subjects, the most first, then by id of the cell
}

// Matrix returns a finding for every cell that is planned, or touched without a plan.
func (a *Audit) Matrix() Matrix {
	m := Matrix{a.Plan.ID, a.Plan.Version, a.At.UTC(), a.within().Hours() / 24, []Finding{}}
	covered := map[Cell]bool{} // whatever the language
	near := map[[2]string][]tally.Key{}
	for k := range a.rows {
		if k[0] != rowStage && k[4] == "" {
			near[[2]string{k[1], k[2]}] = append(near[[2]string{k[1], k[2]}], k)
		}
	}
	for _, c := range a.Plan.Cells {
		m.Findings = append(m.Findings, a.finding(c, true, near[[2]string{c.Stage, c.Persona}]))
		place := c.place()
		place.Language = ""
		covered[place] = true
	}
	for _, k := range a.rows.Keys() {
		c := Cell{Stage: k[1], Persona: k[2], Channel: k[3]}
		if k[0] == rowReach && k[4] == "" && !covered[c] {
			m.Findings = append(m.Findings, a.finding(c, false, near[[2]string{c.Stage, c.Persona}]))
		}
	}
	slices.SortStableFunc(m.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(y.Subjects, x.Subjects), cmp.Compare(x.Cell.ID(), y.Cell.ID()))
	})
	return m
}

// finding judges a cell, near being the rows of its stage and persona in all languages.
func (a *Audit) finding(c Cell, planned bool, near []tally.Key) Finding {
	f := Finding{Cell: c, Planned: planned, Items: []string{}, Subjects: a.rows[tally.Key{rowStage, c.Stage, c.Persona}][0]}
	current := false
	for i := range a.Plan.Items {
		if item := &a.Plan.Items[i]; item.Fits(c) {
			f.Items = append(f.Items, item.ID)
			current = current || item.Current(a.At)
		}
	}
	slices.Sort(f.Items)
	own := a.rows[tally.Key{rowReach, c.Stage, c.Persona, c.Channel, c.Language}]
	var all, other tally.Count
	for _, k := range near {
		for i, n := range a.rows[k] {
			all[i] += n
			if k[0] == rowOther || k[3] != c.Channel {
				other[i] += n
			}
		}
	}
	stage := rateOf(all[2], all[1], nil)
	f.Reach = own[0]
	f.Rate, f.Other = rateOf(own[2], own[1], &stage), rateOf(other[2], other[1], &stage)
	f.Gain = f.Rate.less(f.Other)
	f.Verdict = f.verdict(current)
	f.Overdue = !c.Due.IsZero() && c.Due.Before(a.At) && (f.Verdict == MissingContent || f.Verdict == StaleContent)
	return f
}

func (f *Finding) verdict(current bool) Verdict {
	switch {
	case !f.Planned:
		return Unplanned
	case len(f.Items) == 0:
		return MissingContent
	case !current:
		return StaleContent
	case f.Reach == 0 && f.Subjects >= enough:
		return Unused
	case f.Rate.N < enough || f.Other.N < enough:
		return Unknown
	case f.Gain.Low > 0:
		return Performing
	case f.Gain.High < 0:
		return Underperforming
	}
	return Neutral
}

// WriteCSV writes the matrix as a table of one row a finding. Rates are per cent with one
// decimal, empty where nobody could be watched. Text that a spreadsheet would take for a
// formula stands behind an apostrophe.
func (m Matrix) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"stage", "persona", "channel", "language", "purpose", "owner", "due", "verdict", "overdue", "items",
		"subjects", "reach", "watched", "moved_on", "rate", "rate_low", "rate_high", "other_watched", "other_moved_on", "other_rate", "gain", "gain_low", "gain_high"}}
	for _, f := range m.Findings {
		due := ""
		if !f.Cell.Due.IsZero() {
			due = f.Cell.Due.UTC().Format(time.RFC3339)
		}
		gain := []string{"", "", ""}
		if f.Rate.N > 0 && f.Other.N > 0 {
			gain = []string{percent(f.Gain.D, 1), percent(f.Gain.Low, 1), percent(f.Gain.High, 1)}
		}
		row := []string{cell(f.Cell.Stage), cell(f.Cell.Persona), cell(f.Cell.Channel), cell(f.Cell.Language), cell(f.Cell.Purpose), cell(f.Cell.Owner),
			due, string(f.Verdict), strconv.FormatBool(f.Overdue), cell(strings.Join(f.Items, "|")), whole(f.Subjects), whole(f.Reach)}
		row = append(row, f.Rate.cells()...)
		row = append(row, whole(f.Other.N), whole(f.Other.X), f.Other.cells()[2])
		rows = append(rows, append(row, gain...))
	}
	return out.WriteAll(rows)
}

func (r Rate) cells() []string {
	if r.N == 0 {
		return []string{"0", "0", "", "", ""}
	}
	return []string{whole(r.N), whole(r.X), percent(r.P, 1), percent(r.Low, 1), percent(r.High, 1)}
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

// percent writes a share in hundredths, never as −0.
func percent(p float64, decimals int) string {
	s := strconv.FormatFloat(100*p, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// cell guards a text against being taken for a formula.
func cell(text string) string {
	for _, r := range strings.TrimLeft(text, "'") {
		if strings.ContainsRune("=+-@\t\r＝＋－＠", r) {
			return "'" + text
		}
		if !unicode.IsSpace(r) {
			break
		}
	}
	return text
}
