package auth

import (
	"embed"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Messages are the module's sentences, for app's bundle.
//
//go:embed i18n
var Messages embed.FS

// Migrations are of the module's own tables.
func Migrations() db.Migrations { return db.Embedded("auth", migrations) }

// Module is what accounts and sessions do in the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "auth", Run: s.Run, Measures: s.Measures()}
}
