package signature

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/hex"
	"errors"
	"runtime"

	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/sign"
	"khue/internal/register/certificate"
	"khue/internal/register/orgunit"
)

// Messages are the module's sentences (keys under "signature").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Signer is a key that signs, wherever it lies.
type Signer = sign.Signer

// Visible is where and how a signature shows on paper.
type Visible struct {
	Page  int        // from 1; 0 is the last
	Rect  [4]float64 // left, bottom, right, top in points
	Kind  sign.Looks
	Lines []string
	Image []byte // PNG or JPEG
}

// Deps is what signing stands on. All are required; without Font no lines are drawn.
type Deps struct {
	DB        *db.DB
	Gen       *id.Gen
	Clock     clock.Clock
	Journal   *journal.Journal
	Authority *certificate.Service
	Font      []byte // TrueType
	Blobs     blob.Store
	// Takers are told, by the kind of their errand, of papers that were signed elsewhere.
	Takers map[string]Taker
}

// Service signs and verifies. Safe for concurrent use.
type Service struct {
	d    Deps
	busy chan struct{} // bounds the files that are verified at once
}

// New returns the service.
func New(d Deps) *Service { return &Service{d, make(chan struct{}, max(2, runtime.NumCPU()))} }

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("signature", migrations) }

func scopeOf(unit orgunit.UnitID) string { return "unit:" + unit.String() }

// Working reports whether a unit can sign results: it has a seal in force. 0 asks for any unit.
func (s *Service) Working(unit orgunit.UnitID) bool {
	if unit == 0 {
		return s.d.Authority.Sealed("")
	}
	return s.d.Authority.Sealed(scopeOf(unit))
}

// OfficerSigner is the key of an officer's card. The caller answers for that officer's act.
// Errors: NotFound where there is no card in force; Conflict where the key is out of reach.
func (s *Service) OfficerSigner(ctx context.Context, account int64) (Signer, error) {
	c, err := s.d.Authority.OfAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	return s.d.Authority.Signer(ctx, c)
}

// Own reports whether an officer has a card in force whose key only they reach.
func (s *Service) Own(ctx context.Context, account int64) bool {
	c, err := s.d.Authority.OfAccount(ctx, account)
	return err == nil && !s.d.Authority.Reaches(c)
}

// SealSigner is the key of a unit's seal. Errors as of OfficerSigner.
func (s *Service) SealSigner(ctx context.Context, unit orgunit.UnitID) (Signer, error) {
	c, err := s.d.Authority.OfUnit(ctx, scopeOf(unit))
	if err != nil {
		return nil, err
	}
	return s.d.Authority.Signer(ctx, c)
}

// OfficerLook is the image of an officer's signature; nil where their card has none.
func (s *Service) OfficerLook(ctx context.Context, account int64) ([]byte, error) {
	c, err := s.d.Authority.OfAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	return s.d.Authority.Look(ctx, c.ID)
}

// SealLook is the image of a unit's seal; nil where it has none.
func (s *Service) SealLook(ctx context.Context, unit orgunit.UnitID) ([]byte, error) {
	c, err := s.d.Authority.OfUnit(ctx, scopeOf(unit))
	if err != nil {
		return nil, err
	}
	return s.d.Authority.Look(ctx, c.ID)
}

func (s *Service) options(name string, v *Visible, reason string) sign.PDFOptions {
	o := sign.PDFOptions{Name: name, Reason: reason, At: s.d.Clock.Now()}
	if v != nil {
		v := plain(*v, name, o.At)
		o.Visible = &sign.Visible{Page: v.Page, Rect: v.Rect, Kind: v.Kind, Lines: v.Lines, Image: v.Image, Font: s.d.Font}
	}
	return o
}

// refused says in a sentence why a file cannot be signed or read.
func refused(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sign.ErrPDF), errors.Is(err, sign.ErrXML):
		return errs.E(errs.Invalid, "signature.error.file", errs.Cause(err))
	case errors.Is(err, sign.ErrPage):
		return errs.E(errs.Invalid, "signature.error.page", errs.Cause(err))
	case errors.Is(err, sign.ErrWeak):
		return errs.E(errs.Conflict, "signature.error.weak", errs.Cause(err))
	}
	return err
}

// SignPDF adds a signature with a time stamp (PAdES B-T); older signatures stay whole. Nothing
// is journalled: the caller knows what the paper is. Errors: Invalid where the file or page is
// none; those of the key.
func (s *Service) SignPDF(ctx context.Context, pdf []byte, by Signer, v *Visible, reason string) (out []byte, err error) {
	defer errs.Op(&err, "signature.SignPDF")
	chain, err := by.Certificate(ctx)
	if err != nil {
		return nil, err
	}
	out, err = sign.SignPDF(ctx, pdf, by, s.d.Authority.Stamper(), s.options(chain[0].Subject.CommonName, v, reason))
	return out, refused(err)
}

// SignXML adds an enveloped signature with a time stamp (XAdES B-T). Errors as of SignPDF.
func (s *Service) SignXML(ctx context.Context, xml []byte, by Signer) (out []byte, err error) {
	defer errs.Op(&err, "signature.SignXML")
	out, err = sign.SignXML(ctx, xml, by, s.d.Authority.Stamper(), s.d.Clock.Now())
	return out, refused(err)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Elsewhere is a paper that waits for a signature with a key that is not in this house.
type Elsewhere struct {
	Attributes []byte // what is to be signed: hashed with SHA-256, then signed
	pending    *sign.Pending
	chain      []*x509.Certificate
}

// Prepare makes what a citizen's own software signs. Errors: Invalid where the file or the
// certificate is none; Conflict where the key is too weak.
func (s *Service) Prepare(ctx context.Context, pdf []byte, chain []*x509.Certificate, v *Visible, reason string) (e *Elsewhere, err error) {
	defer errs.Op(&err, "signature.Prepare")
	if len(chain) == 0 {
		return nil, errs.E(errs.Invalid, "signature.error.certificate")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e = &Elsewhere{chain: chain}
	if e.pending, err = sign.PreparePDF(pdf, s.options(chain[0].Subject.CommonName, v, reason)); err != nil {
		return nil, refused(err)
	}
	e.Attributes, err = sign.Attributes(e.pending.Digest, chain[0])
	return e, refused(err)
}

// Complete puts the citizen's signature into its place, with a time stamp. Invalid where it is
// not of the key and paper that were prepared.
func (s *Service) Complete(ctx context.Context, e *Elsewhere, signature []byte) (out []byte, err error) {
	defer errs.Op(&err, "signature.Complete")
	cms, err := sign.Assemble(ctx, e.Attributes, signature, s.d.Authority.Stamper(), e.chain...)
	if err != nil {
		return nil, errs.E(errs.Invalid, "signature.error.foreign", errs.Cause(err))
	}
	return e.pending.Complete(cms)
}
