package demo

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

type demoView struct {
	Now    string
	Jumped *ui.BannerArgs
	Jumps  []jumpView
	People []personView
	Tales  []taleView
	Reform *reformView // nil: the city has none before it
}

// reformView is the button of the reorganisation, or how far it is.
type reformView struct {
	Text  string
	Begun bool
	Place string // where the story's dossier is put into its part of a divided commune
}

type jumpView struct{ Key, At, Label string }

type personView struct {
	Person
	Post, Role, Todo, Href string
}

// Who is a person with where they stand.
func (p personView) Who() string {
	if p.Post == "" {
		return p.Name
	}
	return p.Name + ", " + p.Post
}

type taleView struct {
	Title, Text string
	Code, State string
	Tone        ui.Tone
	Citizen     string // the dossier as its owner sees it
	Login       string // whom the officer's view is opened as
	Officer     string
	Label       string
}

func (h *handlers) page(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	now := h.Clock.Now()
	v := demoView{Now: i18n.T(ctx, "demo.now", "day", i18n.T(ctx, "demo.weekday."+now.Weekday().String()), "at", now)}
	if q.Get("jumped") != "" {
		v.Jumped = &ui.BannerArgs{Text: i18n.T(ctx, "demo.jumped", "at", now), Tone: ui.ToneDone, Alert: true}
	}
	for _, j := range h.Jumps() {
		v.Jumps = append(v.Jumps, jumpView{Key: j.Key, At: j.To.Format(time.RFC3339), Label: i18n.T(ctx, "demo.jump."+j.Key, "at", j.To)})
	}
	story := h.Story()
	for _, p := range story.People {
		sub, err := h.Auth.Resolve(ctx, p.Token)
		if err != nil {
			return err
		}
		href, text, err := h.todo(ctx, p, sub)
		if err != nil {
			return err
		}
		v.People = append(v.People, personView{Person: p, Post: h.Post(ctx, sub), Role: i18n.T(ctx, "demo.role."+p.Key+".name"), Todo: text, Href: href})
	}
	for _, t := range story.Tales {
		tv := taleView{
			Title: i18n.T(ctx, "demo.tale."+t.Key+".title"), Text: i18n.T(ctx, "demo.tale."+t.Key+".text"), Code: t.Code, Login: t.Login, Officer: t.Page,
			Label: i18n.T(ctx, "demo.asOfficer"),
		}
		if t.Code != "" {
			key := h.Dossiers.AccessKey(t.Code)
			d, _, err := h.Dossiers.Find(ctx, t.Code, dossier.Viewer{Key: key})
			if errs.Is(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			tv.State, tv.Tone = i18n.T(ctx, "process.state."+d.State.String()), tone(d, now)
			tv.Citizen = "/dossiers/" + url.PathEscape(t.Code) + "?k=" + url.QueryEscape(key)
			if tv.Officer == "" {
				tv.Officer = "/desk/dossiers/" + url.PathEscape(t.Code)
			}
		} else {
			tv.Label = i18n.T(ctx, "demo.open")
		}
		v.Tales = append(v.Tales, tv)
	}
	if v.Reform, err = h.reform(ctx); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, demoPage(v))
}

func (h *handlers) reform(ctx context.Context) (*reformView, error) {
	if h.Reorganise == nil {
		return nil, nil //nolint:nilnil // no section
	}
	f, begun, err := h.Reformed(ctx)
	if err != nil {
		return nil, err
	}
	v := &reformView{Begun: begun, Text: i18n.T(ctx, "demo.reform.lead")}
	switch {
	case f.Done:
		v.Text = i18n.T(ctx, "demo.reform.done", "n", f.Seen, "splits", f.Splits)
	case begun:
		v.Text = i18n.T(ctx, "demo.reform.running", "n", f.Seen)
	}
	if f.Asked != "" {
		v.Place = "/dossiers/" + url.PathEscape(f.Asked) + "/place?k=" + url.QueryEscape(h.Dossiers.AccessKey(f.Asked))
	}
	return v, nil
}

func tone(d dossier.Dossier, now time.Time) ui.Tone {
	switch {
	case d.Late(now):
		return ui.ToneLate
	case d.State.Ended():
		return ui.ToneNeutral
	}
	return ui.ToneActive
}
