package journal_test

import (
	"context"
	"fmt"
	"testing"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/journal"
)

// BenchmarkAppend is the cost of one entry in a unit of many: hashing, insert,
// index and its share of the batch. The difference between group sizes is the
// cost of a batch.
func BenchmarkAppend(b *testing.B) {
	payload := []byte(`{"code":"H26.16.5-250623-0001","case":"normal","due":"2025-06-23T17:00:00+07:00","state":"accepted"}`)
	for _, group := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			clk := start()
			c := newCity(b, dbtest.New(b, migs(), dbtest.WithClock(clk)), clk)
			ctx := context.Background()
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += group {
				err := c.d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					for k := range group {
						if _, err := c.Append(tx, journal.Entry{
							Kind: "dossier.accepted", Subject: dossier(int64((i+k)*7919%100003) + 1), Actor: 42, Unit: "H26.16.5", Payload: payload,
						}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPromise(b *testing.B) {
	clk := start()
	c := newCity(b, dbtest.New(b, migs(), dbtest.WithClock(clk)), clk)
	r := c.fill(b, 1)[0]
	for b.Loop() {
		if _, err := c.Promise(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	clk := start()
	c := newCity(b, dbtest.New(b, migs(), dbtest.WithClock(clk)), clk)
	const n = 20000
	e := journal.Entry{Kind: "dossier.accepted", Subject: dossier(1), Unit: "H26.16", Payload: make([]byte, 200)}
	es := make([]journal.Entry, 50)
	for i := range es {
		es[i] = e
	}
	for range n / len(es) {
		c.add(b, es...)
	}
	c.tick(b)
	for b.Loop() {
		if rep := c.verify(b, journal.Held{}); !rep.OK() {
			b.Fatal(rep.Problems)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
