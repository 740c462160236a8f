package reorganise

import (
	"encoding/json"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/module"
)

// Module is what reorganisations bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "reorganise",
		Jobs: []jobs.Handler{{Kind: JobBatch, Do: s.batchJob, Timeout: 10 * time.Minute}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("reorganise", migrations) }

func (s *Service) journal(tx *db.Tx, kind string, a ActID, sub auth.Subject, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: SubjectType, ID: int64(a)}, Actor: sub.Account, Unit: s.Units.Now().Government().ID.String(), Payload: b,
	})
	return err
}
