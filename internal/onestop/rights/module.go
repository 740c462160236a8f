package rights

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/module"
)

// Module is what the rights of people bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "rights",
		Jobs: []jobs.Handler{
			{Kind: JobExport, Do: s.export, MaxAttempts: 5}, {Kind: JobErase, Do: s.erase, MaxAttempts: 8},
			{Kind: JobDaily, Do: s.daily}, {Kind: JobWarn, Do: s.warn},
		},
		Periodic: []jobs.Periodic{{Kind: JobDaily, Every: 24 * time.Hour, Offset: 2 * time.Hour}, {Kind: JobWarn, Every: time.Hour}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("rights", migrations) }
