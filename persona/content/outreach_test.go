package content_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/touchpoint"
)

var stall = content.Stall{Stage: "consideration", Name: "Consideration", Since: at.Add(-30 * day), Days: 30, Tail: 0.08}

func caseOf(values persona.Map, touches ...touchpoint.Touch) content.Case {
	all := persona.Map{"consent.activate": consent}
	maps.Copy(all, values)
	return content.Case{Stall: stall, Fields: who(touches, all)}
}

func TestRefusalsOfOutreach(t *testing.T) {
	mail := func(days int) touchpoint.Touch { return touch(t, "email", time.Duration(days)*day, nil) }
	slow := &content.OutreachOptions{Segment: &content.Segment{ReplyTime: 10 * day}}
	for _, tt := range []struct {
		name    string
		o       *content.OutreachOptions
		touches []touchpoint.Touch
		want    []content.Refusal
	}{
		{"nothing speaks against it", nil, []touchpoint.Touch{mail(4)}, nil},
		{"wrote two days ago", nil, []touchpoint.Touch{mail(2)}, []content.Refusal{content.CoolDown}},
		{"the segment answers slowly", slow, []touchpoint.Touch{mail(9)}, []content.Refusal{content.CoolDown}},
		{"four without answer", nil, []touchpoint.Touch{mail(40), mail(30), mail(20), mail(10)}, []content.Refusal{content.Unanswered}},
		{"four, but they answered", nil, []touchpoint.Touch{mail(40), mail(30), mail(20), mail(10), touch(t, "email_reply", 15*day, nil)}, nil},
		{"opens are no answers", nil, []touchpoint.Touch{mail(40), mail(30), mail(20), mail(10), touch(t, "email_open", 15*day, nil)}, []content.Refusal{content.Unanswered}},
		{"open complaint", nil, []touchpoint.Touch{touch(t, "complaint", 20*day, nil)}, []content.Refusal{content.OpenComplaint}},
		{"closed complaint", nil, []touchpoint.Touch{touch(t, "complaint", 20*day, nil), touch(t, "ticket_closed", 19*day, nil)}, nil},
		{"all at once", nil, []touchpoint.Touch{touch(t, "complaint", 50*day, nil), mail(40), mail(30), mail(20), mail(1)},
			[]content.Refusal{content.CoolDown, content.Unanswered, content.OpenComplaint}},
	} {
		a := content.Outreach(caseOf(nil, tt.touches...), at, tt.o)
		if !slices.Equal(a.Refused, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, a.Refused, tt.want)
		}
		if lines := a.Text("ja"); len(tt.want) > 0 && (len(lines) != 1+len(tt.want) || slices.Contains(lines, "")) {
			t.Errorf("%s: %q", tt.name, lines)
		}
	}
}

func TestWindowIsWhereTheyCome(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC) // Monday, 10:00 in Tokyo
	visit := func(y int, m time.Month, d, hour int) touchpoint.Touch {
		return touch(t, "pageview", 0, func(x *touchpoint.Touch) { x.At = time.Date(y, m, d, hour, 30, 0, 0, tokyo) })
	}
	thursdays := []touchpoint.Touch{visit(2026, 10, 29, 16), visit(2026, 10, 22, 16)}
	for _, tt := range []struct {
		name    string
		o       content.OutreachOptions
		touches []touchpoint.Touch
		want    string
	}{
		{"nothing known: the next block", content.OutreachOptions{}, nil, "2026-11-02 12:00"},
		{"Thursday afternoon", content.OutreachOptions{}, thursdays, "2026-11-05 15:00"},
		{"a holiday then", content.OutreachOptions{Calendar: &content.Calendar{Holidays: []string{"2026-11-05"}}}, thursdays, "2026-11-02 12:00"},
		{"youth counts", content.OutreachOptions{}, append([]touchpoint.Touch{visit(2026, 1, 7, 9), visit(2026, 1, 14, 9)}, thursdays...), "2026-11-05 15:00"},
		{"within 5 %: the earlier", content.OutreachOptions{}, []touchpoint.Touch{visit(2026, 10, 29, 16), visit(2026, 10, 27, 16)}, "2026-11-03 15:00"},
		{"the segment decides", content.OutreachOptions{Segment: &content.Segment{Blocks: map[content.Block]int64{{Weekday: time.Wednesday, Part: 3}: 5, {Weekday: time.Tuesday, Part: 4}: 3}}}, nil, "2026-11-04 09:00"},
		{"nights are not written in", content.OutreachOptions{}, []touchpoint.Touch{visit(2026, 10, 29, 23)}, "2026-11-02 12:00"},
		{"open at night", content.OutreachOptions{Calendar: &content.Calendar{From: 0, To: 24}}, []touchpoint.Touch{visit(2026, 10, 29, 23)}, "2026-11-05 21:00"},
		{"Saturdays", content.OutreachOptions{Calendar: &content.Calendar{Weekdays: []string{"sat"}}}, nil, "2026-11-07 09:00"},
	} {
		tt.o.Location = tokyo
		a := content.Outreach(caseOf(nil, tt.touches...), at, &tt.o)
		if a.Window == nil || a.Window.From.Format("2006-01-02 15:04") != tt.want || a.Window.To.Sub(a.Window.From) != 3*time.Hour || a.Window.ZoneFrom != "given" {
			t.Errorf("%s: %+v, want %s", tt.name, a.Window, tt.want)
		}
	}
	never := content.OutreachOptions{Calendar: &content.Calendar{Weekdays: []string{"mon"}, From: 9, To: 10}}
	if a := content.Outreach(caseOf(nil), at, &never); a.Window != nil {
		t.Errorf("a window of %v in a calendar without a whole block", a.Window)
	}
}

// Blocks are local: their instants shift with summer time, and a block whose first hour
// does not exist is skipped.
func TestWindowsKnowSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	before := time.Date(2026, 10, 23, 17, 0, 0, 0, time.UTC) // Friday; clocks go back on Sunday
	a := content.Outreach(caseOf(nil), before, &content.OutreachOptions{Location: berlin})
	if got := a.Window.From.UTC().Format(time.RFC3339); got != "2026-10-26T08:00:00Z" {
		t.Errorf("Monday 9 in Berlin is %s", got)
	}
	beirut, err := time.LoadLocation("Asia/Beirut") // midnight does not exist on 2026-03-29
	if err != nil {
		t.Fatal(err)
	}
	nights := content.OutreachOptions{Location: beirut, Calendar: &content.Calendar{Weekdays: []string{"sun"}, From: 0, To: 24}}
	a = content.Outreach(caseOf(nil), time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), &nights)
	if got := a.Window.From.Format("2006-01-02 15:04"); got != "2026-03-29 03:00" {
		t.Errorf("the first block of the day without midnight is %s", got)
	}
}

func TestZoneOfASubject(t *testing.T) {
	for _, tt := range []struct {
		values     map[string]string
		zone, from string
	}{
		{map[string]string{"person.timezone": "America/Lima", "account.timezone": "Asia/Tokyo"}, "America/Lima", "person"},
		{map[string]string{"person.timezone": "Mars/Olympus", "account.timezone": "Asia/Tokyo"}, "Asia/Tokyo", "account"},
		{map[string]string{"person.country": "DE", "account.country": "JP"}, "Europe/Berlin", "country"},
		{map[string]string{"account.country": "JP"}, "Asia/Tokyo", "country"},
		{map[string]string{"account.country": "AQ", "person.timezone": "Local"}, "UTC", "utc"},
		{nil, "UTC", "utc"},
	} {
		a := content.Outreach(caseOf(texts(tt.values)), at, nil)
		if a.Window == nil || a.Window.Zone != tt.zone || a.Window.ZoneFrom != tt.from {
			t.Errorf("%v: %+v", tt.values, a.Window)
		}
	}
	b, err := os.ReadFile("table/capitals.csv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		country, zone, _ := strings.Cut(strings.TrimSpace(line), ",")
		if code, ok := persona.Country(country); !ok || code != country {
			t.Errorf("%s is no country", country)
		}
		if _, err := time.LoadLocation(zone); err != nil {
			t.Error(err)
		}
		if name, ok := content.CapitalZone(country); !ok || name != zone {
			t.Errorf("%s: %s", country, name)
		}
		n++
	}
	if n != 60 {
		t.Errorf("%d capitals", n)
	}
}

func TestChannelThatIsAnswered(t *testing.T) {
	by := func(kind touchpoint.Kind, c touchpoint.Channel, days int) touchpoint.Touch {
		return touch(t, kind, time.Duration(days)*day, func(x *touchpoint.Touch) { x.Channel = c })
	}
	touches := []touchpoint.Touch{by("email", "Email", 90), by("email", "Email", 80), by("message_sent", "Messaging", 70), by("message_received", "Messaging", 69), by("pageview", "Direct", 20)}
	segment := &content.Segment{Replies: map[touchpoint.Channel]content.Replies{"Phone": {Sent: 98, Answered: 9}}}
	for _, tt := range []struct {
		name    string
		values  persona.Map
		touches []touchpoint.Touch
		segment *content.Segment
		want    touchpoint.Channel
	}{
		{"their own answers", nil, touches, segment, "Messaging"},
		{"refused there", persona.Map{"consent.activate.Messaging": persona.BoolValue(false)}, touches, segment, "Email"},
		{"only the segment", nil, nil, segment, "Phone"},
		{"what they prefer", texts(map[string]string{"person.preferred_channel": "Chat"}), nil, nil, "Chat"},
		{"nothing known", nil, nil, nil, "Email"},
	} {
		a := content.Outreach(caseOf(tt.values, tt.touches...), at, &content.OutreachOptions{Segment: tt.segment})
		if a.Channel != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, a.Channel, tt.want)
		}
	}
	replies := content.RepliesOf(touches, at)
	if replies["Email"] != (content.Replies{Sent: 2}) || replies["Messaging"] != (content.Replies{Sent: 1, Answered: 1}) {
		t.Errorf("%v", replies)
	}
	// One message answered of one: (1 + 10·½)/11.
	if a := content.Outreach(caseOf(nil, touches...), at, nil); a.Rate != 6.0/11 {
		t.Errorf("rate %v", a.Rate)
	}
}

func TestAdviceSaysWhatToWriteAbout(t *testing.T) {
	personas, err := persona.ParsePersonas([]byte(`{"id":"it","criteria":[{"id":"a","weight":1,"when":{"all":[]}}],"questions":{"consideration":["セキュリティ審査は済みましたか。"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t, `{"id":"p","items":[
		{"id":"all","stages":["consideration"],"updated":"2026-10-01T00:00:00Z"},
		{"id":"b","titles":{"en":"Security sheet","ja":"セキュリティ資料"},"touchpoint":"B","stages":["consideration"],"personas":["it"],"updated":"2026-10-01T00:00:00Z"},
		{"id":"a","touchpoint":"A","stages":["consideration"],"personas":["it"],"updated":"2026-10-01T00:00:00Z"},
		{"id":"0","stages":["consideration"],"personas":["it"],"updated":"2020-10-01T00:00:00Z"},
		{"id":"1","stages":["consideration"],"personas":["it"],"languages":["en"],"updated":"2026-10-01T00:00:00Z"}],"cells":[]}`)
	read := touch(t, "pageview", 40*day, func(x *touchpoint.Touch) { x.Touchpoint = "A" })
	c := caseOf(texts(map[string]string{"person.language": "ja", "account.country": "JP", "account.name": "x"}), read)
	c.Persona, c.Missing = &personas[0], []string{"champion"}
	a := content.Outreach(c, at, &content.OutreachOptions{Plan: p})
	if a.Item == nil || a.Item.ID != "b" || len(a.Questions) != 1 || a.Tone.Keigo != "teinei" || a.Tone.Formality != 5 || a.Tone.Warmth != 4 {
		t.Errorf("%+v", a)
	}
	want := []string{
		"「Consideration」に2026-10-02から30日とどまっている。同様のジャーニーでこれほど長いものは8％のみ。",
		"2026-11-02 09:00から12:00の間（Asia/Tokyo）に連絡する。",
		"手段はEmail。この相手には初めて。他の相手の返信率は50％（平滑化）。",
		"尋ねること：セキュリティ審査は済みましたか。",
		"案内する内容：セキュリティ資料",
		"購買グループで不明な役割：champion。担当者を尋ねる。",
	}
	if got := a.Text("ja"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c.Persona, c.Stall.Tail = nil, 0
	lines := content.Outreach(c, at, &content.OutreachOptions{Plan: p}).Text("en")
	if lines[0] != "In Consideration since 2026-10-02, 30 days." || !slices.Contains(lines, "Ask: What keeps you from going on?") {
		t.Errorf("%q", lines)
	}
}
