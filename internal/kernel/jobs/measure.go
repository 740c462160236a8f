package jobs

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/measure"
)

// Measures are the figures of the queue.
func (q *Queue) Measures() []measure.Group {
	return []measure.Group{
		{
			Name: "jobs", Every: 30 * time.Second,
			Figures: []measure.Figure{
				{Name: "khue_jobs_waiting", Help: "Jobs that are due or will be, by kind.", Labels: []string{"kind"}},
				{Name: "khue_jobs_due", Help: "Jobs whose time has come, by kind.", Labels: []string{"kind"}},
				{Name: "khue_jobs_oldest_seconds", Help: "How long the oldest due job has been due, by kind.", Labels: []string{"kind"}},
				{Name: "khue_jobs_dead", Help: "Jobs that failed for the last time and wait for an operator, by kind.", Labels: []string{"kind"}},
			},
			Read: func(ctx context.Context, put measure.Put) error {
				for _, k := range q.kinds() { // an empty queue is a figure too
					put("khue_jobs_waiting", 0, k)
					put("khue_jobs_due", 0, k)
					put("khue_jobs_oldest_seconds", 0, k)
					put("khue_jobs_dead", 0, k)
				}
				list, err := q.ByKind(ctx)
				for _, k := range list {
					put("khue_jobs_waiting", float64(k.Waiting), k.Kind)
					put("khue_jobs_due", float64(k.Due), k.Kind)
					put("khue_jobs_oldest_seconds", k.Oldest.Seconds(), k.Kind)
					put("khue_jobs_dead", float64(k.Dead), k.Kind)
				}
				return err
			},
		},
		{
			Name:    "tries",
			Figures: []measure.Figure{{Name: "khue_job_tries_total", Help: "Tries of jobs on this node, by kind and outcome.", Labels: []string{"kind", "outcome"}, Total: true}},
			Now: func(put measure.Put) {
				for _, k := range q.kinds() {
					put("khue_job_tries_total", 0, k, "failed")
				}
				q.ran.Tell(put, "khue_job_tries_total", 2)
			},
		},
	}
}

func (q *Queue) kinds() []string {
	if all := q.all.Load(); all != nil {
		return *all
	}
	return nil
}

func outcome(err error) string {
	if err != nil {
		return "failed"
	}
	return "done"
}

// KindStats counts the jobs of one kind.
type KindStats struct {
	Kind string
	Stats
}

// ByKind is Stats by kind, in the order of kinds.
func (q *Queue) ByKind(ctx context.Context) (out []KindStats, err error) {
	defer errs.Op(&err, "jobs.ByKind")
	err = q.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = statsByKind(v)
		return err
	})
	return out, err
}

// Struggling lists jobs that failed at least so many tries and will be tried again, those
// with most tries first.
func (q *Queue) Struggling(ctx context.Context, tries, limit int) (out []Dead, err error) {
	defer errs.Op(&err, "jobs.Struggling")
	err = q.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = struggling(v, tries, limit)
		return err
	})
	return out, err
}

// FindDead reads one dead job; NotFound jobs.notDead for another.
func (q *Queue) FindDead(v db.Querier, j JobID) (Dead, error) {
	list, err := deadJobs(v, int64(j)-1, 1)
	if err == nil && (len(list) == 0 || list[0].ID != j) {
		err = notDead(j)
	}
	if err != nil {
		return Dead{}, err
	}
	return list[0], nil
}
