package apply

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Messages are this package's sentences (keys under "apply").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Service keeps drafts and files them. Safe for concurrent use.
type Service struct {
	db       *db.DB
	gen      *id.Gen
	clk      clock.Clock
	services *service.Registry
	dossiers *dossier.Service
}

// New returns the service.
func New(d *db.DB, gen *id.Gen, clk clock.Clock, services *service.Registry, dossiers *dossier.Service) *Service {
	return &Service{db: d, gen: gen, clk: clk, services: services, dossiers: dossiers}
}

func hashOf(key string) string {
	h := sha256.Sum256([]byte("apply.draft\x00" + key))
	return hex.EncodeToString(h[:])
}

// Package is the version of a service that an application of today is filled under.
func (s *Service) Package(id string) (*service.Package, error) {
	return s.services.Find(id, clock.DateOf(s.clk.Now()))
}

// Env is what the form of a draft reads.
func (s *Service) Env(d Draft) form.Env {
	return form.Env{Now: s.clk.Now(), Case: d.Case, Channel: string(service.Online), Units: s.dossiers.FormUnits(), Files: d.Papers}
}

// Begin opens a draft of a service. NotFound where the service is not in force, Invalid
// for a case that it does not have.
func (s *Service) Begin(ctx context.Context, serviceID, variant, lang string) (d Draft, err error) {
	defer errs.Op(&err, "apply.Begin(%s)", serviceID)
	pkg, err := s.Package(serviceID)
	if err != nil {
		return d, err
	}
	if !pkg.Offers(service.Online) {
		return d, errs.E(errs.Invalid, "apply.notOnline")
	}
	if variant == "" && len(pkg.Cases) == 1 {
		variant = pkg.Cases[0]
	}
	if len(pkg.Cases) > 0 && !slices.Contains(pkg.Cases, variant) {
		return d, errs.E(errs.Invalid, "apply.case", errs.WithFields(errs.Field{Path: "case", Key: "apply.case"}))
	}
	sub := auth.From(ctx)
	d = Draft{
		ID: id.New[Draft](s.gen), Key: rand.Text(), Owner: sub.Account, Service: pkg.ID, Package: pkg.Digest, Case: variant,
		Answers: form.Answers{}, Version: 1,
	}
	d.Filing.Lang = lang
	if sub.Kind == auth.KindCitizen {
		d.Filing.Applicant = dossier.Party{Name: sub.Name, Phone: sub.Login}
	}
	c, err := encode(d)
	if err != nil {
		return d, err
	}
	return d, s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return insert(tx, d, hashOf(d.Key), c) })
}

// Open reads a draft by its key and moves it to the version in force. Gone where the
// service is in force no more; NotFound for an unknown key, or one of somebody else's
// account.
func (s *Service) Open(ctx context.Context, key string) (d Draft, pkg *service.Package, err error) {
	defer errs.Op(&err, "apply.Open")
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		d, err = findByKey(v, hashOf(key))
		return err
	})
	if err != nil {
		return d, nil, err
	}
	if d.Owner != 0 && d.Owner != auth.From(ctx).Account {
		return Draft{}, nil, errs.E(errs.NotFound, "apply.notFound")
	}
	d.Key = key
	if d.Submitted() {
		pkg, err = s.services.ByDigest(d.Package)
		return d, pkg, err
	}
	if pkg, err = s.Package(d.Service); err != nil {
		return d, nil, errs.E(errs.Gone, "apply.serviceGone", errs.Cause(err))
	}
	if pkg.Digest != d.Package {
		d = move(d, pkg)
	}
	return d, pkg, nil
}

// move keeps the answers whose question the new version still asks, and names the rest.
func move(d Draft, pkg *service.Package) Draft {
	kept := form.Answers{}
	for path, a := range d.Answers {
		if _, ok := pkg.Form.Leaf(path); ok || pkg.Form.PageOf(path) != "" {
			kept[path] = a
			continue
		}
		d.Dropped = append(d.Dropped, path)
	}
	slices.Sort(d.Dropped)
	d.Answers, d.Package = kept, pkg.Digest
	if !slices.Contains(pkg.Cases, d.Case) && len(pkg.Cases) > 0 {
		d.Case = pkg.Cases[0]
	}
	return d
}

// Save keeps what was typed. Conflict where the draft was saved elsewhere since it was
// read, or filed.
func (s *Service) Save(ctx context.Context, d Draft) (err error) {
	defer errs.Op(&err, "apply.Save(%s)", d.ID)
	c, err := encode(d)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return update(tx, d, c, errs.E(errs.Conflict, "apply.moved"))
	})
}

// Check says what stands in the way of filing the draft.
func (s *Service) Check(ctx context.Context, d Draft) (form.Result, error) {
	_, res, err := s.dossiers.Check(ctx, s.submission(d))
	return res, err
}

func (s *Service) submission(d Draft) dossier.Submission {
	in := dossier.Submission{
		Service: d.Service, Case: d.Case, Channel: service.Online, Applicant: d.Filing.Applicant, Answers: d.Answers, Papers: d.Papers,
		Delivery: d.Filing.Delivery, Copies: d.Filing.Copies, Lang: d.Filing.Lang, Key: "draft-" + d.ID.String(),
	}
	if name := strings.TrimSpace(d.Filing.Submitter.Name); name != "" {
		in.Submitter = d.Filing.Submitter
	}
	return in
}

// Submit files the draft. Twice is one dossier.
func (s *Service) Submit(ctx context.Context, d Draft) (f dossier.Filed, err error) {
	defer errs.Op(&err, "apply.Submit(%s)", d.ID)
	if d.Submitted() {
		return dossier.Filed{Code: d.Code, Key: d.Access}, nil
	}
	f, err = s.dossiers.Submit(ctx, s.submission(d))
	if err != nil {
		return f, err
	}
	return f, s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return finish(tx, d.ID, f.Code, f.Key) })
}

// Keep stores a file for a paper of the draft; Save it after.
func (s *Service) Keep(ctx context.Context, d Draft, pkg *service.Package, paper string, up dossier.Upload) (form.File, error) {
	i := slices.IndexFunc(pkg.Papers, func(p form.PaperDef) bool { return p.ID == paper })
	if i < 0 {
		return form.File{}, errs.E(errs.NotFound, "apply.notFound")
	}
	return s.dossiers.Keep(ctx, pkg.Papers[i], up)
}

const purgeBatch = 500

// purgeOld forgets drafts that nobody touched for Life.
func (s *Service) purgeOld(ctx context.Context, _ jobs.Task) error {
	for {
		var n int
		err := s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = purge(tx, db.Millis(tx.Now().Add(-Life)), purgeBatch)
			return err
		})
		if err != nil || n < purgeBatch {
			return err
		}
	}
}

// CheckFiling says what is wrong with the contact and delivery of a draft, and nothing
// about its form.
func (s *Service) CheckFiling(d Draft) error {
	pkg, err := s.Package(d.Service)
	if err != nil {
		return err
	}
	return dossier.CheckFiling(pkg, s.submission(d))
}
