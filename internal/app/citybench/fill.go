package citybench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
