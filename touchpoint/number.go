package touchpoint

import "strings"

// maxPlain is the number of digits up to which an exponent is written out.
const maxPlain = 40

// plainNumber returns a JSON number in the one form that props keep: plain decimal, no
// leading zeros, no zeros at the end of the fraction, −0 as 0. ok is false for what is no
// JSON number, is over 64 bytes, or has an exponent that gives more than 40 digits.
func plainNumber(tok string) (plain string, ok bool) {
	if len(tok) > MaxNumber {
		return "", false
	}
	digits, neg := strings.CutPrefix(tok, "-")
	exp, hasExp := 0, false
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		if exp, ok = smallInt(digits[i+1:]); !ok {
			return "", false
		}
		digits, hasExp = digits[:i], true
	}
	whole, frac, dot := strings.Cut(digits, ".")
	if !allDigits(whole) || len(whole) > 1 && whole[0] == '0' || dot && !allDigits(frac) {
		return "", false
	}
	if !hasExp && (!dot || frac[len(frac)-1] != '0') && digits != "0" {
		return tok, true // the usual case: it is plain already
	}
	if hasExp {
		all := whole + frac
		point := len(whole) + exp // the decimal point stands before all[point]
		if t := strings.TrimLeft(all, "0"); t == "" {
			return "0", true
		}
		if point > maxPlain || point < -maxPlain {
			return "", false
		}
		if point < 0 {
			all, point = strings.Repeat("0", -point)+all, 0
		}
		if point > len(all) {
			all += strings.Repeat("0", point-len(all))
		}
		whole, frac = all[:point], all[point:]
	}
	whole = strings.TrimLeft(whole, "0")
	frac = strings.TrimRight(frac, "0")
	if whole == "" {
		whole = "0"
	}
	if hasExp && len(whole)+len(frac) > maxPlain {
		return "", false
	}
	plain = whole
	if frac != "" {
		plain += "." + frac
	}
	if neg && plain != "0" {
		plain = "-" + plain
	}
	return plain, true
}

// smallInt reads the digits of an exponent and stops counting at a thousand.
func smallInt(s string) (n int, ok bool) {
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if !allDigits(s) {
		return 0, false
	}
	for i := range len(s) {
		n = min(n*10+int(s[i]-'0'), 1000)
	}
	if neg {
		n = -n
	}
	return n, true
}
