// Package input is what the example programs share: opening files, standard input and
// .gz, reading canonical touches or a table through a mapping, the values of shared
// flags, feeding in random order, and how a program ends.
//
// A program's main is one line, [Main]. Inside, [Open] opens what a flag names, [Touches]
// reads touches from it, [Time] and [Duration] are flag values, [Shuffle] makes batches.
package input

import (
	"bufio"
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

// base returns the name without .gz, in lower case: what tells the format.
func base(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".gz") }
