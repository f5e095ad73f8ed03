package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

var databases atomic.Int64

// database makes a database of its own on the test server and returns its DSN.
func database(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("TABI_TEST_POSTGRES")
	if dsn == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("TABI_TEST_POSTGRES is unset; run storage/pgstore/postgres.sh start")
		}
		t.Skip("TABI_TEST_POSTGRES is unset; run storage/pgstore/postgres.sh start")
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("tabistore_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background() // the test's own has ended
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func TestPostgresSaysTheSame(t *testing.T) {
	everyStoreSaysTheSame(t, database)
	sameOutcomes(t, "mem", sqlite(t), database(t))
}

func TestKilledAndRunAgainOnPostgres(t *testing.T) { killedAndRunAgain(t, 1500, database) }

// A journey database moves from memory to SQLite to Postgres and back with one digest.
func TestMovesToPostgresAndBack(t *testing.T) {
	server := database(t)
	file := write(t, "touches.jsonl", world(300))
	here, there := sqlite(t), sqlite(t)
	first := want(t, 0, "", "-store", "mem", "-load", file, "-copy", here, "-digest")
	want(t, 0, "", "-store", here, "-copy", server)
	want(t, 0, "", "-store", "postgres:"+server, "-copy", there)
	back := want(t, 0, want(t, 0, "", "-store", server, "-export").out, "-store", "mem", "-load", "-", "-digest")
	if back.out != first.out {
		t.Errorf("in memory again: digest %s, want %s", back.out, first.out)
	}
	for _, store := range []string{here, server, there} {
		if got := want(t, 0, "", "-store", store, "-digest"); got.out != first.out {
			t.Errorf("%.8s: digest %s, want %s", store, got.out, first.out)
		}
		want(t, 0, "", "-store", store, "-verify")
	}
	if a, b := want(t, 0, "", "-store", there, "-dump"), want(t, 0, "", "-store", server, "-dump"); a.out != b.out {
		t.Error("dumps differ")
	}
}

func TestBenchOfPostgres(t *testing.T) {
	server := database(t)
	benched(t, server, true)
	conn, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var left int
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_namespace where nspname = 'tabi_bench_raw'").Scan(&left); err != nil || left != 0 {
		t.Errorf("the bare tables are left, error %v", err)
	}
}
