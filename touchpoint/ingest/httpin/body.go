package httpin

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// A body is what was read of a request, in pieces, so that a large one is never copied.
type body [][]byte

func (b body) reader() io.Reader {
	rs := make([]io.Reader, len(b))
	for i, c := range b {
		rs[i] = bytes.NewReader(c)
	}
	return io.MultiReader(rs...)
}

func (b body) blank() bool {
	for _, c := range b {
		if len(bytes.TrimSpace(c)) > 0 {
			return false
		}
	}
	return true
}

// bytes joins the pieces.
func (b body) bytes() []byte { return bytes.Join(b, nil) }

// read reads the body of a request, inflated. The status is that of the answer if the
// body cannot be taken, else 0.
func (h *handler) read(w http.ResponseWriter, req *http.Request) (b body, status int) {
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(req.Header.Values("Content-Encoding"), ",")))
	if encoding != "" && encoding != "identity" && encoding != "gzip" {
		return nil, http.StatusUnsupportedMediaType
	}
	if req.ContentLength > int64(h.o.MaxBody) {
		return nil, http.StatusRequestEntityTooLarge
	}
	defer h.hurry(w)()
	r := io.Reader(http.MaxBytesReader(w, req.Body, int64(h.o.MaxBody)))
	size := req.ContentLength
	if encoding == "gzip" {
		gz, err := gzip.NewReader(r)
		if err != nil {
			return nil, statusOf(err)
		}
		r, size = gz, -1
	}
	for total := 0; ; {
		piece := make([]byte, pieceSize(size, total))
		n, err := fill(r, piece)
		if total += n; total > h.o.MaxBody {
			return nil, http.StatusRequestEntityTooLarge
		}
		b = append(b, piece[:n])
		switch {
		case err == io.EOF:
			return b, 0
		case err != nil:
			return nil, statusOf(err)
		}
	}
}

// fill reads until the piece is full. Unlike io.ReadFull it leaves the error as it is: a
// body that was cut off is not at its end.
func fill(r io.Reader, piece []byte) (n int, err error) {
	for n < len(piece) && err == nil {
		var m int
		m, err = r.Read(piece[n:])
		n += m
	}
	return n, err
}

// pieceSize is the size of the next piece: what is left if that is known, else doubling.
func pieceSize(size int64, total int) int {
	const least, most = 4 << 10, 1 << 20
	if size > int64(total) {
		return int(min(size-int64(total)+1, most))
	}
	return min(max(total, least), most)
}

// hurry breaks off reading the body after ReadTimeout. The returned func ends that.
func (h *handler) hurry(w http.ResponseWriter) (stop func()) {
	done := make(chan struct{})
	t := time.AfterFunc(h.o.ReadTimeout, func() {
		defer close(done)
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // long past
	})
	return func() {
		if !t.Stop() {
			<-done
		}
	}
}

func statusOf(err error) int {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}

// keyName is the member of a body that may hold the write key.
const keyName = `"writeKey"`

// key finds the write key in a body: the member writeKey of the outermost object. It
// walks the bytes once, holding none of them: the body is not trusted yet.
func (b body) key() string {
	var s keyScan
	for _, c := range b {
		for _, x := range c {
			if s.next(x) {
				return s.result()
			}
		}
	}
	return ""
}

// A keyScan looks for a text behind a key, both at depth one.
type keyScan struct {
	depth           int
	quoted, escaped bool
	text            []byte // of the present string at depth one, with its quotes
	last            string // the string before a colon
	colon           bool
}

// longestKey is the longest write key that a body may hold, in bytes, with its quotes.
const longestKey = 512

func (s *keyScan) next(c byte) (found bool) {
	if s.quoted {
		if s.depth == 1 && len(s.text) <= longestKey {
			s.text = append(s.text, c)
		}
		switch {
		case s.escaped:
			s.escaped = false
		case c == '\\':
			s.escaped = true
		case c == '"':
			s.quoted = false
			return s.depth == 1 && s.colon && s.last == keyName
		}
		return false
	}
	switch c {
	case '"':
		s.quoted = true
		if s.depth == 1 {
			s.text = append(s.text[:0], c)
		}
	case '{', '[':
		s.depth++
		if s.depth == 1 && c == '[' {
			s.depth = 2 // an array has no members
		}
	case '}', ']':
		s.depth--
	case ':':
		if s.depth == 1 {
			s.last, s.colon = "", true
			if len(s.text) == len(keyName) {
				s.last = string(s.text)
			}
		}
	case ',':
		if s.depth == 1 {
			s.colon = false
		}
	}
	return false
}

func (s *keyScan) result() string {
	key := s.text[1 : len(s.text)-1]
	if len(s.text) > longestKey || bytes.IndexByte(key, '\\') >= 0 || !utf8.Valid(key) {
		return ""
	}
	return string(key)
}
