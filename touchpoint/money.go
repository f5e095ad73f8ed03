package touchpoint

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ErrOverflow is returned where an amount does not fit into an int64 of minor units.
var ErrOverflow = errors.New("touchpoint: amount overflows")

// ErrCurrency is returned where two amounts of different currencies meet.
var ErrCurrency = errors.New("touchpoint: amounts of two currencies")

// Money is an amount in the minor unit of its currency: cents of USD, whole JPY. The
// zero Money is absent; an amount of nothing has a currency and Minor 0. Arithmetic is
// checked, and takes an absent amount as nothing of the other's currency. There is no
// product and no quotient: shares are split by package attribution. Safe for concurrent use.
type Money struct {
	Minor    int64
	Currency Currency
}

// IsZero reports whether m is absent.
func (m Money) IsZero() bool { return m == Money{} }

// String returns the amount and the code, "" where m is absent.
func (m Money) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Text() + " " + m.Currency.String()
}

// Text returns the amount without the code, with exactly the decimals of its currency,
// such as 25.00, 5400 or 1.250; "" where m is absent. There is never an exponent.
func (m Money) Text() string { return string(m.appendText(nil)) }

func (m Money) appendText(b []byte) []byte {
	if m.IsZero() {
		return b
	}
	u := uint64(m.Minor)
	if m.Minor < 0 {
		b, u = append(b, '-'), -u
	}
	scale := m.Currency.scale()
	if scale == 0 {
		return strconv.AppendUint(b, u, 10)
	}
	p := pow10[scale]
	b = append(strconv.AppendUint(b, u/p, 10), '.')
	for rest := u % p; scale > 0; scale-- {
		p /= 10
		b = append(b, byte('0'+rest/p%10))
	}
	return b
}

var pow10 = [...]uint64{1, 10, 100, 1000, 10000}

// ParseAmount reads a decimal amount: -?[0-9]+(\.[0-9]+)?, at most 64 bytes. Further
// decimals than the currency has must be zeros. Nothing is rounded and nothing passes a
// float. The error is an [*InvalidError] of field "value": not_a_number, out_of_range,
// overflow or unknown_currency.
func ParseAmount(text string, c Currency) (Money, error) { return noOptions.amount(text, c) }

func (o *Options) amount(text string, c Currency) (Money, error) {
	decimals, ok := o.decimals(c)
	if !ok {
		return Money{}, &InvalidError{"value", UnknownCurrency}
	}
	digits, neg := strings.CutPrefix(text, "-")
	whole, frac, dot := strings.Cut(digits, ".")
	if len(text) > MaxNumber || !allDigits(whole) || dot && !allDigits(frac) {
		return Money{}, &InvalidError{"value", NotANumber}
	}
	if len(frac) > decimals {
		if strings.Trim(frac[decimals:], "0") != "" {
			return Money{}, &InvalidError{"value", OutOfRange}
		}
		frac = frac[:decimals]
	}
	u, ok := addDigits(0, whole)
	if ok {
		u, ok = addDigits(u, frac)
	}
	for i := len(frac); ok && i < c.scale(); i++ {
		u, ok = addDigits(u, "0")
	}
	m, fits := signed(u, neg)
	if !ok || !fits {
		return Money{}, &InvalidError{"value", Overflow}
	}
	return Money{m, c}, nil
}

// FromNumber reads a JSON number as senders write it who hold money in binary floats:
// an exponent is allowed, and what is finer than the minor unit is rounded half to even.
// It says whether it rounded. The literal never becomes a float.
func FromNumber(literal string, c Currency) (m Money, rounded bool, err error) {
	if _, ok := noOptions.decimals(c); !ok {
		return Money{}, false, &InvalidError{"value", UnknownCurrency}
	}
	plain, ok := plainNumber(literal)
	if !ok {
		return Money{}, false, &InvalidError{"value", NotANumber}
	}
	plain, neg := strings.CutPrefix(plain, "-")
	whole, frac, _ := strings.Cut(plain, ".")
	scale := c.scale()
	rest := ""
	if len(frac) > scale {
		frac, rest = frac[:scale], strings.TrimRight(frac[scale:], "0")
	}
	u, ok := addDigits(0, whole)
	if ok {
		u, ok = addDigits(u, frac)
	}
	for i := len(frac); ok && i < scale; i++ {
		u, ok = addDigits(u, "0")
	}
	if rest > "5" || rest == "5" && u&1 == 1 {
		u++
	}
	minor, fits := signed(u, neg)
	if !ok || !fits {
		return Money{}, false, &InvalidError{"value", Overflow}
	}
	return Money{minor, c}, rest != "", nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// addDigits appends decimal digits to u; ok is false past 2^63.
func addDigits(u uint64, digits string) (_ uint64, ok bool) {
	for i := range len(digits) {
		hi, lo := bits.Mul64(u, 10)
		if hi != 0 || lo > 1<<63 {
			return 0, false
		}
		if u = lo + uint64(digits[i]-'0'); u > 1<<63 {
			return 0, false
		}
	}
	return u, true
}

func signed(u uint64, neg bool) (int64, bool) {
	if neg {
		return -int64(u), u <= 1<<63
	}
	return int64(u), u <= math.MaxInt64
}

// Add returns m + o, or [ErrCurrency] or [ErrOverflow].
func (m Money) Add(o Money) (Money, error) {
	c, err := m.common(o)
	sum := m.Minor + o.Minor
	switch {
	case err != nil:
		return Money{}, err
	case (sum > m.Minor) != (o.Minor > 0):
		return Money{}, ErrOverflow
	}
	return Money{sum, c}, nil
}

// Sub returns m − o, or [ErrCurrency] or [ErrOverflow].
func (m Money) Sub(o Money) (Money, error) {
	c, err := m.common(o)
	diff := m.Minor - o.Minor
	switch {
	case err != nil:
		return Money{}, err
	case (diff < m.Minor) != (o.Minor > 0):
		return Money{}, ErrOverflow
	}
	return Money{diff, c}, nil
}

// Neg returns −m; the least amount has none and gives [ErrOverflow].
func (m Money) Neg() (Money, error) {
	if m.Minor == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return Money{-m.Minor, m.Currency}, nil
}

// Cmp returns −1, 0 or 1 as m is less than, equal to or greater than o, or [ErrCurrency].
func (m Money) Cmp(o Money) (int, error) {
	if _, err := m.common(o); err != nil {
		return 0, err
	}
	switch {
	case m.Minor < o.Minor:
		return -1, nil
	case m.Minor > o.Minor:
		return 1, nil
	}
	return 0, nil
}

func (m Money) common(o Money) (Currency, error) {
	switch {
	case m.IsZero():
		return o.Currency, nil
	case o.IsZero(), m.Currency == o.Currency:
		return m.Currency, nil
	}
	return Currency{}, ErrCurrency
}
