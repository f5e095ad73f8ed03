// Discover finds out from a table what won opportunities have in common, or which groups
// its rows fall into.
//
//	discover -in deals.csv -method lift -outcome result -positive won
//	discover -in people.csv -method pam -k auto [-id COL] [-labels FILE] [-distances FILE]
//
// Methods are kmodes, kprototypes, pam and lift. A column is numeric if every cell that is
// not empty is a decimal number, unless a flag says otherwise; kmodes takes every column
// as categories. An empty cell is missing. The answer is one JSON object.
package main

import (
	"errors"
	"flag"
	"slices"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona/discover"
)

func main() { input.Main("discover", run) }

// options are the flags.
type options struct {
	in, method, id, outcome, positive        string
	ignore, numeric, categorical, asymmetric string
	ordinal                                  ordinals
	k, starts                                int // k 0 is auto
	seed                                     uint64
	raw, noHeader, hasPositive               bool
	distances, labels, out                   string
}

// ordinals are the values of -ordinal: columns, with their levels if they are named.
type ordinals map[string][]string

func (o ordinals) String() string { return "" }

func (o ordinals) Set(s string) error {
	name, levels, named := strings.Cut(s, "=")
	o[name] = nil
	if named {
		o[name] = strings.Split(levels, "<")
	}
	for i, level := range o[name] {
		if level == "" || slices.Contains(o[name][:i], level) {
			return errors.New("levels are COL=low<mid<high, each once")
		}
	}
	return nil
}

func parse(s input.Streams) (o options, err error) {
	o.ordinal = ordinals{}
	flags := flag.NewFlagSet("discover", flag.ContinueOnError)
	flags.StringVar(&o.in, "in", "", "table: a CSV `file`")
	flags.StringVar(&o.method, "method", "", "kmodes, kprototypes, pam or lift")
	k := flags.String("k", "", "number of clusters, or auto")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of all that is random")
	flags.StringVar(&o.id, "id", "", "`column` of the row's id")
	flags.StringVar(&o.ignore, "ignore", "", "not these `columns`, parted by commas")
	flags.StringVar(&o.numeric, "numeric", "", "`columns` of numbers")
	flags.StringVar(&o.categorical, "categorical", "", "`columns` of numbers that are names")
	flags.Var(o.ordinal, "ordinal", "`column` of ranks, or column=low<mid<high; may be repeated")
	flags.StringVar(&o.asymmetric, "asymmetric", "", "`columns` of 0 and 1 where two zeros say nothing")
	flags.IntVar(&o.starts, "starts", 20, "seeded starts of kmodes and kprototypes")
	first := flags.String("init", "best", "best of all starts, or cao: that of Cao alone")
	flags.BoolVar(&o.raw, "raw", false, "kprototypes takes numbers as they are, not as z-scores")
	flags.StringVar(&o.distances, "distances", "", "CSV `file` for Gower's distances")
	flags.StringVar(&o.labels, "labels", "", "CSV `file` for the cluster of every row")
	flags.BoolVar(&o.noHeader, "noheader", false, "the first line is a row; columns are c1, c2, …")
	flags.StringVar(&o.outcome, "outcome", "", "`column` of the outcome")
	flags.StringVar(&o.positive, "positive", "", "`value` of the outcome that is won, default 1, true, yes or won")
	flags.StringVar(&o.out, "o", "", "output `file`, default standard output")
	args, err := s.Parse(flags)
	if err != nil {
		return o, err
	}
	flags.Visit(func(f *flag.Flag) { o.hasPositive = o.hasPositive || f.Name == "positive" })
	if o.k, err = strconv.Atoi(*k); *k == "auto" {
		o.k, err = 0, nil
	} else if err == nil && o.k < 1 {
		return o, input.Usagef("-k is 1 or more, or auto")
	}
	switch {
	case len(args) > 0 || o.in == "":
		return o, input.Usagef("-in is needed, and no arguments")
	case o.method != "kmodes" && o.method != "kprototypes" && o.method != "pam" && o.method != "lift":
		return o, input.Usagef("-method is kmodes, kprototypes, pam or lift")
	case o.method != "lift" && err != nil:
		return o, input.Usagef("-k is a number of clusters, or auto")
	case o.method == "lift" && o.outcome == "":
		return o, input.Usagef("-method lift needs -outcome")
	case o.method == "lift" && o.labels+o.distances != "":
		return o, input.Usagef("-method lift has neither labels nor distances")
	case o.hasPositive && o.outcome == "":
		return o, input.Usagef("-positive needs -outcome")
	case *first != "best" && *first != "cao":
		return o, input.Usagef("-init is best or cao")
	case o.starts < 0 || o.starts > 10_000:
		return o, input.Usagef("-starts is 0 to 10000")
	}
	if *first == "cao" || o.starts == 0 {
		o.starts = -1 // none beside that of Cao
	}
	return o, nil
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
	if o.method == "lift" {
		err = t.lift(s, &o)
	} else {
		err = t.divide(s, &o)
	}
	if errors.Is(err, discover.ErrK) {
		err = input.Usagef("%s: %w", o.in, err)
	}
	return t.dead.End("discover", err)
}
