package journal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
)

// TestEveryYearHasItsPartition: an entry of each of the next years lies in the partition of its
// year, so that a year can be archived or moved as a whole.
func TestEveryYearHasItsPartition(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t, []db.Migrations{journal.Migrations()})
	clk := clock.NewFake(clock.MustDate("2025-01-01").At(0, 0))
	d := dbtest.Open(t, url, dbtest.WithClock(clk))
	key, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	j, ctx := journal.New(d, id.NewGen(1, clk), key, nil), context.Background()
	for year := 2025; year <= 2036; year++ {
		for _, day := range []string{"01-01", "12-31"} {
			clk.Set(clock.MustDate(fmt.Sprintf("%d-%s", year, day)).At(12, 0))
			if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
				_, err := j.Append(tx, journal.Entry{Kind: "test.year", Subject: journal.Subject{Type: "t", ID: int64(year)}, Payload: []byte("{}")})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	conn := connect(t, url)
	rows, err := conn.Query(ctx, `SELECT subject_id, tableoid::regclass::text FROM journal_entry`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var year int64
		var table string
		if err := rows.Scan(&year, &table); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("journal_entry_%d", year); table != want {
			t.Errorf("an entry of %d lies in %s", year, table)
		}
		n++
	}
	if rows.Err() != nil || n != 24 {
		t.Errorf("%d entries, %v", n, rows.Err())
	}
}

// connect is a connection beside the journal's own, closed with the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// TestNumberingGoesOverTransactionsOfOthers: entries far apart, with a server's other work in
// between, and many more than one batch holds, are numbered in order and none waits.
func TestNumberingGoesOverTransactionsOfOthers(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t, []db.Migrations{journal.Migrations()})
	d := dbtest.Open(t, url, dbtest.WithClock(clock.NewFake(clock.MustDate("2025-06-23").At(8, 0))))
	key, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	j, ctx := journal.New(d, id.NewGen(1, clock.NewFake(clock.MustDate("2025-06-23").At(8, 0))), key, nil), t.Context()
	put := func(n int) {
		t.Helper()
		if err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for i := range n {
				if _, err := j.Append(tx, journal.Entry{Kind: "test.far", Subject: journal.Subject{Type: "t", ID: int64(i)}, Payload: []byte("{}")}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	conn := connect(t, url)
	total := 0
	for _, n := range []int{1, 9000, 3} {
		put(n)
		total += n
		if _, err := conn.Exec(ctx, `DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := j.Status(ctx); err != nil || s.Unnumbered != int64(total) {
		t.Errorf("%d wait, %v; want %d", s.Unnumbered, err, total)
	}
	if err := j.Tick(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if s, err := j.Status(ctx); err != nil || s.Unnumbered != 0 || s.Size != int64(total) {
		t.Errorf("%+v, %v; want %d numbered", s, err, total)
	}
}
