package persona_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
)

// Section 15 of the specification: a leaf takes at most 40 ns and allocates nothing; the
// fit of one subject to an ICP of 8 criteria and 6 personas of 6 takes at most 4 µs and 3
// allocations without reasons; Fold takes at most 200 ns an observation and 200 bytes a
// trait.

func BenchmarkLeaf(b *testing.B) {
	f := persona.Map{"account.employees": persona.RangeValue(51, 200), "account.industry": persona.TextValue("製造業"), "person.seniority": persona.TextValue("c_level")}
	for name, text := range map[string]string{
		"between": `{"field":"account.employees","op":"between","value":[50,500]}`,
		"eq":      `{"field":"person.seniority","op":"eq","value":"c_level"}`,
		"in_ja":   `{"field":"account.industry","op":"in","value":["小売業","製造業"]}`,
		"unknown": `{"field":"account.budget","op":"ge","value":1000000}`,
	} {
		c := condition(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Eval(f, at)
			}
		})
	}
}

// subject is an account and a person with a dozen known traits, as programs have them.
func subject() persona.Fields {
	var obs []persona.Observation
	for name, text := range map[string]string{"account.employees": "51-200", "account.industry": "製造業", "account.country": "日本", "account.type": "prospect", "person.title": "情報システム部長",
		"person.email": "a@acme.example", "person.language": "ja", "account.technologies": "Go|Kafka", "person.goals": "save", "account.city": "Osaka"} {
		obs = append(obs, observe(name, text, "crm", 3))
	}
	return fold(obs, nil)
}

func criteria(n int) string {
	out := ""
	for i, when := range []string{
		`{"field":"account.employees","op":"between","value":[50,500]}`, `{"field":"account.industry","op":"in","value":["製造業","小売業"]}`,
		`{"field":"account.country","op":"eq","value":"JP"}`, `{"field":"account.budget","op":"ge","value":1000000}`,
		`{"field":"person.seniority","op":"in","value":["director","vp","c_level"]}`, `{"field":"person.function","op":"eq","value":"it"}`,
		`{"field":"account.technologies","op":"any_of","value":["go","rust"]}`, `{"not":{"field":"person.email_kind","op":"eq","value":"free"}}`,
	}[:n] {
		if i > 0 {
			out += ","
		}
		out += fmt.Sprintf(`{"id":"c%d","weight":%d,"when":%s}`, i, i+1, when)
	}
	return out
}

func BenchmarkFit(b *testing.B) {
	p := icp(b, `{"id":"icp","criteria":[`+criteria(8)+`]}`)
	var ps []persona.Persona
	for i := range 6 {
		list, err := persona.ParsePersonas([]byte(fmt.Sprintf(`{"id":"p%d","criteria":[%s]}`, i, criteria(6))))
		if err != nil {
			b.Fatal(err)
		}
		ps = append(ps, list...)
	}
	f := subject()
	b.Run("scores", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Score(f, at)
			for i := range ps {
				ps[i].Score(f, at)
			}
		}
	})
	b.Run("reasons", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Fit(f, at)
			persona.Assign(ps, f, at)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for _, n := range []int{20, 200} {
		var obs []persona.Observation
		for i := range n {
			o := observe(fmt.Sprint("person.t", i%20), fmt.Sprint("value ", i%3), []string{"form", "crm"}[i%2], i%90)
			o.At = o.At.Add(time.Duration(i) * time.Second)
			obs = append(obs, o)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fold(obs, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/observation")
		})
	}
}
