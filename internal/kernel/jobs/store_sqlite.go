package jobs

import (
	"context"

	"khue/internal/kernel/db"
)

// claimInMemory claims on the engine that one process owns: what runs is known
// here, so a claim writes nothing. A crash loses the claims, and the jobs are due again.
func (r *runner) claimInMemory(ctx context.Context, kinds []string, n int) (out []Task, err error) {
	// The names of running jobs are taken before the snapshot: one that ends in
	// between is still passed over, else it would run twice.
	busy := r.busy()
	var tasks []Task
	err = r.q.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		tasks, err = dueTasks(v, kinds, n+len(busy))
		return err
	})
	for _, t := range tasks {
		if !busy[t.ID] && len(out) < n {
			out = append(out, t)
		}
	}
	return out, err
}
