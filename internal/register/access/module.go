package access

import (
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
)

// Module is what the memory of looks brings to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "access", Followers: []journal.Follower{s.follower()}}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("access", migrations) }
