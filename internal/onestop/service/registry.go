package service

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

// Registry holds packages. It is immutable.
type Registry struct {
	byID      map[string][]*Package // versions, oldest first
	byDigest  map[string]*Package
	procedure map[string][]*Package
}

// NewRegistry joins packages. Two versions of a service that are in force on the same
// day are a problem, as are two services of one procedure.
func NewRegistry(pkgs ...*Package) (*Registry, decl.Problems) {
	r := &Registry{byID: map[string][]*Package{}, byDigest: map[string]*Package{}, procedure: map[string][]*Package{}}
	var ps decl.Problems
	for _, p := range pkgs {
		for _, o := range r.procedure[p.Procedure] {
			if overlap(p, o) {
				ps = append(ps, decl.Problem{
					File: p.ID, Element: "valid", Key: "service.lint.overlap", Params: errs.Params{"a": p.Version, "b": o.ID + " " + o.Version},
				})
			}
		}
		r.byID[p.ID] = append(r.byID[p.ID], p)
		r.procedure[p.Procedure] = append(r.procedure[p.Procedure], p)
		r.byDigest[p.Digest] = p
	}
	for _, versions := range r.byID {
		slices.SortFunc(versions, func(a, b *Package) int { return a.From.Compare(b.From) })
	}
	return r, ps
}

func overlap(a, b *Package) bool { return a.Covers(b.From) || b.Covers(a.From) }

// LoadAll loads every folder of fsys that holds a service.yaml. Where a problem is an
// error the registry is nil.
func LoadAll(fsys fs.FS) (*Registry, decl.Problems) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, decl.Problems{{Key: "service.lint.unreadable", Params: errs.Params{"reason": err.Error()}}}
	}
	var pkgs []*Package
	var ps decl.Problems
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if _, err := fs.Stat(fsys, path.Join(e.Name(), "service.yaml")); err != nil {
			continue
		}
		p, found := Load(fsys, e.Name())
		ps = append(ps, found...)
		if p != nil {
			pkgs = append(pkgs, p)
		}
	}
	r, found := NewRegistry(pkgs...)
	if ps = append(ps, found...); ps.Failed() {
		return nil, ps
	}
	return r, ps
}

func notFound(name string) error {
	return errs.E(errs.NotFound, "service.notFound", errs.P("service", name))
}

// Find returns the version of a service in force on a day. NotFound service.notFound
// where there is none.
func (r *Registry) Find(id string, on clock.Date) (*Package, error) {
	for _, p := range r.byID[id] {
		if p.Covers(on) {
			return p, nil
		}
	}
	return nil, notFound(id)
}

// ByDigest returns the package that a dossier pinned. NotFound service.notFound.
func (r *Registry) ByDigest(digest string) (*Package, error) {
	if p, ok := r.byDigest[digest]; ok {
		return p, nil
	}
	return nil, notFound(digest[:min(len(digest), 12)])
}

// ForProcedure returns the package of a procedure on a day; false where nobody declared one.
func (r *Registry) ForProcedure(code string, on clock.Date) (*Package, bool) {
	for _, p := range r.procedure[code] {
		if p.Covers(on) {
			return p, true
		}
	}
	return nil, false
}

// On lists the packages in force on a day, ordered by id.
func (r *Registry) On(d clock.Date) []*Package {
	return r.pick(func(p *Package) bool { return p.Covers(d) })
}

// All lists every version of every service, by id and first day.
func (r *Registry) All() []*Package { return r.pick(func(*Package) bool { return true }) }

func (r *Registry) pick(ok func(*Package) bool) []*Package {
	var out []*Package
	for _, versions := range r.byID {
		for _, p := range versions {
			if ok(p) {
				out = append(out, p)
			}
		}
	}
	slices.SortFunc(out, func(a, b *Package) int {
		if c := strings.Compare(a.ID, b.ID); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	return out
}
