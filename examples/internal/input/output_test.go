package input_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
	"github.com/tabi-go/tabi/examples/internal/input"
)

func TestSaveWritesAFileOrStandardOutput(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := input.Streams{Out: &out}
	hello := func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }
	file := filepath.Join(t.TempDir(), "f")
	for _, name := range []string{"", "-", file} {
		if err := s.Save(name, hello); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if text, err := os.ReadFile(file); string(text) != "hello" || err != nil || out.String() != "hellohello" {
		t.Errorf("file %q, %v, standard output %q", text, err, &out)
	}
	if err := s.Save(filepath.Join(file, "no"), hello); !errors.As(err, new(*input.UsageError)) {
		t.Errorf("a file that cannot be made: %v", err)
	}
	broken := errors.New("broken")
	if err := s.Save(file, func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestJSONIsIndentedByTwoAndNotEscaped(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := input.WriteJSON(&b, map[string]string{"a": "<b> & c"}); err != nil || b.String() != "{\n  \"a\": \"<b> & c\"\n}\n" {
		t.Errorf("%v\n%s", err, &b)
	}
}

func TestGoodHandsBadRecordsToDead(t *testing.T) {
	t.Parallel()
	var diag strings.Builder
	dead := input.Dead{Err: &diag}
	s := input.Streams{In: strings.NewReader("id,name\n1, '=x \n2\n3,y\n")}
	tb, err := s.Table("-", false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range input.Good(tb.Rows(), &dead) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Clean().Cells...)
	}
	if want := []string{"1", "'=x", "3", "y"}; !slices.Equal(got, want) || dead.N != 1 || diag.String() != "line 3: syntax\n" {
		t.Errorf("%q, want %q, %d bad: %s", got, want, dead.N, &diag)
	}
	for _, err := range input.Good(s.Touches("/no/such", nil), &dead) {
		if !errors.As(err, new(*input.UsageError)) || dead.N != 1 {
			t.Errorf("%v, %d bad", err, dead.N)
		}
	}
	if err := dead.End("p", errors.New("broke off")); !errors.Is(err, input.ErrBad) || !strings.HasSuffix(diag.String(), "\np: broke off\ndead letters: 1\n") {
		t.Errorf("%v: %s", err, &diag)
	}
}

func TestDefineReadsADefinition(t *testing.T) {
	t.Parallel()
	parse := func(text []byte) (string, error) {
		if string(text) == "bad" {
			return "", errors.New("no definition")
		}
		return string(text), nil
	}
	into := "default"
	if err := input.Define(input.Streams{}, "", parse, &into); err != nil || into != "default" {
		t.Errorf("%q, %v", into, err)
	}
	if err := input.Define(input.Streams{}, blackbox.File(t, "d.json", "\ufeffx"), parse, &into); err != nil || into != "x" {
		t.Errorf("with a byte order mark: %q, %v", into, err)
	}
	for _, name := range []string{"/no/such", blackbox.File(t, "d.json", "bad")} {
		if err := input.Define(input.Streams{}, name, parse, &into); !errors.As(err, new(*input.UsageError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
