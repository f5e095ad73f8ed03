package touchpoint

// A Currency is an ISO 4217 code in upper case; the zero Currency is absent.
type Currency [3]byte

// String returns the code, "" for the zero Currency.
func (c Currency) String() string {
	if c == (Currency{}) {
		return ""
	}
	return string(c[:])
}

// MarshalText returns the code, nothing for the zero Currency.
func (c Currency) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes, without asking whether the code is known.
func (c *Currency) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Currency{}
		return nil
	}
	code, ok := upperCode(string(text))
	if !ok {
		return &InvalidError{"currency", Syntax}
	}
	*c = code
	return nil
}

// ParseCurrency reads a code in any case. A code that is not in the table of active
// currencies is an [*InvalidError] (unknown_currency); see [Options.Currencies] for more.
func ParseCurrency(code string) (Currency, error) { return noOptions.currency(code) }

func (o *Options) currency(code string) (Currency, error) {
	c, ok := upperCode(code)
	if ok {
		_, ok = o.decimals(c)
	}
	if !ok {
		return Currency{}, &InvalidError{"currency", UnknownCurrency}
	}
	return c, nil
}

func upperCode(code string) (c Currency, ok bool) {
	if len(code) != len(c) {
		return c, false
	}
	copy(c[:], code)
	return c.upper(), true
}

func (c Currency) upper() Currency {
	for i, b := range c {
		if b >= 'a' && b <= 'z' {
			c[i] = b - 'a' + 'A'
		}
	}
	return c
}

// decimals returns how many decimals an amount of c may have. The minor unit of a code
// that only the options know is the hundredth, whatever this says, so that its text form
// does not depend on options.
func (o *Options) decimals(c Currency) (n int, ok bool) {
	if d, ok := isoDecimals[c]; ok {
		return int(d), true
	}
	d, ok := o.Currencies[string(c[:])]
	return min(max(d, 0), otherDecimals), ok
}

const otherDecimals = 2

// scale returns the decimals between the minor unit of c and the unit.
func (c Currency) scale() int {
	if d, ok := isoDecimals[c]; ok {
		return int(d)
	}
	return otherDecimals
}

// isoDecimals holds the currencies of ISO 4217 that were active at any time since 2025.
// Metals, test codes and units of account without decimals are not among them.
var isoDecimals = func() map[Currency]int8 {
	codes := [...]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD " +
			"BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP " +
			"ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR " +
			"JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU " +
			"MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR " +
			"RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS " +
			"TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
		3: "BHD IQD JOD KWD LYD OMN TND",
		4: "CLF UYW",
	}
	m := make(map[Currency]int8, 180)
	for d, list := range codes {
		for ; len(list) >= 3; list = list[min(4, len(list)):] {
			m[Currency([]byte(list[:3]))] = int8(d)
		}
	}
	return m
}()
