package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/journey/simulate"
)

// scoreFile compares the credits of each model in a file with a truth.
func (j *job) scoreFile(s input.Streams) error {
	if j.score == "" || j.truth == "" {
		return input.Usagef("-score and -truth go together")
	}
	text, err := s.ReadFile(j.truth)
	if err != nil {
		return err
	}
	var t simulate.Truth
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("%s: %w", j.truth, err)
	}
	if t.Shapley == nil {
		return fmt.Errorf("%s: has no shapley: it was made with -worlds=false", j.truth)
	}
	r, err := s.Open(j.score)
	if err != nil {
		return err
	}
	defer r.Close()
	models, credit, err := readCredit(r)
	if err != nil {
		return fmt.Errorf("%s: %w", j.score, err)
	}
	w := csv.NewWriter(s.Out)
	w.Write([]string{"model", "tv", "placebo", "over", "err", "rank"})
	for _, m := range models {
		w.Write(append([]string{m}, cells(simulate.Score(&t, credit[m]))...))
	}
	w.Flush()
	return w.Error()
}

// cells prints scores with at most 12 significant digits.
func cells(s simulate.Scores) []string {
	var out []string
	for _, x := range []float64{s.TV, s.Placebo, s.Over, s.Err, s.Rank} {
		out = append(out, strconv.FormatFloat(x, 'g', 12, 64))
	}
	return out
}

// readCredit reads the conversions of each model and channel as attribute prints them.
func readCredit(r io.Reader) (models []string, credit map[string]map[string]float64, err error) {
	c := csv.NewReader(r)
	rows, err := c.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("is empty")
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	model, channel, conversions := at("model"), at("channel"), at("conversions")
	if model < 0 || channel < 0 || conversions < 0 {
		return nil, nil, errors.New("needs columns model, channel and conversions")
	}
	credit = map[string]map[string]float64{}
	for i, row := range rows[1:] {
		x, err := strconv.ParseFloat(row[conversions], 64)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: conversions is no number", i+2)
		}
		m := row[model]
		if credit[m] == nil {
			credit[m] = map[string]float64{}
			models = append(models, m)
		}
		if _, twice := credit[m][row[channel]]; twice {
			return nil, nil, fmt.Errorf("line %d: a second row of one model and channel", i+2)
		}
		credit[m][row[channel]] = x
	}
	return models, credit, nil
}
