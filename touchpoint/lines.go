package touchpoint

import (
	"bufio"
	"bytes"
	"io"
)

// lines reads an input line by line and holds at most [MaxLine] bytes of one, and its end.
type lines struct {
	r    *bufio.Reader
	buf  []byte
	line int // the number of the line that next returned last, from 1
	err  error
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next appends the next line with its end to l.buf, after what extend keeps there. It
// returns io.EOF where there is none, an InvalidError where the line is too long (the line
// is then skipped), and the input's own error.
func (l *lines) next(extend bool) error {
	if !extend {
		l.buf = l.buf[:0]
	}
	if l.err != nil {
		return l.err
	}
	l.line++
	read, tooLong := false, false
	for {
		part, err := l.r.ReadSlice('\n')
		read = read || len(part) > 0
		// The end of the line is no part of the record.
		text := bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("\n")), []byte("\r"))
		if len(l.buf)+len(text) > MaxLine {
			tooLong = true
		}
		if !tooLong {
			l.buf = append(l.buf, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		l.err = err
		if err != nil && (!read || err != io.EOF) {
			return err
		}
		if l.line == 1 {
			l.buf = bytes.TrimPrefix(l.buf, []byte("\ufeff"))
		}
		if tooLong {
			return &InvalidError{"record", TooLarge}
		}
		return nil
	}
}
