// Package identity stitches touches into people and accounts.
//
// Feed a [Graph] what was seen: [Graph.See] takes the identifiers of touches, [Graph.Add]
// evidence from imports and scorers, [Graph.Apply] what an operator states (take back,
// must link, keep apart). Then [Graph.Resolve] gives a [Resolution]: [Resolution.Person]
// and [Resolution.People] say who is who, [Resolution.Owner] to whom a touch belongs, a
// shared device's too, [Resolution.Account] to which company, and [Resolution.Explain]
// and [Resolution.Links] why, or why not.
//
// Identifiers are made by [Rules.ID], which normalises raw text; [DefaultRules] know the
// usual types. An [ID] never prints its value.
//
// The facts are a set, and the people a pure function of it: the order of arrival,
// repetition, batches, and splitting the facts over several graphs that are merged later
// cannot show in the result. Taking evidence back equals never having seen it. A wrong
// merge is undone by an override, and every id that was ever given out keeps resolving.
//
// What it does not do: people are not found by similar names (see identity/match, which
// only suggests), no attribute of a person is kept, and an account never joins two
// people. The result is the first maximal set of links that breaks no rule, strongest
// links first, and not the largest one; raising a limit may part somebody.
//
// A [Graph] is for one writer or many readers, a [Resolution] for everybody.
package identity
