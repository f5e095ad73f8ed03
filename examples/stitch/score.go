package main

import (
	"errors"
	"fmt"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/examples/internal/rulefile"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/identity/match"
)

// score adds the evidence of the scorer, if the rules ask for one.
func (p *program) score(g *identity.Graph) error {
	m := p.rules.Match
	if m == nil || p.rows == nil {
		return nil
	}
	s := match.Scorer{Block: m.Block, Threshold: m.Threshold, MaxBlock: m.MaxBlock, Seed: m.Seed}
	for _, f := range m.Fields {
		s.Fields = append(s.Fields, match.Field{Column: f.Column, Compare: match.Compare(f.Compare), Levels: f.Levels})
	}
	var records []match.Record
	for _, t := range p.touches {
		if !p.at.IsZero() && t.At.After(p.at.Time) {
			continue // what does not exist yet teaches nothing
		}
		for _, x := range t.IDs {
			if x.Type() == rulefile.RecordType {
				records = append(records, match.Record{ID: x, At: t.At, Values: p.rows.rows[t.Key()]})
			}
		}
	}
	res, err := s.Score(records)
	if err != nil {
		return &input.UsageError{Err: err}
	}
	for _, b := range res.Skipped {
		fmt.Fprintf(p.Err, "block of rule %d left out: %d records\n", b.Rule+1, b.Records)
	}
	return errors.Join(g.Add(res.Evidence...)...)
}
