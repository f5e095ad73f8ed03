package audience_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
)

func contact(subject string, f persona.Fields, ids ...identity.ID) audience.Contact {
	return audience.Contact{Subject: subject, Fields: f, IDs: ids}
}

func mail(s string) identity.ID { return identity.MakeID(identity.Email, s) }

func export(t *testing.T, minSize int, people ...audience.Contact) (string, int, error) {
	t.Helper()
	p := map[string]persona.Fields{}
	for _, c := range people {
		p[c.Subject] = c.Fields
	}
	delete(p, "stranger")
	s := segment(t, fmt.Sprintf(`{"id":"all","purpose":"profile","min_size":%d,"where":{"all":[]}}`, minSize))
	var b bytes.Buffer
	n, err := audience.Export(&b, s.Members(maps.All(p), at), slices.Values(people), nil)
	return b.String(), n, err
}

func line(kind, value string) string {
	return fmt.Sprintf("%s,%x\n", kind, sha256.Sum256([]byte(value)))
}

func TestExport(t *testing.T) {
	onlyProfile := persona.Map{"consent.profile": persona.BoolValue(true)}
	optedOut := persona.Join(persona.Map{"person.opted_out": persona.BoolValue(true)}, willing)
	suppressed := contact("gone", willing, mail("gone@acme.example"), mail("shared@acme.example"))
	suppressed.Suppressed = true
	people := []audience.Contact{
		contact("ann", willing, identity.MakeID(identity.Email, " Ann@ACME.example"), identity.MakeID(identity.Phone, "+81 90-1234-5678"), identity.MakeID(identity.UserID, "u1")),
		contact("bo", willing, mail("bo@acme.example"), mail("ann@acme.example")),
		contact("cy", onlyProfile, mail("cy@acme.example")),
		contact("di", optedOut, mail("di@acme.example")),
		contact("ed", willing, mail("shared@acme.example")),
		contact("gone", willing, mail("again@acme.example")), // the same person as the one suppressed below
		contact("stranger", willing, mail("stranger@acme.example")),
		suppressed,
	}
	want := []string{line("email", "ann@acme.example"), line("email", "bo@acme.example"), line("phone", "+819012345678")}
	slices.Sort(want)
	for range 3 {
		got, n, err := export(t, 2, people...)
		if got != strings.Join(want, "") || n != 2 || err != nil {
			t.Errorf("%d %v\n got %s\nwant %s", n, err, got, want)
		}
		slices.Reverse(people)
	}
	if got, n, err := export(t, 3, people...); got != "" || n != 0 || !errors.Is(err, audience.ErrTooSmall) {
		t.Error("two people are fewer than three:", got, n, err)
	}
	if got, _, err := export(t, 0, people...); got != "" || !errors.Is(err, audience.ErrTooSmall) {
		t.Error("the default is a hundred:", got, err)
	}
}

// P20 for exports: nobody without consent, suppressed or opted out is ever in the list.
func TestExportNeverNamesTheUnwilling(t *testing.T) {
	r := source(20)
	exported := 0
	for range rounds(500) {
		var people []audience.Contact
		bad := map[string]bool{}
		for i := range 1 + r.IntN(8) {
			m := persona.Map{"consent.profile": persona.BoolValue(true)}
			if r.IntN(3) > 0 {
				m["consent.activate"] = persona.BoolValue(r.IntN(3) > 0)
			}
			c := contact(fmt.Sprint(i), m)
			c.Suppressed = r.IntN(4) == 0
			for range 1 + r.IntN(2) {
				address := fmt.Sprintf("p%d@acme.example", r.IntN(10))
				c.IDs = append(c.IDs, mail(address))
				if c.Suppressed {
					bad[line("email", address)] = true
				}
			}
			people = append(people, c)
		}
		allowed := map[string]bool{}
		for _, c := range people {
			if persona.Consented(c.Fields, "activate") && !c.Suppressed {
				for _, id := range c.IDs {
					allowed[line("email", id.Value())] = true
				}
			}
		}
		got, _, _ := export(t, 1, people...)
		for l := range strings.Lines(got) {
			if exported++; bad[l] || !allowed[l] {
				t.Fatal("exported", l)
			}
		}
	}
	if exported == 0 {
		t.Error("nobody is ever exported")
	}
}

func TestExportOfAccountsIsRefused(t *testing.T) {
	s := segment(t, `{"id":"a","subject":"account","where":{"all":[]},"min_size":1}`)
	var b bytes.Buffer
	m := s.Members(maps.All(map[string]persona.Fields{"x": willing}), at)
	if _, err := audience.Export(&b, m, slices.Values([]audience.Contact{contact("x", willing, mail("a@b.example"))}), nil); err == nil || b.Len() > 0 {
		t.Error(err, b.String())
	}
}
