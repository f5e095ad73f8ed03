// Package attribution tells which touches earned a sale: multi-touch attribution over
// plain paths.
//
// Put paths into a [Journeys] with [Journeys.Add], and pass it to [Attribute] with the
// models to compare. A [Result] holds one [Credit] a channel: conversions, money, an
// interval and its n. [Ledger] divides each sale among its touches to the cent, [Explain]
// says why a touch got what it got, and [Preparation] decides which touches count.
//
// The models are of three families, always named for what they compute:
//
//   - rules, a convention: [First], [Last], [Linear], [Position], [TimeDecay], [Ramp] …,
//     made attributors by [Rule]; your own rule is a [Func];
//   - path statistics, a description of observed paths: [Markov], [Shapley];
//   - time-at-risk models: [Hazard], [Lineage], the only ones with a (baseline), sales
//     that nobody's touch earned.
//
// Streams that must not keep paths add them to [Totals] or [Counts]. [Calibrate] moves a
// result to what experiments measured.
//
// Money is int64 minor units and sums exactly; models that do not conserve say so in
// [Result].Conserves. The same paths give the same bytes in any order of arrival.
//
// No rule and no path statistic is causal. Demand that exists without marketing, and
// channels that follow buyers around, look like success to both families.
//
// How it is built: a set is columns (push.go writes them), put in canonical order by the
// first eight channels of each row (fold.go). Whatever reaches an output is an integer sum,
// or a float sum in that order. Rules that depend on length and place alone add integers
// up in cells (kernel.go), everything else divides path by path (divide.go). A fit is a
// hazardFit, whose split divides one path; intervals draw or move its journeys.
package attribution
