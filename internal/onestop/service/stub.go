package service

import (
	"io/fs"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
)

type texts map[string]decl.Label

func (t texts) Label(key string) (decl.Label, bool) { l, ok := t[key]; return l, ok }

// Load reads, compiles and lints the package in a folder. The package is nil where
// a problem is an error.
func Load(fsys fs.FS, dir string) (*Package, decl.Problems) { panic("soon") }

// Registry holds packages. It is immutable.
type Registry struct{}

// LoadAll loads every folder of fsys; one that fails fails all.
func LoadAll(fsys fs.FS) (*Registry, decl.Problems) { panic("soon") }

// Find returns the version of a service in force on a day. NotFound service.notFound.
func (r *Registry) Find(id string, on clock.Date) (*Package, error) { panic("soon") }

// ByDigest returns the package that a dossier pinned. NotFound service.notFound.
func (r *Registry) ByDigest(digest string) (*Package, error) { panic("soon") }

// ForProcedure returns the package of a procedure on a day; false where nobody declared one.
func (r *Registry) ForProcedure(code string, on clock.Date) (*Package, bool) { panic("soon") }

// On lists the packages in force on a day, ordered by id.
func (r *Registry) On(d clock.Date) []*Package { panic("soon") }

// Level is the maturity of a service and why it is not higher.
type Level struct {
	N   int // 1 to 4
	Why []Reason
}

// Reason is a message key with parameters.
type Reason struct {
	Key    string
	Params map[string]any
}

// Level computes the maturity level (Decree 43/2011 article 3).
func (p *Package) Level() Level { panic("soon") }
