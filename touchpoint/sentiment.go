package touchpoint

import "strings"

// A Sentiment is how somebody felt, from −1 to 1 in thousandths; the zero value is
// absent, which is not the same as neutral.
type Sentiment struct {
	milli int16
	set   bool
}

// SentimentMilli returns the sentiment of milli thousandths, cut to −1000..1000.
func SentimentMilli(milli int) Sentiment {
	return Sentiment{int16(max(-1000, min(1000, milli))), true}
}

// Milli returns the sentiment in thousandths; ok is false where there is none.
func (s Sentiment) Milli() (milli int, ok bool) { return int(s.milli), s.set }

// Value returns the sentiment between −1 and 1; ok is false where there is none.
func (s Sentiment) Value() (v float64, ok bool) { return float64(s.milli) / 1000, s.set }

// appendText appends the sentiment as a decimal without zeros at its end.
func (s Sentiment) appendText(b []byte) []byte {
	m := int(s.milli)
	if m < 0 {
		b, m = append(b, '-'), -m
	}
	b = append(b, byte('0'+m/1000))
	if m %= 1000; m > 0 {
		b = append(b, '.')
		for p := 100; m > 0; p /= 10 {
			b = append(b, byte('0'+m/p))
			m %= p
		}
	}
	return b
}

// parseSentiment reads a JSON number from −1 to 1, rounded to thousandths half away from
// zero.
func parseSentiment(text string) (Sentiment, error) {
	plain, ok := plainNumber(text)
	if !ok {
		switch strings.ToLower(strings.TrimLeft(text, "+-")) {
		case "nan", "inf", "infinity":
			return Sentiment{}, &InvalidError{"sentiment", NotFinite}
		}
		return Sentiment{}, &InvalidError{"sentiment", NotANumber}
	}
	digits, neg := strings.CutPrefix(plain, "-")
	whole, frac, _ := strings.Cut(digits, ".")
	if len(whole) > 1 || whole > "1" || whole == "1" && frac != "" {
		return Sentiment{}, &InvalidError{"sentiment", OutOfRange}
	}
	milli := int(whole[0]-'0') * 1000
	for i, p := 0, 100; i < min(3, len(frac)); i, p = i+1, p/10 {
		milli += int(frac[i]-'0') * p
	}
	if len(frac) > 3 && frac[3] >= '5' {
		milli++
	}
	if neg {
		milli = -milli
	}
	return SentimentMilli(milli), nil
}
