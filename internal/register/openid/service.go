package openid

import (
	"context"
	"embed"
	"sync/atomic"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Messages are the module's sentences (keys under "openid").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the provider stands on. All but Email and Post are required.
type Deps struct {
	DB      *db.DB
	Gen     *id.Gen
	Clock   clock.Clock
	Wire    clock.Clock // the time that other programs have; the city's own but in a demo
	Journal *journal.Journal
	Jobs    *jobs.Queue
	Auth    *auth.Service
	Secret  []byte        // the key file
	Issuer  func() string // address of the site
	// Policies decides who may ask for programs, and who decides; Government is the scope of the
	// city's own.
	Policies   *auth.Policies
	Government func() string
	// Demand says of whom two factors are demanded: no client is told of them with one.
	Demand auth.Demand
	// Email is an account's address and whether its owner has shown that mail reaches them.
	Email func(ctx context.Context, account int64) (string, bool)
	// Phone is the telephone number whose owner has shown that messages reach them; false: none.
	Phone func(ctx context.Context, account int64) (string, bool)
	// Verified is told whose account it is, where an identity above the city is sure; nil: nobody.
	Verified func(tx *db.Tx, account int64, u Upstream) error
	// Post sends a form to a client's server.
	Post func(ctx context.Context, address, name, value string) error
}

// Service is the provider. Safe for concurrent use.
type Service struct {
	Deps
	keys   keys
	now    atomic.Pointer[snapshot]
	proofs *replays
	tries  *tries
}

// snapshot is what every request needs of clients and keys.
type snapshot struct {
	version int64
	clients map[string]*Client
	byID    map[int64]*Client
	origins map[string]bool
	signing []*signingKey
}

// New returns the provider. Call Ready before the first request, and Run beside it.
func New(d Deps) (*Service, error) {
	k, err := newKeys(d.Secret)
	if err != nil {
		return nil, err
	}
	s := &Service{Deps: d, keys: k, proofs: newReplays(), tries: newTries()}
	s.now.Store(&snapshot{version: -1})
	return s, nil
}

func (s *Service) known() *snapshot { return s.now.Load() }

// wire is an instant of the city as other programs have it.
func (s *Service) wire(at time.Time) time.Time { return s.Wire.Now().Add(at.Sub(s.Clock.Now())) }

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("openid", migrations) }

// Jobs of the module.
const (
	jobLogout = "openid.logout"
	jobRotate = "openid.rotate"
	jobPurge  = "openid.purge"
)

// Module is what the provider brings to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "openid", Start: s.Ready, Run: s.Run,
		Jobs: []jobs.Handler{
			{Kind: jobLogout, Do: s.sendLogout, MaxAttempts: 6},
			{Kind: jobRotate, Do: func(ctx context.Context, _ jobs.Task) error { return s.rotateDue(ctx) }},
			{Kind: jobPurge, Do: func(ctx context.Context, _ jobs.Task) error { return s.Purge(ctx) }},
		},
		Periodic: []jobs.Periodic{
			{Kind: jobRotate, Every: 24 * time.Hour, Offset: 4 * time.Hour},
			{Kind: jobPurge, Every: time.Hour},
		},
	}
}

// Ready reads clients and keys, and makes the first key.
func (s *Service) Ready(ctx context.Context) error {
	if err := s.Refresh(ctx); err != nil {
		return err
	}
	if _, ok := s.signer(algFirst); ok {
		return nil
	}
	return s.Rotate(ctx, algFirst, true)
}

// Run keeps clients and keys fresh until ctx ends: a change made on any node is seen here
// within a second or two.
func (s *Service) Run(ctx context.Context) error {
	return db.KeepFresh(ctx, time.Second, s.Refresh)
}

// Refresh reads clients and keys if they changed.
func (s *Service) Refresh(ctx context.Context) error {
	return s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		n, err := version(v)
		if err != nil || n == s.known().version {
			return err
		}
		fresh := &snapshot{version: n, clients: map[string]*Client{}, byID: map[int64]*Client{}, origins: map[string]bool{}}
		list, err := clients(v)
		if err != nil {
			return err
		}
		for _, c := range list {
			if !c.Removed {
				fresh.clients[c.Code], fresh.byID[c.ID] = c, c
				for _, o := range c.Origins() {
					fresh.origins[o] = true
				}
			}
		}
		if fresh.signing, err = s.openKeys(v); err != nil {
			return err
		}
		s.now.Store(fresh)
		return nil
	})
}

// Purge drops what is over.
func (s *Service) Purge(ctx context.Context) error {
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return purge(tx, tx.Now()) })
}
