package citybench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// filling measures how fast a demo is filled with invented years, and what of the
// processors that takes: on a machine that others use, the second is the steadier figure.
func filling(ctx context.Context, o Options) (rows []Row, err error) {
	dir, err := os.MkdirTemp("", "khue-bench-fill-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	url := ""
	if o.DB != "" {
		var drop func()
		if url, drop, err = FreshDatabase(ctx, o.DB); err != nil {
			return nil, err
		}
		defer drop()
	}
	cmd := exec.CommandContext(ctx, o.Binary, "demo", "--empty", "--filled", "--fill-only", "--json", "--dossiers", strconv.Itoa(o.Fill), "--data", filepath.Join(dir, "city"), "--db", url)
	cmd.Stderr = o.Log
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var said struct {
		Added, Entries int
		Seconds        float64
	}
	if err := json.Unmarshal(out, &said); err != nil || said.Added != o.Fill {
		return nil, fmt.Errorf("filling said %q: %w", out, errors.Join(err, ctx.Err()))
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return []Row{
		{"fill.dossiers_per_second", float64(said.Added) / said.Seconds, "1/s", said.Added},
		{"fill.cpu_us", float64(used.Microseconds()) / float64(said.Added), "µs", said.Added},
		{"fill.entries_per_dossier", float64(said.Entries) / float64(said.Added), "", said.Added},
	}, nil
}

// longQueue is how many tasks lie open at one unit when its list is measured.
const longQueue = 10_000

// desk measures the lists of an office with ten thousand open tasks, by one client over
// loopback: the pages as browsers get them, and the list as the API gives it.
func desk(ctx context.Context, o Options) (rows []Row, err error) {
	c, err := open(ctx, o, "--empty", "--filled", "--fill-idle", "--dossiers", strconv.Itoa(longQueue))
	if err != nil {
		return nil, err
	}
	defer c.close()
	conn, err := dial(c.addr())
	if err != nil {
		return nil, err
	}
	defer conn.close()
	const n = 200
	for _, m := range []struct{ name, path string }{
		{"desk.mine_ms", "/desk"}, {"desk.queue10k_ms", "/desk/queue"}, {"desk.queue10k_filtered_ms", "/desk/queue?role=clerk&state=submitted&holder=free&due=week"},
		{"desk.queue10k_api_ms", "/api/v1/tasks?limit=50"}, {"desk.held_ms", "/desk/mine"},
	} {
		all := make([]time.Duration, 0, n)
		for range n {
			began := time.Now()
			status, body, err := conn.do(http.MethodGet, m.path, c.token("clerk"), nil)
			if err != nil {
				return rows, err
			}
			if status != http.StatusOK {
				return rows, refused(m.path, status, body)
			}
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		rows = append(rows, Row{m.name, quantile(all, 0.5), "ms", n})
	}
	return rows, nil
}
