package service

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
)

// Registry holds the packages that come with the program and, where a Library keeps it up
// to date, those that the city published. Each answer is from one whole state; it is safe
// for concurrent use.
type Registry struct {
	base []*Package
	kept atomic.Pointer[[]*Package] // texts that dossiers are pinned to and that nothing offers any more
	// learn reads what a dossier is pinned to and this program did not bring: another node runs
	// another release. learnt is what came of it, by digest.
	learn  atomic.Pointer[func(digest string) *Package]
	learnt sync.Map
	now    atomic.Pointer[shelf]
}

// shelf is one state of a registry. It is immutable.
type shelf struct {
	byID      map[string][]*Package // versions, oldest first
	byDigest  map[string]*Package
	procedure map[string][]*Package
}

func newShelf() *shelf {
	return &shelf{byID: map[string][]*Package{}, byDigest: map[string]*Package{}, procedure: map[string][]*Package{}}
}

func (s *shelf) add(p *Package) {
	s.byID[p.ID] = append(s.byID[p.ID], p)
	s.procedure[p.Procedure] = append(s.procedure[p.Procedure], p)
	s.byDigest[p.Digest] = p
}

func (s *shelf) sort() {
	for _, versions := range s.byID {
		slices.SortFunc(versions, func(a, b *Package) int { return a.From.Compare(b.From) })
	}
}

// NewRegistry joins packages. Two versions of a service that are in force on the same
// day are a problem, as are two services of one procedure.
func NewRegistry(pkgs ...*Package) (*Registry, decl.Problems) {
	r, s := &Registry{base: pkgs}, newShelf()
	var ps decl.Problems
	for _, p := range pkgs {
		for _, o := range s.procedure[p.Procedure] {
			if overlap(p, o) {
				ps = append(ps, decl.Problem{
					File: p.ID, Element: "valid", Key: "service.lint.overlap", Params: errs.Params{"a": p.Version, "b": o.ID + " " + o.Version},
				})
			}
		}
		s.add(p)
	}
	s.sort()
	r.now.Store(s)
	return r, append(ps, s.families(pkgs)...)
}

// Fresh is a registry of the same packages as they came with the program, without what was
// published since.
func (r *Registry) Fresh() *Registry {
	out, _ := NewRegistry(r.base...)
	return out
}

// placed is a published package with the days that it was given.
type placed struct {
	pkg         *Package
	from, until clock.Date // until is the first day on which it is no more; zero: open
}

// place gives a package the days of its publication: within those that it declares itself.
func place(p *Package, x Submission) placed { return placed{p, x.From, x.Until} }

// publish puts what the city published beside what came with the program. A version that
// begins ends those before it.
func (r *Registry) publish(list []placed) {
	all := slices.Clone(r.base)
	for _, p := range list {
		q := *p.pkg
		if p.from.After(q.From) {
			q.From = p.from
		}
		if !p.until.IsZero() && (q.To.IsZero() || q.To.After(p.until.AddDays(-1))) {
			q.To = p.until.AddDays(-1)
		}
		never := !q.To.IsZero() && q.To.Before(q.From) // retired before it began
		for i, o := range all {
			if never || o.ID != q.ID || !o.Covers(q.From) {
				continue
			}
			cut := *o
			cut.To = q.From.AddDays(-1)
			all[i] = &cut
		}
		all = append(all, &q)
	}
	s := newShelf()
	if kept := r.kept.Load(); kept != nil {
		for _, p := range *kept {
			s.byDigest[p.Digest] = p
		}
	}
	for _, p := range all {
		s.byDigest[p.Digest] = p
		if p.To.IsZero() || !p.To.Before(p.From) {
			s.add(p)
		}
	}
	s.sort()
	r.now.Store(s)
}

// fresh refuses a package that comes with the program, and another of the same version.
func (r *Registry) fresh(p *Package) error {
	for _, o := range r.base {
		if o.ID == p.ID && o.Version == p.Version {
			return errs.E(errs.Conflict, "service.publish.versionTaken", errs.P("version", p.Version, "stage", string(Published)))
		}
	}
	return nil
}

// procedureFree refuses a package whose procedure another service has on a day.
func (r *Registry) procedureFree(p *Package, on clock.Date) error {
	if o, ok := r.ForProcedure(p.Procedure, on); ok && o.ID != p.ID {
		return errs.E(errs.Conflict, "service.publish.procedure", errs.P("service", o.ID, "procedure", p.Procedure))
	}
	return nil
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
			p.folder = e.Name()
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
	for _, p := range r.now.Load().byID[id] {
		if p.Covers(on) {
			return p, nil
		}
	}
	return nil, notFound(id)
}

// ByDigest returns the package that a dossier pinned. NotFound service.notFound.
func (r *Registry) ByDigest(digest string) (*Package, error) {
	if p, ok := r.now.Load().byDigest[digest]; ok {
		return p, nil
	}
	if p, ok := r.learnt.Load(digest); ok {
		return p.(*Package), nil //nolint:forcetypeassert // nothing else is stored
	}
	if learn := r.learn.Load(); learn != nil {
		if p := (*learn)(digest); p != nil {
			r.learnt.Store(digest, p)
			return p, nil
		}
	}
	return nil, notFound(digest[:min(len(digest), 12)])
}

// ForProcedure returns the package of a procedure on a day; false where nobody declared one.
func (r *Registry) ForProcedure(code string, on clock.Date) (*Package, bool) {
	for _, p := range r.now.Load().procedure[code] {
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
	for _, versions := range r.now.Load().byID {
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
