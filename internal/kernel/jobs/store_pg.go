package jobs

import (
	"context"
	"slices"

	"khue/internal/kernel/db"
)

// claimRows claims due jobs for this node: they come back when the lease ends,
// unless they were finished. Jobs that another node is claiming are skipped, not waited for.
func (r *runner) claimRows(ctx context.Context, kinds []string, n int) (out []Task, err error) {
	err = r.q.db.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		now := tx.Now()
		args := []any{db.Millis(now.Add(r.lease)), db.Millis(now), n}
		out, err = db.All(tx, scanTask, `UPDATE jobs_job AS j SET run_at = $1, attempts = j.attempts + 1
			FROM (SELECT c.id, c.run_at FROM (VALUES (`+places(4, kinds, "), (", &args)+`)) AS k (kind)
				CROSS JOIN LATERAL (SELECT id, run_at FROM jobs_job WHERE NOT dead AND kind = k.kind AND run_at <= $2
					ORDER BY run_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) AS c
				ORDER BY c.run_at, c.id LIMIT $3) AS c
			WHERE j.id = c.id RETURNING j.id, j.kind, j.args, j.attempts, c.run_at`, args...)
		return err
	})
	slices.SortFunc(out, func(a, b Task) int {
		if c := a.RunAt.Compare(b.RunAt); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	})
	return out, err
}
