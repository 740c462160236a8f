package dossier

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// repairPrefix begins the step of a task that repairs: what follows is the element at
// which the dossier is stuck.
const repairPrefix = "repair."

// RepairOf is the element that a task is to repair; false for every other task.
func RepairOf(step string) (element string, ok bool) { return strings.CutPrefix(step, repairPrefix) }

// stuck opens a task for the leaders of the competent agency: a dossier that cannot go on
// by itself stands in their queue, with the cause.
func (ch *change) stuck(e process.GotStuck) {
	ch.opened = append(ch.opened, process.TaskOpened{
		Token: e.Token, Step: repairPrefix + e.Step, Role: string(orgunit.RoleLeader), Unit: ch.home,
	})
	ch.happened.Cause = e.Cause
}

// The corrections. Each is a new entry with its authority; nothing that was is changed.
const (
	CorrectRetry  = "retry"  // try again what is stuck
	CorrectSkip   = "skip"   // pass over what is stuck
	CorrectMove   = "move"   // put a branch at another step
	CorrectUndo   = "undo"   // take a wrong hand-over back
	CorrectReopen = "reopen" // let an ended dossier go on
	CorrectHalt   = "halt"   // stop by a court's order or a superior's decision
	CorrectMerge  = "merge"  // stop a duplicate in favour of another dossier
)

const kindCorrectPrefix = "dossier.correct."

// Correction is a change of course by an officer with the authority for it.
type Correction struct {
	Kind      string
	Dossier   string // code
	Token     int    // of retry, skip, move and undo
	Step      string // where move and reopen lead
	Into      string // code of the dossier that a duplicate goes into
	Reason    string // told to auditors; of halt, merge and reopen also to the applicant
	Authority string // the order or decision that it rests on; required for reopen, halt and merge
	Key       string
}

// Correct applies a correction. A head or leader of the competent agency may; undoing also
// the officer who handed the task over, while nobody took it. Errors: Forbidden, NotFound,
// Invalid with fields, Conflict where the dossier has moved on.
func (s *Service) Correct(ctx context.Context, c Correction) (out Outcome, err error) {
	defer errs.Op(&err, "dossier.Correct(%s)", c.Kind)
	sub := auth.From(ctx)
	c.Reason, c.Authority = strings.TrimSpace(c.Reason), strings.TrimSpace(c.Authority)
	ev, err := c.event()
	if err != nil {
		return out, err
	}
	hash := c.hash()
	var d, into Dossier
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if d, err = findByCode(v, NormalCode(c.Dossier)); err != nil || c.Kind != CorrectMerge {
			return err
		}
		if into, err = findByCode(v, NormalCode(c.Into)); err != nil || into.ID == d.ID || into.Procedure != d.Procedure {
			return errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "into", Key: "dossier.correct.into"}))
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	if err := s.mayCorrect(ctx, sub, d, c); err != nil {
		return out, err
	}
	ch, err := s.advance(ctx, moved{
		id: d.ID, by: sub, kind: kindCorrectPrefix + c.Kind, event: ev,
		check: func(d Dossier, pkg *service.Package) error {
			if err := c.step(pkg); err != nil {
				return err
			}
			return s.mayGoBack(ctx, d, c)
		},
		tell: func(_ Dossier, h *Happening) {
			h.By, h.Action, h.Comment, h.Authority = sub.Name, c.Kind, c.Reason, c.Authority
			h.Link = into.Code
			h.Public = c.Kind == CorrectReopen || c.Kind == CorrectHalt || c.Kind == CorrectMerge
		},
		also: func(tx *db.Tx, _ *change) error {
			if into.ID != 0 {
				if err := s.linked(tx, into, d, sub, c); err != nil {
					return err
				}
			}
			return once.Record(tx, sub.Account, c.Key, hash, int64(d.ID))
		},
	})
	if err != nil {
		if first, again, onceErr := s.replay(ctx, sub.Account, c.Key, hash); onceErr != nil || again {
			return Outcome{Dossier: first.ID, Code: first.Code, State: first.State, DueAt: first.DueAt}, onceErr
		}
		return out, err
	}
	return Outcome{Dossier: d.ID, Code: d.Code, State: ch.dossier.State, DueAt: ch.dossier.DueAt}, nil
}

// event checks what can be checked without the dossier.
func (c Correction) event() (process.Event, error) {
	kinds := map[string]process.EventKind{
		CorrectRetry: process.Retry, CorrectSkip: process.Skip, CorrectMove: process.Move, CorrectUndo: process.Recall,
		CorrectReopen: process.Reopen, CorrectHalt: process.Halt, CorrectMerge: process.Halt,
	}
	kind, ok := kinds[c.Kind]
	if !ok {
		return process.Event{}, errs.E(errs.Invalid, "dossier.correct.kind", errs.P("kind", c.Kind))
	}
	var bad []errs.Field
	if c.Reason == "" && c.Kind != CorrectRetry {
		bad = append(bad, errs.Field{Path: "reason", Key: "dossier.correct.reason"})
	}
	if utf8.RuneCountInString(c.Reason)+utf8.RuneCountInString(c.Authority) > maxCommentSize {
		bad = append(bad, errs.Field{Path: "reason", Key: "dossier.comment.long", Params: errs.Params{"max": maxCommentSize}})
	}
	switch c.Kind {
	case CorrectReopen, CorrectHalt, CorrectMerge:
		if c.Authority == "" {
			bad = append(bad, errs.Field{Path: "authority", Key: "dossier.correct.authority"})
		}
	}
	if len(bad) > 0 {
		return process.Event{}, errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return process.Event{Kind: kind, Token: c.Token, To: c.Step}, nil
}

// step refuses a step that is no officer's of the pinned version.
func (c Correction) step(pkg *service.Package) error {
	if c.Kind != CorrectMove && c.Kind != CorrectReopen {
		return nil
	}
	if info, ok := pkg.Process.Step(c.Step); ok && len(info.Actions) > 0 && info.Role != process.RoleApplicant {
		return nil
	}
	return errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "step", Key: "dossier.correct.step"}))
}

// mayGoBack refuses to let a dossier be decided again while the result of the first decision stands or
// is being made: two papers would say two things. Conflict, with its number.
func (s *Service) mayGoBack(ctx context.Context, d Dossier, c Correction) (err error) {
	if s.Results == nil || c.Kind != CorrectReopen && (c.Kind != CorrectMove || d.State != process.Done) {
		return nil
	}
	number := ""
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		number, err = s.Results.NumberOf(v, d.ID)
		return err
	})
	if err == nil && number != "" {
		err = errs.E(errs.Conflict, "dossier.correct.resultStands", errs.P("number", number, "code", d.Code))
	}
	return err
}

// mayCorrect says who may.
func (s *Service) mayCorrect(ctx context.Context, sub auth.Subject, d Dossier, c Correction) error {
	if !s.maySee(ctx, sub, d) {
		return errs.E(errs.NotFound, "dossier.notFound")
	}
	r := at(d, d.Competent)
	if c.Kind == CorrectUndo {
		last, err := s.lastActor(ctx, d)
		if err != nil {
			return err
		}
		r.State, r.About = CorrectUndo, []int64{last}
	}
	return s.Policies.Can(ctx, actCorrect, r)
}

// MayCorrect reports whether a subject has the authority to correct a dossier.
func (s *Service) MayCorrect(ctx context.Context, sub auth.Subject, d Dossier) bool {
	return s.Policies.Permits(ctx, sub, actCorrect, at(d, d.Competent))
}

// lastActor is the account that acted last on a dossier.
func (s *Service) lastActor(ctx context.Context, d Dossier) (int64, error) {
	actor, after := int64(0), journal.EntryID(0)
	for {
		records, err := s.Journal.BySubject(ctx, journal.Subject{Type: SubjectType, ID: int64(d.ID)}, after, maxLines)
		if err != nil {
			return 0, err
		}
		for _, r := range records {
			if after = r.ID; strings.HasPrefix(r.Kind, kindActPrefix) {
				actor = r.Actor
			} else if r.Kind == KindClaimed || r.Kind == KindAssigned {
				actor = 0 // somebody works on it already
			}
		}
		if len(records) < maxLines {
			return actor, nil
		}
	}
}

const maxLines = 100

// linked writes into the dossier that a duplicate went into where it came from.
func (s *Service) linked(tx *db.Tx, into, from Dossier, sub auth.Subject, c Correction) error {
	ch := &change{dossier: into, happened: Happening{State: into.State}}
	entry, err := ch.entry(kindCorrectPrefix+"merged", sub, into.Receiving.String(), nowAt{}, func(h *Happening) {
		h.By, h.Action, h.Comment, h.Authority, h.Link = sub.Name, "merged", c.Reason, c.Authority, from.Code
	})
	if err == nil {
		_, err = s.Journal.Append(tx, entry)
	}
	return err
}

func (c Correction) hash() []byte {
	c.Key = ""
	b, err := json.Marshal(c)
	if err != nil {
		panic("dossier: correction: " + err.Error()) // plain words only
	}
	sum := sha256.Sum256(b)
	return sum[:]
}
