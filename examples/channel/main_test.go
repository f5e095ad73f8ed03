package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	const in = `{"url":"https://shop.example.com/?utm_source=google&utm_medium=cpc&utm_campaign=Brand","referrer":null,"more":1}
{"referrer":"https://checkout.stripe.com/pay?s=SECRET","url":"https://shop.example.com/"}

{"url":"https://a.example/","referrer":"https://b.example/","own_hosts":["b.example"]}
`
	const want = `{"channel":"Paid Search","source":"google","medium":"cpc","campaign":"Brand","rule":"ga4/paid-search","why":"tags: source=google medium=cpc campaign=brand; ga4/paid-search: source is search (google), medium is paid (contains \"cp\")"}
{"channel":"Organic Shopping","source":"checkout.stripe.com","medium":"referral","campaign":"","rule":"ga4/organic-shopping","why":"referrer checkout.stripe.com: shopping (stripe); ga4/organic-shopping: source is shopping (checkout.stripe.com)"}
{"channel":"Direct","source":"(direct)","medium":"(none)","campaign":"","rule":"ga4/direct","why":"referrer b.example: own host; ga4/direct: source is (direct), medium is (none)"}
`
	if out, errs, code := blackbox.Run(t, in); out != want || code != 0 || errs != "" {
		t.Errorf("exit %d %s\n%s", code, errs, out)
	}
	if out, _, _ := blackbox.Run(t, in, "-exclude", "payments,pay.example.com", "-rules", "ga4", "-"); strings.Count(out, "Direct") != 2 {
		t.Error(out)
	}
	name := blackbox.File(t, "in.jsonl", in)
	if out, _, code := blackbox.Run(t, "", name); out != want || code != 0 {
		t.Errorf("from a file: exit %d\n%s", code, out)
	}
}

// The published cases; skips without the folder of checking data.
func TestPublishedCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(blackbox.Shared(t, "data/ingest/channel-cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for rules, sets := range map[string]string{"ga4": "ga4 ga4-smc", "posthog": "posthog"} {
		var in strings.Builder
		var want []string
		for line := range strings.Lines(string(text)) {
			var c struct{ Ruleset, Expected string }
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(" "+sets+" ", " "+c.Ruleset+" ") {
				in.WriteString(line)
				want = append(want, c.Expected)
			}
		}
		out, errs, code := blackbox.Run(t, in.String(), "-rules", rules)
		got := strings.Split(strings.TrimSpace(out), "\n")
		if code != 0 || len(got) != len(want) {
			t.Fatalf("exit %d, %d answers for %d cases: %s", code, len(got), len(want), errs)
		}
		for i, g := range got {
			if !strings.HasPrefix(g, `{"channel":"`+want[i]+`"`) {
				t.Errorf("%s case %d: %s, want %s", rules, i, g, want[i])
			}
		}
	}
}

func TestBadLines(t *testing.T) {
	t.Parallel()
	in := "{}\n{\n[]\n" + `{"url":1}` + "\n\"\xff\"\n" + `{"url":"` + strings.Repeat("x", 2<<20) + "\"}\n{}"
	out, errs, code := blackbox.Run(t, in)
	var kinds []string
	for line := range strings.Lines(out) {
		kinds = append(kinds, strings.TrimSpace(line)[:9])
	}
	if want := `{"channel {"error": {"error": {"error": {"error": {"error": {"channel`; strings.Join(kinds, " ") != want || code != 1 || errs != "dead letters: 5\n" {
		t.Errorf("exit %d %q %q", code, kinds, errs)
	}
}

func TestStarts(t *testing.T) {
	t.Parallel()
	const in = `{"person":"a","at":"2026-04-01T09:00:00Z","url":"https://s.example/","referrer":"https://www.google.com/"}
{"person":"a","at":"2026-04-01T09:45:00Z","url":"https://s.example/x","referrer":"https://s.example/"}
{"person":"a","at":"2026-04-01T09:46:00Z","url":"https://s.example/?utm_source=n"}
{"person":"b","at":"2026-04-01T09:46:30Z","url":"https://s.example/"}
{"person":"b","at":"2026-04-01T11:46:30Z","url":"https://s.example/"}
{"person":"b","url":"https://s.example/"}
`
	out, _, code := blackbox.Run(t, in, "-starts")
	var got []string
	for line := range strings.Lines(out) {
		var a struct {
			Starts         *bool
			Because, Error string
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Because+a.Error)
		if a.Starts != nil && *a.Starts != (a.Because != "internal") {
			t.Error(line)
		}
	}
	if want := "first internal campaign first gap syntax"; strings.Join(got, " ") != want || code != 1 {
		t.Errorf("exit %d: %v", code, got)
	}
}

func TestRulesAndHostsOfOnesOwn(t *testing.T) {
	t.Parallel()
	const visit = `{"url":"https://s.example/","referrer":"https://portal.example.org/"}`
	rules := blackbox.File(t, "rules.json", `{"base":"none","hosts":"hosts.txt","rules":[{"name":"wiki","channel":"Community","items":[{"field":"medium","op":"exact","value":"organic"}]}]}`)
	if err := os.WriteFile(filepath.Join(filepath.Dir(rules), "hosts.txt"), []byte("search portal .example.org # ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := blackbox.Run(t, visit, "-rules", rules); code != 0 || !strings.Contains(out, `"rule":"custom/wiki"`) {
		t.Errorf("exit %d %s %s", code, errs, out)
	}
	hosts := blackbox.File(t, "my.txt", "video portal portal.example.org")
	if out, _, _ := blackbox.Run(t, visit, "-hosts", hosts); !strings.Contains(out, "Organic Video") {
		t.Error(out)
	}
	for name, args := range map[string][]string{
		"unknown key \"bas\"":   {"-rules", blackbox.File(t, "r.json", `{"bas":"ga4"}`)},
		"line 2":                {"-hosts", blackbox.File(t, "h.txt", "\nserch a a.com")},
		"no set \"paymnts\"":    {"-exclude", "paymnts"},
		"no such file":          {"-rules", "/nowhere/at/all.json"},
		"no such":               {"/nowhere/at/all.jsonl"},
		"one file at most":      {"a", "b"},
		"flag provided but not": {"-nosuch"},
	} {
		if out, errs, code := blackbox.Run(t, visit, args...); code != 2 || out != "" || !strings.Contains(errs, name) {
			t.Errorf("%v: exit %d %s", args, code, errs)
		}
	}
}
