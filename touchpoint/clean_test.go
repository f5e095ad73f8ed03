package touchpoint_test

import (
	"strings"
	"testing"
	"unicode"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func TestClean(t *testing.T) {
	for _, c := range [][2]string{
		{"", ""}, {" ", ""}, {"a", "a"}, {"  a \t b\r\n", "a b"}, {"a\u00a0\u3000b", "a b"},
		{"Ｅメール", "Eメール"}, {"！～", "!~"}, {"！", "!"}, {"～", "~"}, {"a\u00a0b", "a b"}, {"｡", "。"}, {"゠", "゠"}, {"\uff00", "\uff00"}, {"\uffa0", "\uffa0"}, {"ﾒｰﾙ", "メール"}, {"ﾊﾟﾋﾞﾌﾞﾍﾟﾎﾟ", "パビブペポ"},
		{"ｶﾞｷﾞｸﾞ", "ガギグ"}, {"か\u3099", "が"}, {"ハ\u309a", "パ"}, {"は\u309aひ\u3099", "ぱび"},
		{"ｳﾞ", "ヴ"}, {"う\u3099", "ゔ"}, {"ﾜﾞ", "ヷ"}, {"ｱﾞ", "ア゛"}, {"ﾊﾟﾟ", "パ゜"}, {"ｯﾂﾞ", "ッヅ"},
		{"か\u200b\u3099", "が"}, {"カﾞ", "ガ"}, {"ｦ･｡｢｣､ﾝ", "ヲ・。「」、ン"}, {"ゝ\u3099", "ゞ"},
		{"so\u00adft\ufeff", "soft"}, {"\u202eabc\u2066", "abc"}, {"a\u2065b", "a\u2065b"}, {"a \u200b b", "a b"}, {"\u3099", "\u3099"},
		{"ﾞ", "゛"}, {"À", "À"}, {"A\u0300", "A\u0300"}, {"👍", "👍"}, {"\ufffd", "\ufffd"},
	} {
		got, err := tp.Clean(c[0])
		if err != nil || got != c[1] {
			t.Errorf("Clean(%+q) = %+q, %v, want %+q", c[0], got, err, c[1])
		}
	}
	for in, want := range map[string]string{"a\x00": "name control", "\x7f": "name control", "\u0085": "name control",
		"\xff": "name utf8", "あ\xe3": "name utf8"} {
		if _, err := tp.Clean(in); reason(t, err) != want {
			t.Errorf("Clean(%+q): %v, want %s", in, err, want)
		}
	}
}

// What cannot be seen is dropped, from the first to the last of each stretch, and nothing
// beside it.
func TestInvisibleCharactersGoAtTheirBorders(t *testing.T) {
	for r := rune(0xA1); r < 0xFF00; r++ {
		invisible := r == 0xAD || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x2064 || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF
		if r == 0x3000 || r == 0x3099 || r == 0x309A || r >= 0xD800 && r <= 0xDFFF {
			continue // a space, marks that join, no characters
		}
		want := "a" + string(r) + "b"
		if invisible {
			want = "ab"
		}
		if got, err := tp.Clean("a" + string(r) + "b"); err != nil || got != want {
			t.Fatalf("%U: %+q, %v", r, got, err)
		}
	}
}

func TestEveryHalfWidthKanaBecomesFullWidth(t *testing.T) {
	voiced := "ｶﾞｷﾞｸﾞｹﾞｺﾞｻﾞｼﾞｽﾞｾﾞｿﾞﾀﾞﾁﾞﾂﾞﾃﾞﾄﾞﾊﾞﾋﾞﾌﾞﾍﾞﾎﾞﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟｳﾞﾜﾞｦﾞ"
	if got, _ := tp.Clean(voiced); got != "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴヷヺ" {
		t.Error(got)
	}
	plain := "｡｢｣､･ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
	if got, _ := tp.Clean(plain); got != "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン" {
		t.Error(got)
	}
	if got, _ := tp.Clean("か\u3099き\u3099く\u3099け\u3099こ\u3099さ\u3099し\u3099す\u3099せ\u3099そ\u3099た\u3099ち\u3099つ\u3099て\u3099と\u3099は\u3099は\u309a"); got != "がぎぐげござじずぜぞだぢづでどばぱ" {
		t.Error(got)
	}
}

func TestFold(t *testing.T) {
	for _, c := range [][2]string{{"Ｅメール", "eメール"}, {" E-Mail ", "e-mail"}, {"ÀÉ", "àé"}, {"\xff", "\xff"}} {
		if got := tp.Fold(c[0]); got != c[1] {
			t.Errorf("Fold(%q) = %q", c[0], got)
		}
	}
}

// checkClean holds T9 and idempotence for one text.
func checkClean(t *testing.T, s string) {
	t.Helper()
	c, err := tp.Clean(s)
	if err != nil {
		reason(t, err)
		if tp.Fold(s) != s {
			t.Fatalf("Fold changed %+q, which Clean refuses", s)
		}
		return
	}
	if again, err := tp.Clean(c); err != nil || again != c {
		t.Fatalf("Clean twice: %+q, %+q, %v", c, again, err)
	}
	if f := tp.Fold(s); tp.Fold(f) != f || tp.Fold(c) != f {
		t.Fatalf("Fold twice: %+q, %+q", f, tp.Fold(f))
	}
	if a, b := letters(s), letters(c); a != b {
		t.Fatalf("cleaning %+q changed letters: %+q, %+q", s, a, b)
	}
}

// letters returns the letters and digits of s, widths and voicing marks unified: what
// cleaning may not join.
func letters(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			r -= 0xFEE0
		case r >= 0xFF66 && r <= 0xFF9D || r == 0x3099 || r == 0x309A || r == 0xFF9E || r == 0xFF9F || r >= 0x3041 && r <= 0x30FF:
			continue // the tables above test kana
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestT9CleanNeverJoinsTextsThatDifferInALetterOrDigit(t *testing.T) {
	r := newRand(9)
	alphabet := []rune("aAbB09 　\t\u200bａＡ０é日本ｶﾞﾊﾟｳか\u3099\u309aは-_.(ß İıΣς")
	seen := map[string]string{}
	for range rounds(20000) {
		var s []rune
		for range r.IntN(4) {
			s = append(s, alphabet[r.IntN(len(alphabet))])
		}
		text := string(s)
		checkClean(t, text)
		c, err := tp.Clean(text)
		if err != nil {
			continue
		}
		if other, ok := seen[c]; ok && letters(other) != letters(text) {
			t.Fatalf("%+q and %+q are joined", other, text)
		}
		seen[c] = text
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range append(someNames, someTexts...) {
		f.Add(s)
	}
	f.Add("ﾊﾟ\u3099")
	f.Fuzz(checkClean)
}

func TestNullsAreRemovedFromNames(t *testing.T) {
	for _, s := range []string{"null", "NIL", "None", "nan", "undefined", "N/A", "#N/A", "-", "--", "—", `\N`, `\n`,
		"(not set)", "(NONE)", "(not provided)", "(null)", "<null>", "[object Object]", "不明", "なし", "未入力", "該当なし",
		" null ", "ｎｕｌｌ", "（not　set）", "\u200b"} {
		touch := clean()
		touch.Touchpoint, touch.Stage, touch.Campaign.ID = s, s, s
		if err := touch.Normalize(nil); err != nil || touch.Touchpoint+touch.Stage+touch.Campaign.ID != "" {
			t.Errorf("%q became %q, %v", s, touch.Touchpoint, err)
		}
	}
	for _, s := range []string{"na", "0", "false", "(direct)", "nullable", "---", "none of these", "ない"} {
		touch := clean()
		touch.Touchpoint = s
		if err := touch.Normalize(nil); err != nil || touch.Touchpoint != s {
			t.Errorf("%q became %q, %v", s, touch.Touchpoint, err)
		}
	}
	touch := clean()
	touch.Touchpoint, touch.Stage = "ＯＴＨＥＲ", "null"
	if err := touch.Normalize(&tp.Options{Nulls: []string{"other"}}); err != nil || touch.Touchpoint != "" || touch.Stage != "null" {
		t.Errorf("own list: %q %q %v", touch.Touchpoint, touch.Stage, err)
	}
}

func TestT10NullRemovalInPropsKeepsFalseAndZero(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":null,"b":"","c":{},"d":[]}`:                              ``,
		`{"a":false,"b":0,"c":"0","d":"false","e":" "}`:                `{"a":false,"b":0,"c":"0","d":"false","e":" "}`,
		`{"a":"null","b":"undefined","c":"NaN","d":"[object Object]"}`: ``,
		`{"a":"Null","b":"UNDEFINED","c":"nan","d":"none","e":"なし"}`:   `{"a":"Null","b":"UNDEFINED","c":"nan","d":"none","e":"なし"}`,
		`{"a":{"b":{"c":[null,{"d":""}]}}}`:                            ``,
		`{"a":[null,1,"",[],2],"b":{"c":null,"d":0}}`:                  `{"a":[1,2],"b":{"d":0}}`,
		`{"a":"x null y","b":"\"\"","c":"{}","d":"[]"}`:                `{"a":"x null y","b":"\"\"","c":"{}","d":"[]"}`,
		`{"":1}`: `{"":1}`,
	} {
		touch := clean()
		touch.Props = props(t, in)
		if err := touch.Normalize(nil); err != nil || touch.Props.JSON() != want {
			t.Errorf("%s became %s, %v, want %s", in, touch.Props.JSON(), err, want)
		}
	}
}

func TestChannelWords(t *testing.T) {
	for word, want := range map[string]tp.Channel{
		"email": tp.ChannelEmail, "E-MAIL": tp.ChannelEmail, "e_mail": tp.ChannelEmail, "Ｅメール": tp.ChannelEmail, "ﾒｰﾙ": tp.ChannelEmail,
		"メルマガ": tp.ChannelEmail, "newsletter": tp.ChannelEmail, "ppc": tp.ChannelPaidSearch, "paid-search": tp.ChannelPaidSearch,
		"PAID_SEARCH": tp.ChannelPaidSearch, "リスティング広告": tp.ChannelPaidSearch, "SEO": tp.ChannelOrganicSearch,
		"sns": tp.ChannelOrganicSocial, "SNS広告": tp.ChannelPaidSocial, "動画広告": tp.ChannelPaidVideo, "バナー広告": tp.ChannelDisplay,
		"affiliate": tp.ChannelAffiliates, "電話": tp.ChannelPhone, "tel": tp.ChannelPhone, "訪問": tp.ChannelSales, "field-sales": tp.ChannelSales,
		"展示会": tp.ChannelEvent, "trade show": tp.ChannelEvent, "ｳｪﾋﾞﾅｰ": tp.ChannelWebinar, "podcast": tp.ChannelAudio,
		"郵送": tp.ChannelDirectMail, "店舗": tp.ChannelStore, "代理店": tp.ChannelPartner, "問い合わせ": tp.ChannelSupport,
		"アンケート": tp.ChannelSurvey, "プッシュ通知": tp.ChannelPush, "チャット": tp.ChannelChat, "LINE": tp.ChannelMessaging,
		"生成AI": tp.ChannelAIAssistant, "ラジオ": tp.ChannelTVRadio, "チラシ": tp.ChannelPrintOutdoor, "tv & radio": tp.ChannelTVRadio,
		"cross_network": tp.ChannelCrossNetwork, "紹介": "紹介", "DM": "DM", "広告": "広告", "Our Blog": "Our Blog",
	} {
		touch := clean()
		touch.Channel = tp.Channel(word)
		if err := touch.Normalize(nil); err != nil || touch.Channel != want {
			t.Errorf("%q became %q, %v, want %q", word, touch.Channel, err, want)
		}
	}
}

func TestDefaultsOfTheKindFillWhatIsEmpty(t *testing.T) {
	touch := clean()
	touch.Kind, touch.Channel, touch.Direction, touch.Offline = tp.KindEmailSent, "(not set)", 0, true
	if err := touch.Normalize(nil); err != nil {
		t.Fatal(err)
	}
	if touch.Channel != tp.ChannelEmail || touch.Direction != tp.Outbound || !touch.Offline {
		t.Errorf("%v %v %v", touch.Channel, touch.Direction, touch.Offline)
	}
	touch.Channel, touch.Direction = tp.ChannelSales, tp.Inbound
	if err := touch.Normalize(nil); err != nil || touch.Channel != tp.ChannelSales || touch.Direction != tp.Inbound {
		t.Error("a stated channel or direction was overwritten")
	}
}

func TestReportCountsWhatCleaningDid(t *testing.T) {
	var rep tp.Report
	csv := "source,id,at,kind,channel,touchpoint,id.user_id\n"
	for i, ch := range []string{"Ｅメール", "e-mail", "メルマガ", "ﾒｰﾙ", "(not set)", "", "Somewhere", "Somewhere"} {
		csv += "web," + string(rune('a'+i)) + ",2026-01-01T00:00:00Z,email_open," + ch + ",null,u1\n"
	}
	touches, errs := read(t, tp.CSV, csv, &tp.Options{Report: &rep})
	if errs != nil || len(touches) != 8 {
		t.Fatal(errs)
	}
	for _, touch := range touches[:6] {
		if touch.Channel != tp.ChannelEmail || touch.Touchpoint != "" {
			t.Errorf("%q %q", touch.Channel, touch.Touchpoint)
		}
	}
	want := []tp.Cleaning{
		{Source: "web", Field: "channel", Nulls: 1, Cleaned: 2, Mapped: 4, Filled: 2},
		{Source: "web", Field: "direction", Filled: 8},
		{Source: "web", Field: "touchpoint", Nulls: 8},
	}
	rows := rep.Rows()
	if len(rows) != len(want) {
		t.Fatalf("%+v", rows)
	}
	for i := range rows {
		if rows[i] != want[i] {
			t.Errorf("%+v, want %+v", rows[i], want[i])
		}
	}
	if u := rep.Unmapped(); len(u) != 1 || u[0] != (tp.Unmapped{Field: "channel", Value: "Somewhere", Count: 2}) {
		t.Errorf("%+v", u)
	}
}
