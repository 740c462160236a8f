package identity

import (
	"context"
	"embed"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/module"
	"khue/internal/register/orgunit"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Messages are the module's sentences (keys under "identity").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Deps is what the register stands on. All are required.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Journal  *journal.Journal
	Jobs     *jobs.Queue
	Auth     *auth.Service
	Units    *orgunit.Service
	Scopes   auth.Scopes
	Policies *auth.Policies
	Mail     mail.Sender
	Secret   []byte // signs invitations
	Address  string // of the site, for their links
	// TakeWays takes every way in from an account and ends its sessions; the officer is told.
	TakeWays func(tx *db.Tx, account, by int64) error
	Demo     bool // an invitation is shown to whoever asks for it: nobody reads its mail
}

// Service keeps the register. Safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Tasks gives the work of an absent officer to others, and back. Dossiers implement it.
type Tasks interface {
	// StandIn moves the open tasks of from to the deputy, or to the queue where the deputy's
	// grants do not reach. It returns how many moved, and may be called again.
	StandIn(ctx context.Context, l Leave, grants []auth.Grant) (int, error)
	// Return gives back what is still undone.
	Return(ctx context.Context, l Leave) (int, error)
	// Release gives to the queues what an officer holds and may act on no more by the grants
	// that are left. It returns how many moved, and may be called again.
	Release(ctx context.Context, account int64, name string, grants []auth.Grant) (int, error)
}

// Module is what the register brings to the program.
func (s *Service) Module(t Tasks) module.Module {
	return module.Module{
		Name: "identity", Start: s.Adopt,
		Jobs: []jobs.Handler{
			{Kind: jobLeave, Do: func(ctx context.Context, task jobs.Task) error { return s.turnLeave(ctx, t, task) }},
			{Kind: jobInvite, Do: s.sendInvitation},
			{Kind: jobRelease, Do: func(ctx context.Context, task jobs.Task) error { return s.turnRelease(ctx, t, task) }},
			{Kind: jobDepart, Do: func(ctx context.Context, task jobs.Task) error { return s.turnDepart(ctx, t, task) }},
		},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("identity", migrations) }

// Proposers are the roles that may ask for a change in their unit or below it.
func Proposers() []orgunit.Role {
	return []orgunit.Role{orgunit.RoleHead, "deputyHead", "designer", orgunit.RoleLeader}
}

// MayPropose reports whether the reader may ask for a change in a unit (0: the city).
func (s *Service) MayPropose(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actPropose, s.unit(u))
}

// Provisioner is the role of a personnel system that proposes by SCIM.
const Provisioner = "provisioner"

// Provisions reports whether the reader is a personnel system of a unit (0: the city). It
// reads and proposes there, and decides nothing.
func (s *Service) Provisions(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actProvision, s.unit(u))
}

// MaySee reports whether the reader may look at the officers of a unit (0: of all).
func (s *Service) MaySee(ctx context.Context, u orgunit.UnitID) bool {
	return s.Policies.May(ctx, actSee, s.unit(u))
}

// Reads reports whether the reader may look at the officers of some unit.
func (s *Service) Reads(ctx context.Context) bool {
	return s.Policies.May(ctx, actBrowse, auth.Resource{})
}

// Proposes reports whether the reader may ask for changes in some unit.
func (s *Service) Proposes(ctx context.Context) bool {
	return s.Policies.May(ctx, actAsk, auth.Resource{})
}

// MayDecide reports whether the reader may decide on a change: a leader of its unit or
// above, who neither asked for it nor gets the post. Whoever leads an agency is decided on
// from above it; the city's government decides on itself.
func (s *Service) MayDecide(ctx context.Context, c Change) bool { return s.canDecide(ctx, c) == nil }

func (s *Service) canDecide(ctx context.Context, c Change) error {
	if err := s.Policies.Can(ctx, actDecide, s.resourceOf(c)); err != nil {
		return err
	}
	for _, u := range c.leaves() {
		r := s.resourceOf(c)
		r.Units = []string{scope(u)}
		if err := s.Policies.Can(ctx, actDecide, r); err != nil {
			return err
		}
	}
	for _, u := range c.leads() {
		if err := s.Policies.Can(ctx, actDecideLead, s.unit(u)); err != nil {
			return err
		}
	}
	return nil
}

// Posts lists the units in which the reader holds a post, in order of their grants.
func (s *Service) Posts(ctx context.Context) []orgunit.UnitID {
	var out []orgunit.UnitID
	for _, g := range auth.From(ctx).Grants {
		if u, ok := unitOf(g.Scope); ok && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// RolesIn lists the roles that a unit has posts for on a day: an agency's own and those of
// its offices, an office's own; the city's government also keeps those that serve all.
func (s *Service) RolesIn(u orgunit.UnitID, on clock.Date) []orgunit.Role {
	var out []orgunit.Role
	t := s.Units.At(on)
	for _, p := range t.Posts(u) {
		if !slices.Contains(out, p.Role) {
			out = append(out, p.Role)
		}
	}
	if u == t.Government().ID {
		for _, r := range []orgunit.Role{orgunit.RoleLeader, "designer", "auditor", "steward"} {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

func (s *Service) now() time.Time { return s.Clock.Now() }

func (s *Service) today() clock.Date { return clock.DateOf(s.now()) }

func scope(u orgunit.UnitID) string { return "unit:" + u.String() }

func unitOf(scope string) (orgunit.UnitID, bool) {
	v, err := id.Parse[orgunit.Unit](strings.TrimPrefix(scope, "unit:"))
	return v, err == nil
}

func dayText(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
