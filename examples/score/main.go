// Score trains a statistical lead score on past leads, judges it on rows it has not seen,
// and says where to cut.
//
//	score -in leads.csv -target won [-id COL] [-scores FILE] [-o FILE]
//
// Leads is a CSV with a row a lead, as it was known when the decision was due. A column is
// numeric if every cell that is not empty is a decimal number. The answer is one JSON
// object; -scores also writes the probability of every row.
package main

import (
	"flag"
	"io"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona/lead"
)

func main() { input.Main("score", run) }

// options are the flags.
type options struct {
	in, target, positive, id       string
	features, drop, categorical    string
	lambda, l1, costFP, costFN     float64
	folds, capacity                int
	seed                           uint64
	calibrate, scores, out         string
	hasPositive, hasCost, hasLimit bool
}

func parse(s input.Streams) (o options, err error) {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	flags.StringVar(&o.in, "in", "", "past leads: a CSV `file`")
	flags.StringVar(&o.target, "target", "", "`column` of the outcome")
	flags.StringVar(&o.positive, "positive", "", "`value` of the target that is an event, default 1, true, yes or won")
	flags.StringVar(&o.id, "id", "", "`column` of the row's id")
	flags.StringVar(&o.features, "features", "", "only these `columns`, parted by commas")
	flags.StringVar(&o.drop, "drop", "", "not these `columns`")
	flags.StringVar(&o.categorical, "categorical", "", "`columns` of numbers that are names")
	flags.Float64Var(&o.lambda, "lambda", 1, "ridge penalty")
	flags.Float64Var(&o.l1, "l1", 0, "lasso penalty")
	flags.IntVar(&o.folds, "folds", 5, "folds of the cross-validation, 2 to 10")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the folds")
	flags.StringVar(&o.calibrate, "calibrate", "auto", "auto, none, platt or isotonic")
	flags.Float64Var(&o.costFP, "cost-fp", 1, "cost of contacting in vain")
	flags.Float64Var(&o.costFN, "cost-fn", 1, "cost of missing one")
	flags.IntVar(&o.capacity, "capacity", 0, "contact exactly so many instead")
	flags.StringVar(&o.scores, "scores", "", "CSV `file` for the probability of every row")
	flags.StringVar(&o.out, "o", "", "output `file`, default standard output")
	args, err := s.Parse(flags)
	if err != nil {
		return o, err
	}
	flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "positive":
			o.hasPositive = true
		case "cost-fp", "cost-fn":
			o.hasCost = true
		case "capacity":
			o.hasLimit = true
		}
	})
	switch {
	case len(args) > 0 || o.in == "" || o.target == "":
		return o, input.Usagef("-in and -target are needed, and no arguments")
	case !(o.lambda >= 0) || !(o.l1 >= 0) || o.lambda > 1e12 || o.l1 > 1e12:
		return o, input.Usagef("-lambda and -l1 are 0 or more")
	case !(o.costFP >= 0) || !(o.costFN >= 0) || o.costFP > 1e12 || o.costFN > 1e12:
		return o, input.Usagef("costs are 0 or more")
	case o.folds < 2 || o.folds > 10:
		return o, input.Usagef("-folds is 2 to 10")
	case o.hasLimit && (o.hasCost || o.capacity < 1):
		return o, input.Usagef("-capacity is 1 or more, and takes no costs")
	}
	switch o.calibrate {
	case "auto", "none", "platt", "isotonic":
		return o, nil
	}
	return o, input.Usagef("-calibrate is auto, none, platt or isotonic")
}

func run(s input.Streams) error {
	o, err := parse(s)
	if err != nil {
		return err
	}
	t, err := read(s, &o)
	if err != nil {
		return err
	}
	l := lead.Logistic{Columns: t.columns, Lambda: o.lambda, L1: o.l1, Folds: o.folds, Seed: o.seed, Calibrate: o.calibrate}
	if o.lambda == 0 {
		l.Lambda = lead.Unpenalised
	}
	return t.dead.End("score", t.answer(s, &o, l))
}

// answer trains and writes.
func (t *table) answer(s input.Streams, o *options, l lead.Logistic) error {
	m, err := l.Train(t.rows)
	if err != nil {
		return err
	}
	threshold := lead.ByCost(m.Candidates(), o.costFP, o.costFN)
	if o.hasLimit {
		_, threshold = lead.TopN(m.Candidates(), o.capacity)
	}
	if err := s.Save(o.out, func(w io.Writer) error { return write(w, m, threshold) }); err != nil {
		return err
	}
	if o.scores == "" {
		return nil
	}
	return s.Save(o.scores, func(w io.Writer) error { return t.writeScores(w, m) })
}

// list splits a list of columns.
func list(text string) map[string]bool {
	names := map[string]bool{}
	for name := range strings.SplitSeq(text, ",") {
		if name != "" {
			names[name] = true
		}
	}
	return names
}
