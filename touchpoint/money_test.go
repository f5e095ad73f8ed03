package touchpoint_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
	"testing"

	tp "github.com/tabi-go/tabi/touchpoint"
)

func currency(code string) tp.Currency { return tp.Currency([]byte(code)) }

func TestParseAmount(t *testing.T) {
	for _, c := range []struct{ text, code, want string }{
		{"25", "USD", "25.00"}, {"25.5", "USD", "25.50"}, {"-0.05", "USD", "-0.05"}, {"5400.00", "JPY", "5400"},
		{"007.50", "USD", "7.50"}, {"92233720368547758.07", "USD", "92233720368547758.07"},
		{"-92233720368547758.08", "USD", "-92233720368547758.08"}, {"9223372036854775807", "JPY", "9223372036854775807"},
		{"1.25", "KWD", "1.250"}, {"1.0001", "UYW", "1.0001"}, {"0", "JPY", "0"}, {"-0", "USD", "0.00"},
		{"1.0050", "USD", "value out_of_range"}, {"1.005", "USD", "value out_of_range"}, {"5400.5", "JPY", "value out_of_range"},
		{"1e3", "USD", "value not_a_number"}, {"0x10", "USD", "value not_a_number"}, {"1_000", "USD", "value not_a_number"},
		{"NaN", "USD", "value not_a_number"}, {"+1", "USD", "value not_a_number"}, {"1,000", "USD", "value not_a_number"},
		{" 1", "USD", "value not_a_number"}, {"1 ", "USD", "value not_a_number"}, {"", "USD", "value not_a_number"},
		{"-", "USD", "value not_a_number"}, {".5", "USD", "value not_a_number"}, {"1.", "USD", "value not_a_number"},
		{"--1", "USD", "value not_a_number"}, {"１", "USD", "value not_a_number"}, {"1.2.3", "USD", "value not_a_number"},
		{"Inf", "USD", "value not_a_number"}, {"1/2", "USD", "value not_a_number"},
		{strings.Repeat("0", 63) + "1", "USD", "1.00"}, {strings.Repeat("0", 64) + "1", "USD", "value not_a_number"},
		{"9223372036854775808", "JPY", "value overflow"}, {"92233720368547758.08", "USD", "value overflow"},
		{"1844674407370955162", "JPY", "1844674407370955162"}, {"18446744073709551619", "JPY", "value overflow"},
		{"184467440737095516.19", "USD", "value overflow"},
		{"1", "XXX", "value unknown_currency"}, {"1", "XAU", "value unknown_currency"},
	} {
		m, err := tp.ParseAmount(c.text, currency(c.code))
		got := m.Text()
		if err != nil {
			got = reason(t, err)
		}
		if got != c.want {
			t.Errorf("%q %s: %s, want %s", c.text, c.code, got, c.want)
		}
	}
}

func TestNaNInfHexAndOtherHostileAmountsAreRefused(t *testing.T) {
	n := 0
	for _, digits := range []string{"1", "12.50", "-3", "0"} {
		for _, spell := range []string{"+%s", " %s", "%s ", "%s\n", "\t%s", "$%s", "%s€", "¥%s", "%s USD", "USD%s", "%se0", "%sE2", "%se-2", "%se+2",
			"0x%s", "0X%s", "0b%s", "0o%s", "%s_0", "_%s", "%s_", "1,%s", "%s,00", "1'%s", "%s'0", "(%s)", "--%s", "+-%s", "-+%s", "−%s", "－%s", "%s-",
			"%s%%", "%s.", ".%s.", "%s..5", "%s.5.5", "%s\x00", "\x00%s", "\u00a0%s", "%s\u200b", "\ufeff%s", "%s/1", "%s*1", "%sf", "%sd", "%sL", "NaN%s", "Inf%s", "%sInf", "%sp1", "١%s", "１%s"} {
			text := fmt.Sprintf(spell, digits)
			if _, err := tp.ParseAmount(text, currency("USD")); err == nil {
				t.Errorf("accepted %q", text)
			}
			n++
		}
	}
	if n < 200 {
		t.Errorf("only %d spellings", n)
	}
}

func TestT7ParseOfFormatIsTheSameMoney(t *testing.T) {
	r := newRand(7)
	codes := []string{"JPY", "USD", "KWD", "UYW"}
	for i := range rounds(20000) {
		minor := r.Int64() >> r.IntN(63)
		if r.IntN(2) == 0 {
			minor = -minor
		}
		if i < 4 {
			minor = []int64{math.MaxInt64, math.MinInt64, 0, -1}[i]
		}
		m := tp.Money{Minor: minor, Currency: currency(codes[r.IntN(4)])}
		back, err := tp.ParseAmount(m.Text(), m.Currency)
		if err != nil || back != m || strings.ContainsAny(m.Text(), "eE") {
			t.Fatalf("%d %v became %s and %v, %v", minor, m.Currency, m.Text(), back, err)
		}
	}
	if (tp.Money{}).Text() != "" || (tp.Money{}).String() != "" || (tp.Money{Currency: currency("USD")}).String() != "0.00 USD" {
		t.Error("absent and nothing are not told apart")
	}
}

func TestParseAmountAgreesWithBigRationals(t *testing.T) {
	r := newRand(8)
	for range rounds(50000) {
		var b strings.Builder
		for range 1 + r.IntN(24) {
			b.WriteByte("0123456789999.-"[r.IntN(15)])
		}
		text := b.String()
		m, err := tp.ParseAmount(text, currency("USD"))
		grammar := grammatical(text)
		exact, _ := new(big.Rat).SetString(text)
		fits := false
		if grammar && exact != nil {
			cents := new(big.Rat).Mul(exact, big.NewRat(100, 1))
			fits = cents.IsInt() && cents.Num().IsInt64()
			if fits && (err != nil || m.Minor != cents.Num().Int64()) {
				t.Fatalf("%q: %v, %v", text, m, err)
			}
		}
		if !fits && err == nil {
			t.Fatalf("accepted %q as %v", text, m)
		}
	}
}

func grammatical(s string) bool {
	whole, frac, dot := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return digits(whole) && (!dot || digits(frac))
}

func TestFromNumberRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		literal, code, want string
		rounded             bool
	}{
		{"19.990000000000002", "USD", "19.99", true}, {"0.125", "USD", "0.12", true}, {"0.135", "USD", "0.14", true},
		{"1e2", "USD", "100.00", false}, {"5400", "JPY", "5400", false}, {"0.5", "JPY", "0", true}, {"1.5", "JPY", "2", true},
		{"2.5", "JPY", "2", true}, {"2.500000001", "JPY", "3", true}, {"-0.125", "USD", "-0.12", true}, {"-1E-2", "USD", "-0.01", false},
		{"1.10", "USD", "1.10", false}, {"0.1250", "USD", "0.12", true}, {"12E-1", "JPY", "1", true},
	} {
		m, rounded, err := tp.FromNumber(c.literal, currency(c.code))
		if err != nil || m.Text() != c.want || rounded != c.rounded {
			t.Errorf("%s %s: %s %v %v, want %s %v", c.literal, c.code, m.Text(), rounded, err, c.want, c.rounded)
		}
	}
	for literal, want := range map[string]string{"NaN": "value not_a_number", "1e99": "value not_a_number", "0x1": "value not_a_number",
		"": "value not_a_number", "1e19": "value overflow", "9223372036854775807.5": "value overflow", "01": "value not_a_number", "+1": "value not_a_number"} {
		if _, _, err := tp.FromNumber(literal, currency("JPY")); reason(t, err) != want {
			t.Errorf("%q: %v, want %s", literal, err, want)
		}
	}
	if _, _, err := tp.FromNumber("1", currency("ABC")); reason(t, err) != "value unknown_currency" {
		t.Error(err)
	}
}

// Table 2.3, money overflow: 64 border values pairwise.
func TestMoneyOverflowOf64BorderValuesPairwise(t *testing.T) {
	var border []int64
	for _, v := range []int64{0, 1, 2, 3, 99, 100, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<53 - 1, 1 << 53, 1<<53 + 1,
		math.MaxInt64 / 100, math.MaxInt64/100 + 1, math.MaxInt64 / 10, math.MaxInt64/10 + 1, 1<<61 - 1, 1 << 61, 1<<61 + 1,
		math.MaxInt64/3 + 1, math.MaxInt64/2 - 1, math.MaxInt64 / 2, math.MaxInt64/2 + 1, math.MaxInt64/2 + 2,
		math.MaxInt64 - 101, math.MaxInt64 - 100, math.MaxInt64 - 3, math.MaxInt64 - 2, math.MaxInt64 - 1, math.MaxInt64} {
		border = append(border, v)
		if v != 0 {
			border = append(border, -v)
		}
	}
	border = append(border, math.MinInt64, math.MinInt64/2, math.MinInt64/10-1)
	if len(border) != 64 {
		t.Fatalf("%d values", len(border))
	}
	eur := currency("EUR")
	for _, a := range border {
		for _, b := range border {
			x, y := tp.Money{Minor: a, Currency: eur}, tp.Money{Minor: b, Currency: eur}
			sum, err := x.Add(y)
			want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
			if want.IsInt64() != (err == nil) || err == nil && sum.Minor != want.Int64() || err != nil && !errors.Is(err, tp.ErrOverflow) {
				t.Errorf("%d + %d = %v, %v", a, b, sum, err)
			}
			diff, err := x.Sub(y)
			want.Sub(big.NewInt(a), big.NewInt(b))
			if want.IsInt64() != (err == nil) || err == nil && diff.Minor != want.Int64() || err != nil && !errors.Is(err, tp.ErrOverflow) {
				t.Errorf("%d - %d = %v, %v", a, b, diff, err)
			}
		}
	}
}

// Table 2.3, money overflow: random sums against math/big, 1 million of them.
func TestMoneyOverflowOfRandomSums(t *testing.T) {
	r, usd := newRand(63), currency("USD")
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	lost := 0
	for range n {
		a, b := r.Int64()>>r.IntN(8), r.Int64()>>r.IntN(4)
		if r.IntN(2) == 0 {
			a = -a
		}
		if r.IntN(2) == 0 {
			b = -b - 1
		}
		got, err := tp.Money{Minor: a, Currency: usd}.Add(tp.Money{Minor: b, Currency: usd})
		hi := (a >> 63) + (b >> 63) // the sum in 128 bits
		lo, c := bits.Add64(uint64(a), uint64(b), 0)
		hi += int64(c)
		fits := hi == int64(lo)>>63
		if fits != (err == nil) || fits && got.Minor != int64(lo) {
			t.Fatalf("%d + %d = %v, %v", a, b, got, err)
		}
		if !fits {
			lost++
		}
	}
	if lost < n/100 {
		t.Errorf("only %d sums overflowed", lost)
	}
}

func TestT8AddIsAssociativeUpToOverflow(t *testing.T) {
	border := []int64{0, 1, -1, 2, -2, 99, -100, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1,
		math.MaxInt64 / 2, math.MinInt64 / 2, math.MaxInt64/2 + 1, 1 << 32, -1 << 32}
	usd := currency("USD")
	for _, a := range border {
		for _, b := range border {
			x, y := tp.Money{Minor: a, Currency: usd}, tp.Money{Minor: b, Currency: usd}
			for op, got := range map[string]func() (tp.Money, error){
				"+": func() (tp.Money, error) { return x.Add(y) }, "-": func() (tp.Money, error) { return x.Sub(y) },
			} {
				want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
				if op == "-" {
					want.Sub(big.NewInt(a), big.NewInt(b))
				}
				m, err := got()
				if want.IsInt64() != (err == nil) || err == nil && m.Minor != want.Int64() || err != nil && !errors.Is(err, tp.ErrOverflow) {
					t.Fatalf("%d %s %d = %v, %v", a, op, b, m, err)
				}
			}
			if c, err := x.Cmp(y); err != nil || c != big.NewInt(a).Cmp(big.NewInt(b)) {
				t.Fatalf("%d ? %d = %d, %v", a, b, c, err)
			}
		}
		n, err := tp.Money{Minor: a, Currency: usd}.Neg()
		if (err != nil) != (a == math.MinInt64) || err == nil && n.Minor != -a {
			t.Fatalf("-%d = %v, %v", a, n, err)
		}
	}
	// Sums of one sign overflow in every order or in none.
	r := newRand(10)
	for range rounds(2000) {
		ms := make([]tp.Money, 5)
		sum := new(big.Int)
		for i := range ms {
			ms[i] = tp.Money{Minor: r.Int64() >> r.IntN(8), Currency: usd}
			sum.Add(sum, big.NewInt(ms[i].Minor))
		}
		r.Shuffle(5, func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
		total, err := tp.Money{}, error(nil)
		for _, m := range ms {
			if err == nil {
				total, err = total.Add(m)
			}
		}
		if sum.IsInt64() != (err == nil) || err == nil && total.Minor != sum.Int64() {
			t.Fatalf("%v: %v, %v", ms, total, err)
		}
	}
	if _, err := (tp.Money{Minor: 1, Currency: usd}).Cmp(tp.Money{Minor: 1, Currency: currency("JPY")}); !errors.Is(err, tp.ErrCurrency) {
		t.Errorf("two currencies were compared: %v", err)
	}
	if _, err := (tp.Money{Minor: 1, Currency: usd}).Add(tp.Money{Minor: 1, Currency: currency("JPY")}); !errors.Is(err, tp.ErrCurrency) {
		t.Error(err)
	}
	if m, err := (tp.Money{}).Sub(tp.Money{Minor: 5, Currency: usd}); err != nil || m.Text() != "-0.05" {
		t.Error(m, err)
	}
}

func TestCurrencies(t *testing.T) {
	for code, want := range map[string]string{"usd": "USD", "EUR": "EUR", "jpY": "JPY", "aud": "AUD", "azn": "AZN", "zmw": "ZMW", "{sd": "", "`sd": "", "XXX": "", "US": "", "USDD": "", "円": "", "": ""} {
		c, err := tp.ParseCurrency(code)
		if c.String() != want || (err == nil) != (want != "") || err != nil && reason(t, err) != "currency unknown_currency" {
			t.Errorf("%q: %v, %v", code, c, err)
		}
	}
	// A code that only the options know is held in hundredths, however many decimals it may have.
	o := &tp.Options{Currencies: map[string]int{"PTS": 0}}
	const row = `{"source":"s","id":"1","at":"2026-01-01T00:00:00Z","kind":"order","ids":[{"type":"user_id","value":"u"}],"value":%q,"currency":"pts"}`
	got, err := tp.ParseTouch(fmt.Appendf(nil, row, "120"), tp.Touch{}, o)
	if err != nil || got.Value.Text() != "120.00" {
		t.Fatal(got.Value, err)
	}
	if back, err := tp.ParseTouch(got.AppendJSON(nil), tp.Touch{}, o); err != nil || back.Value != got.Value {
		t.Error(back.Value, err)
	}
	if _, err := tp.ParseTouch(fmt.Appendf(nil, row, "1.5"), tp.Touch{}, o); reason(t, err) != "value out_of_range" {
		t.Error(err)
	}
	if _, err := tp.ParseTouch(fmt.Appendf(nil, row, "1"), tp.Touch{}, nil); reason(t, err) != "currency unknown_currency" {
		t.Error(err)
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1.00", "-5", "9223372036854775808", "0.005", "1e3", "00", "NaN"} {
		f.Add(s, "USD")
	}
	f.Fuzz(func(t *testing.T, text, code string) {
		c, err := tp.ParseCurrency(code)
		if err != nil {
			return
		}
		if m, err := tp.ParseAmount(text, c); err == nil {
			if back, err := tp.ParseAmount(m.Text(), c); err != nil || back != m {
				t.Fatalf("%q became %v and %v, %v", text, m, back, err)
			}
			if n, rounded, err := tp.FromNumber(strings.TrimLeft(text, "0"), c); err == nil && (rounded || n != m) {
				t.Fatalf("%q: %v and %v", text, m, n)
			}
		}
		_, _, _ = tp.FromNumber(text, c)
	})
}

func TestCurrencyIsItsCodeInText(t *testing.T) {
	var c tp.Currency
	if err := c.UnmarshalText([]byte("eur")); err != nil || c.String() != "EUR" {
		t.Errorf("%v %q", err, c)
	}
	if b, _ := c.MarshalText(); string(b) != "EUR" {
		t.Errorf("%q", b)
	}
	if err := c.UnmarshalText([]byte("euro")); err == nil {
		t.Error("four letters were taken")
	}
	if err := c.UnmarshalText(nil); err != nil || !(tp.Money{Currency: c}).IsZero() {
		t.Errorf("%v %q", err, c)
	}
}
