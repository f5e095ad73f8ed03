package main

import (
	"fmt"
	"io"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// The answer of lift.
type findings struct {
	Method     string       `json:"method"`
	Seed       uint64       `json:"seed"`
	N          int          `json:"n"`
	Won        int          `json:"won"`
	Lost       int          `json:"lost"`
	Open       int          `json:"open"`
	Attributes []attribute  `json:"attributes"`
	Draft      *persona.ICP `json:"draft"`
}

type attribute struct {
	Name        string  `json:"name"`
	IV          float64 `json:"iv"`
	CrossFitted float64 `json:"iv_cross_fitted"`
	Band        string  `json:"band"`
	SE          float64 `json:"iv_se"`
	Values      []level `json:"values"`
}

type level struct {
	Value     string  `json:"value"`
	Won       int     `json:"won"`
	Lost      int     `json:"lost"`
	Rate      float64 `json:"rate"`
	Lift      float64 `json:"lift"`
	Low       float64 `json:"lo"`
	High      float64 `json:"hi"`
	WoE       float64 `json:"woe"`
	P         float64 `json:"p"`
	Q         float64 `json:"q"`
	Supported bool    `json:"supported"`
}

// lift compares won and lost rows and writes what it finds.
func (t *table) lift(s input.Streams, o *options) error {
	var l discover.Lift
	for _, r := range t.rows {
		if err := l.Add(r); err != nil {
			return err
		}
	}
	f, err := l.Find(&discover.FindOptions{Seed: o.seed})
	if err != nil {
		return err
	}
	if t.dead.N += f.Conflicts; f.Conflicts > 0 {
		fmt.Fprintf(s.Err, "%d rows under the id of another\n", f.Conflicts)
	}
	out := findings{Method: o.method, Seed: o.seed, N: f.Won + f.Lost, Won: f.Won, Lost: f.Lost, Open: f.Open, Attributes: []attribute{}, Draft: f.Draft}
	for _, a := range f.Attributes {
		b := attribute{Name: a.Name, IV: a.IV, CrossFitted: a.CrossFitted, Band: a.Band, SE: a.SE}
		for _, v := range a.Levels {
			b.Values = append(b.Values, level{v.Label, v.Won, v.Lost, v.Rate, v.Lift, v.Low, v.High, v.WoE, v.P, v.Q, v.Supported})
		}
		out.Attributes = append(out.Attributes, b)
	}
	return s.Save(o.out, func(w io.Writer) error { return input.WriteJSON(w, out) })
}
