package touchpoint_test

import (
	"testing"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

func mail(address string) identity.ID { return identity.MakeID(identity.Email, address) }

func TestSplitMakesOneTouchAParticipant(t *testing.T) {
	meeting := clean()
	account := identity.MakeID(identity.CRMAccountID, "acme")
	meeting.IDs = []identity.ID{account, mail("b@acme.com")}
	meeting.Cost.Minor = 10001
	staff := identity.MakeID(identity.UserID, "us")
	got, err := tp.Split(meeting, []identity.ID{mail("c@nottabi.example"), mail("a@acme.com"), mail("rep@tabi.example"),
		mail("rep@jp.tabi.example"), staff, mail("a@acme.com")},
		&tp.Options{OwnDomains: []string{"Tabi.example"}, OwnUsers: []identity.ID{staff}})
	if err != nil || len(got) != 3 {
		t.Fatal(len(got), err)
	}
	sum := int64(0)
	for i, want := range []string{"a@acme.com", "b@acme.com", "c@nottabi.example"} {
		touch := got[i]
		activity, _ := touch.Props.Text("activity_id")
		if len(touch.IDs) != 2 || touch.IDs[0] != account || touch.IDs[1].Value() != want || activity != "42" || touch.ID == "42" {
			t.Errorf("%d: %v", i, string(touch.AppendJSON(nil)))
		}
		sum += touch.Cost.Minor
	}
	if sum != 10001 || got[0].Cost.Minor != 3334 || got[2].Cost.Minor != 3333 {
		t.Error("cost is not split exactly")
	}
	// UUIDv5 of "42 U+001F email U+001F a@acme.com" in the namespace of derived ids.
	if got[0].ID != "bb5a088e-b266-5308-a4b3-0c8a7c2e9ba5" {
		t.Error(got[0].ID)
	}
	alone, err := tp.Split(meeting, nil, nil)
	if err != nil || len(alone) != 1 || alone[0].ID != got[1].ID || alone[0].Cost.Minor != 10001 {
		t.Error("another participant changes the id of the first")
	}
	meeting.IDs = meeting.IDs[:1]
	none, err := tp.Split(meeting, []identity.ID{staff}, &tp.Options{OwnUsers: []identity.ID{staff}})
	if err != nil || len(none) != 1 || none[0].ID != "42" || len(none[0].IDs) != 1 {
		t.Error("an activity with our staff alone stays on its account", err)
	}
	meeting.IDs = nil
	if _, err := tp.Split(meeting, nil, nil); reason(t, err) != "ids missing" {
		t.Error(err)
	}
	meeting.ID = ""
	derived, err := tp.Split(meeting, []identity.ID{mail("a@acme.com")}, nil)
	if id, _ := derived[0].Props.Text("activity_id"); err != nil || len(id) != 36 || derived[0].ID == id {
		t.Error(err)
	}
}

func TestT11SplitSumsAreExact(t *testing.T) {
	r := newRand(11)
	for range rounds(500) {
		touch := clean()
		touch.Kind = tp.KindRefund
		touch.Props = touch.Props.SetText("order_id", "o")
		touch.Cost.Minor = r.Int64() >> r.IntN(63)
		touch.Value = tp.Money{Minor: -(r.Int64() >> r.IntN(63)), Currency: touch.Cost.Currency}
		got, err := tp.Split(touch, manyIDs(1+r.IntN(12)), nil)
		if err != nil {
			t.Fatal(err)
		}
		var cost, value tp.Money
		for _, p := range got {
			if cost, err = cost.Add(p.Cost); err != nil {
				t.Fatal(err)
			}
			if value, err = value.Add(p.Value); err != nil {
				t.Fatal(err)
			}
			if p.Cost.Minor-got[len(got)-1].Cost.Minor > 1 {
				t.Fatal("unequal parts")
			}
		}
		if cost != touch.Cost || value != touch.Value {
			t.Fatalf("%d and %d became %d and %d", touch.Cost.Minor, touch.Value.Minor, cost.Minor, value.Minor)
		}
	}
}
