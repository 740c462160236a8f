package counter

import (
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/id"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// Follow brings the whereabouts of a dossier's papers up to date in the transaction of its
// move: what lay in a unit that is no more lies in the one that stands for it. Who answers for
// a paper stays the same person until they hand it over. An open batch is received by
// whoever stands for its receiver; where its dossiers went to several units it is parted,
// and each part stays signed by the giver. Between units that go on a paper moves by a
// batch alone.
func (s *Service) Follow(tx *db.Tx, r dossier.Relocated) error {
	sub := auth.Subject{Kind: auth.KindSystem, Name: r.By}
	list, err := heldOf(tx, r.Dossier.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	day := clock.DateOf(tx.Now())
	var open []BatchID
	for _, o := range list {
		if o.Batch != 0 && !slices.Contains(open, o.Batch) {
			open = append(open, o.Batch)
		}
	}
	slices.Sort(open) // one order of locks
	for _, v := range open {
		if err := s.followBatch(tx, sub, r, v, day); err != nil {
			return err
		}
	}
	if list, err = heldOf(tx, r.Dossier.ID); err != nil { // a batch may have been received meanwhile
		return err
	}
	h := happening{Dossier: r.Dossier.Code, Note: r.Shift.Basis}
	var to orgunit.UnitID
	for _, o := range list {
		at, was, moves := s.follows(r, o.Unit, o.unitWas, day)
		if !moves {
			continue
		}
		if err := rehouse(tx, o.ID, at, was); err != nil {
			return err
		}
		to = at
		h.Originals = append(h.Originals, o.ID.String())
	}
	if len(h.Originals) == 0 {
		return nil
	}
	return s.note(tx, sub, KindMoved, r.Dossier.ID, to, h)
}

// follows is where what lies in a unit lies after a move, and what an undoing goes back to.
func (s *Service) follows(r dossier.Relocated, unit, was orgunit.UnitID, day clock.Date) (at, from orgunit.UnitID, moves bool) {
	if r.Undo {
		return was, 0, was != 0
	}
	at, ok := s.Dossiers.StandsFor(r.Dossier, unit, day)
	return at, unit, ok && at != unit
}

// followBatch moves a batch with one of its dossiers. The first decides where it goes; a
// dossier that goes elsewhere takes its papers into a batch of their own.
func (s *Service) followBatch(tx *db.Tx, sub auth.Subject, r dossier.Relocated, v BatchID, day clock.Date) error {
	b, open, err := lockBatch(tx, v)
	if err != nil || !open {
		return err
	}
	next := b
	if at, was, moves := s.follows(r, b.FromUnit, b.fromWas, day); moves {
		next.FromUnit, next.fromWas = at, was
	}
	if at, was, moves := s.follows(r, b.ToUnit, b.toWas, day); moves {
		next.ToUnit, next.toWas = at, was
	} else if b.toWas != 0 && !r.Undo { // moved with another of its dossiers
		if at, ok := s.Dossiers.StandsFor(r.Dossier, b.toWas, day); ok && at != b.ToUnit {
			return s.part(tx, sub, r, b, at)
		}
	}
	if next.FromUnit == b.FromUnit && next.ToUnit == b.ToUnit {
		return nil
	}
	if err := moveBatch(tx, next); err != nil {
		return err
	}
	return s.noteBatch(tx, sub, KindBatchMoved, next, nil, nil)
}

// part takes a dossier's papers out of a batch into the part of it that goes to another unit.
func (s *Service) part(tx *db.Tx, sub auth.Subject, r dossier.Relocated, b Batch, to orgunit.UnitID) error {
	parent := b.ID
	if b.partOf != 0 {
		parent = b.partOf
	}
	p, found, err := partOf(tx, parent, to)
	if err != nil {
		return err
	}
	if !found {
		p = b
		p.ID, p.ToUnit, p.partOf = id.New[Batch](s.Gen), to, parent
		if err := insertPart(tx, p); err != nil {
			return err
		}
	}
	papers, err := passLines(tx, r.Dossier.ID, b.ID, p.ID)
	if err != nil {
		return err
	}
	return s.noteBatch(tx, sub, KindBatchMoved, p, papers, nil)
}
