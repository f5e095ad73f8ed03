package touchpoint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// shared reads a file of the data set beside the repository, or skips the test.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("TABI_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			text, err := os.ReadFile(filepath.Join(root, "go.mod"))
			if err == nil && strings.HasPrefix(string(text), "module github.com/tabi-go/tabi\n") {
				break
			}
			if filepath.Dir(root) == root {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if os.IsNotExist(err) {
		t.Skipf("no data set at ../shared (or TABI_SHARED): %s is missing", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func document(t *testing.T, text string) jsonscan.Value {
	t.Helper()
	var d jsonscan.Doc
	v, err := d.Parse(text, jsonscan.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGoldenBlockedIdentifiersStayOnTheTouch(t *testing.T) {
	doc := document(t, shared(t, "data/ingest/payloads/blocked-ids.json"))
	n := 0
	for _, list := range []string{"case_insensitive", "case_sensitive"} {
		for v := doc.Get(list).First(); v.OK(); v = v.Next() {
			for _, value := range []string{v.Text(), "'" + v.Text() + "'", `"` + v.Text() + `"`} {
				id, err := rules.ID(identity.UserID, value)
				if err != nil {
					t.Fatal(err)
				}
				touch := clean()
				touch.IDs = []identity.ID{identity.MakeID(identity.Email, "a@example.com"), id}
				if err := touch.Normalize(nil); err != nil || len(touch.IDs) != 2 || touch.IDs[1].Value() != value {
					t.Errorf("%v", err)
				}
				if back := parse(t, canonical(touch)); len(back.IDs) != 2 {
					t.Error("a placeholder does not survive reading")
				}
				n++
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d values", n)
	}
}

func TestGoldenAmounts(t *testing.T) {
	found := false
	for line := range strings.Lines(shared(t, "data/ingest/payloads/segment-docs/spec-examples.jsonl")) {
		p := document(t, line).Get("payload")
		if p.Get("event").Text() != "Order Completed" || !p.Get("properties", "revenue").OK() {
			continue
		}
		found = true
		c, err := tp.ParseCurrency(p.Get("properties", "currency").Text())
		if err != nil {
			t.Fatal(err)
		}
		if m, rounded, err := tp.FromNumber(p.Get("properties", "revenue").Raw(), c); err != nil || rounded || m.String() != "25.00 USD" {
			t.Error(m, rounded, err)
		}
	}
	if !found {
		t.Error("no Order Completed in the file")
	}
	rows := strings.Split(shared(t, "data/ingest/payloads/ga4/ga4-bigquery.SYNTHETIC.jsonl"), "\n")
	row := document(t, rows[1])
	m, rounded, err := tp.FromNumber(row.Get("ecommerce", "purchase_revenue").Raw(), currency("JPY"))
	if err != nil || rounded || m.String() != "5400 JPY" {
		t.Error(m, rounded, err)
	}
}
