package dossier

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
)

// pin is a package that open dossiers are pinned to.
type pin struct {
	digest string
	n      int
	code   string // of one of them
}

// Pinned refuses a program that lacks the text of a package by which open dossiers go on:
// they could be neither read nor moved. Errors: Conflict dossier.pinned.
func (s *Service) Pinned(ctx context.Context) (err error) {
	defer errs.Op(&err, "dossier.Pinned")
	var pins []pin
	if err := s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		pins, err = openPins(v)
		return err
	}); err != nil {
		return err
	}
	for _, p := range pins {
		if _, err := s.Services.ByDigest(p.digest); err != nil {
			return errs.E(errs.Conflict, "dossier.pinned", errs.P("n", p.n, "code", p.code, "digest", p.digest[:min(len(p.digest), 12)]), errs.Cause(err))
		}
	}
	return nil
}
