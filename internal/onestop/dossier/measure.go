package dossier

import (
	"context"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/measure"
	"khue/internal/register/orgunit"
)

// Measures are the figures of dossiers and tasks. Those of tasks are counted from an index
// that holds nothing else, once a minute.
func (s *Service) Measures() []measure.Group {
	return []measure.Group{
		{
			Name: "dossiers",
			Figures: []measure.Figure{{
				Name: "khue_dossiers_total", Labels: []string{"event", "tier"}, Total: true,
				Help: "Dossiers filed, accepted, decided, and decided late, on this node since its start, by the tier of the agency that decides.",
			}},
			Now: func(put measure.Put) {
				s.counts.Tell(put, "khue_dossiers_total", 2)
			},
		},
		{
			Name: "tasks", Every: time.Minute,
			Figures: []measure.Figure{
				{Name: "khue_tasks_open", Help: "Tasks that wait for somebody, by the tier of the unit and its post.", Labels: []string{"tier", "role"}},
				{Name: "khue_tasks_overdue", Help: "Of these, tasks whose term has run out.", Labels: []string{"tier", "role"}},
				{Name: "khue_tasks_oldest_overdue_seconds", Help: "How long the worst of them is overdue, by tier.", Labels: []string{"tier"}},
			},
			Read: s.readTasks,
		},
	}
}

func (s *Service) readTasks(ctx context.Context, put measure.Put) error {
	var piles []pile
	var now time.Time
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		now = v.Now()
		piles, err = openTasks(v)
		return err
	})
	worst := map[string]time.Duration{}
	for _, p := range piles {
		tier := s.tierOf(p.unit)
		put("khue_tasks_open", float64(p.open), tier, p.role)
		put("khue_tasks_overdue", float64(p.late), tier, p.role)
		if p.late > 0 {
			worst[tier] = max(worst[tier], now.Sub(p.first))
		} else {
			worst[tier] = max(worst[tier], 0)
		}
	}
	for tier, d := range worst {
		put("khue_tasks_oldest_overdue_seconds", d.Seconds(), tier)
	}
	return err
}

// tierOf is the tier of a unit today; "none" for the applicant's own steps and for units
// that are no more.
func (s *Service) tierOf(u orgunit.UnitID) string {
	if x, err := s.Units.Unit(u); err == nil && x.Tier.Valid() {
		return string(x.Tier)
	}
	return "none"
}

// wasFiled counts a dossier when its unit is durable.
func (s *Service) wasFiled(tx *db.Tx, d Dossier) {
	tx.AfterCommit(func() { s.counts.Add(1, "filed", s.tierOf(d.Competent)) })
}

// hasMoved counts what a change brought about, when its unit is durable.
func (s *Service) hasMoved(tx *db.Tx, was, is Dossier) {
	accepted := was.AcceptedAt.IsZero() && !is.AcceptedAt.IsZero()
	decided := was.ClosedAt.IsZero() && !is.ClosedAt.IsZero()
	if !accepted && !decided {
		return
	}
	tx.AfterCommit(func() {
		tier := s.tierOf(is.Competent)
		if accepted {
			s.counts.Add(1, "accepted", tier)
		}
		if decided {
			s.counts.Add(1, "decided", tier)
			if !is.DueAt.IsZero() && is.ClosedAt.After(is.DueAt) {
				s.counts.Add(1, "late", tier)
			}
		}
	})
}
