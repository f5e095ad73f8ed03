package cloudevents_test

import (
	"testing"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
)

func decode(t *testing.T, o *cloudevents.Options, in string) []ingest.Record {
	t.Helper()
	d, err := cloudevents.New(o)
	return decodetest.Decode(t, d, err, in)
}
