package ga4_test

import (
	"testing"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/ga4"
)

func decode(t *testing.T, o *ingest.Options, in string) []ingest.Record {
	t.Helper()
	d, err := ga4.New(o)
	return decodetest.Decode(t, d, err, in)
}
