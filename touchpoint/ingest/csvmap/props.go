package csvmap

import (
	"math"
	"strconv"
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A propField is one property: its key and where the value comes from.
type propField struct {
	name string
	*field
	as    as
	scale scale
	span  [2]*timeField // or the seconds between two times
}

// as says what a property is in JSON.
type as uint8

const (
	asText as = iota
	asNumber
	asBool
)

var asNames = []string{"text", "number", "bool"}

// scale turns the unit of a column into that of the property; it makes a number.
type scale uint8

const (
	scaleNone    scale = iota
	scalePercent       // 65 → 0.65
	scaleMinutes       // to seconds
	scaleMS            // to seconds
)

var scaleNames = []string{"percent", "minutes", "milliseconds"}

// properties fills in the props. URL and referrer go by the page, where they are masked.
func (w *work) properties() {
	for i := range w.m.props {
		f := &w.m.props[i]
		if f.span[0] != nil {
			from, to := w.instant(f.span[0], "props"), w.instant(f.span[1], "props")
			if d := to.Sub(from.Time); !from.IsZero() && !to.IsZero() && d >= 0 {
				w.d.RawProp(f.name, strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
			}
			continue
		}
		v := w.text(f.field, "props")
		if null(v) && (f.as != asText || f.scale != scaleNone) {
			continue
		}
		w.property(f, v)
	}
	if b, ok := w.r.(*bound); ok && w.m.rest {
		for name, cell := range b.others {
			v, err := touchpoint.Clean(cell)
			if err != nil {
				w.d.Fail("props", reason(err))
			}
			if v != "" {
				w.d.ForeignText(name, v)
			}
		}
	}
}

func (w *work) property(f *propField, v string) {
	switch {
	case f.scale != scaleNone:
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || math.Abs(n) > 1e15 || n != n {
			w.d.Fail("props", touchpoint.NotANumber)
			return
		}
		switch f.scale {
		case scalePercent:
			n /= 100
		case scaleMS:
			n /= 1000
		case scaleMinutes:
			n *= 60
		}
		n = math.Round(n*1e9) / 1e9 // what a binary fraction adds
		w.d.RawProp(f.name, strconv.FormatFloat(n, 'f', -1, 64))
	case f.as == asNumber:
		var doc jsonscan.Doc
		if n, err := doc.Parse(v, jsonscan.Limits{}); err != nil || n.Kind() != jsonscan.Number {
			w.d.Fail("props", touchpoint.NotANumber)
			return
		}
		w.d.RawProp(f.name, v)
	case f.as == asBool:
		switch strings.ToLower(v) {
		case "true", "1", "yes":
			w.d.RawProp(f.name, "true")
		case "false", "0", "no":
			w.d.RawProp(f.name, "false")
		default:
			w.d.Fail("props", touchpoint.Syntax)
		}
	case f.name == "url":
		w.d.Page.URL = v
	case f.name == "referrer":
		w.d.Page.Referrer = v
	case f.name == "ip":
		w.d.IP = v
	case f.name == "user_agent":
		w.d.Page.UserAgent = v
	default:
		w.d.Prop(f.name, v)
	}
}
