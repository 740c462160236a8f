package app

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/dossier/dossierweb"
	"khue/internal/onestop/result"
	"khue/internal/onestop/result/resultweb"
	"khue/internal/onestop/signature"
)

// ownResult is the kind of errands of officers who sign results with keys of their own.
const ownResult = "result"

// ownPapers gives what people sign with keys of their own.
type ownPapers struct{ p *Program }

// Application is what the reader filed under a code.
func (o ownPapers) Application(ctx context.Context, code string) (out signature.Document, err error) {
	d, paper, at, err := o.p.Dossiers.Application(ctx, code)
	if err != nil {
		return out, err
	}
	out = signature.Document{Subject: journal.Subject{Type: dossier.SubjectType, ID: int64(d.ID)}, Name: d.Code, PDF: paper, Reason: d.Code}
	if at.Page != 0 {
		out.Visible = &signature.Visible{Page: at.Page, Rect: at.Rect, Kind: signature.Personal}
	}
	return out, nil
}

// has reports whether the owner of a dossier signed what they filed.
func (o ownPapers) has(ctx context.Context, v dossier.ID) (bool, error) {
	list, err := o.p.Signatures.SignedOf(ctx, journal.Subject{Type: dossier.SubjectType, ID: int64(v)})
	return len(list) > 0, err
}

// parcelRows says where the results of a dossier that go by post are.
func (p *Program) parcelRows(ctx context.Context, v dossier.ID) ([]ui.SummaryRow, error) {
	list, err := p.Results.Parcels(ctx, v)
	if err != nil {
		return nil, err
	}
	out := make([]ui.SummaryRow, len(list))
	for i, x := range list {
		out[i] = ui.SummaryRow{Key: i18n.T(ctx, "resultweb.parcel.row"), Value: resultweb.ParcelCell(ctx, x)}
	}
	return out, nil
}

// standingResult is the result of a dossier that lives, for the pages of the dossier.
func (p *Program) standingResult(ctx context.Context, v dossier.ID) (out dossierweb.Standing, err error) {
	list, err := p.Results.OfDossier(ctx, dossier.Dossier{ID: v})
	for _, r := range list { // the oldest first: of a correction on its way both live, the paper in force is told
		if r.State == result.Issued || r.State == result.Intended && out.Number == "" {
			out = dossierweb.Standing{Number: r.Text, Href: "/desk/results/" + r.ID.String()}
		}
	}
	return out, err
}

// givenPaper tells whether a paper that the city gave out still holds, to whoever has its file.
func (p *Program) givenPaper(ctx context.Context, sha256 string) (*ui.BannerArgs, error) {
	c, err := p.Results.LookFile(ctx, sha256)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // no paper of the city's
	}
	if err != nil {
		return nil, err
	}
	b := resultweb.Told(ctx, p.Results, c)
	b.Link = &ui.Anchor{Label: i18n.T(ctx, "resultweb.card.open"), Href: "/r/" + c.Public}
	return &b, nil
}

// SeesDossier finds the subject of a dossier that the reader may see whole.
func (o ownPapers) SeesDossier(ctx context.Context, code string) (journal.Subject, error) {
	d, access, err := o.p.Dossiers.Find(ctx, code, dossier.Viewer{})
	if err == nil && access != dossier.SeeAll {
		err = errs.E(errs.NotFound, "dossier.notFound")
	}
	return journal.Subject{Type: dossier.SubjectType, ID: int64(d.ID)}, err
}

// Papers prepares results that wait for the reader to be signed with a key of their own, and
// returns where it goes on.
func (o ownPapers) Papers(ctx context.Context, papers []result.ID, key string) (string, error) {
	list, err := o.p.Results.ForOwnKey(ctx, papers)
	if err != nil {
		return "", err
	}
	chain, err := o.p.Signatures.OwnChain(ctx, auth.From(ctx).Account)
	if err != nil {
		return "", err
	}
	image, err := o.p.Signatures.OfficerLook(ctx, auth.From(ctx).Account)
	if err != nil {
		return "", err
	}
	docs := make([]signature.Document, len(list))
	for i, x := range list {
		docs[i] = signature.Document{Subject: journal.Subject{Type: result.SubjectType, ID: int64(x.ID)}, Name: x.Number, PDF: x.PDF, Reason: x.Number}
		if x.Place.Page != 0 {
			docs[i].Visible = &signature.Visible{Page: x.Place.Page, Rect: x.Place.Rect, Kind: signature.Personal, Image: image}
		}
	}
	v, err := o.p.Signatures.Ask(ctx, ownResult, docs, chain, key)
	return "/sign/" + v.String(), err
}
