package csvmap_test

import (
	"slices"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

func TestEveryPresetIsAMapping(t *testing.T) {
	t.Parallel()
	want := []string{"hubspot-deal-stage", "hubspot-email-event", "hubspot-engagement", "hubspot-form", "hubspot-meeting",
		"hubspot-merge", "salesforce-contact", "salesforce-event", "salesforce-lead", "salesforce-lead-conversion",
		"salesforce-opportunity-history", "salesforce-task", "touch"}
	if got := csvmap.Presets(); !slices.Equal(got, want) {
		t.Errorf("presets %v", got)
	}
	for _, name := range want {
		if _, err := csvmap.Preset(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := csvmap.Preset("hubspott"); err == nil {
		t.Error("an unknown preset was found")
	}
}

// The exports in the folder of local checks, and what comes out of each: kinds of
// touches, and what else.
func TestExportsOfCRMs(t *testing.T) {
	t.Parallel()
	usd := touchpoint.Currency{'U', 'S', 'D'}
	for _, c := range []struct {
		preset, file string
		o            *ingest.Options
		kinds        map[touchpoint.Kind]int
		values       int
		overrides    int
		relations    int
		skipped      int
		rejected     map[string]int
	}{
		{preset: "hubspot-merge", file: "hubspot/contact_merge_audit", kinds: map[touchpoint.Kind]int{"merge": 4}, overrides: 4},
		{preset: "hubspot-form", file: "hubspot/contact_form_submission", kinds: map[touchpoint.Kind]int{"form": 5}},
		{preset: "hubspot-email-event", file: "hubspot/email_event", kinds: map[touchpoint.Kind]int{"email_open": 90, "email_sent": 4, "email_delivered": 3, "system": 3}},
		{preset: "hubspot-deal-stage", file: "hubspot/deal_stage", kinds: map[touchpoint.Kind]int{"stage_change": 14}},
		{preset: "hubspot-meeting", file: "hubspot/engagement_meeting", rejected: map[string]int{"missing ids": 100}},
		{preset: "salesforce-task", file: "salesforce/sf_task", kinds: map[touchpoint.Kind]int{"task": 10}},
		{preset: "salesforce-event", file: "salesforce/sf_event", kinds: map[touchpoint.Kind]int{"call": 6, "meeting": 4}},
		{preset: "salesforce-opportunity-history", file: "salesforce/sf_opportunity_history", o: &ingest.Options{Currency: usd}, kinds: map[touchpoint.Kind]int{"stage_change": 10}, values: 4},
		{preset: "salesforce-lead-conversion", file: "salesforce/sf_lead", kinds: map[touchpoint.Kind]int{"identify": 1}},
		{preset: "salesforce-contact", file: "salesforce/sf_contact", relations: 3, skipped: 1},
	} {
		m, err := csvmap.Preset(c.preset)
		if err != nil {
			t.Fatal(err)
		}
		recs, err := decodeWith(t, m, open(t, shared(t, "data", "ingest", "crm", c.file+"_data.csv")), c.o)
		if err != nil {
			t.Errorf("%s: %v", c.preset, err)
			continue
		}
		got, why := tally(t, recs)
		kinds := map[touchpoint.Kind]int{}
		values, overrides, relations, skipped := 0, 0, 0, 0
		for _, rec := range recs {
			for _, tp := range rec.Touches {
				kinds[tp.Kind]++
				if !tp.Value.IsZero() {
					values++
				}
			}
			overrides += len(rec.Overrides)
			relations += len(rec.Relations)
			if rec.Skipped {
				skipped++
			}
		}
		n := 0
		for _, k := range c.kinds {
			n += k
		}
		if got[touchpoint.Accepted] != n || !equal(kinds, c.kinds) || !equal(why, c.rejected) || values != c.values ||
			overrides != c.overrides || relations != c.relations || skipped != c.skipped {
			t.Errorf("%s: tally %v, kinds %v, %d values, %d overrides, %d relations, %d skipped, %v", c.preset, got, kinds, values, overrides, relations, skipped, why)
		}
	}
}

func equal[K comparable](a, b map[K]int) bool {
	if len(a) != len(b) {
		return false
	}
	for k, n := range a {
		if b[k] != n {
			return false
		}
	}
	return true
}

func TestAMergeIsATouchAndAnOverride(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Preset("hubspot-merge")
	if err != nil {
		t.Fatal(err)
	}
	read := func(a, b string) ingest.Record {
		recs := decodeMapping(t, m, "canonical_vid,vid_to_merge,timestamp\n"+a+","+b+",2026-06-01 00:00:00\n", nil)
		return recs[0]
	}
	rec, other := read("5555", "11111"), read("11111", "5555")
	o := rec.Overrides[0]
	if o.Op != identity.MustLink || !o.Force || o.Actor != "hubspot" || o.Reason != "merge audit" || !o.At.Equal(rec.Touches[0].At) ||
		o.A.Value() != "11111" || o.B.Value() != "5555" || len(rec.Touches[0].IDs) != 2 {
		t.Errorf("%+v", o)
	}
	if o.ID != other.Overrides[0].ID {
		t.Error("the order of the two changes the override's id")
	}
	for _, bad := range []ingest.Record{read("5555", ""), read("5555", "5555")} {
		if bad.Err == nil || bad.Overrides != nil {
			t.Errorf("%+v", bad)
		}
	}
}

func TestSalesforceIDsOfBothLengthsAreOne(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Preset("salesforce-contact")
	if err != nil {
		t.Fatal(err)
	}
	recs := decodeMapping(t, m, "id,account_id,is_deleted,created_date\n0031G00001S3ckZ,0011G00000jWVWo,FALSE,2026-06-01 00:00:00\n"+
		"0031G00001S3ckZQAR,0011G00000jWVWoQAO,,2026-06-01 00:00:00\n0031G00001S3ckZQAR,0011G00000jWVWoQAO,TRUE,2026-06-01 00:00:00\n", nil)
	a, b := recs[0].Relations[0], recs[1].Relations[0]
	if a != b || a.Person.Value() != "0031G00001S3ckZQAR" || a.Source != "salesforce" || a.From.IsZero() || !recs[2].Skipped {
		t.Errorf("%v, %v", a, b)
	}
}

func TestAPrefixKeepsTwoCRMsApart(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Preset("hubspot-form")
	if err != nil {
		t.Fatal(err)
	}
	tp := one(t, decodeMapping(t, m, "timestamp,form_id,contact_id,conversion_id,page_url,title\n2026-06-01 0:00:00,1,2,3,,T\n", &ingest.Options{Prefix: "hubspot:"}))
	if tp.IDs[0].Value() != "hubspot:2" || tp.ID != "2/3/1" {
		t.Errorf("%s", tp.AppendJSON(nil))
	}
}
