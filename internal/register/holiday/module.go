package holiday

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/module"
)

// Module is what the calendars bring to the program. Refresh runs once after the
// migrations; Run beside the server.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "holiday", Migrations: Migrations(), Messages: Messages,
		Health: []module.Check{{Name: "fresh", Do: s.Refresh}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("holiday", migrations) }
