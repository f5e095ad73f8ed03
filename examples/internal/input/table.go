package input

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tabi-go/tabi/touchpoint"
)

// A Table is a CSV file of columns with names.
type Table struct {
	Header []string

	name  string
	csv   *csv.Reader
	file  io.Closer
	first *Row // the first line, where it is no header
}

// A Row is one row of a table, as the file has it.
type Row struct {
	Line   int // where it begins
	Number int // from 1; bad rows count
	Cells  []string
}

// Table opens a CSV file. Bare says that the first line is a row already, the columns are
// then c1, c2, …. A header that is missing, repeats a name or is not UTF-8 is a
// [*UsageError]. The caller closes the table.
func (s Streams) Table(name string, bare bool) (*Table, error) {
	f, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	t := &Table{name: name, csv: csv.NewReader(Unmarked(f)), file: f}
	t.csv.FieldsPerRecord = -1
	if err := t.open(bare); err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

func (t *Table) open(bare bool) error {
	first, err := t.csv.Read()
	switch {
	case err == io.EOF:
		return Usagef("%s: no header", t.name)
	case err != nil:
		return Usagef("%s: %w", t.name, err)
	}
	t.Header = slices.Clone(first)
	for i := range t.Header {
		t.Header[i] = strings.TrimSpace(t.Header[i])
	}
	if bare {
		line, _ := t.csv.FieldPos(0)
		t.first = &Row{line, 1, first}
		for i := range t.Header {
			t.Header[i] = "c" + strconv.Itoa(i+1)
		}
	}
	seen := map[string]bool{}
	for i, h := range t.Header {
		switch {
		case !utf8.ValidString(h):
			return Usagef("%s: column %d is not UTF-8", t.name, i+1)
		case seen[h]:
			return Usagef("%s: column %d repeats a name", t.name, i+1)
		}
		seen[h] = true
	}
	return nil
}

// Unmarked skips a byte order mark, which else would stand before the quote of a cell.
func Unmarked(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	return b
}

// Close closes the file.
func (t *Table) Close() error { return t.file.Close() }

// Rows reads the rows, once. A row that is no CSV, has too few or too many cells, or is
// not UTF-8 is a [*Bad] and reading goes on; any other error comes last.
func (t *Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		number := 1
		if t.first != nil {
			number++
			if !yield(*t.first, t.check(*t.first)) {
				return
			}
		}
		for ; ; number++ {
			cells, err := t.csv.Read()
			r := Row{Number: number, Cells: cells}
			syntax := new(csv.ParseError)
			switch {
			case err == io.EOF:
				return
			case errors.As(err, &syntax):
				err = &Bad{t.name, syntax.StartLine, touchpoint.Syntax, ""}
			case err == nil:
				r.Line, _ = t.csv.FieldPos(0)
				err = t.check(r)
			default:
				yield(Row{}, err)
				return
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (t *Table) check(r Row) error {
	if len(r.Cells) != len(t.Header) {
		return &Bad{t.name, r.Line, touchpoint.Syntax, ""}
	}
	for i, cell := range r.Cells {
		if !utf8.ValidString(cell) {
			return &Bad{t.name, r.Line, touchpoint.BadUTF8, t.Header[i]}
		}
	}
	return nil
}

// Hash is that of the cells of a row: an id for rows that have none.
func (r Row) Hash() string {
	h := sha256.New()
	for _, cell := range r.Cells {
		fmt.Fprintf(h, "%d:%s", len(cell), cell)
	}
	return hex.EncodeToString(h.Sum(nil))
}

var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$`)

// Decimal reads a cell that is a finite decimal number, no greater than 1e150: its square
// is finite too.
func Decimal(cell string) (x float64, ok bool) {
	if !decimal.MatchString(cell) {
		return 0, false
	}
	x, err := strconv.ParseFloat(cell, 64)
	return x, err == nil && math.Abs(x) <= 1e150
}

// Positive returns the test for the cells that say yes: the value, or where there is none
// 1, true, yes and won in any case.
func Positive(value string, has bool) func(cell string) bool {
	if has {
		return func(cell string) bool { return cell == value }
	}
	return func(cell string) bool {
		return slices.Contains([]string{"1", "true", "yes", "won"}, strings.ToLower(cell))
	}
}

// Clean is the row with its cells as they were before [Cell], without blanks around.
func (r Row) Clean() Row {
	cells := make([]string, len(r.Cells))
	for i, cell := range r.Cells {
		cells[i] = strings.TrimSpace(Uncell(cell))
	}
	r.Cells = cells
	return r
}
