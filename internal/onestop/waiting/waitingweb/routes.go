package waitingweb

import (
	"context"
	"embed"
	"encoding/hex"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
	"khue/internal/onestop/waiting"
)

// Messages are this package's sentences (keys under "waitingweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct{ places *waiting.Service }

// Routes is the web half of waiting lines.
func Routes(s *waiting.Service) web.Module {
	h := &handlers{s}
	return web.Module{Name: "waiting", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/line/{service}", Policy: auth.Public, Do: h.line},
		{Method: http.MethodPost, Path: "/line/{service}", Policy: auth.Public, Do: h.join},
		{Method: http.MethodGet, Path: "/line/{service}/now", Policy: auth.Public, Do: h.now},
	}}
}

// Path is the page of a service's line; back is where to go on when one's turn comes.
func Path(serviceID, back string) string {
	p := "/line/" + url.PathEscape(serviceID)
	if back != "" {
		p += "?back=" + url.QueryEscape(back)
	}
	return p
}

func pocket(serviceID string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(serviceID))
	return "khue-line-" + hex.EncodeToString(h.Sum(nil))
}

// Ticket is the ticket that the browser keeps for a service's line; nil where it has none that
// this city wrote for whoever is signed in.
func Ticket(r *http.Request, s *waiting.Service, pkg *service.Package) *waiting.Ticket {
	t, ok := s.Read(r.Context(), pkg, web.InPocket(r, pocket(pkg.ID)))
	if !ok || t.Account != auth.From(r.Context()).Account {
		return nil
	}
	return &t
}

func (h *handlers) keep(w http.ResponseWriter, r *http.Request, pkg *service.Package, text string) {
	age := int((pkg.Opening.Until.Sub(pkg.Opening.From) + waiting.Doors).Seconds())
	if web.Kiosk(r.Context()) {
		age = 0
	}
	web.Pocket(w, r, pocket(pkg.ID), text, age)
}

func (h *handlers) pkg(r *http.Request) (*service.Package, error) {
	pkg, err := h.places.Package(r.PathValue("service"))
	if err == nil && pkg.Opening == nil {
		err = errs.E(errs.NotFound, "web.error.not_found")
	}
	return pkg, err
}

// asked is the line of a request, with where its ticket stands; nil without one.
func (h *handlers) asked(r *http.Request) (pkg *service.Package, t *waiting.Ticket, st waiting.Standing, err error) {
	if pkg, err = h.pkg(r); err != nil {
		return nil, nil, st, err
	}
	t = Ticket(r, h.places, pkg)
	st, err = h.places.Standing(r.Context(), pkg, t)
	return pkg, t, st, err
}

// line is the page. A browser without a ticket whose account has one is given it: more
// windows and devices share one place.
func (h *handlers) line(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	pkg, t, st, err := h.asked(r)
	if err != nil {
		return err
	}
	if t == nil || st.Stand == waiting.In || st.Stand == waiting.Lapsed {
		mine, text, filed, err := h.places.Mine(ctx, pkg)
		if err != nil {
			return err
		}
		if text != "" {
			h.keep(w, r, pkg, text)
			t = &mine
			if st, err = h.places.Standing(ctx, pkg, t); err != nil {
				return err
			}
		}
		if filed {
			st.Stand = waiting.Filed
		}
	}
	return web.Render(w, r, http.StatusOK, linePage(h.view(ctx, r, pkg, t, st)))
}

// join takes the one ticket of an account.
func (h *handlers) join(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	pkg, err := h.pkg(r)
	if err != nil {
		return err
	}
	at := Path(pkg.ID, local(f.Get("back")))
	if !auth.From(r.Context()).SignedIn() {
		return web.Redirect(w, r, web.SignInPath(at))
	}
	_, text, err := h.places.Join(r.Context(), pkg)
	if err != nil {
		return err
	}
	h.keep(w, r, pkg, text)
	return web.Redirect(w, r, at)
}

// now is the part of the page that changes, for scripts, and the same as JSON for programs.
func (h *handlers) now(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	pkg, t, st, err := h.asked(r)
	if err != nil {
		return err
	}
	if strings.HasPrefix(r.Header.Get("Accept"), "application/json") {
		out := map[string]any{"stand": standNames[st.Stand], "ahead": st.Ahead, "here": st.Here, "next": next(t, st, h.places.Clock.Now())}
		if st.Stand == waiting.In {
			out["until"] = st.Until
		}
		return web.JSON(w, http.StatusOK, out)
	}
	return web.Render(w, r, http.StatusOK, region(h.view(ctx, r, pkg, t, st)))
}

var standNames = map[waiting.Stand]string{ //nolint:gochecknoglobals // immutable table
	waiting.Outside: "outside", waiting.Waits: "waits", waiting.In: "in", waiting.Lapsed: "lapsed", waiting.Filed: "filed",
}

// local is a path of this site that leads back into an application; "" for anything else.
func local(back string) string {
	if p := web.LocalPath(back); strings.HasPrefix(p, "/apply/") {
		return p
	}
	return ""
}

// Bounds of how often somebody asks, in seconds. The span over which all who wait spread
// grows with their number, so that the city answers about a thousand of them a second.
const (
	soonest   = 3
	latest    = 60
	perSecond = 1000
)

// next is in how many seconds a waiting page asks again; 0: not by itself. Tickets that differ
// ask at different times.
func next(t *waiting.Ticket, st waiting.Standing, now time.Time) int {
	var id uint64
	if t != nil {
		id = uint64(t.ID) //nolint:gosec // bits
	}
	span := min(max(st.Here/perSecond, 2), 90)
	spread := int(id * 0x9E3779B97F4A7C15 >> 33 % uint64(span)) //nolint:gosec // small
	switch {
	case st.Phase == waiting.Before && st.Stand != waiting.Outside:
		left := int(st.From.Sub(now).Seconds()) + 3
		if left > 2*latest {
			return latest + spread
		}
		return max(left, 1) + spread
	case st.Stand != waiting.Waits:
		return 0
	case !st.Drawn:
		return soonest + spread
	case st.Known:
		return min(max(int(st.Wait.Seconds())/4, soonest), latest) + spread
	case st.Full:
		return latest/2 + spread
	}
	return soonest + spread
}

// lineView is the page of a line, and the part of it that changes.
type lineView struct {
	Service    string
	Name       string
	Now        string // where the part that changes is asked for
	Next       int    // seconds; 0: it does not change by itself
	Phase      waiting.Phase
	Tone       ui.Tone
	Title      string
	Text       string
	Figures    []ui.Figure
	Join       string // label of the button that takes a ticket; "" where there is nothing to take
	SignIn     string
	Go         *ui.Anchor
	Also       *ui.Anchor
	Back       string
	Ticket     string
	Commitment string
	Seed       string
}

func (h *handlers) view(ctx context.Context, r *http.Request, pkg *service.Package, t *waiting.Ticket, st waiting.Standing) lineView {
	lang, now := i18n.LangOf(ctx), h.places.Clock.Now()
	say := func(key string, kv ...any) string { return i18n.T(ctx, "waitingweb."+key, kv...) }
	back := local(r.URL.Query().Get("back"))
	v := lineView{
		Service: pkg.ID, Name: pkg.Name().In(lang), Next: next(t, st, now), Phase: st.Phase, Tone: ui.ToneNeutral, Back: back,
		Now: "/line/" + url.PathEscape(pkg.ID) + "/now", Commitment: hex.EncodeToString(st.Commitment[:]),
	}
	if back != "" {
		v.Now += "?back=" + url.QueryEscape(back)
	}
	if st.Drawn {
		v.Seed = hex.EncodeToString(st.Seed)
	}
	if t != nil {
		v.Ticket = strconv.FormatInt(t.ID, 10)
	}
	drafts := &ui.Anchor{Label: say("drafts"), Href: "/apply"}
	tell := func(key string, tone ui.Tone, kv ...any) {
		v.Title, v.Text, v.Tone = say(key+".title", kv...), say(key+".text", kv...), tone
	}
	minutes := int(pkg.Opening.File / time.Minute)
	switch {
	case st.Stand == waiting.Filed:
		tell("filed", ui.ToneDone)
		v.Go = &ui.Anchor{Label: say("mine"), Href: "/dossiers"}
		return v
	case st.Phase == waiting.Over:
		tell("over", ui.ToneStopped, "until", st.Ends)
		v.Also = drafts
		return v
	case st.Phase == waiting.Closed:
		tell("closed", ui.ToneNeutral, "doors", st.From.Add(-waiting.Doors), "from", st.From)
		v.Go = &ui.Anchor{Label: say("prepare"), Href: "/apply/" + url.PathEscape(pkg.ID)}
		return v
	case st.Stand == waiting.Outside && st.Phase == waiting.Before:
		tell("join", ui.ToneNeutral, "from", st.From)
		v.Join = say("take")
	case st.Stand == waiting.Outside:
		tell("late", ui.ToneNeutral)
		v.Join = say("take")
	case st.Phase == waiting.Before:
		tell("before", ui.ToneNeutral, "from", st.From)
		v.Also = drafts
	case st.Stand == waiting.In:
		tell("in", ui.ToneDone, "until", i18n.Time(st.Until))
		to := back
		if to == "" {
			to = "/apply/" + url.PathEscape(pkg.ID)
		}
		v.Go, v.Also = &ui.Anchor{Label: say("go"), Href: to}, drafts
		return v
	case st.Stand == waiting.Lapsed:
		tell("lapsed", ui.ToneStopped)
		v.Join, v.Also = say("again"), drafts
		return v
	case !st.Drawn:
		tell("drawing", ui.ToneNeutral)
	default:
		tell("wait", ui.ToneNeutral, "n", minutes)
		if st.Full {
			tell("full", ui.ToneWaiting)
		}
	}
	if v.Join != "" && !auth.From(ctx).SignedIn() {
		v.Join, v.SignIn = "", web.SignInPath(Path(pkg.ID, back))
	}
	v.Figures = h.figures(ctx, pkg, st)
	return v
}

// figures are the numbers of somebody who waits: no better than what is known.
func (h *handlers) figures(ctx context.Context, pkg *service.Package, st waiting.Standing) (out []ui.Figure) {
	lang := i18n.LangOf(ctx)
	say := func(key string, kv ...any) string { return i18n.T(ctx, "waitingweb."+key, kv...) }
	num := func(n int) string { return i18n.Number(lang, int64(n)) }
	if st.Stand == waiting.Waits && st.Drawn {
		f := ui.Figure{Label: say("figure.ahead"), Value: num(st.Ahead)}
		if st.Left >= 0 && !st.Full && st.Ahead >= st.Left {
			f.Note = say("figure.more")
		}
		wait := ui.Figure{Label: say("figure.wait"), Value: say("figure.unknown"), Note: say("figure.unknownNote")}
		if st.Full {
			wait.Note = say("figure.fullNote")
		}
		if st.Known {
			wait.Value, wait.Note = say("figure.soon"), say("figure.pace")
			if m := int(st.Wait.Round(time.Minute) / time.Minute); m > 0 {
				wait.Value = say("figure.minutes", "n", m)
			}
		}
		out = append(out, f, wait)
	} else {
		out = append(out, ui.Figure{Label: say("figure.here"), Value: num(st.Here)})
	}
	if pkg.Opening.By != "" {
		return append(out, ui.Figure{Label: say("figure.quota"), Value: say("figure.each")})
	}
	if st.Phase == waiting.Open {
		return append(out, ui.Figure{Label: say("figure.left"), Value: num(st.Left), Note: say("figure.of", "n", pkg.Opening.Quota)})
	}
	return append(out, ui.Figure{Label: say("figure.quota"), Value: num(pkg.Opening.Quota)})
}
