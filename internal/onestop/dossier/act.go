package dossier

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/form"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// needsReason are the actions that tell the applicant, or an auditor, why.
var needsReason = map[string]bool{"refuse": true, "supplement": true, "returnStep": true, "stop": true, "extend": true, "recall": true, "consult": true, "object": true}

// NeedsReason reports whether an action asks for a reason in writing.
func NeedsReason(action string) bool { return needsReason[action] }

// ReasonActions lists the actions that ask for a reason, the most used first.
func ReasonActions() []string {
	return []string{"supplement", "refuse", "returnStep", "extend", "stop", "consult", "object", "recall"}
}

// publicReason are the actions whose reason is written to the applicant.
var publicReason = map[string]bool{"refuse": true, "supplement": true, "stop": true, "extend": true}

// Act completes a task by one of its actions. Errors: NotFound, Forbidden where the
// actor holds no post for it, Conflict (who acted, and when) where somebody was
// first, Invalid for an action that the step does not have or answers that will not do,
// Mismatch. The same key again returns the first outcome.
func (s *Service) Act(ctx context.Context, cmd Command) (out Outcome, err error) {
	defer errs.Op(&err, "dossier.Act(%s %s)", cmd.Task, cmd.Action)
	sub := auth.From(ctx)
	cmd.Comment = strings.TrimSpace(cmd.Comment)
	if utf8.RuneCountInString(cmd.Comment) > maxCommentSize {
		return out, errs.E(errs.Invalid, "dossier.comment.long", errs.P("max", maxCommentSize), errs.WithFields(
			errs.Field{Path: "comment", Key: "dossier.comment.long", Params: errs.Params{"max": maxCommentSize}}))
	}
	hash := cmd.hash()
	for range maxRestep {
		out, err = s.act(ctx, sub, cmd, hash)
		if !errors.Is(err, errMoved) && !payment.Moved(err) {
			break
		}
	}
	if err == nil {
		return out, nil
	}
	// Whatever went wrong, it may be the second coming of an act that went well.
	if d, again, onceErr := s.replay(ctx, sub.Account, cmd.Key, hash); onceErr != nil {
		return Outcome{}, onceErr
	} else if again {
		return s.outcome(ctx, d, cmd.Task)
	}
	if errors.Is(err, errTaken) || errors.Is(err, errMoved) {
		return Outcome{}, s.takenBy(ctx, cmd.Task)
	}
	if payment.Moved(err) {
		return Outcome{}, errs.E(errs.Conflict, "dossier.busy", errs.Cause(err))
	}
	return Outcome{}, meetsMove(err)
}

// found is what an act reads: the task with its dossier, and what lies beside them where
// the act needs it.
type found struct {
	t    Task
	d    Dossier
	c    Content // where the step or the action reads it
	rows []Task  // of all branches of the dossier
	pkg  *service.Package
	// fees are the orders of the dossier; read where a fee may be due.
	fees []payment.Order
	// shared are the units where one person may do several duties; read where it matters.
	shared []orgunit.UnitID
}

// needs says what of a dossier an act has to read beside its task.
func (f *found) needs(s *Service, action string) (branches, content bool) {
	_, asks := f.pkg.Form.Officer(f.t.Step, action)
	return len(f.d.Instance.Tokens) > 1, asks || s.readsContent(f.d, f.pkg)
}

func (s *Service) findAct(ctx context.Context, cmd Command) (f found, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if f.t, f.d, err = findForTask(v, cmd.Task); err != nil {
			return err
		}
		if f.pkg, err = s.pkg(f.d); err != nil {
			return err
		}
		branches, content := f.needs(s, cmd.Action)
		f.rows = []Task{f.t}
		if branches {
			if f.rows, err = tasksOf(v, f.d.ID); err != nil {
				return err
			}
		}
		if content {
			if f.c, err = findContent(v, f.d.ID); err != nil {
				return err
			}
		}
		if s.charges(f.d, f.pkg) || f.d.Instance.Owed != 0 && s.Payments != nil {
			if f.fees, err = s.Payments.OfSource(v, feeSource(f.d)); err != nil {
				return err
			}
		}
		return f.readShared(s, v, auth.From(ctx).Account, cmd.Action)
	})
	return f, err
}

// intend checks an act and computes what it would change, without writing. answered says
// that f's content has grown by the action's answers.
func (s *Service) intend(ctx context.Context, sub auth.Subject, cmd *Command, f *found, now nowAt) (ch *change, answered bool, err error) {
	if err := s.checkAct(ctx, sub, f.t, f.d, *cmd); err != nil {
		return nil, false, err
	}
	if err := s.checkDuty(sub, f, cmd.Action); err != nil {
		return nil, false, err
	}
	if err := s.checkFee(f, cmd.Action); err != nil {
		return nil, false, err
	}
	if answered, err = s.officerAnswers(f.pkg, f.t, f.d, cmd, &f.c, now); err != nil {
		return nil, false, err
	}
	if err := s.mayHandOver(ctx, f.d, f.pkg, cmd.Action); err != nil {
		return nil, false, err
	}
	asked, err := s.whom(*cmd, f.t, clock.DateOf(now.at))
	if err != nil {
		return nil, false, err
	}
	first, err := s.takeFee(f, now)
	if err != nil {
		return nil, false, err
	}
	ch, err = s.step(f.d, f.pkg, process.Event{Kind: process.Act, Token: f.t.Token, Action: cmd.Action, Units: asked}, now, f.c)
	if err != nil {
		return nil, false, err
	}
	ch.after(first)
	ch.tasks, ch.by, ch.at = f.rows, sub, f.t.Unit
	ch.dossier.Did = f.d.Did.with(dutyOf(f.t.Role, f.t.Step, cmd.Action), sub)
	return ch, answered, nil
}

func (s *Service) act(ctx context.Context, sub auth.Subject, cmd Command, hash []byte) (out Outcome, err error) {
	f, err := s.findAct(ctx, cmd)
	if err != nil {
		return out, err
	}
	t, d := f.t, f.d
	now := nowAt{at: s.Clock.Now(), occurred: cmd.Occurred}
	ch, answered, err := s.intend(ctx, sub, &cmd, &f, now)
	if err != nil {
		return out, err
	}
	if dutyOf(t.Role, t.Step, cmd.Action) == Signed {
		if err := s.Demand.Sign(sub, now.at).Hold(sub, now.at); err != nil {
			return out, err
		}
	}
	entry, err := ch.entry(KindOf(cmd.Action), sub, t.Unit.String(), now, func(h *Happening) {
		h.Step, h.Action, h.By, h.Role, h.Comment = t.Step, cmd.Action, sub.Name, t.Role, cmd.Comment
		h.For = s.onBehalf(ctx, sub, t)
		h.Late, h.Public, h.TaskDue = t.Late(now.at), publicReason[cmd.Action], db.Millis(t.DueAt)
		if a, ok := s.ApologyOf(d); ok && a.Late && cmd.Action == process.DoExtend {
			h.Sorry = db.Millis(a.By)
		}
	})
	if err != nil {
		return out, err
	}
	var text contentJSON
	if answered {
		if text, err = encodeContent(f.c); err != nil {
			return out, err
		}
	}
	receipt, err := s.write(ctx, ch, sub, now.at, func(tx *db.Tx) error {
		if answered {
			if err := updateContent(tx, d.ID, text); err != nil {
				return err
			}
		}
		return once.Record(tx, sub.Account, cmd.Key, hash, int64(d.ID))
	}, entry)
	if err != nil {
		return out, err
	}
	out = ch.outcome(t)
	out.Version, out.Entry = t.Version+1, receipt.ID.String()
	return out, nil
}

// outcome is where the change leaves the dossier and the branch of a task.
func (ch *change) outcome(t Task) Outcome {
	out := Outcome{Dossier: ch.dossier.ID, Code: ch.dossier.Code, State: ch.dossier.State, DueAt: ch.dossier.DueAt, Task: t.ID, Version: t.Version}
	if len(ch.opened) > 0 {
		out.Step = ch.opened[0].Step
	}
	return out
}

// write puts a change into the database as one unit.
func (s *Service) write(ctx context.Context, ch *change, sub auth.Subject, now time.Time, more func(*db.Tx) error, entry journal.Entry) (journal.Receipt, error) {
	var receipt journal.Receipt
	s.plan(ch, sub.Name, now)
	entries, texts, err := s.register(ctx, ch, sub.Name, nowAt{at: now})
	if err != nil {
		return receipt, err
	}
	err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		if receipt, err = s.put(tx, ch, entry, entries, texts); err != nil {
			return err
		}
		return more(tx)
	})
	return receipt, err
}

// put writes a planned change, its entry and its family.
func (s *Service) put(tx *db.Tx, ch *change, entry journal.Entry, entries []journal.Entry, texts []contentJSON) (receipt journal.Receipt, err error) {
	if err := updateDossier(tx, ch.dossier, ch.instance); err != nil {
		return receipt, err
	}
	if err := s.writeTasks(tx, ch); err != nil {
		return receipt, err
	}
	if err := s.number(tx, ch, &entry); err != nil {
		return receipt, err
	}
	if receipt, err = s.Journal.Append(tx, entry); err != nil {
		return receipt, err
	}
	if err := s.putFee(tx, ch); err != nil {
		return receipt, err
	}
	s.hasMoved(tx, ch.before, ch.dossier)
	if err := s.intendResult(tx, ch); err != nil {
		return receipt, err
	}
	return receipt, s.writeFamily(tx, ch, entries, texts)
}

// readsContent reports whether a step of a package may read what was filed. The content
// is the large part of a dossier: most steps do without it.
func readsContent(pkg *service.Package) bool {
	return pkg.Process.ReadsAnswers() || pkg.TermByTable() || len(pkg.Process.Children()) > 0
}

// checkAct refuses an act before anything is computed.
func (s *Service) checkAct(ctx context.Context, sub auth.Subject, t Task, d Dossier, cmd Command) error {
	var may bool
	var lapsed error
	if t.Role == process.RoleApplicant {
		lapsed = s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			may, err = s.asApplicant(ctx, v, sub, d)
			return err
		})
	}
	if !may && !s.Policies.Permits(ctx, sub, actRead, resourceOf(d, t)) {
		return errs.E(errs.NotFound, "dossier.task.notFound")
	}
	// Whoever saw an older version is told who acted since, also where the task has gone
	// on to another post.
	if !t.Open || t.Version != cmd.Version {
		return errTaken
	}
	if lapsed != nil {
		return lapsed
	}
	may = may || s.mayAct(ctx, sub, t.Role, t.Unit) || s.receivesFor(ctx, sub, d, t.Role)
	if !may {
		return errs.E(errs.Forbidden, "dossier.task.notYours")
	}
	if t.Assignee != 0 && t.Assignee != sub.Account {
		return errs.E(errs.Conflict, "dossier.task.claimed", errs.P("by", t.LastBy, "at", t.LastAt))
	}
	return nil
}

// reasonPath is the answer of an action's form that says why; it becomes the comment of
// the act and stands in the journal, not in the content.
const reasonPath = "reason"

// reason completes the comment of an act that must say why.
func reason(cmd *Command, given form.Answers) error {
	if cmd.Comment == "" {
		cmd.Comment = strings.TrimSpace(given.Text(reasonPath))
	}
	if needsReason[cmd.Action] && cmd.Comment == "" {
		return errs.E(errs.Invalid, "dossier.comment.required", errs.WithFields(errs.Field{Path: "comment", Key: "dossier.comment.required"}))
	}
	return nil
}

// officerAnswers checks what the action's form asks and adds it to the content.
func (s *Service) officerAnswers(pkg *service.Package, t Task, d Dossier, cmd *Command, c *Content, now nowAt) (answered bool, err error) {
	f, asks := pkg.Form.Officer(t.Step, cmd.Action)
	if !asks {
		return false, reason(cmd, nil)
	}
	given := form.Answers{}
	if len(cmd.Answers) > 0 {
		if given, err = f.ParseJSON(cmd.Answers); err != nil {
			return false, err
		}
	}
	if _, ok := f.Leaf(reasonPath); ok && cmd.Comment != "" {
		given = given.With(form.Answers{reasonPath: {Value: cmd.Comment}})
	}
	res := f.Validate(given, form.Env{
		Now: now.at, Case: d.Case, Channel: string(d.Channel), Units: s.units, Files: slices.Concat(c.Papers, cmd.Files), Dossier: c.Answers,
	})
	if err := res.Err(); err != nil {
		return false, err
	}
	if err := reason(cmd, res.Answers); err != nil {
		return false, err
	}
	delete(res.Answers, reasonPath)
	if len(res.Answers) == 0 && len(cmd.Files) == 0 {
		return false, nil
	}
	c.Papers = slices.Concat(c.Papers, cmd.Files)
	for path, a := range res.Answers {
		if a.From == form.Typed {
			a.From, a.At = form.Officer, now.at
			res.Answers[path] = a
		}
	}
	c.Officer = c.Officer.With(res.Answers)
	return true, nil
}

func (cmd Command) hash() []byte {
	h := sha256.New()
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(cmd.Task))
	binary.BigEndian.PutUint64(n[8:], uint64(cmd.Version))
	h.Write(n[:])
	for _, part := range [...]string{cmd.Action, string(cmd.Answers), cmd.Comment, unitList(cmd.Units)} {
		binary.BigEndian.PutUint64(n[:8], uint64(len(part)))
		h.Write(n[:8])
		h.Write([]byte(part))
	}
	for _, f := range cmd.Files {
		h.Write([]byte(f.Paper + "/" + f.SHA256 + "\n"))
	}
	return h.Sum(nil)
}

// outcome reads where a dossier stands, for the answer to a repeated act.
func (s *Service) outcome(ctx context.Context, d Dossier, v TaskID) (out Outcome, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		t, err := findTask(q, v)
		if err != nil {
			return err
		}
		out = Outcome{Dossier: d.ID, Code: d.Code, State: d.State, DueAt: d.DueAt, Task: v, Version: t.Version}
		if t.Open {
			out.Step = t.Step
		}
		return nil
	})
	return out, err
}

// takenBy is the conflict of a loser: who acted, and when.
func (s *Service) takenBy(ctx context.Context, v TaskID) error {
	var t Task
	err := s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
		t, err = findTask(q, v)
		return err
	})
	if err != nil {
		return err
	}
	return errs.E(errs.Conflict, "dossier.task.taken", errs.P("by", t.LastBy, "at", t.LastAt, "version", t.Version))
}

// Claim takes a task for the actor, so that colleagues see it is being worked on.
func (s *Service) Claim(ctx context.Context, v TaskID, version int64, key string) (Task, error) {
	sub := auth.From(ctx)
	return s.give(ctx, v, version, key, KindClaimed, sub.Account, mayClaim(sub))
}

// mayClaim refuses a task that a colleague holds.
func mayClaim(sub auth.Subject) func(Task) error {
	return func(t Task) error {
		if t.Assignee != 0 && t.Assignee != sub.Account {
			return errs.E(errs.Conflict, "dossier.task.claimed", errs.P("by", t.LastBy, "at", t.LastAt))
		}
		return nil
	}
}

// Assign gives a task to a colleague, or back to the queue (0). Only who holds it, or
// a head or leader of the unit, may.
func (s *Service) Assign(ctx context.Context, v TaskID, version int64, to int64, key string) (Task, error) {
	sub := auth.From(ctx)
	return s.give(ctx, v, version, key, KindAssigned, to, s.mayAssign(ctx, sub, to))
}

func (s *Service) mayAssign(ctx context.Context, sub auth.Subject, to int64) func(Task) error {
	return func(t Task) error {
		if t.Assignee != sub.Account && (t.Assignee != 0 || to != sub.Account) && !s.DealsOut(ctx, t.Unit) {
			return errs.E(errs.Forbidden, "dossier.task.assignByHead")
		}
		if to == 0 || to == sub.Account {
			return nil
		}
		return s.checkColleague(ctx, t, to)
	}
}

// checkGive refuses to hand a task on. Whoever holds it does not stop a head, who also
// deals out work that others do (dealt).
func (s *Service) checkGive(ctx context.Context, sub auth.Subject, t Task, d Dossier, version int64, dealt bool, may func(Task) error) error {
	err := s.checkAct(ctx, sub, t, d, Command{Version: version})
	if err == nil || errs.Is(err, errs.Conflict) || dealt && errs.Is(err, errs.Forbidden) && s.DealsOut(ctx, t.Unit) {
		err = may(t)
	}
	if err == nil && (!t.Open || t.Version != version) {
		err = errTaken
	}
	return err
}

func (s *Service) give(ctx context.Context, v TaskID, version int64, key, kind string, to int64, may func(Task) error) (t Task, err error) {
	defer errs.Op(&err, "dossier.give(%s)", v)
	sub := auth.From(ctx)
	hash := Command{Task: v, Version: version, Action: kind, Comment: ID(to).String()}.hash()
	var d Dossier
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		t, d, err = findForTask(q, v)
		return err
	})
	if err != nil {
		return t, err
	}
	if err = s.checkGive(ctx, sub, t, d, version, kind == KindAssigned && to != sub.Account, may); err == nil {
		now := s.Clock.Now()
		t.Assignee, t.LastBy, t.LastAt = to, sub.Name, now
		ch := &change{dossier: d, happened: Happening{State: d.State}}
		var entry journal.Entry
		entry, err = ch.entry(kind, sub, t.Unit.String(), nowAt{at: now}, func(h *Happening) {
			h.Step, h.By, h.Role = t.Step, sub.Name, t.Role
			if kind == KindAssigned && to != 0 {
				h.Whom = []int64{to}
			}
		})
		if err != nil {
			return t, err
		}
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := updateTask(tx, t); err != nil {
				return err
			}
			if _, err := s.Journal.Append(tx, entry); err != nil {
				return err
			}
			return once.Record(tx, sub.Account, key, hash, int64(d.ID))
		})
	}
	if err == nil {
		t.Version++
		return t, nil
	}
	if _, again, onceErr := s.replay(ctx, sub.Account, key, hash); onceErr != nil || again {
		if onceErr == nil {
			onceErr = s.DB.View(ctx, func(_ context.Context, q *db.View) error { t, err = findTask(q, v); return err })
		}
		return t, onceErr
	}
	if errors.Is(err, errTaken) {
		return t, s.takenBy(ctx, v)
	}
	return t, err
}
