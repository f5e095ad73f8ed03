package touchpoint

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint/internal/nullword"
)

var (
	minTime = time.Unix(0, 0)
	endTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Validate reports the first fault of a normalised touch as an [*InvalidError] that names
// the field, nil for none:
//
//   - source and id: present, at most [MaxName] bytes, no control character, no blank at
//     either end (control);
//   - at: present, from 1970 to received_at (without one: Options.Now) + 24 h, year 9999
//     at most; received_at: within 1970 and 9999;
//   - kind: [a-z][a-z0-9_]{0,63};
//   - names: at most [MaxName] bytes of valid text without control characters;
//   - ids: 1 to [MaxIDs], of known types, valid text of at most [identity.MaxValue] bytes;
//   - cost and value: one known currency, cost not negative. A negative value stands on a
//     reversal whose props name order_id or refund_of; a reversal has no positive one;
//   - props: [MaxProps] bytes, [MaxKeys] keys, [MaxDepth] levels, no NUL;
//   - answers: scores inside their scale.
//
// A redacted touch may lack identifiers and what its props said. A touch that validates
// holds no control character, no invalid UTF-8 and no NaN.
func (t Touch) Validate(o *Options) error {
	if err := opaque("id", t.ID); err != nil {
		return err
	}
	return t.validateContent(o.orDefault())
}

// validateContent is Validate without the id. It takes a pointer to spare a copy.
func (t *Touch) validateContent(o *Options) error {
	if err := opaque("source", t.Source); err != nil {
		return err
	}
	if err := t.validateTimes(o); err != nil {
		return err
	}
	if t.Kind == "" || nullword.Is(string(t.Kind)) {
		return &InvalidError{"kind", Missing}
	}
	if !t.Kind.valid() {
		return &InvalidError{"kind", Syntax}
	}
	if err := t.validateNames(); err != nil {
		return err
	}
	if t.Direction > Outbound {
		return &InvalidError{"direction", Syntax}
	}
	if err := t.validateIDs(o); err != nil {
		return err
	}
	if err := t.validateMoney(o); err != nil {
		return err
	}
	if err := t.Props.check(); err != nil {
		return err
	}
	return t.validateAnswer()
}

// opaque holds what a key's parts must be.
func opaque(field, s string) error {
	if s == "" {
		return &InvalidError{field, Missing}
	}
	if len(s) > MaxName {
		return &InvalidError{field, TooLong}
	}
	if r := badText(s); r != "" {
		return &InvalidError{field, r}
	}
	if blankEnds(s) {
		return &InvalidError{field, Control}
	}
	return nil
}

// badText returns why s is no text of one line, "" if it is.
func badText(s string) Reason {
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == 0x7F {
			return Control
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return ""
	}
	if !utf8.ValidString(s) {
		return BadUTF8
	}
	if hasControl(s) {
		return Control
	}
	return ""
}

// blankEnds reports whether s begins or ends with white space or an invisible character.
func blankEnds(s string) bool {
	if s[0] > ' ' && s[0] < utf8.RuneSelf && s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	return blank(first) || blank(last)
}

func (t *Touch) validateTimes(o *Options) error {
	upper := endTime
	if !t.ReceivedAt.IsZero() {
		if t.ReceivedAt.Before(minTime) || !t.ReceivedAt.Before(endTime) {
			return &InvalidError{"received_at", TimeRange}
		}
		upper = t.ReceivedAt.Add(MaxAhead)
	} else if !o.Now.IsZero() {
		upper = o.Now.Add(MaxAhead)
	}
	switch {
	case t.At.IsZero():
		return &InvalidError{"at", Missing}
	case t.At.Before(minTime), t.At.After(upper), !t.At.Before(endTime):
		return &InvalidError{"at", TimeRange}
	}
	return nil
}

func (t *Touch) validateNames() error {
	for _, f := range [...]struct{ name, text string }{
		{"channel", string(t.Channel)}, {"touchpoint", t.Touchpoint}, {"stage", t.Stage},
		{"campaign.source", t.Campaign.Source}, {"campaign.medium", t.Campaign.Medium},
		{"campaign.name", t.Campaign.Name}, {"campaign.term", t.Campaign.Term},
		{"campaign.content", t.Campaign.Content}, {"campaign.id", t.Campaign.ID},
	} {
		if f.text == "" {
			continue
		}
		if len(f.text) > MaxName {
			return &InvalidError{f.name, TooLong}
		}
		if r := badText(f.text); r != "" {
			return &InvalidError{f.name, r}
		}
	}
	return nil
}

func (t *Touch) validateIDs(o *Options) error {
	if len(t.IDs) == 0 && !t.Redacted {
		return &InvalidError{"ids", Missing}
	}
	if len(t.IDs) > MaxIDs {
		return &InvalidError{"ids", TooMany}
	}
	types := o.types()
	for i, id := range t.IDs {
		var r Reason
		switch _, known := types[id.Type()]; {
		case !known:
			return &InvalidError{"ids[" + strconv.Itoa(i) + "].type", UnknownType}
		case id.Value() == "":
			r = Missing
		case len(id.Value()) > identity.MaxValue:
			r = TooLong
		default:
			r = badText(id.Value())
		}
		if r != "" {
			return &InvalidError{"ids[" + strconv.Itoa(i) + "].value", r}
		}
	}
	return nil
}

func (t *Touch) validateMoney(o *Options) error {
	if t.Cost.IsZero() && t.Value.IsZero() {
		return nil
	}
	for _, m := range [...]struct {
		Money
		other Money
	}{{t.Cost, t.Value}, {t.Value, t.Cost}} {
		if m.IsZero() {
			continue
		}
		if m.Currency == (Currency{}) {
			return &InvalidError{"currency", Missing}
		}
		if _, ok := o.decimals(m.Currency); !ok {
			return &InvalidError{"currency", UnknownCurrency}
		}
		if !m.other.IsZero() && m.other.Currency != m.Currency {
			return &InvalidError{"currency", OutOfRange}
		}
	}
	reversal := t.Kind.Info().Class == Reversal
	switch {
	case t.Cost.Minor < 0:
		return &InvalidError{"cost", OutOfRange}
	case t.Value.Minor > 0 && reversal:
		return &InvalidError{"value", OutOfRange}
	case t.Value.Minor < 0 && !t.Redacted && !(reversal && t.namesConversion()):
		return &InvalidError{"value", RefundWithoutConversion}
	}
	return nil
}

// namesConversion reports whether the props say which conversion is taken back.
func (t *Touch) namesConversion() bool {
	if id, ok := t.Props.Raw("order_id"); ok && id != `""` {
		return true
	}
	source, _ := t.Props.Text("refund_of", "source")
	id, _ := t.Props.Text("refund_of", "id")
	return source != "" && id != ""
}

func blank(r rune) bool {
	return r == ' ' || r == 0x3000 || r == 0xA0 || invisible(r) || r >= 0x2000 && r <= 0x200A || r == 0x2028 || r == 0x2029 || r == 0x202F || r == 0x205F || r == 0x1680
}
