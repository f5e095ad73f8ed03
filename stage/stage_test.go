package stage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// date is an instant of 2026.
func date(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

// touch is a touch of source "t" with an e-mail address.
func touch(id string, at time.Time, kind touchpoint.Kind) touchpoint.Touch {
	return touchpoint.Touch{Source: "t", ID: id, At: at, Kind: kind,
		IDs: []identity.ID{identity.MakeID(identity.Email, "a.sato@example.co.jp")}}
}

func stated(t touchpoint.Touch, value string) touchpoint.Touch {
	t.Stage = value
	return t
}

// workedExample is the example of the specification of stages.
func workedExample() []touchpoint.Touch {
	first := touch("01", date(1, 1), "click")
	first.IDs = []identity.ID{identity.MakeID(identity.AnonymousID, "a1")}
	last := touch("14", date(9, 20), "contract")
	last.Value = touchpoint.Money{Minor: 1200000, Currency: touchpoint.Currency{'J', 'P', 'Y'}}
	return []touchpoint.Touch{
		first,
		touch("02", date(1, 5), "form"),
		touch("03", date(1, 20), "webinar_attended"),
		touch("04", date(2, 1), "demo_request"),
		touch("05", date(2, 10), "meeting"),
		stated(touch("06", date(2, 20), "stage_change"), "Nurture"),
		touch("07", date(6, 15), "pageview"),
		touch("08", date(6, 20), "meeting"),
		touch("09", date(7, 1), "opportunity"),
		touch("10", date(7, 15), "proposal"),
		stated(touch("11", date(8, 1), "stage_change"), "Closed Lost"),
		stated(touch("12", date(9, 1), "stage_change"), "opportunity"),
		last,
	}
}

func TestWorkedExample(t *testing.T) {
	m := stage.LeadToRevenue()
	h, err := m.Fold(workedExample(), &stage.FoldOptions{At: date(10, 1)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"01-01 anonymous 1 start [] by 01 +0",
		"01-05 known 1 advance [] by 02 +1",
		"02-01 mql 1 advance [] by 04 +0",
		"02-10 sql 1 skip [sal] by 05 +0",
		"02-20 nurture 1 recycle [] by 06 +0",
		"05-21 dormant 1 pause [] by  +0",
		"06-15 nurture 2 resume [] by 07 +0",
		"06-20 sql 2 skip [sal] by 08 +0",
		"07-01 opportunity 1 advance [] by 09 +0",
		"07-15 negotiation 1 advance [] by 10 +0",
		"08-01 lost 1 lose [] by 11 +0",
		"09-01 opportunity 2 reopen [] by 12 +0",
		"09-20 won 1 win [] by 14 +0",
	}
	for i, v := range h.Visits {
		got := fmt.Sprintf("%s %s %d %v %v by %s +%d", v.Enter.Format("01-02"), v.Stage, v.Number, v.Via, v.Skipped, v.By.ID, len(v.Support))
		if i >= len(want) || got != want[i] {
			t.Errorf("visit %d: %s", i+1, got)
		}
	}
	if len(h.Visits) != len(want) || len(h.Refused) != 0 {
		t.Errorf("%d visits, refused %v", len(h.Visits), h.Refused)
	}
}
