package holiday

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

// Module is what the calendars bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "holiday", Start: s.Refresh, Run: s.Run,
		Health: []module.Check{{Name: "fresh", Do: s.Refresh}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("holiday", migrations) }
