package persona

import (
	"math"

	"github.com/tabi-go/tabi/persona/internal/normal"
)

// ParseNumber reads a number or a range as people write them, in any width: 1,200 and
// 1.2k, ５億円, 51〜200名, 1,000人以上 and 10,001+ (open at the top), 50人未満 (0 to 49).
// Thousands are written with commas; units are k m b 千 万 百万 億 兆; counters 名 人 社 are
// dropped, and a currency stated by sign, code or 円 is kept. In 1〜5億 the unit goes for
// both ends, in 500-1k it does not: the lower number is the larger one. If anything is left over it reports false.
func ParseNumber(text string) (Value, bool) {
	lo, hi, code, ok := normal.Number(text)
	if !ok {
		return Value{}, false
	}
	v := Value{kind: Number, lo: lo, hi: hi}
	copy(v.currency[:], code)
	return v, true
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

// Title returns the seniority and the function that a job title states, in English or
// Japanese, each "" where it states none. The longest keyword of the built-in table
// wins, then the higher row; Latin keywords need word borders, Japanese ones do not.
//
// Seniorities are student, intern, individual, manager, director, vp and c_level.
// Functions are management, it, engineering, product, marketing, sales, finance,
// procurement, legal, hr, operations, support and education.
func Title(title string) (seniority, function string) { return normal.Title(title) }

// Country returns the ISO 3166-1 alpha-2 code of a country given by code (all codes), or
// by its English or Japanese name (the sixty largest economies).
func Country(text string) (code string, ok bool) { return normal.Country(text) }

// Language returns the primary subtag, in lower case, of a language tag such as ja-JP or
// en_US, or of the English or Japanese name of a common language.
func Language(text string) (tag string, ok bool) { return normal.Language(text) }
