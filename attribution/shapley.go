package attribution

// Shapley credits channels by the Shapley value of a game over channel sets. The zero
// value is the game Sum, which is a rule: each path's conversions are split equally over
// its distinct channels.
//
// None of these games is causal, and the name of the game is in the name of the model.
type Shapley struct {
	Game Game
}

// A Game says what a set of channels is worth.
type Game uint8

// The games.
const (
	Sum Game = iota // conversions of paths whose set is within S (Zhao, Mahboobi, Bagheri 2018, "simplified")
)

// Name returns "shapley".
func (s Shapley) Name() string { return "shapley" }

// Attribute implements [Attributor].
func (s Shapley) Attribute(js *Journeys, opts *Options) (*Result, error) {
	return attributeRule(js, opts, Linear{By: Distinct}, s.Name())
}
