package persona_test

import (
	"testing"

	"github.com/tabi-go/tabi/persona"
)

func TestTitles(t *testing.T) {
	for _, tt := range []struct{ title, seniority, function string }{
		{"代表取締役", "c_level", "management"}, {"取締役", "vp", "management"}, {"本部長", "vp", ""}, {"部長", "director", ""},
		{"Vice President", "vp", ""}, {"Account Manager", "individual", "sales"}, {"社長室 主任", "individual", "management"},
		{"Student", "student", ""}, {"学生", "student", ""}, {"Marketing Intern", "intern", "marketing"}, {"インターン", "intern", ""},
		{"Internal Auditor", "", ""}, {"Chief Revenue Officer", "c_level", ""}, {"最高技術責任者", "c_level", "engineering"},
		{"ＣＥＯ", "c_level", "management"}, {"営業部長", "director", "sales"}, {"情報システム部 課長", "manager", "it"},
		{"購買担当", "individual", "procurement"}, {"経理", "", "finance"}, {"法務", "", "legal"}, {"人事", "", "hr"},
		{"広報", "", "marketing"}, {"Head of Product", "director", "product"}, {"ﾏﾈｰｼﾞｬｰ", "manager", ""},
		{"Executive Assistant to the CEO", "individual", "management"}, {"Co-Founder", "c_level", "management"}, {"副社長", "vp", "management"}, {"", "", ""},
		{"Analyst Manager", "manager", ""}, {"Manager, Analyst", "manager", ""}, // as long: the higher row
	} {
		if s, f := persona.Title(tt.title); s != tt.seniority || f != tt.function {
			t.Errorf("%s: %s, %s", tt.title, s, f)
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"５億円": "JPY 500000000", "1.2k": "1200", "51-200": "51-200", "51〜200名": "51-200", "1,000人以上": "1000+", "50人未満": "0-49",
		"10,001+": "10001+", "600": "600", "$1.5m": "USD 1500000", "1〜5億円": "JPY 100000000-500000000", "500-1k": "500-1000",
		"USD 1,200": "USD 1200", "100以下": "0-100", "￥3万": "JPY 30000", "-5": "-5", "３００社": "300", "2百万": "2000000",
		"about 50": "", "50-": "", "200-51": "", "1,00": "", "": "", "1.2.3": "", "9e9": "", "USD": "", "-5+": "", "0人未満": "",
		"0人以上": "0+", "0": "0", "50-50": "50", "50名〜50名": "50",
	} {
		v, ok := persona.ParseNumber(text)
		if v.String() != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", text, v, ok, want)
		}
	}
}

func TestEmployeeBand(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "2-10": "2-10", "51〜200": "51-200", "60-100": "51-200", "11-60": "", "10,001+": "10001+", "1000+": "", "5000": "1001-5000"} {
		v, _ := persona.ParseNumber(text)
		if band, _ := persona.EmployeeBand(v); band != want {
			t.Errorf("%s: %q", text, band)
		}
	}
}

// P8, and the reasons why a trait is unknown.
func TestNormalize(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
		unknown          persona.Unknown
	}{
		{"account.country", "日本", "JP", ""}, {"account.country", "us", "US", ""}, {"person.country", "Germany", "DE", ""}, {"account.country", "Narnia", "", persona.Unparseable},
		{"person.language", "ja-JP", "ja", ""}, {"person.language", "日本語", "ja", ""}, {"person.language", "fil_PH", "fil", ""}, {"person.language", "j", "", persona.Unparseable}, {"person.language", "abcd", "", persona.Unparseable}, {"person.language", "!", "", persona.Unparseable},
		{"account.industry", "その他", "", persona.Placeholder}, {"account.industry", " Ｎ／Ａ ", "", persona.Placeholder}, {"person.title", "不明", "", persona.Placeholder},
		{"person.title", "  ", "", persona.Empty}, {"account.employees", "-5", "", persona.OutOfRange}, {"account.employees", "many", "", persona.Unparseable},
		{"account.employees", "0", "0", ""}, {"account.employees", "1億", "100000000", ""}, {"account.employees", "100000001", "", persona.OutOfRange}, {"person.title", "a\xff", "", persona.Unparseable},
		{"account.employees", "51〜200名", "51-200", ""}, {"account.budget", "５億円", "JPY 500000000", ""}, {"person.goals", "grow; save、grow", "grow|save", ""},
		{"person.opted_out", "はい", "true", ""}, {"person.signup_date", "2026-01-02", "2026-01-02T00:00:00Z", ""}, {"person.title", "Ｃ ＴＯ", "C TO", ""},
	} {
		v, unknown := persona.Normalize(tt.name, tt.text)
		if v.String() != tt.want || unknown != tt.unknown {
			t.Errorf("%s %q: %q %s", tt.name, tt.text, v, unknown)
		}
		if unknown != "" {
			continue
		}
		if again, _ := persona.Normalize(tt.name, v.String()); again.String() != v.String() {
			t.Errorf("%s %q: twice gives %q", tt.name, tt.text, again)
		}
	}
}

func TestTraitNames(t *testing.T) {
	var m *persona.TraitMap
	for spelling, want := range map[string]string{
		"jobtitle": "person.title", "Job_Title": "person.title", "役職": "person.title", "company.employee_count": "account.employees", "number-of-employees": "account.employees",
		"従業員数": "account.employees", "address.country": "person.country", "account.国": "account.country", "業種": "account.industry", "売上": "account.revenue",
		"予算": "account.budget", "部署": "person.department", "言語": "person.language", "favourite": "person.favourite", "account.x": "account.x", "person.jobtitle": "person.title",
		"account.name": "account.name", "name": "person.name",
	} {
		if got := m.Name(spelling, "person"); got != want {
			t.Errorf("%s: %s, want %s", spelling, got, want)
		}
	}
	if _, err := m.Observe("宗教", "person", "x"); err != persona.ErrSensitiveTrait {
		t.Error(err)
	}
}

func TestEmailKind(t *testing.T) {
	for address, want := range map[string]string{"info@acme.example": "role", "ann@gmail.com": "free", "ann@acme.example": "business", "ann": ""} {
		if got := persona.EmailKind(address, nil); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}

// P8: every normaliser gives again what it gave, for texts of the pieces that they read.
func TestNormalisersAreIdempotent(t *testing.T) {
	r := source(8)
	pieces := []string{"1", "20", "５", ".5", ",000", "k", "万", "億", "円", "$", "usd", "名", "以上", "未満", "+", "-", "〜", " ", "　", "JP", "日本", "ja-JP", "Ｃ", "ﾊﾟ", "カ-", "ー", "|", ";", "、",
		"n/a", "不明", "はい", "no", "2026-01-02", "T00:00:00Z", "é", "\t", "\u200b", "\xff", "x"}
	names := []string{"account.employees", "account.revenue", "account.budget", "account.country", "account.technologies", "account.industry", "account.plan_seats", "person.language", "person.title",
		"person.opted_out", "person.goals", "person.signup_date", "person.any"}
	known := 0
	for range rounds(20000) {
		text := ""
		for range 1 + r.IntN(5) {
			text += pieces[r.IntN(len(pieces))]
		}
		for _, name := range names {
			v, unknown := persona.Normalize(name, text)
			if unknown != "" {
				continue
			}
			known++
			if again, u := persona.Normalize(name, v.String()); again.String() != v.String() || again.Kind() != v.Kind() || u != "" {
				t.Fatalf("%s: %q gives %q, which gives %q %s", name, text, v, again, u)
			}
		}
		for what, normal := range map[string]func(string) (string, bool){"country": persona.Country, "language": persona.Language,
			"band": func(s string) (string, bool) { v, _ := persona.ParseNumber(s); return persona.EmployeeBand(v) }} {
			if once, ok := normal(text); ok {
				if twice, ok := normal(once); !ok || twice != once {
					t.Fatalf("%s: %q gives %q, which gives %q", what, text, once, twice)
				}
			}
		}
	}
	if known < rounds(20000) {
		t.Error("too few known:", known)
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("account.employees", "51〜200名")
	f.Add("account.budget", "1〜5億円")
	f.Fuzz(func(t *testing.T, name, text string) {
		v, unknown := persona.Normalize(name, text)
		if unknown == "" {
			if again, u := persona.Normalize(name, v.String()); again.String() != v.String() || u != "" {
				t.Fatalf("%q gives %q, which gives %q %s", text, v, again, u)
			}
		}
		persona.Title(text)
	})
}
