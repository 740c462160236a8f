package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"khue/internal/kernel/db"
)

// NewPostgres gives a fresh PostgreSQL database that is dropped with the test;
// it skips where KHUE_TEST_POSTGRES is not set. The first test with a set of
// migrations makes a template of them; the others copy it.
func NewPostgres(t testing.TB, migs []db.Migrations, opts ...Option) *db.DB {
	t.Helper()
	return Open(t, PostgresURL(t, migs), opts...)
}

// PostgresURL is the address of a fresh migrated database that nobody has opened.
func PostgresURL(t testing.TB, migs []db.Migrations) string {
	t.Helper()
	server := os.Getenv("KHUE_TEST_POSTGRES")
	if server == "" {
		t.Skip("KHUE_TEST_POSTGRES is not set: no PostgreSQL to test on (scripts/test-postgres start)")
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connecting to KHUE_TEST_POSTGRES: %v", err)
	}
	defer func() { _ = admin.Close(ctx) }()
	template, err := ensureTemplate(ctx, admin, server, migs)
	if err != nil {
		t.Fatalf("making a template database: %v", err)
	}
	name := "khue_test_" + strings.ToLower(rand.Text()[:12])
	if _, err := admin.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatalf("creating a test database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Errorf("dropping %s: %v", name, err)
			return
		}
		defer func() { _ = admin.Close(ctx) }()
		if _, err := admin.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
			t.Errorf("dropping %s: %v", name, err)
		}
	})
	return database(server, name)
}

// ensureTemplate makes the migrated database that tests copy, once per set of
// migrations; a lock keeps test processes from making it twice.
func ensureTemplate(ctx context.Context, admin *pgx.Conn, server string, migs []db.Migrations) (string, error) {
	digest, err := digestOf(migs)
	if err != nil {
		return "", err
	}
	name := "khue_tmpl_" + digest
	const lock = 0x6b68_7465
	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return "", err
	}
	defer func() { _, _ = admin.Exec(ctx, "SELECT pg_advisory_unlock($1)", lock) }()
	var n int
	if err := admin.QueryRow(ctx, "SELECT count(*) FROM pg_database WHERE datname = $1", name).Scan(&n); err != nil || n == 1 {
		return name, err
	}
	making := name + "_making"
	if _, err := admin.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", making)); err != nil {
		return "", err
	}
	if _, err := admin.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s", making)); err != nil {
		return "", err
	}
	d, err := db.Open(ctx, db.Config{URL: database(server, making), Readers: 1, Workers: 1})
	if err != nil {
		return "", err
	}
	err = d.Migrate(ctx, migs)
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", err
	}
	_, err = admin.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", making, name))
	return name, err
}

// digestOf names a set of migrations. Code before and after is not seen, so a
// template with such code is made again for each process.
func digestOf(migs []db.Migrations) (string, error) {
	h := sha256.New()
	for _, m := range append([]db.Migrations{db.Own()}, migs...) {
		text, err := m.DDL("postgres")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s\n", m.Module, len(text), text)
		if len(m.Before)+len(m.After) > 0 {
			fmt.Fprintf(h, "process %d\n", os.Getpid())
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// database is the server's URL with another database.
func database(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}
