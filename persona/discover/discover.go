// Package discover finds out from records who our customers are: which attributes go
// with won opportunities, and which kinds of people there are.
//
// Which function do I want?
//
//   - What do the accounts that buy have in common? Add opportunities to a [Lift], then
//     [Lift.Find]: lift, weight of evidence and information value of each attribute, and
//     a draft ICP.
//   - Which groups are there? Make a [Table] and let [PAM] (any columns, up to 5,000
//     rows), [KModes] (categories) or [KPrototypes] (numbers and categories) divide it.
//   - How many groups, if any? [ChooseK]. "None" is an answer.
//   - How far apart are two rows? [Distances].
//
// Rows are the same everywhere: a [Row] with named cells. Results do not depend on the
// order of rows; what is random takes a seed, and the generator is PCG of math/rand/v2.
//
// Drafts are documents of package persona. Their fields are the names of cells and
// columns, so use those of traits (account.industry), and values as persona.Normalize
// returns them; then persona.ParseICPs and ICP.Fit take the draft as it is.
//
// Caveats. Whoever never reached an opportunity is not among the rows, so a draft ICP says
// nothing about them. An attribute that is known only because the deal was won predicts
// it perfectly: give each cell its date, and each row its beginning. Clusters of fewer
// than ten rows show no more than size and centre. Amounts of money are compared as
// numbers; do not mix currencies in a column.
package discover

import (
	"errors"
	"fmt"

	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

// Errors of this package.
var (
	// ErrTooFew says that there are fewer than 20 won or lost rows.
	ErrTooFew = errors.New("discover: fewer than 20 won or 20 lost rows")
	// ErrTooLarge says that there are more than [MaxRows] rows for a method that looks at
	// all pairs.
	ErrTooLarge = errors.New("discover: more than 5000 rows")
	// ErrK says that the number of clusters is below 1 or above that of distinct rows.
	ErrK = errors.New("discover: fewer than 1 cluster, or more than distinct rows")
	// ErrCorrupt says that bytes are no encoding of a Lift.
	ErrCorrupt = errors.New("discover: corrupt encoding")
)

// Limits.
const (
	MaxRows    = 5000            // of methods that look at all pairs
	MaxColumns = record.MaxCells // 256, of a row
)

// A CellError says what is wrong with a row. It holds no value of it.
type CellError struct {
	Column string // "" if the whole row is at fault
	Reason string
}

// Error returns column and reason.
func (e *CellError) Error() string { return fmt.Sprintf("discover: column %q: %s", e.Column, e.Reason) }
