package dossier

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
)

// PrintOrder draws an order as a short note, for its officer and for leaders. It returns the
// code of the dossier beside it. Errors: NotFound.
func (s *Service) PrintOrder(ctx context.Context, v OrderID, lang i18n.Lang, address string) (b []byte, code string, err error) {
	defer errs.Op(&err, "dossier.PrintOrder(%s)", v)
	o, err := s.FindOrder(ctx, v)
	if err != nil {
		return nil, "", err
	}
	var d Dossier
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		d, err = findByID(q, o.Dossier)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	p := printing{ctx: ctx, s: s, lang: lang, d: d, address: address, line: Line{At: o.MadeAt}}
	if p.pkg, err = s.pkg(d); err != nil {
		return nil, "", err
	}
	b, err = p.render(p.order(o), o.MadeAt)
	return b, d.Code, err
}

// order is the layout of the note.
func (p printing) order(o Order) pdf.Layout {
	day := clock.DateOf(o.MadeAt)
	due := p.t("noDue")
	if !p.d.DueAt.IsZero() {
		due = i18n.DateTime(p.lang, p.d.DueAt)
	}
	rows := []pdf.Field{
		{Label: p.t("code"), Value: p.d.Code, Strong: true},
		{Label: p.t("procedure"), Value: p.pkg.Name().In(p.lang)},
		{Label: p.t("dueAt"), Value: due},
		{Label: p.t("order.to"), Value: o.OfficerName, Strong: true},
		{Label: p.t("order.by"), Value: i18n.DateTime(p.lang, o.DueAt), Strong: true},
	}
	if o.Rounds > 1 {
		rows = append(rows, pdf.Field{Label: p.t("order.round"), Value: strconv.Itoa(o.Rounds)})
	}
	blocks := []pdf.Block{
		{Heading: &pdf.Heading{Left: []string{strings.ToUpper(p.unit(o.Unit))}, Place: p.place(day)}},
		{Title: &pdf.Title{Text: p.t("order.title"), QR: strings.TrimSuffix(p.address, "/") + "/desk/dossiers/" + url.PathEscape(p.d.Code), QRCaption: p.t("scan")}},
		{Fields: &pdf.Fields{Rows: rows}},
		{Paragraph: &pdf.Paragraph{Text: p.t("order.text"), Style: "bold"}},
		{Note: &pdf.Note{Text: o.Note}},
	}
	if o.Answer != "" {
		answered := []pdf.Field{{Label: p.t("order.answeredAt"), Value: i18n.DateTime(p.lang, o.AnsweredAt)}}
		if !o.Forecast.IsZero() {
			answered = append(answered, pdf.Field{Label: p.t("order.forecast"), Value: i18n.Date(p.lang, o.Forecast), Strong: true})
		}
		blocks = append(
			blocks,
			pdf.Block{Paragraph: &pdf.Paragraph{Text: p.t("order.answer"), Style: "bold"}},
			pdf.Block{Note: &pdf.Note{Text: o.Answer}},
			pdf.Block{Fields: &pdf.Fields{Rows: answered}},
		)
	}
	blocks = append(blocks, pdf.Block{Signatures: []pdf.Signature{
		{Role: p.t("signer.officer"), Hint: p.t("signHint"), Name: o.OfficerName},
		{Role: p.t("signer.leader"), Hint: p.t("signHint"), Name: o.LeaderName},
	}})
	return pdf.Layout{Page: pdf.Page{Size: "A5", Footer: p.t("footer", "code", p.d.Code)}, Blocks: blocks}
}
