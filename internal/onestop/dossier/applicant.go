package dossier

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/once"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
)

// Viewer is who asks about a dossier: the subject of the context, or the bearer of
// its access key or of the phone number written in it.
type Viewer struct {
	Key   string
	Phone string
}

// Supply completes a dossier whose supplement was asked: new papers, and answers
// that replace the earlier ones. Only the owner may, or a clerk at the counter.
type Supply struct {
	Code    string
	Answers form.Answers
	Papers  []form.File
	Note    string
	Key     string
	Viewer  Viewer
}

// Supplement adds what was asked and sends the dossier back to the one-stop. Errors:
// NotFound where the caller is not its owner, Conflict where nothing is asked, Invalid.
func (s *Service) Supplement(ctx context.Context, in Supply) (out Outcome, err error) {
	defer errs.Op(&err, "dossier.Supplement")
	return s.byApplicant(ctx, applicantAct{
		code: in.Code, viewer: in.Viewer, key: in.Key, kind: KindSupplied, event: process.Event{Kind: process.Supply},
		body: in, comment: in.Note, unavailable: "dossier.supplement.notAsked",
		change: func(c *Content) (bool, error) {
			if len(in.Papers) == 0 && len(in.Answers) == 0 && strings.TrimSpace(in.Note) == "" {
				return false, errs.E(errs.Invalid, "dossier.supplement.empty")
			}
			c.Answers = c.Answers.With(in.Answers)
			c.Papers = append(c.Papers, in.Papers...)
			return true, nil
		},
	})
}

// Withdraw takes a dossier back. Errors: NotFound, Conflict where it has ended.
func (s *Service) Withdraw(ctx context.Context, code, reason, key string, viewer Viewer) (out Outcome, err error) {
	defer errs.Op(&err, "dossier.Withdraw")
	return s.byApplicant(ctx, applicantAct{
		code: code, viewer: viewer, key: key, kind: KindWithdrawn, event: process.Event{Kind: process.Withdraw},
		body: reason, comment: reason, unavailable: "dossier.withdraw.ended",
	})
}

// Answer is the applicant's act at a step that waits for them, such as confirming
// the draft of a certificate.
func (s *Service) Answer(ctx context.Context, code, action, note, key string, viewer Viewer) (out Outcome, err error) {
	defer errs.Op(&err, "dossier.Answer")
	return s.byApplicant(ctx, applicantAct{
		code: code, viewer: viewer, key: key, kind: KindOf(action), event: process.Event{Kind: process.Act, Action: action},
		body: []string{action, note}, comment: note, unavailable: "dossier.answer.notAsked", waiting: true,
	})
}

type applicantAct struct {
	code        string
	viewer      Viewer
	key         string
	kind        string
	event       process.Event
	body        any
	comment     string
	unavailable string // sentence where the dossier does not wait for this
	waiting     bool   // the event is for the token that waits for the applicant
	change      func(*Content) (bool, error)
}

func (s *Service) byApplicant(ctx context.Context, a applicantAct) (out Outcome, err error) {
	sub := auth.From(ctx)
	b, err := json.Marshal([]any{a.code, a.kind, a.body})
	if err != nil {
		return out, err
	}
	sum := sha256.Sum256(b)
	for range maxRestep {
		out, err = s.applicantStep(ctx, sub, a, sum[:])
		if !raced(err) {
			break
		}
	}
	if err == nil {
		return out, nil
	}
	if d, again, onceErr := s.replay(ctx, sub.Account, a.key, sum[:]); onceErr != nil || again {
		return Outcome{Dossier: d.ID, Code: d.Code, State: d.State, DueAt: d.DueAt}, onceErr
	}
	if raced(err) {
		err = errs.E(errs.Conflict, "dossier.busy", errs.Cause(err))
	}
	return Outcome{}, err
}

func (s *Service) applicantStep(ctx context.Context, sub auth.Subject, a applicantAct, hash []byte) (out Outcome, err error) {
	var (
		d    Dossier
		c    Content
		rows []Task
	)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if d, err = findByCode(v, NormalCode(a.code)); err != nil {
			return err
		}
		if rows, err = tasksOf(v, d.ID); err != nil {
			return err
		}
		if may, err := s.mayAsApplicant(ctx, v, sub, d, a.viewer); err != nil {
			return err
		} else if !may {
			return errs.E(errs.NotFound, "dossier.notFound")
		}
		c, err = findContent(v, d.ID)
		return err
	})
	if err != nil {
		return out, err
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return out, err
	}
	changed := false
	if a.change != nil {
		if changed, err = a.change(&c); err != nil {
			return out, err
		}
	}
	ev := a.event
	if a.waiting {
		t, ok := d.Instance.Waiting(process.ForApplicant)
		if !ok {
			return out, errs.E(errs.Conflict, a.unavailable)
		}
		ev.Token = t.N
	}
	now := nowAt{at: s.Clock.Now()}
	ch, err := s.step(d, pkg, ev, now, c)
	if errs.Is(err, errs.Conflict) || errs.Is(err, errs.Invalid) {
		return out, errs.E(errs.Conflict, a.unavailable, errs.Cause(err))
	}
	if err != nil {
		return out, err
	}
	ch.tasks = rows
	by := c.Filing.Submitter.Name
	if sub.SignedIn() {
		by = sub.Name
	}
	entry, err := ch.entry(a.kind, sub, d.Receiving.String(), now, func(h *Happening) {
		h.By, h.Comment, h.Action, h.Public = by, a.comment, ev.Action, true
	})
	if err != nil {
		return out, err
	}
	var text contentJSON
	if changed {
		if text, err = encodeContent(c); err != nil {
			return out, err
		}
	}
	sub.Name = by
	receipt, err := s.write(ctx, ch, sub, now.at, func(tx *db.Tx) error {
		if changed {
			if err := updateContent(tx, d.ID, text); err != nil {
				return err
			}
		}
		return once.Record(tx, sub.Account, a.key, hash, int64(d.ID))
	}, entry)
	return Outcome{Dossier: d.ID, Code: d.Code, State: ch.dossier.State, DueAt: ch.dossier.DueAt, Entry: receipt.ID.String()}, err
}

// MaySupply reports whether the subject of ctx, or the bearer of a key, may act for the
// applicant of a dossier: its owner, whoever may act for them, who follows it, the bearer, a
// clerk of the agency that receives. Forbidden where a mandate holds no more.
func (s *Service) MaySupply(ctx context.Context, d Dossier, v Viewer) (may bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		may, err = s.mayAsApplicant(ctx, q, auth.From(ctx), d, v)
		return err
	})
	return may, err
}

// Repeated reports whether the subject of ctx acted under a request key before, whatever
// was sent with it.
func (s *Service) Repeated(ctx context.Context, key string) (bool, error) {
	_, found, err := s.replay(ctx, auth.From(ctx).Account, key, nil)
	if errs.Is(err, errs.Mismatch) {
		return true, nil
	}
	return found, err
}

func (s *Service) viewerFits(d Dossier, v Viewer) bool {
	if s.keyFits(d.Code, v.Key) {
		return true
	}
	phone, ok := NormalPhone(v.Phone)
	return ok && phone == d.Phone
}
