package persona

import (
	"errors"
	"fmt"
)

// ErrSensitiveTrait says that a trait is of a sort that the law protects, such as health
// or religion. Its value was dropped.
var ErrSensitiveTrait = errors.New("persona: sensitive trait")

// A DefinitionError names the fault of a definition document. It holds no value of it.
type DefinitionError struct {
	Path   string // JSON pointer (RFC 6901) to the fault, "" for the whole document; a key that may be an identifier is …
	Reason string
}

// Error returns path and reason.
func (e *DefinitionError) Error() string {
	return fmt.Sprintf("persona: definition: %q: %s", e.Path, e.Reason)
}

// Limits of definitions and profiles.
const (
	MaxDocument = 8 << 20 // bytes of a definition document
	MaxCriteria = 200     // of an ICP or a persona
	MaxPersonas = 200     // of a document
	MaxICPs     = 50      // of a document
	MaxTraits   = 256     // of a profile; the first bytewise are kept
	MaxOthers   = 16      // of a trait, the latest
	maxDepth    = 32
	maxNodes    = 1000
	maxValues   = 1000
	maxPattern  = 1 << 10
)
