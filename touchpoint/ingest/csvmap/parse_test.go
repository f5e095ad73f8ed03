package csvmap_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

func TestAWrongMappingIsRefusedByItsKey(t *testing.T) {
	t.Parallel()
	const base = `"source":"s","kind":"k","at":"t","ids":[{"type":"user_id","col":"u"}]`
	for _, c := range []struct{ mapping, want string }{
		{`{` + base + `,"chanel":"c"}`, "chanel: unknown key"},
		{`{` + base + `,"campaign.nme":"c"}`, "campaign.nme: unknown key"},
		{`{` + base + `,"channel":{"cols":["a"],"elze":"x"}}`, "channel.elze: unknown key"},
		{`{` + base + `,"channel":{"map":{"a":"b"}}}`, "channel: needs one of col"},
		{`{` + base + `,"channel":{"col":"a","const":"b"}}`, "channel: needs one of col"},
		{`{` + base + `,"channel":3}`, "channel: not an object"},
		{`{` + base + `,"channel":{"col":"a","map":{"a":1}}}`, "channel.map.a: not a text"},
		{`{` + base + `,"channel":{"col":"a","normalize":"upper"}}`, "channel.normalize: unknown"},
		{`{` + base + `,"channel":{"lookup":{"table":"a","key":"b","col":"c"}}}`, "channel.lookup: needs table, key, on and col"},
		{`{` + base + `,"where":[{"col":"a","op":"equals","value":"x"}]}`, "where[0].op: must be one of exact"},
		{`{` + base + `,"where":[{"col":"a","op":"exact"}]}`, "where[0]: exact with 0 values"},
		{`{` + base + `,"where":[{"col":"a","op":"is_set","value":"x"}]}`, "where[0]: is_set with 1 values"},
		{`{` + base + `,"where":[{"col":"a","op":"regex","value":"("}]}`, "where[0]: bad regular expression"},
		{`{` + base + `,"where":{}}`, "where: not an array"},
		{`{` + base + `,"emit":"person"}`, "emit: must be touch, merge, relation or canonical"},
		{`{` + base + `,"emit":"canonical"}`, "emit: canonical tables need no mapping"},
		{`{` + base + `,"emit":"merge"}`, "ids: a merge needs two of one type"},
		{`{` + base + `,"emit":"relation"}`, "person: required"},
		{`{` + base + `,"person":{"type":"email","col":"e"}}`, "person: only for relations"},
		{`{` + base + `,"value":{"col":"v","decimal":",","group":","}}`, "value: decimal and group"},
		{`{` + base + `,"props":{"p":{"col":"v","scale":"permille"}}}`, "props.p.scale: must be one of percent"},
		{`{` + base + `,"props":{"p":{"span":["a"]}}}`, "props.p: span needs two"},
		{`{` + base + `,"props":{"p":{"span":["a","b","c"]}}}`, "props.p: span needs two"},
		{`{` + base + `,"props":{"p":{"span":[]}}}`, "props.p: span"},
		{`{` + base + `,"props":"all"}`, `props: must be an object or "rest"`},
		{`{"source":"s","kind":"k","ids":[{"type":"user_id","col":"u"}]}`, "at: required"},
		{`{"source":"s","at":"t","ids":[{"type":"user_id","col":"u"}]}`, "kind: required"},
		{`{"source":"s","at":"t","kind":"k"}`, "ids: required"},
		{`{"source":"s","at":"t","kind":"k","ids":[{"col":"u"}]}`, "ids[0]: needs a type"},
		{`{` + strings.Replace(base, `"kind":"k"`, `"kind":{"col":"k","map":{"x":"Order"}}`, 1) + `}`, `kind: "Order" is no name`},
		{`{` + strings.Replace(base, `"kind":"k"`, `"kind":{"const":"e-mail"}`, 1) + `}`, `kind: "e-mail" is no name`},
		{`{"at":{"col":"t","zone":"Asia/Tokio"}}`, `at.zone: unknown time zone "Asia/Tokio"`},
		{`{"at":{"col":"t","layouts":["DD.MM.YYYY"]}}`, `at.layouts: "DD.MM.YYYY" is neither`},
		{`{"at":{"col":"t","layouts":[]}}`, `at.layouts: empty`},
		{"{\n\"a\":1,\n\"A\":2}", "line 3: duplicate_key"},
		{"{\n\"a\":1,\n", "line 3: syntax"},
		{`[]`, "mapping: not an object"},
	} {
		_, err := csvmap.Parse([]byte(c.mapping))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngave %v, want %s", c.mapping, err, c.want)
		}
	}
}

func TestAnUnknownTypeOfIdentifierIsRefused(t *testing.T) {
	t.Parallel()
	for _, mapping := range []string{
		`{"kind":"k","at":"t","ids":[{"type":"emial","col":"u"}]}`,
		`{"kind":"k","at":"t","participants":{"type":"emial","col":"u"}}`,
		`{"emit":"relation","person":{"type":"email","col":"u"},"account":{"type":"emial","col":"u"}}`,
	} {
		m, err := csvmap.Parse([]byte(mapping))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Decoder(nil); err == nil || !strings.Contains(err.Error(), `"emial"`) {
			t.Errorf("%s: %v", mapping, err)
		}
	}
}

func TestAMissingColumnIsNamedBeforeTheFirstRow(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Parse([]byte(july))
	if err != nil {
		t.Fatal(err)
	}
	recs, err := decodeWith(t, m, strings.NewReader("customer_id,time,interaction,channel\n"), nil)
	var col *csvmap.ColumnError
	if len(recs) != 0 || !errors.As(err, &col) || col.Column != "conversion_value" {
		t.Fatalf("%v, %v", recs, err)
	}
	if recs, err := decodeWith(t, m, strings.NewReader(""), nil); len(recs) != 0 || err != nil {
		t.Fatalf("an empty file: %v, %v", recs, err)
	}
}

// row maps one column "x" by the field given and returns the channel.
func row(t *testing.T, field, cells string, header ...string) string {
	t.Helper()
	if len(header) == 0 {
		header = []string{"x"}
	}
	recs := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}],"channel":`+field+`}`,
		"u,"+strings.Join(header, ",")+"\nu1,"+cells+"\n", nil)
	return string(one(t, recs).Channel)
}

func TestFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, field, cell, want string }{
		{"column", `"x"`, "a", "a"},
		{"cleaned", `"x"`, "\"  Ｌｉｎｅ\u3000ＡＢ \"", "Line AB"},
		{"constant", `{"const":"c"}`, "a", "c"},
		{"mapped", `{"col":"x","map":{"a":"b"}}`, "a", "b"},
		{"mapped after cleaning", `{"col":"x","map":{"a":"b"}}`, " ａ ", "b"},
		{"unmapped is kept", `{"col":"x","map":{"a":"b"}}`, "A", "A"},
		{"unmapped with else", `{"col":"x","map":{"a":"b"},"else":"z"}`, "A", "z"},
		{"empty is not else", `{"col":"x","map":{"a":"b"},"else":"z"}`, "", ""},
		{"empty with default", `{"col":"x","map":{"a":"b"},"else":"z","default":"d"}`, "", "d"},
		{"empty mapped", `{"col":"x","map":{"":"b"}}`, "", "b"},
		{"prefix", `{"col":"x","prefix":"003"}`, "003a", "003a"},
		{"other prefix", `{"col":"x","prefix":"003"}`, "004a", ""},
		{"salesforce id", `{"col":"x","normalize":"salesforce_id"}`, "0031G00001S3ckZ", "0031G00001S3ckZQAR"},
		{"long salesforce id", `{"col":"x","normalize":"salesforce_id"}`, "0031G00001S3ckZQAR", "0031G00001S3ckZQAR"},
		{"salesforce id of every border", `{"col":"x","normalize":"salesforce_id"}`, "AZaz09AZaz09AZa", "AZaz09AZaz09AZaDGM"},
		{"no salesforce id", `{"col":"x","normalize":"salesforce_id"}`, "0031G00001S3ck!", "0031G00001S3ck!"},
		{"quoted", `"x"`, "\"a, \"\"b\"\"\"", `a, "b"`},
		{"over two lines", `"x"`, "\"a\nb\"", "a b"},
		{"null", `"x"`, "(not set)", ""},
		{"missing but optional", `{"col":"y","optional":true}`, "a", ""},
	} {
		if got := row(t, c.field, c.cell); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := row(t, `{"cols":["x","y"]}`, " a ,b", "x", "y"); got != "a/b" {
		t.Errorf("joined: %q", got)
	}
	if got := row(t, `{"first":["x","y"]}`, " ,b", "x", "y"); got != "b" {
		t.Errorf("first: %q", got)
	}
	if got := row(t, `{"cols":["x","y"]}`, ",", "x", "y"); got != "" {
		t.Errorf("joined nothing: %q", got)
	}
	if got := row(t, `"done__c"`, "a", "done_c"); got != "a" {
		t.Errorf("custom field: %q", got)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ at, cell, want string }{
		{`"x"`, "2026-01-02T03:04:05.678+09:00", "2026-01-01T18:04:05.678Z"},
		{`{"col":"x","zone":"Asia/Tokyo"}`, "2026-01-02 3:04:05.5", "2026-01-01T18:04:05.5Z"},
		{`{"col":"x","zone":"Asia/Tokyo"}`, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
		{`{"col":"x","zone":"Asia/Tokyo"}`, "2026/01/02 03:04", "2026-01-01T18:04:00Z"},
		{`{"col":"x","zone":"Asia/Tokyo"}`, "2026/1/2 03:04:05", "2026-01-01T18:04:05Z"},
		{`{"col":"x","zone":"Asia/Tokyo"}`, "2026年1月2日", "2026-01-01T15:00:00Z day"},
		{`{"col":"x","zone":"UTC"}`, "2026-01-02", "2026-01-02T00:00:00Z day"},
		{`{"col":"x","zone":"UTC"}`, "2026/01/02", "2026-01-02T00:00:00Z day"},
		{`{"col":"x","zone":"UTC"}`, "01/02/2026", "syntax"},
		{`{"col":"x","zone":"UTC","layouts":["01/02/2006"]}`, "01/02/2026", "2026-01-02T00:00:00Z day"},
		{`{"col":"x","zone":"UTC","layouts":["02/01/2006 15:04"]}`, "01/02/2026 05:06", "2026-02-01T05:06:00Z"},
		{`{"col":"x","layouts":["unix"]}`, "1767225600", "2026-01-01T00:00:00Z"},
		{`{"col":"x","layouts":["unix_ms"]}`, "1767225600123", "2026-01-01T00:00:00.123Z"},
		{`{"col":"x","layouts":["unix_us"]}`, "1767225600123456", "2026-01-01T00:00:00.123456Z"},
		{`{"col":"x","layouts":["unix"]}`, "9223372036854775807", "time_range"},
		{`{"col":"x","layouts":["unix"]}`, "1.7e9", "syntax"},
		{`"x"`, "2026-01-02 03:04:05", "syntax"},                                // no zone
		{`{"col":"x","zone":"Europe/Berlin"}`, "2026-03-29 02:30:00", "syntax"}, // a gap
		{`{"col":"x","zone":"Europe/Berlin"}`, "2026-03-29 03:30:00", "2026-03-29T01:30:00Z"},
		{`{"col":"x","zone":"Europe/Berlin"}`, "2026-10-25 02:30:00", "2026-10-25T00:30:00Z ambiguous"},
		{`{"col":"x","zone":"Europe/Berlin"}`, "2026-10-25 03:30:00", "2026-10-25T02:30:00Z"},
		{`{"col":"x","zone":"America/Sao_Paulo"}`, "2018-11-04", "2018-11-04T03:00:00Z day"}, // no midnight
		{`{"col":"x","zone":"UTC","map":{"soon":""}}`, "soon", "missing"},
		{`{"col":"x","zone":"UTC"}`, `\N`, "missing"},
	} {
		recs := decode(t, `{"at":`+c.at+`,"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}]}`,
			"u,x\nu1,"+c.cell+"\n", nil)
		var inv *touchpoint.InvalidError
		got := ""
		switch rec := recs[0]; {
		case errors.As(rec.Err, &inv):
			got = string(inv.Reason)
			if inv.Field != "at" {
				t.Errorf("%s: field %s", c.cell, inv.Field)
			}
		case rec.Err != nil:
			t.Fatal(rec.Err)
		default:
			got = rec.Touches[0].At.Format("2006-01-02T15:04:05.999999Z07:00")
			if p, _ := rec.Touches[0].Props.Text("at_precision"); p != "" {
				got += " " + p
			}
			if slices.Contains(rec.Notes, ingest.TimeAmbiguous) {
				got += " ambiguous"
			}
		}
		if got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.at, c.cell, got, c.want)
		}
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, cell, currency, want string }{
		{`"x"`, "6.5", "USD", "6.50 USD"},
		{`"x"`, "007.50", "usd", "7.50 USD"},
		{`{"col":"x","group":","}`, `"1,234.50"`, "USD", "1234.50 USD"},
		{`{"col":"x","decimal":",","group":"."}`, `"1.234,50"`, "EUR", "1234.50 EUR"},
		{`{"col":"x","decimal":",","group":" "}`, `"1.234,50"`, "EUR", "not_a_number"},
		{`{"col":"x","decimal":","}`, "1.50", "EUR", "not_a_number"}, // where a point parts thousands, it may be 150
		{`{"col":"x","group":",","strip":["¥","円"]}`, `"￥5,400"`, "JPY", "not_a_number"},
		{`{"col":"x","group":",","strip":["¥","円"]}`, `"5,400円"`, "JPY", "5400 JPY"},
		{`"x"`, `"1,234"`, "USD", "not_a_number"},
		{`"x"`, "-", "USD", ""},
		{`"x"`, "NULL", "USD", ""},
		{`"x"`, "", "USD", ""},
		{`"x"`, "0", "USD", "0.00 USD"},
		{`"x"`, "nan", "USD", "not_a_number"},
		{`"x"`, "1e3", "USD", "not_a_number"},
		{`"x"`, "5", "", "missing"},
		{`"x"`, "5", "XYZ", "unknown_currency"},
		{`"x"`, "-5", "USD", "refund_without_conversion"},
	} {
		recs := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"order"},"ids":[{"type":"user_id","col":"u"}],"value":`+
			c.value+`,"currency":"cur"}`, "u,x,cur\nu1,"+c.cell+","+c.currency+"\n", nil)
		got := ""
		var inv *touchpoint.InvalidError
		if errors.As(recs[0].Err, &inv) {
			got = string(inv.Reason)
		} else {
			got = one(t, recs).Value.String()
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.cell, c.currency, got, c.want)
		}
	}
	recs := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"order"},"ids":[{"type":"user_id","col":"u"}],"value":"x"}`,
		"u,x\nu1,5\n", &ingest.Options{Currency: touchpoint.Currency{'E', 'U', 'R'}})
	if tp := one(t, recs); tp.Value.String() != "5.00 EUR" || !slices.Contains(recs[0].Notes, ingest.CurrencyAssumed) {
		t.Errorf("assumed: %v %v", tp.Value, recs[0].Notes)
	}
}

func TestOneTouchHasOneCurrency(t *testing.T) {
	t.Parallel()
	recs := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"order"},"ids":[{"type":"user_id","col":"u"}],
		"value":"x","cost":{"col":"y","currency":{"const":"USD"}},"currency":{"const":"JPY"}}`, "u,x,y\nu1,5400,2.50\nu2,,2.50\nu3,NULL,\n", nil)
	got := []string{recs[0].Touches[0].Value.String(), recs[0].Touches[0].Cost.String(), recs[1].Touches[0].Cost.String()}
	if !slices.Equal(got, []string{"5400 JPY", "", "2.50 USD"}) || !slices.Contains(recs[0].Notes, ingest.CostDropped) ||
		!slices.Equal(recs[2].Notes, []ingest.Note{ingest.NullRemoved}) {
		t.Errorf("%q, notes %v, %v", got, recs[0].Notes, recs[2].Notes)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		where string
		stay  string // of the rows a, ab, abc, empty
	}{
		{`{"col":"x","op":"exact","value":"ab"}`, "ab"},
		{`{"col":"x","op":"exact","value":["ab","a"]}`, "a ab"},
		{`{"col":"x","op":"in_list","value":["ab","a"]}`, "a ab"},
		{`{"col":"x","op":"is_not","value":["ab","a"]}`, "abc "}, // none of them, not any of them
		{`{"col":"x","op":"is_set"}`, "a ab abc"},
		{`{"col":"x","op":"is_not_set"}`, ""},
		{`{"col":"x","op":"icontains","value":"AB"}`, "ab abc"},
		{`{"col":"x","op":"not_icontains","value":["BC","zz"]}`, "a ab "},
		{`{"col":"x","op":"regex","value":"^ab"}`, "ab abc"},
		{`{"col":"x","op":"not_regex","value":"^ab"}`, "a "},
		{`{"col":"x","op":"prefix","value":"ab"}`, "ab abc"},
		{`{"col":"x","op":"suffix","value":"b"}`, "ab"},
		{`{"col":"x","op":"prefix","value":"a"},{"col":"x","op":"suffix","value":"c"}`, "abc"},
	} {
		recs := decode(t, `{"where":[`+c.where+`],"id":{"col":"n"},"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},
			"ids":[{"type":"user_id","const":"u1"}],"touchpoint":"x"}`, "n,x\n1,a\n2,ab\n3,abc\n4,\n", nil)
		var stay []string
		for _, rec := range recs {
			if !rec.Skipped {
				stay = append(stay, rec.Touches[0].Touchpoint)
			}
		}
		if got := strings.Join(stay, " "); got != c.stay {
			t.Errorf("%s: %q, want %q", c.where, got, c.stay)
		}
	}
}

func TestPropsAreTheNamedColumnsAndTheRestOnRequest(t *testing.T) {
	t.Parallel()
	const base = `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"meeting"},"ids":[{"type":"user_id","col":"u"}],"props":%s}`
	const table = "u,start,end,p,yes,subject,synced,url\nu1,2026-01-01 09:00:00,2026-01-01 10:30:00,65.1,TRUE,Hello,now,https://x.example/a\n"
	for _, c := range []struct{ props, want string }{
		{`{"d":{"span":[{"col":"start","zone":"UTC"},{"col":"end","zone":"UTC"}]}}`, `{"d":5400}`},
		{`{"d":{"span":[{"col":"start","zone":"UTC"},{"col":"start","zone":"UTC"}]}}`, `{"d":0}`}, // over at once
		{`{"d":{"span":[{"col":"end","zone":"UTC"},{"col":"start","zone":"UTC"}]}}`, ``},
		{`{"p":{"col":"p","scale":"percent"}}`, `{"p":0.651}`},
		{`{"p":{"col":"p","scale":"minutes"}}`, `{"p":3906}`},
		{`{"p":{"col":"p","as":"number"}}`, `{"p":65.1}`},
		{`{"p":"p","y":{"col":"yes","as":"bool"}}`, `{"p":"65.1","y":true}`},
		{`{"subject":"subject"}`, `{"subject":"Hello"}`},
		{`"rest"`, `{"_subject":"Hello","_url":"https://x.example/a","end":"2026-01-01 10:30:00","p":"65.1","start":"2026-01-01 09:00:00","synced":"now","yes":"TRUE"}`},
	} {
		if got := one(t, decode(t, fmt.Sprintf(base, c.props), table, nil)).Props.JSON(); got != c.want {
			t.Errorf("%s: %s, want %s", c.props, got, c.want)
		}
	}
}

func TestAFieldThatIsHalfWrongIsRefusedByItsKey(t *testing.T) {
	t.Parallel()
	const base = `"at":"t","kind":"k","ids":[{"type":"user_id","col":"u"}]`
	for _, c := range []struct{ field, want string }{
		{`"channel":{"cols":[]}`, "channel.cols: empty"},
		{`"channel":{"first":[]}`, "channel.first: empty"},
		{`"channel":{"col":"a","optional":"yes"}`, "channel.optional: must be true or false"},
		{`"channel":{"lookup":{"table":"a","kee":"b"}}`, "channel.lookup.kee: unknown key"},
		{`"value":{"col":"a","rounding":"up"}`, "value.rounding: unknown key"},
		{`"props":{"p":{"col":"a","unit":"s"}}`, "props.p.unit: unknown key"},
		{`"props":{"p":{"col":"a","as":"json"}}`, "props.p.as: must be one of text, number, bool"},
		{`"props":{"p":{"span":["a","b"],"as":"number"}}`, "props.p.as: unknown key"},
		{`"props":{"":"a"}`, "props: a key that is no name"},
		{`"at":{"col":"t","zones":"UTC"}`, "at.zones: unknown key"},
		{`"where":[{"col":"a","op":"is_set","values":[]}]`, "where[0].values: unknown key"},
		{`"emit":"relation","person":{"type":"email","col":"e"}`, "account: required for relations"},
	} {
		mapping := "{" + c.field + "," + base + "}"
		if strings.HasPrefix(c.field, `"at"`) {
			mapping = "{" + c.field + "}"
		}
		_, err := csvmap.Parse([]byte(mapping))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngave %v, want %s", mapping, err, c.want)
		}
	}
}

// Direction, offline and sentiment of a column are the touch's, or refuse their row by
// name.
func TestCharacterOfATouchIsThatOfItsColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cells, want string }{
		{"inbound,true,0.5", `"direction":"inbound","offline":true,"sentiment":0.5`},
		{"outbound,FALSE,-1", `"direction":"outbound","sentiment":-1`},
		{",,", `"direction":"inbound"`},
		{"both,,", "syntax direction"},
		{",maybe,", "syntax offline"},
		{",,glad", "not_a_number sentiment"},
		{",,NaN", "not_finite sentiment"},
		{",,1e999", "not_finite sentiment"},
		{",,-1.001", "out_of_range sentiment"},
	} {
		rec := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"chat"},"ids":[{"type":"user_id","col":"u"}],
			"direction":"d","offline":"o","sentiment":"s"}`, "u,d,o,s\nu1,"+c.cells+"\n", nil)[0]
		got := ""
		var inv *touchpoint.InvalidError
		if errors.As(rec.Err, &inv) {
			got = string(inv.Reason) + " " + inv.Field
		} else {
			text := string(rec.Touches[0].AppendJSON(nil))
			_, got, _ = strings.Cut(strings.TrimSuffix(text, "}"), `}],`)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.cells, got, c.want)
		}
	}
}

func TestPropsOfOtherTypesAreReadOrRefused(t *testing.T) {
	t.Parallel()
	const base = `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"pageview"},"ids":[{"type":"user_id","col":"u"}],"props":{%s}}`
	for _, c := range []struct{ prop, cell, want string }{
		{`"p":{"col":"x","scale":"milliseconds"}`, "1500", `{"p":1.5}`},
		{`"p":{"col":"x","scale":"percent"}`, "", ``},
		{`"p":{"col":"x","scale":"percent"}`, "many", "not_a_number props"},
		{`"p":{"col":"x","scale":"minutes"}`, "1e16", "not_a_number props"},
		{`"p":{"col":"x","scale":"minutes"}`, "NaN", "not_a_number props"},
		{`"p":{"col":"x","as":"number"}`, "0x1", "not_a_number props"},
		{`"p":{"col":"x","as":"number"}`, `"""1"""`, "not_a_number props"},
		{`"p":{"col":"x","as":"bool"}`, "No", `{"p":false}`},
		{`"p":{"col":"x","as":"bool"}`, "perhaps", "syntax props"},
		{`"url":"x"`, "https://x.example/a", `{"url":"https://x.example/a"}`},
		{`"referrer":"x"`, "https://y.example/b", `{"referrer":"https://y.example/b"}`},
		{`"ip":"x"`, "192.0.2.77", `{"ip":"192.0.2.77"}`},
		{`"user_agent":"x"`, "Mozilla/5.0", `{"user_agent":"Mozilla/5.0"}`},
	} {
		rec := decode(t, fmt.Sprintf(base, c.prop), "u,x\nu1,"+c.cell+"\n", nil)[0]
		got := ""
		var inv *touchpoint.InvalidError
		if errors.As(rec.Err, &inv) {
			got = string(inv.Reason) + " " + inv.Field
		} else {
			got = rec.Touches[0].Props.JSON()
		}
		if got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.prop, c.cell, got, c.want)
		}
	}
	rest := decode(t, `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}],"props":"rest"}`,
		"u,x\nu1,a\x00b\n", nil)[0]
	var inv *touchpoint.InvalidError
	if !errors.As(rest.Err, &inv) || inv.Reason != touchpoint.Control || inv.Field != "props" {
		t.Errorf("NUL among the rest: %v", rest.Err)
	}
}

// looks reads the company and the sector of each user from a side table.
const looks = `{"source":"crm","at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},
	"ids":[{"type":"user_id","col":"u"},{"type":"crm_account_id","lookup":{"table":"of","key":"user","on":"u","col":"company"}}],
	"channel":{"lookup":{"table":"of","key":"user","on":"u","col":"sector"}}, "value":{"col":"v","currency":{"const":"EUR"}}}`

func TestASideTableIsLookedUp(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Parse([]byte(looks))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Tables(); !slices.Equal(got, []string{"of"}) {
		t.Errorf("tables %q", got)
	}
	with, err := m.WithTable("of", strings.NewReader("user,sector,company\n u1 ,steel,c1\nu1,wood,c2\n,none,c3\nu2,,c4\n"))
	if err != nil {
		t.Fatal(err)
	}
	const table = "u,v\nu1,1\nu2,2\nu3,3\n"
	var got []string
	for _, m := range []*csvmap.Mapping{with, m} {
		for _, rec := range decodeMapping(t, m, table, nil) {
			tp := rec.Touches[0]
			got = append(got, fmt.Sprint(tp.Channel, len(tp.IDs)))
		}
	}
	// u1 has two companies; the mapping itself, without the table, finds nothing.
	if want := []string{"steel3", "2", "1", "1", "1", "1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestASideTableThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	m, err := csvmap.Parse([]byte(looks))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken pipe")
	for _, c := range []struct {
		name, table, want string
		err               error
	}{
		{"off", "user\n", `reads no table "off"`, nil},
		{"of", "", "EOF", nil},
		{"of", "user,sector,company\nu1,a\n", "line 2: syntax", nil},
		{"of", "user,sector,company\nu1,a,\xff\n", "line 2: utf8", nil},
		{"of", "user,sector,company\nu1,a,b\n", "broken pipe", broken},
		{"of", "user,sec\x00tor,company\n", "control", nil},
		{"of", "user,\"sector\"x,company\n", "syntax header", nil},
	} {
		var in io.Reader = strings.NewReader(c.table)
		if c.err != nil {
			in = io.MultiReader(in, iotest.ErrReader(c.err))
		}
		if _, err := m.WithTable(c.name, in); err == nil || !strings.Contains(err.Error(), c.want) || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%q: %v, want %s", c.table, err, c.want)
		}
	}
	{ // the column that ties the tables together is missed before the one that is looked up
		two, err := csvmap.Parse([]byte(strings.Replace(looks, `"key":"user","on":"u","col":"sector"`, `"key":"who","on":"u","col":"a"`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		var col *csvmap.ColumnError
		if _, err := two.WithTable("of", strings.NewReader("x\n")); !errors.As(err, &col) || col.Column != "user" {
			t.Errorf("%v", err)
		}
	}
	for range 20 { // which of the missing columns is named is no matter of a map's order
		var col *csvmap.ColumnError
		_, err := m.WithTable("of", strings.NewReader("u,s\n"))
		if !errors.As(err, &col) || *col != (csvmap.ColumnError{Table: "of", Column: "user"}) {
			t.Fatalf("%v", err)
		}
		_, err = m.WithTable("of", strings.NewReader("user,s\n"))
		if err == nil || err.Error() != `csvmap: table "of" has no column "company"` {
			t.Fatalf("%v", err)
		}
	}
}

// A side table, which is held in memory, has at most a million rows.
func TestBoundOfASideTableAtTheLimitAndOneOver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("two million rows: not with -short")
	}
	m, err := csvmap.Parse([]byte(looks))
	if err != nil {
		t.Fatal(err)
	}
	for n, ok := range map[int]bool{1_000_000: true, 1_000_001: false} {
		if _, err := m.WithTable("of", strings.NewReader("user,sector,company\n"+strings.Repeat(",,\n", n))); ok != (err == nil) || !ok && !strings.HasSuffix(err.Error(), "line 1000002: too_many") {
			t.Errorf("%d rows: %v", n, err)
		}
	}
}

func TestATableThatBreaksEndsTheLoopWithItsError(t *testing.T) {
	t.Parallel()
	const mapping = `{"at":{"const":"2026-01-01T00:00:00Z"},"kind":{"const":"note"},"ids":[{"type":"user_id","col":"u"}],"props":"rest"}`
	broken := errors.New("broken pipe")
	m, err := csvmap.Parse([]byte(mapping))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "u,x\nu1,a\n", "u,x\nu1,\"a\n"} {
		_, err := decodeWith(t, m, io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), nil)
		if !errors.Is(err, broken) {
			t.Errorf("%q: %v", text, err)
		}
	}
	var inv *touchpoint.InvalidError
	for _, c := range []struct {
		header string
		want   touchpoint.Reason
	}{{"u,u\n", touchpoint.DuplicateKey}, {"u,\"x\n", touchpoint.Syntax}, {"u,x\x01\n", touchpoint.Control}} {
		if _, err := decodeWith(t, m, strings.NewReader(c.header), nil); !errors.As(err, &inv) || inv.Reason != c.want {
			t.Errorf("%q: %v, want %s", c.header, err, c.want)
		}
	}
	if _, err := decodeWith(t, m, strings.NewReader("x\n"), nil); err == nil || err.Error() != `csvmap: the table has no column "u"` {
		t.Errorf("%v", err)
	}
	long := "u,x\nu1,\"a\n" + strings.Repeat("b", 100) + "\n\"\nu2,c\n"
	recs := decode(t, mapping, long, &ingest.Options{Limits: ingest.Limits{Message: 50}})
	if !errors.As(recs[0].Err, &inv) || inv.Reason != touchpoint.TooLarge {
		t.Errorf("a cell of several lines over the limit: %v", recs[0].Err)
	}
	d, err := m.Decoder(nil)
	if err != nil {
		t.Fatal(err)
	}
	for range d.Decode(strings.NewReader("u\nu1\nu2\n"), time.Time{}) {
		break // the loop may stop
	}
}

func TestRelationsSayWhoIsPrimary(t *testing.T) {
	t.Parallel()
	const mapping = `{"emit":"relation","source":"crm","person":{"type":"email","col":"e"},"account":{"type":"domain","col":"d"},
		"primary":"p","role":"r","from":{"col":"f","zone":"UTC"},"to":{"col":"t","zone":"UTC"},"at":{"const":"2026-01-01T00:00:00Z"}}`
	recs := decode(t, mapping, "e,d,p,r,f,t\na@x.example,x.example,Yes,buyer,2025-01-01,2025-06-01\nb@x.example,x.example,no,,,\nc@x.example,x.example,often,,,\n,x.example,,,,\n", nil)
	first, second := recs[0].Relations[0], recs[1].Relations[0]
	if !first.Primary || first.Role != "buyer" || first.To.Sub(first.From) != 151*24*time.Hour || second.Primary || !second.From.IsZero() {
		t.Errorf("%+v, %+v", first, second)
	}
	var inv *touchpoint.InvalidError
	if !errors.As(recs[2].Err, &inv) || inv.Field != "primary" || inv.Reason != touchpoint.Syntax {
		t.Errorf("primary: %v", recs[2].Err)
	}
	if !recs[3].Skipped {
		t.Errorf("a contact without an address: %+v", recs[3])
	}
}
