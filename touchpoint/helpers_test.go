package touchpoint_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

// The two vectors of the derived id: the name that is hashed, and the id.
var vectors = []struct{ name, id string }{
	{`{"source":"crm","at":"2026-04-01T09:00:00Z","kind":"meeting","channel":"Sales","touchpoint":"Demo room","ids":[{"type":"email","value":"a.sato@example.co.jp"},{"type":"user_id","value":"u-17"}],"direction":"outbound","offline":true,"cost":"120.00","currency":"EUR","props":{"duration_s":1800,"outcome":"completed"}}`,
		"0e8b1d7f-7af3-5d5b-b66f-80e61e974a6a"},
	{`{"source":"web","at":"2026-06-01T00:00:00Z","kind":"pageview","touchpoint":"shop.example.com/","campaign":{"source":"newsletter","medium":"email","name":"june"},"ids":[{"type":"anonymous_id","value":"a1"}],"direction":"inbound"}`,
		"ac6aa2d7-afc0-59ce-929a-6f892cac0ae2"},
}

// clean returns a touch that is normalised already: two identifiers, six props.
func clean() tp.Touch {
	p, err := tp.ParseProps([]byte(`{"duration_s":1800,"lang":"ja","outcome":"completed","session_id":"s-1","title":"Pricing","url":"https://example.com/pricing"}`))
	if err != nil {
		panic(err)
	}
	return tp.Touch{
		Source: "crm", ID: "42",
		At:         time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC),
		ReceivedAt: time.Date(2026, 4, 1, 9, 0, 5, 0, time.UTC),
		Kind:       tp.KindMeeting, Channel: tp.ChannelSales, Touchpoint: "Demo room",
		Campaign: tp.Campaign{Source: "newsletter", Medium: "email", Name: "june"},
		IDs: []identity.ID{
			identity.MakeID(identity.Email, "a.sato@example.co.jp"),
			identity.MakeID(identity.UserID, "u-17"),
		},
		Direction: tp.Outbound, Offline: true, Sentiment: tp.SentimentMilli(250),
		Cost:  tp.Money{Minor: 12000, Currency: tp.Currency{'E', 'U', 'R'}},
		Stage: "Evaluation", Props: p,
	}
}

func parse(t *testing.T, object string) tp.Touch {
	t.Helper()
	got, err := tp.ParseTouch([]byte(object), tp.Touch{}, nil)
	if err != nil {
		t.Fatalf("%v in %.300s", err, object)
	}
	return got
}

// reason returns field and reason of an InvalidError as "field reason", "" for nil.
func reason(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*tp.InvalidError](err)
	if !ok {
		t.Fatalf("untyped error %T: %v", err, err)
	}
	if !errors.Is(err, tp.ErrInvalid) {
		t.Fatal("an InvalidError is not ErrInvalid")
	}
	return e.Field + " " + string(e.Reason)
}

func read(t *testing.T, f tp.Format, text string, o *tp.Options) (touches []tp.Touch, errs []error) {
	t.Helper()
	for touch, err := range tp.NewReader(strings.NewReader(text), f, o).All() {
		if err != nil {
			errs = append(errs, err)
		} else {
			touches = append(touches, touch)
		}
	}
	return touches, errs
}

func write(t *testing.T, f tp.Format, touches ...tp.Touch) string {
	t.Helper()
	var b strings.Builder
	w := tp.NewWriter(&b, f)
	for _, touch := range touches {
		if err := w.Write(touch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
