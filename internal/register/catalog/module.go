package catalog

import (
	"embed"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

//go:embed migrations
var migrations embed.FS

// Messages are the sentences of the catalogue.
//
//go:embed i18n
var Messages embed.FS

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("catalog", migrations) }

// Module is what the catalogue does in the program. Run is over once the index is built: the
// first reader should not wait for it.
func (s *Service) Module() module.Module {
	return module.Module{Name: "catalog", Start: s.LoadSeed, Run: s.Warm}
}
