package dossier

import (
	"bytes"
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// placeFollower gives back the places of dossiers that ended without a result, where their
// service says so. A dossier that is reopened later gets none: its authority stands above the quota.
func (s *Service) placeFollower() journal.Follower {
	return journal.Follower{Name: "dossier.places", Fn: s.givePlaceBack}
}

// endedMarks are the states in which an entry may give a place back, as its payload holds them.
//
//nolint:gochecknoglobals // immutable table
var endedMarks = func() (out [][]byte) {
	for _, st := range []process.State{process.NotAccepted, process.Withdrawn, process.Stopped} {
		out = append(out, []byte(`"state":"`+st.String()+`"`))
	}
	return out
}()

func (s *Service) givePlaceBack(_ context.Context, tx *db.Tx, r journal.Record) error {
	if r.Subject.Type != SubjectType || r.Erased {
		return nil
	}
	ended := false
	for _, m := range endedMarks {
		ended = ended || bytes.Contains(r.Payload, m)
	}
	if !ended {
		return nil // nearly all entries end here, unread
	}
	d, err := findByID(tx, ID(r.Subject.ID))
	if err != nil {
		return err
	}
	pkg, err := s.pkg(d)
	if err != nil || pkg.Opening == nil {
		return err
	}
	what := service.ReleaseRefused
	switch d.State {
	case process.Withdrawn:
		what = service.ReleaseWithdrawn
	case process.NotAccepted, process.Stopped:
	default:
		return nil // it was reopened before the follower came
	}
	if !pkg.Opening.Gives(what) {
		return nil
	}
	return s.Places.Release(tx, int64(d.ID))
}
