package person

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/module"
)

const (
	jobPurge   = "person.purge"
	jobReindex = "person.reindex"
)

// Module is what the register of persons brings to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name:     "person",
		Jobs:     []jobs.Handler{{Kind: jobPurge, Do: s.purge}, {Kind: jobReindex, Do: s.reindex}},
		Periodic: []jobs.Periodic{{Kind: jobPurge, Every: 24 * time.Hour, Offset: 160 * time.Minute}, {Kind: jobReindex, Every: 24 * time.Hour, Offset: 170 * time.Minute}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("person", migrations) }
