package audience_test

import (
	"fmt"
	"maps"
	"math"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
	"github.com/tabi-go/tabi/touchpoint"
)

// crowd is members a, b, c … of whom those named in the text are in.
func crowd(t *testing.T, id, in string) audience.Members {
	p := map[string]persona.Fields{}
	for _, r := range "abcdefgh" {
		p[string(r)] = persona.Map{"x": persona.TextValue(string(r)), "consent.activate": persona.BoolValue(true)}
	}
	list := "[]"
	if in != "" {
		list = `["` + string(in[0])
		for _, r := range in[1:] {
			list += `","` + string(r)
		}
		list += `"]`
	}
	return segment(t, `{"id":"`+id+`","purpose":"activate","where":{"field":"x","op":"in","value":`+list+`}}`).Members(maps.All(p), at)
}

func TestOverlap(t *testing.T) {
	x := audience.Overlap(crowd(t, "s", "abcd"), crowd(t, "t", "cdefgh"), crowd(t, "none", ""))
	if got, want := fmt.Sprint(x), "{[s t none] [[4 2 0] [2 6 0] [0 0 0]] [[1 0.25 0] [0.25 1 0] [0 0 0]]}"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestMix(t *testing.T) {
	p := map[string]persona.Fields{}
	came := func(kind, channel string, n int) (out []touchpoint.Touch) {
		for i := range n {
			out = append(out, touchpoint.Touch{Source: "s", ID: fmt.Sprint(kind, channel, i), Kind: touchpoint.Kind(kind), Channel: touchpoint.Channel(channel), At: at.AddDate(0, 0, -i)})
		}
		return out
	}
	add := func(id, language string, touches ...touchpoint.Touch) {
		m := persona.Map{}
		if language != "" {
			m["person.language"] = persona.TextValue(language)
		}
		p[id] = persona.Join(m, willing, persona.OfTouches(touches))
	}
	add("a", "ja", append(came("visit", "Email", 2), came("visit", "Direct", 1)...)...)
	add("b", "ja", append(came("visit", "Email", 3), came("visit", "Display", 3)...)...)          // a tie
	add("c", "en", append(came("email_sent", "Email", 9), came("visit", "Organic", 1)...)...)     // what we sent says nothing
	add("d", "", touchpoint.Touch{Source: "s", Kind: "visit", Channel: "Email", At: at.Add(1e9)}) // yet to come
	s := segment(t, `{"id":"all","where":{"all":[]}}`)
	m := s.Members(maps.All(p), at)

	channels := m.Channels(shuffled(source(1), p))
	if channels.Members != 3 || channels.Unknown != 1 || len(channels.Shares) != 3 || !(math.Abs(channels.Effective-3) <= 1e-12) {
		t.Errorf("%+v", channels)
	}
	for i, want := range []string{"Display", "Email", "Organic"} {
		if got := channels.Shares[i]; got.Value != want || got.N != 1 {
			t.Error(got)
		}
	}
	languages := m.Languages(shuffled(source(2), p))
	ja := languages.Shares[0]
	// Wilson for 2 of 3 (R: prop.test(2, 3, correct=FALSE)).
	if ja.Value != "ja" || ja.N != 2 || !(math.Abs(ja.Lo-0.2076594) <= 1e-6 && math.Abs(ja.Hi-0.9385081) <= 1e-6) {
		t.Errorf("%+v", ja)
	}
	if want := math.Exp(math.Log(3) - 2.0/3*math.Log(2)); !(math.Abs(languages.Effective-want) <= 1e-12) {
		t.Error(languages.Effective, want)
	}
	if x := (audience.Members{}).Languages(maps.All(p)); x.Members != 0 || x.Effective != 0 {
		t.Errorf("%+v", x)
	}
}
