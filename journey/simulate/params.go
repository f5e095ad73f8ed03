package simulate

import "maps"

// Params are the numbers of a world, as its truth writes them.
type Params struct {
	Accounts map[string]float64      `json:"accounts,omitempty"`
	Base     float64                 `json:"base"`
	Channels map[string]ChannelParam `json:"channels"`
	Gamma    float64                 `json:"gamma"`
	Link     string                  `json:"link"` // additive or multiplicative
	Loss     float64                 `json:"loss"`
	Observe  map[string]float64      `json:"observe"` // what is on; times in hours
	Proxy    float64                 `json:"proxy"`
	Synergy  map[string]float64      `json:"synergy"` // "Display,Paid Search"
}

// A ChannelParam is what one channel is made of.
type ChannelParam struct {
	Beta     float64 `json:"beta"`
	Cost     string  `json:"cost"`
	MultBeta float64 `json:"mult_beta"`
	Mu       float64 `json:"mu"`
	On       bool    `json:"on"`
	Rho      float64 `json:"rho"`
	TauHours float64 `json:"tau_hours"`
}

func (m *model) params() Params {
	w := m.world
	p := Params{
		Base: w.Base, Channels: map[string]ChannelParam{}, Gamma: w.Gamma, Link: "additive",
		Loss: w.Loss, Observe: w.Observe.params(), Proxy: w.Proxy, Synergy: map[string]float64{},
	}
	if w.Link == Multiplicative {
		p.Link = "multiplicative"
	}
	if a := w.Accounts; a != nil {
		p.Accounts = map[string]float64{
			"max": float64(a.Max), "shared": a.Shared, "opportunity": a.Opportunity, "push": a.Push, "won": a.Won, "lost": a.Lost, "worth": a.Worth,
		}
		for channel, k := range a.Known {
			p.Accounts["known."+channel] = k
		}
	}
	for _, c := range w.Channels {
		p.Channels[c.Name] = ChannelParam{c.Beta, c.Cost, c.MultBeta, c.Mu, !c.Off, c.Rho, c.Tau.Hours()}
	}
	for pair, s := range w.Synergy {
		p.Synergy[pair[0]+","+pair[1]] = s
	}
	return p
}

func (o Observe) params() map[string]float64 {
	p := map[string]float64{
		"loss": o.Loss, "fragment": o.Fragment, "login": o.Login, "email": o.Email, "shared": o.Shared, "duplicate": o.Duplicate,
		"skew": o.Skew.Hours(), "late": o.Late, "mislabel": o.Mislabel, "dirty": o.Dirty, "keep": o.Keep.Hours(),
	}
	for channel, l := range o.LossOf {
		p["loss."+channel] = l
	}
	maps.DeleteFunc(p, func(_ string, x float64) bool { return x == 0 })
	return p
}
