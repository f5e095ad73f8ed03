package input

import (
	"path/filepath"

	"github.com/tabi-go/tabi/touchpoint/channel"
)

// ChannelRules reads what a flag of channel rules names: ga4, posthog, or a rules file.
// A table of hosts that the file names is looked for beside it.
func (s Streams) ChannelRules(name string) (*channel.Options, error) {
	switch name {
	case "ga4":
		return &channel.Options{}, nil
	case "posthog":
		return &channel.Options{Rules: channel.PostHog}, nil
	}
	text, err := s.ReadFile(name)
	if err != nil {
		return nil, err
	}
	o, err := channel.ParseRules(text, func(hosts string) ([]byte, error) {
		if !filepath.IsAbs(hosts) {
			hosts = filepath.Join(filepath.Dir(name), hosts)
		}
		return s.ReadFile(hosts)
	})
	if err != nil {
		return nil, Usagef("%s: %w", name, err)
	}
	return o, nil
}
