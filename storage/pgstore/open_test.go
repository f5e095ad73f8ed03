package pgstore_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
)

func TestOpenRefuses(t *testing.T) {
	dsn := server(t)
	for name, c := range map[string]struct {
		dsn  string
		opts pgstore.Options
	}{
		"an upper-case schema": {dsn, pgstore.Options{Schema: "Tabi"}},
		"a quoted schema":      {dsn, pgstore.Options{Schema: `x";drop schema public;--`}},
		"a schema of 33 bytes": {dsn, pgstore.Options{Schema: strings.Repeat("a", 33)}},
		"garbage":              {"postgres://u:sesame@%zz", pgstore.Options{}},
		"a server not there":   {"postgres://u:sesame@127.0.0.1:1/x?sslmode=disable", pgstore.Options{}},
		"a database not there": {strings.Replace(dsn, "/postgres?", "/sesame?", 1), pgstore.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := pgstore.Open(t.Context(), c.dsn, &c.opts)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Errorf("the error tells a secret: %v", err)
			}
			if strings.HasSuffix(name, "not there") && !errors.Is(err, storage.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSchemaVersions(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	_, schema := l.place(t)
	open := func(keep bool) (*pgstore.Store, error) {
		return pgstore.Open(ctx, l.dsn, &pgstore.Options{Schema: schema, KeepSchema: keep})
	}
	if _, err := open(true); !errors.Is(err, storage.ErrSchemaOld) {
		t.Fatalf("KeepSchema on nothing: %v", err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			s, err := open(false)
			if err != nil {
				t.Errorf("ten at once: %v", err)
				return
			}
			s.Close()
		})
	}
	wg.Wait()
	s, err := open(true)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Version(ctx); n != 3 || err != nil {
		t.Errorf("version %d, error %v", n, err)
	}
	if from, to, err := s.Migrate(ctx); from != 3 || to != 3 || err != nil {
		t.Errorf("Migrate: %d to %d, error %v", from, to, err)
	}
	s.Close()
	change := func(sql string) {
		t.Helper()
		if _, err := l.admin.Exec(ctx, strings.ReplaceAll(sql, "{}", schema+".")); err != nil {
			t.Fatal(err)
		}
	}
	change("insert into {}schema_migration (version, checksum) values (4, 'x')")
	if _, err := open(false); !errors.Is(err, storage.ErrSchemaNew) {
		t.Errorf("a newer schema: %v", err)
	}
	change("delete from {}schema_migration where version = 4; update {}schema_migration set checksum = 'x'")
	if _, err := open(false); err == nil {
		t.Error("a changed migration is taken")
	}
}

// What a dump and restore into another cluster does: the cluster has another name, and its
// transaction numbers are far below the stored ones.
func TestAnotherClusterBeginsAGeneration(t *testing.T) {
	for _, how := range []string{"open", "append", "erase"} {
		t.Run(how, func(t *testing.T) {
			l := newLab(t)
			ctx := t.Context()
			s, err := l.open(ctx, pgstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			mustAppend(t, s, view(1), view(2))
			var at storage.Cursor
			var seen []string
			poll := func(s *store) {
				t.Helper()
				for c, err := range s.Changes(ctx, at) {
					if err != nil {
						t.Fatal(err)
					}
					at, seen = c.Cursor, append(seen, c.Fact.Class().String())
				}
			}
			if err := l.exec(ctx, s, "update {}fact set xid = '90000000000'"); err != nil {
				t.Fatal(err)
			}
			if err := l.exec(ctx, s, "update {}meta set system = 'another'"); err != nil {
				t.Fatal(err)
			}
			switch how {
			case "open":
				again, err := l.open(ctx, s.opts)
				if err != nil {
					t.Fatal(err)
				}
				defer again.Close()
			case "append":
				mustAppend(t, s, view(3))
			case "erase":
				if _, err := s.Erase(ctx, storage.Erasure{ID: "e", At: start}); err != nil {
					t.Fatal(err)
				}
			}
			poll(s)
			mustAppend(t, s, view(4))
			poll(s)
			want := map[string]string{"open": "touch touch touch", "append": "touch touch touch touch", "erase": "touch touch erasure touch"}[how]
			if got := strings.Join(seen, " "); got != want {
				t.Errorf("a reader has seen %s, want %s", got, want)
			}
			if snap, err := s.Snapshot(ctx); err != nil {
				t.Error(err)
			} else {
				n := 0
				for _, err := range snap.Scan(ctx, storage.Query{}) {
					if err != nil {
						t.Error(err)
					}
					n++
				}
				if n != len(seen) {
					t.Errorf("a snapshot sees %d facts", n)
				}
			}
		})
	}
}

func TestGenerationByHand(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, view(1))
	again, err := l.open(ctx, pgstore.Options{Schema: s.opts.Schema, Generation: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	s.Close()
	mustAppend(t, again, view(2))
	var last string
	for c, err := range again.Changes(ctx, storage.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		last = c.Cursor.String()
	}
	if parts := strings.Split(last, "-"); len(parts) != 6 || parts[2] != "7" {
		t.Errorf("cursor %s", last)
	}
}
