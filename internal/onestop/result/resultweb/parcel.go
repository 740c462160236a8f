package resultweb

import (
	"context"
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
)

// ParcelCell is where a parcel is, in a word, with its tracking number and since when.
func ParcelCell(ctx context.Context, p result.Parcel) ui.Cell {
	tone := map[result.ParcelState]ui.Tone{
		result.Ordered: ui.ToneActive, result.OnWay: ui.ToneActive, result.Delivered: ui.ToneDone, result.Returned: ui.ToneWaiting, result.Lost: ui.ToneStopped, result.Refused: ui.ToneStopped, result.Back: ui.ToneWaiting,
	}[p.State]
	c := ui.Tagged(i18n.T(ctx, "resultweb.parcel.state."+string(p.State)), tone)
	c.Note = i18n.T(ctx, "resultweb.parcel.since", "at", i18n.DateTime(i18n.LangOf(ctx), p.At))
	if p.Tracking != "" {
		c.Note = i18n.T(ctx, "resultweb.parcel.tracking", "tracking", p.Tracking, "at", i18n.DateTime(i18n.LangOf(ctx), p.At))
	}
	return c
}

type parcelsView struct {
	Banner *ui.BannerArgs
	Table  ui.TableArgs
}

func (h handlers) parcels(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := parcelsView{}
	if q.Get("done") == "back" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "resultweb.parcel.doneBack"), Tone: ui.ToneDone, Alert: true}
	}
	return h.showParcels(w, r, http.StatusOK, v)
}

func (h handlers) showParcels(w http.ResponseWriter, r *http.Request, status int, v parcelsView) error {
	ctx := r.Context()
	list, err := h.svc.AtCounter(ctx)
	if err != nil {
		return err
	}
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "resultweb.parcel.title"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "resultweb.parcel.empty"),
		Head: []ui.Column{
			{Label: i18n.T(ctx, "resultweb.row.dossier"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.number"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.state")}, {Label: i18n.T(ctx, "resultweb.parcel.do"), Quiet: true},
		},
	}
	for _, p := range list {
		state := ParcelCell(ctx, p)
		row := ui.Row{Marked: p.Needs(), Cells: []ui.Cell{ui.L(p.Code, "/desk/dossiers/"+url.PathEscape(p.Code)), ui.L(p.Number, "/desk/results/"+p.Result.String()), state, ui.T("")}}
		if p.Note != "" {
			row.Cells[2].Note += " · " + p.Note
		}
		if p.Needs() {
			row.Cells[3] = ui.C(backForm(ui.FormArgs{Action: "/desk/parcels/" + p.Result.String(), Key: web.NewKey()}, i18n.T(ctx, "resultweb.parcel.back."+string(p.State))))
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return web.Render(w, r, status, parcelsPage(v))
}

// back notes that a parcel lies at the counter again.
func (h handlers) back(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[result.Result](r, "id")
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	err = h.svc.TakeBack(r.Context(), v, key)
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		return h.showParcels(w, r, web.Status(err), parcelsView{Banner: &ui.BannerArgs{Text: web.ProblemOf(r.Context(), err).Detail, Tone: ui.ToneStopped, Alert: true}})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/parcels?done=back")
}
