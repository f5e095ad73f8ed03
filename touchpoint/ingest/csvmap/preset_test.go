package csvmap_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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

func TestCanonicalTablesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Preset("touch")
	if err != nil {
		t.Fatal(err)
	}
	tp, err := touchpoint.ParseTouch([]byte(`{"source":"s","id":"1","at":"2026-06-01T00:00:00Z","received_at":"2026-06-01T00:00:09Z","kind":"meeting","touchpoint":"=1+1",
		"ids":[{"type":"user_id","value":"a|b"},{"type":"user_id","value":"c"}],"value":"5.00","currency":"EUR","props":{"n":1,"o":{"p":[true]}}}`), touchpoint.Touch{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := touchpoint.NewWriter(&b, touchpoint.CSV)
	if err := errors.Join(w.Write(tp), w.Flush()); err != nil {
		t.Fatal(err)
	}
	recs := decodeMapping(t, m, b.String()+"1,2\n", nil)
	if got, want := string(recs[0].Touches[0].AppendJSON(nil)), string(tp.AppendJSON(nil)); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if len(recs) != 2 || recs[1].Err == nil || recs[1].Line != 3 {
		t.Errorf("%+v", recs[1])
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

// What identity rightly refuses, two contact ids in one person, the override of the
// system of record allows.
func TestMergedContactsAreOnePerson(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Preset("hubspot-merge")
	if err != nil {
		t.Fatal(err)
	}
	rec := decodeMapping(t, m, "canonical_vid,vid_to_merge,timestamp\n5,7,2026-06-01 00:00:00\n", nil)[0]
	for _, with := range []bool{false, true} {
		g, err := identity.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		g.See(rec.Touches[0].Sighting())
		if with {
			for _, err := range g.Apply(rec.Overrides...) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		r := g.Resolve(rec.Touches[0].At)
		a, _ := r.Person(identity.MakeID(identity.CRMContactID, "5"))
		b, _ := r.Person(identity.MakeID(identity.CRMContactID, "7"))
		if (a.ID == b.ID) != with {
			t.Errorf("with the override %v: %v and %v", with, a.ID, b.ID)
		}
	}
}

func TestParticipantsStayApart(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Parse([]byte(`{"source":"crm","id":"no","at":"at","kind":{"const":"meeting"},"cost":"cost","currency":{"const":"EUR"},
		"ids":[{"type":"crm_account_id","col":"acc"}],"participants":{"type":"email","col":"who","split":";"}}`))
	if err != nil {
		t.Fatal(err)
	}
	o := &ingest.Options{Touch: &touchpoint.Options{OwnDomains: []string{"ours.example"}}}
	recs := decodeMapping(t, m, "no,at,cost,acc,who\n1,2026-06-01T00:00:00Z,100.00,acme,a@x.example; b@x.example;c@x.example;me@ours.example\n"+
		"2,2026-06-01T00:00:00Z,1,acme,me@ours.example\n3,2026-06-01T00:00:00Z,1,,\n", o)
	var sum touchpoint.Money
	for _, tp := range recs[0].Touches {
		if sum, err = sum.Add(tp.Cost); err != nil {
			t.Fatal(err)
		}
		if len(tp.IDs) != 2 {
			t.Errorf("%s", tp.AppendJSON(nil))
		}
	}
	if len(recs[0].Touches) != 3 || sum.String() != "100.00 EUR" || len(recs[1].Touches) != 1 || recs[2].Err == nil {
		t.Errorf("%d touches of %s, %d, %v", len(recs[0].Touches), sum, len(recs[1].Touches), recs[2].Err)
	}
}

// I1: any mapping and any bytes end typed, without a panic.
func FuzzMapping(f *testing.F) {
	f.Add([]byte(july))
	f.Add([]byte(`{"emit":"relation","person":{"type":"email","col":"a"},"account":{"type":"domain","col":"b","split":";"},"from":"c"}`))
	f.Add([]byte(`{"where":[{"col":"a","op":"regex","value":"("}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := csvmap.Parse(data)
		if err != nil {
			return
		}
		d, err := m.Decoder(nil)
		if err != nil {
			return
		}
		for rec, err := range d.Decode(strings.NewReader("a,b,c\n1,2,3\n"), time.Time{}) {
			_, _ = rec, err
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"customer_id,time,interaction,conversion,conversion_value,channel\nA,2018-07-22T20:40:41Z,impression,0,0,\"F\nB\"\n",
		"\ufeffa,b\n\"", "a,a\n", "\"\"\"\n\n\r\n,"} {
		f.Add([]byte(s))
	}
	m, err := csvmap.Preset("touch")
	if err != nil {
		f.Fatal(err)
	}
	j, err := csvmap.Parse([]byte(july))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []*csvmap.Mapping{m, j} {
			d, err := m.Decoder(nil)
			if err != nil {
				t.Fatal(err)
			}
			for rec, err := range d.Decode(strings.NewReader(string(data)), time.Time{}) {
				var column *csvmap.ColumnError
				if err == nil {
					err = rec.Err
				}
				if err != nil && !errors.Is(err, touchpoint.ErrInvalid) && !errors.As(err, &column) {
					t.Fatalf("untyped %v", err)
				}
				for _, tp := range rec.Touches {
					if err := tp.Validate(nil); err != nil {
						t.Fatalf("%v of %s", err, tp.AppendJSON(nil))
					}
				}
			}
		}
	})
}

func ExampleParse() {
	m, err := csvmap.Parse([]byte(`{
		"source": "shop", "at": {"col": "sold", "zone": "Asia/Tokyo"}, "kind": {"const": "order"},
		"ids": [{"type": "user_id", "col": "customer"}],
		"value": {"col": "amount", "group": ","}, "currency": {"const": "JPY"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, _ := m.Decoder(nil)
	for rec, err := range d.Decode(strings.NewReader("sold,customer,amount\n2026/06/01 09:30,c7,\"5,400\"\n"), time.Time{}) {
		if err != nil || rec.Err != nil {
			fmt.Println(err, rec.Err)
			continue
		}
		for _, tp := range rec.Touches {
			fmt.Println(tp.At.Format(time.RFC3339), tp.Kind, tp.Value)
		}
	}
	// Output: 2026-06-01T00:30:00Z order 5400 JPY
}
