package cloudevents

import (
	"net/url"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// Encode returns a touch as an event of type [Type] in structured JSON. The touch must
// be normalised. A source that is no URI reference is percent-encoded in the envelope and
// exact in the data. There is no subject, so that no identifier stands in the envelope.
func Encode(t touchpoint.Touch) []byte {
	b := make([]byte, 0, 512)
	b = append(b, `{"specversion":"1.0","id":`...)
	b = jsonscan.AppendQuoted(b, t.ID)
	b = append(b, `,"source":`...)
	b = jsonscan.AppendQuoted(b, reference(t.Source))
	b = append(b, `,"type":"`+Type+`","time":"`...)
	b = t.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","datacontenttype":"application/json","data":`...)
	return append(t.AppendJSON(b), '}')
}

// reference returns source as a URI reference: itself if it is one.
func reference(source string) string {
	const extra = "-._~:/?#[]@!$&'()*+,;=%"
	plain := true
	for i := range len(source) {
		c := source[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			plain = false
			break
		}
	}
	if _, err := url.Parse(source); plain && err == nil {
		return source
	}
	return url.PathEscape(source)
}
