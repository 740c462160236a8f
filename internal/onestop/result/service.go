package result

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/book"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// Messages are this package's sentences (keys under "result").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed policies.cedar
var policies string

// Policies says who sees the results of an agency and who decides on them.
func Policies() auth.Source { return auth.Source{Module: "result", Text: policies} }

const (
	actRead   auth.Action = "result.read"
	actRemake auth.Action = "result.remake"
	actDecide auth.Action = "result.decide"
	actParcel auth.Action = "result.parcel"
)

// Deps is what results stand on. Signing and Post may be nil: then papers say that they are
// unsigned, and the desk sends them.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Blobs    blob.Store
	Units    *orgunit.Service
	Policies *auth.Policies
	Services *service.Registry
	Dossiers Dossiers
	Books    *book.Service
	Records  *record.Service
	Signing  Signing
	Post     Post
	// Demand says who proves anew that it is them before they sign.
	Demand auth.Demand
	// Looks writes down who looked at whose papers; nil in tests.
	Looks *access.Service
	// Address is the site as readers see it, for the code on the paper.
	Address string
}

// Service makes results. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Jobs of this module.
const (
	JobMake = "result.make"
	JobGive = "result.give"
	JobPost = "result.post"
	JobSign = "result.sign"
)

// makeTries is how often a paper is tried before its number is void: about a day.
const makeTries = 10

// makeTimeout bounds one try, the answers of the token and of the time stamp among it: for so long, and
// a little, the papers of a node that died wait.
const makeTimeout = 20 * time.Second

// Module is what results bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:     "result",
		Jobs:     []jobs.Handler{{Kind: JobMake, Do: s.make, MaxAttempts: makeTries, Timeout: makeTimeout}, {Kind: JobGive, Do: s.give}, {Kind: JobPost, Do: s.post}, {Kind: JobSign, Do: s.signGiven, MaxAttempts: signTries, Timeout: makeTimeout}, {Kind: JobAskPost, Do: s.askPost, Timeout: 10 * time.Minute}},
		Periodic: []jobs.Periodic{{Kind: JobAskPost, Every: time.Hour, Offset: 10 * time.Minute}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("result", migrations) }

type args struct {
	Result  ID         `json:"result,omitempty"`
	Dossier dossier.ID `json:"dossier,omitempty"`
}

// IntendIn takes the number of a result and notes that it is to be made, in the transaction of
// the act. Errors: Conflict where the dossier has a result that lives.
func (s *Service) IntendIn(tx *db.Tx, i dossier.Intent) (err error) {
	defer errs.Op(&err, "result.IntendIn(%s)", i.Dossier.ID)
	old, err := latest(tx, i.Dossier.ID)
	if err == nil && (old.State == Intended || old.State == Issued) {
		return errs.E(errs.Conflict, "result.already", errs.P("number", old.Text))
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	r := Result{
		Dossier: i.Dossier.ID, Code: i.Dossier.Code, Service: i.Package.ID, Package: i.Dossier.Package, Kind: i.Package.Result.Kind,
		Register: i.Package.Result.Book, Unit: i.Unit, Holder: initials(i.Dossier.Applicant), Signer: i.Signer.Account, SignedBy: i.Signer.Name,
	}
	_, err = s.begin(tx, r, i.Package, i.Actor)
	return err
}

// begin takes a number for a result, writes its row and has it made.
func (s *Service) begin(tx *db.Tx, r Result, pkg *service.Package, by auth.Subject) (Result, error) {
	now := tx.Now()
	year := clock.DateOf(now).Year
	r.ID, r.Public, r.State, r.At, r.Version = id.New[Result](s.Gen), rand.Text()[:16], Intended, now, 1
	n, err := s.Books.TakeIn(tx, book.Book{Unit: r.Unit, Kind: r.Register, Year: year}, book.Subject{Type: dossier.SubjectType, ID: int64(r.Dossier), Code: r.Code}, book.Actor{Account: by.Account, Name: by.Name})
	if err != nil {
		return r, err
	}
	r.Number, r.Text = n.ID, pkg.Result.NumberText(n.N, year)
	if err := insert(tx, r); err != nil {
		return r, err
	}
	if err := s.tell(tx, EventIntended, r, by, ""); err != nil {
		return r, err
	}
	return r, s.Jobs.Enqueue(tx, jobs.Job{Kind: JobMake, Args: args{Result: r.ID}, Unique: r.ID.String()})
}

func (s *Service) tell(tx *db.Tx, kind string, r Result, by auth.Subject, other string) error {
	told := Told{Code: r.Code, Kind: r.Kind, Number: r.Text, SHA256: r.SHA256, Signed: r.Signed, Other: other, By: by.Name, Reason: r.Reason, Authority: r.Basis, Tracking: r.Tracking}
	if r.Entry != 0 {
		told.Entry = r.Entry.String()
	}
	if r.DrawnSHA != "" {
		told.Of, told.Batch, told.Fault = r.DrawnSHA, int64(r.Batch), r.Fault
	}
	payload, err := json.Marshal(told)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(r.ID)}, Actor: by.Account, Unit: r.Unit.String(), Payload: payload})
	return err
}

// Ready says why the result of a dossier cannot be handed over yet.
func (s *Service) Ready(ctx context.Context, d dossier.Dossier) error {
	r, err := s.of(ctx, d.ID)
	switch {
	case errs.Is(err, errs.NotFound):
		return nil // it was decided before the city numbered them itself
	case err != nil:
		return err
	case r.State == Intended && r.Replaces == 0 && r.Hand != NoHand:
		return errs.E(errs.Conflict, "result.waitsFor", errs.P("number", r.Text, "name", r.SignedBy))
	case r.State == Intended && r.Replaces == 0:
		return errs.E(errs.Conflict, "result.making", errs.P("number", r.Text))
	case r.State == Failed:
		return errs.E(errs.Conflict, "result.notMade", errs.P("number", r.Text))
	case r.State == Revoked:
		return errs.E(errs.Conflict, "result.isRevoked", errs.P("number", r.Text))
	}
	return nil
}

// NumberOf is the number of a dossier's result, made or on its way; "" where it has none.
func (s *Service) NumberOf(q db.Querier, d dossier.ID) (string, error) {
	r, err := latest(q, d)
	switch {
	case errs.Is(err, errs.NotFound):
		return "", nil
	case err != nil || r.State == Failed || r.State == Revoked:
		return "", err
	}
	return r.Text, nil
}

// Signed reports whether the paper of a dossier's result is there and signed.
func (s *Service) Signed(ctx context.Context, d dossier.ID) (bool, error) {
	r, err := s.of(ctx, d)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return r.Signed && r.SHA256 != "", err
}

func (s *Service) of(ctx context.Context, d dossier.ID) (r Result, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		r, err = latest(v, d)
		return err
	})
	return r, err
}

// address is where the code on a paper leads.
func (s *Service) address(r Result) string {
	return strings.TrimSuffix(s.Address, "/") + "/r/" + r.Public
}
