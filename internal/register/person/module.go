package person

import (
	"io/fs"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

// Module is what the register of persons brings to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "person", Migrations: Migrations(), Messages: Messages}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return db.Migrations{Module: "person", FS: sub}
}
