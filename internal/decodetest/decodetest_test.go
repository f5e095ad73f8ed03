package decodetest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
	"github.com/tabi-go/tabi/touchpoint/ingest/ga4"
	"github.com/tabi-go/tabi/touchpoint/ingest/posthog"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
	"github.com/tabi-go/tabi/touchpoint/ingest/snowplow"
)

// tsv is an enriched event of Snowplow with something in a field that is not read.
func tsv(extra string) string {
	f := make([]string, 131)
	f[2], f[3], f[5], f[6], f[12] = "web", "2026-06-01 00:00:01", "page_view", "0190a1b2-c3d4-7000-8000-0123456789ab", "u1"
	f[29], f[76] = "https://x.example/", extra
	return strings.Join(f, "\t")
}

// Table 2.1: one message of every decoder at its bound of 1 MiB and one byte over. What is
// over is refused alone, and reading goes on.
func TestBoundOfAMessageOfEveryDecoderAtTheLimitAndOneOver(t *testing.T) {
	t.Parallel()
	table, err := csvmap.Parse([]byte(`{"source":"s","id":"id","kind":{"const":"note"},"at":{"const":"2026-06-01T00:00:00Z"},"ids":[{"type":"user_id","col":"u"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	type made struct {
		d   ingest.Decoder
		err error
	}
	try := func(d ingest.Decoder, err error) made { return made{d, err} }
	for name, c := range map[string]struct {
		made
		before, message string // the message has a gap where blanks do nothing
	}{
		"segment":     {try(segment.New(nil)), "", `{"messageId":"m1","timestamp":"2026-06-01T00:00:00Z","userId":"u1","type":"track","event":"A"GAP}`},
		"posthog":     {try(posthog.New(nil)), "", `{"uuid":"0190a1b2-c3d4-7000-8000-0123456789ab","timestamp":"2026-06-01T00:00:00Z","event":"A","distinct_id":"u1"GAP}`},
		"cloudevents": {try(cloudevents.New(&cloudevents.Options{Subject: identity.UserID})), "", `{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-06-01T00:00:00Z","subject":"u1"GAP}`},
		"ga4":         {try(ga4.New(nil)), "", `{"event_timestamp":"1780272000000000","event_name":"x","user_pseudo_id":"1.2","event_params":[]GAP}`},
		"snowplow":    {try(snowplow.New(nil)), "", tsv("GAP")},
		"csvmap":      {try(table.Decoder(nil)), "id,u,unread\n", "1,u1,GAP"},
	} {
		of := func(size int) string {
			return strings.Replace(c.message, "GAP", strings.Repeat(" ", size-len(c.message)+3), 1)
		}
		good := of(len(c.message))
		for size, want := range map[int]string{ingest.MaxMessage: "", ingest.MaxMessage + 1: "too_large"} {
			recs := decodetest.Decode(t, c.d, c.err, c.before+good+"\n"+of(size)+"\n"+good+"\n")
			if len(recs) != 3 || recs[0].Err != nil || recs[2].Err != nil {
				t.Fatalf("%s: %d bytes: %d records", name, size, len(recs))
			}
			var inv *touchpoint.InvalidError
			got := ""
			if errors.As(recs[1].Err, &inv) {
				got = string(inv.Reason)
			}
			if got != want {
				t.Errorf("%s: %d bytes: %q, want %q", name, size, got, want)
			}
			if text := decodetest.Text(recs[1]); want == "" && !strings.HasPrefix(text, `{"source":`) || want != "" && !strings.HasPrefix(text, want) {
				t.Errorf("%s: %d bytes: %.80s", name, size, text)
			}
		}
	}
}

// Options that make no sense are refused by every decoder, before anything is read.
func TestEveryDecoderRefusesOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	table, err := csvmap.Preset("touch")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]ingest.Options{
		"a limit": {Limits: ingest.Limits{Message: -1}}, "a skew": {Skew: 9}, "a mode": {Minimise: ingest.Minimise{IP: 9}}, "nothing": {},
	} {
		for format, makes := range map[string]func() (ingest.Decoder, error){
			"segment":     func() (ingest.Decoder, error) { return segment.New(&segment.Options{Options: o}) },
			"posthog":     func() (ingest.Decoder, error) { return posthog.New(&posthog.Options{Options: o}) },
			"cloudevents": func() (ingest.Decoder, error) { return cloudevents.New(&cloudevents.Options{Options: o}) },
			"ga4":         func() (ingest.Decoder, error) { return ga4.New(&o) },
			"snowplow":    func() (ingest.Decoder, error) { return snowplow.New(&o) },
			"csvmap":      func() (ingest.Decoder, error) { return table.Decoder(&o) },
		} {
			if _, err := makes(); (err == nil) != (name == "nothing") {
				t.Errorf("%s with %s that makes no sense: %v", format, name, err)
			}
		}
	}
}

// All that a message says of its campaign is kept, under whatever names.
func TestEveryDecoderReadsTheWholeCampaign(t *testing.T) {
	t.Parallel()
	table, err := csvmap.Parse([]byte(`{"source":"s","kind":{"const":"pageview"},"at":{"const":"2026-06-01T00:00:00Z"},"ids":[{"type":"user_id","const":"u1"}],
		"campaign.source":"a","campaign.medium":"b","campaign.name":"c","campaign.term":"d","campaign.content":"e","campaign.id":"f"}`))
	if err != nil {
		t.Fatal(err)
	}
	type made struct {
		d   ingest.Decoder
		err error
	}
	try := func(d ingest.Decoder, err error) made { return made{d, err} }
	enriched := make([]string, 131)
	enriched[4], enriched[5], enriched[6], enriched[12] = "2026-06-01 00:00:00", "page_view", "e1", "u1"
	enriched[47], enriched[48], enriched[49], enriched[50], enriched[51] = "m", "s", "t", "c", "n"
	const google = `{"event_timestamp":"1780272000000000","event_name":"page_view","user_pseudo_id":"1.2",`
	for name, c := range map[string]struct {
		made
		message string
		id      string // of the campaign
	}{
		"segment":              {try(segment.New(nil)), `{"messageId":"m1","timestamp":"2026-06-01T00:00:00Z","userId":"u1","type":"page","context":{"campaign":{"source":"s","medium":"m","name":"n","term":"t","content":"c","id":"i"}}}`, "i"},
		"posthog":              {try(posthog.New(nil)), `{"uuid":"0190a1b2-c3d4-7000-8000-0123456789ab","timestamp":"2026-06-01T00:00:00Z","event":"$pageview","distinct_id":"u1","properties":{"utm_source":"s","utm_medium":"m","utm_campaign":"n","utm_term":"t","utm_content":"c","utm_id":"i"}}`, "i"},
		"ga4, of the visit":    {try(ga4.New(nil)), google + `"collected_traffic_source":{"manual_source":"s","manual_medium":"m","manual_campaign_name":"n","manual_term":"t","manual_content":"c","manual_campaign_id":"i"}}`, "i"},
		"ga4, of the session":  {try(ga4.New(nil)), google + `"session_traffic_source_last_click":{"manual_campaign":{"source":"s","medium":"m","campaign_name":"n","term":"t","content":"c","campaign_id":"i"}}}`, "i"},
		"snowplow":             {try(snowplow.New(nil)), strings.Join(enriched, "\t"), ""},
		"csvmap":               {try(table.Decoder(nil)), "a,b,c,d,e,f\ns,m,n,t,c,i\n", "i"},
		"segment, of the URL":  {try(segment.New(nil)), `{"messageId":"m1","timestamp":"2026-06-01T00:00:00Z","userId":"u1","type":"page","context":{"page":{"url":"https://x.example/?` + tags + `"}}}`, "i"},
		"posthog, of the URL":  {try(posthog.New(nil)), `{"uuid":"0190a1b2-c3d4-7000-8000-0123456789ab","timestamp":"2026-06-01T00:00:00Z","event":"$pageview","distinct_id":"u1","properties":{"$current_url":"https://x.example/?` + tags + `","utm_source":"other"}}`, "i"},
		"snowplow, of the URL": {try(snowplow.New(nil)), strings.Replace(tsv(""), "https://x.example/", "https://x.example/?"+tags, 1), "i"},
	} {
		recs := decodetest.Decode(t, c.d, c.err, c.message)
		if len(recs) != 1 || recs[0].Err != nil {
			t.Errorf("%s: %+v", name, recs)
			continue
		}
		if got, want := recs[0].Touches[0].Campaign, (touchpoint.Campaign{Source: "s", Medium: "m", Name: "n", Term: "t", Content: "c", ID: c.id}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

const tags = "utm_source=s&utm_medium=m&utm_campaign=n&utm_term=t&utm_content=c&utm_id=i"
