package dossier

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// moved is one event that steps a dossier without anybody acting on a task: a timer, an
// answer of another system, the end of a child, a repair.
type moved struct {
	id    ID
	by    auth.Subject
	kind  string // of the journal entry
	event process.Event
	at    time.Time // when it happened, by which it is counted; zero: now
	// check looks at the dossier as read before anything is computed; nil: nothing.
	check func(Dossier, *service.Package) error
	tell  func(Dossier, *Happening)
	also  func(*db.Tx, *change) error // in the same transaction; nil: nothing
}

// advance steps a dossier by an event, again where another branch moved first. A conflict
// means that the event comes too late and nothing is to be done.
func (s *Service) advance(ctx context.Context, m moved) (ch *change, err error) {
	for range maxRestep {
		if ch, err = s.advanceOnce(ctx, m); !raced(err) {
			break
		}
	}
	return ch, err
}

func (s *Service) advanceOnce(ctx context.Context, m moved) (*change, error) {
	var (
		d    Dossier
		c    Content
		rows []Task
	)
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		if d, err = findByID(v, m.id); err != nil {
			return err
		}
		if rows, err = tasksOf(v, d.ID); err != nil {
			return err
		}
		c, err = findContent(v, d.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return nil, err
	}
	now := nowAt{at: s.Clock.Now()}
	if !m.at.IsZero() && m.at.Before(now.at) {
		now.at = m.at
	}
	ch, entry, err := s.moving(m, standing{d, pkg, c, rows}, now)
	if err != nil {
		return nil, err
	}
	_, err = s.write(ctx, ch, m.by, now.at, func(tx *db.Tx) error {
		if m.also == nil {
			return nil
		}
		return m.also(tx, ch)
	}, entry)
	return ch, err
}

// standing is a dossier as read, with all that a step needs.
type standing struct {
	d    Dossier
	pkg  *service.Package
	c    Content
	rows []Task
}

// moving computes what an event does to a dossier, and writes nothing.
func (s *Service) moving(m moved, at standing, now nowAt) (ch *change, entry journal.Entry, err error) {
	d := at.d
	if m.check != nil {
		if err := m.check(d, at.pkg); err != nil {
			return nil, entry, err
		}
	}
	if ch, err = s.step(d, at.pkg, m.event, now, at.c); err != nil {
		return nil, entry, err
	}
	ch.tasks = at.rows
	// What silence decides stands in the name of the unit that was silent.
	unit := d.Receiving
	for _, t := range at.rows {
		if t.Open && t.Token == m.event.Token && t.Unit != 0 {
			unit = t.Unit
		}
	}
	entry, err = ch.entry(m.kind, m.by, unit.String(), now, func(h *Happening) {
		if tok, ok := d.Instance.Token(m.event.Token); ok {
			h.Step = tok.Step
		} else if w, ok := d.Instance.Watch(m.event.Token); ok {
			h.Step = w.Event
		}
		if m.tell != nil {
			m.tell(d, h)
		}
	})
	return ch, entry, err
}

// system is the program itself.
func system() auth.Subject { return auth.Subject{Kind: auth.KindSystem} }

// late reports whether an event came after what it was for had ended.
func late(err error) bool { return errs.Is(err, errs.Conflict) }
