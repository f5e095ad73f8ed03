package snowplow_test

import (
	"testing"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/snowplow"
)

func decode(t *testing.T, o *ingest.Options, in string) []ingest.Record {
	t.Helper()
	d, err := snowplow.New(o)
	return decodetest.Decode(t, d, err, in)
}
