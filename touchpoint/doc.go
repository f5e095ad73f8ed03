// Package touchpoint holds the one dated contact, cleaned and comparable.
//
// A [Touch] says that somebody and the company met: when, by which [Channel], at which
// [Touchpoint], what happened (its [Kind]) and which identifiers were seen. Build one and
// call [Touch.Normalize]; or read many with [NewReader] from JSON Lines or CSV, and write
// them with [NewWriter]. Amounts are [Money], further properties are [Props], and what
// became of an offered record is an [Outcome] with a [Reason].
package touchpoint
