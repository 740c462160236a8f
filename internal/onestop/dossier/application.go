package dossier

import (
	"context"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/form"
)

// Application is what an owner filed, as one paper that they can sign with a key of their own: the
// answers, and each file that came with them by its digest. NotFound for all but the owner.
func (s *Service) Application(ctx context.Context, code string) (d Dossier, paper []byte, at pdf.Place, err error) {
	defer errs.Op(&err, "dossier.Application")
	d, access, err := s.Find(ctx, code, Viewer{})
	if err != nil {
		return d, nil, at, err
	}
	if access != SeeAll || !isOwner(auth.From(ctx), d) {
		return Dossier{}, nil, at, errs.E(errs.NotFound, "dossier.notFound")
	}
	p := printing{ctx: i18n.WithLang(ctx, s.words, i18n.VI), s: s, lang: i18n.VI, d: d, line: Line{At: d.SubmittedAt}}
	if p.pkg, err = s.pkg(d); err != nil {
		return d, nil, at, err
	}
	if p.c, err = s.ContentOf(ctx, d); err != nil {
		return d, nil, at, err
	}
	if p.c.Filing.Erased {
		return d, nil, at, errs.E(errs.Gone, "dossier.erased")
	}
	env := form.Env{Now: d.SubmittedAt, Case: d.Case, Channel: string(d.Channel), Units: s.units, Files: p.c.Papers}
	words := p.pkg.ResultData(p.c.Answers, nil, env, p.lang)
	rows := []pdf.Field{
		{Label: p.t("application.code"), Value: d.Code, Strong: true}, {Label: p.t("application.applicant"), Value: d.Applicant},
		{Label: p.t("application.agency"), Value: p.unit(d.Competent)}, {Label: p.t("application.filed"), Value: i18n.DateTime(p.lang, d.SubmittedAt)},
	}
	var seen []string
	for _, in := range p.pkg.Form.Inputs() {
		if v := words[in.Path]; v != "" && !slices.Contains(seen, in.Path) {
			seen = append(seen, in.Path)
			rows = append(rows, pdf.Field{Label: in.Label.In(p.lang), Value: v})
		}
	}
	l := pdf.Layout{Blocks: []pdf.Block{{Title: &pdf.Title{Text: p.t("application.title"), Sub: p.pkg.Name().In(p.lang)}}, {Fields: &pdf.Fields{Rows: rows}}}}
	var files [][]string
	for _, f := range p.papers() {
		files = append(files, []string{f["paper"], f["file"], f["sha256"]})
	}
	if len(files) > 0 {
		l.Blocks = append(l.Blocks, pdf.Block{Table: &pdf.Table{
			Columns: []pdf.Column{{Title: p.t("application.paper"), Width: 4}, {Title: p.t("application.file"), Width: 3}, {Title: "SHA-256", Width: 5}}, Rows: files,
		}})
	}
	l.Blocks = append(l.Blocks, pdf.Block{Signatures: []pdf.Signature{{Role: p.t("application.signer"), Name: d.Applicant}}})
	if s.Demo {
		l.Page.Watermark = p.t("mark.demo")
	}
	paper, err = pdf.Render(l, pdf.Options{Fonts: s.Fonts, Title: p.t("application.title") + " " + d.Code, Lang: "vi", Created: s.Clock.Now(), Place: func(x pdf.Place) { at = x }})
	return d, paper, at, err
}
