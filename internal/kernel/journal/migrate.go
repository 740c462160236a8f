package journal

import (
	"embed"

	"khue/internal/kernel/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make this package's tables.
func Migrations() db.Migrations { return db.Embedded("journal", migrations) }
