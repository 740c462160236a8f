package app_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"image"
	"image/png"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/onestop/signature"
	"khue/internal/register/certificate"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// results gives a unit a result whose paper cannot be made, since its dossier is of another
// service, and an entry of a register.
func (s *seed) results(unit orgunit.UnitID) {
	s.t.Helper()
	var pkg *service.Package
	for _, p := range s.Services.All() {
		if p.Procedure == "1.010803" && p.Result.Numbered() {
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

// signing lets a citizen take what they filed to a key of their own, twice: one waits, one came
// back. The certificate is one of the city's, since those are believed here.
func (s *seed) signing(code string) {
	s.t.Helper()
	var look bytes.Buffer
	s.ok(png.Encode(&look, image.NewGray(image.Rect(0, 0, 60, 60))))
	asked, err := s.Certificates.Ask(s.ctx("phochutich"), certificate.Wish{Kind: certificate.Officer, Login: "chutich", Basis: "Quyết định 3/QĐ-UBND", Look: look.Bytes()}, web.NewKey())
	s.ok(err)
	_, err = s.Certificates.Decide(s.ctx("lanhdao"), asked.ID, true)
	s.ok(err)
	s.id["card"] = asked.ID.String()
	chair := auth.From(s.ctx("chutich")).Account
	chain, err := s.Signatures.OwnChain(s.t.Context(), chair)
	s.ok(err)
	key, err := s.Signatures.OfficerSigner(s.t.Context(), chair)
	s.ok(err)
	me := s.ctx("0912000001")
	d, paper, _, err := s.Dossiers.Application(me, code)
	s.ok(err)
	doc := signature.Document{Subject: journal.Subject{Type: dossier.SubjectType, ID: int64(d.ID)}, Name: code, PDF: paper}
	take := func() signature.Errand {
		v, err := s.Signatures.Ask(me, "application", []signature.Document{doc}, chain, web.NewKey())
		s.ok(err)
		e, err := s.Signatures.Errand(me, v)
		s.ok(err)
		return e
	}
	open, done := take(), take()
	s.id["errand"], s.id["errandPaper"] = open.ID.String(), open.Papers[0].ID.String()+".pdf"
	answer, err := done.Request().Sign(me, nil, func(ctx context.Context, digest []byte) ([]byte, error) { return key.Sign(ctx, digest, crypto.SHA256) })
	s.ok(err)
	raw, err := json.Marshal(answer)
	s.ok(err)
	faults, err := s.Signatures.Accept(me, done.ID, raw)
	s.ok(err)
	if len(faults) > 0 {
		s.t.Fatal(faults[0].Err)
	}
	s.id["signedCode"], s.id["signedPaper"] = code, done.Papers[0].ID.String()+".pdf"
}
