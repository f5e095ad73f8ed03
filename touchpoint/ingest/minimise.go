package ingest

import "fmt"

// Minimise says what is left out of the touches that decoders make. The zero value
// changes nothing. Channel rules have seen the raw page before, so masking never
// changes a channel; nor does it change a key that the sender gave.
type Minimise struct {
	URL       URLMode
	ClickIDs  ClickIDMode
	IP        IPMode
	UserAgent AgentMode
	Props     []string // the only props that are kept, by name; nil keeps all
}

// URLMode says how much of a URL is stored.
type URLMode uint8

// The URL modes. All but URLFull also drop user info and fragment.
const (
	URLFull    URLMode = iota // as sent
	URLNoQuery                // scheme, host and path
	URLUTMOnly                // the same and the utm_* parameters
)

// ClickIDMode says what becomes of advertisers' click ids.
type ClickIDMode uint8

// The click id modes.
const (
	ClickIDsKeep ClickIDMode = iota // stay where they are
	ClickIDsKind                    // out of every URL; the names stay, sorted, in props.click_ids
	ClickIDsDrop                    // nothing stays
)

// IPMode says what becomes of a payload's IP address.
type IPMode uint8

// The IP modes.
const (
	IPKeep     IPMode = iota // in props.ip
	IPTruncate               // its /24, of version 6 its /48
	IPDrop
)

// AgentMode says what becomes of a payload's user agent.
type AgentMode uint8

// The user agent modes.
const (
	AgentKeep AgentMode = iota // in props.user_agent
	AgentDrop
)

func (m Minimise) check() error {
	if m.URL > URLUTMOnly || m.ClickIDs > ClickIDsDrop || m.IP > IPDrop || m.UserAgent > AgentDrop {
		return fmt.Errorf("ingest: unknown minimise mode")
	}
	return nil
}
