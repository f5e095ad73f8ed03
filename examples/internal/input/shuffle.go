package input

import (
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/tabi-go/tabi/touchpoint"
)

// maxBatch is the number of touches that a tracker takes at once.
const maxBatch = 10_000

// Batches cuts touches into batches in their order.
func Batches(touches []touchpoint.Touch) iter.Seq[[]touchpoint.Touch] {
	return slices.Chunk(touches, maxBatch)
}

// Shuffle cuts touches into batches as -shuffle asks: in random order, in batches of
// random size, every tenth touch twice. Equal seeds give equal batches. Touches of one
// key keep their order, since the first of two that conflict is the one that stays.
func Shuffle(touches []touchpoint.Touch, seed uint64) iter.Seq[[]touchpoint.Touch] {
	return func(yield func([]touchpoint.Touch) bool) {
		rng := rand.New(rand.NewPCG(seed, 0))
		all := slices.Clone(touches)
		for i := 9; i < len(touches); i += 10 {
			all = append(all, touches[i])
		}
		order := map[touchpoint.Key][]int{} // where a key stands, in the order of the input
		for i, t := range all {
			order[t.Key()] = append(order[t.Key()], i)
		}
		mixed := make([]touchpoint.Key, len(all))
		for i, p := range rng.Perm(len(all)) {
			mixed[i] = all[p].Key()
		}
		for at := 0; at < len(mixed); {
			batch := make([]touchpoint.Touch, 0, min(1+rng.IntN(500), len(mixed)-at))
			for len(batch) < cap(batch) {
				k := mixed[at]
				batch = append(batch, all[order[k][0]])
				order[k] = order[k][1:]
				at++
			}
			if !yield(batch) {
				return
			}
		}
	}
}
