package desk

import (
	"embed"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

// Messages are this package's sentences (keys under "desk").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Module is what the desk brings to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "desk", Migrations: Migrations(), Messages: Messages}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("desk", migrations) }
