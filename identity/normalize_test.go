package identity_test

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
)

func TestNormalisers(t *testing.T) {
	fold := identity.DefaultRules()
	fold.Types["name"] = identity.TypeRule{Format: identity.FormatFold}
	fold.CountryCode = "81"
	gmail := identity.DefaultRules()
	gmail.Types[identity.Email] = identity.TypeRule{Normalize: identity.FoldGmail}
	var def *identity.Rules
	long := strings.Repeat(strings.Repeat("x", 49)+".", 4) + strings.Repeat("x", 49) // 249 bytes
	for _, c := range []struct {
		rules            *identity.Rules
		in, want, reason string
	}{
		{def, "user_id: Ann \u200b", "Ann", ""},
		{def, "email: Ann.Lee+x@Example.COM ", "ann.lee+x@example.com", ""},
		{def, "email:ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ann@example.com", ""},
		{def, "email:ann@例え.jp", "ann@xn--r8jz45g.jp", ""},
		{def, "email:ann\u00adlee@example.com.", "annlee@example.com", ""},
		{def, "email:Zoe@fritZ.example", "zoe@fritz.example", ""},
		{def, "email:zoe@fritZ.example", "zoe@fritz.example", ""},
		{def, "email:ann@ Example.com", "ann@example.com", ""},
		{def, "email:ann@home", "ann@home", "malformed"},
		{def, "email:Ann @example.com", "ann @example.com", "malformed"},
		{def, "email:a@b@example.com", "a@b@example.com", "malformed"},
		{def, "email:" + strings.Repeat("x", 65) + "@example.com", strings.Repeat("x", 65) + "@example.com", "malformed"},
		{def, "phone:+1 (415) 555-0100", "+14155550100", ""},
		{def, "phone:0081 3 1234 5678", "+81312345678", ""},
		{&fold, "phone:０３-1234-5678", "+81312345678", ""},
		{def, "phone:12345", "12345", "malformed"},
		{def, "phone:123-456", "123-456", "malformed"}, // 7 to 15 digits
		{def, "phone:+123 4567", "+1234567", ""},
		{def, "phone:+123456789012345", "+123456789012345", ""},
		{def, "phone:+1234567890123456", "+1234567890123456", "malformed"},
		{def, "email:" + strings.Repeat("x", 64) + "@example.com", strings.Repeat("x", 64) + "@example.com", ""},
		{def, "phone:+1111111", "+1111111", "placeholder"},
		{def, "domain:HTTPS://ann:pw@www.Example.com:8080/path?x#y", "www.example.com", ""},
		{def, "domain:食狮.公司.cn.", "xn--85x722f.xn--55qx5d.cn", ""},
		{def, "domain:/team/@acme.example", "/team/@acme.example", "malformed"}, // a path, not a host
		{def, "domain:a..b", "a..b", "malformed"},
		{&fold, "name:  ＡＮＮ　　Lee ", "ann lee", ""},
		{&gmail, "email:A.n.n+shop@googlemail.com", "ann@gmail.com", ""},
		{&gmail, "email:A.n.n@example.com", "a.n.n@example.com", ""},
		{def, "device_id:x", "x", "short"},
		{def, "email:a！～z@example.com", "a!~z@example.com", ""}, // the ends of full-width ASCII
		{def, "domain:日本.az-_09.example", "xn--wgv71a.az-_09.example", ""},
		{def, "domain:日本.a/b", "xn--wgv71a.a", ""},
		{def, "domain:日本." + strings.Repeat("x", 63), "xn--wgv71a." + strings.Repeat("x", 63), ""},
		{def, "domain:日本." + strings.Repeat("x", 64), "日本." + strings.Repeat("x", 64), "malformed"},
		{def, "domain:日本.a{", "日本.a{", "malformed"},
		{def, "domain:日本.a:9", "xn--wgv71a.a", ""},
		{def, "domain:" + long + "。jpn", long + ".jpn", ""}, // 253 bytes and 254
		{def, "domain:" + long + "。jpnx", long + "。jpnx", "malformed"},
	} {
		x, err := c.rules.Parse(c.in)
		if err != nil || x.Value() != c.want {
			t.Errorf("%q gives %q (%v), want %q", c.in, x.Value(), err, c.want)
			continue
		}
		again, err := c.rules.ID(x.Type(), x.Value())
		if err != nil || again != x {
			t.Errorf("%q is not idempotent: %q", c.in, again.Value())
		}
		if ok, reason := c.rules.Linkable(x); reason != c.reason || ok != (c.reason == "") {
			t.Errorf("%q: linkable %v %q, want %q", c.in, ok, reason, c.reason)
		}
	}
}

// The sample strings of RFC 3492, section 7.1, in lower case.
func TestPunycodeOfTheStandard(t *testing.T) {
	for in, want := range map[string]string{
		"他们为什么不说中文": "ihqwcrb4cv8a8dqg056pqjye", "他們爲什麽不說中文": "ihqwctvzc91f659drss3x8bo0yb",
		"pročprostěnemluvíčesky": "proprostnemluvesky-uyb24dma41a", "למההםפשוטלאמדבריםעברית": "4dbcagdahymbxekheh6e0a7fei0b",
		"なぜみんな日本語を話してくれないのか": "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa", "почемужеонинеговорятпорусски": "b1abfaaepdrnnbgefbadotcwatmq2g4l",
		"porquénopuedensimplementehablarenespañol": "porqunopuedensimplementehablarenespaol-fmd56a",
		"tạisaohọkhôngthểchỉnóitiếngviệt":          "tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g",
		"3年b組金八先生":                                 "3b-ww4c5e180e575a65lsy2b", "安室奈美恵-with-super-monkeys": "-with-super-monkeys-pc58ag80a8qai00g7n9n",
		"hello-another-way-それぞれの場所": "hello-another-way--fc4qua05auwb3674vfr0b", "ひとつ屋根の下2": "2-u9tlzr9756bt3uc0v",
		"majiでkoiする5秒前": "majikoi5-783gue6qz075azm5e", "パフィーdeルンバ": "de-jg4avhby1noc0d", "そのスピードで": "d9juau41awczczp",
	} {
		if x := id(t, "domain:"+in+".example"); x.Value() != "xn--"+want+".example" {
			t.Errorf("%s is %s, want %s", in, x.Value(), want)
		}
	}
}

// Raw text is looked at as far as a long address of a page goes, and no further.
func TestTextAroundAValueIsBounded(t *testing.T) {
	page := func(n int) error {
		x, err := (*identity.Rules)(nil).ID(identity.Domain, "example.com/"+strings.Repeat("x", n-len("example.com/")))
		if err == nil && x.Value() != "example.com" {
			t.Errorf("a page of %d bytes is of %q", n, x.Value())
		}
		return err
	}
	if err := page(8 << 10); err != nil {
		t.Error("8 KiB:", err)
	}
	var ie *identity.IDError
	if err := page(8<<10 + 1); !errors.As(err, &ie) || ie.Code != "too_long" {
		t.Error("over 8 KiB:", err)
	}
}

func TestIDErrors(t *testing.T) {
	panics := identity.DefaultRules()
	panics.Types[identity.UserID] = identity.TypeRule{Normalize: func(string) (string, error) { panic("canary") }}
	for _, c := range []struct {
		rules    *identity.Rules
		in, code string
	}{
		{nil, "user_id:a\xffb", "utf8"},
		{nil, "user_id:a\x00b", "control"},
		{nil, "user_id:a\u0085b", "control"},
		{nil, "user_id:a\u202eb", "invisible"},
		{nil, "user_id:" + strings.Repeat("x", 513), "too_long"},
		{nil, "user_id:" + strings.Repeat("x", 1<<20), "too_long"},
		{nil, "shoe_size:42", "unknown"},
		{nil, "canary", "unknown"},
		{&panics, "user_id:canary", "panic"},
	} {
		_, err := c.rules.Parse(c.in)
		var ie *identity.IDError
		var ce *identity.CallbackError
		code := ""
		switch {
		case errors.As(err, &ie):
			code = ie.Code
		case errors.As(err, &ce):
			code = "panic"
		case errors.Is(err, identity.ErrUnknownType):
			code = "unknown"
		}
		if code != c.code || strings.Contains(err.Error(), "canary") {
			t.Errorf("%.20q: %v, want %s", c.in, err, c.code)
		}
	}
	if _, err := (*identity.Rules)(nil).ID(identity.UserID, strings.Repeat("x", 512)); err != nil {
		t.Error("512 bytes:", err)
	}
}

func TestPlaceholdersInEverySpellingNeverLink(t *testing.T) {
	list := []string{"", "0", "-", "0000", "00000000-0000-0000-0000-000000000000", "-1", "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"null", "nil", "none", "NaN", "undefined", "unknown", "void", "empty", "blank", "default", "test", "anonymous", "anon", "guest",
		"visitor", "user", "id", "email", "phone", "distinct_id", "distinctid", "user_id", "userid", "anonymous_id", "anonymousid",
		"device_id", "deviceid", "not_authenticated", "true", "false", "n/a", "na", "not set", "notset", "(not set)", "(none)",
		"(null)", "<null>", "[object Object]", "#N/A"}
	for _, v := range list {
		for _, w := range spellings(v) {
			for _, typ := range []identity.Type{identity.AnonymousID, identity.UserID, identity.Email} {
				x, err := (*identity.Rules)(nil).ID(typ, w)
				if err != nil {
					t.Fatalf("%q: %v", w, err)
				}
				if ok, reason := (*identity.Rules)(nil).Linkable(x); ok || reason != "placeholder" {
					t.Errorf("%s %q links (%s)", typ, w, reason)
				}
			}
		}
	}
	for _, s := range []string{"email:noreply@example.com", "email:No-Reply@example.com", "email:test@test.com", "email:user@example.com", "email:test@example.com", "phone:0000000000"} {
		ok, reason := (*identity.Rules)(nil).Linkable(id(t, s))
		if want := strings.HasPrefix(s, "email:user") || s == "email:test@example.com"; ok != want {
			t.Errorf("%s: %v %s", s, ok, reason)
		}
	}
	if ok, _ := (*identity.Rules)(nil).Linkable(id(t, "user_id:not"+strings.Repeat(" ", 40)+"set")); ok {
		t.Error("a placeholder with much space in it links")
	}
	own := identity.DefaultRules()
	own.Types[identity.UserID] = identity.TypeRule{Block: []string{" 'House' "}, BlockRegexp: []*regexp.Regexp{regexp.MustCompile(`^demo-`)}}
	for v, want := range map[string]bool{"HOUSE": false, "demo-7": false, "null": false, "u1": true} {
		if ok, _ := own.Linkable(identity.MakeID(identity.UserID, v)); ok != want {
			t.Errorf("own list: %s links: %v", v, ok)
		}
	}
}

// spellings are all of plain, 'single', "double" and `back` quotes × case × padding.
func spellings(v string) (all []string) {
	for _, c := range []string{v, strings.ToUpper(v), strings.ToLower(v), strings.ToUpper(v[:min(1, len(v))]) + v[min(1, len(v)):]} {
		for _, q := range []string{c, "'" + c + "'", `"` + c + `"`, "`" + c + "`"} {
			for _, pad := range []string{"", " ", "\t", "\u3000", "\u200b", "\ufeff "} {
				all = append(all, q+pad, pad+q, pad+q+pad)
			}
		}
	}
	return all
}

func TestPublishedBlockedIDsAreCovered(t *testing.T) {
	b, err := os.ReadFile(shared(t, "data/ingest/payloads/blocked-ids.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		A []string `json:"case_insensitive"`
		B []string `json:"case_sensitive"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.A) == 0 || len(f.B) == 0 {
		t.Fatalf("no published lists in %s", b)
	}
	for _, v := range append(append(f.A, f.B...), "-1", "0-0", "null", "anonymous", "   ") {
		x, err := (*identity.Rules)(nil).ID(identity.AnonymousID, v)
		if ok, _ := (*identity.Rules)(nil).Linkable(x); ok || err != nil {
			t.Errorf("%q links: %v", v, err)
		}
	}
}

func TestRulesNameEveryFault(t *testing.T) {
	r := identity.Rules{MaxIdentifiers: -1, Types: map[identity.Type]identity.TypeRule{
		"Bad":    {MaxOwners: 101},
		"weak":   {Rank: 0},
		"strong": {Class: identity.KeyClass, Rank: 1},
	}}
	err := r.Validate()
	for _, want := range []string{"MaxIdentifiers", "bad type name", "MaxOwners", "key ranks after"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if _, err := identity.New(&r); err == nil {
		t.Error("New took bad rules")
	}
	for strong, weak := range map[identity.Entity]identity.Entity{identity.PersonEntity: identity.AccountEntity, identity.AccountEntity: identity.AccountEntity} {
		r := identity.Rules{Types: map[identity.Type]identity.TypeRule{"weak": {Entity: weak}, "strong": {Entity: strong, Class: identity.KeyClass, Rank: 1, Max: 1}}}
		if err := r.Validate(); (err != nil) != (strong == weak) {
			t.Errorf("key of %v after a weaker class of %v: %v", strong, weak, err)
		}
	}
	if ws := r.Warnings(); len(ws) != 1 || !strings.Contains(ws[0], "protects nobody") {
		t.Error(ws)
	}
	def := identity.DefaultRules()
	if err := def.Validate(); err != nil || len(def.Warnings()) != 0 {
		t.Error(err, def.Warnings())
	}
}

// The last word of each kind is a word, and types are named by letters, then digits too.
func TestRulesTakeWhatTheirWordsReachTo(t *testing.T) {
	rule := identity.TypeRule{Entity: identity.AccountEntity, Class: identity.DeviceClass, Format: identity.FormatDomain}
	for name, want := range map[identity.Type]bool{"az_09": true, "a": true, "": false, "9a": false, "_a": false, "A": false, "a-b": false, "a:": false, "a/": false, "a{": false, "a`": false} {
		r := identity.Rules{Unowned: identity.Nearest, Types: map[identity.Type]identity.TypeRule{name: rule}}
		if err := r.Validate(); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	for what, change := range map[string]func(*identity.Rules, *identity.TypeRule){
		"Unowned": func(r *identity.Rules, _ *identity.TypeRule) { r.Unowned++ },
		"Entity":  func(_ *identity.Rules, tr *identity.TypeRule) { tr.Entity++ },
		"Class":   func(_ *identity.Rules, tr *identity.TypeRule) { tr.Class++ },
		"Format":  func(_ *identity.Rules, tr *identity.TypeRule) { tr.Format++ },
	} {
		r, tr := identity.Rules{Unowned: identity.Nearest}, rule
		change(&r, &tr)
		r.Types = map[identity.Type]identity.TypeRule{"a": tr}
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "unknown "+what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Faults and warnings come in the order of the types, whatever the order of the map.
func TestFaultsAndWarningsHaveOneOrder(t *testing.T) {
	r := identity.Rules{Types: map[identity.Type]identity.TypeRule{}}
	var faults, warnings []string
	for _, c := range "abcdefghij" {
		name := identity.Type(c)
		r.Types[name] = identity.TypeRule{Class: identity.KeyClass, MaxOwners: 101}
		faults = append(faults, "identity: rules: "+string(name)+": MaxOwners over 100")
		warnings = append(warnings, string(name)+": a key without Max protects nobody")
	}
	if got := r.Validate().Error(); got != strings.Join(faults, "\n") {
		t.Error(got)
	}
	if got := r.Warnings(); !slices.Equal(got, warnings) {
		t.Error(got)
	}
}

func FuzzNormalisersAreIdempotent(f *testing.F) {
	for _, s := range []string{"", " Ann@Example.com ", "http://u@h:80/p", "+81 3", "İ\u00ad", "a@b.c@d", "食狮.公司.cn", "\u212a@x.co", "x。y"} {
		f.Add(s)
	}
	r := identity.DefaultRules()
	r.Types["name"] = identity.TypeRule{Format: identity.FormatFold}
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range []identity.Type{identity.UserID, identity.Email, identity.Phone, identity.Domain, "name"} {
			x, err := r.ID(typ, s)
			if err != nil {
				continue
			}
			y, err := r.ID(typ, x.Value())
			if err != nil || x != y {
				t.Fatalf("%s %q: %q then %q (%v)", typ, s, x.Value(), y.Value(), err)
			}
			if typ == identity.UserID && x.Value() != strings.TrimSpace(s) && !strings.Contains(s, x.Value()) {
				t.Fatalf("opaque %q became %q", s, x.Value())
			}
		}
	})
}
