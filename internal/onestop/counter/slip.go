package counter

import (
	"context"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// slip draws a paper of the counter.
type slip struct {
	ctx  context.Context
	s    *Service
	lang i18n.Lang
}

func (s *Service) slip(ctx context.Context, lang i18n.Lang) slip { return slip{ctx, s, lang} }

func (p slip) t(key string, kv ...any) string {
	return i18n.BundleOf(p.ctx).T(p.lang, "counter.slip."+key, kv...)
}

func (p slip) unit(u orgunit.UnitID, at time.Time) string {
	v, ok := p.s.Units.At(clock.DateOf(at)).Get(u)
	if !ok {
		v, _ = p.s.Units.Unit(u)
	}
	if p.lang == i18n.EN && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}

func (p slip) render(title string, blocks []pdf.Block, at time.Time) ([]byte, error) {
	return pdf.Render(pdf.Layout{Page: pdf.Page{Size: "A4"}, Blocks: blocks}, pdf.Options{Fonts: p.s.Fonts, Title: title, Lang: string(p.lang), Created: at})
}

// PaperName is the name of a kept paper in a language.
func (s *Service) PaperName(o Original, lang i18n.Lang) string {
	if pkg, err := s.Services.ByDigest(o.Package); err == nil {
		return pkg.PaperName(o.Paper).In(lang)
	}
	return o.Paper
}

// ResultName is what a service calls its result; the service's own name where it has no word.
func ResultName(pkg *service.Package, lang i18n.Lang) string {
	if l, ok := pkg.Label("result." + pkg.Result.Kind); ok {
		return l.In(lang)
	}
	return pkg.Name().In(lang)
}

// BatchSlip is the paper of a hand-over, to be signed by both.
func (s *Service) BatchSlip(ctx context.Context, b Batch, lang i18n.Lang) ([]byte, error) {
	p := s.slip(ctx, lang)
	table := &pdf.Table{Columns: []pdf.Column{
		{Title: p.t("col.no"), Width: 0.5, Align: "center"}, {Title: p.t("col.code"), Width: 2.6}, {Title: p.t("col.applicant"), Width: 2},
		{Title: p.t("col.paper"), Width: 3}, {Title: p.t("col.count"), Width: 0.9, Align: "center"}, {Title: p.t("col.note"), Width: 1.8},
	}}
	total := 0
	for i, l := range b.Lines {
		note := ""
		if l.Refused != "" {
			note = p.t("refused", "why", l.Refused)
		} else {
			total += l.Original.Count
		}
		table.Rows = append(table.Rows, []string{strconv.Itoa(i + 1), l.Original.Code, l.Original.Applicant, s.PaperName(l.Original, lang), strconv.Itoa(l.Original.Count), note})
	}
	half := "afternoon"
	if b.Morning() {
		half = "morning"
	}
	to := b.ToName
	if to == "" {
		to = p.t("anyone")
	}
	signer := b.ToName
	at := b.MadeAt
	if !b.EndedAt.IsZero() {
		at = b.EndedAt
	}
	if b.State == BatchReceived {
		signer = b.EndedBy
	}
	day := clock.DateOf(b.MadeAt)
	blocks := []pdf.Block{
		{Heading: &pdf.Heading{Left: []string{strings.ToUpper(p.unit(b.FromUnit, b.MadeAt)), p.t("anyone")}}},
		{Title: &pdf.Title{Text: p.t("handover"), Sub: p.t(half, "day", i18n.Date(lang, day))}},
		{Fields: &pdf.Fields{Rows: []pdf.Field{
			{Label: p.t("from"), Value: b.FromName + ", " + p.unit(b.FromUnit, b.MadeAt), Strong: true},
			{Label: p.t("to"), Value: to + ", " + p.unit(b.ToUnit, b.MadeAt), Strong: true},
			{Label: p.t("state"), Value: p.t("state_"+b.State, "at", i18n.DateTime(lang, at))},
		}}},
		{Table: table},
		{Paragraph: &pdf.Paragraph{Text: p.t("total", "papers", len(b.Lines), "count", total)}},
		{Signatures: []pdf.Signature{
			{Role: p.t("giver"), Hint: p.t("signHint"), Name: b.FromName}, {Role: p.t("receiver"), Hint: p.t("signHint"), Name: signer},
		}},
	}
	return p.render(p.t("handover")+" "+day.String(), blocks, at)
}

// ReturnSlip is what the receiver of a result signs.
func (s *Service) ReturnSlip(ctx context.Context, v Pickup, lang i18n.Lang) ([]byte, error) {
	p := s.slip(ctx, lang)
	r, d := v.Returned, v.Dossier
	rows := []pdf.Field{
		{Label: p.t("code"), Value: d.Code, Strong: true}, {Label: p.t("procedure"), Value: v.Pkg.Name().In(lang)},
		{Label: p.t("applicant"), Value: d.Applicant}, {Label: p.t("who"), Value: r.Who, Strong: true},
		{Label: p.t("identity"), Value: p.t("identity_" + r.Identity)}, {Label: p.t("at"), Value: i18n.DateTime(lang, r.At)},
		{Label: p.t("result"), Value: ResultName(v.Pkg, lang)},
	}
	switch r.Paid {
	case PaidHere:
		rows = append(rows, pdf.Field{Label: p.t("fee"), Value: p.t("paid_here", "amount", i18n.Money(lang, r.Amount), "receipt", r.Receipt)})
	case PaidBefore:
		rows = append(rows, pdf.Field{Label: p.t("fee"), Value: p.t("paid_before")})
	}
	blocks := []pdf.Block{
		{Heading: &pdf.Heading{Left: []string{strings.ToUpper(p.unit(d.Receiving, d.SubmittedAt)), p.t("anyone")}, Number: d.Code}},
		{Title: &pdf.Title{Text: p.t("return")}},
		{Fields: &pdf.Fields{Rows: rows}},
		{Paragraph: &pdf.Paragraph{Text: p.t("originals"), Style: "bold"}},
	}
	table := &pdf.Table{Columns: []pdf.Column{
		{Title: p.t("col.no"), Width: 0.5, Align: "center"}, {Title: p.t("col.paper"), Width: 5}, {Title: p.t("col.count"), Width: 1, Align: "center"},
	}}
	for _, o := range v.Originals {
		if o.State == GivenBack {
			table.Rows = append(table.Rows, []string{strconv.Itoa(len(table.Rows) + 1), s.PaperName(o, lang), strconv.Itoa(o.Count)})
		}
	}
	if len(table.Rows) > 0 {
		blocks = append(blocks, pdf.Block{Table: table})
	} else {
		blocks = append(blocks, pdf.Block{Paragraph: &pdf.Paragraph{Text: p.t("noOriginals")}})
	}
	if r.Note != "" {
		blocks = append(blocks, pdf.Block{Note: &pdf.Note{Text: p.t("kept", "why", r.Note)}})
	}
	blocks = append(blocks, pdf.Block{Signatures: []pdf.Signature{
		{Role: p.t("owner"), Hint: p.t("signHint"), Name: r.Who}, {Role: p.t("clerk"), Hint: p.t("signHint"), Name: r.By},
	}})
	return p.render(d.Code, blocks, r.At)
}

// Notice is the paper that calls the owner of an uncollected result.
func (s *Service) Notice(ctx context.Context, v Pickup, lang i18n.Lang) ([]byte, error) {
	p := s.slip(ctx, lang)
	d := v.Dossier
	unit := p.unit(v.Task.Unit, d.SubmittedAt)
	at := s.Clock.Now()
	return p.render(d.Code, []pdf.Block{
		{Heading: &pdf.Heading{Left: []string{strings.ToUpper(unit), p.t("anyone")}, Number: d.Code}},
		{Title: &pdf.Title{Text: p.t("notice")}},
		{Fields: &pdf.Fields{Rows: []pdf.Field{
			{Label: p.t("noticeTo"), Value: d.Applicant, Strong: true}, {Label: p.t("code"), Value: d.Code, Strong: true},
			{Label: p.t("procedure"), Value: v.Pkg.Name().In(lang)}, {Label: p.t("result"), Value: ResultName(v.Pkg, lang)},
			{Label: p.t("fetch"), Value: p.t("anyone") + ", " + unit},
		}}},
		{Paragraph: &pdf.Paragraph{Text: p.t("noticeText", "since", i18n.Date(lang, clock.DateOf(v.Task.OpenedAt)), "unit", p.t("anyone")+" "+unit)}},
		{Signatures: []pdf.Signature{{Role: p.t("clerk"), Hint: p.t("signHint")}}},
	}, at)
}
