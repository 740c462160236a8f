package dbbench_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbbench"
	"khue/internal/kernel/db/dbtest"
)

func TestLifecycleIs36Writes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, []db.Migrations{dbbench.Migrations()}, func(t *testing.T, d *db.DB) {
		r, err := dbbench.Run(context.Background(), d, dbbench.Load{Callers: 8, Items: 20, Units: dbbench.Lifecycle36()})
		if err != nil {
			t.Fatal(err)
		}
		if r.Units != 20*7 || r.Writes != 20*36 || r.P99 == 0 {
			t.Errorf("%+v", r)
		}
	})
}

// BenchmarkLifecycle36 reports lifecycles a second with 64 callers. For
// PostgreSQL, start it with KHUE_PG_DURABLE=1 or the figure is a fiction.
func BenchmarkLifecycle36(b *testing.B) {
	for _, e := range []struct {
		name string
		open func(testing.TB, []db.Migrations, ...dbtest.Option) *db.DB
	}{{"sqlite", dbtest.New}, {"postgres", dbtest.NewPostgres}} {
		b.Run(e.name, func(b *testing.B) {
			d := e.open(b, []db.Migrations{dbbench.Migrations()}, func(c *db.Config) { c.Strict = false })
			load := dbbench.Load{Callers: 64, Items: 200, Units: dbbench.Lifecycle36()}
			if _, err := dbbench.Run(context.Background(), d, load); err != nil { // plans and caches
				b.Fatal(err)
			}
			load.First, load.Items = 1000, b.N
			before, cpu := d.Stats(), cpuTime()
			b.ReportAllocs()
			b.ResetTimer()
			r, err := dbbench.Run(context.Background(), d, load)
			b.StopTimer()
			cpu = cpuTime() - cpu
			if err != nil {
				b.Fatal(err)
			}
			if again := d.Stats().Rerun - before.Rerun; again > 0 {
				b.Logf("%d units ran again", again)
			}
			b.ReportMetric(r.PerSecond(), "lifecycles/s")
			b.ReportMetric(float64(r.Elapsed.Nanoseconds())/float64(r.Writes), "ns/write")
			b.ReportMetric(float64(cpu.Nanoseconds())/float64(r.Writes), "cpu-ns/write")
			b.ReportMetric(float64(r.Units)/float64(r.Commits), "units/commit")
			b.ReportMetric(float64(r.P50.Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(r.P99.Microseconds())/1000, "p99-ms")
		})
	}
}

// cpuTime is what this process has used; it holds still when neighbours of a
// shared machine do not.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
