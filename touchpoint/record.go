package touchpoint

import (
	"errors"
	"strconv"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// A record is a touch on its way in: the fields that are more than text are still text.
type record struct {
	Touch
	at, received, direction, offline, sentiment string
	cost, value, currency, redacted             string
}

// finish reads the texts, takes what is missing from base, and normalises.
func (r *record) finish(base Touch, o *Options) (Touch, error) {
	t := &r.Touch
	var err error
	if t.At, err = o.time("at", r.at, base.At); err != nil {
		return Touch{}, err
	}
	if t.ReceivedAt, err = o.time("received_at", r.received, base.ReceivedAt); err != nil {
		return Touch{}, err
	}
	if t.Source == "" {
		t.Source = base.Source
	}
	if t.ID == "" {
		t.ID = base.ID
	}
	switch r.direction {
	case "":
	case "inbound":
		t.Direction = Inbound
	case "outbound":
		t.Direction = Outbound
	default:
		return Touch{}, &InvalidError{"direction", Syntax}
	}
	if t.Offline, err = readBool("offline", r.offline); err != nil {
		return Touch{}, err
	}
	if t.Redacted, err = readBool("redacted", r.redacted); err != nil {
		return Touch{}, err
	}
	if !o.nullNumber(r.sentiment) {
		if t.Sentiment, err = parseSentiment(r.sentiment); err != nil {
			return Touch{}, err
		}
	}
	if err = r.money(o); err != nil {
		return Touch{}, err
	}
	if err := t.normalize(o, r.offline == ""); err != nil {
		return Touch{}, err
	}
	return *t, nil
}

func (r *record) money(o *Options) error {
	noCost, noValue := o.nullNumber(r.cost), o.nullNumber(r.value)
	if noCost && noValue {
		return nil // a currency without an amount says nothing
	}
	if o.nullNumber(r.currency) {
		return &InvalidError{"currency", Missing}
	}
	c, err := o.currency(r.currency)
	if err != nil {
		return err
	}
	if !noCost {
		if r.Cost, err = o.amount(r.cost, c); err != nil {
			return at("cost", err)
		}
	}
	if !noValue {
		if r.Value, err = o.amount(r.value, c); err != nil {
			return at("value", err)
		}
	}
	return nil
}

// idError says an error of identity in our words.
func idError(err error, typeField, valueField string) error {
	if errors.Is(err, identity.ErrUnknownType) {
		return &InvalidError{typeField, UnknownType}
	}
	if e, ok := errors.AsType[*identity.IDError](err); ok {
		return &InvalidError{valueField, Reason(e.Code)}
	}
	return err
}

func readBool(field, text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, &InvalidError{field, Syntax}
}

func (o *Options) time(field, text string, otherwise time.Time) (time.Time, error) {
	if o.nullNumber(text) {
		return otherwise, nil
	}
	t, ok := parseTime(text)
	if !ok {
		return time.Time{}, &InvalidError{field, Syntax}
	}
	return t, nil
}

// parseTime reads RFC 3339 with an offset and at most nine decimals; unlike [time.Parse]
// it takes no comma, no missing zero and no further digits.
func parseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' ||
		s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	hour, minute, sec := number(s[11:13]), number(s[14:16]), number(s[17:19])
	rest, nanos := s[19:], 0
	if rest[0] == '.' {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n == 1 || n > 10 {
			return time.Time{}, false
		}
		nanos = number(rest[1:n])
		for i := n; i < 10; i++ {
			nanos *= 10
		}
		rest = rest[n:]
	}
	offset := 0
	if rest != "Z" && rest != "z" {
		if len(rest) != 6 || rest[0] != '+' && rest[0] != '-' || rest[3] != ':' {
			return time.Time{}, false
		}
		h, m := number(rest[1:3]), number(rest[4:])
		if h < 0 || h > 23 || m < 0 || m > 59 {
			return time.Time{}, false
		}
		if offset = h*3600 + m*60; rest[0] == '-' {
			offset = -offset
		}
	}
	if year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || sec < 0 || sec > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, sec-offset, nanos, time.UTC)
	if day > 28 && day > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return time.Time{}, false
	}
	return t, true
}

// number reads up to nine digits, −1 for anything else.
func number(s string) int {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// idField names the i-th identifier of a record.
func idField(i int, part string) string { return "ids[" + strconv.Itoa(i) + "]." + part }
