package csvmap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/internal/decodetest"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

const note = `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}]`

// tail is what follows the identifiers in the touch of one row with one cell, or why it
// was refused.
func tail(t *testing.T, more, cell string) string {
	t.Helper()
	text := decodetest.Text(decode(t, note+","+more+"}", "u,x\nu1,"+cell+"\n", nil)[0])
	if _, after, ok := strings.Cut(text, `"u1"}]`); ok {
		return after
	}
	return text
}

func TestPropertiesByTypeAndScale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ field, cell, want string }{
		{`"as":"text"`, "1", `"1"`}, {`"as":"number"`, "1.50", "1.50"}, {`"as":"number"`, "a", ""}, {`"as":"number"`, "true", ""},
		{`"as":"bool"`, "1", "true"}, {`"as":"bool"`, "Yes", "true"}, {`"as":"bool"`, "0", "false"}, {`"as":"bool"`, "NO", "false"}, {`"as":"bool"`, "2", ""},
		{`"scale":"percent"`, "65", "0.65"}, {`"scale":"minutes"`, "2.5", "150"}, {`"scale":"milliseconds"`, "1500", "1.5"},
		{`"scale":"milliseconds"`, "1e15", "1000000000000"}, {`"scale":"milliseconds"`, "-1e15", "-1000000000000"}, {`"scale":"milliseconds"`, "1000000000000001", ""},
		{`"scale":"percent"`, "NaN", ""}, {`"scale":"percent"`, "1%", ""},
	} {
		got := tail(t, `"props":{"p":{"col":"x",`+c.field+`}}`, c.cell)
		if c.want == "" {
			if got != "not_a_number props" && got != "syntax props" {
				t.Errorf("%s of %s: %s", c.field, c.cell, got)
			}
		} else if want := `,"props":{"p":` + c.want + `}}`; got != want && strings.ReplaceAll(got, "1.50", "1.5") != strings.ReplaceAll(want, "1.50", "1.5") {
			t.Errorf("%s of %s: %s, want %s", c.field, c.cell, got, want)
		}
	}
}

// icontains looks at neither the case of the cell nor that of the value, exact at both.
func TestTextIsFoundWhateverItsCase(t *testing.T) {
	t.Parallel()
	for where, skipped := range map[string]bool{
		`{"col":"x","op":"icontains","value":"éCO"}`: false, `{"col":"x","op":"not_icontains","value":"École"}`: true, `{"col":"x","op":"icontains","value":"ecole"}`: true,
		`{"col":"x","op":"exact","value":"ÉCOLE"}`: true, `{"col":"x","op":"prefix","value":"Grande É"}`: false,
	} {
		rec := decode(t, note+`,"where":[`+where+`]}`, "u,x\nu1,Grande École\n", nil)[0]
		if rec.Skipped != skipped {
			t.Errorf("%s: skipped %v", where, rec.Skipped)
		}
	}
}

func TestBordersOfSentiment(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"1": `,"sentiment":1}`, "-1": `,"sentiment":-1}`, "0": `,"sentiment":0}`, "0.0005": `,"sentiment":0.001}`, "-0.0005": `,"sentiment":-0.001}`, "": "}",
		"1.0001": "out_of_range sentiment", "-1.0001": "out_of_range sentiment", "1e999": "not_finite sentiment", "NaN": "not_finite sentiment", "good": "not_a_number sentiment",
	} {
		if got := tail(t, `"sentiment":"x"`, cell); got != want {
			t.Errorf("%q: %s, want %s", cell, got, want)
		}
	}
}

// A table may begin with a byte order mark.
func TestAByteOrderMarkIsNoPartOfTheFirstColumn(t *testing.T) {
	t.Parallel()
	const mapping = note + `,"channel":"x"}`
	for _, head := range []string{"u", "\ufeffu", "\ufeff\"u\""} {
		if got := one(t, decode(t, mapping, head+",x\nu1,a\n", nil)); got.Channel != "a" {
			t.Errorf("%q: %s", head, got.Channel)
		}
	}
}

// A day begins at its first instant also where its midnight does not exist, as many zones
// have it, and where the day itself does not.
func TestDaysWithoutMidnight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, cell, want string }{
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, {"America/Havana", "2018-03-11", "2018-03-11T05:00:00Z"},
		{"Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z"}, {"Africa/Cairo", "2023-04-28", "2023-04-27T22:00:00Z"}, {"Asia/Amman", "2022-02-25", "2022-02-24T22:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"}, {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"}, {"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"},
		{"Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00Z"},
	} {
		rec := decode(t, `{"at":{"col":"x","zone":"`+c.zone+`"},"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}]}`, "u,x\nu1,"+c.cell+"\n", nil)
		if got := one(t, rec).At.Format("2006-01-02T15:04:05Z07:00"); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.zone, c.cell, got, c.want)
		}
	}
}

// Every kind of field may look things up.
func TestTablesOfEveryField(t *testing.T) {
	t.Parallel()
	look := func(name string) string { return `{"lookup":{"table":"` + name + `","key":"k","on":"u","col":"c"}}` }
	typed := func(name string) string { return `{"type":"email",` + look(name)[1:] }
	for _, c := range []struct{ mapping, want string }{
		{note + `,"participants":` + typed("p") + `}`, "p"},
		{note + `,"channel":` + look("b") + `,"touchpoint":` + look("a") + `,"campaign.name":` + look("b") + `,"props":{"q":` + look("c") + `}}`, "a b c"},
		{note + `,"currency":` + look("c") + `,"value":` + look("v") + `}`, "c v"},
		{`{"emit":"relation","person":` + typed("p") + `,"account":` + strings.Replace(typed("a"), "email", "domain", 1) + `}`, "a p"},
		{note + `}`, ""},
	} {
		m, err := csvmap.Parse([]byte(c.mapping))
		if err != nil {
			t.Errorf("%s: %v", c.mapping, err)
			continue
		}
		if got := strings.Join(m.Tables(), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.mapping, got, c.want)
		}
	}
}

// A table of touches names its sources; only where it does not, the options do.
func TestTheSourceOfATableOfTouches(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Preset("touch")
	if err != nil {
		t.Fatal(err)
	}
	const rows = "source,id,at,kind,id.user_id\n,t1,2026-01-01T00:00:00Z,note,u1\nshop,t2,2026-01-01T00:00:00Z,note,u1\n"
	for source, want := range map[string][]string{"": {"missing source", "shop"}, "mine": {"mine", "shop"}} {
		var got []string
		for _, rec := range decodeMapping(t, m, rows, &ingest.Options{Source: source}) {
			if rec.Err != nil {
				got = append(got, decodetest.Text(rec))
			} else {
				got = append(got, rec.Touches[0].Source)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
	if _, err := csvmap.Preset("hubspott"); err == nil || !strings.Contains(err.Error(), "hubspot-form") {
		t.Errorf("an unknown preset: %v", err)
	}
}
