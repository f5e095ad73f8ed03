package main

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// print prints the one report that was asked for.
func (p *program) print(ctx context.Context, s storage.Store) error {
	switch p.report {
	case "dump":
		return p.printTouches(ctx, s)
	case "export":
		return storage.Dump(ctx, s, p.out)
	case "ties":
		return p.printTies(ctx, s)
	case "changes":
		return p.printChanges(ctx, s)
	case "digest":
		sum, err := storage.Digest(ctx, s)
		if err == nil {
			fmt.Fprintln(p.out, hex.EncodeToString(sum[:]))
		}
		return err
	case "count":
		return p.printCounts(ctx, s)
	case "verify":
		return p.verify(ctx, s)
	case "bench":
		return p.bench(ctx, s)
	}
	return nil
}

func (p *program) printTouches(ctx context.Context, s storage.Store) error {
	var line []byte
	for t, err := range storage.Touches(ctx, s, p.query) {
		if err != nil {
			return err
		}
		t.ReceivedAt = time.Time{}
		line = append(t.AppendJSON(line[:0]), '\n')
		if _, err := p.out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// printTies prints groups of touches; a fact of identity is a row with its class as kind.
func (p *program) printTies(ctx context.Context, s storage.Store) error {
	start, err := parseIDs([]string{p.ties})
	if err != nil {
		return err
	}
	ties, err := storage.Component(ctx, s, start, nil, 0)
	if err != nil {
		return err
	}
	kinds, err := kindsOf(ctx, s, ties)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(ties))
	for _, t := range ties {
		var names []string
		for _, id := range t.IDs() {
			names = append(names, string(id.Type())+":"+id.Value())
		}
		source, kind, first, last, n := t.Sighting.Source, string(kinds[t.Sighting.Ref]), t.Sighting.At, t.Last, t.Count
		if n == 0 {
			f := storage.Fact{Evidence: t.Evidence, Override: t.Override, Membership: t.Membership, Parent: t.Parent}
			source, kind, first, last, n = f.Key().Source, f.Class().String(), f.At(), f.At(), 1
		}
		rows = append(rows, []string{source, kind, strings.Join(names, "|"), instant(first), instant(last), strconv.FormatInt(n, 10)})
	}
	slices.SortFunc(rows, slices.Compare)
	w := csv.NewWriter(p.out)
	if err := w.Write([]string{"source", "kind", "ids", "first", "last", "count"}); err != nil {
		return err
	}
	return w.WriteAll(rows)
}

// kindsOf reads the kinds of groups from their earliest touches.
func kindsOf(ctx context.Context, s storage.Store, ties []storage.Tie) (map[identity.Ref]touchpoint.Kind, error) {
	var keys []storage.Key
	for _, t := range ties {
		if t.Count > 0 {
			keys = append(keys, storage.Key{Class: storage.ClassTouch, Source: t.Sighting.Source, ID: t.Sighting.ID})
		}
	}
	kinds := make(map[identity.Ref]touchpoint.Kind, len(keys))
	for some := range slices.Chunk(keys, storage.MaxValues) {
		for t, err := range storage.Touches(ctx, s, storage.Query{Keys: some}) {
			if err != nil {
				return nil, err
			}
			kinds[identity.Ref{Source: t.Source, ID: t.ID}] = t.Kind
		}
	}
	return kinds, nil
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

func (p *program) printChanges(ctx context.Context, s storage.Store) error {
	var after storage.Cursor
	if err := after.UnmarshalText([]byte(p.changes)); err != nil {
		return err
	}
	out, n := json.NewEncoder(p.out), 0
	out.SetEscapeHTML(false)
	for c, err := range s.Changes(ctx, after) {
		if err != nil {
			return err
		}
		k := c.Fact.Key()
		err := out.Encode(struct {
			Cursor string `json:"cursor"`
			Class  string `json:"class"`
			Source string `json:"source"`
			ID     string `json:"id"`
		}{c.Cursor.String(), k.Class.String(), k.Source, k.ID})
		if err != nil {
			return err
		}
		if n++; n == p.query.Limit {
			break
		}
	}
	return nil
}

func (p *program) printCounts(ctx context.Context, s storage.Store) error {
	fmt.Fprintln(p.out, "class,count")
	for _, c := range storage.Classes() {
		n, err := storage.Count(ctx, s, storage.Query{Classes: []storage.Class{c}})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s,%d\n", c, n)
	}
	return nil
}

func (p *program) verify(ctx context.Context, s storage.Store) error {
	err := storage.Verify(ctx, s)
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(p.out, strings.TrimSpace(line))
	}
	return errBad
}
