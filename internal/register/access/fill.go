package access

import (
	"context"
	"encoding/json"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
)

// fillBatch is how many invented looks one unit of work writes.
const fillBatch = 200

// Fill adds invented looks of the past, the oldest first, to a demo, once. Their entries say
// when each is meant to have been.
func (s *Service) Fill(ctx context.Context, lines []Line) (err error) {
	defer errs.Op(&err, "access.Fill(%d)", len(lines))
	if len(lines) == 0 {
		return nil
	}
	var filled bool
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		filled, err = anyBefore(v, lines[len(lines)-1].At)
		return err
	})
	for len(lines) > 0 && err == nil && !filled {
		n := min(fillBatch, len(lines))
		part := lines[:n]
		lines = lines[n:]
		err = s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			for _, l := range part {
				if err := s.invent(tx, l); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

func (s *Service) invent(tx *db.Tx, l Line) error {
	p := Seen{What: l.What, Basis: l.Basis, Why: l.Why, Words: l.Words, Type: l.Type, Post: l.Post}
	subject := journal.Subject{Type: subjectPrefix + l.Type, ID: l.About}
	if l.What.many() {
		subject = journal.Subject{Type: subjectList, ID: l.Actor}
		p.About, l.About = []ThingID{ThingID(l.About)}, 0
	}
	payload, err := json.Marshal(p)
	if err != nil {
		return err
	}
	r, err := s.Journal.Append(tx, journal.Entry{Kind: KindLooked, Subject: subject, Actor: l.Actor, Unit: unitCode(l.Unit), Occurred: l.At, Payload: payload})
	if err != nil {
		return err
	}
	l.ID, l.N = id.Of[Look](r.ID), 1
	return insertLook(tx, l)
}
