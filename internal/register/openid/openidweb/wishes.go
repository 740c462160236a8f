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

// clientsView is the register of programs with what is asked for about them.
type clientsView struct {
	List     []*openid.Client
	Wishes   []wishView
	May      bool
	Key      string
	Values   url.Values
	Problems ui.Problems
	Done     string
	Code     string // of a secret that is shown now
	Secret   string
}

type wishView struct {
	ID      string
	Title   string
	State   string
	Tone    ui.Tone
	Rows    ui.SummaryArgs
	Decide  bool
	Own     bool // may take it back
	Collect bool
}

func (h handlers) clients(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := clientsView{}
	if done := q.Get("done"); slices.Contains([]string{"asked", "approve", "reject"}, done) {
		v.Done = say(r.Context(), "wish.done."+done)
	}
	return h.showClients(w, r, http.StatusOK, v)
}

func (h handlers) showClients(w http.ResponseWriter, r *http.Request, status int, v clientsView) error {
	ctx := r.Context()
	v.List, v.May, v.Key = h.svc.Clients(), h.svc.Proposes(ctx), web.NewKey()
	list, err := h.svc.Wishes(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		v.Wishes = append(v.Wishes, h.wishView(ctx, x))
	}
	return web.Render(w, r, status, clientsPage(v))
}

func (h handlers) wishView(ctx context.Context, w openid.Wish) wishView {
	v := wishView{
		ID: w.ID.String(), Title: say(ctx, "wish.kind."+string(w.Kind), "client", w.Client.Name), State: say(ctx, "wish.state."+string(w.State)),
		Decide: h.svc.DecidesOn(ctx, w), Own: w.State == openid.WishProposed && w.Proposer == auth.From(ctx).Account, Collect: h.svc.Collects(ctx, w),
		Tone: map[openid.WishState]ui.Tone{openid.WishProposed: ui.ToneWaiting, openid.WishApproved: ui.ToneDone, openid.WishCollected: ui.ToneDone, openid.WishRejected: ui.ToneStopped}[w.State],
	}
	add := func(key, text string) {
		if text != "" {
			v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: say(ctx, "wish."+key), Value: ui.T(text)})
		}
	}
	add("owner", w.Client.Owner)
	add("id", w.Code)
	if w.Kind == openid.WishAdd {
		add("redirects", strings.Join(w.Client.Redirects, ", "))
		add("scopes", strings.Join(ScopeWords(ctx, w.Client.Scopes), "; "))
	}
	add("basis", w.Basis)
	l := i18n.LangOf(ctx)
	add("proposed", say(ctx, "wish.by", "name", w.ProposedBy, "at", i18n.DateTime(l, w.ProposedAt)))
	if !w.DecidedAt.IsZero() {
		add("decided", say(ctx, "wish.by", "name", w.DecidedBy, "at", i18n.DateTime(l, w.DecidedAt)))
	}
	return v
}

func (h handlers) newClient(w http.ResponseWriter, r *http.Request) error {
	if !h.svc.Proposes(r.Context()) {
		return errs.E(errs.Forbidden, "openid.wish.notYours")
	}
	return web.Render(w, r, http.StatusOK, newClientPage(clientsView{Key: web.NewKey(), Values: url.Values{"scopes": {"openid", "profile"}, "secret": {"yes"}}}))
}

// propose asks for a program to be added, to get another secret, or to be removed.
func (h handlers) propose(w http.ResponseWriter, r *http.Request) error {
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	wish := openid.Wish{Kind: openid.WishKind(f.Get("kind")), Code: f.Get("code"), Basis: f.Get("basis")}
	if wish.Kind == openid.WishAdd {
		wish.Client = openid.Client{Name: strings.TrimSpace(f.Get("name")), Owner: strings.TrimSpace(f.Get("owner")), Redirects: strings.Fields(f.Get("redirects")), Scopes: f["scopes"], Auth: openid.AuthBasic}
		if f.Get("secret") == "no" {
			wish.Client.Auth = openid.AuthNone
		}
	}
	_, err = h.svc.Ask(r.Context(), wish, key)
	switch {
	case err == nil:
		return web.Redirect(w, r, "/admin/clients?done=asked")
	case !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Conflict):
		return err
	}
	v := clientsView{Key: web.NewKey(), Values: f, Problems: ui.ProblemsOf(r.Context(), err)}
	if wish.Kind == openid.WishAdd {
		return web.Render(w, r, web.Status(err), newClientPage(v))
	}
	for i := range v.Problems {
		v.Problems[i].Field = "" // several forms of the page have the field
	}
	return h.showClients(w, r, web.Status(err), v)
}

// decideWish approves, rejects or takes back, or shows a secret once.
func (h handlers) decideWish(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := web.PathID[openid.Wish](r, "id")
	if err != nil {
		return err
	}
	do := f.Get("do")
	if do == "collect" {
		wish, secret, err := h.svc.Collect(r.Context(), v)
		if err != nil {
			return err
		}
		return h.showClients(w, r, http.StatusOK, clientsView{Code: wish.Code, Secret: secret})
	}
	if _, err := h.svc.DecideOn(r.Context(), v, do == "approve"); err != nil {
		return err
	}
	if do != "approve" {
		do = "reject"
	}
	return web.Redirect(w, r, "/admin/clients?done="+do)
}

func (v clientsView) field(ctx context.Context, name string) ui.Field {
	f := ui.Field{Name: name, Label: say(ctx, "wish."+name), Value: v.Values.Get(name), Values: v.Values[name], Error: v.Problems.For(name)}
	if key := "wish.hint." + name; i18n.BundleOf(ctx).Has("openidweb." + key) {
		f.Hint = say(ctx, key)
	}
	return f
}

func (v clientsView) scopes(ctx context.Context) ui.Field {
	f := v.field(ctx, "scopes")
	for _, s := range openid.Scopes() {
		if !strings.HasPrefix(s, "tasks.") {
			f.Options = append(f.Options, ui.Option{Value: s, Label: say(ctx, "scope."+strings.ReplaceAll(s, ".", "_")), Hint: s})
		}
	}
	return f
}

func (v clientsView) secret(ctx context.Context) ui.Field {
	f := v.field(ctx, "secret")
	for _, o := range []string{"yes", "no"} {
		f.Options = append(f.Options, ui.Option{Value: o, Label: say(ctx, "wish.secret_"+o)})
	}
	return f
}

func rows(f ui.Field, n int) ui.Field {
	f.Rows, f.MaxLength = n, 2000
	return f
}

func (v clientsView) which(ctx context.Context) ui.Field {
	f := ui.Field{Name: "code", Label: say(ctx, "clients.name"), Value: v.Values.Get("code")}
	for _, c := range v.List {
		f.Options = append(f.Options, ui.Option{Value: c.Code, Label: c.Name + " (" + c.Code + ")"})
	}
	return f
}
