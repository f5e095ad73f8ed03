package storage

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// jsonFields is what a codec walks in jsonMode: the fields of one record as a JSON object,
// a dot in a name being a level. Fields that are absent are left out.
type jsonFields interface {
	text(name string, p *string, k textKind)
	time(name string, p *time.Time)
	flag(name string, p *bool)
	enum(name string, p *uint8, words []string)
	num(name string, p *int64)
	bytes16(name string, p *[16]byte)
	id(name string, p *identity.ID)
	idList(name string, p *[]identity.ID)
	sentiment(p *touchpoint.Sentiment)
	money(cost, value *touchpoint.Money)
	props(p *touchpoint.Props)
	scopeKind(p **identity.Kind)
	counts(name string, p *map[string]int64)
	removed(p *map[Class]int64)
	entries(p *[]Suppression)
}

// timeForm is RFC 3339 in UTC with up to six digits.
const timeForm = "2006-01-02T15:04:05.999999Z"

// factJSON returns the record of f as an object for encoding/json, which sorts its keys.
func factJSON(f Fact) map[string]any {
	w := jsonWriter{}
	c := codec{mode: jsonMode, json: w}
	c.fact(f)
	if f.Touch != nil {
		w.time("received_at", &f.Touch.ReceivedAt)
	}
	return w
}

// diffJSON returns the top-level names in which two facts differ.
func diffJSON(a, b Fact) []string {
	x, y := factJSON(a), factJSON(b)
	var names []string
	for k, v := range x {
		if !reflect.DeepEqual(v, y[k]) {
			names = append(names, k)
		}
	}
	for k := range y {
		if _, ok := x[k]; !ok {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	return names
}

// parseFact reads what factJSON showed, as a line of a container: one object. Unknown and
// malformed fields are an error.
func parseFact(class Class, object []byte) (Fact, error) {
	f, _ := newFact(class)
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	r := &jsonReader{}
	r.bad = d.Decode(&r.m) != nil
	delete(r.m, "type")
	c := codec{mode: jsonMode, json: r}
	c.fact(f)
	if f.Touch != nil {
		r.time("received_at", &f.Touch.ReceivedAt)
	}
	if r.bad || c.reason != "" || len(r.m) > 0 {
		return f, &CorruptError{"container", -1}
	}
	return f, nil
}

type jsonWriter map[string]any

func (w jsonWriter) set(name string, v any) {
	for {
		level, rest, nested := strings.Cut(name, ".")
		if !nested {
			w[name] = v
			return
		}
		inner, ok := w[level].(jsonWriter)
		if !ok {
			inner = jsonWriter{}
			w[level] = inner
		}
		w, name = inner, rest
	}
}

func (w jsonWriter) text(name string, p *string, _ textKind) {
	if *p != "" {
		w.set(name, *p)
	}
}

func (w jsonWriter) time(name string, p *time.Time) {
	if !p.IsZero() {
		w.set(name, p.UTC().Format(timeForm))
	}
}

func (w jsonWriter) flag(name string, p *bool) {
	if *p {
		w.set(name, true)
	}
}

func (w jsonWriter) enum(name string, p *uint8, words []string) {
	if *p != 0 {
		w.set(name, word(*p, words))
	}
}

// word is the word of a small number, or the number itself where there is none.
func word(n uint8, words []string) any {
	if int(n) < len(words) {
		return words[n]
	}
	return n
}

func (w jsonWriter) num(name string, p *int64) {
	if *p != 0 {
		w.set(name, *p)
	}
}

func (w jsonWriter) bytes16(name string, p *[16]byte) {
	if *p != [16]byte{} {
		w.set(name, hex.EncodeToString(p[:]))
	}
}

func idJSON(id identity.ID) map[string]any {
	return map[string]any{"type": string(id.Type()), "value": id.Value()}
}

func (w jsonWriter) id(name string, p *identity.ID) {
	if !p.IsZero() {
		w.set(name, idJSON(*p))
	}
}

func (w jsonWriter) idList(name string, p *[]identity.ID) {
	if len(*p) == 0 {
		return
	}
	list := make([]any, len(*p))
	for i, id := range *p {
		list[i] = idJSON(id)
	}
	w.set(name, list)
}

func (w jsonWriter) sentiment(p *touchpoint.Sentiment) {
	if milli, ok := p.Milli(); ok {
		sign := ""
		if milli < 0 {
			sign, milli = "-", -milli
		}
		text := sign + strconv.Itoa(milli/1000)
		if frac := strings.TrimRight(strconv.Itoa(1000 + milli%1000)[1:], "0"); frac != "" {
			text += "." + frac
		}
		w.set("sentiment", json.Number(text))
	}
}

func (w jsonWriter) money(cost, value *touchpoint.Money) {
	for _, m := range [...]struct {
		name string
		*touchpoint.Money
	}{{"cost", cost}, {"value", value}} {
		if !m.IsZero() {
			w.set(m.name, m.Text())
			w.set("currency", m.Currency.String())
		}
	}
}

func (w jsonWriter) props(p *touchpoint.Props) {
	if !p.IsZero() {
		w.set("props", json.RawMessage(p.JSON()))
	}
}

func (w jsonWriter) scopeKind(p **identity.Kind) {
	if *p != nil {
		w.set("scope.kind", word(uint8(**p), kindWords))
	}
}

func (w jsonWriter) counts(name string, p *map[string]int64) {
	if len(*p) > 0 {
		w.set(name, *p)
	}
}

func (w jsonWriter) removed(p *map[Class]int64) {
	if len(*p) == 0 {
		return
	}
	m := make(map[string]int64, len(*p))
	for k, n := range *p {
		m[k.String()] = n
	}
	w.set("removed", m)
}

func (w jsonWriter) entries(p *[]Suppression) {
	if len(*p) == 0 {
		return
	}
	list := make([]any, len(*p))
	for i, s := range *p {
		e := jsonWriter{"tag": hex.EncodeToString(s.Tag[:])}
		e.text("key", &s.KeyID, nameText)
		e.time("at", &s.At)
		e.enum("policy", (*uint8)(&s.Policy), policyWords)
		g := int64(s.Generation)
		e.num("generation", &g)
		e.bytes16("salt", &s.Salt)
		list[i] = e
	}
	w.set("entries", list)
}

// A jsonReader takes fields out of an object; what is left at the end is unknown.
type jsonReader struct {
	m   map[string]any
	bad bool
}

// take removes and returns a field, nil where it is absent.
func (r *jsonReader) take(name string) any {
	m := r.m
	level, rest, nested := strings.Cut(name, ".")
	if !nested {
		v := m[name]
		delete(m, name)
		return v
	}
	inner, ok := m[level].(map[string]any)
	if !ok {
		return nil
	}
	sub := jsonReader{m: inner}
	v := sub.take(rest)
	if len(inner) == 0 {
		delete(m, level)
	}
	return v
}

// as converts a field that is there.
func as[T any](r *jsonReader, v any) (t T) {
	if v == nil {
		return t
	}
	t, ok := v.(T)
	r.bad = r.bad || !ok
	return t
}

func (r *jsonReader) text(name string, p *string, _ textKind) { *p = as[string](r, r.take(name)) }

func (r *jsonReader) time(name string, p *time.Time) {
	s := as[string](r, r.take(name))
	if s == "" {
		return
	}
	t, err := time.Parse(timeForm, s)
	r.bad = r.bad || err != nil
	*p = t.UTC()
}

func (r *jsonReader) flag(name string, p *bool) { *p = as[bool](r, r.take(name)) }

func (r *jsonReader) enum(name string, p *uint8, words []string) {
	switch v := r.take(name).(type) {
	case nil:
	case string:
		i := slices.Index(words, v)
		r.bad = r.bad || i < 0
		*p = uint8(max(i, 0))
	default:
		n, err := strconv.ParseUint(string(as[json.Number](r, v)), 10, 8)
		r.bad = r.bad || err != nil
		*p = uint8(n)
	}
}

func (r *jsonReader) num(name string, p *int64) { *p = r.int(r.take(name)) }

func (r *jsonReader) int(v any) int64 {
	if v == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(as[json.Number](r, v)), 10, 64)
	r.bad = r.bad || err != nil
	return n
}

func (r *jsonReader) bytes16(name string, p *[16]byte) {
	if s := as[string](r, r.take(name)); s != "" {
		b, err := hex.DecodeString(s)
		r.bad = r.bad || err != nil || len(b) != 16
		copy(p[:], b)
	}
}

func (r *jsonReader) anID(v any) identity.ID {
	m := as[map[string]any](r, v)
	return identity.MakeID(identity.Type(as[string](r, m["type"])), as[string](r, m["value"]))
}

func (r *jsonReader) id(name string, p *identity.ID) {
	if v := r.take(name); v != nil {
		*p = r.anID(v)
	}
}

func (r *jsonReader) idList(name string, p *[]identity.ID) {
	for _, v := range as[[]any](r, r.take(name)) {
		*p = append(*p, r.anID(v))
	}
}

func (r *jsonReader) sentiment(p *touchpoint.Sentiment) {
	v := r.take("sentiment")
	if v == nil {
		return
	}
	whole, frac, _ := strings.Cut(string(as[json.Number](r, v)), ".")
	n, err := strconv.Atoi(whole + (frac + "000")[:3])
	r.bad = r.bad || err != nil || len(frac) > 3
	*p = touchpoint.SentimentMilli(n)
}

func (r *jsonReader) money(cost, value *touchpoint.Money) {
	amount, paid, code := r.take("cost"), r.take("value"), as[string](r, r.take("currency"))
	var cur touchpoint.Currency
	r.bad = r.bad || copy(cur[:], code) != len(code)
	if amount != nil {
		*cost = r.amount(as[string](r, amount), cur)
	}
	if paid != nil {
		*value = r.amount(as[string](r, paid), cur)
	}
}

func (r *jsonReader) amount(text string, cur touchpoint.Currency) touchpoint.Money {
	m, err := touchpoint.ParseAmount(text, cur)
	if err != nil {
		// A code outside ISO 4217 has hundredths, as the dollar has.
		m, err = touchpoint.ParseAmount(text, touchpoint.Currency{'U', 'S', 'D'})
		m.Currency = cur
	}
	r.bad = r.bad || err != nil
	return m
}

func (r *jsonReader) props(p *touchpoint.Props) {
	v := r.take("props")
	if v == nil {
		return
	}
	b, err := json.Marshal(v)
	if err == nil {
		*p, err = touchpoint.ParseProps(b)
	}
	r.bad = r.bad || err != nil
}

func (r *jsonReader) scopeKind(p **identity.Kind) {
	if v := r.take("scope.kind"); v != nil {
		i := slices.Index(kindWords, as[string](r, v))
		r.bad = r.bad || i < 0
		k := identity.Kind(max(i, 0))
		*p = &k
	}
}

func (r *jsonReader) counts(name string, p *map[string]int64) {
	if m := as[map[string]any](r, r.take(name)); len(m) > 0 {
		*p = make(map[string]int64, len(m))
		for k, v := range m {
			(*p)[k] = r.int(v)
		}
	}
}

func (r *jsonReader) removed(p *map[Class]int64) {
	m := as[map[string]any](r, r.take("removed"))
	if len(m) == 0 {
		return
	}
	*p = make(map[Class]int64, len(m))
	for k, v := range m {
		c := slices.Index(classNames[:], k)
		r.bad = r.bad || c <= 0
		(*p)[Class(max(c, 0))] = r.int(v)
	}
}

func (r *jsonReader) entries(p *[]Suppression) {
	for _, v := range as[[]any](r, r.take("entries")) {
		e := jsonReader{m: as[map[string]any](r, v)}
		var s Suppression
		var g int64
		e.bytes16("tag", (*[16]byte)(&s.Tag))
		e.text("key", &s.KeyID, nameText)
		e.time("at", &s.At)
		e.enum("policy", (*uint8)(&s.Policy), policyWords)
		e.num("generation", &g)
		e.bytes16("salt", &s.Salt)
		s.Generation = int(g)
		r.bad = r.bad || e.bad || len(e.m) > 0
		*p = append(*p, s)
	}
}
