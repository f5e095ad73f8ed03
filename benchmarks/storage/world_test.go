// Package storage_test measures the stores of facts on workload W of the specification:
// touches with one or two identifiers, every third with an e-mail address, of 10,000
// people drawn uniformly, four kinds, times ascending, random 16-byte ids, PCG(1, 2),
// batches of 1,000.
//
//	go test -bench . -benchtime 1x -count 5 ./storage/
//
// Figures that have a target are printed beside the benchmark: touches/s, B/touch, p99.
package storage_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

const people = 10_000

var kinds = [...]touchpoint.Kind{touchpoint.KindPageview, touchpoint.KindClick, touchpoint.KindForm, touchpoint.KindOrder}

// world returns n touches of workload W in batches of 1,000.
func world(n int) [][]storage.Fact {
	g := rand.New(rand.NewPCG(1, 2))
	props, err := touchpoint.ParseProps([]byte(`{"referrer":"https://www.example.com/","title":"Pricing","url":"https://shop.example.com/pricing?plan=team"}`))
	if err != nil {
		panic(err)
	}
	var batches [][]storage.Fact
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		if i%1000 == 0 {
			batches = append(batches, make([]storage.Fact, 0, 1000))
		}
		who := g.IntN(people)
		ids := []identity.ID{identity.MakeID(identity.UserID, fmt.Sprintf("u-%06d", who))}
		if i%3 == 0 {
			ids = []identity.ID{identity.MakeID(identity.Email, fmt.Sprintf("person%06d@example.com", who)), ids[0]}
		}
		at = at.Add(time.Duration(1+g.IntN(2_000_000)) * time.Microsecond)
		var id [16]byte
		for k := range id {
			id[k] = byte(g.Uint32())
		}
		last := &batches[len(batches)-1]
		*last = append(*last, storage.Fact{Touch: &touchpoint.Touch{
			Source: "web", ID: hex.EncodeToString(id[:]), At: at, ReceivedAt: at.Add(time.Second), Kind: kinds[g.IntN(len(kinds))],
			Channel: "Organic Search", Touchpoint: "Pricing page", IDs: ids, Direction: touchpoint.Inbound, Props: props,
		}})
	}
	return batches
}
