package persona

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

var (
	numberForm = regexp.MustCompile(`^(-?)(\d+(?:\.\d+)?|\.\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?)(k|m|b|千|百万|万|億|兆)?$`)
	rangeForm  = regexp.MustCompile(`^([\d.,]+(?:k|m|b|千|百万|万|億|兆)?)(?:-|~|〜|–|—|から|to)([\d.,]+(?:k|m|b|千|百万|万|億|兆)?)$`)
	powers     = map[string]int{"": 0, "k": 3, "千": 3, "万": 4, "m": 6, "百万": 6, "億": 8, "b": 9, "兆": 12}
	currencies = map[string]string{"$": "USD", "us$": "USD", "usd": "USD", "¥": "JPY", "\uffe5": "JPY", "円": "JPY", "jpy": "JPY",
		"€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "cny": "CNY", "krw": "KRW", "chf": "CHF", "aud": "AUD", "cad": "CAD", "sgd": "SGD", "inr": "INR"}
	currencyForm = regexp.MustCompile(`^(us\$|[$¥￥€£円]|usd|jpy|eur|gbp|cny|krw|chf|aud|cad|sgd|inr)|(us\$|[$¥￥€£円]|usd|jpy|eur|gbp|cny|krw|chf|aud|cad|sgd|inr)$`)
)

// ParseNumber reads a number or a range as people write them, in any width: 1,200 and
// 1.2k, ５億円, 51〜200名, 1,000人以上 and 10,001+ (open at the top), 50人未満 (0 to 49).
// Thousands are written with commas; units are k m b 千 万 百万 億 兆; counters 名 人 社 are
// dropped, and a currency stated by sign, code or 円 is kept. In 1〜5億 the unit goes for
// both ends, in 500-1k it does not: the lower number is the larger one. If anything is left over it reports false.
func ParseNumber(text string) (Value, bool) {
	s := strings.ReplaceAll(fold(text), " ", "")
	s = strings.NewReplacer("，", ",", "～", "~", "employees", "", "people", "", "名", "", "人", "", "社", "").Replace(s)
	code := ""
	s, bound := cutBound(s)
	for range 2 {
		if m := currencyForm.FindString(s); m != "" && (code == "" || code == currencies[m]) {
			code = currencies[m]
			s = strings.TrimSuffix(strings.TrimPrefix(s, m), m)
		}
	}
	v, ok := parseRange(s)
	if !ok {
		return Value{}, false
	}
	if bound != "" {
		if v.lo != v.hi || v.lo < 0 {
			return Value{}, false
		}
		switch bound {
		case "以上", "+":
			v.hi = math.Inf(1)
		case "以下":
			v.lo = 0
		case "未満":
			v.lo = 0
			if v.hi == math.Trunc(v.hi) {
				v.hi--
			}
		}
	}
	if v.lo > v.hi {
		return Value{}, false
	}
	copy(v.currency[:], code)
	return v, true
}

func cutBound(s string) (rest, bound string) {
	for _, b := range []string{"以上", "以下", "未満", "+"} {
		if rest, ok := strings.CutSuffix(s, b); ok {
			return rest, b
		}
	}
	return s, ""
}

func parseRange(s string) (Value, bool) {
	m := rangeForm.FindStringSubmatch(s)
	if m == nil {
		x, _, _, ok := parseNumber(s)
		return Value{kind: Number, lo: x, hi: x}, ok
	}
	lo, loUnit, loBare, ok1 := parseNumber(m[1])
	hi, hiUnit, hiBare, ok2 := parseNumber(m[2])
	if loUnit == "" && hiUnit != "" && loBare < hiBare { // 1〜5億
		lo, _, _, ok1 = parseNumber(m[1] + hiUnit)
	}
	return Value{kind: Number, lo: lo, hi: hi}, ok1 && ok2 && lo <= hi
}

// parseNumber returns a number, its unit, and what it would be without.
func parseNumber(s string) (x float64, unit string, bare float64, ok bool) {
	m := numberForm.FindStringSubmatch(s)
	if m == nil {
		return 0, "", 0, false
	}
	digits := m[1] + strings.ReplaceAll(m[2], ",", "")
	bare, _ = strconv.ParseFloat(digits, 64)
	// The power goes into the literal, so that 1.2k is 1200 to the bit.
	x, err := strconv.ParseFloat(digits+"e"+strconv.Itoa(powers[m[3]]), 64)
	return x, m[3], bare, err == nil
}

var bands = []struct {
	lo, hi float64
	name   string
}{
	{1, 1, "1"}, {2, 10, "2-10"}, {11, 50, "11-50"}, {51, 200, "51-200"}, {201, 500, "201-500"}, {501, 1000, "501-1000"},
	{1001, 5000, "1001-5000"}, {5001, 10000, "5001-10000"}, {10001, math.Inf(1), "10001+"},
}

// EmployeeBand returns the usual band that holds a number of employees: 1, 2-10, 11-50,
// 51-200, 201-500, 501-1000, 1001-5000, 5001-10000 or 10001+. A range that straddles
// bands has none.
func EmployeeBand(v Value) (string, bool) {
	lo, hi, ok := v.Range()
	for _, b := range bands {
		if ok && b.lo <= lo && hi <= b.hi {
			return b.name, true
		}
	}
	return "", false
}
