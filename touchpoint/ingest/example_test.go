package ingest_test

import (
	"fmt"
	"time"

	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// A phone whose clock is an hour slow sends an event ten minutes after it happened.
func ExampleCorrectTime() {
	at := func(h, m int) time.Time { return time.Date(2026, 4, 1, h, m, 0, 0, time.UTC) }
	event, sent, received := at(8, 0), at(8, 10), at(9, 10)
	fmt.Println(ingest.CorrectTime(event, sent, received).Format(time.TimeOnly))
	// Output: 09:00:00
}
