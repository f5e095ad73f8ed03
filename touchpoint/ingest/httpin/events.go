package httpin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// binary reports whether a CloudEvent comes in binary mode: its attributes as headers, its
// data as the body.
func binary(req *http.Request) bool {
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	return !strings.HasPrefix(media, "application/cloudevents") && req.Header.Get("Ce-Specversion") != ""
}

// structured makes of an event in binary mode one in structured JSON, which the decoder
// reads.
func structured(req *http.Request, b body) (body, error) {
	event := make(map[string]any)
	for name, values := range req.Header {
		attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok {
			continue
		}
		text, err := url.PathUnescape(values[0])
		if err != nil || len(values) > 1 || !utf8.ValidString(text) || attribute == "data" || attribute == "data_base64" {
			return nil, errors.New("httpin: bad header of an event")
		}
		event[attribute] = text
	}
	data := b.bytes()
	contentType := req.Header.Get("Content-Type")
	if contentType != "" {
		event["datacontenttype"] = contentType
	}
	media, _, _ := mime.ParseMediaType(contentType)
	switch {
	case len(data) == 0:
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		if !json.Valid(data) {
			return nil, errors.New("httpin: data of an event is no JSON")
		}
		event["data"] = json.RawMessage(data)
	default:
		event["data_base64"] = base64.StdEncoding.EncodeToString(data)
	}
	text, err := json.Marshal(event)
	return body{text}, err
}
