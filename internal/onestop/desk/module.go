package desk

import (
	"embed"

	"khue/internal/kernel/db"
)

// Messages are this package's sentences (keys under "desk").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("desk", migrations) }
