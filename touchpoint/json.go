package touchpoint

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// AppendJSON appends the canonical JSON of a normalised touch: keys in the order of the
// fields, absent ones left out, no blanks, times in UTC with up to six decimals. Equal
// content gives equal bytes, and [ParseTouch] gives the same touch back. offline false is
// written only where the kind's default is true.
func (t Touch) AppendJSON(b []byte) []byte {
	b = append(b, `{"source":`...)
	b = jsonscan.AppendQuoted(b, t.Source)
	b = appendText(b, "id", t.ID)
	return append(t.appendContent(b, true), '}')
}

// MarshalJSON returns the canonical JSON of t: the data itself, for encoding/json.
func (t Touch) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// namespace is the UUIDv5 of the URL namespace and
// https://github.com/tabi-go/tabi/touch/v1; it is part of the format.
var namespace = uuid.MustParse("9205f5bd-2a90-57e3-b4ab-52ad64c72e95")

// DeriveID returns the id of a normalised touch that has none: the UUIDv5 of its canonical
// JSON without id and received_at. Two records that are equal in every field are one touch.
// Where the time was corrected, props.at_original takes the place of At, so that a record
// that is delivered again, and corrected otherwise or not at all, keeps its id.
func DeriveID(t Touch) string {
	if at, ok := t.originalAt(); ok {
		t.At, t.Props = at, t.Props.Remove("at_original")
	}
	b := append(make([]byte, 0, 512), `{"source":`...)
	b = jsonscan.AppendQuoted(b, t.Source)
	b = append(t.appendContent(b, false), '}')
	return uuid.NewSHA1(namespace, b).String()
}

// originalAt is the instant before a correction, ok false where there was none.
func (t *Touch) originalAt() (at time.Time, ok bool) {
	if text, stated := t.Props.Text("at_original"); stated {
		at, ok = parseTime(text)
	}
	return micro(at), ok
}

func (t *Touch) appendContent(b []byte, received bool) []byte {
	b = append(b, `,"at":"`...)
	b = append(appendTime(b, t.At), '"')
	if received && !t.ReceivedAt.IsZero() {
		b = append(b, `,"received_at":"`...)
		b = append(appendTime(b, t.ReceivedAt), '"')
	}
	b = appendText(b, "kind", string(t.Kind))
	b = appendText(b, "channel", string(t.Channel))
	b = appendText(b, "touchpoint", t.Touchpoint)
	if t.Campaign != (Campaign{}) {
		b = append(b, `,"campaign":{`...)
		n := len(b)
		b = appendText(b, "source", t.Campaign.Source)
		b = appendText(b, "medium", t.Campaign.Medium)
		b = appendText(b, "name", t.Campaign.Name)
		b = appendText(b, "term", t.Campaign.Term)
		b = appendText(b, "content", t.Campaign.Content)
		b = appendText(b, "id", t.Campaign.ID)
		b = append(slices.Delete(b, n, n+1), '}') // the first comma
	}
	if len(t.IDs) > 0 {
		b = append(b, `,"ids":[`...)
		for i, id := range t.IDs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"type":`...)
			b = jsonscan.AppendQuoted(b, string(id.Type()))
			b = append(b, `,"value":`...)
			b = append(jsonscan.AppendQuoted(b, id.Value()), '}')
		}
		b = append(b, ']')
	}
	b = appendText(b, "direction", t.Direction.String())
	if t.Offline {
		b = append(b, `,"offline":true`...)
	} else if t.Kind.Info().Offline {
		b = append(b, `,"offline":false`...)
	}
	if t.Sentiment.set {
		b = append(b, `,"sentiment":`...)
		b = t.Sentiment.appendText(b)
	}
	b = appendAmount(b, "cost", t.Cost)
	b = appendAmount(b, "value", t.Value)
	b = appendText(b, "currency", t.currency().String())
	b = appendText(b, "stage", t.Stage)
	if t.Redacted {
		b = append(b, `,"redacted":true`...)
	}
	if !t.Props.IsZero() {
		b = append(append(b, `,"props":`...), t.Props.json...)
	}
	return b
}

func (t *Touch) currency() Currency {
	if t.Value.IsZero() {
		return t.Cost.Currency
	}
	return t.Value.Currency
}

func appendText(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, key...)
	b = append(b, '"', ':')
	return jsonscan.AppendQuoted(b, text)
}

func appendAmount(b []byte, key string, m Money) []byte {
	if m.IsZero() {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, key...)
	b = append(b, '"', ':', '"')
	return append(m.appendText(b), '"')
}

// appendTime appends t as RFC 3339 in UTC with one to six decimals, none for a whole second.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, sec := t.Clock()
	b = append(b, byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	b = append(append2(b, int(month)), '-')
	b = append(append2(b, day), 'T')
	b = append(append2(b, hour), ':')
	b = append(append2(b, minute), ':')
	b = append2(b, sec)
	if us := t.Nanosecond() / 1000; us > 0 {
		b = append(b, '.')
		for p := 100_000; us > 0; p /= 10 {
			b = append(b, byte('0'+us/p))
			us %= p
		}
	}
	return append(b, 'Z')
}

func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// Diff names the fields of the record in which two normalised touches differ, sorted, nil
// for none. received_at is left out, and so is at where both corrected it from the same
// props.at_original.
func Diff(a, b Touch) []string {
	var fields []string
	differ := func(field string, differs bool) {
		if differs {
			fields = append(fields, field)
		}
	}
	first, corrected := a.originalAt()
	second, too := b.originalAt()
	differ("at", !a.At.Equal(b.At) && !(corrected && too && first.Equal(second)))
	differ("campaign.content", a.Campaign.Content != b.Campaign.Content)
	differ("campaign.id", a.Campaign.ID != b.Campaign.ID)
	differ("campaign.medium", a.Campaign.Medium != b.Campaign.Medium)
	differ("campaign.name", a.Campaign.Name != b.Campaign.Name)
	differ("campaign.source", a.Campaign.Source != b.Campaign.Source)
	differ("campaign.term", a.Campaign.Term != b.Campaign.Term)
	differ("channel", a.Channel != b.Channel)
	differ("cost", a.Cost.Text() != b.Cost.Text())
	differ("currency", a.currency() != b.currency())
	differ("direction", a.Direction != b.Direction)
	differ("id", a.ID != b.ID)
	differ("ids", !slices.Equal(a.IDs, b.IDs))
	differ("kind", a.Kind != b.Kind)
	differ("offline", a.Offline != b.Offline)
	differ("props", a.Props != b.Props)
	differ("redacted", a.Redacted != b.Redacted)
	differ("sentiment", a.Sentiment != b.Sentiment)
	differ("source", a.Source != b.Source)
	differ("stage", a.Stage != b.Stage)
	differ("touchpoint", a.Touchpoint != b.Touchpoint)
	differ("value", a.Value.Text() != b.Value.Text())
	return fields
}
