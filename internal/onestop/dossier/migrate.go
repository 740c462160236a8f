package dossier

import (
	"context"
	"errors"
	"fmt"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// KindMigrated is the journal kind of a dossier that moved to another version.
const KindMigrated = "dossier.migrated"

// MigrationFormat is the word that a migration plan begins with.
const MigrationFormat = "khue-migration/1"

// MigrationPlan says how the running dossiers of one version of a service move to another
// (migration.yaml).
type MigrationPlan struct {
	Pos     decl.Pos
	Format  string            `yaml:"format,required"`
	Service string            `yaml:"service,required"`
	From    string            `yaml:"from,required"` // version, 2.1.0
	To      string            `yaml:"to,required"`
	Reason  string            `yaml:"reason,required"` // stands in each dossier's record
	Nodes   map[string]string `yaml:"nodes"`           // old element: new element
	Vars    map[string]string `yaml:"vars"`            // variable: FEEL over the old ones
}

// MigrationReport counts what a migration did, or would do.
type MigrationReport struct {
	Running int                `json:"running"` // open dossiers of the old version
	Moved   int                `json:"moved"`
	Failed  int                `json:"failed"`
	Busy    int                `json:"busy"` // moved on meanwhile; run again
	Faults  []MigrationProblem `json:"faults,omitempty"`
}

// MigrationProblem is a dossier that has no place in the new version.
type MigrationProblem struct {
	Code string  `json:"code"`
	Why  []error `json:"-"`
}

// maxFaults bounds the dossiers that a report names.
const maxFaults = 1000

const migrateBatch = 100

// Migrate moves the running dossiers of a version to another. It first looks at all of
// them without moving any; where one has no place, none is moved. progress is told the
// dossiers looked at, in batches. Errors: Invalid for a plan that names what is not there.
func (s *Service) Migrate(ctx context.Context, plan MigrationPlan, dryRun bool, progress func(looked, moved int)) (rep MigrationReport, err error) {
	defer errs.Op(&err, "dossier.Migrate(%s %s to %s)", plan.Service, plan.From, plan.To)
	if plan.Format != MigrationFormat {
		return rep, errs.E(errs.Invalid, "dossier.migrate.format", errs.P("want", MigrationFormat))
	}
	from, to, err := s.versions(plan)
	if err != nil {
		return rep, err
	}
	p := process.Plan{Nodes: plan.Nodes}
	if p.Vars, err = from.Process.Compile(plan.Vars); err != nil {
		return rep, errs.E(errs.Invalid, "dossier.migrate.vars", errs.P("reason", err.Error()))
	}
	m := migrator{s: s, from: from, to: to, plan: p, reason: plan.Reason, rep: &rep, progress: progress}
	if err := m.all(ctx, true); err != nil || dryRun || rep.Failed > 0 {
		return rep, err
	}
	return rep, m.all(ctx, false)
}

// versions finds the two packages of a plan.
func (s *Service) versions(plan MigrationPlan) (from, to *service.Package, err error) {
	for _, p := range s.Services.All() {
		if p.ID == plan.Service && p.Version == plan.From {
			from = p
		}
		if p.ID == plan.Service && p.Version == plan.To {
			to = p
		}
	}
	if from == nil || to == nil || from == to {
		return nil, nil, errs.E(errs.Invalid, "dossier.migrate.version", errs.P("service", plan.Service, "from", plan.From, "to", plan.To))
	}
	return from, to, nil
}

type migrator struct {
	s        *Service
	from, to *service.Package
	plan     process.Plan
	reason   string
	rep      *MigrationReport
	progress func(looked, moved int)
}

// all goes through the running dossiers of the old version by id.
func (m *migrator) all(ctx context.Context, look bool) error {
	after, looked := ID(0), 0
	if look {
		m.rep.Running = 0
	}
	for {
		var batch []Dossier
		err := m.s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			batch, err = runningOf(v, m.from.Digest, after, migrateBatch)
			return err
		})
		if err != nil {
			return err
		}
		for _, d := range batch {
			after = d.ID
			if err := m.one(ctx, d, look); err != nil {
				return err
			}
		}
		if looked += len(batch); m.progress != nil {
			m.progress(looked, m.rep.Moved)
		}
		if len(batch) < migrateBatch {
			return nil
		}
	}
}

func (m *migrator) one(ctx context.Context, d Dossier, look bool) error {
	if look {
		m.rep.Running++
	}
	ch, faults, err := m.change(ctx, d)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		m.rep.Failed++
		if len(m.rep.Faults) < maxFaults {
			m.rep.Faults = append(m.rep.Faults, MigrationProblem{d.Code, faults})
		}
		return nil
	}
	if look {
		return nil
	}
	entry, err := ch.entry(KindMigrated, auth.From(ctx), d.Receiving.String(), nowAt{}, func(h *Happening) {
		h.By, h.Comment, h.Action = auth.From(ctx).Name, m.reason, m.from.Version+" → "+m.to.Version
	})
	if err != nil {
		return err
	}
	_, err = m.s.write(ctx, ch, auth.From(ctx), m.s.Clock.Now(), func(tx *db.Tx) error {
		return repin(tx, d.ID, m.to.Digest)
	}, entry)
	if errors.Is(err, errMoved) || errors.Is(err, errTaken) {
		m.rep.Busy++
		return nil
	}
	if err == nil {
		m.rep.Moved++
	}
	return err
}

// change is the move of one dossier, ready to be written.
func (m *migrator) change(ctx context.Context, d Dossier) (*change, []error, error) {
	var (
		c    Content
		rows []Task
	)
	err := m.s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if rows, err = tasksOf(v, d.ID); err != nil {
			return err
		}
		c, err = findContent(v, d.ID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	now := nowAt{at: m.s.Clock.Now()}
	was, _, err := m.s.env(d, m.from, now, c)
	if err != nil {
		return nil, nil, err
	}
	is, home, err := m.s.env(d, m.to, now, c)
	if err != nil {
		return nil, nil, err
	}
	inst, effects, faults := process.Migrate(m.from.Process, m.to.Process, d.Instance, m.plan, was, is)
	if len(faults) > 0 {
		return nil, faults, nil
	}
	ch := &change{before: d, dossier: d, home: home, tasks: rows}
	ch.dossier.Instance, ch.dossier.Package = inst, m.to.Digest
	for _, e := range effects {
		ch.take(e, now.at)
	}
	if err := m.s.gather(ch, is.Term, now); err != nil {
		// A unit that is not found is the plan's fault too, and told like one.
		return nil, []error{fmt.Errorf("%w", err)}, nil
	}
	return ch, nil, nil
}
