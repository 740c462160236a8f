package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// nowView says in plain words where a dossier is and what comes next.
type nowView struct {
	Holders []string // "Cán bộ hộ tịch kiểm tra, UBND phường …"
	Next    string
	Collect string // how the owner gets the result
}

// shelfView is whether the reader keeps the dossier among theirs.
type shelfView struct {
	Kept   bool
	Client string
}

// doneBanner tells what was just done.
func doneBanner(ctx context.Context, done string) *ui.BannerArgs {
	if done == "" {
		return nil
	}
	key := "dossierweb.public.done"
	if k := "dossierweb.done." + done; i18n.BundleOf(ctx) != nil && i18n.BundleOf(ctx).Has(k) {
		key = k
	}
	return &ui.BannerArgs{Text: i18n.T(ctx, key), Tone: ui.ToneDone, Alert: true}
}

// askBy is until when something is to be done, and what follows when it is not.
func askBy(ctx context.Context, kind dossier.AskKind, at time.Time) string {
	if at.IsZero() {
		return i18n.T(ctx, "dossierweb.ask."+string(kind)+".why")
	}
	return i18n.T(ctx, "dossierweb.ask."+string(kind)+".by", "at", at)
}

// shelfOf tells whether a citizen keeps a dossier that they did not file. Who keeps one has
// shown its key or phone before: they get the key again, for the page's links and forms.
func (h *handlers) shelfOf(ctx context.Context, d dossier.Dossier, access dossier.Access, key string) (*shelfView, string, error) {
	if access != dossier.SeeState || auth.From(ctx).Kind != auth.KindCitizen {
		return nil, key, nil
	}
	kept, err := h.svc.Follows(ctx, d)
	if err != nil {
		return nil, key, err
	}
	if kept && key == "" {
		key = h.svc.AccessKey(d.Code)
	}
	return &shelfView{Kept: kept, Client: web.NewKey()}, key, nil
}

// competentCell is the agency that decides: its name at the filing, and the one it has now
// where that is another.
func (h *handlers) competentCell(ctx context.Context, d dossier.Dossier) ui.Cell {
	was, is := h.unitName(ctx, d.Competent, d.SubmittedAt), h.unitName(ctx, d.Competent, h.clock.Now())
	c := ui.T(is)
	if was != is {
		c.Note = i18n.T(ctx, "dossierweb.where.was", "name", was)
	}
	return c
}

// whereNow names who works on a dossier at this moment.
func (h *handlers) whereNow(ctx context.Context, d dossier.Dossier, pkg *service.Package) (v nowView, err error) {
	if d.State.Ended() || d.State == process.Done {
		return v, nil
	}
	tasks, err := h.svc.OpenTasks(ctx, d)
	if err != nil {
		return v, err
	}
	for _, t := range tasks {
		if t.Role == process.RoleApplicant || t.Unit == 0 {
			continue
		}
		line := i18n.T(ctx, "dossierweb.where.at", "step", stepLabel(ctx, pkg, t.Step, true), "unit", h.unitName(ctx, t.Unit, h.clock.Now()))
		if !slices.Contains(v.Holders, line) {
			v.Holders = append(v.Holders, line)
		}
	}
	return v, nil
}

// nextStep is the step that follows where an officer does what the step is for; "" at the
// end, and where several branches have to meet first.
func (h *handlers) nextStep(ctx context.Context, d dossier.Dossier, c dossier.Content, pkg *service.Package) string {
	if d.State.Ended() || d.State == process.Done {
		return ""
	}
	day := clock.DateOf(h.clock.Now())
	stops := h.svc.RouteOf(d, c, pkg, day)
	at := func(step string) int {
		return slices.IndexFunc(stops, func(st service.Stop) bool { return st.ID == step })
	}
	for _, t := range d.Instance.Tokens {
		step, ok := pkg.Process.Step(t.Step)
		if !ok || t.Wait != process.ForTask && t.Wait != process.ForApplicant || len(step.Actions) == 0 {
			continue
		}
		for _, to := range step.Actions[0].To {
			i := at(to)
			if i < 0 || slices.ContainsFunc(d.Instance.Tokens, func(t process.Token) bool { return t.Step == to }) {
				continue
			}
			name := stepLabel(ctx, pkg, to, true)
			if u, err := h.svc.Place(stops[i].Place, day); stops[i].Place != "" && err == nil {
				return i18n.T(ctx, "dossierweb.where.at", "step", name, "unit", h.unitName(ctx, u.ID, h.clock.Now()))
			}
			return name
		}
	}
	return ""
}

// collect says how the owner of a result comes by it.
func (h *handlers) collect(ctx context.Context, d dossier.Dossier, c dossier.Content) string {
	key := "dossierweb.collect." + c.Filing.Delivery.Method
	if b := i18n.BundleOf(ctx); b == nil || !b.Has(key) {
		key = "dossierweb.collect.counter"
	}
	return i18n.T(ctx, key, "unit", h.unitName(ctx, d.Reception, h.clock.Now()), "address", c.Filing.Delivery.Address)
}

// rateView is the question how it was, or what was answered.
type rateView struct {
	Given   *dossier.Rating
	Score   string
	Reasons []string
	Comment string
	Client  string
}

// rateOf is the rating of a finished dossier; nil where none is to be given or shown.
func (h *handlers) rateOf(r *http.Request, d dossier.Dossier, again bool) (*rateView, error) {
	ctx := r.Context()
	if auth.From(ctx).Kind == auth.KindOfficer {
		return nil, nil //nolint:nilnil // no rating to show
	}
	given, rated, may, err := h.svc.RatingOf(ctx, d)
	if err != nil || !rated && !may {
		return nil, err
	}
	v := &rateView{Client: web.NewKey()}
	if rated {
		v.Given = &given
		return v, nil
	}
	if again {
		if f, err := web.Form(r); err == nil && f.Get("act") == "rate" {
			v.Score, v.Reasons, v.Comment = f.Get("score"), f["reasons"], f.Get("comment")
		}
	}
	return v, nil
}

func (h *handlers) rate(ctx context.Context, code, client string, viewer dossier.Viewer, sent url.Values) error {
	score, _ := strconv.Atoi(sent.Get("score"))
	return h.svc.Rate(ctx, code, dossier.Rating{Score: score, Reasons: sent["reasons"], Comment: strings.ReplaceAll(sent.Get("comment"), "\r\n", "\n")}, client, viewer)
}

// scoreOptions are the five answers, the best first.
func scoreOptions(ctx context.Context) []ui.Option {
	out := make([]ui.Option, 0, 5)
	for n := 5; n >= 1; n-- {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: scoreWord(ctx, n)})
	}
	return out
}

func scoreWord(ctx context.Context, n int) string {
	return i18n.T(ctx, "dossierweb.rate.score"+strconv.Itoa(n))
}

func aboutOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, k := range dossier.RatingReasons() {
		out = append(out, ui.Option{Value: k, Label: aboutWord(ctx, k)})
	}
	return out
}

func aboutWord(ctx context.Context, k string) string {
	return i18n.T(ctx, "dossierweb.rate.about."+k)
}
