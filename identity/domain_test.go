package identity_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
)

// psl runs the vectors of publicsuffix.org, which stand in a file for local checking.
func psl(t *testing.T, table *identity.Table) {
	f, err := os.Open(shared(t, "data/identity/psl_tests.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for sc := bufio.NewScanner(f); sc.Scan(); {
		w := strings.Fields(sc.Text())
		if len(w) != 2 || strings.HasPrefix(w[0], "//") {
			continue
		}
		n++
		got, ok := table.Registrable(w[0])
		if !ok {
			got = "null"
		}
		want := w[1]
		if want != "null" {
			x, err := (*identity.Rules)(nil).ID(identity.Domain, want)
			if err != nil {
				t.Fatal(err)
			}
			want = x.Value()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", w[0], got, want)
		}
	}
	if n < 75 {
		t.Errorf("only %d vectors", n)
	}
}

func TestPublicSuffixVectors(t *testing.T) {
	t.Run("built in", func(t *testing.T) { psl(t, new(identity.Table)) })
	t.Run("loaded", func(t *testing.T) {
		table := new(identity.Table)
		if err := table.LoadSuffixes(strings.NewReader(suffixFile)); err != nil {
			t.Fatal(err)
		}
		psl(t, table)
		if _, ok := table.Registrable("example.co.uk"); !ok {
			t.Error("a loaded list takes the place of the built-in one")
		}
		table.ICANNOnly = true
		if got, _ := table.Registrable("a.example.uk.com"); got != "uk.com" {
			t.Error("private section counts:", got)
		}
	})
}

// suffixFile is written by hand in the format of the Public Suffix List.
const suffixFile = `// a comment

// ===BEGIN ICANN DOMAINS===
com
biz
ac
*.mm
jp
ac.jp
kyoto.jp
ide.kyoto.jp
*.kobe.jp
!city.kobe.jp   trailing text is no part of a rule
*.ck
!www.ck
us
ak.us
k12.ak.us
cn
com.cn
公司.cn
中国
// ===END ICANN DOMAINS===
// ===BEGIN PRIVATE DOMAINS===
uk.com
// ===END PRIVATE DOMAINS===
`

func TestRegistrableDomains(t *testing.T) {
	for _, c := range []struct {
		icann      bool
		host, want string
	}{
		{false, "www.example.co.uk", "example.co.uk"},
		{false, "a.b.example.co.jp", "example.co.jp"},
		{false, "shop.example.uk.com", "example.uk.com"},
		{true, "shop.example.uk.com", "uk.com"},
		{false, "192.168.0.1", ""},
		{false, "", ""},
		{false, "a..b", ""},
		{false, "MAIL.Example.ORG.", "example.org"},
	} {
		got, ok := (&identity.Table{ICANNOnly: c.icann}).Registrable(c.host)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q %v", c.host, got, ok)
		}
	}
}

func TestDomainClasses(t *testing.T) {
	table := new(identity.Table)
	if err := table.LoadDisposable(strings.NewReader("# throwaway\ntrash.example # yes\n\n")); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]identity.DomainClass{
		"gmail.com": identity.FreeMail, "post.gmx.de": identity.FreeMail, "docomo.ne.jp": identity.FreeMail,
		"example.com": identity.Company, "trash.example": identity.Disposable, "x.trash.example": identity.Disposable, "??": identity.Company,
	} {
		if got := table.Class(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
	if err := table.LoadFreeMail(strings.NewReader(` ["acme.example"]`)); err != nil {
		t.Fatal(err)
	}
	if table.Class("acme.example") != identity.FreeMail || table.Class("gmail.com") != identity.Company {
		t.Error("a loaded list takes the place of the built-in one")
	}
	if err := table.LoadFreeMail(strings.NewReader("com\nco.uk\nacme.example")); err != nil || table.Class("x.acme.com") != identity.Company || table.Class("acme.co.uk") != identity.Company {
		t.Error("a suffix in the list is nobody's provider:", err)
	}
	if err := table.LoadFreeMail(strings.NewReader(`["a`)); err == nil || table.Class("acme.example") != identity.FreeMail {
		t.Error("a broken list must change nothing:", err)
	}
}

func TestPublishedMailLists(t *testing.T) {
	b, err := os.ReadFile(shared(t, "data/identity/free_email_domains.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	// Ours, and rightly, though the published list does not have them.
	ours := []string{"hey.com", "o2.pl", "privaterelay.appleid.com", "tuta.io", "tutanota.com"}
	builtin := new(identity.Table)
	n := 0
	for _, d := range identity.BuiltinFreeMail() {
		n++
		if _, ok := slices.BinarySearch(list, d); !ok && !slices.Contains(ours, d) {
			t.Errorf("%s is not in the published list", d)
		}
		if builtin.Class(d) != identity.FreeMail {
			t.Errorf("%s is not free mail", d)
		}
	}
	if n < 80 || n > 200 {
		t.Errorf("%d built-in domains", n)
	}
	table := new(identity.Table)
	if err := table.LoadFreeMail(strings.NewReader(string(b))); err != nil {
		t.Fatal(err)
	}
	f, err := os.ReadFile(shared(t, "data/identity/disposable_email_blocklist.conf"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(f)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			count++
			if table.Class(line) != identity.FreeMail {
				t.Errorf("%s is not in the free list", line)
			}
		}
	}
	if count != 8335 || len(list) != 13405 {
		t.Errorf("%d and %d entries", count, len(list))
	}
}
