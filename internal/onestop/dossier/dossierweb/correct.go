package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// correctView is the page on which a dossier's course is corrected.
type correctView struct {
	Code     string
	Name     string
	Stuck    []stuckView
	Drawing  templ.Component // nil where the process cannot be drawn
	Kind     ui.Field
	Token    ui.Field
	Step     ui.Field
	Into     ui.Field
	Reason   ui.Field
	Order    ui.Field
	Key      string
	Problems ui.Problems
	Banner   *ui.BannerArgs
	Stands   Standing // a result that neither stopping nor merging takes back
	Revoke   string   // what that means, for the reader
}

type stuckView struct{ Step, Cause string }

// correctPage shows where a dossier stands, why it is stuck, and what may be done.
func (h *handlers) correctPage(w http.ResponseWriter, r *http.Request) error {
	return h.showCorrect(w, r, http.StatusOK, url.Values{}, nil)
}

func (h *handlers) showCorrect(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	d, _, _, err := h.svc.Read(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	v := correctView{Code: d.Code, Name: say(ctx, pkg.Name()), Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused)}
	if refused != nil && len(v.Problems) == 0 {
		v.Banner = &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	var current []string
	for _, t := range d.Instance.Tokens {
		if t.Wait == process.ForInner || t.Wait == process.ForMany {
			continue
		}
		current = append(current, t.Step)
		if t.Cause != "" {
			v.Stuck = append(v.Stuck, stuckView{stepLabel(ctx, pkg, t.Step, false), i18n.T(ctx, t.Cause)})
		}
	}
	if svg, err := bpmn.Draw(pkg.Process.Model(), bpmn.DrawOptions{
		Current: current, Lang: i18n.LangOf(ctx), Title: i18n.T(ctx, "dossierweb.correct.drawing"),
		Labels: func(id string) string { // gateways and events keep the file's own names
			info, _ := pkg.Process.Step(id)
			return say(ctx, info.Label)
		},
	}); err == nil {
		v.Drawing = templ.Raw(string(svg))
	}
	h.correctFields(ctx, &v, d, pkg, sent)
	if v.Stands, err = h.standing(ctx, d); err != nil {
		return err
	}
	if v.Stands.Number != "" && len(v.Kind.Options) > 0 {
		word := "stands"
		if d.State.Ended() {
			word = "standsEnded"
		}
		v.Revoke = i18n.T(ctx, "dossierweb.correct."+word, "number", v.Stands.Number)
	}
	return web.Render(w, r, status, correctForm(v))
}

// standing is the result of a dossier that a correction of its course leaves in force.
func (h *handlers) standing(ctx context.Context, d dossier.Dossier) (Standing, error) {
	if h.stands == nil {
		return Standing{}, nil
	}
	return h.stands(ctx, d.ID)
}

func (h *handlers) correctFields(ctx context.Context, v *correctView, d dossier.Dossier, pkg *service.Package, sent url.Values) {
	t := func(key string) string { return i18n.T(ctx, "dossierweb.correct."+key) }
	field := func(name string) ui.Field {
		return ui.Field{Name: name, Label: t("field." + name), Value: sent.Get(name), Error: v.Problems.For(name)}
	}
	v.Kind, v.Token, v.Step, v.Into, v.Reason, v.Order = field("kind"), field("token"), field("step"), field("into"), field("reason"), field("authority")
	v.Into.Hint, v.Reason.Hint, v.Order.Hint = t("hint.into"), t("hint.reason"), t("hint.authority")
	authority := h.svc.MayCorrect(ctx, auth.From(ctx), d)
	for _, k := range corrections(d, len(v.Stuck) > 0, authority) {
		v.Kind.Options = append(v.Kind.Options, ui.Option{Value: k, Label: t("kind." + k), Hint: t("does." + k)})
	}
	if v.Kind.Value == "" && len(v.Kind.Options) > 0 {
		v.Kind.Value = v.Kind.Options[0].Value
	}
	for _, x := range d.Instance.Tokens {
		if x.Wait == process.ForInner || x.Wait == process.ForMany || x.Wait == process.ForSupplement {
			continue
		}
		v.Token.Options = append(v.Token.Options, ui.Option{Value: strconv.Itoa(x.N), Label: stepLabel(ctx, pkg, x.Step, false), Hint: t("since") + " " + shortTime(ctx, x.Since.Time())})
	}
	if v.Token.Value == "" && len(v.Token.Options) > 0 {
		v.Token.Value = v.Token.Options[0].Value
	}
	v.Step.Options = []ui.Option{{Value: "", Label: t("choose")}}
	for _, s := range pkg.Process.Steps() {
		if s.Role != process.RoleApplicant {
			v.Step.Options = append(v.Step.Options, ui.Option{Value: s.ID, Label: say(ctx, s.Label)})
		}
	}
	v.Reason.Rows, v.Reason.MaxLength = 3, 2000
}

// corrections are what may be done with a dossier as it stands, by whom reads the page.
func corrections(d dossier.Dossier, stuck, authority bool) []string {
	switch {
	case !authority && d.State.Ended():
		return nil
	case !authority:
		return []string{dossier.CorrectUndo}
	case d.State.Ended():
		return []string{dossier.CorrectReopen}
	case stuck:
		return []string{dossier.CorrectRetry, dossier.CorrectSkip, dossier.CorrectMove, dossier.CorrectMerge, dossier.CorrectHalt}
	}
	return []string{dossier.CorrectUndo, dossier.CorrectMove, dossier.CorrectMerge, dossier.CorrectHalt}
}

// correct takes the form of a correction.
func (h *handlers) correct(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	token, _ := strconv.Atoi(sent.Get("token"))
	_, err = h.svc.Correct(r.Context(), dossier.Correction{
		Kind: sent.Get("kind"), Dossier: r.PathValue("code"), Token: token, Step: sent.Get("step"), Into: sent.Get("into"),
		Reason: sent.Get("reason"), Authority: sent.Get("authority"), Key: key,
	})
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch:
		if err != nil {
			return h.showCorrect(w, r, web.ProblemOf(r.Context(), err).Status, sent, err)
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/dossiers/"+r.PathValue("code"))
}
