package touchpoint

import (
	"bytes"
	"strings"
	"sync"
	"unicode"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// ParseTouch reads one touch from a JSON object and normalises it. Where the object has no
// source, id, at or received_at, that of base is taken; nothing else of base is read. Keys
// that are no field of the record become props. The error is an [*InvalidError] or a
// [*CallbackError].
func ParseTouch(object []byte, base Touch, o *Options) (Touch, error) {
	p := parsers.Get().(*jsonParser)
	defer p.release(len(object))
	return p.parse(object, base, o.orDefault())
}

// A jsonParser keeps its memory from one line to the next.
type jsonParser struct {
	doc     jsonscan.Doc
	scratch []byte
	rec     record
}

// parsers spares the memory of a parser for each single text; stores read many.
var parsers = sync.Pool{New: func() any { return new(jsonParser) }}

// release gives p back after a text of n bytes, unless it has grown with it.
func (p *jsonParser) release(n int) {
	if n <= MaxProps {
		parsers.Put(p)
	}
}

func (p *jsonParser) parse(object []byte, base Touch, o *Options) (Touch, error) {
	v, err := p.doc.Parse(string(object), jsonscan.Limits{Size: MaxLine, Number: MaxNumber,
		Depth: MaxDepth + 1}) // props are one level down
	if err != nil {
		return Touch{}, scanError("record", err)
	}
	if v.Kind() != jsonscan.Object {
		return Touch{}, &InvalidError{"record", Syntax}
	}
	p.rec = record{}
	defer func() { p.rec = record{} }() // let go of what was read
	r := &p.rec
	var others []jsonscan.Value
	for m := v.First(); m.OK(); m = m.Next() {
		key := m.Key()
		switch key {
		case "ids":
			err = r.readIDs(m, o)
		case "campaign":
			err = r.readCampaign(m)
		case "props":
			if m.Kind() != jsonscan.Null {
				r.Props, err = p.props(m)
			}
		default:
			if text, plain := r.field(key); text != nil {
				*text, err = readText(key, m, plain)
			} else {
				others = append(others, m)
			}
		}
		if err != nil {
			return Touch{}, err
		}
	}
	if err := p.others(r, others); err != nil {
		return Touch{}, err
	}
	return r.finish(base, o)
}

// field returns where the text of a record's field goes, nil for a key that is none.
// plain says that a number or a boolean may stand there as well as a text.
func (r *record) field(key string) (text *string, plain bool) {
	switch key {
	case "source":
		return &r.Source, false
	case "id":
		return &r.ID, false
	case "at":
		return &r.at, false
	case "received_at":
		return &r.received, false
	case "kind":
		return (*string)(&r.Kind), false
	case "channel":
		return (*string)(&r.Channel), false
	case "touchpoint":
		return &r.Touchpoint, false
	case "stage":
		return &r.Stage, false
	case "direction":
		return &r.direction, false
	case "currency":
		return &r.currency, false
	case "offline":
		return &r.offline, true
	case "redacted":
		return &r.redacted, true
	case "sentiment":
		return &r.sentiment, true
	case "cost":
		return &r.cost, true
	case "value":
		return &r.value, true
	}
	return nil, false
}

func readText(field string, v jsonscan.Value, plain bool) (string, error) {
	switch v.Kind() {
	case jsonscan.String:
		return v.Text(), nil
	case jsonscan.Null:
		return "", nil
	case jsonscan.Number, jsonscan.Bool:
		if plain {
			return v.Raw(), nil
		}
	}
	return "", &InvalidError{field, Syntax}
}

func (r *record) readCampaign(v jsonscan.Value) error {
	if v.Kind() == jsonscan.Null {
		return nil
	}
	if v.Kind() != jsonscan.Object {
		return &InvalidError{"campaign", Syntax}
	}
	for m := v.First(); m.OK(); m = m.Next() {
		text := r.campaignField(m.Key())
		if text == nil {
			return &InvalidError{"campaign", Syntax}
		}
		var err error
		if *text, err = readText("campaign", m, false); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) campaignField(key string) *string {
	switch key {
	case "source":
		return &r.Campaign.Source
	case "medium":
		return &r.Campaign.Medium
	case "name":
		return &r.Campaign.Name
	case "term":
		return &r.Campaign.Term
	case "content":
		return &r.Campaign.Content
	case "id":
		return &r.Campaign.ID
	}
	return nil
}

func (r *record) readIDs(v jsonscan.Value, o *Options) error {
	if v.Kind() == jsonscan.Null {
		return nil
	}
	if v.Kind() != jsonscan.Array {
		return &InvalidError{"ids", Syntax}
	}
	if r.IDs == nil {
		r.IDs = make([]identity.ID, 0, min(v.Len(), MaxIDs+1))
	}
	i := 0
	for e := v.First(); e.OK(); e, i = e.Next(), i+1 {
		if e.Kind() != jsonscan.Object {
			return &InvalidError{"ids", Syntax}
		}
		var typ, value string
		for m := e.First(); m.OK(); m = m.Next() {
			switch key := m.Key(); {
			case key == "type" && m.Kind() == jsonscan.String:
				typ = m.Text()
			case key == "value" && m.Kind() == jsonscan.String:
				value = m.Text()
			case key == "value" && m.Kind() == jsonscan.Number && !strings.ContainsAny(m.Raw(), ".eE"):
				value = m.Raw()
			case key == "value" && m.Kind() == jsonscan.Null:
			case key == "redacted" && m.Kind() == jsonscan.Bool: // an export that left the value out
			default:
				return &InvalidError{idField(i, "value"), Syntax}
			}
		}
		if value == "" {
			continue
		}
		id, err := o.rules().ID(identity.Type(typ), value)
		if err != nil {
			return idError(err, idField(i, "type"), idField(i, "value"))
		}
		r.IDs = append(r.IDs, id)
	}
	return nil
}

// props returns a JSON object as canonical props, without a copy where it is so already.
func (p *jsonParser) props(v jsonscan.Value) (Props, error) {
	if v.Kind() != jsonscan.Object {
		return Props{}, &InvalidError{"props", Syntax}
	}
	if v.Canonical() {
		return propsOf(v.Raw()), nil
	}
	var err error
	if p.scratch, err = appendCanonical(p.scratch[:0], v); err != nil {
		return Props{}, err
	}
	return propsOf(string(p.scratch)), nil
}

// parseProps reads props from a text of their own.
func (p *jsonParser) parseProps(text string) (Props, error) {
	v, err := p.doc.Parse(text, jsonscan.Limits{})
	if err != nil {
		return Props{}, scanError("props", err)
	}
	return p.props(v)
}

// others puts the keys that are no field into the props.
func (p *jsonParser) others(r *record, others []jsonscan.Value) error {
	if len(others) > MaxKeys {
		return &InvalidError{"props", TooMany}
	}
	for _, m := range others {
		key := m.Key()
		if r.Props.hasKeyLike(key) {
			return &InvalidError{"props", DuplicateKey}
		}
		b, err := appendCanonical(nil, m)
		if err != nil {
			return err
		}
		r.Props = r.Props.set(key, string(b))
	}
	return nil
}

// hasKeyLike reports whether p has the key, or one that differs by case only.
func (p Props) hasKeyLike(key string) bool {
	for m := range members(p.json) {
		if strings.EqualFold(jsonscan.Unquote(m.key), key) {
			return true
		}
	}
	return false
}

func blankLine(b []byte) bool { return len(bytes.TrimFunc(b, unicode.IsSpace)) == 0 }
