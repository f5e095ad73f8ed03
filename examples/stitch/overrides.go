package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// rawID is an identifier as a line of overrides writes it.
type rawID struct {
	Type  identity.Type `json:"type"`
	Value string        `json:"value"`
}

// A line is one override of -retract.
type line struct {
	Op     string  `json:"op"`
	ID     string  `json:"id"`
	At     string  `json:"at"`
	Actor  string  `json:"actor"`
	Reason string  `json:"reason"`
	A      *rawID  `json:"a"`
	B      *rawID  `json:"b"`
	Left   []rawID `json:"left"`
	Right  []rawID `json:"right"`
	Kind   string  `json:"kind"`
	Source string  `json:"source"`
	Touch  *struct {
		Source string `json:"source"`
		ID     string `json:"id"`
	} `json:"touch"`
	From   string `json:"from"`
	To     string `json:"to"`
	Target string `json:"target"`
	Force  bool   `json:"force"`
}

// readOverrides reads the lines of -retract that are good.
func (p *program) readOverrides() error {
	in, err := p.Open(p.retract)
	if err != nil {
		return err
	}
	defer in.Close()
	probe, err := identity.New(&p.rules.Rules) // tells which ones a graph takes
	if err != nil {
		return &input.UsageError{Err: err}
	}
	r := bufio.NewReader(in)
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if b := bytes.TrimSpace(text); len(b) > 0 {
			o, bad := p.override(b)
			if bad == nil {
				if errs := probe.Apply(o); errs != nil {
					bad = errs[0]
				}
			}
			if bad != nil {
				p.bad(fmt.Sprintf("line %d: %s", n, reasonOf(bad)))
			} else {
				p.overrides = append(p.overrides, o)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (p *program) override(b []byte) (o identity.Override, err error) {
	if !utf8.Valid(b) {
		return o, &touchpoint.InvalidError{Reason: touchpoint.BadUTF8}
	}
	var l line
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil || d.More() {
		return o, &touchpoint.InvalidError{Reason: touchpoint.Syntax}
	}
	o = identity.Override{ID: l.ID, Actor: l.Actor, Reason: l.Reason, Force: l.Force, Target: l.Target}
	if o.Op, err = identity.ParseOp(l.Op); err != nil {
		return o, err
	}
	var from, to time.Time
	for _, f := range []struct {
		name, text string
		to         *time.Time
	}{{"at", l.At, &o.At}, {"from", l.From, &from}, {"to", l.To, &to}} {
		if f.text == "" {
			continue
		}
		if *f.to, err = input.ParseTime(f.text); err != nil {
			return o, &touchpoint.InvalidError{Field: f.name, Reason: touchpoint.Syntax}
		}
	}
	id := func(raw *rawID) (x identity.ID) {
		if raw != nil && err == nil {
			x, err = p.rules.Rules.ID(raw.Type, raw.Value)
		}
		return x
	}
	if o.Op == identity.Retract {
		o.Scope = identity.Scope{A: id(l.A), B: id(l.B), Source: l.Source, From: from, To: to}
		if l.Touch != nil {
			o.Scope.Ref = identity.Ref{Source: l.Touch.Source, ID: l.Touch.ID}
		}
		if l.Kind != "" {
			k, kerr := identity.ParseKind(l.Kind)
			if kerr != nil {
				return o, kerr
			}
			o.Scope.Kind = &k
		}
		return o, err
	}
	o.A, o.B = id(l.A), id(l.B)
	for i := range l.Left {
		o.Left = append(o.Left, id(&l.Left[i]))
	}
	for i := range l.Right {
		o.Right = append(o.Right, id(&l.Right[i]))
	}
	return o, err
}
