package dossier

import (
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
)

// Module is what the main job brings to the program.
func (s *Service) Module() module.Module {
	followers := []journal.Follower{s.follower(), s.calendarFollower(), s.searchFollower(), s.placeFollower()}
	if s.Payments != nil {
		followers = append(followers, s.feeFollower(), s.feeNotices())
	}
	return module.Module{
		Name:  "dossier",
		Start: s.Pinned,
		Jobs: []jobs.Handler{s.timers(), {Kind: JobRedate, Do: s.proposeDates}, {Kind: JobConnector, Do: s.ask, MaxAttempts: connectorTries},
			{Kind: JobChildEnded, Do: s.childEnded}, {Kind: JobChildStop, Do: s.childStop}, {Kind: JobChildReturn, Do: s.childReturn},
			{Kind: JobFee, Do: s.feeCame}, {Kind: JobWarn, Do: s.sweep}, {Kind: JobWarned, Do: s.tellWarned}, {Kind: JobDigest, Do: s.digest},
		},
		Periodic:  []jobs.Periodic{{Kind: JobWarn, Every: warnEvery}, {Kind: JobDigest, Every: 24 * time.Hour, Offset: digestAt}},
		Measures:  s.Measures(),
		Followers: followers,
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("dossier", migrations) }
