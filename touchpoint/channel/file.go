package channel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// MaxFile is the largest rules file that [ParseRules] reads, in bytes.
const MaxFile = 16 << 20

// ParseRules reads options from a rules file:
//
//	{"base":"ga4","rules":[{"name":"partners","channel":"Partner","combiner":"AND",
//	  "items":[{"field":"medium","op":"in_list","value":["affiliates","partner"]}]}],
//	 "hosts":"hosts.txt","exclude":["payments","pay.example.com"]}
//
// base is ga4 (also where it is missing), posthog or none. hosts names a table that takes
// the place of the built-in one; it is read by read, which may be nil if no file names
// one. Unknown keys, fields, ops and sets are errors that name the place.
func ParseRules(text []byte, read func(name string) ([]byte, error)) (*Options, error) {
	var doc jsonscan.Doc
	v, err := doc.Parse(string(text), jsonscan.Limits{Size: MaxFile})
	var bad *jsonscan.Error
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("channel: rules: line %d: %s", 1+strings.Count(string(text[:bad.Offset]), "\n"), bad.Reason)
	}
	o, err := readRules(v, read)
	if err == nil {
		_, err = New(o)
	}
	if err != nil {
		return nil, fmt.Errorf("channel: rules: %w", trim(err))
	}
	return o, nil
}

// trim takes the package's name off an error of this package, which is put in front again.
func trim(err error) error {
	if rest, ok := strings.CutPrefix(err.Error(), "channel: "); ok {
		return errors.New(rest)
	}
	return err
}

func readRules(v jsonscan.Value, read func(string) ([]byte, error)) (*Options, error) {
	o := &Options{}
	err := members(v, "", func(key string, m jsonscan.Value) (err error) {
		switch key {
		case "base":
			switch m.Text() {
			case "ga4":
			case "posthog":
				o.Rules = PostHog
			case "none":
				o.Rules = None
			default:
				return fmt.Errorf("base: %q is none of ga4, posthog, none", m.Text())
			}
		case "rules":
			return elements(m, "rules", func(path string, e jsonscan.Value) error {
				r, err := readRule(path, e)
				o.Custom = append(o.Custom, r)
				return err
			})
		case "hosts":
			name, err := text("hosts", m)
			if err != nil {
				return err
			}
			o.Hosts, err = readHosts(name, read)
			return err
		case "exclude":
			o.Exclude, err = texts("exclude", m)
		default:
			return fmt.Errorf("unknown key %q", key)
		}
		return err
	})
	return o, err
}

func readHosts(name string, read func(string) ([]byte, error)) (*Table, error) {
	if read == nil {
		return nil, errors.New("hosts: nothing to read the file with")
	}
	b, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("hosts: %w", err)
	}
	t, err := LoadHosts(strings.NewReader(string(b)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, trim(err))
	}
	return t, nil
}

func readRule(path string, v jsonscan.Value) (r Rule, err error) {
	err = members(v, path, func(key string, m jsonscan.Value) (err error) {
		at := path + "." + key
		switch key {
		case "name":
			r.Name, err = text(at, m)
		case "channel":
			var ch string
			ch, err = text(at, m)
			r.Channel = touchpoint.Channel(ch)
		case "combiner":
			r.Combiner, err = text(at, m)
		case "items":
			return elements(m, at, func(path string, e jsonscan.Value) error {
				it, err := readItem(path, e)
				r.Items = append(r.Items, it)
				return err
			})
		default:
			return fmt.Errorf("%s: unknown key %q", path, key)
		}
		return err
	})
	return r, err
}

func readItem(path string, v jsonscan.Value) (it Item, err error) {
	err = members(v, path, func(key string, m jsonscan.Value) (err error) {
		at := path + "." + key
		switch key {
		case "field":
			it.Field, err = text(at, m)
		case "op":
			it.Op, err = text(at, m)
		case "value":
			switch m.Kind() {
			case jsonscan.String:
				it.Values = []string{m.Text()}
			case jsonscan.Null:
			default:
				it.Values, err = texts(at, m)
			}
		default:
			return fmt.Errorf("%s: unknown key %q", path, key)
		}
		return err
	})
	return it, err
}

func members(v jsonscan.Value, path string, each func(key string, m jsonscan.Value) error) error {
	if v.Kind() != jsonscan.Object {
		return fmt.Errorf("%s: not an object", orFile(path))
	}
	for m := v.First(); m.OK(); m = m.Next() {
		if err := each(m.Key(), m); err != nil {
			return err
		}
	}
	return nil
}

func elements(v jsonscan.Value, path string, each func(path string, e jsonscan.Value) error) error {
	if v.Kind() != jsonscan.Array {
		return fmt.Errorf("%s: not an array", path)
	}
	i := 0
	for e := v.First(); e.OK(); e = e.Next() {
		if err := each(fmt.Sprintf("%s[%d]", path, i), e); err != nil {
			return err
		}
		i++
	}
	return nil
}

func text(path string, v jsonscan.Value) (string, error) {
	if v.Kind() != jsonscan.String {
		return "", fmt.Errorf("%s: not a text", path)
	}
	return v.Text(), nil
}

func texts(path string, v jsonscan.Value) (all []string, err error) {
	err = elements(v, path, func(path string, e jsonscan.Value) error {
		s, err := text(path, e)
		all = append(all, s)
		return err
	})
	return all, err
}

func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}
