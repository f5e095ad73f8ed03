package crash

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

var (
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	later = start.AddDate(1, 0, 0) // of the whole workload
)

// users is how many there are; touch n is one of user n%users.
const users = 20

// touch is the nth touch of a run. It needs no cleaning: what is stored is what is offered.
func touch(n int) touchpoint.Touch {
	user := n % users
	page := secret(user) + "/" + strconv.Itoa(n%11)
	if n%6 == 0 {
		page += strings.Repeat("-", 500) // so that records are longer than a sector
	}
	return touchpoint.Touch{
		Source: "crash", ID: "t" + strconv.Itoa(n), At: start.Add(time.Duration(n/7) * time.Second),
		Kind: "page_view", Touchpoint: page,
		IDs: []identity.ID{identity.MakeID(identity.AnonymousID, fmt.Sprint("a", n%1000)), userID(user)},
	}
}

// number is the n of a touch.
func number(id string) (int, bool) {
	rest, ok := strings.CutPrefix(id, "t")
	n, err := strconv.Atoi(rest)
	return n, ok && err == nil
}

func userID(user int) identity.ID {
	return identity.MakeID(identity.UserID, fmt.Sprintf("user-%d", user))
}

// secret is a text that all touches of a user hold and no other does.
func secret(user int) string { return fmt.Sprintf("zq%dqz", user) }

// bodySum is the checksum of a touch as stores keep it.
func bodySum(t touchpoint.Touch) [16]byte {
	var r storage.Row
	if err := r.Encode(storage.Fact{Touch: &t}); err != nil {
		panic(err) // a touch of this file that is not well-formed
	}
	return r.Sum
}

// A batch is the records of one call: new touches first, then repeats of some of them,
// touches acknowledged long ago, one of those with other content, and a record that no
// store takes.
type batch struct {
	fresh   []int // numbers of the new touches
	records []touchpoint.Touch
	want    touchpoint.Tally // where Accepted stands for Accepted or Duplicate
}

// newBatch makes a batch of n new touches from a number on. Old are numbers acknowledged
// and not erased.
func newBatch(from, n int, old []int, g *rand.Rand) batch {
	var b batch
	for i := range n {
		b.fresh = append(b.fresh, from+i)
		b.records = append(b.records, touch(from+i))
	}
	some := 1 + n/20
	for range some {
		b.records = append(b.records, touch(from+g.IntN(n)))
		if len(old) > 0 {
			b.records = append(b.records, touch(old[g.IntN(len(old))]))
		}
	}
	b.want[touchpoint.Accepted] = len(b.records)
	if len(old) > 0 {
		other := touch(old[g.IntN(len(old))])
		other.Touchpoint += "/other"
		b.records = append(b.records, other)
		b.want[touchpoint.Conflict]++
	}
	b.records = append(b.records, touchpoint.Touch{Source: "crash", ID: "no-kind", At: start})
	b.want[touchpoint.Rejected]++
	return b
}

// settled says what is wrong with the outcomes of a call that had no error, "" if nothing.
func (b batch) settled(got touchpoint.Tally) string {
	got[touchpoint.Accepted] += got[touchpoint.Duplicate]
	got[touchpoint.Duplicate] = 0
	if got != b.want {
		return fmt.Sprintf("outcomes %v, want %v", got, b.want)
	}
	return ""
}
