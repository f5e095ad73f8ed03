package touchpoint

import (
	"fmt"
	"io"
	"slices"
)

// A Vocabulary maps words of a field to one's own words: (field, from) to to, matched by
// [Fold], in one step. The zero Vocabulary is empty. Safe for concurrent use.
type Vocabulary struct {
	words   map[word]string
	targets map[word]bool // words that are mapped to; source is empty
	fields  map[string]bool
}

// A word is the key of a row: from is folded, an empty source stands for all.
type word struct{ source, field, from string }

// vocabularyFields are the fields that a vocabulary may map.
var vocabularyFields = []string{"channel", "kind", "touchpoint", "campaign.source", "campaign.medium", "campaign.name", "stage"}

// ReadVocabulary reads a CSV with the columns field, from, to and, if wanted, source, in
// any order. A row with a source holds for touches of that source only and goes before a
// general one. Rows are not chained: a to b and b to a swap two words. A bad row is a
// [*LineError]; the same word twice is duplicate_key.
func ReadVocabulary(r io.Reader) (*Vocabulary, error) {
	rows := newCSVScanner(r)
	header, err := rows.header()
	if err != nil {
		return nil, err
	}
	column := func(name string) int { return slices.Index(header, name) }
	field, from, to, source := column("field"), column("from"), column("to"), column("source")
	if field < 0 || from < 0 || to < 0 {
		return nil, &LineError{rows.Line, &InvalidError{"header", Missing}}
	}
	v := &Vocabulary{map[word]string{}, map[word]bool{}, map[string]bool{}}
	for {
		row, err := rows.next()
		if err == io.EOF {
			return v, nil
		}
		if err == nil {
			w := word{field: row[field], from: row[from]}
			if source >= 0 {
				w.source = row[source]
			}
			err = v.add(w, row[to])
		}
		if err != nil {
			return nil, fmt.Errorf("touchpoint: vocabulary: %w", lineError(rows.Line, err))
		}
	}
}

func (v *Vocabulary) add(w word, to string) error {
	if !slices.Contains(vocabularyFields, w.field) {
		return &InvalidError{"field", Syntax}
	}
	to, err := Clean(to)
	if err != nil {
		return at("to", err)
	}
	switch {
	case to == "":
		return &InvalidError{"to", Missing}
	case len(to) > MaxName:
		return &InvalidError{"to", TooLong}
	case w.field == "kind" && !Kind(to).valid():
		return &InvalidError{"to", Syntax}
	}
	w.from = Fold(w.from)
	if w.from == "" {
		return &InvalidError{"from", Missing}
	}
	if _, ok := v.words[w]; ok {
		return &InvalidError{"from", DuplicateKey}
	}
	v.words[w] = to
	v.targets[word{field: w.field, from: Fold(to)}] = true
	v.fields[w.field] = true
	return nil
}

// apply maps one value; what no row knows stays.
func (v *Vocabulary) apply(o *Options, source, field, text string) string {
	if !v.fields[field] {
		return text
	}
	w := word{source, field, Fold(text)}
	to, ok := v.words[w]
	if !ok {
		w.source = ""
		to, ok = v.words[w]
	}
	switch {
	case !ok && !v.targets[w] && field != "channel":
		o.Report.unknown(field, text)
	case ok && to != text:
		o.Report.count(source, field, mapped, 1)
	}
	if ok {
		return to
	}
	return text
}

// knows reports whether a value is one that rows map to.
func (v *Vocabulary) knows(field, text string) bool {
	return v != nil && v.targets[word{field: field, from: Fold(text)}]
}
