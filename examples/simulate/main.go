// Command simulate writes worlds of customers whose truth is known: the touches that a
// tracker recorded, and apart from them who the people were and what each channel really
// did. With -score it compares the output of attribute with such a truth.
//
//	simulate -scenario all -users 40000 -days 30 -out w
//	attribute -in w/touches.csv -format touches -stratum props.segment -bootstrap 0 > a.csv
//	simulate -score a.csv -truth w/truth.json
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

func main() { input.Main("simulate", run) }

// A job is what the flags ask for.
type job struct {
	scenario         string
	users, days      int
	seed             uint64
	out              string
	format           touchpoint.Format
	worlds           bool
	truthSeeds       int
	label            bool
	score, truth     string
	scoreboard, list bool
	seeds            int
}

func run(s input.Streams) error {
	var j job
	f := flag.NewFlagSet("simulate", flag.ContinueOnError)
	f.BoolVar(&j.list, "list", false, "print the scenarios, one a line")
	f.StringVar(&j.scenario, "scenario", "", "`name` of the world")
	f.IntVar(&j.users, "users", 10_000, "`number` of people; company 400")
	f.IntVar(&j.days, "days", 30, "`number` of days; b2b and company 180")
	f.Uint64Var(&j.seed, "seed", 1, "`number` that makes all draws")
	f.StringVar(&j.out, "out", "", "`folder` to write to; - writes the touches to standard output and no truth")
	as := f.String("as", "csv", "`form` of the touches: csv or jsonl")
	f.BoolVar(&j.worlds, "worlds", true, "run the world with every set of channels, for what each brings")
	f.IntVar(&j.truthSeeds, "truth-seeds", 0, "`number` of further seeds in the truth")
	f.BoolVar(&j.label, "label", false, "add a column truth_person to the touches")
	f.StringVar(&j.score, "score", "", "`file` of credits, as attribute prints them, to be scored")
	f.StringVar(&j.truth, "truth", "", "the truth.json `file` to score against")
	f.BoolVar(&j.scoreboard, "scoreboard", false, "score all models in all scenarios")
	f.IntVar(&j.seeds, "seeds", 3, "`number` of seeds of the scoreboard")
	var c changes
	c.flags(f)
	rest, err := s.Parse(f)
	if err != nil {
		return err
	}
	given := map[string]bool{}
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	switch *as {
	case "csv":
		j.format = touchpoint.CSV
	case "jsonl":
		j.format = touchpoint.JSONLines
	default:
		return input.Usagef("-as %q is neither csv nor jsonl", *as)
	}
	switch {
	case len(rest) > 0:
		return input.Usagef("unexpected argument %q", rest[0])
	case j.list:
		return list(s.Out)
	case j.score != "" || j.truth != "":
		return j.scoreFile(s)
	case j.scoreboard:
		return j.board(s, given)
	case j.scenario == "" || j.out == "":
		return input.Usagef("-scenario and -out are needed, or -list, -score or -scoreboard")
	case j.label && j.format != touchpoint.CSV:
		return input.Usagef("-label is a column: it goes with -as csv")
	case j.truthSeeds < 0:
		return input.Usagef("-truth-seeds is negative")
	}
	w, days, err := named(j.scenario)
	if err != nil {
		return err
	}
	if !given["days"] {
		j.days = days
	}
	if !given["users"] && simple(j.scenario) == "company" {
		j.users = 400
	}
	if err := c.apply(&w, given); err != nil {
		return err
	}
	p, err := w.Run(j.seed, j.users, j.days)
	if err != nil {
		return &input.UsageError{Err: err}
	}
	if j.out == "-" {
		_, err := writeTouches(s.Out, nil, p, &w, &j)
		return err
	}
	return j.write(s, p, &w)
}

func named(scenario string) (w simulate.World, days int, err error) {
	w, err = simulate.Scenario(scenario)
	_, days, err2 := simulate.Describe(scenario)
	if err = cmp.Or(err, err2); err != nil {
		return w, 0, &input.UsageError{Err: err}
	}
	return w, days, nil
}

// list prints what each scenario tests, a line each.
func list(w io.Writer) error {
	for _, name := range simulate.Scenarios() {
		tests, _, err := simulate.Describe(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", name, tests); err != nil {
			return err
		}
	}
	return nil
}

// summary is the line that is printed at the end.
type summary struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	People   int    `json:"people"`
	Records  int    `json:"records"`
	Orders   int    `json:"orders"`
	Full     int64  `json:"full"`
	None     int64  `json:"none"`
}

// write makes the folder and its four files.
func (j *job) write(s input.Streams, p *simulate.Population, w *simulate.World) error {
	if err := os.MkdirAll(j.out, 0o777); err != nil {
		return &input.UsageError{Err: err}
	}
	t, err := p.Truth(&simulate.TruthOptions{Scenario: simple(j.scenario), SkipWorlds: !j.worlds, Seeds: j.truthSeeds})
	if world := (*simulate.WorldError)(nil); errors.As(err, &world) {
		return input.Usagef("too many channels to run all their sets: say -worlds=false")
	}
	if err != nil {
		return err
	}
	touches, err := j.create(touchFile[j.format])
	if err != nil {
		return err
	}
	truths, err := j.create("truth_touches.csv")
	if err != nil {
		return err
	}
	records, err := writeTouches(touches, truths, p, w, j)
	if err := cmp.Or(err, touches.Close(), truths.Close()); err != nil {
		return err
	}
	people, err := j.create("truth_people.csv")
	if err != nil {
		return err
	}
	if err := cmp.Or(writePeople(people, p), people.Close()); err != nil {
		return err
	}
	truth, err := j.create("truth.json")
	if err != nil {
		return err
	}
	if err := cmp.Or(input.WriteJSON(truth, t), truth.Close()); err != nil {
		return err
	}
	return json.NewEncoder(s.Out).Encode(summary{t.Scenario, t.Seed, t.Users, records, t.Counts.Orders, t.Full, t.None})
}

var touchFile = map[touchpoint.Format]string{touchpoint.CSV: "touches.csv", touchpoint.JSONLines: "touches.jsonl"}
