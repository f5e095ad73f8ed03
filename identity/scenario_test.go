package identity_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// A scenario is a case of testdata/scenarios.txt.
type scenario struct {
	rules    identity.Rules
	touches  []identity.Sighting
	owners   []string
	evidence []identity.Evidence
	people   string
}

// dayAndTime reads "d3 10:00".
func dayAndTime(t *testing.T, d, clock string) time.Time {
	t.Helper()
	var day, hour, minute int
	if _, err := fmt.Sscanf(d+" "+clock, "d%d %d:%d", &day, &hour, &minute); err != nil {
		t.Fatalf("%s %s: %v", d, clock, err)
	}
	return time.Date(2026, 1, day, hour, minute, 0, 0, time.UTC)
}

func (s *scenario) take(t *testing.T, line string) {
	w := strings.Fields(line)
	switch w[0] {
	case "unowned":
		s.rules.Unowned = map[string]identity.Unowned{"last_known": identity.LastKnown, "nearest": identity.Nearest}[w[1]]
	case "people":
		s.people = strings.Join(w[1:], " ")
	case "owns":
		s.evidence = append(s.evidence, identity.Evidence{A: id(t, w[1]), B: id(t, w[2]), Kind: identity.Manual, Source: "crm", Ref: fmt.Sprint(len(s.evidence)),
			At: day(1, 1), From: dayAndTime(t, w[3], w[4]), To: dayAndTime(t, w[5], w[6])})
	default:
		facts, owner, ok := strings.Cut(line, " -> ")
		if !ok {
			t.Fatal("no owner:", line)
		}
		w := strings.Fields(facts)
		x := touch(t, fmt.Sprintf("%03d", len(s.touches)), dayAndTime(t, w[0], w[1]), strings.Join(w[3:], " "))
		x.End = w[2] == "logout"
		s.touches, s.owners = append(s.touches, x), append(s.owners, owner)
	}
}

// Table 2.3, shared device, kiosk, family: hand scenarios.
func TestKioskFamilyAndOtherScenarios(t *testing.T) {
	b, err := os.ReadFile("testdata/scenarios.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for text := range strings.SplitSeq(string(b), "\ncase ") {
		name, body, _ := strings.Cut(text, "\n")
		if strings.HasPrefix(name, "#") {
			continue
		}
		cases++
		t.Run(name, func(t *testing.T) {
			var s scenario
			for line := range strings.Lines(body) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					s.take(t, line)
				}
			}
			g := graph(t, &s.rules, s.touches...)
			must(t, g.Add(s.evidence...))
			r := g.Resolve(time.Time{})
			for i, x := range s.touches {
				o := r.Owner(x)
				via := o.Via.Value()
				if o.Person.IsZero() {
					via = "-"
				}
				if got := via + " " + string(o.Reason); got != s.owners[i] {
					t.Errorf("%s: %s, want %s", x.At.Format("_2 Jan 15:04"), got, s.owners[i])
				}
			}
			if got := people(r); got != s.people {
				t.Errorf("people %s, want %s", got, s.people)
			}
		})
	}
	if cases < 12 {
		t.Errorf("%d cases", cases)
	}
}

// Acceptance scenarios of another customer-data service: profiles as touches.
func TestProfilesOfAnotherService(t *testing.T) {
	for name, c := range map[string]struct{ touches, want string }{
		"1 two share a mail, a third a phone":   {"email:a@x.org phone:+14155550101, email:a@x.org, phone:+14155550101 device_id:t3", "+14155550101 a@x.org t3"},
		"2 temporary and permanent":             {"email:a@x.org device_id:t1, user_id:u1 email:a@x.org", "a@x.org t1 u1"},
		"3 two temporary, then permanent":       {"email:a@x.org device_id:t1, email:a@x.org device_id:t2, user_id:u1 email:a@x.org", "a@x.org t1 t2 u1"},
		"4 another joins by phone":              {"email:a@x.org phone:+14155550101, user_id:u1 email:a@x.org, phone:+14155550101 device_id:t3", "+14155550101 a@x.org t3 u1"},
		"5 two permanent share a mail":          {"user_id:u1 email:a@x.org, user_id:u2 email:a@x.org", "a@x.org u1 | u2"},
		"10 chain by mail, phone, mail":         {"email:a@x.org, email:a@x.org phone:+14155550101, phone:+14155550101 email:b@x.org, email:b@x.org device_id:p4", "+14155550101 a@x.org b@x.org p4"},
		"11 a third joins two by phone":         {"email:a@x.org device_id:t1, email:a@x.org phone:+14155550101, phone:+14155550101 device_id:t3", "+14155550101 a@x.org t1 t3"},
		"13 an update brings the mail":          {"device_id:t1 email:a@x.org, device_id:t2, device_id:t2 email:a@x.org", "a@x.org t1 t2"},
		"14 mail and phone match":               {"email:a@x.org phone:+14155550101 device_id:t1, email:a@x.org phone:+14155550101 device_id:t2", "+14155550101 a@x.org t1 t2"},
		"15 chain of four":                      {"email:a@x.org device_id:t1, email:a@x.org phone:+14155550101, phone:+14155550101 email:c@x.org, email:c@x.org device_id:t4", "+14155550101 a@x.org c@x.org t1 t4"},
		"16 one permanent and three temporary":  {"user_id:u1 email:a@x.org phone:+14155550101, email:a@x.org device_id:t1, phone:+14155550101 device_id:t2, email:a@x.org device_id:t3", "+14155550101 a@x.org t1 t2 t3 u1"},
		"19 two hierarchies meet in a newcomer": {"email:a@x.org device_id:t1, email:a@x.org device_id:t2, phone:+14155550101 device_id:t3, email:a@x.org phone:+14155550101", "+14155550101 a@x.org t1 t2 t3"},
	} {
		g := graph(t, nil)
		for i, list := range strings.Split(c.touches, ",") {
			must(t, g.See(touch(t, fmt.Sprint(i), clock(1, i), list)))
		}
		if got := people(g.Resolve(time.Time{})); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// 6: the explanation names the mail. 7 and 18: a rule that is off, and on again.
	touches := []identity.Sighting{touch(t, "1", day(1, 1), "email:a@x.org device_id:t1"), touch(t, "2", day(1, 2), "email:a@x.org device_id:t2")}
	g := graph(t, nil, touches...)
	e := g.Explain(id(t, "device_id:t1"), id(t, "device_id:t2"))
	if !e.Same || len(e.Path) != 2 || e.Path[0].B.Type() != identity.Email {
		t.Errorf("6: %+v", e)
	}
	off := identity.DefaultRules()
	rule := off.Types[identity.Email]
	rule.Off = true
	off.Types[identity.Email] = rule
	silent, err := g.With(&off)
	if err != nil {
		t.Fatal(err)
	}
	if got := people(silent.Resolve(time.Time{})); got != "t1 | t2" {
		t.Error("7:", got)
	}
	again, _ := silent.With(nil)
	if got := people(again.Resolve(time.Time{})); got != "a@x.org t1 t2" {
		t.Error("18:", got)
	}
}
