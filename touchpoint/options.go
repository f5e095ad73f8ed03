package touchpoint

import (
	"sync"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// Options says how touches are cleaned and read. Nil, and the zero Options, are the
// defaults of each field. Options are not changed by this package; they may be shared by
// goroutines as long as the hooks allow it.
type Options struct {
	// Now bounds At from above, plus 24 h, where a touch has no ReceivedAt. Zero: no
	// bound but the year 9999.
	Now time.Time
	// Source is used where a touch has none. Empty: such a touch is refused.
	Source string
	// Rules knows the identifier types. Nil: [identity.DefaultRules].
	Rules *identity.Rules
	// Text runs before every cleaning of a name; it is the place for Unicode NFC, for which
	// norm.NFC.String of golang.org/x/text fits as it is. A panic in it becomes a
	// [*CallbackError].
	Text func(string) string
	// Nulls replaces the names that say nothing, compared by [Fold]. Nil: the built-in list.
	Nulls []string
	// Currencies adds currency codes and their decimals (0 to 9), such as points or withdrawn ones.
	Currencies map[string]int
	// Vocabulary maps other words to one's own. Nil: only the built-in words for channels.
	Vocabulary *Vocabulary
	// Catalogue names touchpoints. Empty: every touch keeps its own name.
	Catalogue Catalogue
	// Sentiment judges the text of an answer that has no score; lang is props.lang. NaN is
	// refused, a panic becomes a [*CallbackError]. Nil: a text alone gives no sentiment.
	Sentiment func(text, lang string) (float64, bool)
	// OwnDomains and OwnUsers are our own staff, who are never participants of [Split].
	OwnDomains []string
	OwnUsers   []identity.ID
	// Report counts what cleaning did. Nil: nothing is counted.
	Report *Report
}

var defaultRules = sync.OnceValue(func() *identity.Rules {
	r := identity.DefaultRules()
	return &r
})

var noOptions Options

func (o *Options) orDefault() *Options {
	if o == nil {
		return &noOptions
	}
	return o
}

func (o *Options) rules() *identity.Rules {
	if o.Rules == nil {
		return defaultRules()
	}
	return o.Rules
}

func (o *Options) types() map[identity.Type]identity.TypeRule {
	if o.Rules == nil || o.Rules.Types == nil {
		return defaultRules().Types
	}
	return o.Rules.Types
}
