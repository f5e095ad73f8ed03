package discover_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/discover"
	"github.com/tabi-go/tabi/persona/internal/trial"
)

var encode, shared = trial.Encode, trial.Shared

// rounds is a number of trials: few by default, fewer with -short, all under TABI_LONG=1.
func rounds(few, all int) int {
	switch {
	case os.Getenv("TABI_LONG") != "":
		return all
	case testing.Short():
		return (few + 2) / 3
	}
	return few
}

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

func text(name, value string) discover.Cell {
	return discover.Cell{Name: name, Value: persona.TextValue(value)}
}

func number(name string, x float64) discover.Cell {
	return discover.Cell{Name: name, Value: persona.NumberValue(x)}
}

func sharedJSON(t testing.TB, into any, parts ...string) {
	t.Helper()
	if err := json.Unmarshal(shared(t, parts...), into); err != nil {
		t.Fatal(err)
	}
}

func lift(t testing.TB, rows []discover.Row) *discover.Lift {
	t.Helper()
	var l discover.Lift
	for _, r := range rows {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return &l
}

func find(t testing.TB, rows []discover.Row, o *discover.FindOptions) *discover.Findings {
	t.Helper()
	return read(t, lift(t, rows), o)
}

func read(t testing.TB, l *discover.Lift, o *discover.FindOptions) *discover.Findings {
	t.Helper()
	f, err := l.Find(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func attribute(f *discover.Findings, name string) *discover.Attribute {
	for i := range f.Attributes {
		if f.Attributes[i].Name == name {
			return &f.Attributes[i]
		}
	}
	return nil
}

func id(i int) string { return "r" + strconv.Itoa(i) }

func sharedCSV(t testing.TB, parts ...string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(shared(t, parts...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
