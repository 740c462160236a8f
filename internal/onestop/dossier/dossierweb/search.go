package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

// searchView is what was found, the youngest first.
type searchView struct {
	Text  string
	Table *ui.TableArgs
	Pages ui.PageLinks
}

const maxSearch = 100 // characters of what is searched for

// search finds dossiers among all that the reader's posts cover.
func (h *handlers) search(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := searchView{Text: strings.TrimSpace(q.Get("q"))}
	if text := []rune(v.Text); len(text) > maxSearch {
		v.Text = string(text[:maxSearch])
	}
	if v.Text != "" {
		var before dossier.ID
		if _, err := web.ReadCursor(q.Get("cursor"), &before); err != nil {
			return err
		}
		found, err := h.svc.Search(ctx, v.Text, before, pageRows)
		if err != nil {
			return err
		}
		v.Table = h.foundTable(ctx, found.Dossiers)
		if found.Next != 0 {
			v.Pages.Next = "/desk/search?" + url.Values{"q": {v.Text}, "cursor": {web.NewCursor(found.Next)}}.Encode()
		}
		if before != 0 {
			v.Pages.Prev = "/desk/search?" + url.Values{"q": {v.Text}}.Encode()
		}
	}
	return web.Render(w, r, http.StatusOK, searchPage(v))
}

func (h *handlers) foundTable(ctx context.Context, found []dossier.Dossier) *ui.TableArgs {
	now := h.clock.Now()
	t := &ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.search.caption"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "dossierweb.search.empty"),
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.col.code")}, {Label: i18n.T(ctx, "dossierweb.search.procedure")},
			{Label: i18n.T(ctx, "dossierweb.field.state")}, {Label: i18n.T(ctx, "dossierweb.field.due")}, {Label: i18n.T(ctx, "dossierweb.field.competent")},
		},
	}
	for _, d := range found {
		name := d.Procedure
		if pkg, err := h.services.ByDigest(d.Package); err == nil {
			name = say(ctx, pkg.Name())
		}
		t.Rows = append(t.Rows, ui.Row{Marked: d.Late(now) && d.ClosedAt.IsZero(), Cells: []ui.Cell{
			{Text: d.Code, Href: "/desk/dossiers/" + url.PathEscape(d.Code), Note: d.Applicant + " · " + groupedPhone(d.Phone)},
			{Text: name, Note: i18n.T(ctx, "dossierweb.search.filed", "at", shortTime(ctx, d.SubmittedAt))},
			stateCell(ctx, d),
			dueCell(ctx, d.DueAt, now, d.State.Ended() || !d.ClosedAt.IsZero()),
			ui.T(h.unitName(ctx, d.Competent, d.SubmittedAt)),
		}})
	}
	return t
}
