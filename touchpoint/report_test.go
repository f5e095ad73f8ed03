package touchpoint_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tp "github.com/tabi-go/tabi/touchpoint"
)

// A report is read while readers of several files still count in it. Where a lock is
// missing the runtime ends the program, so that this fails without -race too.
func TestReportIsReadWhileItCounts(t *testing.T) {
	const workers, each = 2, 4000
	var rep tp.Report
	vocabulary, err := tp.ReadVocabulary(strings.NewReader("field,from,to\nchannel,known,Email\n"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var left atomic.Int32
	left.Store(workers)
	for w := range workers {
		wg.Go(func() {
			defer left.Add(-1)
			for i := range each {
				touch := tp.Touch{Source: "s" + strconv.Itoa(w*each+i), ID: "1", At: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Kind: tp.KindPageview, Touchpoint: "null", Channel: tp.Channel("c" + strconv.Itoa(i)),
					IDs: clean().IDs}
				if err := touch.Normalize(&tp.Options{Report: &rep, Vocabulary: vocabulary}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for left.Load() > 0 {
			rep.Rows()
		}
	})
	wg.Go(func() {
		for left.Load() > 0 {
			rep.Unmapped()
		}
	})
	wg.Wait()
	nulls, unmapped := 0, 0
	for _, row := range rep.Rows() {
		nulls += row.Nulls
	}
	for _, u := range rep.Unmapped() {
		unmapped += u.Count
	}
	if nulls != workers*each || unmapped != workers*each {
		t.Errorf("%d nulls and %d unmapped channels, want %d of each", nulls, unmapped, workers*each)
	}
}
