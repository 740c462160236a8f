package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"khue/internal/kernel/db"
)

// claimRows claims due jobs for this node: they come back when the lease of their kind ends,
// unless they were finished. So the paper of a node that died is not held up by a night's work. Jobs that another node is claiming are skipped, not waited for.
func (r *runner) claimRows(ctx context.Context, kinds []string, n int) (out []Task, err error) {
	err = r.q.db.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		now := tx.Now()
		args := []any{db.Millis(now), n}
		var until strings.Builder // of each kind
		for _, k := range kinds {
			args = append(args, k, db.Millis(now.Add(r.handlers[k].Timeout+leaseSlack)))
			fmt.Fprintf(&until, ", ($%d::text, $%d::bigint)", len(args)-1, len(args))
		}
		out, err = db.All(tx, scanTask, `UPDATE jobs_job AS j SET run_at = c.until, attempts = j.attempts + 1
			FROM (SELECT c.id, c.run_at, k.until FROM (VALUES `+until.String()[2:]+`) AS k (kind, until)
				CROSS JOIN LATERAL (SELECT id, run_at FROM jobs_job WHERE NOT dead AND kind = k.kind AND run_at <= $1
					ORDER BY run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) AS c
				ORDER BY c.run_at, c.id LIMIT $2) AS c
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
