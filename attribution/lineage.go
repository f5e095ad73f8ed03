package attribution

// Lineage is the hazard for touches that cause touches: a display ad that makes people
// search is paid nothing by any model that looks at the last link. It fits the hazard, and
// for each channel d the rate at which its touches come,
//
//	μ_(g,d) + Σ_c E_cd·y_c(t),   y_c(t) = 1 if c touched the subject in the step before,
//
// and passes the credit of each touch on to its probable ancestors: the credit of a set of
// channels that brought a sale together is split equally over them, which is the Shapley
// value of the fitted branching structure. Without excitation it is exactly [Hazard], and
// it rests on the same assumptions: above all, targeting that sends bursts of touches to
// the same people looks like excitation. Up to 1,024 channels, 64 of which excite.
type Lineage struct {
	Hazard        Hazard    // its Reading is not used
	MinExcitation float64   // smaller E are taken to be 0; 0 = .01
	Memory        []float64 // candidates of ω: y_c = Σ_j (1−ω)·ω^(j−1)·[c touched j steps ago]; nil = 0. In continuous mode days; nil = ½ 1 2 4
	Reading       Reading
}

// LineageParams are the Params of a Lineage result.
type LineageParams struct {
	Hazard     *HazardParams
	Excitation map[[2]string]float64 // touches of the second channel that one of the first brings about
	Events     map[[2]string]float64 // touches behind each of these
	Memory     float64               // ω
	Radius     float64               // of the excitation matrix; from 1 on touches breed without end
}

// Name returns "lineage", "lineage_incremental" or "lineage_removal".
func (l Lineage) Name() string {
	switch l.Reading {
	case Incremental:
		return "lineage_incremental"
	case Removal:
		return "lineage_removal"
	}
	return "lineage"
}

// Attribute implements [Attributor].
func (l Lineage) Attribute(js *Journeys, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	f, res, err := l.Hazard.fit(js)
	if err != nil {
		return nil, err
	}
	res.Model = l.Name()
	g, err := l.fit(f)
	if err != nil {
		return nil, err
	}
	p := g.params(res.Params.(*HazardParams))
	if p.Radius >= 1 {
		res.warn("explosive")
	}
	res.Params = p
	split := &hazardSplit{fit: f, reading: l.Reading, lineage: g}
	if err := f.credit(res, split); err != nil {
		return nil, err
	}
	if err := f.intervals(res, split, opts.Interval); err != nil {
		return nil, err
	}
	return res.finish(js, opts), nil
}

func (l Lineage) minExcitation() float64 {
	if l.MinExcitation == 0 {
		return .01
	}
	return l.MinExcitation
}

func (l Lineage) memories(grid bool) []float64 {
	switch {
	case len(l.Memory) > 0:
		return l.Memory
	case grid:
		return []float64{0}
	}
	return []float64{.5, 1, 2, 4}
}
