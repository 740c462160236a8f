package dossier

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
	"khue/internal/onestop/notify"
	"khue/internal/onestop/payment"
	"khue/internal/onestop/service"
	"khue/internal/onestop/waiting"
	"khue/internal/register/access"
	"khue/internal/register/holiday"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "dossier").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// The two misses of a guarded write. errMoved: another branch of the dossier
// moved first, read again and step again. errTaken: somebody acted on the task.
var (
	errMoved = errors.New("dossier: the dossier moved")
	errTaken = errors.New("dossier: the task moved")
)

// raced reports whether a unit of work failed because somebody else was first at what it changes, the
// dossier's payment among it: it may be done again.
func raced(err error) bool {
	return errors.Is(err, errMoved) || errors.Is(err, errTaken) || payment.Moved(err)
}

// maxRestep bounds how often an act is stepped again after parallel branches moved.
const maxRestep = 5

// Deps is what the main job stands on. All are required but Payments.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Blobs    blob.Store
	Units    *orgunit.Service
	Services *service.Registry
	// Calendars gives the working calendar of a unit, and calendars as they were.
	Calendars *holiday.Service
	Scopes    auth.Scopes
	Policies  *auth.Policies
	Notices   *notify.Service
	// Accounts tells whom a notice for a post reaches.
	Accounts Accounts
	// Duties tells where one person may receive, verify and sign.
	Duties Duties
	// Numbers names officers on papers; nil: by name alone.
	Numbers Numbers
	// Demand says whether acts that sign want a fresh proof of who signs.
	Demand auth.Demand
	// Places gives out the places of services that have an opening.
	Places *waiting.Service
	// Looks remembers who looked at a dossier.
	Looks *access.Service
	// People says who holds which post, for a page.
	People People
	// Mandates says who may act for whom.
	Mandates *mandate.Service
	// Payments takes the fees; nil: they are told, and taken elsewhere.
	Payments *payment.Service
	Fonts    pdf.Fonts
	// Draw renders the papers that nobody waits for before a screen; nil: pdf.Render, here.
	Draw func(context.Context, pdf.Layout, pdf.Options) ([]byte, error)
	// Connectors are the other systems that processes may ask.
	Connectors []Connector
	// Results makes the results that the city numbers itself; nil where it makes none.
	Results Results
	// Address is the site as readers see it, for links in notices.
	Address string
	// Hotline is the telephone of the one-stops, printed on form 01; may be empty.
	Hotline string
	// Demo is a city of invented people: only such a one may be filled.
	Demo bool
	// Training is a copy to learn on. Each paper of it, and of a demo, says that it is worth nothing.
	Training bool
	// Secret signs access keys. It lives as long as the city's data.
	Secret []byte
}

// People is what is asked of accounts; auth.Service answers it.
type People interface {
	HoldersIn(ctx context.Context, scopes []string, day clock.Date) ([]auth.Holder, error)
}

// Service files dossiers and moves them. Safe for concurrent use.
type Service struct {
	Deps
	units units
	codes *codes
	reach *reach
	names foldedNames

	counts *measure.Counts // what happened on this node since its start

	vocabulary *vocabulary
	words      *i18n.Bundle // of notices, which have no reader's request
}

// New returns the service.
func New(d Deps) *Service {
	words, err := i18n.NewBundle(Messages, calendar.Messages, holiday.Messages)
	if err != nil {
		panic(err) // the texts are embedded
	}
	return &Service{Deps: d, units: units{d.Units}, codes: newCodes(d.DB), reach: &reach{}, counts: &measure.Counts{}, vocabulary: &vocabulary{}, words: words}
}

// FormUnits is the register as forms read it.
func (s *Service) FormUnits() form.Units { return s.units }

// FormUnits reads a register as forms do.
func FormUnits(reg *orgunit.Service) form.Units { return units{reg} }

// AccessKey is the capability printed with a dossier: who has it may follow the
// dossier without an account, and see no more than its state.
func (s *Service) AccessKey(code string) string {
	m := hmac.New(sha256.New, s.Secret)
	m.Write([]byte("dossier.access\x00"))
	m.Write([]byte(code))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:15])
}

func (s *Service) keyFits(code, key string) bool {
	return key != "" && hmac.Equal([]byte(s.AccessKey(code)), []byte(key))
}

// scope is how grants name a unit.
func scope(u orgunit.UnitID) string { return "unit:" + u.String() }

func parseScope(text string) (orgunit.UnitID, error) {
	return id.Parse[orgunit.Unit](strings.TrimPrefix(text, "unit:"))
}

// mayAct reports whether a subject holds a post in a unit that may act in a role.
func (s *Service) mayAct(ctx context.Context, sub auth.Subject, role string, unit orgunit.UnitID) bool {
	return s.Policies.Permits(ctx, sub, actTask, auth.Resource{Type: "Task", Units: []string{scope(unit)}, Roles: []string{role}})
}

// maySee reports whether an officer's post lets them read a dossier: a post in one
// of its three agencies, or above one of them.
func (s *Service) maySee(ctx context.Context, sub auth.Subject, d Dossier) bool {
	return s.Policies.Permits(ctx, sub, actServe, resourceOf(d))
}

// worksOn reports whether an officer's post covers where one of a dossier's tasks stands
// or stood: an office of its agencies, or a body that was asked for its opinion.
func (s *Service) worksOn(ctx context.Context, sub auth.Subject, tasks ...Task) bool {
	r := auth.Resource{Type: "Dossier", Units: make([]string, 0, len(tasks))}
	for _, t := range tasks {
		r.Units = also(r.Units, t.Unit)
	}
	return s.Policies.Permits(ctx, sub, actServe, r)
}

// isOwner reports whether the subject filed the dossier.
func isOwner(sub auth.Subject, d Dossier) bool { return sub.Account != 0 && sub.Account == d.Submitter }

// pkg returns the version that a dossier is pinned to.
func (s *Service) pkg(d Dossier) (*service.Package, error) { return s.Services.ByDigest(d.Package) }

// stepErr names the refusal of the pure engine for the person.
func stepErr(err error) error {
	if errs.Is(err, errs.Conflict) {
		return errs.E(errs.Conflict, "dossier.task.gone", errs.Cause(err))
	}
	return err
}
