package channel_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/channel"
)

// shared opens a file of the folder with checking data, which is no part of the project.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	dir := os.Getenv("TABI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(dir, "data", "ingest", name))
	if err != nil {
		t.Skipf("no ../shared/data/ingest/%s", name)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// lines returns the lines of a file that are neither blank nor a comment.
func lines(t *testing.T, f *os.File) (all []string) {
	t.Helper()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if text := strings.TrimSpace(sc.Text()); text != "" && text[0] != '#' {
			all = append(all, text)
		}
	}
	return all
}

func classifier(t testing.TB, o *channel.Options) *channel.Classifier {
	t.Helper()
	c, err := channel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func table(t *testing.T, text string) *channel.Table {
	t.Helper()
	h, err := channel.LoadHosts(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// shop is the landing page of most tests.
const shop = "https://shop.example.com/"

// kindOf returns what the table makes of a referrer, or of a source without a dot.
func kindOf(c *channel.Classifier, name string) string {
	v := channel.Visit{URL: shop, Referrer: "https://" + name}
	switch {
	case strings.Contains(name, "://"):
		v.Referrer = name
	case !strings.Contains(name, ".") || strings.Contains(name, " "):
		v = channel.Visit{Source: name}
	}
	why := c.Classify(v).Why()
	for _, k := range []string{"search", "social", "video", "shopping", "ai", "mail"} {
		if strings.Contains(why, ": "+k+" (") || strings.Contains(why, "source is "+k+" (") {
			return k
		}
	}
	return ""
}

// A visit is a case of channel-cases.jsonl.
type visit struct {
	ID, Ruleset, URL, Referrer, Source, Medium, Campaign, Expected string
}

func readCases(t *testing.T) (all []visit) {
	for _, line := range lines(t, shared(t, "channel-cases.jsonl")) {
		var v visit
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func (v visit) visit() channel.Visit {
	return channel.Visit{URL: v.URL, Referrer: v.Referrer, Source: v.Source, Medium: v.Medium, Campaign: v.Campaign}
}
