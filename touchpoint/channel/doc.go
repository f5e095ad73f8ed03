// Package channel says which marketing channel a visit came by, and why.
//
//	c, err := channel.New(nil) // GA4's rules over the built-in table of hosts
//	r := c.Classify(channel.Visit{URL: url, Referrer: referrer})
//	fmt.Println(r.Channel, r.Why())
//
// [Classifier.Classify] reads tags and click ids from the landing URL and the host from
// the referrer, settles source, medium and campaign from the strongest of these, and
// walks an ordered list of rules; the first that applies names the channel.
// [Classifier.Apply] does the same to a touch and also marks bots; it fits
// ingest.Options.Channel. [Classifier.Starts] says whether a page view begins a new
// touch or belongs to the last. [Agent] recognises bots by user agent.
//
// Rules are [GA4]'s default channel group, a set like [PostHog]'s, or only your own
// ([Options].Custom, which always come first); [ParseRules] reads them from a file. What
// counts as a search engine, a social network or a payment page stands in a text file
// typed by hand, see [LoadHosts], which you can extend or replace.
//
// A medium must be one of the words the rules name: "newsletter" or "affiliates" is
// Unassigned under GA4's rules; write a custom rule to say otherwise. Google's
// ad-network tables need data outside of the visit and are not covered.
package channel
