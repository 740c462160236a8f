package dossier

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
)

// Release gives to the queues what an officer holds and may act on no more by the grants that
// are left: they moved to another post, or left the service. Each is an entry of its dossier.
// It may be called again; the count is of this call.
func (s *Service) Release(ctx context.Context, account int64, name string, grants []auth.Grant) (n int, err error) {
	defer errs.Op(&err, "dossier.Release(%d)", account)
	sub := auth.Subject{Account: account, Name: name, Kind: auth.KindOfficer, Grants: grants}
	var after TaskID
	for {
		var tasks []Task
		if err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			tasks, err = heldAfter(v, account, after, standInBatch)
			return err
		}); err != nil || len(tasks) == 0 {
			return n, err
		}
		after = tasks[len(tasks)-1].ID
		var lost []Task
		for _, t := range tasks {
			if t.Role == process.RoleApplicant || !s.mayAct(ctx, sub, t.Role, t.Unit) {
				lost = append(lost, t)
			}
		}
		moved, err := s.standIn(ctx, lost, KindStandsIn, func(t *Task, h *Happening) { t.Assignee, h.For = 0, name }, nil)
		if n += moved; err != nil {
			return n, err
		}
	}
}
