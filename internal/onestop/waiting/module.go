package waiting

import (
	"strconv"

	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

// Module is what the lines bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "waiting", Run: s.Run}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("waiting", migrations) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
