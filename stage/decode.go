package stage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// A value is a JSON value and the path that leads to it. encoding/json alone would take
// repeated keys and keys in another case, and would not say where a fault is.
type value struct {
	text json.RawMessage
	path string
}

// decode reads one value that fills the whole text.
func decode(text []byte, read func(value) error) error {
	v := value{bytes.TrimSpace(text), ""}
	switch {
	case len(text) > MaxModelText:
		return v.fault(fmt.Sprintf("more than %d bytes", MaxModelText))
	case !utf8.Valid(text):
		return v.fault("not UTF-8")
	case !json.Valid(text):
		return v.fault("not JSON")
	}
	return read(v)
}

func (v value) fault(reason string) error {
	field := v.path
	if field == "" {
		field = "json"
	}
	return &ModelError{"", field, reason}
}

func (v value) unknown() error { return v.fault("unknown key") }

// into reads a scalar.
func (v value) into(to any) error {
	if string(v.text) == "null" || json.Unmarshal(v.text, to) != nil {
		return v.fault("wrong type")
	}
	return nil
}

func (v value) duration(to *time.Duration) error {
	var text string
	if err := v.into(&text); err != nil {
		return err
	}
	d, ok := parseDuration(text)
	if !ok {
		return v.fault("no duration")
	}
	*to = d
	return nil
}

func (v value) texts(to *[]string) error {
	return list(v, to, func(s *string, v value) error { return v.into(s) })
}

// object calls member for each member, with a path that ends in its key. The text is valid
// JSON, so nothing of an object can fail to be read.
func (v value) object(member func(key string, v value) error) error {
	dec := json.NewDecoder(bytes.NewReader(v.text))
	if open, _ := dec.Token(); open != json.Delim('{') {
		return v.fault("no object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, _ := dec.Token()
		key := token.(string)
		m := value{path: key}
		if v.path != "" {
			m.path = v.path + "." + key
		}
		if seen[key] {
			return m.fault("repeated")
		}
		seen[key] = true
		_ = dec.Decode(&m.text)
		if err := member(key, m); err != nil {
			return err
		}
	}
	return nil
}

// list reads an array; an empty one is nil.
func list[T any](v value, to *[]T, read func(*T, value) error) error {
	var texts []json.RawMessage
	if v.text[0] != '[' || json.Unmarshal(v.text, &texts) != nil {
		return v.fault("no array")
	}
	*to = nil
	for i, text := range texts {
		var item T
		if err := read(&item, value{text, fmt.Sprintf("%s[%d]", v.path, i)}); err != nil {
			return err
		}
		*to = append(*to, item)
	}
	return nil
}
