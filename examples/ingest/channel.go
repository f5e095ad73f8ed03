package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
)

// channelFlags say how channels are told and bots treated.
type channelFlags struct{ own, rules, exclude, bots string }

// channels sets the hook that fills in channel, campaign and bot of pages.
func (p *program) channels(f channelFlags) error {
	o := &channel.Options{}
	switch f.rules {
	case "ga4":
	case "posthog":
		o.Rules = channel.PostHog
	case "off":
		o.Rules = channel.None
	default:
		text, err := p.ReadFile(f.rules)
		if err != nil {
			return err
		}
		o, err = channel.ParseRules(text, func(name string) ([]byte, error) {
			return p.ReadFile(filepath.Join(filepath.Dir(f.rules), name))
		})
		if err != nil {
			return input.Usagef("%s: %w", f.rules, err)
		}
	}
	if f.own != "" {
		o.Own = strings.Split(f.own, ",")
	}
	if f.exclude != "" {
		o.Exclude = strings.Split(f.exclude, ",")
	}
	mode := slices.Index([]string{"mark", "reject", "keep"}, f.bots)
	if mode < 0 {
		return input.Usagef("-bots must be one of mark, reject, keep")
	}
	o.Bots = channel.BotMode(mode)
	c, err := channel.New(o)
	if err != nil {
		return &input.UsageError{Err: err}
	}
	p.o.Channel = c.Apply
	if f.rules == "off" { // bots are still told
		p.o.Channel = func(t *touchpoint.Touch, page touchpoint.Page) error {
			was, campaign := t.Channel, t.Campaign
			err := c.Apply(t, page)
			t.Channel, t.Campaign = was, campaign
			return err
		}
	}
	return nil
}
