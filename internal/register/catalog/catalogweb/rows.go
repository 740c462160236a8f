package catalogweb

import (
	"context"
	"strconv"
	"strings"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/register/catalog"
)

func wayRows(ctx context.Context, v procedureView) []ui.Row {
	var rows []ui.Row
	for _, w := range v.ways() {
		rows = append(rows, ui.Row{Cells: []ui.Cell{ui.T(channels(ctx, w.channels)), ui.C(termAndNote(w)), ui.C(feeCell(w.Fees))}})
	}
	return rows
}

func caseRows(ctx context.Context, cases []catalog.Case) []ui.Row {
	var rows []ui.Row
	for _, c := range cases {
		rows = append(rows, ui.Row{Cells: []ui.Cell{ui.T(c.Code), ui.T(c.Name), ui.T(deadline(ctx, c.Deadline))}})
	}
	return rows
}

func aboutRows(ctx context.Context, v procedureView) []ui.SummaryRow {
	var rows []ui.SummaryRow
	add := func(key string, c ui.Cell) {
		if c.Text != "" {
			rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "catalog.page."+key), Value: c})
		}
	}
	add("code", ui.T(string(v.Code)))
	if v.Field.Name != "" {
		add("field", ui.L(fieldName(ctx, v.Field.Name, v.FieldEN), groupsView{by: "field"}.href(catalog.Group{Name: v.Field.Name})))
	}
	add("promulgator", ui.T(v.Promulgator.Name))
	add("kind", ui.T(i18n.T(ctx, "catalog.kind."+string(v.Kind))))
	decision := v.Decision
	if v.Detail != nil && !v.Detail.DecidedOn.IsZero() {
		decision += ", " + i18n.Date(i18n.LangOf(ctx), v.Detail.DecidedOn)
	}
	add("decision", ui.T(decision))
	var claims []string
	if v.FullProcess {
		claims = append(claims, i18n.T(ctx, "catalog.page.full_process"))
	}
	if v.NonTerritorial {
		claims = append(claims, i18n.T(ctx, "catalog.page.non_territorial"))
	}
	add("claims", ui.T(strings.Join(claims, "; ")))
	add("source", ui.T(v.source(ctx)))
	add("valid", ui.T(v.validity(ctx)))
	if p := portal(&v.Summary); p != "" {
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "catalog.page.portal_short"), Value: ui.L(i18n.T(ctx, "catalog.page.portal"), p)})
	}
	return rows
}

func revision(ctx context.Context, r catalog.Revision) string {
	key := "catalog.page.revision_row"
	if r.Full {
		key = "catalog.page.revision_full"
	}
	return i18n.T(ctx, key, "n", r.Number)
}

func groupName(ctx context.Context, g catalog.PaperGroup, i int) string {
	if n := strings.TrimRight(plain(g.Name), " :"); n != "" {
		return n
	}
	return i18n.T(ctx, "catalog.page.group", "n", strconv.Itoa(i+1))
}

func paperCounts(ctx context.Context, p catalog.Paper) string {
	var out []string
	if p.Originals > 0 {
		out = append(out, i18n.T(ctx, "catalog.page.original", "n", p.Originals))
	}
	if p.Copies > 0 {
		out = append(out, i18n.T(ctx, "catalog.page.copy", "n", p.Copies))
	}
	if p.EForm {
		out = append(out, i18n.T(ctx, "catalog.page.eform"))
	}
	if p.IsResult {
		out = append(out, i18n.T(ctx, "catalog.page.is_result"))
	}
	return strings.Join(out, ", ")
}
