package main

import "github.com/tabi-go/tabi/identity"

// score adds the evidence of the scorer, if the rules ask for one.
func (p *program) score(g *identity.Graph) error { return nil }
