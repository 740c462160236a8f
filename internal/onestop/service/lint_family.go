package service

import (
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

// families checks what no package can check alone: that a child dossier finds its service in
// force on every day, and that what it is given are answers of its form. A service that
// is not among the packages at all is a warning: a package may be looked at alone.
func (s *shelf) families(pkgs []*Package) decl.Problems {
	var ps decl.Problems
	for _, p := range pkgs {
		for _, c := range p.Process.Calls() {
			tell := func(level decl.Level, key string, params errs.Params) {
				params["step"], params["service"] = c.Step, c.Service
				ps = append(ps, decl.Problem{File: p.ID + " " + p.Version, Element: c.Step, Level: level, Key: key, Params: params})
			}
			versions := s.byID[c.Service]
			if len(versions) == 0 {
				tell(decl.Warning, "service.lint.childUnknown", errs.Params{})
				continue
			}
			if !coveredBy(p, versions) {
				tell(decl.Error, "service.lint.childDays", errs.Params{"from": p.From})
			}
			for _, v := range versions {
				if !overlap(p, v) {
					continue
				}
				for _, name := range c.In {
					if _, ok := v.Form.Leaf(name); !ok {
						tell(decl.Error, "service.lint.childIn", errs.Params{"name": name, "version": v.Version, "nearest": decl.Nearest(name, v.Form.Scope().Paths())})
					}
				}
			}
		}
	}
	return ps
}

// coveredBy reports whether on each day of a package one of the versions is in force. Versions
// come by their first day.
func coveredBy(p *Package, versions []*Package) bool {
	day := p.From
	for _, v := range versions {
		if !v.Covers(day) {
			continue
		}
		if v.To.IsZero() || !p.To.IsZero() && !v.To.Before(p.To) {
			return true
		}
		day = v.To.AddDays(1)
	}
	return false
}
