package persona

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Decode reads one JSON document into the struct, map or slice that into points to,
// strictly: an unknown or repeated key, another case, null, or a wrong type is a
// [*DefinitionError] that points to it. Keys are the json tags; [Condition]s may stand
// anywhere. Values that into held before are replaced.
func Decode(text []byte, into any) error {
	switch {
	case len(text) > MaxDocument:
		return fault("", fmt.Sprintf("more than %d bytes", MaxDocument))
	case !utf8.Valid(text):
		return fault("", "not UTF-8")
	case !json.Valid(text):
		return fault("", "not JSON")
	}
	return fill(reflect.ValueOf(into).Elem(), bytes.TrimSpace(text), "")
}

func fault(path, reason string) error { return &DefinitionError{path, reason} }

// at appends a member or an index to a JSON pointer. A key that may be somebody's address
// or number, and no name that a document has, is only hinted at: errors hold no identifier.
func at(path, key string) string {
	digits := 0
	for _, r := range key {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits > 6 || len(key) > 64 || strings.ContainsAny(key, "@＠") {
		key = "…"
	}
	return path + "/" + pointer.Replace(key)
}

var pointer = strings.NewReplacer("~", "~0", "/", "~1")

func index(path string, i int) string { return path + "/" + strconv.Itoa(i) }

// fill decodes valid JSON into v.
func fill(v reflect.Value, raw json.RawMessage, path string) error {
	if c, ok := v.Addr().Interface().(*Condition); ok {
		return c.decode(raw, path)
	}
	kind := v.Kind()
	if v.Type() == reflect.TypeFor[time.Time]() {
		kind = reflect.String // as which it is written
	}
	switch kind {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), raw, path)
	case reflect.Struct:
		v.SetZero()
		fields := map[string]reflect.Value{}
		tagged(v, fields)
		return object(raw, path, func(key string, raw json.RawMessage, path string) error {
			f, ok := fields[key]
			if !ok {
				return fault(path, "unknown key")
			}
			return fill(f, raw, path)
		})
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		return object(raw, path, func(key string, raw json.RawMessage, path string) error {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := fill(item, raw, path); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(key), item)
			return nil
		})
	case reflect.Slice:
		raws, err := array(raw, path)
		if err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(raws), len(raws)))
		for i, raw := range raws {
			if err := fill(v.Index(i), raw, index(path, i)); err != nil {
				return err
			}
		}
		return nil
	}
	if string(raw) == "null" || json.Unmarshal(raw, v.Addr().Interface()) != nil {
		return fault(path, "wrong type")
	}
	return nil
}

// tagged collects the fields of a struct and of those embedded in it.
func tagged(v reflect.Value, into map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			tagged(v.Field(i), into)
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			into[name] = v.Field(i)
		}
	}
}

// object calls member for each member of an object.
func object(raw json.RawMessage, path string, member func(key string, raw json.RawMessage, path string) error) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fault(path, "no object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, _ := dec.Token() // the text is valid JSON, so a key it is
		key := token.(string)
		if seen[key] {
			return fault(at(path, key), "repeated key")
		}
		seen[key] = true
		var value json.RawMessage
		_ = dec.Decode(&value)
		if err := member(key, value, at(path, key)); err != nil {
			return err
		}
	}
	return nil
}

func array(raw json.RawMessage, path string) ([]json.RawMessage, error) {
	var raws []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &raws) != nil {
		return nil, fault(path, "no array")
	}
	return raws, nil
}

// oneOrMore reads an object or an array of them.
func oneOrMore[T any](text []byte, limit int) ([]T, error) {
	var list []T
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := Decode(text, &list); err != nil {
			return nil, err
		}
		if len(list) > limit {
			return nil, fault("", fmt.Sprintf("more than %d entries", limit))
		}
		return list, nil
	}
	list = make([]T, 1)
	return list, Decode(text, &list[0])
}
