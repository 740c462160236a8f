package cutover

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/module"
)

// Module is what imports bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:     "cutover",
		Jobs:     []jobs.Handler{{Kind: jobWork, Do: s.work, Timeout: 30 * time.Minute}, {Kind: jobExpire, Do: s.expire}},
		Periodic: []jobs.Periodic{{Kind: jobExpire, Every: 24 * time.Hour, Offset: 21 * time.Hour}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("cutover", migrations) }
