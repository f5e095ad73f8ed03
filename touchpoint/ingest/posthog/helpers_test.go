package posthog_test

import (
	"testing"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/posthog"
)

func decode(t *testing.T, o *posthog.Options, in string) []ingest.Record {
	t.Helper()
	d, err := posthog.New(o)
	return decodetest.Decode(t, d, err, in)
}
