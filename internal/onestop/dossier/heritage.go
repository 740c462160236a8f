package dossier

import (
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/onestop/form"
	"khue/internal/register/orgunit"
)

// Heritage is what a reorganisation left of the city that a dossier was filed in. The package
// that it is pinned to speaks of that city for as long as the dossier runs: its conditions and
// routes are read with the codes, tiers and units of the day of filing, and only what they
// lead to is handed on to whoever stands for it now. So a step of a tier that is no more
// needs no change of the package.
type Heritage struct {
	Reception orgunit.UnitID `json:"reception"` // as filed
	Receiving orgunit.UnitID `json:"receiving"`
	Competent orgunit.UnitID `json:"competent"`

	Units map[orgunit.UnitID]orgunit.UnitID `json:"units"`           // who stands for whom: agencies, and offices one by one
	Roles map[string]string                 `json:"roles,omitempty"` // posts that are no more: who acts instead, where nobody holds the old one
	Skip  map[string]string                 `json:"skip,omitempty"`  // step: the action that a declared rule takes at it, since somebody has signed already
}

// asFiled reads the register as it stood on one day, whatever day is asked for.
type asFiled struct {
	units
	day clock.Date
}

func (a asFiled) Unit(code string, _ clock.Date) (form.Unit, bool) { return a.units.Unit(code, a.day) }

// UnitsOf is the register as what was filed reads it: a code means the unit that bore it on
// the day of filing.
func (s *Service) UnitsOf(d Dossier) form.Units { return asFiled{s.units, d.day()} }

// filedUnits are the receiving and the competent unit that a dossier was filed with.
func (d Dossier) filedUnits() (receiving, competent orgunit.UnitID) {
	if h := d.Heritage; h != nil {
		return h.Receiving, h.Competent
	}
	return d.Receiving, d.Competent
}

// keyMoving is the refusal of whatever happens to a dossier between the end of its unit and
// its own move.
const keyMoving = "dossier.unit.moving"

// stands refuses a step of a dossier whose agency has ended and whose move is still to come.
// The error is Unavailable: a timer is tried again, an act is told to wait.
func (s *Service) stands(d Dossier, on clock.Date) error {
	if _, ok := s.Units.At(on).Get(d.Receiving); ok {
		return nil
	}
	u, _ := s.Units.Register().Unit(d.Receiving)
	last, _ := u.LastDay()
	return errs.E(errs.Unavailable, keyMoving, errs.P("unit", u.Name, "last", last))
}

// meetsMove makes of that refusal the conflict that somebody who acts is told.
func meetsMove(err error) error {
	if e, ok := errs.As(err); ok && e.Key == keyMoving {
		return errs.E(errs.Conflict, keyMoving, func(c *errs.Error) { c.Params = e.Params })
	}
	return err
}

// fallsTo is where a route of a dossier's package leads on a day.
func (s *Service) fallsTo(d Dossier, ref string, on clock.Date) (orgunit.Unit, error) {
	if d.Heritage == nil {
		return s.units.place(ref, on)
	}
	if text, ok := strings.CutPrefix(ref, byID); ok { // a unit that was asked for its opinion
		old, err := id.Parse[orgunit.Unit](text)
		if v, ok := s.heir(d.Heritage, old, on); ok && err == nil {
			return v, nil
		}
		return orgunit.Unit{}, errs.E(errs.NotFound, "dossier.unit.noHeir", errs.P("unit", ref, "date", on))
	}
	old, err := s.units.place(ref, d.day())
	if err != nil { // the day of filing knew no such office; today may
		code, keys, _ := strings.Cut(ref, "/")
		at, codeErr := s.units.agency(code, d.day())
		if codeErr != nil {
			return old, err
		}
		v, ok := s.heir(d.Heritage, at.ID, on)
		if !ok {
			return old, err
		}
		return s.units.place(strings.TrimSuffix(byID+v.ID.String()+"/"+keys, "/"), on)
	}
	if v, ok := s.heir(d.Heritage, old.ID, on); ok {
		return v, nil
	}
	return old, errs.E(errs.NotFound, "dossier.unit.noHeir", errs.P("unit", old.Name, "date", on))
}

// heir follows a unit to whoever stands for it on a day: itself while it lives, whom the
// reorganisation named, or whom the register knows as its successor.
func (s *Service) heir(h *Heritage, u orgunit.UnitID, on clock.Date) (orgunit.Unit, bool) {
	reg := s.Units.Register()
	t := reg.At(on)
	for range maxHeirs {
		if v, ok := t.Get(u); ok {
			return v, true
		}
		next, ok := h.Units[u]
		if !ok {
			break
		}
		u = next
	}
	old, ok := reg.Unit(u)
	if !ok {
		return orgunit.Unit{}, false
	}
	if old.Class == orgunit.Office {
		a, ok := s.heir(h, old.Parent, on)
		for _, key := range old.Keys {
			if o, has := t.Office(a.ID, key); ok && has {
				return o, true
			}
		}
		return a, ok
	}
	heirs, _ := reg.Successors(u, on)
	v, ok := orgunit.Main(heirs)
	if !ok {
		return orgunit.Unit{}, false
	}
	return t.Get(v)
}

// StandsFor is who stands for a unit in a dossier on a day: itself while it lives, or its heir.
func (s *Service) StandsFor(d Dossier, u orgunit.UnitID, on clock.Date) (orgunit.UnitID, bool) {
	h := d.Heritage
	if h == nil {
		h = &Heritage{}
	}
	v, ok := s.heir(h, u, on)
	return v.ID, ok
}

// maxHeirs bounds a chain of reorganisations.
const maxHeirs = 8

// roleAt is the role in which a task of a dossier is done at a unit: the declared one, or, where
// nobody there may act in it any more, the one that a reorganisation put in its place.
func (s *Service) roleAt(d Dossier, at orgunit.UnitID, role string, on clock.Date) string {
	if d.Heritage == nil {
		return role
	}
	if next := d.Heritage.Roles[role]; next != "" && !s.staffed(at, role, on) && s.staffed(at, next, on) {
		return next
	}
	return role
}

// staffed reports whether there is a post at a unit that may act in a role.
func (s *Service) staffed(at orgunit.UnitID, role string, on clock.Date) bool {
	return slices.ContainsFunc(s.Units.At(on).Posts(at), func(p orgunit.Post) bool { return p.Role.Acts(orgunit.Role(role)) })
}
