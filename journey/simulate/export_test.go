package simulate

// StepByStep makes p hold the records of one step only.
func (p *Population) StepByStep() *Population {
	m := *p.m
	m.hold = -1
	return &Population{&m}
}
