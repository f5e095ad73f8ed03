package touchpoint

import "strings"

// Find returns the first touchpoint that matches a normalised touch, nil for none.
func (c Catalogue) Find(t Touch) *Touchpoint { return c.find(&t) }

func (c Catalogue) find(t *Touch) *Touchpoint {
	if len(c) == 0 {
		return nil
	}
	channel := t.Channel
	if channel == "" {
		channel = t.Kind.Info().Channel
	}
	url, _ := t.Props.Text("url")
	event, _ := t.Props.Text("event")
	f := Match{URL: fold(hostPath(url)), Event: fold(event), Kind: string(t.Kind), Channel: fold(string(channel)),
		Campaign: fold(t.Campaign.Name), Source: fold(t.Source)}
	campaignID := fold(t.Campaign.ID)
	for i := range c {
		for j := range c[i].Match {
			if m := &c[i].Match[j]; *m != (Match{}) && m.holds(&f, campaignID) {
				return &c[i]
			}
		}
	}
	return nil
}

func (m *Match) holds(f *Match, campaignID string) bool {
	return holds(m.Kind, f.Kind) && holds(m.Source, f.Source) && holds(m.Event, f.Event) && holds(m.Channel, f.Channel) &&
		(holds(m.Campaign, f.Campaign) || holds(m.Campaign, campaignID)) &&
		(m.URL == "" || f.URL != "" && glob(Fold(hostPath(m.URL)), f.URL))
}

// holds reports whether a condition holds of a folded text.
func holds(condition, folded string) bool {
	return condition == "" || condition == folded || Fold(condition) == folded
}

// apply names the touchpoint of t, and its channel where it has none.
func (c Catalogue) apply(t *Touch, o *Options) {
	p := c.find(t)
	if p == nil {
		return
	}
	if t.Touchpoint != p.Name {
		t.Touchpoint = p.Name
		o.Report.count(t.Source, "touchpoint", mapped, 1)
	}
	if t.Channel == "" && p.Channel != "" {
		t.Channel = p.Channel
		o.Report.count(t.Source, "channel", filled, 1)
	}
}

// glob matches a pattern in which * is any run without / and ** any run, in time of the
// product of the lengths: it walks the text once with the set of places in the pattern.
func glob(pattern, text string) bool {
	star := strings.IndexByte(pattern, '*')
	if star < 0 {
		return pattern == text
	}
	if !strings.HasPrefix(text, pattern[:star]) {
		return false
	}
	pattern, text = pattern[star:], text[star:]
	var small [2][128]bool
	now, next := small[0][:], small[1][:]
	if len(pattern) >= len(small[0]) {
		now, next = make([]bool, len(pattern)+1), make([]bool, len(pattern)+1)
	}
	now, next = now[:len(pattern)+1], next[:len(pattern)+1]
	// reach adds a place, and those behind stars that match nothing.
	reach := func(set []bool, p int) {
		for ; !set[p]; p++ {
			if set[p] = true; p == len(pattern) || pattern[p] != '*' {
				return
			}
		}
	}
	reach(now, 0)
	for i := range len(text) {
		clear(next)
		for p := range len(pattern) {
			if !now[p] {
				continue
			}
			switch {
			case pattern[p] != '*':
				if pattern[p] == text[i] {
					reach(next, p+1)
				}
			case text[i] != '/' || p+1 < len(pattern) && pattern[p+1] == '*':
				reach(next, p)
			}
		}
		now, next = next, now
	}
	return now[len(pattern)]
}
