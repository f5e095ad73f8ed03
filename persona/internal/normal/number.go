package normal

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

var counters = strings.NewReplacer("，", ",", "～", "~", "employees", "", "people", "", "名", "", "人", "", "社", "")

// Number reads a number or a range, with both ends, hi +Inf where open, and the ISO 4217
// code it states, if any.
func Number(text string) (lo, hi float64, code string, ok bool) {
	s := strings.ReplaceAll(Fold(text), " ", "")
	s = counters.Replace(s)
	s, bound := cutBound(s)
	for range 2 {
		if m := currencyForm.FindString(s); m != "" && (code == "" || code == currencies[m]) {
			code = currencies[m]
			s = strings.TrimSuffix(strings.TrimPrefix(s, m), m)
		}
	}
	if lo, hi, ok = parseRange(s); !ok {
		return 0, 0, "", false
	}
	if bound != "" {
		if lo != hi || lo < 0 {
			return 0, 0, "", false
		}
		switch bound {
		case "以上", "+":
			hi = math.Inf(1)
		case "以下":
			lo = 0
		case "未満":
			lo = 0
			if hi == math.Trunc(hi) {
				hi--
			}
		}
	}
	if lo > hi {
		return 0, 0, "", false
	}
	return lo, hi, code, true
}

func cutBound(s string) (rest, bound string) {
	for _, b := range []string{"以上", "以下", "未満", "+"} {
		if rest, ok := strings.CutSuffix(s, b); ok {
			return rest, b
		}
	}
	return s, ""
}

func parseRange(s string) (lo, hi float64, ok bool) {
	m := rangeForm.FindStringSubmatch(s)
	if m == nil {
		x, _, _, ok := parseNumber(s)
		return x, x, ok
	}
	lo, loUnit, loBare, ok1 := parseNumber(m[1])
	hi, hiUnit, hiBare, ok2 := parseNumber(m[2])
	if loUnit == "" && hiUnit != "" && loBare < hiBare { // 1〜5億
		lo, _, _, ok1 = parseNumber(m[1] + hiUnit)
	}
	return lo, hi, ok1 && ok2 && lo <= hi
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
