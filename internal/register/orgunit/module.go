package orgunit

import (
	"embed"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Messages are the module's sentences.
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Module is what the units do in the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:   "orgunit",
		Start:  s.Refresh,
		Run:    s.Run,
		Health: []module.Check{{Name: "fresh", Do: s.Refresh}},
	}
}

// Migrations are the steps of the module's tables.
func Migrations() db.Migrations { return db.Embedded("orgunit", migrations) }
