package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// Deal deals the rows of each class into folds, in turn, in the order of SHA-256 of the
// seed (eight bytes, big-endian) and the ID.
func Deal(seed uint64, ids []string, won []bool, folds int) []int {
	fold := make([]int, len(ids))
	hash := make([]string, len(ids))
	order := make([]int, len(ids))
	for i, id := range ids {
		sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), id...))
		hash[i], order[i] = string(sum[:]), i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(hash[a], hash[b]) })
	next := map[bool]int{}
	for _, i := range order {
		fold[i] = next[won[i]] % folds
		next[won[i]]++
	}
	return fold
}
