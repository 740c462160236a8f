package counter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// A filled demo gets papers at its counters: originals with those who work on the dossiers,
// hand-overs on their way, and owners who were called. The counts are per officer, so that it
// takes no longer for a fuller city.
const (
	furnishReady = 120 // results at a clerk's counter
	furnishTasks = 150 // running dossiers in an officer's hands, or at a clerk's counter
	furnishBatch = 3   // papers of a hand-over
)

// Furnish invents originals and calls for the dossiers of a filled demo, as of the officers
// given. Errors: Forbidden where the city is no demo.
func (s *Service) Furnish(ctx context.Context, officers []auth.Subject) (err error) {
	defer errs.Op(&err, "counter.Furnish")
	if !s.Dossiers.Demo {
		return errs.E(errs.Forbidden, "dossier.fill.notDemo")
	}
	for _, sub := range officers {
		ctx := auth.With(ctx, sub)
		var kept []OriginalID
		for _, unit := range s.Desks(ctx) {
			if err := s.furnishReady(ctx, unit); err != nil {
				return err
			}
			page, err := s.Dossiers.Queue(ctx, dossier.TaskFilter{Unit: unit, Roles: []string{string(orgunit.RoleClerk)}, State: process.Processing, Limit: furnishTasks})
			if err != nil {
				return err
			}
			mine, err := s.furnishTasks(ctx, page.Tasks)
			if err != nil {
				return err
			}
			kept = append(kept, mine...)
		}
		page, err := s.Dossiers.Queue(ctx, dossier.TaskFilter{Mine: sub.Account, Limit: furnishTasks})
		if err != nil {
			return err
		}
		mine, err := s.furnishTasks(ctx, page.Tasks)
		if err != nil {
			return err
		}
		if err := s.furnishBatches(ctx, append(kept, mine...)); err != nil {
			return err
		}
	}
	return nil
}

// furnishReady keeps papers for results that wait, and calls the owners of those that wait long.
func (s *Service) furnishReady(ctx context.Context, unit orgunit.UnitID) error {
	page, err := s.Dossiers.ReadyToReturn(ctx, dossier.ReadyFilter{Unit: unit, Limit: furnishReady})
	if err != nil {
		return err
	}
	sub, now := auth.From(ctx), s.Clock.Now()
	tasks := make([]dossier.Task, len(page.Items))
	for i, x := range page.Items {
		tasks[i] = x.Task
	}
	if _, err := s.furnishTasks(ctx, tasks); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for i, x := range page.Items {
			if now.Sub(x.Since) < 3*24*time.Hour || i%4 == 3 {
				continue
			}
			c := Call{Dossier: x.Task.Dossier, At: x.Since.Add(time.Duration(48+i%7) * time.Hour), How: Ways()[i%3], By: sub.Name}
			if err := insertCall(tx, s.Gen.Next(), c); err != nil {
				return err
			}
			if err := s.invented(tx, sub, KindCalled, x.Task, c.At, happening{Dossier: x.Task.Code, How: c.How}); err != nil {
				return err
			}
		}
		return nil
	})
}

// furnishTasks keeps the originals that a counter would have kept of two dossiers in three,
// with the reader.
func (s *Service) furnishTasks(ctx context.Context, tasks []dossier.Task) (out []OriginalID, err error) {
	sub, now := auth.From(ctx), s.Clock.Now()
	papers := map[string][]form.PaperNeed{}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		out = nil
		for i, t := range tasks {
			was, err := originalsOf(tx, t.Dossier)
			if err != nil {
				return err
			}
			if len(was) > 0 || i%3 == 2 {
				continue
			}
			needs, ok := papers[t.Package]
			if !ok {
				pkg, err := s.Services.ByDigest(t.Package)
				if err != nil {
					return err
				}
				needs = kept(pkg, form.Env{Now: now, Case: firstOf(pkg.Cases), Channel: string(service.Counter), Units: s.Dossiers.FormUnits()})
				papers[t.Package] = needs
			}
			since := t.OpenedAt
			if since.IsZero() || since.After(now) {
				since = now
			}
			h := happening{Dossier: t.Code, How: process.DoAccept}
			for _, n := range needs[:min(len(needs), 1+i%2)] {
				o := Original{
					ID: id.New[Original](s.Gen), Dossier: t.Dossier, Code: t.Code, Applicant: t.Applicant, Package: t.Package,
					Paper: n.ID, Count: max(1, n.Originals), Unit: t.Unit, Holder: sub.Account, HolderName: sub.Name, Since: since, State: Held, Version: 1,
				}
				if err := insertOriginal(tx, o); err != nil {
					return err
				}
				out, h.Originals = append(out, o.ID), append(h.Originals, o.ID.String())
			}
			if err := s.invented(tx, sub, KindTaken, t, since, h); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// kept are the papers of which a counter keeps the original.
func kept(pkg *service.Package, env form.Env) []form.PaperNeed {
	return slices.DeleteFunc(pkg.Form.Papers(form.Answers{}, env), func(n form.PaperNeed) bool { return n.ShownOnly })
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// furnishBatches leaves two hand-overs of the reader's on their way to colleagues.
func (s *Service) furnishBatches(ctx context.Context, mine []OriginalID) error {
	if len(mine) < furnishBatch {
		return nil
	}
	var held []Original
	if err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		held, err = originals(v, OriginalFilter{Holder: auth.From(ctx).Account, Limit: 1})
		return err
	}); err != nil {
		return err
	}
	to, err := s.Recipients(ctx, held)
	// Colleagues take any paper; another unit only those of its own dossiers.
	to = slices.DeleteFunc(to, func(r Recipient) bool { return r.Account == 0 })
	if err != nil || len(to) == 0 {
		return err
	}
	for i := range min(2, len(mine)/furnishBatch) {
		papers := mine[i*furnishBatch : (i+1)*furnishBatch]
		if _, err := s.Give(ctx, papers, to[i%len(to)], fmt.Sprintf("furnish-%d-%s", i, papers[0])); err != nil {
			return err
		}
	}
	return nil
}

// invented appends what is claimed to have happened at a counter before the demo opened.
func (s *Service) invented(tx *db.Tx, sub auth.Subject, kind string, t dossier.Task, at time.Time, h happening) error {
	h.By = sub.Name
	payload, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(t.Dossier)}, Unit: strconv.FormatInt(int64(t.Unit), 10), Occurred: at, Payload: payload,
	})
	return err
}
