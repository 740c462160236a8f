package citybench

import (
	"context"
	"os"
	"path/filepath"

	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbbench"
)

// rawStorage is how many lives the storage alone commits in the same run: the first
// trial's mix of 36 writes in seven units a life, in this process, without HTTP, checks
// or journal. The load on the city has stopped when it runs.
func rawStorage(ctx context.Context, c *city, o Options) (perSecond float64, n int, err error) {
	c.stop()
	dir, err := os.MkdirTemp("", "khue-bench-storage-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	url, drop := "sqlite:"+filepath.Join(dir, "khue.db"), func() {}
	if o.DB != "" {
		if url, drop, err = FreshDatabase(ctx, o.DB); err != nil {
			return 0, 0, err
		}
	}
	defer drop()
	d, err := db.Open(ctx, db.Config{URL: url})
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(ctx, []db.Migrations{dbbench.Migrations()}); err != nil {
		return 0, 0, err
	}
	res, err := dbbench.Run(ctx, d, dbbench.Load{Items: 4000, Callers: o.Clients, Units: dbbench.Lifecycle36()})
	return res.PerSecond(), res.Items, err
}
