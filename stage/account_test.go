package stage_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// H9: Max over one member is that member's history. Moves of one instant are one move
// of an account, so worlds with several in an instant are left out.
func TestH9MaxOfOneMemberIsTheMember(t *testing.T) {
	t.Parallel()
	compared := 0
	forWorlds(t, 1000, func(_ *rand.Rand, w world) string {
		h := w.fold(t)
		for i, v := range h.Visits {
			if v.Leave.Equal(v.Enter) || v.From == v.Stage && h.Visits[i-1].Leave.Equal(v.Enter) {
				return ""
			}
		}
		a, err := w.m.FoldAccount([]stage.Member{{Subject: "s", History: h}}, nil, nil)
		if err != nil {
			return err.Error()
		}
		for i := range h.Visits { // what only people have, and what only accounts have
			h.Visits[i].Support, h.Visits[i].Conflict = nil, false
			if i < len(a.Visits) {
				if a.Visits[i].Member != "s" || a.Visits[i].MemberVisit != i+1 {
					return "not the member's visit"
				}
			}
		}
		compared += len(h.Visits)
		return differ(text(a.Visits, nil, nil), text(h.Visits, nil, nil))
	})
	if compared < 500 {
		t.Errorf("only %d visits compared", compared)
	}
}

// member folds a member from "kind day" steps of January.
func member(t *testing.T, m *stage.Model, subject, role string, steps ...string) stage.Member {
	t.Helper()
	var touches []touchpoint.Touch
	for i, s := range steps {
		var kind string
		var d int
		fmt.Sscan(s, &kind, &d)
		tp := touch(fmt.Sprint(subject, i), date(1, d), touchpoint.Kind(kind))
		if stageName, ok := strings.CutPrefix(kind, "!"); ok {
			tp.Kind, tp.Stage = "stage_change", stageName
		}
		touches = append(touches, tp)
	}
	return stage.Member{Subject: subject, Role: role, History: fold(t, m, touches, stage.FoldOptions{Subject: subject, At: date(4, 1)})}
}

func stays(h stage.History) string {
	var out []string
	for _, v := range h.Visits {
		out = append(out, fmt.Sprintf("%s %s %v %s", v.Enter.Format("01-02"), v.Stage, v.Via, v.Member))
	}
	return strings.Join(out, ", ")
}

func TestAccountStandsAtItsHighestMember(t *testing.T) {
	m := stage.LeadToRevenue()
	a := member(t, &m, "a", "", "form 1", "meeting 5", "deal_lost 20")
	b := member(t, &m, "b", "", "form 2", "demo_request 10", "deal_lost 25")
	h, err := m.FoldAccount([]stage.Member{b, a}, nil, &stage.FoldOptions{Subject: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	want := "01-01 known start a, 01-05 sql skip a, 01-20 mql regress a, 01-25 lost lose b"
	if got := stays(h); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	sticky, _ := m.FoldAccount([]stage.Member{b, a}, nil, &stage.FoldOptions{Sticky: true})
	if got := stays(sticky); got != "01-01 known start a, 01-05 sql skip a" {
		t.Errorf("sticky: %s", got)
	}
}

func TestMemberWhoLeavesTakesTheFutureAway(t *testing.T) {
	m := stage.LeadToRevenue()
	a := member(t, &m, "a", "", "form 1", "meeting 5", "opportunity 20")
	a.From, a.To = date(1, 3), date(1, 10)
	b := member(t, &m, "b", "", "form 4")
	h, _ := m.FoldAccount([]stage.Member{a, b}, nil, nil)
	if got, want := stays(h), "01-03 known start a, 01-05 sql skip a, 01-10 known regress a"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestQuorumCompletesWithItsLastNeedAndOpensAgain(t *testing.T) {
	m := stage.LeadToRevenue()
	boss := member(t, &m, "boss", "decision_maker", "form 1", "meeting 9")
	boss.To = date(1, 20)
	h, err := m.FoldAccount([]stage.Member{
		boss,
		member(t, &m, "champ", "champion", "form 2", "meeting 3"),
		member(t, &m, "user", "", "form 4"),
	}, stage.Quorum{Need: []stage.Need{{Roles: []string{"decision_maker"}, N: 1}, {Roles: []string{"champion"}, N: 1}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "01-01 known start boss, 01-09 sql skip boss, 01-20 known regress boss"
	if got := stays(h); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	x, _ := h.Explain(2)
	if x.Role != "decision_maker" || len(x.Needs) != 1 || x.Needs[0].Roles[0] != "decision_maker" {
		t.Errorf("role %q, open needs %v", x.Role, x.Needs)
	}
}

// The needs still open are those of the next Open or Goal stage above the account's.
func TestOpenNeedsAreThoseOfTheNextStage(t *testing.T) {
	boss, champion := stage.Need{Roles: []string{"decision_maker"}, N: 1}, stage.Need{Roles: []string{"champion"}, N: 1}
	m := stage.LeadToRevenue()
	churn := stage.Lifecycle() // its highest stage is a Loss
	for name, c := range map[string]struct {
		model   *stage.Model
		members []stage.Member
		want    []stage.Need
	}{
		"one is further": {&m, []stage.Member{member(t, &m, "b", "decision_maker", "form 1"), member(t, &m, "c", "champion", "form 1", "meeting 1")}, []stage.Need{boss}},
		"none is":        {&m, []stage.Member{member(t, &m, "b", "decision_maker", "form 1"), member(t, &m, "c", "champion", "form 1")}, []stage.Need{boss, champion}},
		"at the top":     {&churn, []stage.Member{member(t, &churn, "b", "decision_maker", "!advocacy 1"), member(t, &churn, "c", "champion", "!advocacy 1")}, nil},
	} {
		h, err := c.model.FoldAccount(c.members, stage.Quorum{Need: []stage.Need{boss, champion}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x, _ := h.Explain(0); len(h.Visits) != 1 || !reflect.DeepEqual(x.Needs, c.want) {
			t.Errorf("%s: %s, open %v, want %v", name, stays(h), x.Needs, c.want)
		}
	}
}

func TestOpportunitiesDriveAnAccount(t *testing.T) {
	m := stage.LeadToRevenue()
	a := member(t, &m, "a", "", "form 1", "opportunity 5", "order 10", "login 12")
	b := member(t, &m, "b", "", "form 2", "opportunity 20", "deal_lost 25")
	h, err := m.FoldAccount([]stage.Member{a, b}, stage.OpportunityDriven{Remember: 30 * day}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// From February 24 on the lost deal is forgotten: a, onboarding, is capped below opportunity.
	want := "01-01 known start a, 01-05 opportunity skip a, 01-10 won win a, 01-20 opportunity reopen b, 01-25 lost lose b, 02-24 sql reopen "
	if got := stays(h); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A member need not have a name to meet a need.
func TestMembersWithoutANameCount(t *testing.T) {
	low, high := &stage.Stage{ID: "low", Rank: 1}, &stage.Stage{ID: "high", Rank: 2}
	members := []stage.Standing{{Furthest: high}, {Subject: "a", Furthest: high}, {Subject: "b", Furthest: low}}
	if got, ok := (stage.Quorum{Need: []stage.Need{{N: 2}}}).Stage(members, time.Time{}); !ok || got != "high" {
		t.Error(got, ok)
	}
}

// A fallback that counts what was once reached still says no more than that the deals are gone.
func TestFallbackStaysBelowTheDeals(t *testing.T) {
	m := stage.LeadToRevenue()
	a := member(t, &m, "a", "", "form 1", "opportunity 5", "!sal 8")
	h, err := m.FoldAccount([]stage.Member{a}, stage.OpportunityDriven{Fallback: stage.Quorum{Need: []stage.Need{{N: 1}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := stays(h); !strings.HasPrefix(got, "01-01 known start a, 01-05 opportunity skip a, 01-08 sql regress a") {
		t.Error(got)
	}
}

func TestAccountsOfABadModelAreItsError(t *testing.T) {
	m := stage.Digital()
	a := member(t, &m, "a", "", "form 1")
	var fault *stage.ModelError
	if _, err := (&stage.Model{}).FoldAccount([]stage.Member{a}, nil, nil); !errors.As(err, &fault) {
		t.Error(err)
	}
}

type panicking struct{}

func (panicking) Stage([]stage.Standing, time.Time) (stage.ID, bool) { panic("no") }

type lost struct{}

func (lost) Stage([]stage.Standing, time.Time) (stage.ID, bool) { return "nowhere", true }

func TestBadPoliciesAreErrors(t *testing.T) {
	m := stage.Digital()
	a := member(t, &m, "a", "", "form 1")
	var callback *stage.CallbackError
	if _, err := m.FoldAccount([]stage.Member{a}, panicking{}, nil); !errors.As(err, &callback) {
		t.Error(err)
	}
	if _, err := m.FoldAccount([]stage.Member{a}, lost{}, nil); !errors.Is(err, stage.ErrUnknownStage) {
		t.Error(err)
	}
}
