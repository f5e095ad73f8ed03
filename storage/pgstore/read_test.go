package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/pgstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// large opens a store with more facts than an iteration reads at once.
func large(t *testing.T) (*store, int) {
	t.Helper()
	l := newLab(t)
	s, err := l.open(t.Context(), pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	facts := make([]storage.Fact, 3000)
	for n := range facts {
		facts[n] = view(n, identity.MakeID(identity.UserID, fmt.Sprint("u", n)))
	}
	mustAppend(t, s, facts...)
	return s, len(facts)
}

// More nested iterations than there are connections, each with an open statement.
func TestDeepNestingDoesNotLockUp(t *testing.T) {
	s, n := large(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var nest func(depth int)
	nest = func(depth int) {
		seen := 0
		for _, err := range s.Scan(ctx, storage.Query{}) {
			if err != nil {
				t.Fatalf("depth %d: %v", depth, err)
			}
			if seen++; seen == n-1 && depth < 12 {
				nest(depth + 1)
			}
		}
		if seen != n {
			t.Errorf("depth %d: %d facts", depth, seen)
		}
	}
	nest(0)
	mustAppend(t, s, view(9000))
}

func TestLongIterations(t *testing.T) {
	s, n := large(t)
	t.Run("stopped ones let their connection go", func(t *testing.T) {
		for range 20 {
			seen := 0
			for _, err := range s.Scan(t.Context(), storage.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				if seen++; seen > 1500 {
					break
				}
			}
		}
		if got := count(t, s, storage.Query{}); got != int64(n) {
			t.Errorf("%d facts", got)
		}
	})
	t.Run("ties leave the session as it was", func(t *testing.T) {
		for stop := range 20 {
			seen := 0
			for _, err := range s.Ties(t.Context(), nil) {
				if err != nil {
					t.Fatal(err)
				}
				if seen++; seen == stop*100+1 { // within the first part, and behind it
					break
				}
			}
		}
		for _, err := range s.Ties(t.Context(), nil) {
			if err == nil {
				continue
			}
			t.Fatal(err)
		}
		for _, conn := range s.pool.AcquireAllIdle(t.Context()) {
			var own, global string
			if err := conn.QueryRow(t.Context(), "select setting, reset_val from pg_settings where name = 'jit'").Scan(&own, &global); err != nil || own != global || conn.Conn().PgConn().TxStatus() != 'I' {
				t.Errorf("jit %q, was %q, transaction %c, error %v", own, global, conn.Conn().PgConn().TxStatus(), err)
			}
			conn.Release()
		}
	})
	t.Run("a cut one ends with an error", func(t *testing.T) {
		seen, errs := 0, 0
		for _, err := range s.Ties(t.Context(), nil) {
			if err != nil {
				if errs++; !errors.Is(err, storage.ErrUnavailable) {
					t.Errorf("error %v", err)
				}
				continue
			}
			if seen++; seen == 10 {
				s.wire.cut()
			}
		}
		if errs != 1 && seen != n {
			t.Errorf("%d ties and %d errors", seen, errs)
		}
	})
	t.Run("a cancelled one ends with the context's error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		seen := 0
		var last error
		for _, err := range s.Scan(ctx, storage.Query{Desc: true}) {
			last = err
			if seen++; seen == 2000 {
				cancel()
			}
		}
		if !errors.Is(last, context.Canceled) || seen != 2001 {
			t.Errorf("%d values, last error %v", seen, last)
		}
	})
	t.Run("an append and an erasure inside go on", func(t *testing.T) {
		seen := 0
		for _, err := range s.Scan(t.Context(), storage.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen%1000 == 0 {
				mustAppend(t, s, view(100_000+seen))
				e := storage.Erasure{ID: fmt.Sprint("e", seen), At: start, Remove: []storage.Query{{Keys: []storage.Key{view(100_000 + seen).Key()}}}}
				if rec, err := s.Erase(t.Context(), e); err != nil || !rec.Done || rec.Removed[storage.ClassTouch] != 1 {
					t.Fatalf("%v, error %v", rec, err)
				}
			}
		}
		if seen != n {
			t.Errorf("%d facts", seen)
		}
	})
	t.Run("closing inside ends it", func(t *testing.T) {
		var last error
		for _, err := range s.Scan(t.Context(), storage.Query{}) {
			last = err
			if err == nil {
				s.Close()
			}
		}
		if !errors.Is(last, storage.ErrClosed) {
			t.Errorf("last error %v", last)
		}
	})
}

func TestTooManyIterations(t *testing.T) {
	s, _ := large(t)
	var last error
	var nest func(depth int)
	nest = func(depth int) {
		for _, err := range s.Scan(t.Context(), storage.Query{Limit: 1}) {
			if last = err; err == nil {
				nest(depth + 1)
			} else if depth != storage.MaxIterations {
				t.Fatalf("depth %d: %v", depth, err)
			}
		}
	}
	nest(0)
	if !errors.Is(last, storage.ErrLimit) {
		t.Errorf("last error %v", last)
	}
}

// Serialization failures and deadlocks are repeated inside, five times and no more.
func TestServerFailuresAreRepeated(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fail := func(code string, times int) {
		t.Helper()
		if err := l.exec(ctx, s, strings.NewReplacer("CODE", code, "TIMES", fmt.Sprint(times)).Replace(`create sequence {}tries;
create function {}fail() returns trigger language plpgsql as $$ begin
  if nextval('{}tries') <= TIMES then raise exception 'v1 must not be told' using errcode = 'CODE'; end if; return null; end $$;
create trigger fail before insert on {}fact for each statement execute function {}fail()`)); err != nil {
			t.Fatal(err)
		}
	}
	mend := func() {
		if err := l.exec(ctx, s, "drop function {}fail cascade; drop sequence {}tries"); err != nil {
			t.Fatal(err)
		}
	}
	fail("40P01", 5)
	mustAppend(t, s, view(1))
	mend()
	fail("40001", 6)
	outs, err := s.Append(ctx, []storage.Fact{view(2)})
	if !errors.Is(err, storage.ErrUnavailable) || outs[0].Status != touchpoint.Retry || strings.Contains(err.Error(), "v1") || !strings.Contains(err.Error(), "40001") {
		t.Errorf("outcome %v, error %v", outs, err)
	}
	mend()
	fail("53100", 1)
	if _, err := s.Append(ctx, []storage.Fact{view(2)}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	mend()
	mustAppend(t, s, view(2))
}

// After Full the files of the tables hold no erased byte.
func TestReclaimFull(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	dir := os.Getenv("TABI_TEST_POSTGRES_CTL")
	dir = dir[strings.LastIndexByte(dir, ' ')+1:]
	if _, err := os.ReadDir(filepath.Join(dir, "data")); dir == "" || err != nil {
		t.Skip("TABI_TEST_POSTGRES_CTL names no folder of the server's files that can be read")
	}
	const secret = "zq-secret-ann@example.com"
	for _, way := range []pgstore.Reclaim{pgstore.Plain, pgstore.Full} {
		s, err := l.open(ctx, pgstore.Options{Schema: fmt.Sprintf("t%d_full%d", os.Getpid(), way), Reclaim: way})
		if err != nil {
			t.Fatal(err)
		}
		l.schemas = append(l.schemas, s.opts.Schema)
		found := func() (n int) {
			t.Helper()
			if _, err := l.admin.Exec(ctx, "checkpoint"); err != nil {
				t.Fatal(err)
			}
			var paths []string
			err := l.admin.QueryRow(ctx, "select array_agg(p) from (select pg_relation_filepath(oid) p from pg_class where relnamespace = $1::regnamespace or oid in (select reltoastrelid from pg_class where relnamespace = $1::regnamespace)) x where p is not null", s.opts.Schema).Scan(&paths)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				b, err := os.ReadFile(filepath.Join(dir, "data", p))
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				n += strings.Count(string(b), secret)
			}
			return n
		}
		for n := range 40 {
			mustAppend(t, s, view(n, identity.MakeID(identity.Email, secret)))
		}
		if found() == 0 {
			t.Fatal("the search finds nothing before the erasure: it cannot tell")
		}
		rec, err := s.Erase(ctx, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{IDs: []identity.ID{identity.MakeID(identity.Email, secret)}}}})
		if err != nil || !rec.Done || rec.Removed[storage.ClassTouch] != 40 {
			t.Fatalf("receipt %v, error %v", rec, err)
		}
		if way == pgstore.Full && rec.OutOfReach[0] == "table pages" { // others' transactions are in the way
			rec.OutOfReach = reclaimed(t, s)
		}
		if full := way == pgstore.Full; full == (rec.OutOfReach[0] == "table pages") {
			t.Errorf("way %d is out of reach of %v", way, rec.OutOfReach)
		} else if n := found(); full && n > 0 {
			t.Errorf("%d erased values are there", n)
		}
		s.Close()
	}
}

// A process that ends behind the last purge of an erasure and before its tables were written
// anew leaves that to the next Open. A reader keeps it from being done any sooner.
func TestOpenReclaimsWhatACrashLeft(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{Reclaim: pgstore.Full})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, view(1))
	table := func() (file uint32, rows int) {
		t.Helper()
		err := l.admin.QueryRow(ctx, "select pg_relation_filenode($1::regclass)", s.opts.Schema+".fact").Scan(&file)
		if err == nil {
			err = l.admin.QueryRow(ctx, "select count(*) from "+s.opts.Schema+".fact where class = 1").Scan(&rows)
		}
		if err != nil {
			t.Fatal(err)
		}
		return file, rows
	}
	reader, err := l.admin.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback(context.Background())
	if _, err := reader.Exec(ctx, "lock table "+s.opts.Schema+".fact in access share mode"); err != nil {
		t.Fatal(err)
	}
	dies, die := context.WithCancel(ctx)
	defer die()
	done := make(chan storage.Receipt)
	go func() {
		rec, _ := s.Erase(dies, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Classes: []storage.Class{storage.ClassTouch}}}})
		done <- rec
	}()
	before, rows := table()
	for ; rows > 0; before, rows = table() {
		time.Sleep(time.Millisecond)
	}
	die()
	if rec := <-done; rec.Done && rec.OutOfReach[0] != "table pages" {
		t.Fatalf("the tables were written anew under a reader: %v", rec)
	}
	s.Close()
	if err := reader.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	for try := 0; ; try++ { // others' transactions may be in the way
		if s, err = l.open(ctx, s.opts); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if now, _ := table(); now != before {
			return
		}
		if try == 20 {
			t.Fatal("the table that held erased rows is the same after it was opened again")
		}
	}
}

// The server keeps the plan of a statement that was prepared while the tables were empty:
// it must be good when they are large.
func TestPlanOfAnEmptyTableUsesTheIndex(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	s, err := l.open(ctx, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 10 { // after five the plan is for any arguments
		for _, err := range s.Scan(ctx, storage.Query{IDs: []identity.ID{identity.MakeID(identity.UserID, "u1")}}) {
			t.Fatal(err)
		}
	}
	plans := 0
	for _, conn := range s.pool.AcquireAllIdle(ctx) {
		var names []string
		if err := conn.QueryRow(ctx, "select array_agg(name) from pg_prepared_statements where statement like '%f.body%ident%' and generic_plans > 0").Scan(&names); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			rows, err := conn.Query(ctx, "explain execute "+name+"('{531dac40-bd88-5eaa-e153-3caeebe17b68}')", pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if text := strings.Join(plan, "\n"); err != nil || strings.Contains(text, "Seq Scan on fact") {
				t.Errorf("error %v, all facts are read:\n%s", err, text)
			}
			plans++
		}
		conn.Release()
	}
	if plans == 0 {
		t.Error("the server kept no plan")
	}
}

// What an older snapshot of another session still sees, VACUUM copies into the new table:
// that must be told, and done later.
func TestReclaimFullWaitsForOlderSnapshots(t *testing.T) {
	l := newLab(t)
	ctx := t.Context()
	for name, statement := range map[string]string{
		"a reader of the database": "select 1",
		"a writer":                 "select pg_current_xact_id()",
		"a prepared transaction":   "select pg_current_xact_id(); prepare transaction 'tabi_reclaim'",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := l.open(ctx, pgstore.Options{Reclaim: pgstore.Full})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			mustAppend(t, s, view(1), view(2))
			conn, err := l.admin.Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			end := "rollback"
			if strings.Contains(statement, "prepare") {
				var most int
				if err := conn.QueryRow(ctx, "select current_setting('max_prepared_transactions')::int").Scan(&most); err != nil || most == 0 {
					t.Skip("the server prepares no transactions")
				}
				end = "rollback prepared 'tabi_reclaim'"
			}
			if _, err := conn.Exec(ctx, "begin isolation level repeatable read; "+statement); err != nil {
				t.Fatal(err)
			}
			rec, err := s.Erase(ctx, storage.Erasure{ID: "e", At: start, Remove: []storage.Query{{Keys: []storage.Key{view(1).Key()}}}})
			if _, err := conn.Exec(ctx, end); err != nil {
				t.Fatal(err)
			}
			if err != nil || !rec.Done || rec.OutOfReach[0] != "table pages" {
				t.Errorf("the receipt %v, error %v, leaves out the table pages", rec, err)
			}
			if places := reclaimed(t, s); places[0] == "table pages" {
				t.Errorf("%v are out of reach later", places)
			}
		})
	}
	t.Run("as long as the context", func(t *testing.T) {
		s, err := l.open(ctx, pgstore.Options{Reclaim: pgstore.Full})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		tx, err := l.admin.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(ctx) }()
		if _, err := tx.Exec(ctx, "select pg_current_xact_id()"); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, view(1)) // behind the transaction, which is older then
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		if _, err := s.Reclaim(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		mustAppend(t, s, view(2))
	})
}

// reclaimed reclaims until the table pages are in reach, which others' transactions delay.
func reclaimed(t *testing.T, s *store) (places []string) {
	t.Helper()
	for range 20 {
		var err error
		if places, err = s.Reclaim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if places[0] != "table pages" {
			break
		}
	}
	return places
}

// SQL injection: statements are put together of constants and numbered placeholders. No
// source can format one, and where texts are joined to SQL, they are of these kinds.
func TestSQLInjectionNoStatementIsMadeFromText(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	statement := regexp.MustCompile(`(?i)\b(select|insert|update|delete|union|where|and|or|from|limit|vacuum|order|set|any)\b`)
	// Placeholders, and texts that are made of placeholders and constants.
	placed := regexp.MustCompile(`^(st\.arg\(.*\)|setsOf\(st, .*\)|id|gen|at|than|source|toReclaim|take|sets|tables|cluster|mark)$`)
	joined := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range f.Imports {
			if path := imported.Path.Value; path == `"fmt"` || strings.Contains(path, "template") {
				t.Errorf("%s imports %s", name, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if !ok || sum.Op != token.ADD {
				return true
			}
			var parts []ast.Expr
			var split func(e ast.Expr)
			split = func(e ast.Expr) {
				if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.ADD {
					split(b.X)
					split(b.Y)
					return
				}
				parts = append(parts, e)
			}
			split(sum)
			isSQL := false
			for _, p := range parts {
				lit, ok := p.(*ast.BasicLit)
				isSQL = isSQL || ok && lit.Kind == token.STRING && statement.MatchString(lit.Value)
			}
			for _, p := range parts {
				if _, ok := p.(*ast.BasicLit); ok || !isSQL {
					continue
				}
				var text strings.Builder
				if err := printer.Fprint(&text, fset, p); err != nil {
					t.Fatal(err)
				}
				if joined++; !placed.MatchString(text.String()) {
					t.Errorf("%s: %s is joined to SQL", name, text.String())
				}
			}
			return false
		})
	}
	if joined == 0 {
		t.Error("the check finds no statement")
	}
}
