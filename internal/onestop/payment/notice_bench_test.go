package payment

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
)

// BenchmarkNotice counts notices of one bank, 64 at once, each for an order of its own and all to one
// account. cpu-µs/op is the processor's time of the whole process for each, without HTTP.
func BenchmarkNotice(b *testing.B) {
	for name, open := range map[string]func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB{"sqlite": dbtest.New, "postgres": dbtest.NewPostgres} {
		b.Run(name, func(b *testing.B) {
			s := newTill(b, open(b, tables()), clock.System(), 1)
			ctx := context.Background()
			notices := make([]Notice, b.N)
			bodies := make([][]byte, b.N)
			for from := 0; from < b.N; from += 1000 {
				err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					for i := from; i < min(from+1000, b.N); i++ {
						o, err := s.OpenIn(tx, Order{Source: Source{"bench", int64(i + 1), ""}, Payer: "Nguyễn Văn A", Unit: s.unit, Lines: []Line{{Amount: 8000}}})
						if err != nil {
							return err
						}
						notices[i] = Notice{Way: ByBank, External: fmt.Sprintf("FT%08d", i), Amount: 8000, Bank: "970436", Account: treasuryNumber, At: s.Clock.Now()}
						bodies[i] = BankBody(notices[i], "MB "+o.Reference+" nop phi")
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			before := cpu(b)
			var next atomic.Int64
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
						now := s.Clock.Now()
						n, err := ReadBank(s.BankSecret, SignBank(s.BankSecret, now, bodies[i]), bodies[i], now)
						if err == nil {
							_, err = s.Take(ctx, n, Origin{Via: "notice"})
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-µs/op")
			if v, err := s.Balance(ctx, Account{s.unit, Treasury}); err != nil || v != int64(b.N)*8000 {
				b.Fatalf("the account holds %d, %v", v, err)
			}
		})
	}
}

// cpu is the processor's time of this process in µs.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano()/1000 + u.Stime.Nano()/1000
}
