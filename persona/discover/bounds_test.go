package discover_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
)

// A condition of a draft takes as many values as a condition may have, and the first of
// more; what is longer than a document is none.
func TestConditionOfADraftAtItsBound(t *testing.T) {
	texts := make([]string, 1500)
	for i := range texts {
		texts[i] = fmt.Sprintf("v%04d", i)
	}
	at := func(n int, text string) persona.Truth {
		c, ok := discover.ConditionOn("account.city", texts[:n])
		if !ok {
			t.Fatalf("no condition on %d values", n)
		}
		return c.Eval(persona.Map{"account.city": persona.TextValue(text)}, time.Time{})
	}
	for n, last := range map[int]string{1: "v0000", 999: "v0998", 1000: "v0999", 1001: "v0999", 1500: "v0999"} {
		if at(n, last) != persona.True || at(n, "v1000") != persona.False {
			t.Errorf("%d values: not the first thousand", n)
		}
	}
	if _, ok := discover.ConditionOn("account.city", nil); ok {
		t.Error("a condition on nothing")
	}
	for i := range texts {
		texts[i] = strings.Repeat("x", 1000) + texts[i]
	}
	if c, ok := discover.ConditionOn("account.city", texts); ok && len(fmt.Sprint(c)) > persona.MaxDocument {
		t.Error("longer than a document")
	}
}

// As many rows and columns as the limits say are taken, and one more is not.
func TestTablesAtTheirLimits(t *testing.T) {
	columns := make([]discover.Column, discover.MaxColumns+1)
	for i := range columns {
		columns[i].Name = fmt.Sprint("c", i)
	}
	var bad *discover.CellError
	if _, err := discover.NewTable(columns...); !errors.As(err, &bad) {
		t.Errorf("%d columns: %v", len(columns), err)
	}
	if _, err := discover.NewTable(columns[1:]...); err != nil {
		t.Errorf("%d columns: %v", len(columns)-1, err)
	}
	for n, taken := range map[int]bool{1024: true, 1025: false} {
		if _, err := discover.NewTable(discover.Column{Name: strings.Repeat("n", n)}); (err == nil) != taken {
			t.Errorf("a name of %d bytes: %v", n, err)
		}
	}
	for n, want := range map[int]error{discover.MaxRows: nil, discover.MaxRows + 1: discover.ErrTooLarge} {
		cols, rows := texts(joined(repeated(n-2500, "a"), repeated(2500, "b")))
		tb := table(t, cols, rows)
		_, fitted := discover.PAM{K: 2}.Fit(tb)
		_, chosen := discover.ChooseK(tb, nil)
		_, measured := discover.Distances(tb)
		for _, err := range []error{fitted, chosen, measured} {
			if err != want {
				t.Errorf("%d rows: %v, not %v", n, err, want)
			}
		}
	}
	cols, rows := texts(joined(repeated(discover.MaxRows, "a"), repeated(1, "b")))
	if r := fit(t, discover.KModes{K: 2}, table(t, cols, rows)); r.Cost != 0 || !near(r.Silhouette, 1, 1e-3) {
		t.Errorf("k-modes takes any number of rows: cost %v, silhouette %v", r.Cost, r.Silhouette)
	}
	for n, measured := range map[int]bool{discover.MaxRows: true, discover.MaxRows + 1: false} { // distinct ones
		tb, _ := discover.NewTable(discover.Column{Name: "a"})
		for i := range n {
			if err := tb.Add(discover.Row{ID: id(i), Cells: []discover.Cell{text("a", id(i))}}); err != nil {
				t.Fatal(err)
			}
		}
		if r := fit(t, discover.KModes{K: 1, Starts: -1}, tb); (r.Silhouettes != nil) != measured || math.IsNaN(r.Silhouette) == measured {
			t.Errorf("%d distinct rows: %d silhouettes, mean %v", n, len(r.Silhouettes), r.Silhouette)
		}
	}
	for name, weights := range map[string][]float64{"taken": {0, 1e-300, 1e300}, "refused": {-1, -1e-300, math.NaN(), math.Inf(1), math.Inf(-1)}} {
		for _, w := range weights {
			if _, err := discover.NewTable(discover.Column{Name: "a", Weight: w}); (err == nil) != (name == "taken") {
				t.Errorf("weight %v: %v, want it %s", w, err, name)
			}
		}
	}
}
