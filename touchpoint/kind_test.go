package touchpoint_test

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
	tp "github.com/tabi-go/tabi/touchpoint"
)

func TestTableOfKinds(t *testing.T) {
	const table = `impression|exposure|outbound|||no
email_sent email_delivered email_open|exposure|outbound||Email|no
push_sent|exposure|outbound||Mobile Push Notifications|no
message_sent|exposure|outbound||Messaging|no
letter|exposure|outbound|yes|Direct Mail|no
broadcast|exposure|outbound|yes||no
visit pageview screen search download product_view cart checkout video_play video_complete install app_open event click|contact|inbound|||yes
form lead signup login logout trial_start trial_end subscribe|contact|inbound|||yes
email_click email_reply|contact|inbound||Email|yes
push_open|contact|inbound||Mobile Push Notifications|yes
message_received|contact|inbound||Messaging|yes
chat|contact|inbound||Chat|yes
email|contact|outbound||Sales|no
call meeting|contact|outbound|yes|Sales|yes
demo proposal quote|contact|outbound||Sales|yes
webinar_registered webinar_attended|contact|inbound||Webinar|yes
podcast|contact|inbound||Audio|yes
event_registered|contact|inbound||Event|yes
event_attended|contact|inbound|yes|Event|yes
store_visit|contact|inbound|yes|Store|yes
ticket_opened ticket_replied complaint return|contact|inbound||Support|yes
ticket_closed|contact|outbound||Support|no
order contract renewal upgrade|conversion|inbound|||yes
refund order_cancelled downgrade churn|reversal|inbound|||yes
survey_answer|feedback|inbound||Survey|yes
review mention share referral_made|feedback|inbound||Community|yes
email_bounce|record|inbound||Email|no
email_spam|record|inbound||Email|yes
unsubscribe|record|inbound|||yes
task note stage_change opportunity identify group alias merge import system|record||||no`
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSpace(line), "|")
		for kind := range strings.FieldsSeq(f[0]) {
			in := tp.Kind(kind).Info()
			if in.Class.String() != f[1] || in.Direction.String() != f[2] || in.Offline != (f[3] == "yes") ||
				string(in.Channel) != f[4] || in.Engaged != (f[5] == "yes") || !in.Known {
				t.Errorf("%s: %+v", kind, in)
			}
		}
	}
	if in := tp.Kind("made_up").Info(); in != (tp.Info{Class: tp.Contact, Engaged: true}) {
		t.Errorf("unknown kind: %+v", in)
	}
}

// A name of a kind begins with a letter and goes on with letters, digits and _, 64 in all.
func TestWhatIsANameOfAKind(t *testing.T) {
	for kind, want := range map[tp.Kind]string{
		"a": "", "z": "", "az09_": "", "z0": "", "a9": "", tp.Kind("a" + strings.Repeat("z", 63)): "", tp.Kind("a" + strings.Repeat("z", 64)): "kind syntax",
		"": "kind missing", "0a": "kind syntax", "_a": "kind syntax", "A": "kind syntax", "aB": "kind syntax", "a/": "kind syntax", "a:": "kind syntax", "a`": "kind syntax", "a{": "kind syntax", "`": "kind syntax", "{": "kind syntax", "a b": "kind syntax",
	} {
		touch := clean()
		touch.Kind = kind
		if got := reason(t, touch.Validate(nil)); got != want {
			t.Errorf("%q: %q, want %q", kind, got, want)
		}
	}
}

func TestEngaged(t *testing.T) {
	for outcome, want := range map[string]bool{"completed": true, "": true, "left_message": true, "no_show": false,
		"no_answer": false, "cancelled": false, "bounced": false, "failed": false} {
		touch := clean()
		touch.Props = touch.Props.SetText("outcome", outcome)
		if touch.Engaged() != want {
			t.Errorf("meeting %q: %v", outcome, !want)
		}
	}
	if (tp.Touch{Kind: tp.KindEmailOpen}).Engaged() {
		t.Error("an open proves nothing")
	}
}

func TestAPlannedActivityIsARecord(t *testing.T) {
	touch := clean()
	if touch.Class() != tp.Contact {
		t.Error(touch.Class())
	}
	touch.Props = touch.Props.SetText("outcome", "planned")
	if touch.Class() != tp.Record {
		t.Error(touch.Class())
	}
}

func TestSighting(t *testing.T) {
	touch := clean()
	for kind, want := range map[tp.Kind]identity.Kind{tp.KindMeeting: identity.CoOccurrence, tp.KindLogin: identity.Login,
		tp.KindIdentify: identity.Login, tp.KindSignup: identity.Login, tp.KindAlias: identity.Login, tp.KindForm: identity.Form,
		"form_submit": identity.Form, tp.KindImport: identity.Import} {
		touch.Kind = kind
		s := touch.Sighting()
		if s.Kind != want || s.End || s.Source != "crm" || s.ID != "42" || !s.At.Equal(touch.At) || len(s.IDs) != 2 {
			t.Errorf("%s: %v %v", kind, s.Kind, s.End)
		}
	}
	for _, kind := range []tp.Kind{tp.KindLogout, "sign_out", "reset"} {
		if touch.Kind = kind; !touch.Sighting().End {
			t.Errorf("%s does not end the session", kind)
		}
	}
}

func TestSightingCarriesTheHintsForTheAccount(t *testing.T) {
	touch := clean()
	touch.Props = props(t, `{"website":"acme.com","reverse_ip_domain":"isp.example","person":{"website":"other.com"}}`)
	if s := touch.Sighting(); s.Website != "acme.com" || s.ReverseIP != "isp.example" {
		t.Error(s.Website, s.ReverseIP)
	}
	touch.Props = touch.Props.Remove("website").Remove("reverse_ip_domain")
	if s := touch.Sighting(); s.Website != "other.com" || s.ReverseIP != "" {
		t.Error(s.Website, s.ReverseIP)
	}
}
