package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/touchpoint"
)

// A table prints rows as CSV or as JSON Lines with the columns as names. What is absent
// is an empty cell, and null in JSON.
type table struct {
	names []string
	csv   *csv.Writer
	json  *bufio.Writer
	err   error
}

func newTable(w io.Writer, as, columns string) *table {
	t := &table{names: strings.Split(columns, ",")}
	if as == "jsonl" {
		t.json = bufio.NewWriter(w)
		return t
	}
	t.csv = csv.NewWriter(w)
	t.fail(t.csv.Write(t.names))
	return t
}

// fail keeps the first error.
func (t *table) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// row prints one cell a column.
func (t *table) row(cells ...any) {
	if t.csv != nil {
		record := make([]string, len(cells))
		for i, cell := range cells {
			text, literal := render(cell)
			if !literal {
				text = input.Cell(text)
			}
			record[i] = text
		}
		t.fail(t.csv.Write(record))
		return
	}
	for i, cell := range cells {
		text, literal := render(cell)
		switch {
		case text == "" && cell != "":
			text = "null"
		case !literal || isText(cell):
			quoted, err := json.Marshal(text)
			t.fail(err)
			text = string(quoted)
		}
		open := ","
		if i == 0 {
			open = "{"
		}
		_, err := t.json.WriteString(open + strconv.Quote(t.names[i]) + ":" + text)
		t.fail(err)
	}
	_, err := t.json.WriteString("}\n")
	t.fail(err)
}

// render returns the text of a cell, and whether it can be no formula.
func render(cell any) (text string, literal bool) {
	switch v := cell.(type) {
	case nil:
		return "", true
	case string:
		return v, false
	case int:
		return strconv.Itoa(v), true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case inDays:
		return strconv.FormatFloat(time.Duration(v).Hours()/24, 'f', 6, 64), true
	case time.Time:
		if v.IsZero() {
			return "", true
		}
		return v.UTC().Format(time.RFC3339Nano), true
	case touchpoint.Money:
		if v.IsZero() {
			return "", true
		}
		return v.Text(), true
	}
	panic("a cell of an unknown type") // a mistake in print.go
}

// isText reports whether a literal is text in JSON: times, and money as decimal strings.
func isText(cell any) bool {
	switch cell.(type) {
	case time.Time, touchpoint.Money:
		return true
	}
	return false
}

func (t *table) close() error {
	if t.csv != nil {
		t.csv.Flush()
		t.fail(t.csv.Error())
		return t.err
	}
	t.fail(t.json.Flush())
	return t.err
}
