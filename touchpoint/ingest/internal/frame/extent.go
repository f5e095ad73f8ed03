package frame

// An extent finds the end of one JSON value by its quotes and brackets alone, so that
// what is broken inside a value does not break what stands around it. The zero extent
// is ready; text is fed in pieces.
type extent struct {
	depth            int
	inString, escape bool
	begun, scalar    bool
}

// scan returns how much of p belongs to the value, and whether the value ends there. A
// scalar that is no string ends before the comma, bracket or blank behind it.
func (e *extent) scan(p []byte) (n int, done bool) {
	for i, c := range p {
		switch {
		case e.escape:
			e.escape = false
		case e.inString:
			switch c {
			case '\\':
				e.escape = true
			case '"':
				if e.inString = false; e.depth == 0 {
					return i + 1, true
				}
			}
		case c == '"' && !e.scalar:
			e.begun, e.inString = true, true
		case e.depth == 0 && e.begun || e.depth == 0 && (c == ',' || c == ']' || c == '}'):
			switch c {
			case ',', ']', '}', ' ', '\t', '\n', '\r', '[', '{', '"', ':':
				return i, true
			}
		case c == '{' || c == '[':
			e.begun = true
			e.depth++
		case c == '}' || c == ']':
			if e.depth--; e.depth == 0 {
				return i + 1, true
			}
		case e.depth == 0:
			e.begun, e.scalar = true, true
		}
	}
	return len(p), false
}

// A span is a piece of a text.
type span struct{ from, to int }

// split cuts an array or object into its elements or members, with the blanks around
// them. ok is false if the brackets do not close at its end.
func split(text []byte) (parts []span, ok bool) {
	depth, inString, from := 0, false, 1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString:
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				if i != len(text)-1 {
					return nil, false
				}
				if len(parts) > 0 || !blank(text[from:i]) {
					parts = append(parts, span{from, i})
				}
				return parts, true
			}
		case c == ',' && depth == 1:
			parts = append(parts, span{from, i})
			from = i + 1
		}
	}
	return nil, false
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}
