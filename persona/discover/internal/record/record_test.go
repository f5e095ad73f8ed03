package record_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover/internal/record"
)

func cell(name string, v persona.Value) record.Cell {
	return record.Cell{Name: name, Value: record.ValueOf(v)}
}

func whole() record.Record {
	return record.Record{ID: "row-1", Outcome: 2, Cells: []record.Cell{
		cell("a", persona.TextValue("x")), cell("b", persona.RangeValue(50, math.Inf(1))), cell("c", persona.BoolValue(false)),
		{Name: "d", Late: true, Value: record.ValueOf(persona.BoolValue(true))},
		cell("z", persona.NumberValue(-math.MaxFloat64)),
	}}
}

func TestRowsComeBack(t *testing.T) {
	r := whole()
	got, ok := record.Decode(string(r.Encode()))
	if !ok || !reflect.DeepEqual(got, &r) {
		t.Errorf("%+v, %t", got, ok)
	}
	for i, want := range []string{"x", "50+", "false", "true", persona.NumberValue(-math.MaxFloat64).String()} {
		if v := r.Cells[i].Persona(); v.String() != want || r.Cells[i].JSON() == nil {
			t.Errorf("cell %d is %q", i, v)
		}
	}
	if v := record.ValueOf(persona.NumberValue(math.Copysign(0, -1))); math.Signbit(v.Lo) || math.Signbit(v.Hi) {
		t.Error("there are two zeros")
	}
}

// What Check refuses does not come in as bytes either, and each bound holds at its edge.
func TestDecodeKeepsTheBoundsOfCheck(t *testing.T) {
	name := func(n int) string { return strings.Repeat("n", n) }
	for what, c := range map[string]struct {
		change func(*record.Record)
		ok     bool
	}{
		"nothing":            {func(*record.Record) {}, true},
		"no id":              {func(r *record.Record) { r.ID = "" }, false},
		"a long id":          {func(r *record.Record) { r.ID = name(512) }, true},
		"too long an id":     {func(r *record.Record) { r.ID = name(513) }, false},
		"the last outcome":   {func(r *record.Record) { r.Outcome = record.MaxOutcome }, true},
		"one beyond it":      {func(r *record.Record) { r.Outcome = record.MaxOutcome + 1 }, false},
		"a long name":        {func(r *record.Record) { r.Cells[3].Name = name(record.MaxText) }, true},
		"too long a name":    {func(r *record.Record) { r.Cells[3].Name = name(record.MaxText + 1) }, false},
		"a name twice":       {func(r *record.Record) { r.Cells[1].Name = "a" }, false},
		"names out of order": {func(r *record.Record) { r.Cells[1].Name = "z" }, false},
		"a cell of no name":  {func(r *record.Record) { r.Cells[0].Name = "" }, false},
		"a long text":        {func(r *record.Record) { r.Cells[0].Text = name(record.MaxText) }, true},
		"too long a text":    {func(r *record.Record) { r.Cells[0].Text = name(record.MaxText + 1) }, false},
		"an empty text":      {func(r *record.Record) { r.Cells[0].Text = "" }, false},
		"a form of no kind":  {func(r *record.Record) { r.Cells[2].Form = record.True + 1 }, false},
		"NaN":                {func(r *record.Record) { r.Cells[1].Lo = math.NaN() }, false},
		"a falling range":    {func(r *record.Record) { r.Cells[1].Hi = 49 }, false},
		"less than anything": {func(r *record.Record) { r.Cells[1].Lo = math.Inf(-1) }, false},
		"too many cells":     {func(r *record.Record) { r.Cells = cells(record.MaxCells + 1) }, false},
		"all its cells":      {func(r *record.Record) { r.Cells = cells(record.MaxCells) }, true},
	} {
		r := whole()
		c.change(&r)
		if _, ok := record.Decode(string(r.Encode())); ok != c.ok {
			t.Errorf("%s: taken %t", what, ok)
		}
		if _, reason := r.Check(); (reason == "" && r.ID != "") != c.ok {
			t.Errorf("%s: Check says %q", what, reason)
		}
	}
}

func cells(n int) []record.Cell {
	list := make([]record.Cell, n)
	for i := range list {
		list[i] = cell(string(rune('\u4e00'+i)), persona.BoolValue(true))
	}
	return list
}

// sealed puts the checksum behind bytes, as Append does.
func sealed(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(b), crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// Bytes that Append does not write are no set, though their checksum be right.
func TestSetsOfOtherBytesAreRefused(t *testing.T) {
	a, b := whole(), whole()
	b.ID = "row-2"
	s := record.Set{string(a.Encode()): 2, string(b.Encode()): -1}
	good := s.Append(nil)
	if got, ok := record.ParseSet(good); !ok || !reflect.DeepEqual(got, s) {
		t.Fatalf("%v, %t", got, ok)
	}
	body := good[:len(good)-4]
	for n := range body {
		if _, ok := record.ParseSet(sealed(body[:n])); ok {
			t.Errorf("cut at %d: taken", n)
		}
		for k := range 8 {
			bad := bytes.Clone(body)
			bad[n] ^= 1 << k
			if got, ok := record.ParseSet(sealed(bad)); ok && !bytes.Equal(got.Append(nil), sealed(bad)) {
				t.Errorf("byte %d, bit %d: taken for another set", n, k)
			}
		}
	}
	for n := range good {
		if _, ok := record.ParseSet(good[:n]); ok {
			t.Errorf("%d bytes: taken", n)
		}
	}
	if _, ok := record.ParseSet(sealed(append(bytes.Clone(body), 0))); ok {
		t.Error("more than the set: taken")
	}
}
