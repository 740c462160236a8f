package rights

import (
	"context"
	"embed"
	"encoding/json"
	"io"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/notify"
	"khue/internal/register/access"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "rights").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Holding is one part of what the city holds of an account. Read runs as the account and
// returns what JSON writes.
type Holding struct {
	Name string // key of the export and of its heading
	Read func(ctx context.Context) (any, error)
	// Files are papers that belong to it; nil where there are none.
	Files func(ctx context.Context) ([]File, error)
}

// File is a paper of an export.
type File struct {
	Name string // in the archive, with its folder
	Open func() (io.ReadCloser, error)
}

// Dossiers is what an erasure asks of the main job.
type Dossiers interface {
	// EndedBefore lists dossiers of a service that ended before an instant and still hold
	// something, by id.
	EndedBefore(ctx context.Context, service string, before time.Time, after int64, limit int) ([]int64, error)
	// Erase forgets what a dossier holds of people, with the payloads of its entries, and returns
	// the names of its files.
	Erase(ctx context.Context, dossier int64, why []byte) (files []string, err error)
	// Release removes those of some files that nothing names any more.
	Release(ctx context.Context, files []string) error
	// Hold finds a dossier by its code, for a hold.
	Hold(ctx context.Context, code string) (dossier int64, name string, err error)
}

// Accounts says who holds which post.
type Accounts interface {
	Holders(q db.Querier, scope string, day clock.Date, roles ...string) ([]auth.Account, error)
}

// Expiring is data of a module with its own term: what Rule forgets, and how.
type Expiring struct {
	Rule   string // id in retention.yaml
	Count  func(ctx context.Context, before time.Time) (int, error)
	Forget func(ctx context.Context, before time.Time, why []byte) (n int, err error) // some at a time; 0 at the end
}

// Deps is what the module stands on. All are required but Holdings, Expiring, Carry and Person.
type Deps struct {
	DB        *db.DB
	Gen       *id.Gen
	Clock     clock.Clock
	Journal   *journal.Journal
	Jobs      *jobs.Queue
	Blobs     blob.Store
	Staging   blob.Staging
	Notices   *notify.Service
	Looks     *access.Service
	Policies  *auth.Policies
	Units     *orgunit.Service
	Calendars *holiday.Service
	Accounts  Accounts
	Dossiers  Dossiers
	// Services tells the term of each service: id to "permanent" or an ISO duration.
	Services func() map[string]string
	Holdings []Holding
	Expiring []Expiring
	// Carry writes a corrected fact of a person where it stands; number is what the officer read
	// on the paper.
	Carry func(ctx context.Context, tx *db.Tx, number, fact, value string) error
	// Person is the row of the register of persons whose account it is; 0 for none.
	Person func(q db.Querier, account int64) (int64, error)
	// PersonBy finds a person by a personal number as typed: the row of the register and the number
	// masked; 0 where nobody is known by it.
	PersonBy func(ctx context.Context, number string) (row int64, masked string, err error)
	// MoneyBy finds money that came, or an order, by a number as typed: its id and the number as kept;
	// 0 where nobody knows it.
	MoneyBy func(ctx context.Context, number string) (id int64, name string, err error)
	// Belongings are the ids of all that is kept of a person of the register by their row: the rows
	// that are one person, their accounts, their dossiers.
	Belongings func(q db.Querier, row int64) ([]int64, error)
	// ChooseNotices lets an account's notices that may be switched off come, or not.
	ChooseNotices func(tx *db.Tx, account int64, on bool) error
}

// Service answers what people may ask about their data. Safe for concurrent use.
type Service struct {
	Deps
	words *i18n.Bundle
	rules []Rule
}

// New returns the service.
func New(d Deps) (*Service, error) {
	words, err := i18n.NewBundle(Messages)
	if err != nil {
		return nil, err
	}
	rules, err := parseRules(retention)
	return &Service{Deps: d, words: words, rules: rules}, err
}

func clean(s string) string { return i18n.NFC(strings.TrimSpace(s)) }

func (s *Service) note(tx *db.Tx, kind string, about journal.Subject, actor int64, unit orgunit.UnitID, h happened) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	e := journal.Entry{Kind: kind, Subject: about, Actor: actor, Payload: b}
	if unit != 0 {
		e.Unit = unit.String()
	}
	_, err = s.Journal.Append(tx, e)
	return err
}
