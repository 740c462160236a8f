package waiting

import (
	"io/fs"
	"strconv"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

// Module is what the lines bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "waiting", Migrations: Migrations(), Messages: Messages}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return db.Migrations{Module: "waiting", FS: sub}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
