package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

// good runs the program, which must succeed silently.
func good(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, diag, status := blackbox.Run(t, stdin, append([]string{"-in", "-"}, args...)...)
	if status != 0 || diag != "" {
		t.Fatalf("%q: exit %d, %s", args, status, diag)
	}
	return out
}

// csvOf makes a file of touches from "day kind [stage|value [currency]]" lines of one person.
func csvOf(lines ...string) string {
	b := "source,id,at,kind,stage,id.email,channel,value,currency\n"
	for i, line := range lines {
		f := append(strings.Split(line, " "), "", "")
		day, kind, text := f[0], f[1], strings.ReplaceAll(f[2], "_", " ")
		if !strings.Contains(day, "T") {
			day += "T00:00:00Z"
		}
		row := []string{"t", fmt.Sprintf("%02d", i+1), day, kind, text, "a@example.com", "", "", ""}
		if strings.Trim(text, "0123456789.-") == "" && text != "" {
			row[4], row[7], row[8] = "", text, f[3]
		}
		b += strings.Join(row, ",") + "\n"
	}
	return b
}

var workedExample = strings.Replace(csvOf(
	"2026-01-01 click", "2026-01-05 form", "2026-01-20 webinar_attended", "2026-02-01 demo_request", "2026-02-10 meeting",
	"2026-02-20 stage_change Nurture", "2026-06-15 pageview", "2026-06-20 meeting", "2026-07-01 opportunity", "2026-07-15 proposal",
	"2026-08-01 stage_change Closed_Lost", "2026-09-01 stage_change opportunity", "2026-09-20 contract 1200000 JPY"),
	"click,,a@example.com", "click,,", 1)

// byEmail gives the first touch of the worked example, which has no e-mail, a device that
// a login ties to it.
var workedStitched = strings.NewReplacer(
	"source,id,at,kind,stage,id.email,", "source,id,at,kind,stage,id.anonymous_id,id.email,",
	"click,,,", "click,,a1,,", "form,,a@example.com", "form,,a1,a@example.com").Replace(strings.ReplaceAll(
	strings.ReplaceAll(workedExample, ",a@example.com,", ",,a@example.com,"), "form,,,a@", "form,,a@"))

const workedVisits = `visit,stage,number,enter,via,skipped,support
1,anonymous,1,2026-01-01,start,,0
2,known,1,2026-01-05,advance,,1
3,mql,1,2026-02-01,advance,,0
4,sql,1,2026-02-10,skip,sal,0
5,nurture,1,2026-02-20,recycle,,0
6,dormant,1,2026-05-21,pause,,0
7,nurture,2,2026-06-15,resume,,0
8,sql,2,2026-06-20,skip,sal,0
9,opportunity,1,2026-07-01,advance,,0
10,negotiation,1,2026-07-15,advance,,0
11,lost,1,2026-08-01,lose,,0
12,opportunity,2,2026-09-01,reopen,,0
13,won,1,2026-09-20,win,,0
`

// columnsOf cuts columns out of a CSV without quotes; times lose their midnight.
func columnsOf(out string, names ...string) string {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	head := strings.Split(lines[0], ",")
	var b strings.Builder
	for _, line := range lines {
		cells := strings.Split(line, ",")
		var keep []string
		for _, n := range names {
			for i, h := range head {
				if h == n {
					keep = append(keep, strings.TrimSuffix(cells[i], "T00:00:00Z"))
				}
			}
		}
		b.WriteString(strings.Join(keep, ",") + "\n")
	}
	return b.String()
}

func TestWorkedExampleRowByRowInAnyOrder(t *testing.T) {
	t.Parallel()
	base := []string{"-model", "leadtorevenue", "-at", "2026-10-01T00:00:00Z"}
	want := good(t, workedStitched, base...)
	if got := columnsOf(want, "visit", "stage", "number", "enter", "via", "skipped", "support"); got != workedVisits {
		t.Errorf("got\n%s\nwant\n%s", got, workedVisits)
	}
	seeds := 20
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		if got := good(t, workedStitched, append(base, "-shuffle", fmt.Sprint(seed+1))...); got != want {
			t.Fatalf("-shuffle %d: got\n%s", seed+1, got)
		}
	}
	body := workedStitched[strings.IndexByte(workedStitched, '\n')+1:]
	if got := good(t, workedStitched+body, base...); got != want {
		t.Errorf("doubled: got\n%s", got)
	}
}

func TestWorkedExampleByEveryQuestion(t *testing.T) {
	t.Parallel()
	args := func(do string, more ...string) []string {
		return append([]string{"-model", "leadtorevenue", "-at", "2026-10-01T00:00:00Z", "-do", do}, more...)
	}
	text := strings.Replace(workedExample, "click,,,", "click,,a@example.com,", 1)
	for do, want := range map[string]string{
		"now":      "a@example.com,won,80,2026-09-20T00:00:00Z,11.000000,won,12,11,2026-09-20T00:00:00Z,false\n",
		"journeys": "a@example.com,1,2026-01-01T00:00:00Z,2026-09-20T00:00:00Z,goal,9,2,262.000000,known,won,won,1,1200000,JPY\n",
		"stalls":   "",
		"refused":  "",
		"moves": ",known,start,1\ndormant,nurture,resume,1\nknown,mql,advance,1\nlost,opportunity,reopen,1\nmql,sql,skip,1\n" +
			"negotiation,lost,lose,1\nnurture,dormant,pause,1\nnurture,sql,skip,1\nopportunity,negotiation,advance,1\nopportunity,won,win,1\n" +
			"sql,nurture,recycle,1\nsql,opportunity,advance,1\n",
	} {
		got := good(t, text, args(do, "-by", "email", "-boundary", "b2b")...)
		if got != columns[do]+"\n"+want {
			t.Errorf("%s: got\n%s", do, got)
		}
	}
	flow := good(t, text, args("flow", "-by", "email")...)
	for _, want := range []string{"\nanonymous,0,0,0,0,0,0,1\n", "\nknown,1,0,1,0,0,1,0\n", "\nsal,0,0,0,0,0,0,1\n", "\nsql,0,2,2,0,0,1,0\n", "\nwon,0,1,0,0,1,1,0\n"} {
		if !strings.Contains(flow, want) {
			t.Errorf("flow has no row%sin\n%s", want, flow)
		}
	}
	if lines := strings.Split(strings.TrimSpace(flow), "\n"); !strings.HasPrefix(lines[len(lines)-1], "dormant,") {
		t.Error("the Dormant stage, which has no rank, does not come last")
	}
}

func TestExplainTellsRuleConditionsAndLine(t *testing.T) {
	t.Parallel()
	out := good(t, csvOf("2026-01-01 form", "2026-01-02 meeting", "2026-01-03 lead"), "-model", "leadtorevenue", "-by", "email", "-do", "explain", "-subject", "a@example.com")
	var x struct {
		Subject, Basis string
		Visit          struct{ Stage, Rule string }
		Line           int
		Conditions     []struct{ Name, Want, Seen string }
		Refused        struct{ To, Reason string }
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[1]), &x); err != nil || len(lines) != 2 {
		t.Fatal(err, out)
	}
	if x.Subject != "a@example.com" || x.Basis != "restated" || x.Visit.Stage != "sql" || x.Visit.Rule != "sql/1" || x.Line != 9 ||
		len(x.Conditions) != 1 || x.Conditions[0].Seen != "sales" || x.Refused.To != "known" || x.Refused.Reason != "needs_statement" {
		t.Errorf("%+v", x)
	}
	if out := good(t, csvOf("2026-01-01 form"), "-model", "digital", "-by", "email", "-do", "explain", "-subject", "b"); out != "" {
		t.Error("explains another subject:", out)
	}
}

// Touches are source/id and money is decimal text, as in the tables.
func TestExplainPrintsTouchesAndMoneyAsTablesDo(t *testing.T) {
	t.Parallel()
	out := good(t, csvOf("2026-01-01 order 12.50 EUR", "2026-01-02 click", "2026-01-03 opportunity"), "-model", "leadtorevenue", "-by", "email", "-do", "explain")
	for _, want := range []string{`"by":"t/01"`, `"support":["t/02","t/03"]`, `"value":"12.50","currency":"EUR"`, `"touch":"t/03"`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
}

func TestModelsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"digital", "classic", "lifecycle", "aarrr", "hubspot", "salesforce", "leadtorevenue"} {
		out, diag, status := blackbox.Run(t, "", "-model", name, "-do", "model")
		if status != 0 || diag != "" {
			t.Fatal(name, status, diag)
		}
		again, _, _ := blackbox.Run(t, "", "-model", blackbox.File(t, "m.json", out), "-do", "model")
		if again != out {
			t.Errorf("%s differs after a round trip", name)
		}
	}
}

func TestJourneysEndAndBegin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		args  []string
		want  string // of start, end, reason, steps, goals, value
	}{
		"a second purchase is a second journey": {[]string{"2026-01-01 click", "2026-01-02 order 10.00 EUR", "2026-02-01 click", "2026-02-02 order 5.50 EUR"}, nil,
			"2026-01-01,2026-01-02,goal,2,1,10.00\n2026-02-01,2026-02-02,goal,2,1,5.50\n"},
		"grace keeps the thank-you page": {[]string{"2026-01-02 order 10.00 EUR", "2026-01-02T00:30:00Z pageview"}, nil,
			"2026-01-02,2026-01-02T00:30:00Z,goal,2,1,10.00\n"},
		"no grace": {[]string{"2026-01-02 order 10.00 EUR", "2026-01-02T00:30:00Z pageview"}, []string{"-grace", "0s"},
			"2026-01-02,2026-01-02,goal,1,1,10.00\n2026-01-02T00:30:00Z,2026-01-02T00:30:00Z,open,1,0,\n"},
		"a lost and reopened deal is one": {[]string{"2026-01-01 meeting", "2026-01-02 deal_lost", "2026-02-01 deal_reopened", "2026-02-02 order 1.00 EUR"}, nil,
			"2026-01-01,2026-02-02,goal,4,1,1.00\n"},
		"silence does not cut unless asked": {[]string{"2026-01-01 click", "2026-06-01 click"}, nil, "2026-01-01,2026-06-01,open,2,0,\n"},
		"silence cuts when asked": {[]string{"2026-01-01 click", "2026-06-01 click"}, []string{"-boundary", "b2c"},
			"2026-01-01,2026-01-01,silence,1,0,\n2026-06-01,2026-06-01,open,1,0,\n"},
		"a single setting beats the preset": {[]string{"2026-01-01 click", "2026-06-01 click"}, []string{"-boundary", "b2c", "-inactivity", "P365D"},
			"2026-01-01,2026-06-01,open,2,0,\n"},
		"lifetime": {[]string{"2026-01-02 order 1.00 EUR", "2026-06-01 click"}, []string{"-boundary", "relationship"}, "2026-01-02,2026-06-01,open,2,1,1.00\n"},
		"two currencies are two rows": {[]string{"2026-01-02 order 1.00 EUR", "2026-01-02 order 300 JPY"}, []string{"-boundary", "relationship"},
			"2026-01-02,2026-01-02,open,2,2,1.00\n2026-01-02,2026-01-02,open,2,2,300\n"},
	} {
		out := good(t, csvOf(c.lines...), append([]string{"-model", "leadtorevenue", "-by", "email", "-do", "journeys"}, c.args...)...)
		_, got, _ := strings.Cut(columnsOf(out, "start", "end", "reason", "steps", "goals", "value"), "\n")
		if got != c.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.want)
		}
	}
}

func TestGoalsOfAFile(t *testing.T) {
	t.Parallel()
	goals := blackbox.File(t, "goals.json", `[{"id":"demo","rule":{"kinds":["meeting"]},"value":"fixed","amount":"100.00","currency":"EUR","repeat":"journey"}]`)
	out := good(t, csvOf("2026-01-01 meeting", "2026-01-02 meeting", "2026-01-03 order 5.00 EUR"), "-model", "digital", "-by", "email", "-do", "journeys", "-goals", goals)
	if got := columnsOf(out, "reason", "goals", "value"); got != "reason,goals,value\nopen,1,100.00\n" {
		t.Error(got)
	}
	for _, text := range []string{`{}`, `[{"id":"x"}]`, `[{"id":"x","stage":"nowhere"}]`, `[{"id":"x","stage":"awareness","colour":1}]`,
		`[{"id":"x","stage":"awareness","value":"much"}]`, `[{"id":"x","rule":{"families":["vist"]}}]`, `[{"id":"x","rule":{"kind":["a"]}}]`, `[] []`} {
		if _, diag, status := blackbox.Run(t, "", "-in", "-", "-model", "digital", "-goals", blackbox.File(t, "g.json", text)); status != 2 || diag == "" {
			t.Errorf("%s: exit %d", text, status)
		}
	}
}

func TestKnownAsksWhatWasKnownThen(t *testing.T) {
	t.Parallel()
	text := "source,id,at,received_at,kind,id.email\n" +
		"t,1,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,form,a@example.com\n" +
		"t,2,2026-01-02T00:00:00Z,2026-02-01T00:00:00Z,meeting,a@example.com\n"
	for known, want := range map[string]string{"2026-01-31T00:00:00Z": "known", "2026-02-01T00:00:00Z": "sql"} {
		out := good(t, text, "-model", "leadtorevenue", "-do", "now", "-known", known)
		if got := columnsOf(out, "stage", "rank"); !strings.Contains(got, "\n"+want+",") {
			t.Errorf("known by %s: %s", known, got)
		}
	}
}

func TestStallsAndRefusals(t *testing.T) {
	t.Parallel()
	text := csvOf("2026-01-01 meeting", "2026-01-20 form", "2026-01-21 note Blue")
	out := good(t, text, "-model", "leadtorevenue", "-by", "email", "-do", "stalls", "-stall", "sql=7d,mql=1d", "-at", "2026-02-01T12:00:00Z")
	if want := columns["stalls"] + "\na@example.com,sql,1,2026-01-08T00:00:00Z,2026-01-20T00:00:00Z,12.000000\na@example.com,sql,1,2026-01-27T00:00:00Z,,5.500000\n"; out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	out = good(t, text, "-model", "leadtorevenue", "-by", "email", "-do", "refused")
	if want := columns["refused"] + "\na@example.com,2026-01-20T00:00:00Z,t/02,sql,known,regress,needs_statement\n" +
		"a@example.com,2026-01-21T00:00:00Z,t/03,sql,Blue,,unknown_stage\n"; out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

const company = "source,id,at,kind,id.email,id.domain,props\n" +
	"t,1,2026-01-01T00:00:00Z,form,boss@acme.example,acme.example,\"{\"\"person\"\":{\"\"buying_role\"\":\"\"decision_maker\"\"}}\"\n" +
	"t,2,2026-01-02T00:00:00Z,meeting,champ@acme.example,acme.example,\"{\"\"person\"\":{\"\"buying_role\"\":\"\"champion\"\"}}\"\n" +
	"t,3,2026-01-03T00:00:00Z,meeting,user@acme.example,acme.example,\n" +
	"t,4,2026-01-09T00:00:00Z,meeting,boss@acme.example,,\n" +
	"t,5,2026-01-10T00:00:00Z,order,boss@acme.example,,\n"

func TestAccountsUnderEachPolicy(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{
		"max":         "acme.example,known,2026-01-01,start\nacme.example,sql,2026-01-02,skip\nacme.example,won,2026-01-10,win\n",
		"quorum":      "acme.example,known,2026-01-01,start\nacme.example,sql,2026-01-09,skip\n",
		"opportunity": "acme.example,known,2026-01-01,start\nacme.example,sql,2026-01-02,skip\nacme.example,won,2026-01-10,win\n",
	} {
		out := good(t, company, "-model", "leadtorevenue", "-by", "email", "-account-by", "domain", "-policy", policy)
		if _, got, _ := strings.Cut(columnsOf(out, "subject", "stage", "enter", "via"), "\n"); got != want {
			t.Errorf("%s: got\n%swant\n%s", policy, got, want)
		}
	}
	out := good(t, company, "-model", "leadtorevenue", "-account-by", "domain", "-do", "journeys")
	if got := columnsOf(out, "subject", "reason", "steps"); got != "subject,reason,steps\nacme.example,goal,5\n" {
		t.Error(got)
	}
	out = good(t, company, "-model", "leadtorevenue", "-account-by", "stitched", "-do", "now")
	if got := columnsOf(out, "stage", "furthest"); got != "stage,furthest\nwon,won\n" {
		t.Error(got)
	}
}

func TestTwinsAreOneContact(t *testing.T) {
	t.Parallel()
	text := "source,id,at,kind,id.email\nweb,1,2026-01-01T00:00:00Z,form,a@example.com\ncrm,9,2026-01-01T00:00:02Z,form,a@example.com\n"
	args := []string{"-model", "digital", "-by", "email", "-do", "journeys"}
	if got := columnsOf(good(t, text, args...), "steps"); got != "steps\n1\n" {
		t.Error(got)
	}
	if got := columnsOf(good(t, text, append(args, "-twins=false")...), "steps"); got != "steps\n2\n" {
		t.Error(got)
	}
}

func TestJSONLinesHaveTheSameNames(t *testing.T) {
	t.Parallel()
	text := csvOf("2026-01-01 order 12.00 EUR", "2026-01-03 pageview")
	for do, want := range map[string]string{
		"visits": `{"subject":"a@example.com","visit":1,"stage":"won","number":1,"enter":"2026-01-01T00:00:00Z","leave":null,"via":"start","from":"","skipped":"anonymous|known|mql|sal|sql|opportunity|negotiation",` +
			`"rule":"won/1","touch":"t/01","support":1,"value":"12.00","currency":"EUR","probability":0,"version":"1"}`,
		"now": `{"subject":"a@example.com","stage":"won","rank":80,"since":"2026-01-01T00:00:00Z","days":2.000000,"furthest":"won","visits":1,"moves":0,"last_touch":"2026-01-03T00:00:00Z","stalled":false}`,
	} {
		if got := good(t, text, "-model", "leadtorevenue", "-by", "email", "-as", "jsonl", "-do", do); got != want+"\n" {
			t.Errorf("got  %swant %s", got, want)
		}
	}
}

func TestBadRecordsAreCountedAndTheGoodOnesUsed(t *testing.T) {
	t.Parallel()
	text := "source,id,at,kind,id.email,id.user_id\nt,1,2026-01-01T00:00:00Z,order,=a@example.com,\nt,2,never,order,a@example.com,\nt,3,2026-01-01T00:00:00Z,order,,u1\nt,1,2026-01-01T00:00:00Z,form,=a@example.com,\n"
	out, diag, status := blackbox.Run(t, text, "-in", "-", "-model", "digital", "-by", "email", "-do", "now")
	if status != 1 || !strings.HasSuffix(diag, "\ndead letters: 3\n") || !strings.Contains(diag, "line 3: syntax at\n") ||
		!strings.Contains(diag, "missing ids: no email\n") || !strings.Contains(diag, "conflict kind\n") {
		t.Errorf("exit %d\n%s", status, diag)
	}
	if !strings.Contains(out, "\n'=a@example.com,transaction,") {
		t.Error("a formula or a missing row:", out)
	}
}

func TestBadUsageExitsWithTwo(t *testing.T) {
	t.Parallel()
	bad := blackbox.File(t, "bad.json", `{"id":"m","stages":[{"id":"a","rnk":1}]}`)
	for _, args := range [][]string{
		{}, {"-in", "-"}, {"-model", "digital"}, {"-in", "/no/such/file", "-model", "digital"}, {"-in", "-", "-model", "nosuch"}, {"-in", "-", "-model", bad},
		{"-in", "-", "-model", "digital", "-do", "what"}, {"-in", "-", "-model", "digital", "-as", "xml"}, {"-in", "-", "-model", "digital", "-policy", "mine"},
		{"-in", "-", "-model", "digital", "-by", "shoe_size"}, {"-in", "-", "-model", "digital", "-account-by", "email"},
		{"-in", "-", "-model", "digital", "-by", "email", "-account-by", "stitched"}, {"-in", "-", "-model", "digital", "-boundary", "b2x"},
		{"-in", "-", "-model", "digital", "-stall", "nowhere=7d"}, {"-in", "-", "-model", "digital", "-at", "today"}, {"-in", "-", "-model", "digital", "-grace", "soon"},
		{"-in", "-", "-model", "digital", "extra"}, {"-in", "-", "-model", "digital", "-goals", "/no/such/file"}, {"-in", "-", "-model", "digital", "-map", "preset:nosuch"},
		{"-nosuchflag"},
	} {
		if _, diag, status := blackbox.Run(t, "", args...); status != 2 || diag == "" {
			t.Errorf("%q: exit %d, %s", args, status, diag)
		}
	}
	if _, diag, _ := blackbox.Run(t, "", "-in", "-", "-model", bad); !strings.Contains(diag, "stages[0].rnk: unknown key") {
		t.Error("the field is not named:", diag)
	}
}

func TestJulyTouches(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 62,483 touches: not with -short")
	}
	mapping := blackbox.File(t, "july.json", `{"source":"july","at":"time","kind":{"col":"interaction","map":{"impression":"impression","conversion":"order"}},
		"channel":"channel","ids":[{"type":"user_id","col":"customer_id"}],"value":{"col":"conversion_value","map":{"0":""}},"currency":{"const":"USD"}}`)
	args := []string{"-in", blackbox.Shared(t, "data/attribution/touches_july.csv.gz"), "-map", mapping, "-by", "user_id", "-model", "digital", "-twins=false", "-do"}
	out, diag, status := blackbox.Run(t, "", append(args, "flow")...)
	// The spec's H4 by eye: starts + inflow = outflow + ends + open in every row.
	want := "stage,starts,inflow,outflow,ends,open,visited,skipped\nawareness,7666,0,1412,0,6254,7666,230\nengagement,0,0,0,0,0,0,1642\n" +
		"transaction,230,1412,181,0,1461,1642,0\nretention,0,181,0,0,181,181,0\n"
	if status != 0 || out != want {
		t.Errorf("exit %d, %s\n%s", status, diag, out)
	}
	if os.Getenv("TABI_LONG") != "1" {
		return
	}
	if shuffled, _, _ := blackbox.Run(t, "", append(args, "flow", "-shuffle", "3")...); shuffled != want {
		t.Errorf("shuffled:\n%s", shuffled)
	}
}

func TestSalesforceOpportunities(t *testing.T) {
	t.Parallel()
	mapping := blackbox.File(t, "sf.json", `{"source":"salesforce","id":"id","at":{"col":"close_date","layouts":["2006-01-02 15:04:05"],"zone":"UTC"},"kind":{"const":"opportunity"},
		"stage":{"col":"is_won","map":{"true":"Closed Won","false":"Needs Analysis"}},
		"ids":[{"type":"crm_deal_id","col":"id"},{"type":"crm_account_id","col":"account_id"}]}`)
	args := []string{"-in", blackbox.Shared(t, "data/ingest/crm/salesforce/sf_opportunity_data.csv"), "-map", mapping, "-model", "salesforce", "-by", "crm_deal_id"}
	out, diag, status := blackbox.Run(t, "", append(args, "-do", "flow")...)
	if status != 0 || !strings.Contains(out, "\nclosed_won,") || !strings.Contains(out, "\nneeds_analysis,") {
		t.Errorf("exit %d, %s\n%s", status, diag, out)
	}
}
