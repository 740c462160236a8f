package notifyweb

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/push"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/notify"
)

// inboxView is the page of an inbox.
type inboxView struct {
	Entries []notify.Entry
	Unread  int
	Only    bool // the unread ones
	Last    string
	Pages   ui.PageLinks
	Filters []ui.Filter
}

func (h handlers) inbox(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var before notify.EntryID
	if _, err := web.ReadCursor(q.Get("cursor"), &before); err != nil {
		return err
	}
	v := inboxView{Only: q.Get("show") == "unread"}
	list, more, err := h.svc.Inbox(ctx, before, v.Only, 0)
	if err != nil {
		return err
	}
	if v.Unread, err = h.svc.Unread(ctx); err != nil {
		return err
	}
	v.Entries = list
	base := "/inbox"
	if v.Only {
		base += "?show=unread"
	}
	if before != 0 {
		v.Pages.Prev = base
	}
	if len(list) > 0 {
		v.Last = list[0].ID.String()
		if more {
			sep := "?"
			if v.Only {
				sep = "&"
			}
			v.Pages.Next = base + sep + "cursor=" + web.NewCursor(list[len(list)-1].ID)
		}
	}
	v.Filters = []ui.Filter{
		{Label: i18n.T(ctx, "notifyweb.inbox.all"), Href: "/inbox", Count: -1, Current: !v.Only},
		{Label: i18n.T(ctx, "notifyweb.inbox.unread"), Href: "/inbox?show=unread", Count: v.Unread, Current: v.Only},
	}
	return web.Render(w, r, http.StatusOK, inboxPage(v))
}

// back is where a form of the inbox was sent from.
func back(f url.Values) string {
	if b := f.Get("back"); strings.HasPrefix(b, "/inbox") {
		return web.LocalPath(b)
	}
	return "/inbox"
}

// read marks one notice, and with go leads to what it is about.
func (h handlers) read(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := web.PathID[notify.Entry](r, "id")
	if err != nil {
		return err
	}
	if err := h.svc.Read(r.Context(), v); err != nil {
		return err
	}
	if to := f.Get("go"); to != "" {
		return web.Redirect(w, r, web.LocalPath(to))
	}
	return web.Redirect(w, r, back(f))
}

func (h handlers) readAll(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	last, err := id.Parse[notify.Entry](f.Get("last"))
	if err != nil {
		return web.Redirect(w, r, "/inbox")
	}
	if err := h.svc.ReadAll(r.Context(), last); err != nil {
		return err
	}
	return web.Redirect(w, r, "/inbox")
}

// choiceView is the page of a person's choice.
type choiceView struct {
	Key      string
	Person   notify.Person
	Kinds    []kindView
	Browsers []notify.Browser
	PushKey  string
	SMS      bool
	Saved    bool
	Problems ui.Problems
}

// kindView is the choice of one kind.
type kindView struct {
	Kind     notify.Kind
	By       string
	Push     bool
	Inbox    bool
	Required bool
}

func (h handlers) choice(w http.ResponseWriter, r *http.Request) error {
	p, bs, err := h.svc.Mine(r.Context())
	if err != nil {
		return err
	}
	return h.showChoice(w, r, http.StatusOK, p, bs, nil, r.URL.Query().Get("done") == "1")
}

func (h handlers) showChoice(w http.ResponseWriter, r *http.Request, status int, p notify.Person, bs []notify.Browser, ps ui.Problems, saved bool) error {
	v := choiceView{Key: web.NewKey(), Person: p, Browsers: bs, PushKey: h.svc.PushKey(), SMS: h.svc.Offers(notify.SMS), Saved: saved, Problems: ps}
	for _, k := range notify.KindsFor(auth.From(r.Context()).Kind) {
		c := p.Choice(k)
		v.Kinds = append(v.Kinds, kindView{Kind: k, By: notify.OrderOf(c.Ways), Push: c.Push, Inbox: c.Inbox, Required: k.Required()})
	}
	return web.Render(w, r, status, choicePage(v))
}

func (h handlers) choose(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	p := notify.Person{Email: f.Get("email"), Phone: f.Get("phone"), Choices: map[notify.Kind]notify.Choice{}}
	p.Lang, _ = i18n.ParseLang(f.Get("lang"))
	if f.Get("lang") == "" {
		p.Lang = ""
	}
	for _, k := range notify.KindsFor(auth.From(ctx).Kind) {
		ways, ok := notify.WaysOf(f.Get(string(k) + "-by"))
		if !ok {
			continue // not asked: the default stays
		}
		also := f[string(k)+"-also"]
		has := func(what string) bool {
			for _, a := range also {
				if a == what {
					return true
				}
			}
			return false
		}
		p.Choices[k] = notify.Choice{Ways: ways, Push: has("push"), Inbox: has("inbox")}
	}
	if err := h.svc.Choose(ctx, p, key); err != nil {
		if !errs.Is(err, errs.Invalid) {
			return err
		}
		_, bs, err2 := h.svc.Mine(ctx)
		if err2 != nil {
			return err2
		}
		return h.showChoice(w, r, http.StatusUnprocessableEntity, p, bs, ui.ProblemsOf(ctx, err), false)
	}
	return web.Redirect(w, r, "/account/notices?done=1")
}

// subscribe takes what the browser's PushManager gave to notices.js.
func (h handlers) subscribe(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	bytes := func(name string) []byte {
		b, _ := base64.RawURLEncoding.DecodeString(f.Get(name))
		return b
	}
	sub := push.Subscription{Endpoint: f.Get("endpoint"), P256DH: bytes("p256dh"), Auth: bytes("auth")}
	if err := h.svc.Subscribe(r.Context(), sub, f.Get("label")); err != nil {
		return err
	}
	return web.Redirect(w, r, "/account/notices")
}

func (h handlers) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[notify.Browser](r, "id")
	if err != nil {
		return err
	}
	if err := h.svc.Unsubscribe(r.Context(), v); err != nil {
		return err
	}
	return web.Redirect(w, r, "/account/notices")
}

// orders are the orders of ways as options.
func orders(ctx context.Context, withSMS bool) []ui.Option {
	var out []ui.Option
	for _, o := range notify.Orders() {
		if !withSMS && strings.Contains(o, "sms") && o != "email-sms" {
			continue
		}
		label := o
		if !withSMS && o == "email-sms" {
			continue
		}
		out = append(out, ui.Option{Value: o, Label: i18n.T(ctx, "notifyweb.by."+label)})
	}
	return out
}
