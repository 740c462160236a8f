package dossierweb

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
)

// mineView is a citizen's own shelf: what is asked of them first.
type mineView struct {
	Asks     []askView
	Open     []shelfItem
	OpenN    int    // all that are open
	AllHref  string // shows the rest of Open; "" where it is whole
	Ended    []shelfItem
	Pages    ui.PageLinks
	Later    bool // a later page of ended ones
	Add      addView
	Anything bool
	Banner   *ui.BannerArgs
}

// askView is one thing to do now, with the link that leads to where it is done.
type askView struct {
	Kind   dossier.AskKind
	Title  string // what to do
	Of     string // of which service
	Whose  string // code, and for whom
	By     string // until when, and what silence means
	Button ui.Anchor
}

// shelfItem is one dossier of a list.
type shelfItem struct {
	Code, Name, Href string
	Whose            string // "" where it is the reader's own
	State            string
	Tone             ui.Tone
	When             string // due, or ended
	Late             bool
	Parts            []string // children, in words
	Ask              bool
}

// addView is the form that puts a dossier on the shelf.
type addView struct {
	Code, Phone, Client string
	Problems            ui.Problems
	Refused             string
}

const (
	shelfOpen  = 20 // open dossiers shown at first
	shelfEnded = 20
	shelfRates = 2 // of the finished, how many one is reminded to rate
)

// mine lists the dossiers of a citizen.
func (h *handlers) mine(w http.ResponseWriter, r *http.Request) error {
	return h.showMine(w, r, http.StatusOK, addView{})
}

func (h *handlers) showMine(w http.ResponseWriter, r *http.Request, status int, add addView) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var before dossier.ID
	later, err := web.ReadCursor(q.Get("cursor"), &before)
	if err != nil {
		return err
	}
	m, err := h.svc.MineOf(ctx, before, shelfEnded)
	if err != nil {
		return err
	}
	v := mineView{Later: later, Add: add, Anything: len(m.Open)+len(m.Ended) > 0 || later}
	v.Add.Client = web.NewKey()
	if sub := auth.From(ctx); v.Add.Phone == "" && auth.IsPhone(sub.Login) {
		v.Add.Phone = sub.Login
	}
	if q.Get("done") != "" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.mine.dropped"), Tone: ui.ToneDone, Alert: true}
	}
	parts := map[dossier.ID][]string{}
	shown := map[dossier.ID]bool{}
	rates := 0
	for _, d := range m.Open {
		shown[d.ID] = true
	}
	for _, d := range slices.Concat(m.Open, m.Ended) {
		if a, ok := h.svc.AskOf(d, m.Rated[d.ID]); ok && !later {
			if a.Kind == dossier.AskRate {
				if rates++; rates > shelfRates {
					continue
				}
			}
			v.Asks = append(v.Asks, h.askView(ctx, d, a))
		}
		if d.Parent != 0 && shown[d.Parent] {
			parts[d.Parent] = append(parts[d.Parent], h.serviceName(ctx, d)+": "+stateWord(ctx, d.State))
		}
	}
	slices.SortStableFunc(v.Asks, func(a, b askView) int { return cmp.Compare(askOrder(a.Kind), askOrder(b.Kind)) })
	for _, d := range m.Open {
		if d.Parent == 0 || !shown[d.Parent] {
			v.Open = append(v.Open, h.shelfItem(ctx, d, parts[d.ID]))
		}
	}
	for _, d := range m.Ended {
		v.Ended = append(v.Ended, h.shelfItem(ctx, d, nil))
	}
	v.OpenN = len(v.Open)
	if v.OpenN > shelfOpen && q.Get("open") != "all" {
		v.Open, v.AllHref = v.Open[:shelfOpen], "/dossiers?open=all"
	}
	if m.More != 0 {
		v.Pages.Next = "/dossiers?cursor=" + web.NewCursor(m.More)
	}
	if later {
		v.Pages.Prev = "/dossiers"
	}
	return web.Render(w, r, status, minePage(v))
}

// askOrder puts what has a term before what can wait.
func askOrder(k dossier.AskKind) int {
	return slices.Index([]dossier.AskKind{dossier.AskSupplement, dossier.AskConfirm, dossier.AskPay, dossier.AskCollect, dossier.AskRate}, k)
}

func (h *handlers) askView(ctx context.Context, d dossier.Dossier, a dossier.Ask) askView {
	say := func(part string, kv ...any) string {
		return i18n.T(ctx, "dossierweb.ask."+string(a.Kind)+"."+part, kv...)
	}
	v := askView{Kind: a.Kind, Title: say("title"), Of: h.serviceName(ctx, d), Whose: d.Code, By: say("why")}
	if !a.By.IsZero() {
		v.By = say("by", "at", a.By)
	}
	if whose := h.forWhom(ctx, d); whose != "" {
		v.Whose += " · " + whose
	}
	v.Button = ui.Anchor{Label: say("button"), Href: "/dossiers/" + url.PathEscape(d.Code) + "#" + askID}
	return v
}

// askID marks on a dossier's page where the applicant does what is asked.
const askID = "asked"

func (h *handlers) serviceName(ctx context.Context, d dossier.Dossier) string {
	if pkg, err := h.services.ByDigest(d.Package); err == nil {
		return say(ctx, pkg.Name())
	}
	return d.Procedure
}

// forWhom says whose dossier it is where it is not the reader's own.
func (h *handlers) forWhom(ctx context.Context, d dossier.Dossier) string {
	if d.Applicant == auth.From(ctx).Name {
		return ""
	}
	return i18n.T(ctx, "dossierweb.mine.for", "name", d.Applicant)
}

func (h *handlers) shelfItem(ctx context.Context, d dossier.Dossier, parts []string) shelfItem {
	now := h.clock.Now()
	it := shelfItem{
		Code: d.Code, Name: h.serviceName(ctx, d), Href: "/dossiers/" + url.PathEscape(d.Code), Whose: h.forWhom(ctx, d),
		State: stateWord(ctx, d.State), Tone: stateTone(d.State), Parts: parts,
	}
	on := func(key string, kv ...any) string { return i18n.T(ctx, "dossierweb.mine."+key, kv...) }
	switch {
	case d.State == process.Done:
		it.When = on("ready", "at", d.ClosedAt)
	case d.State.Ended():
		it.When = on("ended", "at", d.ClosedAt)
	case d.State == process.Supplement:
		it.When = i18n.T(ctx, "dossierweb.due.afterSupplement")
	case !d.UnpaidAt.IsZero() && d.AcceptedAt.IsZero():
		it.When = i18n.T(ctx, "dossierweb.due.afterFee")
	case !d.UnpaidAt.IsZero():
		it.When = i18n.T(ctx, "dossierweb.due.stopsForFee")
	case d.DueAt.IsZero() && d.AcceptedAt.IsZero():
		it.When = on("answerBy", "at", d.ReceiveBy)
	case d.DueAt.IsZero():
		it.When = i18n.T(ctx, "dossierweb.due.afterSupplement")
	case d.Late(now):
		it.When, it.Late = on("late", "at", d.DueAt, "for", distance(ctx, now.Sub(d.DueAt))), true
	default:
		it.When = on("due", "at", d.DueAt)
	}
	return it
}

// add puts a dossier on the shelf of a citizen who has its code and its phone number.
func (h *handlers) add(w http.ResponseWriter, r *http.Request) error {
	f, client, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := addView{Code: f.Get("code"), Phone: f.Get("phone")}
	if dossier.NormalCode(v.Code) == "" {
		v.Problems = append(v.Problems, ui.Problem{Field: "code", Text: i18n.T(ctx, "dossierweb.track.codeMissing")})
	}
	if _, ok := dossier.NormalPhone(v.Phone); !ok {
		v.Problems = append(v.Problems, ui.Problem{Field: "phone", Text: i18n.T(ctx, "dossier.submit.phone")})
	}
	if len(v.Problems) > 0 {
		return h.showMine(w, r, http.StatusUnprocessableEntity, v)
	}
	if !h.tries.allow(web.Network(r), h.clock.Now()) {
		return errs.E(errs.RateLimited, "dossierweb.track.tooMany")
	}
	d, err := h.svc.Follow(ctx, v.Code, client, dossier.Viewer{Phone: v.Phone})
	if errs.Is(err, errs.NotFound) {
		v.Refused = i18n.T(ctx, "dossier.notFound")
		return h.showMine(w, r, http.StatusNotFound, v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/dossiers/"+url.PathEscape(d.Code)+"?done=keep")
}
