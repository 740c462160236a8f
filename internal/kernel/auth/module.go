package auth

import (
	"embed"

	"khue/internal/kernel/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Messages are the module's sentences, for app's bundle.
//
//go:embed i18n
var Messages embed.FS

// Migrations are of the module's own tables.
func Migrations() db.Migrations { return db.Embedded("auth", migrations) }
