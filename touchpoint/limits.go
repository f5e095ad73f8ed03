package touchpoint

import "time"

// The bounds of a touch. What is at its limit is accepted, one more is refused.
const (
	MaxName   = 1 << 10        // bytes of a source, id, name or property key
	MaxIDs    = 100            // identifiers on one touch
	MaxURL    = 8 << 10        // bytes of props.url and props.referrer
	MaxProps  = 64 << 10       // bytes of the canonical props
	MaxKeys   = 128            // keys in the props, at all levels together
	MaxDepth  = 32             // objects and arrays inside each other in the props
	MaxLine   = 1 << 20        // bytes of one record of a file
	MaxNumber = 64             // bytes of one number
	MaxAhead  = 24 * time.Hour // how far At may lie after ReceivedAt or Options.Now
)
