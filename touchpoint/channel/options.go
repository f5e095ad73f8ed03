package channel

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// Base is the set of rules behind the custom ones.
type Base uint8

// The rule sets.
const (
	GA4     Base = iota // Google Analytics 4's default channel group
	PostHog             // like PostHog's channel type
	None                // nothing: what no custom rule takes is Unassigned
)

// BotMode says what [Classifier.Apply] does with a touch of a bot.
type BotMode uint8

// The modes.
const (
	BotMark   BotMode = iota // sets props.bot and props.bot_rule: a fact can be judged anew
	BotReject                // refuses the touch with reason bot
	BotKeep                  // does not look
)

// DefaultGap is the silence after which a page view begins a new touch.
const DefaultGap = 30 * time.Minute

// Options say how visits are classified. The zero Options and nil are ready: GA4's
// rules, the built-in table, nothing excluded.
type Options struct {
	Rules  Base
	Custom []Rule // tried first, in order
	Hosts  *Table // nil: [DefaultHosts]

	// Own are hosts of one's own beside the landing page's: a referrer among them is no
	// source. ".example.com" includes every subdomain.
	Own []string
	// StrictHost makes shop.example.com another site than www.example.com; else hosts
	// of one registrable domain are one site.
	StrictHost bool
	// Exclude names referrers that bring nobody: the sets "payments" and "signin", and
	// entries of one's own in the form of [LoadHosts].
	Exclude []string
	// TrustClickIDs takes source and medium also from twclid, li_fat_id, ttclid,
	// rdt_cid, qclid, sccid and yclid; by default only Google's and Microsoft's count.
	TrustClickIDs bool
	// Registrable returns the registrable domain of a host, "" for none. Nil: the
	// built-in table of package identity. It must be safe for concurrent use.
	Registrable func(host string) string

	Bots BotMode
	Gap  time.Duration // see [Classifier.Starts]; 0 means [DefaultGap]
}

// A Classifier says which channel a visit came by. Unchanged after construction and safe
// for concurrent use.
type Classifier struct {
	o        Options
	custom   []customRule
	own      []string
	excluded []exclusion
	hosts    *Table
}

// An exclusion is a set of hosts that bring nobody; its name is for reasons.
type exclusion struct {
	name string
	in   *entries
}

// New returns a classifier; o may be nil. It is an error if a rule, an own host or an
// exclusion makes no sense.
func New(o *Options) (*Classifier, error) {
	c := &Classifier{}
	if o != nil {
		c.o = *o
	}
	if c.hosts = c.o.Hosts; c.hosts == nil {
		c.hosts = DefaultHosts()
	}
	if c.o.Rules > None || c.o.Bots > BotKeep {
		return nil, errors.New("channel: unknown rule set or bot mode")
	}
	if c.o.Gap < 0 {
		return nil, errors.New("channel: negative gap")
	}
	if c.o.Gap == 0 {
		c.o.Gap = DefaultGap
	}
	if c.o.Registrable == nil {
		var t identity.Table
		c.o.Registrable = func(host string) string {
			d, _ := t.Registrable(host)
			return d
		}
	}
	for _, h := range c.o.Own {
		own := ownHost(h)
		if !isHost(strings.TrimPrefix(own, ".")) {
			return nil, fmt.Errorf("channel: own host %q is none", h)
		}
		c.own = append(c.own, own)
	}
	var err error
	if c.custom, err = compile(c.o.Custom); err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	return c, c.exclude()
}

// exclude resolves the names and entries of Options.Exclude.
func (c *Classifier) exclude() error {
	entries := &entries{}
	for _, x := range c.o.Exclude {
		switch set := c.hosts.sets[x]; {
		case set != nil:
			c.excluded = append(c.excluded, exclusion{x, set})
		case x == setNames[0] || x == setNames[1]: // a table of one's own without that set
		case !strings.Contains(x, "."):
			return fmt.Errorf("channel: exclude: no set %q", x)
		default:
			if err := entries.add(x, entry{}); err != nil {
				return fmt.Errorf("channel: exclude: %w", err)
			}
		}
	}
	c.excluded = append(c.excluded, exclusion{"own entry", entries})
	return nil
}

// ownHost is the form in which own hosts are compared.
func ownHost(h string) string {
	return plainHost(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(h)), "."))
}
