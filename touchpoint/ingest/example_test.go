package ingest_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
)

// Reading a file with an account of what became of each message, without a store.
func ExampleIntake() {
	d, err := segment.New(&segment.Options{Options: ingest.Options{Source: "web"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	file := strings.NewReader(`{"type":"page","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z","name":"Home"}
{"type":"page","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z","name":"Home"}
{"type":"page","messageId":"m2","timestamp":"2026-06-01T00:00:00Z"}
`)
	in := ingest.Intake{Format: "segment", Dead: func(l ingest.DeadLetter) error {
		fmt.Println("line", l.Line, l.Reason, l.Field)
		return nil
	}}
	var seen ingest.Dedupe
	for rec, err := range d.Decode(file, time.Time{}) {
		if err != nil {
			fmt.Println("the file broke off:", err)
			return
		}
		var outs []touchpoint.Outcome
		for _, tp := range rec.Touches {
			outs = append(outs, seen.Offer(tp))
		}
		if err := in.Add(rec, outs...); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("offered", in.Tally.Offered(), "accepted", in.Tally[touchpoint.Accepted],
		"duplicate", in.Tally[touchpoint.Duplicate], "rejected", in.Tally[touchpoint.Rejected])
	// Output:
	// line 3 missing ids
	// offered 3 accepted 1 duplicate 1 rejected 1
}

func ExampleCorrectTime() {
	at := func(s string) time.Time { t, _ := time.Parse(time.RFC3339, s); return t }
	// The sender's clock is an hour fast: it sent at one what arrived at midnight.
	fmt.Println(ingest.CorrectTime(at("2026-06-01T00:59:50Z"), at("2026-06-01T01:00:00Z"), at("2026-06-01T00:00:00Z")).Format(time.RFC3339))
	// Output: 2026-05-31T23:59:50Z
}
