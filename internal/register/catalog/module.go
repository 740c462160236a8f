package catalog

import (
	"embed"

	"khue/internal/kernel/db"
)

//go:embed migrations
var migrations embed.FS

// Messages are the sentences of the catalogue.
//
//go:embed i18n
var Messages embed.FS

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("catalog", migrations) }
