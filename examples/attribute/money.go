package main

import (
	"errors"
	"math/big"
	"strings"
)

var (
	errTooLarge  = errors.New("does not fit")
	errNotNumber = errors.New("not a number")
)

// parseMinor reads a decimal into units of 10^-scale, half to even beyond; "" is 0.
func parseMinor(s string, scale int) (int64, error) {
	if n, ok := digits(s); ok && scale < 10 {
		for range scale {
			n *= 10
		}
		return n, nil
	}
	if strings.Trim(s, "+0123456789.eE-") != "" || len(s) > 64 {
		return 0, errNotNumber
	}
	if _, exp, ok := strings.Cut(strings.ToLower(s), "e"); ok && len(exp) > 3 {
		return 0, errTooLarge
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, errNotNumber
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	num := unit.Mul(unit, r.Num())
	q, rem := new(big.Int).QuoRem(num, r.Denom(), new(big.Int))
	half := rem.Abs(rem).Lsh(rem, 1).Cmp(r.Denom())
	if half > 0 || half == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(r.Sign())))
	}
	if !q.IsInt64() {
		return 0, errTooLarge
	}
	return q.Int64(), nil
}

// digits reads a short whole number, as most cells have; "" is 0.
func digits(s string) (n int64, ok bool) {
	if len(s) >= 10 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = 10*n + int64(c)
	}
	return n, true
}

// formatMinor writes units of 10^-scale as a decimal without trailing zeros.
func formatMinor(v int64, scale int) string {
	s := new(big.Int).Abs(big.NewInt(v)).String()
	if len(s) <= scale {
		s = strings.Repeat("0", scale+1-len(s)) + s
	}
	if scale > 0 {
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if v < 0 {
		s = "-" + s
	}
	return s
}
