package persona_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/persona/lead"
)

// schemaOf is the JSON Schema of what the strict decoder takes for a type.
func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[persona.Condition]():
		return map[string]any{"$ref": "condition.json"}
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		properties, required := map[string]any{}, []string{}
		for _, f := range reflect.VisibleFields(t) {
			name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || name == "" {
				continue
			}
			properties[name] = schemaOf(f.Type)
			if !strings.Contains(rest, "omit") {
				required = append(required, name)
			}
		}
		return map[string]any{"type": "object", "additionalProperties": false, "properties": properties, "required": required}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	}
	return map[string]any{"type": "number"}
}

// documents are the definitions of this package and of those above it, by their schema.
var documents = map[string]reflect.Type{
	"icp.json":      reflect.TypeFor[persona.ICP](),
	"persona.json":  reflect.TypeFor[persona.Persona](),
	"traits.json":   reflect.TypeFor[map[string][]string](),
	"roles.json":    reflect.TypeFor[map[string][]string](),
	"segment.json":  reflect.TypeFor[audience.Segment](),
	"scoring.json":  reflect.TypeFor[lead.Table](),
	"router.json":   reflect.TypeFor[lead.Router](),
	"content.json":  reflect.TypeFor[content.Plan](),
	"tone.json":     reflect.TypeFor[content.Tone](),
	"calendar.json": reflect.TypeFor[content.Calendar](),
	"themes.json":   reflect.TypeFor[content.Themes](),
}

// The schemas are those of the types that the decoder fills; -update rewrites them.
func TestSchemasAreInStep(t *testing.T) {
	for file, of := range documents {
		schema := schemaOf(of)
		schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		want, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *update {
			if err := os.WriteFile("schema/"+file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile("schema/" + file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("schema/%s is not what the decoder takes (go test -update rewrites it): %v", file, err)
		}
	}
}

// Every op and agg of the schema is one that the decoder knows, with some value.
func TestConditionSchemaIsInStep(t *testing.T) {
	text, err := os.ReadFile("schema/condition.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		OneOf []struct {
			Properties struct {
				Touches struct {
					Properties struct{ Agg struct{ Enum []string } }
				}
			}
		}
		Defs struct{ Op struct{ Enum []string } } `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	takes := func(text string) bool { _, err := persona.ParseCondition([]byte(text)); return err == nil }
	for _, op := range schema.Defs.Op.Enum {
		ok := takes(`{"field":"a","op":"` + op + `"}`)
		for _, value := range []string{`"x"`, `1`, `"P1D"`, `["x"]`, `[1,2]`} {
			ok = ok || takes(`{"field":"a","op":"`+op+`","value":`+value+`}`)
		}
		if !ok {
			t.Errorf("op %s is unknown", op)
		}
	}
	aggs := schema.OneOf[len(schema.OneOf)-1].Properties.Touches.Properties.Agg.Enum
	for _, agg := range aggs {
		if !takes(`{"touches":{"agg":"` + agg + `","of":"touch.at"},"op":"ge","value":1}`) {
			t.Errorf("agg %s is unknown", agg)
		}
	}
	if len(schema.Defs.Op.Enum) != 20 || len(aggs) != 8 {
		t.Error("ops or aggs are missing")
	}
}
