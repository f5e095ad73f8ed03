// Package match is an optional scorer: it compares records field by field and says how
// likely two of them are of one person (Fellegi and Sunter 1969).
//
// [Scorer.Score] is the function to call. It emits evidence of kind Probabilistic, in
// thousandths of a bit, and nothing else: whether that joins people is for
// [identity.Rules].Probabilistic to say, under the same limits, shared test, retraction
// and explanation as any other evidence. By default it only suggests, see [Result.Suggestions].
// [Result.Explain] breaks a score down by field.
//
// [Evaluate] compares a partition with the truth.
//
// Chances are learnt from the records themselves: how often fields agree by accident (u)
// from all pairs, how often they agree within a person (m) by expectation maximisation.
// On a few dozen records these estimates are poor; give them then.
package match
