package apply

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/module"
)

const jobPurge = "apply.purge"

// Module is what applications bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:     "apply",
		Jobs:     []jobs.Handler{{Kind: jobPurge, Do: s.purgeOld}},
		Periodic: []jobs.Periodic{{Kind: jobPurge, Every: 24 * time.Hour, Offset: 2 * time.Hour}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("apply", migrations) }
