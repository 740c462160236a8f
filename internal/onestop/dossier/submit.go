package dossier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/v1"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// nowAt is the instant of an act, and when it was claimed to have happened.
type nowAt struct{ at, occurred time.Time }

const maxCopies = 50

var emailShape = regexp.MustCompile(`^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}\.[^\s@<>".]{2,24}$`)

// Check says what is wrong with a submission without filing it: the pages use it for
// the review. The result's answers are in canonical form.
func (s *Service) Check(ctx context.Context, in Submission) (pkg *service.Package, res form.Result, err error) {
	defer errs.Op(&err, "dossier.Check(%s)", in.Service)
	return s.check(ctx, &in, s.Clock.Now())
}

func (s *Service) check(ctx context.Context, in *Submission, now time.Time) (*service.Package, form.Result, error) {
	day := clock.DateOf(now)
	pkg, err := s.Services.Find(in.Service, day)
	if err != nil {
		return nil, form.Result{}, err
	}
	var bad []errs.Field
	if in.Case == "" && len(pkg.Cases) > 0 {
		in.Case = pkg.Cases[0]
	}
	if len(pkg.Cases) > 0 && !slices.Contains(pkg.Cases, in.Case) {
		bad = append(bad, errs.Field{Path: "case", Key: "dossier.submit.case", Params: errs.Params{"cases": strings.Join(pkg.Cases, ", ")}})
	}
	if in.Channel == "" {
		in.Channel = service.Online
	}
	if !pkg.Offers(in.Channel) {
		bad = append(bad, errs.Field{Path: "channel", Key: "dossier.submit.channel", Params: errs.Params{"channel": string(in.Channel)}})
	}
	if in.Channel != service.Online {
		if err := s.Policies.Can(ctx, actFileAtCounter, auth.Resource{}); err != nil {
			return nil, form.Result{}, err
		}
	}
	bad = append(bad, checkFiling(pkg, in)...)
	res := pkg.Form.Validate(in.Answers, form.Env{
		Now: now, Case: in.Case, Channel: string(in.Channel), Units: s.units, Files: in.Papers,
	})
	if in.Lacking && in.Channel != service.Online {
		res.Errors = slices.DeleteFunc(res.Errors, func(f errs.Field) bool { return strings.HasPrefix(f.Path, "papers.") })
	}
	res.Errors = append(bad, res.Errors...)
	return pkg, res, nil
}

// CheckFiling says what is wrong with everything of a submission but its form.
func CheckFiling(pkg *service.Package, in Submission) error {
	if bad := checkFiling(pkg, &in); len(bad) > 0 {
		return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return nil
}

func checkFiling(pkg *service.Package, in *Submission) (bad []errs.Field) {
	party := func(path string, p *Party) {
		p.Name, p.Email = strings.TrimSpace(p.Name), strings.TrimSpace(p.Email)
		switch n := utf8.RuneCountInString(p.Name); {
		case n < 2:
			bad = append(bad, errs.Field{Path: path + ".name", Key: "dossier.submit.name"})
		case n > 120:
			bad = append(bad, errs.Field{Path: path + ".name", Key: "dossier.submit.nameLong"})
		}
		if phone, ok := NormalPhone(p.Phone); ok {
			p.Phone = phone
		} else {
			bad = append(bad, errs.Field{Path: path + ".phone", Key: "dossier.submit.phone"})
		}
		if p.Email != "" && !emailShape.MatchString(p.Email) {
			bad = append(bad, errs.Field{Path: path + ".email", Key: "dossier.submit.email"})
		}
	}
	party("applicant", &in.Applicant)
	if in.Submitter == (Party{}) {
		in.Submitter = in.Applicant
		in.Submitter.Capacity = "self"
	} else {
		party("submitter", &in.Submitter)
	}
	if in.Delivery.Method == "" && len(pkg.Result.Deliver) > 0 {
		in.Delivery.Method = pkg.Result.Deliver[0]
	}
	if !slices.Contains(pkg.Result.Deliver, in.Delivery.Method) {
		bad = append(bad, errs.Field{Path: "delivery.method", Key: "dossier.submit.delivery", Params: errs.Params{"methods": strings.Join(pkg.Result.Deliver, ", ")}})
	}
	if in.Delivery.Method == "post" && len(strings.TrimSpace(in.Delivery.Address)) < 8 {
		bad = append(bad, errs.Field{Path: "delivery.address", Key: "dossier.submit.address"})
	}
	if in.Copies < 0 || in.Copies > maxCopies || (in.Copies > 0 && !pkg.Result.Copies) {
		bad = append(bad, errs.Field{Path: "copies", Key: "dossier.submit.copies", Params: errs.Params{"max": maxCopies}})
	}
	return bad
}

// NormalPhone puts a Vietnamese phone number into ten or eleven digits; false
// where it is none.
func NormalPhone(s string) (string, bool) {
	var b strings.Builder
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '.' || r == '-' || r == '(' || r == ')' || r == '\u00a0':
		case r == '+' && i == 0:
		default:
			return "", false
		}
	}
	d := b.String()
	if rest, ok := strings.CutPrefix(d, "84"); ok && (len(d) == 11 || len(d) == 12) {
		d = "0" + rest
	}
	if len(d) < 10 || len(d) > 11 || d[0] != '0' || d[1] == '0' {
		return "", false
	}
	return d, true
}

// Submit files a dossier. The due date does not exist yet: it comes with acceptance.
// The same key and submission again returns the answer to the first. Errors: Invalid
// with fields, NotFound for a service that is not in force, Mismatch for a key that
// came with another submission.
func (s *Service) Submit(ctx context.Context, in Submission) (out Filed, err error) {
	defer errs.Op(&err, "dossier.Submit(%s)", in.Service)
	hash, err := in.hash()
	if err != nil {
		return out, err
	}
	out, err = s.submit(ctx, in, hash)
	if err == nil || errs.Is(err, errs.Forbidden) || errs.Is(err, errs.Unauthenticated) {
		return out, err
	}
	// Whatever went wrong, it may be the second coming of a filing that went well.
	if first, again, onceErr := s.refiled(ctx, in.Key, hash); onceErr != nil || again {
		return first, onceErr
	}
	return out, err
}

func (s *Service) submit(ctx context.Context, in Submission, hash []byte) (out Filed, err error) {
	now := nowAt{at: s.Clock.Now(), occurred: in.Occurred}
	sub := auth.From(ctx)
	party, behalf, err := s.behalf(ctx, &in)
	if err != nil {
		return out, err
	}
	pkg, res, err := s.check(ctx, &in, now.at)
	if err != nil {
		return out, err
	}
	if in.Channel == service.Online {
		if err := CheckLevel(ctx, pkg); err != nil {
			return out, err
		}
	}
	if err := res.Err(); err != nil {
		return out, err
	}
	place, err := s.Places.Hold(ctx, pkg, in.Channel == service.Online, res.Answers)
	if err != nil {
		return out, err
	}
	d, err := s.newDossier(in, pkg, res.Answers, sub, now)
	if err != nil {
		return out, err
	}
	c := Content{Answers: res.Answers, Papers: in.Papers, Filing: Filing{
		Applicant: in.Applicant, Submitter: in.Submitter, Delivery: in.Delivery, Copies: in.Copies, Lang: in.Lang, Behalf: behalf,
	}}
	text, err := encodeContent(c)
	if err != nil {
		return out, err
	}
	ch, err := s.step(d, pkg, process.Event{Kind: process.Submit}, now, c)
	if err != nil {
		return out, err
	}
	d = ch.dossier
	if d.Code, err = s.codes.next(ctx, s.codeSign(d), clock.DateOf(now.at)); err != nil {
		return out, err
	}
	ch.dossier.Code = d.Code
	s.plan(ch, in.Submitter.Name, now.at)
	said := &Said{ReceiveBy: db.Millis(d.ReceiveBy), Warnings: len(res.Warnings)}
	if len(ch.writes) == 1 {
		said.Task, said.Version = ch.writes[0].ID, ch.writes[0].Version
	}
	entry, err := ch.entry(KindSubmitted, sub, d.Reception.String(), now, func(h *Happening) {
		h.By, h.Content, h.Said = in.Submitter.Name, contentHash(text), said
	})
	if err != nil {
		return out, err
	}
	entries, texts, err := s.register(ctx, ch, in.Submitter.Name, now)
	if err != nil {
		return out, err
	}
	var receipt journal.Receipt
	file := func(ctx context.Context, tx *db.Tx) error {
		if err := insertDossier(tx, d, ch.instance); err != nil {
			return err
		}
		if err := insertContent(tx, d.ID, text); err != nil {
			return err
		}
		if party.party != "" {
			if err := insertBehalf(tx, d.ID, party); err != nil {
				return err
			}
		}
		if err := place.Take(tx, int64(d.ID)); err != nil {
			return err
		}
		if err := s.writeTasks(tx, ch); err != nil {
			return err
		}
		if receipt, err = s.Journal.Append(tx, entry); err != nil {
			return err
		}
		if err := s.putFee(tx, ch); err != nil {
			return err
		}
		if err := s.writeFamily(tx, ch, entries, texts); err != nil {
			return err
		}
		s.wasFiled(tx, d)
		return once.Record(tx, sub.Account, in.Key, hash, int64(d.ID))
	}
	err = s.Places.Place(ctx, place, func() error { return s.DB.InTx(ctx, file) })
	if err != nil {
		return out, err
	}
	out = s.filed(ctx, d, said, ch.happened.To)
	out.Promise, err = s.Journal.Promise(receipt)
	return out, err
}

// filed is what whoever filed a dossier is told; to is where its branches went.
func (s *Service) filed(ctx context.Context, d Dossier, said *Said, to []Moved) Filed {
	f := Filed{ID: d.ID, Code: d.Code, State: d.State, ReceiveBy: db.Time(said.ReceiveBy), Key: s.AccessKey(d.Code), Warnings: said.Warnings}
	if said.Task != 0 && len(to) == 1 {
		sub, unit := auth.From(ctx), orgunit.UnitID(to[0].Unit)
		if s.mayAct(ctx, sub, to[0].Role, unit) || s.receivesFor(ctx, sub, d, to[0].Role) {
			f.Task, f.TaskVersion = said.Task, said.Version
		}
	}
	return f
}

// refiled is the answer to the filing that a key made before, as it was given then: from its
// journal entry, since the dossier has moved on.
func (s *Service) refiled(ctx context.Context, key string, hash []byte) (out Filed, found bool, err error) {
	d, found, err := s.replay(ctx, auth.From(ctx).Account, key, hash)
	if err != nil || !found {
		return out, found, err
	}
	records, err := s.Journal.BySubject(ctx, journal.Subject{Type: SubjectType, ID: int64(d.ID)}, 0, 10)
	if err != nil {
		return out, true, err
	}
	said, to := &Said{ReceiveBy: db.Millis(d.ReceiveBy)}, []Moved(nil)
	for _, r := range records {
		if r.Kind != KindSubmitted {
			continue
		}
		l, err := lineOf(r)
		if err != nil {
			return out, true, err
		}
		if l.Said != nil { // neither erased nor of an older program
			d.State, said, to = l.State, l.Said, l.To
		}
		if out.Promise, err = s.Journal.PromiseOf(ctx, r.ID); err != nil {
			return out, true, err
		}
	}
	promise := out.Promise
	out = s.filed(ctx, d, said, to)
	out.Promise = promise
	return out, true, nil
}

// replay finds the dossier that a key made before.
func (s *Service) replay(ctx context.Context, actor int64, key string, hash []byte) (d Dossier, found bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		var result int64
		if result, found, err = once.Find(v, actor, key, hash); err != nil || !found {
			return err
		}
		d, err = findByID(v, ID(result))
		return err
	})
	return d, found, err
}

// newDossier computes the three agencies and what never changes.
func (s *Service) newDossier(in Submission, pkg *service.Package, answers form.Answers, sub auth.Subject, now nowAt) (Dossier, error) {
	day := clock.DateOf(now.at)
	who := pkg.Agencies(answers, form.Env{Now: now.at, Case: in.Case, Channel: string(in.Channel), Units: s.units})
	receiving, err := s.units.place(who.Receiving, day)
	competent := receiving
	if err == nil && who.Competent != who.Receiving {
		competent, err = s.units.place(who.Competent, day)
	}
	if err != nil {
		return Dossier{}, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.Cause(err),
			errs.WithFields(errs.Field{Path: pkg.Competent.By, Key: "dossier.submit.competent"}))
	}
	reception := receiving
	if in.Unit != "" {
		if reception, err = s.units.agency(in.Unit, day); err != nil {
			return Dossier{}, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.Cause(err),
				errs.WithFields(errs.Field{Path: "unit", Key: "dossier.submit.unit"}))
		}
		if pkg.Receive == service.CompetentOnly && reception.ID != receiving.ID {
			return Dossier{}, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1),
				errs.WithFields(errs.Field{Path: "unit", Key: "dossier.submit.competentOnly", Params: errs.Params{"unit": receiving.Name}}))
		}
	}
	owner := sub.Account
	if sub.Kind == auth.KindOfficer {
		owner = 0 // an officer types for the person at the counter
	}
	return Dossier{
		ID: id.New[Dossier](s.Gen), Service: pkg.ID, Package: pkg.Digest, Procedure: pkg.Procedure, Case: in.Case, Channel: in.Channel,
		Reception: reception.ID, Receiving: receiving.ID, Competent: competent.ID,
		Submitter: owner, Applicant: in.Applicant.Name, Phone: in.Applicant.Phone, Mail: in.Applicant.Email != "", SubmittedAt: now.at, Version: 1,
	}, nil
}

func (s *Service) codeSign(d Dossier) string {
	a, _ := s.Units.At(d.day()).Get(d.Receiving)
	return s.units.codeSign(a, d.day())
}

// hash is over the submission as sent, without the key.
func (in Submission) hash() ([]byte, error) {
	in.Key = ""
	b, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(b)
	return h[:], nil
}

func contentHash(c contentJSON) string {
	h := sha256.New()
	for _, part := range [][]byte{c.answers, c.papers, c.filing} {
		h.Write(part)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}
