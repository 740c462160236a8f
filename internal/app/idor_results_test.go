package app_test

import (
	"context"

	"khue/internal/kernel/db"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// results gives a unit a result whose paper cannot be made, since its dossier is of another
// service, and an entry of a register.
func (s *seed) results(unit orgunit.UnitID) {
	s.t.Helper()
	var pkg *service.Package
	for _, p := range s.Services.All() {
		if p.Result.Numbered() {
			pkg = p
		}
	}
	d, _, err := s.Dossiers.Find(s.ctx("motcua"), s.id["moved"], dossier.Viewer{})
	s.ok(err)
	reg, err := s.Records.Register(pkg.Register.ID)
	s.ok(err)
	d.Package = pkg.Digest
	err = s.DB.InTx(context.Background(), func(_ context.Context, tx *db.Tx) error {
		e, err := s.Records.EnterIn(tx, reg, record.Entry{
			Unit: unit, Key: "900", Values: record.Values{"number": "900", "martyr.certificate": "AB 900 b", "martyr.name": "Lê Văn Ái"}, Source: record.Source{Type: "dossier", ID: int64(d.ID), Code: d.Code},
		}, record.Actor{})
		if err != nil {
			return err
		}
		s.id["record"] = e.ID.String()
		return s.Results.IntendIn(tx, dossier.Intent{Dossier: d, Package: pkg, Unit: unit})
	})
	s.ok(err)
	all, err := s.Results.OfDossier(s.t.Context(), d)
	s.ok(err)
	s.id["result"] = all[0].ID.String()
}
