package dossier

import (
	"context"
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
)

// MaxMany is how many tasks one request may act on.
const MaxMany = 500

// manyAtOnce bounds how many acts of one request are under way. Each is a unit of its own;
// the database commits those that wait together, so that a wider door gains nothing.
const manyAtOnce = 32

// ManyResult is what became of one task of many. Where Err is set nothing of it was done,
// and the others were done all the same.
type ManyResult struct {
	Task    TaskID
	Code    string // of the dossier, where the task was found
	Outcome Outcome
	Err     error
}

// ManyPreview is what an act on one task of many would do now, or why it would not.
type ManyPreview struct {
	ManyResult
	Found Task // the zero value where there is none, or the reader may not see it
	// To are the steps, posts and units that the dossier would go to.
	To []Moved
	// Earlier is the duty for which whoever takes the task could not decide it.
	Earlier Did
}

// ActMany acts on many tasks, each in its own guarded transition: a failure of one never
// stops the others. The commands share the client's request key; each is recorded under a
// key derived from it and its task, so that a request that is sent again does what is
// left and answers the rest. The results stand in the order of the commands. A request of
// more than MaxMany is refused in each row (Invalid).
func (s *Service) ActMany(ctx context.Context, cmds []Command) []ManyResult {
	return s.many(ctx, cmds, func(cmd Command) (Outcome, error) { return s.Act(ctx, cmd) })
}

// AssignMany gives many tasks to an account, or back to the queue (0), each under the
// rules of Assign. Of a command it reads Task, Version and Key.
func (s *Service) AssignMany(ctx context.Context, cmds []Command, to int64) []ManyResult {
	return s.giveMany(ctx, cmds, func(cmd Command) (Task, error) { return s.Assign(ctx, cmd.Task, cmd.Version, to, cmd.Key) })
}

// ClaimMany takes many tasks for the actor, each under the rules of Claim.
func (s *Service) ClaimMany(ctx context.Context, cmds []Command) []ManyResult {
	return s.giveMany(ctx, cmds, func(cmd Command) (Task, error) { return s.Claim(ctx, cmd.Task, cmd.Version, cmd.Key) })
}

func (s *Service) giveMany(ctx context.Context, cmds []Command, give func(Command) (Task, error)) []ManyResult {
	return s.many(ctx, cmds, func(cmd Command) (Outcome, error) {
		t, err := give(cmd)
		return Outcome{Dossier: t.Dossier, Code: t.Code, State: t.State, DueAt: t.Promised, Task: t.ID, Version: t.Version, Step: t.Step}, err
	})
}

// many runs do for each command, a few at once.
func (s *Service) many(ctx context.Context, cmds []Command, do func(Command) (Outcome, error)) []ManyResult {
	out := make([]ManyResult, len(cmds))
	if len(cmds) > MaxMany {
		return refuseAll(out, cmds, errs.E(errs.Invalid, "dossier.many.tooMany", errs.P("n", len(cmds), "max", MaxMany)))
	}
	var rows []taskSeen
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		rows, err = tasksByID(v, idsOf(cmds))
		return err
	})
	if err != nil {
		return refuseAll(out, cmds, err)
	}
	codes := make(map[TaskID]taskSeen, len(rows))
	for _, r := range rows {
		codes[r.ID] = r
	}
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(manyAtOnce, len(cmds)) {
		wg.Go(func() {
			for i := range next {
				cmd := cmds[i]
				cmd.Key = rowKey(cmd.Key, cmd.Task)
				r := ManyResult{Task: cmd.Task}
				if r.Outcome, r.Err = do(cmd); r.Err == nil || s.seen(ctx, codes[cmd.Task]) {
					r.Code = codes[cmd.Task].Code
				}
				out[i] = r
			}
		})
	}
	for i := range cmds {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// rowKey is the request key of one row of many.
func rowKey(key string, t TaskID) string { return key + "/" + t.String() }

func idsOf(cmds []Command) []TaskID {
	ids := make([]TaskID, len(cmds))
	for i, c := range cmds {
		ids[i] = c.Task
	}
	return ids
}

func refuseAll(out []ManyResult, cmds []Command, err error) []ManyResult {
	for i := range out {
		out[i] = ManyResult{Task: cmds[i].Task, Err: err}
	}
	return out
}

// PreviewMany says for each command what it would do now, without writing: the same checks
// and the same step as ActMany. What it says holds until somebody acts; a command carries
// the version that was previewed.
func (s *Service) PreviewMany(ctx context.Context, cmds []Command) (out []ManyPreview, err error) {
	defer errs.Op(&err, "dossier.PreviewMany(%d)", len(cmds))
	sub, now := auth.From(ctx), nowAt{at: s.Clock.Now()}
	return s.preview(ctx, cmds, func(cmd Command, f *found) (p ManyPreview) {
		if cmd.Comment = strings.TrimSpace(cmd.Comment); utf8.RuneCountInString(cmd.Comment) > maxCommentSize {
			p.Err = errs.E(errs.Invalid, "dossier.comment.long", errs.P("max", maxCommentSize))
			return p
		}
		var ch *change
		if ch, _, p.Err = s.intend(ctx, sub, &cmd, f, now); p.Err == nil {
			p.Outcome, p.To = ch.outcome(f.t), ch.happened.To
		}
		return p
	})
}

// preview reads what the commands are about and looks at each.
func (s *Service) preview(ctx context.Context, cmds []Command, look func(Command, *found) ManyPreview) ([]ManyPreview, error) {
	if len(cmds) > MaxMany {
		return nil, errs.E(errs.Invalid, "dossier.many.tooMany", errs.P("n", len(cmds), "max", MaxMany))
	}
	all, err := s.findMany(ctx, cmds)
	if err != nil {
		return nil, err
	}
	out := make([]ManyPreview, len(cmds))
	for i, cmd := range cmds {
		p := ManyPreview{ManyResult: ManyResult{Err: errs.E(errs.NotFound, "dossier.task.notFound")}}
		if f := all[cmd.Task]; f != nil {
			if p = look(cmd, f); errors.Is(p.Err, errTaken) {
				p.Err = errs.E(errs.Conflict, "dossier.task.taken", errs.P("by", f.t.LastBy, "at", f.t.LastAt, "version", f.t.Version))
			}
			if !errs.Is(p.Err, errs.NotFound) {
				p.Found, p.Code = f.t, f.t.Code
			}
		}
		p.Task = cmd.Task
		out[i] = p
	}
	return out, nil
}

// PreviewClaim says of each whether ClaimMany would take it.
func (s *Service) PreviewClaim(ctx context.Context, cmds []Command) ([]ManyPreview, error) {
	return s.previewGive(ctx, cmds, false, mayClaim(auth.From(ctx)))
}

// PreviewAssign says of each whether AssignMany would give it to an account.
func (s *Service) PreviewAssign(ctx context.Context, cmds []Command, to int64) ([]ManyPreview, error) {
	return s.previewGive(ctx, cmds, to != auth.From(ctx).Account, s.mayAssign(ctx, auth.From(ctx), to))
}

func (s *Service) previewGive(ctx context.Context, cmds []Command, dealt bool, may func(Task) error) (out []ManyPreview, err error) {
	defer errs.Op(&err, "dossier.previewGive(%d)", len(cmds))
	return s.preview(ctx, cmds, func(cmd Command, f *found) (p ManyPreview) {
		p.Err = s.checkGive(ctx, auth.From(ctx), f.t, f.d, cmd.Version, dealt, may)
		p.Outcome = (&change{dossier: f.d}).outcome(f.t)
		if did, barred := s.barred(auth.From(ctx).Account, f.d.Did, f.t, ""); barred && !dealt && s.apart(f.shared, f.t.Unit) {
			p.Earlier = did
		}
		return p
	})
}

// Tasks reads tasks by their ids, in the order asked; those that the reader may not see,
// and those that are not there, are left out.
func (s *Service) Tasks(ctx context.Context, ids []TaskID) (out []Task, err error) {
	defer errs.Op(&err, "dossier.Tasks(%d)", len(ids))
	if len(ids) > MaxMany {
		return nil, errs.E(errs.Invalid, "dossier.many.tooMany", errs.P("n", len(ids), "max", MaxMany))
	}
	var rows []taskSeen
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err = tasksByID(v, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	byID := make(map[TaskID]Task, len(rows))
	for _, r := range rows {
		if s.seen(ctx, r) {
			byID[r.ID] = r.Task
		}
	}
	for _, v := range ids {
		if t, ok := byID[v]; ok {
			out = append(out, t)
			delete(byID, v)
		}
	}
	if err := s.listedTasks(ctx, access.List, access.DutyPost, out); err != nil {
		return nil, err
	}
	return out, nil
}

// seen reports whether the reader may see a task, by its unit or by its dossier's agencies.
func (s *Service) seen(ctx context.Context, t taskSeen) bool {
	sub := auth.From(ctx)
	return t.ID != 0 && (s.worksOn(ctx, sub, t.Task) || s.maySee(ctx, sub, t.of) || isOwner(sub, t.of))
}

// findMany reads what the commands act on, in few queries however many they are.
func (s *Service) findMany(ctx context.Context, cmds []Command) (map[TaskID]*found, error) {
	out := make(map[TaskID]*found, len(cmds))
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err := findForTasks(v, idsOf(cmds))
		if err != nil {
			return err
		}
		for i := range rows {
			out[rows[i].t.ID] = &rows[i]
		}
		var branched, read []ID
		pkgs := map[string]*service.Package{}
		for _, cmd := range cmds {
			f := out[cmd.Task]
			if f == nil {
				continue
			}
			f.rows = []Task{f.t}
			if f.pkg = pkgs[f.d.Package]; f.pkg == nil {
				if f.pkg, err = s.pkg(f.d); err != nil {
					return err
				}
				pkgs[f.d.Package] = f.pkg
			}
			if err := f.readShared(s, v, auth.From(ctx).Account, cmd.Action); err != nil {
				return err
			}
			if s.charges(f.d, f.pkg) || f.d.Instance.Owed != 0 && s.Payments != nil {
				if f.fees, err = s.Payments.OfSource(v, feeSource(f.d)); err != nil {
					return err
				}
			}
			branches, content := f.needs(s, cmd.Action)
			if branches {
				branched = append(branched, f.d.ID)
			}
			if content {
				read = append(read, f.d.ID)
			}
		}
		return joinMany(v, out, branched, read)
	})
	return out, err
}

// joinMany adds the other branches and the contents of the dossiers that need them.
func joinMany(v *db.View, all map[TaskID]*found, branched, read []ID) error {
	tasks, err := tasksOfMany(v, branched)
	if err != nil {
		return err
	}
	contents, err := contentsOf(v, read)
	if err != nil {
		return err
	}
	for _, f := range all {
		if rows := tasks[f.d.ID]; len(rows) > 0 {
			f.rows = rows
		}
		f.c = contents[f.d.ID]
	}
	return nil
}
