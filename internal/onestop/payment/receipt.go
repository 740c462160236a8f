package payment

import (
	"fmt"
	"slices"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
)

// Receipt draws the receipt of an order that is settled, with the amount in words and a code
// that leads to the order's page. It carries no signature: the page is the proof.
func (s *Service) Receipt(b *i18n.Bundle, l i18n.Lang, o Order) ([]byte, error) {
	if !o.Settled() {
		return nil, errs.E(errs.Conflict, "payment.receipt.unpaid")
	}
	t := func(key string, kv ...any) string { return b.T(l, "payment.receipt."+key, kv...) }
	unit := ""
	if u, ok := s.Units.Now().Get(o.Unit); ok {
		if unit = u.Name; l == i18n.EN && u.NameEN != "" {
			unit = u.NameEN
		}
	}
	head, rows := []pdf.Column{{Title: "#", Width: 0.4}, {Title: t("line"), Width: 3}, {Title: t("law"), Width: 3.8}, {Title: t("amount"), Width: 1.3, Align: "right"}}, [][]string{}
	several := slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Quantity > 1 })
	if several {
		head = slices.Insert(head, 3, pdf.Column{Title: t("quantity"), Width: 0.8, Align: "right"})
	}
	for i, line := range o.Lines {
		row := []string{fmt.Sprint(i + 1), line.Text.In(l), line.Source, i18n.Number(l, line.Amount)}
		if several {
			row = slices.Insert(row, 3, i18n.Number(l, int64(max(1, line.Quantity))))
		}
		rows = append(rows, row)
	}
	ways := []string{}
	for _, w := range Ways() {
		if o.Got[w] > 0 {
			ways = append(ways, b.T(l, "payment.way."+string(w)))
		}
	}
	fields := []pdf.Field{
		{Label: t("payer"), Value: o.Payer, Strong: true}, {Label: t("for"), Value: o.Source.Code}, {Label: t("ways"), Value: strings.Join(ways, ", ")},
		{Label: t("paidAt"), Value: i18n.DateTime(l, o.PaidAt)}, {Label: t("reference"), Value: o.Reference},
	}
	sum := []pdf.Field{{Label: t("sum"), Value: i18n.Money(l, o.Amount), Strong: true}, {Label: t("words"), Value: InWords(o.Amount)}}
	return pdf.Render(pdf.Layout{
		Page: pdf.Page{Size: "A5", Footer: o.Reference},
		Blocks: []pdf.Block{
			{Heading: &pdf.Heading{Left: []string{unit}}},
			{Title: &pdf.Title{Text: t("title"), Sub: t("sub", "day", clock.DateOf(o.PaidAt)), QR: s.Address + s.Link(o.ID), QRCaption: t("qr")}},
			{Fields: &pdf.Fields{Rows: fields}},
			{Table: &pdf.Table{Columns: head, Rows: rows}},
			{Fields: &pdf.Fields{Rows: sum, Plain: true}},
			{Note: &pdf.Note{Text: t("note")}},
		},
	}, pdf.Options{Fonts: s.Fonts, Lang: string(l), Created: o.PaidAt})
}
