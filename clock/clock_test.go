package clock_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/clock"
)

var (
	_ clock.Clock = clock.System{}
	_ clock.Clock = (*clock.Manual)(nil)
)

func ExampleManual() {
	c := clock.NewManual(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))
	c.Advance(36 * time.Hour)
	fmt.Println(c.Now().Format(time.RFC3339))
	// Output: 2026-04-02T21:00:00Z
}

func TestManualZeroValueStandsAtTheEpochAndMoves(t *testing.T) {
	var c clock.Manual
	if got := c.Now(); !got.Equal(time.Unix(0, 0)) || got.Location() != time.UTC {
		t.Fatalf("zero clock stands at %v", got)
	}
	if got := c.Advance(-time.Hour); !got.Equal(time.Unix(-3600, 0)) {
		t.Fatalf("after going back an hour: %v", got)
	}
	tokyo := time.FixedZone("JST", 9*3600)
	c.Set(time.Date(2026, 1, 1, 9, 0, 0, 0, tokyo))
	if got := c.Now(); got.Format(time.RFC3339) != "2026-01-01T00:00:00Z" {
		t.Fatalf("set in another zone: %v", got)
	}
}

func TestManualIsSafeForConcurrentUse(t *testing.T) {
	var c, set clock.Manual
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				set.Set(c.Now())
				c.Advance(time.Second)
				c.Now()
			}
		})
	}
	wg.Wait()
	if got := c.Now(); !got.Equal(time.Unix(8000, 0)) {
		t.Fatalf("8 × 1000 steps of a second end at %v", got)
	}
}

func TestSystemIsUTCInMicroseconds(t *testing.T) {
	now := clock.System{}.Now()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Fatalf("system clock gives %v", now)
	}
}
