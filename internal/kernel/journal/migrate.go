package journal

import (
	"embed"
	"io/fs"

	"khue/internal/kernel/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make this package's tables.
func Migrations() db.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return db.Migrations{Module: "journal", FS: sub}
}
