package db_test

import (
	"context"
	"strconv"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
)

func TestLogBeginsAnewWhenItIsLong(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, shop())
	write := func(from, n int64) {
		t.Helper()
		for i := from; i < from+n; i++ {
			if err := d.InTx(context.Background(), put(i, strconv.FormatInt(i, 10))); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(0, 50)
	long, err := db.Checkpoint(d, 10)
	if err != nil || long < 50 {
		t.Fatalf("%d pages, %v", long, err)
	}
	write(100, 1)
	short, err := db.Checkpoint(d, 10)
	if err != nil || short >= long {
		t.Errorf("the log has %d pages after %d, %v", short, long, err)
	}
	if n := count(t, d); n != 51 {
		t.Errorf("%d rows", n)
	}
}
