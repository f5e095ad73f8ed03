// Package input is what the example programs share: opening files, standard input and
// .gz, reading canonical touches or a table through a mapping, the values of shared
// flags, feeding in random order, and how a program ends.
//
// A program's main is one line, [Main]. Inside, [Streams.Open] opens what a flag names and
// [Streams.Save] writes it; [Streams.Touches] reads touches, [Streams.Table] a CSV, and
// [Good] counts what is bad in either; [Define] reads a model, a plan, a profile; [Time]
// and [Duration] are flag values; [Shuffle] makes batches.
package input

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"
)

// Open opens a file for reading; "-" is standard input. A name that ends in .gz is
// decompressed. The error is a [*UsageError].
func (s Streams) Open(name string) (io.ReadCloser, error) {
	if name == "-" || name == "" {
		return io.NopCloser(s.In), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, &UsageError{err}
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, Usagef("%s is a folder", name)
	}
	if !strings.HasSuffix(name, ".gz") {
		return f, nil
	}
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		f.Close()
		return nil, Usagef("%s: %w", name, err)
	}
	return unzipped{z, f}, nil
}

type unzipped struct {
	*gzip.Reader
	f *os.File
}

func (u unzipped) Close() error {
	_ = u.Reader.Close()
	return u.f.Close()
}

// ReadFile reads a whole file as [Streams.Open] opens it.
func (s Streams) ReadFile(name string) ([]byte, error) {
	r, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, Usagef("%s: %w", name, err)
	}
	return b, nil
}

// Define reads a definition file into what its parser makes of it. Without a name it
// leaves the default. Every error is a [*UsageError].
func Define[T any](s Streams, name string, parse func([]byte) (T, error), into *T) error {
	if name == "" {
		return nil
	}
	text, err := s.ReadFile(name)
	if err != nil {
		return err
	}
	if *into, err = parse(bytes.TrimPrefix(text, []byte("\ufeff"))); err != nil {
		return Usagef("%s: %w", name, err)
	}
	return nil
}

// base returns the name without .gz, in lower case: what tells the format.
func base(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".gz") }
