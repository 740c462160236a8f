package notifyweb

import (
	"net/http"
	"net/url"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/notify"
)

// messagesView is the city's list of messages.
type messagesView struct {
	Figures  []ui.Figure
	States   []ui.Filter
	Channels []ui.Filter
	Table    ui.TableArgs
	Pages    ui.PageLinks
	Banner   *ui.BannerArgs
}

func (h handlers) messages(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var f notify.Filter
	if _, err := web.ReadCursor(q.Get("cursor"), &f.Before); err != nil {
		return err
	}
	for _, s := range notify.States() {
		if q.Get("state") == string(s) {
			f.State = s
		}
	}
	channels := []notify.Channel{notify.Email, notify.SMS, notify.Push}
	for _, c := range channels {
		if q.Get("channel") == string(c) {
			f.Channel = c
		}
	}
	list, more, err := h.svc.List(ctx, f)
	if err != nil {
		return err
	}
	tally, err := h.svc.Counts(ctx)
	if err != nil {
		return err
	}
	lang := i18n.LangOf(ctx)
	link := func(state, channel string) string {
		v := url.Values{}
		if state != "" {
			v.Set("state", state)
		}
		if channel != "" {
			v.Set("channel", channel)
		}
		if len(v) == 0 {
			return "/admin/notices"
		}
		return "/admin/notices?" + v.Encode()
	}
	var v messagesView
	v.States = []ui.Filter{{Label: i18n.T(ctx, "notifyweb.admin.anyState"), Href: link("", string(f.Channel)), Count: -1, Current: f.State == ""}}
	for _, s := range notify.States() {
		word := i18n.T(ctx, "notifyweb.state."+string(s))
		n := tally.Of(s)
		fig := ui.Figure{Label: word, Value: i18n.Number(lang, int64(n)), Href: link(string(s), "")}
		if s == notify.Failed && n > 0 {
			fig.Tone = ui.ToneLate
		}
		v.Figures = append(v.Figures, fig)
		v.States = append(v.States, ui.Filter{Label: word, Href: link(string(s), string(f.Channel)), Count: -1, Current: f.State == s})
	}
	v.Channels = []ui.Filter{{Label: i18n.T(ctx, "notifyweb.admin.anyChannel"), Href: link(string(f.State), ""), Count: -1, Current: f.Channel == ""}}
	for _, c := range channels {
		v.Channels = append(v.Channels, ui.Filter{Label: i18n.T(ctx, "notifyweb.channel."+string(c)), Href: link(string(f.State), string(c)), Count: -1, Current: f.Channel == c})
	}
	if q.Get("done") == "1" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "notifyweb.admin.resent"), Tone: ui.ToneDone, Alert: true}
	}
	v.Table = h.table(r, list)
	base := link(string(f.State), string(f.Channel))
	if f.Before != 0 {
		v.Pages.Prev = base
	}
	if more {
		u, _ := url.Parse(base)
		next := u.Query()
		next.Set("cursor", web.NewCursor(list[len(list)-1].ID))
		v.Pages.Next = "/admin/notices?" + next.Encode()
	}
	return web.Render(w, r, http.StatusOK, messagesPage(v))
}

func (h handlers) table(r *http.Request, list []notify.Message) ui.TableArgs {
	ctx := r.Context()
	lang := i18n.LangOf(ctx)
	col := func(name string) ui.Column { return ui.Column{Label: i18n.T(ctx, "notifyweb.col."+name)} }
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "notifyweb.admin.caption"), CaptionQuiet: true, Empty: i18n.T(ctx, "notifyweb.admin.empty"),
		Head: []ui.Column{col("when"), col("kind"), col("channel"), col("to"), col("state"), {Label: i18n.T(ctx, "notifyweb.col.again"), Quiet: true}},
	}
	t.Head[0].Tight, t.Head[3].Tight = true, true
	tones := map[notify.State]ui.Tone{notify.Waiting: ui.ToneWaiting, notify.Sent: ui.ToneActive, notify.Delivered: ui.ToneDone, notify.Failed: ui.ToneLate}
	for _, m := range list {
		state := ui.Tagged(i18n.T(ctx, "notifyweb.state."+string(m.State)), tones[m.State])
		if m.Reason != "" {
			state.Note = i18n.T(ctx, "notifyweb.reason."+m.Reason, "n", m.Tries)
		}
		again := ui.T("")
		if m.State == notify.Failed && h.svc.Resends(ctx, m) {
			again = ui.C(againButton(m.ID.String(), web.NewKey(), i18n.DateTime(lang, m.Created)))
		}
		to := ui.T(m.To)
		if m.Channel == notify.Push {
			to = ui.T(i18n.T(ctx, "notifyweb.admin.browsers"))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.T(i18n.DateTime(lang, m.Created)), ui.T(i18n.T(ctx, "notifyweb.kind."+string(m.Kind))),
			ui.T(i18n.T(ctx, "notifyweb.channel."+string(m.Channel))), to, state, again,
		}})
	}
	return t
}

func (h handlers) resend(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[notify.Message](r, "id")
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	if err := h.svc.Resend(r.Context(), v, key); err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/notices?done=1")
}
