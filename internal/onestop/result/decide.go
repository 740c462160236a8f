package result

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

func bookActor(s auth.Subject) book.Actor { return book.Actor{Account: s.Account, Name: s.Name} }

// agency is an agency as policies see it: a post in one of its offices is a post of it.
func (s *Service) agency(sub auth.Subject, u orgunit.UnitID) auth.Resource {
	return auth.Resource{Type: "Unit", ID: u.String(), Units: s.Units.Now().ScopesOf(u, sub.Scopes())}
}

// Agencies are those in which the reader holds a post.
func (s *Service) Agencies(ctx context.Context) []orgunit.Unit {
	return s.Units.Now().AgenciesOf(auth.From(ctx).Scopes())
}

const pageSize = 50

// List reads the results of an agency, the newest first. They name nobody in full. next is 0
// at the end. Forbidden for officers of others.
func (s *Service) List(ctx context.Context, u orgunit.UnitID, before ID) (out []Result, next ID, err error) {
	defer errs.Op(&err, "result.List(%s)", u)
	if err := s.Policies.Can(ctx, actRead, s.agency(auth.From(ctx), u)); err != nil {
		return nil, 0, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = ofUnit(v, u, before, pageSize+1)
		return err
	})
	if len(out) > pageSize {
		out = out[:pageSize]
		next = out[pageSize-1].ID
	}
	return out, next, err
}

// Find reads a result with those before and after it. NotFound also for officers of other
// agencies.
func (s *Service) Find(ctx context.Context, v ID) (r Result, all []Result, err error) {
	defer errs.Op(&err, "result.Find(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if r, err = find(q, v); err != nil {
			return err
		}
		all, err = allOf(q, r.Dossier)
		return err
	})
	if err == nil && !s.Policies.May(ctx, actRead, s.agency(auth.From(ctx), r.Unit)) {
		return Result{}, nil, errs.E(errs.NotFound, "result.none")
	}
	return r, all, err
}

// MayDecide reports whether the reader may replace and revoke results of an agency.
func (s *Service) MayDecide(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actDecide, s.agency(auth.From(ctx), u))
}

// MayRemake reports whether the reader may have a failed paper made again.
func (s *Service) MayRemake(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actRemake, s.agency(auth.From(ctx), u))
}

// Decision is an act of an officer on a result.
type Decision struct {
	Result    ID
	Changes   map[string]string // of a correction: fields of the register with their new values
	Reason    string
	Authority string // number and day of the decision
	Key       string // of the request
}

const (
	minWords = 5
	maxWords = 1000
	maxBasis = 300
)

// check tidies what was typed, and refuses an act without its reason or its decision.
func (d *Decision) check() error {
	return invalid(append(tidy(&d.Reason, "reason", maxWords), tidy(&d.Authority, "authority", maxBasis)...))
}

// checkReason is check for an act that rests on no decision.
func (d *Decision) checkReason() error { return invalid(tidy(&d.Reason, "reason", maxWords)) }

func tidy(text *string, field string, most int) (bad []errs.Field) {
	*text = i18n.NFC(strings.Join(strings.Fields(*text), " "))
	if n := utf8.RuneCountInString(*text); n < minWords || n > most {
		bad = append(bad, errs.Field{Path: field, Key: "result." + field, Params: errs.Params{"min": minWords, "max": most}})
	}
	return bad
}

func invalid(bad []errs.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return errs.E(errs.Invalid, "result.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
}

// decide runs an act on a result once. what names it, for the digest of the request.
func (s *Service) decide(ctx context.Context, d Decision, what string, action auth.Action, do func(tx *db.Tx, r Result, pkg *service.Package, sub auth.Subject) (ID, error)) (ID, error) {
	sub := auth.From(ctx)
	r, _, err := s.Find(ctx, d.Result)
	if err != nil {
		return 0, err
	}
	if err := s.Policies.Can(ctx, action, s.agency(sub, r.Unit)); err != nil {
		return 0, err
	}
	pkg, err := s.Services.ByDigest(r.Package)
	if err != nil {
		return 0, err
	}
	hash := once.Hash([]any{what, d.Result, d.Reason, d.Authority, encodeChanges(d.Changes)})
	out, _, err := once.Do(ctx, s.DB, sub.Account, d.Key, hash, func(_ context.Context, tx *db.Tx) (int64, error) {
		r, err := find(tx, d.Result)
		if err != nil {
			return 0, err
		}
		v, err := do(tx, r, pkg, sub)
		return int64(v), err
	})
	return ID(out), err
}

// Again has a result made whose paper failed, under a new number: the old one stays void. It
// returns the new result. Errors: Conflict where it did not fail.
func (s *Service) Again(ctx context.Context, d Decision) (v ID, err error) {
	defer errs.Op(&err, "result.Again(%s)", d.Result)
	return s.decide(ctx, d, "again", actRemake, func(tx *db.Tx, r Result, pkg *service.Package, sub auth.Subject) (ID, error) {
		if r.State != Failed {
			return 0, errs.E(errs.Conflict, "result.cannot.again")
		}
		if now, err := latest(tx, r.Dossier); err != nil || now.ID != r.ID && r.Replaces == 0 {
			if err == nil {
				err = errs.E(errs.Conflict, "result.already", errs.P("number", now.Text))
			}
			return 0, err
		}
		next, err := s.begin(tx, fresh(r), pkg, sub)
		return next.ID, err
	})
}

// fresh is a result to be made for the same dossier.
func fresh(r Result) Result {
	return Result{
		Dossier: r.Dossier, Code: r.Code, Service: r.Service, Package: r.Package, Kind: r.Kind, Register: r.Register, Unit: r.Unit, Holder: r.Holder,
		Signer: r.Signer, SignedBy: r.SignedBy, Replaces: r.Replaces, Changes: r.Changes, Reason: reasonOf(r), Basis: r.Basis,
	}
}

// reasonOf is the reason of a correction; that of a failure does not go on.
func reasonOf(r Result) string {
	if r.Replaces == 0 {
		return ""
	}
	return r.Reason
}

// Replace corrects a result by a new one under a new number that names the old, by a decision.
// The old one stands until the new one is made. It returns the new result. Errors: Invalid
// with fields; Conflict where it does not stand.
func (s *Service) Replace(ctx context.Context, d Decision) (v ID, err error) {
	defer errs.Op(&err, "result.Replace(%s)", d.Result)
	if err := d.check(); err != nil {
		return 0, err
	}
	return s.decide(ctx, d, "replace", actDecide, func(tx *db.Tx, r Result, pkg *service.Package, sub auth.Subject) (ID, error) {
		if r.State != Issued {
			return 0, errs.E(errs.Conflict, "result.cannot.replace")
		}
		all, err := allOf(tx, r.Dossier)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(all, func(x Result) bool { return x.State == Intended }) {
			return 0, errs.E(errs.Conflict, "result.beingMade")
		}
		reg := RegisterOf(pkg)
		for f := range d.Changes {
			if _, ok := reg.Field(f); !ok {
				return 0, errs.E(errs.Invalid, "record.unknownField", errs.WithFields(errs.Field{Path: f, Key: "record.unknownField"}))
			}
		}
		if len(d.Changes) == 0 {
			return 0, errs.E(errs.Invalid, "result.noChange")
		}
		next := fresh(r)
		next.Replaces, next.Changes, next.Reason, next.Basis = r.ID, merge(r.Changes, d.Changes), d.Reason, d.Authority
		next.Signer, next.SignedBy = sub.Account, sub.Name // who decides on the correction signs it
		next, err = s.begin(tx, next, pkg, sub)
		return next.ID, err
	})
}

// merge is a correction laid over earlier ones.
func merge(old, now map[string]string) map[string]string {
	out := make(map[string]string, len(old)+len(now))
	maps.Copy(out, old)
	maps.Copy(out, now)
	return out
}

// Revoke ends a result by a decision: it and its entry hold no more. Errors: Invalid with
// fields; Conflict where it does not stand.
func (s *Service) Revoke(ctx context.Context, d Decision) (err error) {
	defer errs.Op(&err, "result.Revoke(%s)", d.Result)
	if err := d.check(); err != nil {
		return err
	}
	_, err = s.decide(ctx, d, "revoke", actDecide, func(tx *db.Tx, r Result, pkg *service.Package, sub auth.Subject) (ID, error) {
		if r.State != Issued {
			return 0, errs.E(errs.Conflict, "result.cannot.revoke")
		}
		r.State, r.EndedAt, r.EndedBy, r.Reason, r.Basis = Revoked, tx.Now(), sub.Name, d.Reason, d.Authority
		if err := move(tx, r); err != nil {
			return 0, err
		}
		e, err := s.Records.Get(tx, r.Entry)
		if err != nil {
			return 0, err
		}
		if e.Status != record.Revoked {
			if _, err = s.Records.ActIn(tx, RegisterOf(pkg), record.Act{
				Entry: e.ID, Version: e.Version, Do: record.Revoke, Reason: d.Reason, Authority: d.Authority, Effective: clock.DateOf(tx.Now()),
			}, record.Actor{Account: sub.Account, Name: sub.Name}); err != nil {
				return 0, err
			}
		}
		return r.ID, s.tell(tx, EventRevoked, r, sub, "")
	})
	return err
}

// Values are what the register holds of a result, for the form of a correction.
func (s *Service) Values(ctx context.Context, r Result) (reg record.Register, e record.Entry, err error) {
	defer errs.Op(&err, "result.Values(%s)", r.ID)
	pkg, err := s.Services.ByDigest(r.Package)
	if err != nil {
		return reg, e, err
	}
	if e, _, err = s.Records.Open(ctx, r.Entry, clock.Date{}); err != nil {
		return reg, e, err
	}
	return RegisterOf(pkg), e, nil
}

// EntryStatus is how the register holds the entry of a result: somebody may have suspended or revoked
// it there alone.
func (s *Service) EntryStatus(ctx context.Context, r Result) (st record.Status, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		e, err := s.Records.Get(v, r.Entry)
		st = e.Status
		return err
	})
	return st, err
}

// KindName is what a result is called.
func (s *Service) KindName(r Result) (vi, en string) {
	if pkg, err := s.Services.ByDigest(r.Package); err == nil {
		if l := known(pkg, "result."+r.Kind); !l.IsZero() {
			return l.VI, l.EN
		}
		l := pkg.Name()
		return l.VI, l.EN
	}
	return r.Kind, r.Kind
}

// Card is what anybody is told of a paper that they hold.
type Card struct {
	Result
	Holds  bool          // in force today
	Status record.Status // of the entry
	Until  clock.Date    // last day of its validity; zero: without end
	Next   *Result       // the one that took its place
}

// Look finds a result by the code on its paper: who has the paper is told whether it holds.
// NotFound for a code that no paper bears; one whose paper was never made tells no more.
func (s *Service) Look(ctx context.Context, code string) (c Card, err error) {
	defer errs.Op(&err, "result.Look")
	return s.look(ctx, func(v *db.View) (Result, error) { return findPublic(v, strings.ToUpper(strings.TrimSpace(code))) })
}

// LookFile is Look for whoever has the file of a paper, by its SHA-256. NotFound for a file that the
// city did not give out.
func (s *Service) LookFile(ctx context.Context, sha256 string) (c Card, err error) {
	defer errs.Op(&err, "result.LookFile")
	return s.look(ctx, func(v *db.View) (Result, error) { return findFile(v, sha256) })
}

func (s *Service) look(ctx context.Context, by func(v *db.View) (Result, error)) (c Card, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if c.Result, err = by(v); err != nil {
			return err
		}
		if c.State == Intended || c.State == Failed {
			return errs.E(errs.NotFound, "result.none")
		}
		if c.After != 0 {
			next, err := find(v, c.After)
			if err != nil {
				return err
			}
			c.Next = &next
		}
		e, err := s.Records.Get(v, c.Entry)
		if err != nil {
			return err
		}
		c.Status, c.Until = e.Status, e.Until
		c.Holds = c.State == Issued && e.ValidOn(clock.DateOf(s.Clock.Now()))
		return nil
	})
	return c, err
}

// OfDossier are the results of a dossier that the reader may see whole, for its pages.
func (s *Service) OfDossier(ctx context.Context, d dossier.Dossier) (out []Result, err error) {
	defer errs.Op(&err, "result.OfDossier")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = allOf(v, d.ID)
		return err
	})
	return out, err
}

// Made counts the results that stand, for figures.
func (s *Service) Made(ctx context.Context) (n int, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		n, err = made(v)
		return err
	})
	return n, err
}
