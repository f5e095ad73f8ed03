package rulefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/examples/internal/rulefile"
	"github.com/tabi-go/tabi/identity"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTypesAreLaidOverTheDefaults(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "free.txt", "# ours\nacme.example\n")
	f, err := rulefile.Read(input.Streams{}, write(t, dir, "r.json", `{"key":"k","tenant":"acme","session_gap":"10m","carry":"0s","unowned":"nearest",
		"ends":["bye"],"country_code":"81","types":{"email":{"max":2,"block_regexp":["^info@"]},"badge":{"entity":"person","class":"key","max":1}},
		"accounts":{"create_from_domain":false,"take_first":true},"free_mail_file":"free.txt"}`))
	if err != nil {
		t.Fatal(err)
	}
	r := f.Rules
	mail, badge := r.Types[identity.Email], r.Types["badge"]
	if mail.Max != 2 || mail.MaxOwners != 3 || len(mail.BlockRegexp) != 1 || badge.Class != identity.KeyClass || badge.MinLen != 1 || len(r.Types) != 13 {
		t.Errorf("%+v %+v", mail, badge)
	}
	if string(r.Key) != "k" || r.SessionGap != 10*time.Minute || r.Carry >= 0 || r.Unowned != identity.Nearest || f.Ends[0] != "bye" ||
		!r.Accounts.KnownOnly || !r.Accounts.TakeFirst || r.Accounts.Domains.Class("acme.example") != identity.FreeMail {
		t.Errorf("%+v", f)
	}
	if f, err = rulefile.Read(input.Streams{}, ""); err != nil || len(f.Rules.Types) != 12 || len(f.Ends) != 3 {
		t.Error("without a file:", err)
	}
	f, err = rulefile.Read(input.Streams{}, write(t, dir, "s.json", `{"replace":true,"types":{"email":{}}}`))
	if err != nil || len(f.Rules.Types) != 1 || f.Rules.Types["email"].Format != identity.FormatOpaque {
		t.Errorf("replaced: %v", err)
	}
}

func TestBadFilesAreUsage(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"unknown key": `{"typos":{}}`, "unknown type key": `{"types":{"email":{"maxx":1}}}`, "no JSON": `{`, "more": `{} {}`,
		"word": `{"unowned":"somebody"}`, "class": `{"types":{"email":{"class":"shoe"}}}`, "pattern": `{"types":{"email":{"block_regexp":["("]}}}`,
		"duration": `{"carry":30}`, "span": `{"carry":"30 min"}`, "rules": `{"types":{"email":{"max":-1}}}`, "list": `{"suffix_file":"absent"}`,
		"records": `{"records":{"source":"x"}}`, "columns": `{"records":{"source":"x","id":"y","at":"2026-01-01T00:00:00Z","identifiers":[{"type":"shoe","columns":["a"]}]}}`,
		"match alone": `{"match":{}}`,
	} {
		var u *input.UsageError
		if _, err := rulefile.Read(input.Streams{}, write(t, dir, "r.json", text)); !errors.As(err, &u) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
