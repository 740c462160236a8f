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

// Module is what the units bring to the program. Refresh runs once after the
// migrations; Run beside the server.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:       "orgunit",
		Migrations: Migrations(),
		Messages:   Messages,
		Health:     []module.Check{{Name: "fresh", Do: s.Refresh}},
	}
}

// Migrations are the steps of the module's tables.
func Migrations() db.Migrations { return db.Embedded("orgunit", migrations) }
