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
	"khue/internal/register/mandate"
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
	sources  []form.Source
}

// New returns the service. The sources suggest answers to those who are signed in.
func New(d *db.DB, gen *id.Gen, clk clock.Clock, services *service.Registry, dossiers *dossier.Service, sources ...form.Source) *Service {
	return &Service{db: d, gen: gen, clk: clk, services: services, dossiers: dossiers, sources: sources}
}

func hashOf(key string) string {
	h := sha256.Sum256([]byte("apply.draft\x00" + key))
	return hex.EncodeToString(h[:])
}

// browserHash is how a browser's token is stored; "" for none.
func browserHash(token string) string {
	if token == "" {
		return ""
	}
	h := sha256.Sum256([]byte("apply.browser\x00" + token))
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

// Begin opens a draft of a service for the subject of ctx, and for the browser with a
// token. NotFound where the service is not in force, Invalid for a case that it does not
// have, Unauthenticated where the service is filed by an account and nobody is signed in. An
// account that is not sure enough may begin: it steps up before it files.
func (s *Service) Begin(ctx context.Context, serviceID, variant, lang, browser string) (d Draft, err error) {
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
	if _, needed := pkg.SignIn(); needed && !sub.SignedIn() {
		return d, dossier.CheckLevel(ctx, pkg)
	}
	d = Draft{
		ID: id.New[Draft](s.gen), Key: rand.Text(), Owner: sub.Account, Service: pkg.ID, Package: pkg.Digest, Case: variant,
		Answers: form.Answers{}, Version: 1, browser: browserHash(browser),
	}
	d.Filing.Lang = lang
	if sub.Kind == auth.KindCitizen {
		d.Filing.Applicant = dossier.Party{Name: sub.Name, Phone: sub.Login}
	}
	d.Answers = s.suggest(ctx, d, pkg)
	c, err := encode(d)
	if err != nil {
		return d, err
	}
	return d, s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return insert(tx, d, hashOf(d.Key), c) })
}

// Opened is a draft with the version of its service that its answers answer, and the way
// to the version in force where that is another.
type Opened struct {
	Draft Draft
	Pkg   *service.Package
	Move  *Move // nil: nothing is to be said before going on
}

// Open reads a draft. Where another version of the service has come into force, and
// nothing of the draft stays behind, it is moved at once; otherwise Move says what would.
// Gone where the service is in force no more or the draft is too old; NotFound for an
// unknown key, or a draft of somebody else.
func (s *Service) Open(ctx context.Context, t Ticket) (o Opened, err error) {
	defer errs.Op(&err, "apply.Open")
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		o.Draft, err = s.find(ctx, v, t)
		return err
	})
	if err != nil {
		return Opened{}, err
	}
	d := &o.Draft
	if d.Submitted() {
		o.Pkg, err = s.services.ByDigest(d.Package)
		return o, err
	}
	if !s.clk.Now().Before(d.Expires()) {
		return Opened{}, errs.E(errs.Gone, "apply.expired")
	}
	pkg, err := s.Package(d.Service)
	if err != nil {
		return o, errs.E(errs.Gone, "apply.serviceGone", errs.Cause(err))
	}
	if o.Pkg = pkg; pkg.Digest == d.Package {
		return o, nil
	}
	old, err := s.services.ByDigest(d.Package)
	if err != nil {
		old = nil // a version that this program does not know: ids alone are left
	}
	m := planMove(*d, old, pkg, s.dossiers.FormUnits(), s.clk.Now())
	if m.Silent() {
		o.Draft = m.draft
		return o, nil
	}
	if o.Move = m; old != nil {
		o.Pkg = old
	}
	return o, nil
}

// find reads a draft that a ticket opens.
func (s *Service) find(ctx context.Context, q db.Querier, t Ticket) (d Draft, err error) {
	missing := errs.E(errs.NotFound, "apply.notFound")
	account := auth.From(ctx).Account
	if num, own := strings.CutPrefix(t.Key, "~"); own {
		v, err := id.Parse[Draft](num)
		if err != nil {
			return d, missing
		}
		if d, err = findByID(q, v); err != nil {
			return d, err
		}
		// The number is no secret: only its account or its browser opens it.
		if d.Owner == 0 && (d.browser == "" || d.browser != browserHash(t.Browser)) {
			return Draft{}, missing
		}
	} else if d, err = findByKey(q, hashOf(t.Key)); err != nil {
		return d, err
	}
	if d.Owner != 0 && d.Owner != account {
		return Draft{}, missing
	}
	d.Key = t.Key
	return d, nil
}

// Follow moves a draft on to the version in force; what its Move named stays behind.
func (s *Service) Follow(ctx context.Context, o Opened) (Draft, error) {
	if o.Move == nil {
		return o.Draft, nil
	}
	d := o.Move.draft
	return d, s.Save(ctx, d)
}

// Mine are the unfinished drafts of the subject of ctx and of a browser, latest first.
func (s *Service) Mine(ctx context.Context, browser string) (ds []Draft, err error) {
	defer errs.Op(&err, "apply.Mine")
	account, hash := auth.From(ctx).Account, browserHash(browser)
	since := db.Millis(s.clk.Now().Add(-Life))
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		ds = nil
		if account != 0 {
			if ds, err = ofOwner(v, account, since, maxMine); err != nil {
				return err
			}
		}
		if hash != "" {
			begun, err := ofBrowser(v, hash, since, maxMine)
			if err != nil {
				return err
			}
			ds = append(ds, begun...)
		}
		return nil
	})
	slices.SortFunc(ds, func(a, b Draft) int { return b.Updated.Compare(a.Updated) })
	for i := range ds {
		ds[i].Key = "~" + ds[i].ID.String()
	}
	return ds, err
}

const maxMine = 50

// Version is the version of the service that a draft was filled under; false where it is
// known no more.
func (s *Service) Version(d Draft) (*service.Package, bool) {
	pkg, err := s.services.ByDigest(d.Package)
	return pkg, err == nil
}

// Forget removes a draft. Its dossier, where it became one, stays.
func (s *Service) Forget(ctx context.Context, d Draft) (err error) {
	defer errs.Op(&err, "apply.Forget(%s)", d.ID)
	return s.db.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return remove(tx, d.ID) })
}

const maxTries = 5

// Attach adds a paper that has arrived, beside whatever is saved at the same time. The
// same file for the same paper again changes nothing.
func (s *Service) Attach(ctx context.Context, v DraftID, f form.File) (err error) {
	defer errs.Op(&err, "apply.Attach(%s)", v)
	for range maxTries {
		var d Draft
		err = s.db.View(ctx, func(_ context.Context, q *db.View) error {
			d, err = findByID(q, v)
			return err
		})
		if err != nil {
			return err
		}
		d.Papers = WithPaper(d.Papers, f)
		if err = s.Save(ctx, d); !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return err
}

// WithPaper is papers with one more; the same file of the same paper stands once.
func WithPaper(papers []form.File, f form.File) []form.File {
	out := slices.DeleteFunc(slices.Clone(papers), func(g form.File) bool { return g.Paper == f.Paper && g.SHA256 == f.SHA256 })
	return append(out, f)
}

// Save keeps what was typed. Conflict where the draft was saved elsewhere since it was
// read, or filed.
func (s *Service) Save(ctx context.Context, d Draft) (err error) {
	defer errs.Op(&err, "apply.Save(%s)", d.ID)
	if sub := auth.From(ctx); d.Owner == 0 && sub.Kind == auth.KindCitizen {
		d.Owner = sub.Account // who signs in on the way goes on at any browser
	}
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
	if d.Filing.Behalf != nil {
		in.Mandate = d.Filing.Behalf.Mandate
	}
	if name := strings.TrimSpace(d.Filing.Submitter.Name); name != "" {
		in.Submitter = d.Filing.Submitter
	}
	return in
}

// Level says whether the subject of ctx may file the draft: Unauthenticated or Forbidden,
// with the level that is needed, where it has to step up first.
func (s *Service) Level(ctx context.Context, pkg *service.Package) error {
	return dossier.CheckLevel(ctx, pkg)
}

// Mandates are those by which the subject of ctx may file a draft for others.
func (s *Service) Mandates(ctx context.Context, d Draft) ([]mandate.Mandate, error) {
	return s.dossiers.UsableMandates(ctx, 0, d.Service)
}

// Foresee says in the reader's language when the result would be promised if the draft
// were accepted now, and how that is counted; "" where it cannot be told yet.
func (s *Service) Foresee(ctx context.Context, d Draft) (string, error) {
	due, ok, err := s.dossiers.Foresee(s.submission(d))
	if err != nil || !ok {
		return "", err
	}
	return due.Explain(ctx), nil
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

// FeePage is where the fee of a filed draft is paid that its dossier waits for; "" where it waits
// for none.
func (s *Service) FeePage(ctx context.Context, d Draft) (page string, err error) {
	defer errs.Op(&err, "apply.FeePage(%s)", d.Code)
	filed, _, err := s.dossiers.Find(ctx, d.Code, dossier.Viewer{Key: d.Access})
	if err != nil || filed.UnpaidAt.IsZero() {
		return "", err
	}
	fees, err := s.dossiers.Fees(ctx, filed)
	if err != nil {
		return "", err
	}
	o, waits := dossier.Unpaid(fees)
	if !waits {
		return "", nil
	}
	return s.dossiers.FeeLink(o), nil
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.db.Texts(ctx, fileNames, each)
}
