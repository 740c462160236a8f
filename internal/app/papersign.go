package app

import (
	"context"
	"slices"

	"khue/internal/kernel/pdf"
	"khue/internal/onestop/result"
	"khue/internal/onestop/result/postweb"
	"khue/internal/onestop/signature"
	"khue/internal/register/orgunit"
)

// paperSigner signs results with the city's own cards and seals.
type paperSigner struct{ s *signature.Service }

// signsPapers is what signs results: what a test gives, or the city's certificate authority.
func (p *Program) signsPapers() result.Signing {
	if p.Config.Signing != nil {
		return p.Config.Signing
	}
	return paperSigner{p.Signatures}
}

// takesPapers is who takes results to their owners: what a test gives, or the service of the flags.
func (p *Program) takesPapers() result.Post {
	if p.Config.Post != nil || p.Config.PostURL == "" {
		return p.Config.Post
	}
	return postweb.New(p.Config.PostURL, p.Config.PostSecret)
}

// Working reports whether whoever signed has a card in force, and the agency a seal. A paper that
// only one half of could be signed stays unsigned and says so.
func (s paperSigner) Working(ctx context.Context, officer int64, unit orgunit.UnitID, by []string) bool {
	if result.ByPerson(by) {
		if _, err := s.s.OfficerSigner(ctx, officer); officer == 0 || err != nil && !s.s.Own(ctx, officer) {
			return false
		}
	}
	return !slices.Contains(by, result.SealWord) || s.s.Working(unit)
}

// Own reports whether the officer's key lies where only they reach it.
func (s paperSigner) Own(ctx context.Context, officer int64) bool { return s.s.Own(ctx, officer) }

// SignPDF lays the officer's signature in the room that the paper leaves for it, then the seal
// over its left third (Decree 30/2020, annex I).
func (s paperSigner) SignPDF(ctx context.Context, paper []byte, at pdf.Place, officer int64, unit orgunit.UnitID, by []string, reason string) ([]byte, error) {
	look := func(rect [4]float64, v signature.Visible) *signature.Visible {
		if at.Page == 0 {
			return nil
		}
		v.Page, v.Rect = at.Page, rect
		return &v
	}
	if result.ByPerson(by) {
		key, err := s.s.OfficerSigner(ctx, officer)
		if err != nil {
			return nil, err
		}
		image, err := s.s.OfficerLook(ctx, officer)
		if err != nil {
			return nil, err
		}
		if paper, err = s.s.SignPDF(ctx, paper, key, look(at.Rect, signature.Visible{Kind: signature.Personal, Image: image}), reason); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(by, result.SealWord) {
		return paper, nil
	}
	key, err := s.s.SealSigner(ctx, unit)
	if err != nil {
		return nil, err
	}
	image, err := s.s.SealLook(ctx, unit)
	if err != nil {
		return nil, err
	}
	return s.s.SignPDF(ctx, paper, key, look(signature.SealOver(at.Rect), signature.Visible{Kind: signature.Seal, Image: image}), reason)
}
