package openidweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/openid"
)

// ScopeWords are what scopes mean to the person who is asked.
func ScopeWords(ctx context.Context, scopes []string) []string {
	var out []string
	for _, s := range openid.Scopes() { // always in the same order
		if !slices.Contains(scopes, s) {
			continue
		}
		out = append(out, say(ctx, "scope."+strings.ReplaceAll(s, ".", "_")))
	}
	return out
}

// host is the site to which an address leads, or the app's scheme.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		scheme, _, _ := strings.Cut(address, ":")
		return scheme
	}
	return u.Host
}

// mine lists the programs that somebody let in.
func (h handlers) mine(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := h.svc.AllowedBy(ctx, auth.From(ctx).Account)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, minePage(list))
}

func (h handlers) withdraw(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := h.svc.Withdraw(r.Context(), r.PathValue("code")); err != nil {
		return err
	}
	if f.Get("from") == "data" { // the page of one's rights lists them too
		return web.Redirect(w, r, "/account/data?done=program")
	}
	return web.Redirect(w, r, "/account/clients")
}

func clientRows(ctx context.Context, list []*openid.Client) []ui.Row {
	rows := make([]ui.Row, 0, len(list))
	for _, c := range list {
		name := ui.T(c.Name)
		name.Note = c.Code
		kind := ui.Tagged(say(ctx, "clients.other"), ui.ToneWaiting)
		if c.First {
			kind = ui.Tagged(say(ctx, "clients.first"), ui.ToneActive)
		}
		var hosts []string
		for _, r := range c.Redirects {
			hosts = append(hosts, host(r))
		}
		where := ui.T(strings.Join(slices.Compact(hosts), ", "))
		where.Note = strings.Join(c.Scopes, " ")
		rows = append(rows, ui.Row{Cells: []ui.Cell{name, ui.T(c.Owner), kind, where, ui.T(say(ctx, "auth."+c.Auth)), ui.T(i18n.DateTime(i18n.LangOf(ctx), c.Created))}})
	}
	return rows
}

// device asks for the code of a device, and whether it may come in.
func (h handlers) device(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	typed := q.Get("user_code")
	if typed == "" {
		return web.Render(w, r, http.StatusOK, devicePage("", nil))
	}
	d, err := h.svc.FindDevice(r.Context(), typed)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.RateLimited) {
		web.Refused(w, r, err)
		return web.Render(w, r, web.Status(err), devicePage(typed, ui.ProblemsOf(r.Context(), err)))
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, deviceAskPage(d, auth.From(r.Context())))
}

func (h handlers) answerDevice(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	sub := auth.From(ctx)
	if sub.Proved.IsZero() { // the token of a program lets nobody in
		return errs.E(errs.Forbidden, "auth.error.not_allowed")
	}
	d, err := h.svc.FindDevice(ctx, f.Get("user_code"))
	if err != nil {
		return err
	}
	allow := f.Get("do") == "allow"
	if err := h.svc.AnswerDevice(ctx, d, allow); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, deviceDonePage(d, allow))
}

// parting is a way back after signing out, sealed into the form that asks.
type parting struct {
	Back    string `json:"b"`
	State   string `json:"s"`
	Session int64  `json:"i"`
}

// leave signs out for a client (RP-initiated logout).
func (h handlers) leave(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	l, err := h.svc.Leave(sub, q.Get("id_token_hint"), q.Get("client_id"), q.Get("post_logout_redirect_uri"), q.Get("state"))
	if err != nil {
		return err
	}
	if l.Sure || !sub.SignedIn() {
		return h.part(w, r, parting{Back: l.Back, State: l.State}, false)
	}
	sealed, err := h.svc.Seal("leave", parting{l.Back, l.State, sub.Session})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, leavePage(l.Client, sub, sealed))
}

func (h handlers) left(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	var p parting
	if !h.svc.Unseal("leave", f.Get("request"), &p) || p.Session != auth.From(r.Context()).Session {
		return errs.E(errs.Invalid, "openidweb.error.stale")
	}
	return h.part(w, r, p, true)
}

func (h handlers) part(w http.ResponseWriter, r *http.Request, p parting, fromForm bool) error {
	if err := h.Auth.SignOut(r.Context(), web.Token(r.Context())); err != nil {
		return err
	}
	web.SetSession(w, r, "")
	if p.Back == "" {
		return web.Render(w, r, http.StatusOK, leftPage())
	}
	return h.leadOn(w, r, with(p.Back, "state", p.State), fromForm)
}
