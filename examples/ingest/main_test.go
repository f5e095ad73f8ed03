package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

type result struct {
	out, err string
	code     int
}

// last returns the last line of standard error.
func (r result) last() string { return blackbox.Last(r.err) }

func ingestWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	out, errs, code := blackbox.Run(t, stdin, args...)
	return result{out, errs, code}
}

func tally(offered, accepted, duplicate, conflict, rejected int) string {
	return fmt.Sprintf("offered=%d accepted=%d duplicate=%d conflict=%d rejected=%d", offered, accepted, duplicate, conflict, rejected)
}

// shared returns the files that match a pattern below the folder of local checks, and
// skips where it is absent.
func shared(t *testing.T, pattern ...string) []string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(append([]string{blackbox.Shared(t, "data/ingest")}, pattern...)...))
	if len(files) == 0 {
		t.Skip("the shared data lacks", pattern)
	}
	return files
}

// inner returns the member of each line of a file, as lines.
func inner(t *testing.T, path, member string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		b.Write(m[member])
		b.WriteByte('\n')
	}
	return b.String()
}

func TestPublishedPayloads(t *testing.T) {
	t.Parallel()
	one := func(pattern ...string) string { return shared(t, pattern...)[0] }
	analytics := func(name string) string { return one("payloads", "analytics-go", name) }
	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		want  string
		code  int
	}{
		{"analytics-go", append([]string{"-from", "segment"}, shared(t, "payloads", "analytics-go", "*.json")...), "", tally(14, 2, 3, 9, 0), 1},
		{"analytics-go, many", []string{"-from", "segment", analytics("test-many-track.json")}, "", tally(3, 1, 0, 2, 0), 1},
		{"analytics-go, page", []string{"-from", "segment", analytics("test-enqueue-page.json")}, "", tally(1, 1, 0, 0, 0), 0},
		{"analytics-go, alias", []string{"-from", "segment", analytics("test-enqueue-alias.json")}, "", tally(1, 1, 0, 0, 0), 0},
		{"posthog-go, capture v1", []string{"-from", "posthog", one("payloads", "posthog-go", "test-enqueue-capture-v1.json")}, "", tally(6, 6, 0, 0, 0), 0},
		{"Segment's documentation", []string{"-from", "segment", "-default-at", "2026-06-01T00:00:00Z", "-"},
			inner(t, one("payloads", "segment-docs", "spec-examples.jsonl"), "payload"), tally(71, 67, 0, 1, 3), 1},
		{"CloudEvents' specification", []string{"-from", "cloudevents", "-"},
			inner(t, one("payloads", "cloudevents", "spec-examples.jsonl"), "event"), tally(9, 1, 0, 0, 8), 1},
		{"Snowplow", []string{"-from", "snowplow", one("payloads", "snowplow", "enriched-event.tsv")}, "", tally(1, 1, 0, 0, 0), 0},
		{"GA4", []string{"-from", "ga4", one("payloads", "ga4", "*.jsonl")}, "", tally(2, 2, 0, 0, 0), 0},
	} {
		if got := ingestWith(t, c.stdin, c.args...); got.last() != c.want || got.code != c.code {
			t.Errorf("%s: exit %d, %s\nwant exit %d, %s", c.name, got.code, got.err, c.code, c.want)
		}
	}
	got := ingestWith(t, "", append([]string{"-from", "posthog"}, shared(t, "payloads", "posthog-go", "*.json")...)...)
	var offered, accepted, duplicate, conflict, rejected int
	_, _ = fmt.Sscanf(got.last(), "offered=%d accepted=%d duplicate=%d conflict=%d rejected=%d", &offered, &accepted, &duplicate, &conflict, &rejected)
	if offered != 22 || accepted != 18 || duplicate+conflict != 4 || rejected != 0 {
		t.Errorf("posthog-go: %s", got.err)
	}
	for what, in := range map[string][2]string{
		`"at":"2013-11-26T00:03:57.885Z"`:                    {"snowplow", one("payloads", "snowplow", "enriched-event.tsv")},
		`"id":"c6ef3124-b53a-4b13-a233-0088f79dcbcb"`:        {"snowplow", one("payloads", "snowplow", "enriched-event.tsv")},
		`{"type":"anonymous_id","value":"bc2e92ec6c204a14"}`: {"snowplow", one("payloads", "snowplow", "enriched-event.tsv")},
		`"channel":"Email","touchpoint":"shop.example.com/","campaign":{"source":"newsletter","medium":"email","name":"june"}`: {"ga4", one("payloads", "ga4", "*.jsonl")},
		`"value":"5400","currency":"JPY"`: {"ga4", one("payloads", "ga4", "*.jsonl")},
		`"ids":[{"type":"email","value":"user-22@example.com"},{"type":"user_id","value":"user-22"}]`: {"posthog", one("payloads", "posthog-go", "test-enqueue-capture-v1.json")},
		`"ids":[{"type":"group_id","value":"company:acme"}]`:                                          {"posthog", one("payloads", "posthog-go", "test-enqueue-capture-v1.json")},
	} {
		if got := ingestWith(t, "", "-from", in[0], in[1]); !strings.Contains(got.out, what) {
			t.Errorf("%s is not in\n%s", what, got.out)
		}
	}
}

func TestExportsOfCRMs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		preset, file string
		more         []string
		want         string
		before       string
		code         int
	}{
		{"hubspot-merge", "hubspot/contact_merge_audit_data.csv", nil, tally(4, 4, 0, 0, 0), "overrides=4\n", 0},
		{"hubspot-form", "hubspot/contact_form_submission_data.csv", nil, tally(5, 5, 0, 0, 0), "", 0},
		{"hubspot-email-event", "hubspot/email_event_data.csv", nil, tally(100, 100, 0, 0, 0), "", 0},
		{"hubspot-deal-stage", "hubspot/deal_stage_data.csv", nil, tally(14, 14, 0, 0, 0), "", 0},
		{"hubspot-meeting", "hubspot/engagement_meeting_data.csv", nil, tally(100, 0, 0, 0, 100), "", 1},
		{"hubspot-engagement", "hubspot/engagement_call_data.csv", []string{"-table", "contacts=" + shared(t, "crm", "hubspot", "engagement_contact_data.csv")[0]}, tally(1, 1, 0, 0, 0), "", 0},
		{"hubspot-engagement", "hubspot/engagement_task_data.csv", []string{"-table", "companies=" + shared(t, "crm", "hubspot", "engagement_company_data.csv")[0],
			"-table", "deals=" + shared(t, "crm", "hubspot", "engagement_deal_data.csv")[0]}, tally(2, 0, 0, 0, 2), "", 1},
		{"salesforce-task", "salesforce/sf_task_data.csv", nil, tally(10, 10, 0, 0, 0), "", 0},
		{"salesforce-event", "salesforce/sf_event_data.csv", nil, tally(10, 10, 0, 0, 0), "", 0},
		{"salesforce-opportunity-history", "salesforce/sf_opportunity_history_data.csv", []string{"-currency", "USD"}, tally(10, 10, 0, 0, 0), "", 0},
		{"salesforce-lead-conversion", "salesforce/sf_lead_data.csv", nil, tally(1, 1, 0, 0, 0), "", 0},
		{"salesforce-contact", "salesforce/sf_contact_data.csv", nil, tally(0, 0, 0, 0, 0), "skipped=1\nrelations=3\n", 0},
	} {
		args := append([]string{"-from", "csv", "-map", "preset:" + c.preset}, c.more...)
		got := ingestWith(t, "", append(args, shared(t, "crm", filepath.FromSlash(c.file))[0])...)
		if got.err != c.before+c.want+"\n" || got.code != c.code {
			t.Errorf("%s %s: exit %d, %s\nwant exit %d, %s", c.preset, c.file, got.code, got.err, c.code, c.want)
		}
	}
}

// messages returns lines of Segment messages with distinct ids.
func messages(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"type":"track","event":"E%d","messageId":"m%d","userId":"u%d","timestamp":"2026-06-%02dT00:00:00Z","properties":{"n":%d}}`,
			i%7, i, i%5, 1+i%28, i))
	}
	return out
}

// I4: shuffled, split over files or gzipped, the output is the same to the byte.
func TestI4TheOrderOfTheInputIsNotSeen(t *testing.T) {
	t.Parallel()
	lines := messages(300)
	want := ingestWith(t, "", "-from", "segment", blackbox.File(t, "a.jsonl", strings.Join(lines, "\n")))
	if want.last() != tally(300, 300, 0, 0, 0) || strings.Count(want.out, "\n") != 300 {
		t.Fatal(want.err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	all := strings.Join(lines, "\n")
	array := "[" + strings.Join(lines, ",\n") + "]"
	for name, args := range map[string][]string{
		"shuffled": {blackbox.File(t, "b.jsonl", all)}, "gzipped": {blackbox.File(t, "b.ndjson.gz", all)}, "an array": {blackbox.File(t, "b.json", array)},
		"a batch":    {blackbox.File(t, "b.json.gz", `{"batch":`+array+`,"sentAt":"2026-06-30T00:00:00Z"}`)},
		"split":      {blackbox.File(t, "b.jsonl", strings.Join(lines[:77], "\n")), blackbox.File(t, "c.jsonl", strings.Join(lines[77:], "\n"))},
		"any suffix": {blackbox.File(t, "b.log", all)},
	} {
		if got := ingestWith(t, "", append([]string{"-from", "segment"}, args...)...); got.out != want.out || got.code != 0 {
			t.Errorf("%s: other output, exit %d, %s", name, got.code, got.err)
		}
	}
	if got := ingestWith(t, all, "-from", "segment"); got.out != want.out {
		t.Error("standard input: other output")
	}
	// I3: what was written reads back as itself, and twice is once.
	touches := blackbox.File(t, "t.jsonl", want.out)
	if got := ingestWith(t, "", "-from", "touch", touches, touches); got.out != want.out || got.last() != tally(600, 300, 300, 0, 0) {
		t.Errorf("canonical touches: %s", got.err)
	}
	table := ingestWith(t, "", "-from", "touch", "-as", "csv", touches)
	if got := ingestWith(t, table.out, "-from", "touch", "-format", "csv"); got.out != want.out {
		t.Errorf("by way of CSV: %s", got.err)
	}
}

// forms are how the formats write the same message, and another under its key.
var forms = map[string]struct {
	args, suffix string
	head         string
	good, other  func(i int) string
	broken       []string
}{
	"segment": {suffix: ".jsonl",
		good: func(i int) string {
			return fmt.Sprintf(`{"type":"track","event":"E","messageId":"m%d","userId":"u%d","timestamp":"2026-06-01T00:00:00Z","properties":{"n":%d}}`, i, i%5, i)
		},
		other: func(i int) string {
			return fmt.Sprintf(`{"type":"track","event":"F","messageId":"m%d","userId":"u%d","timestamp":"2026-06-01T00:00:00Z","properties":{"n":%d}}`, i, i%5, i)
		},
		broken: []string{`{"type":"track"`, `{"type":"track","event":"A","timestamp":"x","userId":"u"}`, `{"type":"track","event":"A","userId":"u"}`,
			`{"type":"track","event":"A","timestamp":"2026-06-01T00:00:00Z"}`, `{"a":"\ud800"}`, `{"a":1,"A":2}`, "\xff", `7`,
			`{"type":"track","event":"Order Completed","userId":"u","timestamp":"2026-06-01T00:00:00Z","properties":{"revenue":"NaN"}}`,
			`{"type":"track","event":"A","userId":"u\u0000","timestamp":"2026-06-01T00:00:00Z"}`, strings.Repeat("[", 100_000),
			`{"type":"track","event":"A","userId":"u","timestamp":"1969-06-01T00:00:00Z"}`, `{"type":"track","event":"A","userId":"` + strings.Repeat("u", 513) + `","timestamp":"2026-06-01T00:00:00Z"}`}},
	"posthog": {suffix: ".jsonl",
		good: func(i int) string {
			return fmt.Sprintf(`{"uuid":"e%d","event":"E","distinct_id":"u%d","timestamp":"2026-06-01T00:00:00Z"}`, i, i%5)
		},
		other: func(i int) string {
			return fmt.Sprintf(`{"uuid":"e%d","event":"F","distinct_id":"u%d","timestamp":"2026-06-01T00:00:00Z"}`, i, i%5)
		},
		broken: []string{`{}`, `{"event":"E","distinct_id":true,"timestamp":"2026-06-01T00:00:00Z"}`, `{"event":"E","distinct_id":"u","timestamp":0}`,
			`{"event":"E","distinct_id":"u","timestamp":"2026-06-01T00:00:00Z","properties":{"revenue":1e99,"currency":"USD"}}`}},
	"cloudevents": {suffix: ".jsonl",
		good: func(i int) string {
			return fmt.Sprintf(`{"specversion":"1.0","id":"%d","source":"/s","type":"t","subject":"u%d","time":"2026-06-01T00:00:00Z","data":{"n":1}}`, i, i%5)
		},
		other: func(i int) string {
			return fmt.Sprintf(`{"specversion":"1.0","id":"%d","source":"/s","type":"t","subject":"u%d","time":"2026-06-01T00:00:00Z","data":{"n":2}}`, i, i%5)
		},
		broken: []string{`{"specversion":"2.0"}`, `{"specversion":"1.0","id":"x","source":"/s","type":"t","time":"2026-06-01T00:00:00Z"}`,
			`{"specversion":"1.0","id":"","source":"/s","type":"t","subject":"u","time":"2026-06-01T00:00:00Z"}`}},
	"snowplow": {suffix: ".tsv",
		good:   func(i int) string { return enriched(i, "page_view") },
		other:  func(i int) string { return enriched(i, "page_ping") },
		broken: []string{"x", enriched(-1, ""), enriched(-1, "transaction") + "\t", strings.Replace(enriched(-1, "page_view"), "2026-06-01", "June", 1)}},
	"ga4": {suffix: ".jsonl",
		good: func(i int) string {
			return fmt.Sprintf(`{"event_timestamp":"1780272000000000","event_name":"page_view","user_pseudo_id":"u%d","batch_event_index":%d}`, i%5, i)
		},
		other: func(i int) string {
			return fmt.Sprintf(`{"event_timestamp":"1780272000000000","event_name":"page_view","user_pseudo_id":"u%d","batch_event_index":%d,"user_id":"x"}`, i%5, i)
		},
		broken: []string{`{"event_name":"page_view"}`, `{"event_timestamp":"1780272000000000","event_name":"page_view"}`,
			`{"event_timestamp":"1780272000000000","event_name":"purchase","user_pseudo_id":"u","event_params":[{"key":"value","value":{"int_value":1}}]}`}},
	"csv": {suffix: ".csv", args: "-map", head: "no,at,kind,who,amount",
		good:   func(i int) string { return fmt.Sprintf("%d,2026-06-01T00:00:00Z,order,u%d,5.00", i, i%5) },
		other:  func(i int) string { return fmt.Sprintf("%d,2026-06-01T00:00:00Z,order,u%d,6.00", i, i%5) },
		broken: []string{"1,2", "1,never,order,u,1", "1,2026-06-01T00:00:00Z,order,,1", "1,2026-06-01T00:00:00Z,order,u,NaN", `1,2026-06-01T00:00:00Z,order,u"u,1`, "1,2026-06-01T00:00:00Z,order,u\xff,1"}},
	"touch": {suffix: ".jsonl",
		good: func(i int) string {
			return fmt.Sprintf(`{"source":"s","id":"%d","at":"2026-06-01T00:00:00Z","kind":"note","ids":[{"type":"user_id","value":"u%d"}]}`, i, i%5)
		},
		other: func(i int) string {
			return fmt.Sprintf(`{"source":"s","id":"%d","at":"2026-06-01T00:00:01Z","kind":"note","ids":[{"type":"user_id","value":"u%d"}]}`, i, i%5)
		},
		broken: []string{`{"source":"s"`, `{"source":"s","id":"x","at":"2026-06-01T00:00:00Z","kind":"note"}`, `{}`, `[]`}},
}

// enriched is a Snowplow event.
func enriched(i int, event string) string {
	f := make([]string, 131)
	f[4], f[5], f[6], f[12] = "2026-06-01 00:00:00", event, fmt.Sprint("e", i), fmt.Sprint("u", i%5)
	return strings.Join(f, "\t")
}

// Messages with known truth: 10 % resent, 5 % conflicting, 5 % broken. TABI_LONG asks for
// 100,000 of each format.
func TestTheTallyOfGeneratedMessagesIsExact(t *testing.T) {
	t.Parallel()
	n := 1000
	if os.Getenv("TABI_LONG") != "" {
		n = 100_000
	}
	mapping := blackbox.File(t, "m.json", `{"source":"s","id":"no","at":"at","kind":"kind","ids":[{"type":"user_id","col":"who"}],"value":"amount","currency":{"const":"EUR"}}`)
	for from, form := range forms {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, 0))
			var lines []string
			if form.head != "" {
				lines = append(lines, form.head)
			}
			offered, duplicate, conflict, rejected := n, 0, 0, 0
			for i := range n {
				lines = append(lines, form.good(i))
				switch x := rng.IntN(20); {
				case x < 2:
					lines = append(lines, form.good(rng.IntN(i+1)))
					duplicate++
				case x < 3:
					lines = append(lines, form.other(rng.IntN(i+1)))
					conflict++
				case x < 4:
					lines = append(lines, form.broken[rng.IntN(len(form.broken))])
					rejected++
				}
			}
			offered += duplicate + conflict + rejected
			dead := filepath.Join(t.TempDir(), "dead.jsonl")
			args := []string{"-from", from, "-dead", dead}
			if form.args != "" {
				args = append(args, form.args, mapping)
			}
			got := ingestWith(t, "", append(args, blackbox.File(t, "in"+form.suffix, strings.Join(lines, "\n")))...)
			if want := tally(offered, n, duplicate, conflict, rejected); got.last() != want || got.code != 1 {
				t.Errorf("exit %d, %s, want %s", got.code, got.last(), want)
			}
			letters, err := os.ReadFile(dead)
			if err != nil || bytes.Count(letters, []byte("\n")) != conflict+rejected || bytes.Contains(letters, []byte("uuuu")) {
				t.Errorf("%d letters, %v", bytes.Count(letters, []byte("\n")), err)
			}
		})
	}
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	in := blackbox.File(t, "a.jsonl", `{"type":"track","event":"A","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z"}
{"type":"track","event":"B","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z"}
{"type":"track","event":"B","messageId":"m2","userId":"secret"}
`)
	want := []string{
		`{"file":` + quote(in) + `,"index":1,"line":2,"source":"segment","reason":"conflict","field":"","fields":["touchpoint"]}`,
		`{"file":` + quote(in) + `,"index":2,"line":3,"source":"","reason":"missing","field":"at","fields":null}`,
	}
	got := ingestWith(t, "", "-from", "segment", "-dead", dead, in)
	if data, _ := os.ReadFile(dead); string(data) != strings.Join(want, "\n")+"\n" || got.code != 1 {
		t.Errorf("exit %d, letters\n%s, want\n%s", got.code, data, strings.Join(want, "\n"))
	}
	ingestWith(t, "", "-from", "segment", "-dead", dead, "-dead-raw", in)
	if data, _ := os.ReadFile(dead); !strings.Contains(string(data), `"raw":"{\"type\":\"track\",\"event\":\"B\",\"messageId\":\"m2\",\"userId\":\"secret\"}"`) {
		t.Errorf("no raw message in\n%s", data)
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// I10: under the defaults no click id, query, address or user agent is in any output.
func TestI10NothingThatNamesSomebodyLeavesButTheIdentifiers(t *testing.T) {
	t.Parallel()
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	in := `{"writeKey":"KEY","batch":[{"type":"page","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z","context":{"ip":"192.0.2.7","userAgent":"Agent7"},
		"properties":{"url":"https://bob:pass@x.example/a?gclid=CLICK&q=query&utm_source=s#frag","referrer":"https://y.example/?fbclid=CLICK","gclid":"CLICK","token":"x"}},
		{"type":"page","messageId":"m2","userId":"u1","properties":{"url":"https://x.example/?gclid=CLICK"}}]}`
	for _, from := range []string{"segment"} {
		got := ingestWith(t, in, "-from", from, "-dead", dead)
		letters, err := os.ReadFile(dead)
		if err != nil || len(letters) == 0 {
			t.Fatalf("dead letters %q, %v", letters, err)
		}
		for _, secret := range []string{"CLICK", "query", "frag", "pass", "192.0.2", "Agent7", "KEY"} {
			if all := got.out + got.err + string(letters); strings.Contains(all, secret) {
				t.Errorf("%s is in\n%s", secret, all)
			}
		}
		if !strings.Contains(got.out, `"click_ids":["fbclid","gclid"]`) || !strings.Contains(got.out, `"url":"https://x.example/a?utm_source=s"`) {
			t.Errorf("%s%s", got.out, got.err)
		}
	}
}

func TestMergedContactsAndSideOutputs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	over, rel, con := filepath.Join(dir, "o.jsonl"), filepath.Join(dir, "r.csv"), filepath.Join(dir, "c.csv")
	merges := blackbox.File(t, "m.csv", "canonical_vid,vid_to_merge,timestamp\n5,7,2026-06-01 00:00:00\n5,7,2026-06-01 00:00:00\n")
	got := ingestWith(t, "", "-from", "csv", "-map", "preset:hubspot-merge", "-overrides-out", over, merges)
	if data, _ := os.ReadFile(over); strings.Count(string(data), "\n") != 1 ||
		!strings.Contains(string(data), `"at":"2026-06-01T00:00:00Z","actor":"hubspot","reason":"merge audit","a":{"type":"crm_contact_id","value":"5"},"b":{"type":"crm_contact_id","value":"7"},"force":true}`) {
		t.Errorf("%s%s", data, got.err)
	}
	contacts := blackbox.File(t, "c.csv", "id,account_id,is_deleted,created_date\nb,=x,,2026-06-01 00:00:00\na,y,,2026-06-01 00:00:00\n")
	ingestWith(t, "", "-from", "csv", "-map", "preset:salesforce-contact", "-relations-out", rel, contacts)
	want := `person_type,person_value,account_type,account_value,role,primary,from,to,source,id,at
crm_contact_id,a,crm_account_id,y,,false,2026-06-01T00:00:00Z,,salesforce,a,2026-06-01T00:00:00Z
crm_contact_id,b,crm_account_id,'=x,,false,2026-06-01T00:00:00Z,,salesforce,b,2026-06-01T00:00:00Z
`
	if data, _ := os.ReadFile(rel); string(data) != want {
		t.Errorf("%s, want\n%s", data, want)
	}
	ingestWith(t, "", "-from", "csv", "-map", "preset:salesforce-contact", "-consents-out", con, contacts)
	if data, _ := os.ReadFile(con); string(data) != "type,value,purpose,status,scope,at,source,proof\n" {
		t.Errorf("%s", data)
	}
}

// T11 and identity's rule that one touch is one person: attendees stay apart.
func TestAMeetingIsOneTouchAParticipant(t *testing.T) {
	t.Parallel()
	meetings := blackbox.File(t, "m.csv", "engagement_id,start_time,end_time,meeting_outcome,title\n9,2026-06-01 9:00:00,2026-06-01 10:00:00,COMPLETED,Demo\n")
	contacts := blackbox.File(t, "c.csv", "engagement_id,contact_id\n9,1\n8,4\n9,2\n9,3\n")
	companies := blackbox.File(t, "k.csv", "company_id,engagement_id\nacme,9\n")
	got := ingestWith(t, "", "-from", "csv", "-map", "preset:hubspot-meeting", "-table", "contacts="+contacts, "-table", "companies="+companies, meetings)
	if got.last() != tally(3, 3, 0, 0, 0) || strings.Count(got.out, `"activity_id":"9"`) != 3 || strings.Count(got.out, `"value":"acme"`) != 3 ||
		strings.Count(got.out, `"duration_s":3600`) != 3 || strings.Count(got.out, "crm_contact_id") != 3 {
		t.Errorf("%s%s", got.out, got.err)
	}
}

func TestExitStatusAndMessages(t *testing.T) {
	t.Parallel()
	good := blackbox.File(t, "good.jsonl", messages(1)[0])
	table := blackbox.File(t, "t.csv", "a,b\n1,2\n")
	mapping := blackbox.File(t, "m.json", `{"kind":"a","at":"b","ids":[{"type":"user_id","col":"c"}]}`)
	typo := blackbox.File(t, "typo.json", `{"kinds":"a"}`)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-from", "segment", good}, 0, tally(1, 1, 0, 0, 0)},
		{[]string{"-h"}, 0, "-from"},
		{[]string{"-from", "segment", blackbox.File(t, "broken.json", messages(1)[0][:20])}, 1, "broke off"},
		{[]string{"-from", "segment", blackbox.File(t, "x.json", messages(1)[0]+"]"), good}, 1, tally(2, 1, 1, 0, 0)},
		{[]string{good}, 2, "-from is required"},
		{[]string{"-from", "segments", good}, 2, "unknown format"},
		{[]string{"-from", "segment", "/no/such/file"}, 2, "no such file"},
		{[]string{"-from", "segment", "-skew", "guess", good}, 2, "-skew must be one of"},
		{[]string{"-from", "segment", "-nope", good}, 2, "nope"},
		{[]string{"-from", "segment", "-map", mapping, good}, 2, "-map"},
		{[]string{"-from", "csv", table}, 2, "-map"},
		{[]string{"-from", "csv", "-map", typo, table}, 2, "kinds: unknown key"},
		{[]string{"-from", "csv", "-map", mapping, table}, 2, `no column "c"`},
		{[]string{"-from", "csv", "-map", "preset:hubspot", table}, 2, "there are hubspot-deal-stage"},
		{[]string{"-from", "csv", "-map", "preset:hubspot-meeting", "-table", "contact=" + table, table}, 2, `no table "contact"`},
		{[]string{"-from", "segment", "-currency", "XXY", good}, 2, "-currency"},
		{[]string{"-from", "segment", "-tz", "Mars/City", good}, 2, "-tz"},
		{[]string{"-from", "segment", "-vocab", typo, good}, 2, "typo.json"},
		{[]string{"-from", "segment", "-identity", typo, good}, 2, "typo.json"},
		{[]string{"-from", "segment", "-now", "today", good}, 2, "RFC 3339"},
		{[]string{"-from", "segment", "-dead-raw", good}, 2, "-dead"},
	} {
		if got := ingestWith(t, "", c.args...); got.code != c.code || !strings.Contains(got.err, c.says) {
			t.Errorf("%v: exit %d, %s\nwant exit %d, %s", c.args, got.code, got.err, c.code, c.says)
		}
	}
}

func TestClockAndDefaults(t *testing.T) {
	t.Parallel()
	late := `{"type":"track","event":"A","userId":"u1","timestamp":"2026-06-03T00:00:00Z"}`
	if got := ingestWith(t, late, "-from", "segment", "-now", "2026-06-01T00:00:00Z"); got.last() != tally(1, 0, 0, 0, 1) {
		t.Errorf("after tomorrow: %s", got.err)
	}
	none := `{"type":"track","event":"Order Completed","userId":"u1","properties":{"revenue":5}}`
	got := ingestWith(t, none, "-from", "segment", "-default-at", "2026-06-01T00:00:00Z", "-source", "shop", "-currency", "EUR")
	if !strings.Contains(got.out, `{"source":"shop"`) || !strings.Contains(got.out, `"at":"2026-06-01T00:00:00Z"`) || !strings.Contains(got.out, `"currency":"EUR"`) {
		t.Errorf("%s%s", got.out, got.err)
	}
	skewed := `{"type":"track","event":"A","userId":"u1","originalTimestamp":"2026-06-01T05:00:00Z","sentAt":"2026-06-01T05:00:00Z","receivedAt":"2026-06-01T00:00:00Z"}`
	for skew, at := range map[string]string{"keep": "05", "correct": "00", "received": "00"} {
		if got := ingestWith(t, skewed, "-from", "segment", "-skew", skew); !strings.Contains(got.out, `"at":"2026-06-01T`+at+`:00:00Z"`) {
			t.Errorf("-skew %s: %s%s", skew, got.out, got.err)
		}
	}
}

func TestMixedSpellingsBecomeOneChannel(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "report.json")
	var in strings.Builder
	in.WriteString("source,id,at,kind,channel,id.user_id\n")
	for i, c := range []string{"Ｅメール", "e-mail", "メルマガ", "ﾒｰﾙ", "(not set)", "", "Rundbrief", "Zeppelin"} {
		fmt.Fprintf(&in, "s,%d,2026-06-01T00:00:00Z,event,%s,u1\n", i, c)
	}
	vocab := blackbox.File(t, "v.csv", "field,from,to,source\nchannel,rundbrief,Email,\n")
	got := ingestWith(t, in.String(), "-from", "touch", "-vocab", vocab, "-report", report)
	if n := strings.Count(got.out, `"channel":"Email"`); n != 5 || got.last() != tally(8, 8, 0, 0, 0) {
		t.Errorf("%d mails in\n%s%s", n, got.out, got.err)
	}
	data, _ := os.ReadFile(report)
	for _, want := range []string{`"field": "channel"`, `"value": "Zeppelin"`, `"nulls": 1`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in\n%s", want, data)
		}
	}
}

func TestTwinsAreWrittenAsOne(t *testing.T) {
	t.Parallel()
	line := func(source, id, at, user, more string) string {
		return fmt.Sprintf(`{"source":"%s","id":"%s","at":"2026-06-01T00:00:%sZ","kind":"order","ids":[{"type":"user_id","value":"%s"}],"value":"5.00","currency":"EUR","props":{"order_id":"o1"%s}}`+"\n", source, id, at, user, more)
	}
	in := line("shop", "1", "00", "u1", "") + line("web", "a", "03", "u1", `,"page":"thanks"`) + line("web", "b", "03", "u2", "") + line("web", "c", "03", "null", "") + line("shop", "2", "03", "null", "")
	got := ingestWith(t, in, "-from", "touch", "-twins", "-rank", "shop,web")
	if strings.Count(got.out, "\n") != 4 || strings.Count(got.out, `"twins":[{"id":"a","source":"web"}]`) != 1 || !strings.Contains(got.out, `"twin_why":[`) ||
		!strings.Contains(got.err, "twins=1\n") || got.last() != tally(5, 5, 0, 0, 0) || got.code != 0 {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
	if got := ingestWith(t, in, "-from", "touch"); strings.Count(got.out, "\n") != 5 {
		t.Errorf("without -twins:\n%s", got.out)
	}
}

// I6: the channel is the same whatever is masked, and the click id leaves nowhere.
func TestChannelsAndBots(t *testing.T) {
	t.Parallel()
	page := func(url, referrer, agent string) string {
		return fmt.Sprintf(`{"type":"page","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z","properties":{"url":%s,"referrer":%s},"context":{"userAgent":%s}}`,
			quote(url), quote(referrer), quote(agent))
	}
	rules := blackbox.File(t, "rules.json", `{"base":"ga4","rules":[{"name":"letters","channel":"Letters","combiner":"AND","items":[{"field":"medium","op":"exact","value":"newsletter"}]}]}`)
	bot := "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	for _, c := range []struct {
		name string
		in   string
		args []string
		want string
	}{
		{"search", page("https://x.example/", "https://www.google.com/", ""), nil, `"channel":"Organic Search"`},
		{"a paid click", page("https://x.example/?gclid=CLICK", "https://www.google.com/", ""), nil, `"channel":"Paid Search"`},
		{"a paid click, unmasked", page("https://x.example/?gclid=CLICK", "", ""), []string{"-url", "full", "-clickids", "keep"}, `"channel":"Paid Search"`},
		{"a paid click, all masked", page("https://x.example/?gclid=CLICK", "", ""), []string{"-url", "no-query", "-clickids", "drop"}, `"channel":"Paid Search"`},
		{"one's own site", page("https://x.example/", "https://shop.example.net/", ""), []string{"-own", "shop.example.net"}, `"channel":"Direct"`},
		{"a payment page", page("https://x.example/", "https://checkout.stripe.com/pay", ""), []string{"-exclude", "payments"}, `"channel":"Direct"`},
		{"off", page("https://x.example/", "https://www.google.com/", ""), []string{"-channel", "off"}, `"kind":"pageview","touchpoint"`},
		{"rules of one's own", page("https://x.example/?utm_source=a&utm_medium=newsletter", "", ""), []string{"-channel", rules}, `"channel":"Letters"`},
		{"a bot", page("https://x.example/", "", bot), nil, `"bot":true`},
		{"a bot, refused", page("https://x.example/", "", bot), []string{"-bots", "reject"}, tally(1, 0, 0, 0, 1)},
		{"a bot, with channels off", page("https://x.example/", "", bot), []string{"-channel", "off"}, `"bot":true`},
	} {
		got := ingestWith(t, c.in, append([]string{"-from", "segment"}, c.args...)...)
		if !strings.Contains(got.out+got.err, c.want) {
			t.Errorf("%s: %s%s, want %s", c.name, got.out, got.err, c.want)
		}
		if strings.Contains(got.out, "CLICK") && !strings.Contains(c.name, "unmasked") {
			t.Errorf("%s: %s", c.name, got.out)
		}
	}
	for _, args := range [][]string{{"-channel", "/no/such"}, {"-channel", blackbox.File(t, "typo.json", `{"rule":[]}`)}, {"-exclude", "payment"}, {"-own", "a b"}, {"-bots", "maybe"}} {
		if got := ingestWith(t, "", append([]string{"-from", "segment"}, args...)...); got.code != 2 {
			t.Errorf("%v: exit %d, %s", args, got.code, got.err)
		}
	}
}

func TestTouchpointsAreNamedByTheCatalogue(t *testing.T) {
	t.Parallel()
	catalogue := blackbox.File(t, "c.json", `[{"name":"Pricing page","match":[{"url":"x.example/pricing*"}]}]`)
	in := `{"type":"page","messageId":"m1","userId":"u1","timestamp":"2026-06-01T00:00:00Z","properties":{"url":"https://x.example/pricing-eu?utm_source=s"}}`
	if got := ingestWith(t, in, "-from", "segment", "-catalogue", catalogue); !strings.Contains(got.out, `"touchpoint":"Pricing page"`) {
		t.Errorf("%s%s", got.out, got.err)
	}
	if got := ingestWith(t, in, "-from", "segment", "-catalogue", blackbox.File(t, "typo.json", `[{"nme":"x"}]`)); got.code != 2 {
		t.Errorf("exit %d, %s", got.code, got.err)
	}
}
