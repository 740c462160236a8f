package reorganiseweb

import (
	"context"
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
	"khue/internal/register/orgunit"
)

// pageSize is how many questions a page asks.
const pageSize = 25

type splitView struct {
	Code    string
	Facts   ui.SummaryArgs
	Choices ui.Field
	Form    ui.FormArgs
}

type splitsView struct {
	Total    int
	Items    []splitView
	Banner   *ui.BannerArgs
	Problems ui.Problems
}

func (h handlers) splits(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := splitsView{}
	if q.Get("done") != "" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "reorganiseweb.split.done"), Tone: ui.ToneDone, Alert: true}
	}
	return h.showSplits(w, r, http.StatusOK, v, "")
}

func (h handlers) showSplits(w http.ResponseWriter, r *http.Request, status int, v splitsView, wrong string) error {
	ctx := r.Context()
	list, total, err := h.Acts.Questions(ctx, pageSize)
	if err != nil {
		return err
	}
	v.Total = total
	for _, q := range list {
		s := h.question(ctx, q, q.Code+"-")
		s.Form = ui.FormArgs{
			Action: "/desk/splits", Key: web.NewKey(), Submit: i18n.T(ctx, "reorganiseweb.split.settle"), Hidden: []ui.KeyText{{Name: "code", Value: q.Code}},
		}
		if wrong == q.Code {
			s.Choices.Error = v.Problems.For("ward")
		}
		v.Items = append(v.Items, s)
	}
	for i := range v.Problems {
		v.Problems[i].Field = "" // several forms of the page have the field
	}
	return web.Render(w, r, status, splitsPage(v))
}

// question says what is known of where a dossier belongs, and asks.
func (h handlers) question(ctx context.Context, q reorganise.Question, scope string) splitView {
	l := i18n.LangOf(ctx)
	s := splitView{Code: q.Code}
	add := func(key string, c ui.Cell) {
		s.Facts.Rows = append(s.Facts.Rows, ui.SummaryRow{Key: i18n.T(ctx, "reorganiseweb.split."+key), Value: c})
	}
	address := q.Address
	if address == "" {
		address = i18n.T(ctx, "reorganiseweb.split.noAddress")
	}
	add("address", ui.T(address))
	add("commune", ui.T(h.unitName(ctx, q.Commune)))
	add("holder", ui.T(h.unitName(ctx, q.Holder)))
	if !q.DueAt.IsZero() {
		add("due", ui.Cell{Text: i18n.DateTime(l, q.DueAt), Note: i18n.T(ctx, "reorganiseweb.split.dueStays")})
	}
	s.Choices = ui.Field{Name: "ward", Scope: scope, Label: i18n.T(ctx, "reorganiseweb.split.ask")}
	for _, u := range q.Heirs {
		o := ui.Option{Value: u.String(), Label: h.unitName(ctx, u)}
		if a, ok := h.Units.Now().AgencyOf(u); ok && a.ID == q.Holder {
			o.Hint = i18n.T(ctx, "reorganiseweb.split.holds")
		}
		s.Choices.Options = append(s.Choices.Options, o)
	}
	return s
}

func (h handlers) answerSplit(w http.ResponseWriter, r *http.Request) error {
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	err = h.answer(r, sent.Get("code"), sent, dossier.Viewer{})
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict:
		v := splitsView{Problems: ui.ProblemsOf(r.Context(), err)}
		return h.showSplits(w, r, web.ProblemOf(r.Context(), err).Status, v, sent.Get("code"))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/splits?done=1")
}

func (h handlers) answer(r *http.Request, code string, sent url.Values, viewer dossier.Viewer) error {
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	ward, _ := id.Parse[orgunit.Unit](sent.Get("ward")) // nothing chosen is refused with the field's sentence
	return h.Acts.Answer(r.Context(), code, ward, sent.Get("reason"), key, viewer)
}

type placeView struct {
	splitView
	Back     ui.Anchor
	Problems ui.Problems
}

// place asks the applicant.
func (h handlers) place(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showPlace(w, r, http.StatusOK, q.Get("k"), nil)
}

func (h handlers) showPlace(w http.ResponseWriter, r *http.Request, status int, key string, problems ui.Problems) error {
	ctx := r.Context()
	viewer := dossier.Viewer{Key: key}
	d, _, err := h.Dossiers.Find(ctx, r.PathValue("code"), viewer)
	if err != nil {
		return err
	}
	back := tracking(d.Code, key, "")
	q, open, err := h.Acts.QuestionOf(ctx, d.ID)
	if err != nil {
		return err
	}
	may, err := h.Dossiers.MaySupply(ctx, d, viewer)
	if err != nil {
		return err
	}
	if !open || !may {
		return web.Redirect(w, r, back)
	}
	v := placeView{splitView: h.question(ctx, q, ""), Back: ui.Anchor{Label: d.Code, Href: back}, Problems: problems}
	v.Choices.Error = problems.For("ward")
	v.Form = ui.FormArgs{
		Action: "/dossiers/" + url.PathEscape(d.Code) + "/place", Key: web.NewKey(), Submit: i18n.T(ctx, "reorganiseweb.split.say"),
		Hidden: []ui.KeyText{{Name: "k", Value: key}}, Problems: problems,
	}
	return web.Render(w, r, status, placePage(v))
}

func tracking(code, key, done string) string {
	q := url.Values{}
	if key != "" {
		q.Set("k", key)
	}
	if done != "" {
		q.Set("done", done)
	}
	if len(q) == 0 {
		return "/dossiers/" + url.PathEscape(code)
	}
	return "/dossiers/" + url.PathEscape(code) + "?" + q.Encode()
}

func (h handlers) answerPlace(w http.ResponseWriter, r *http.Request) error {
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	code, key := r.PathValue("code"), sent.Get("k")
	err = h.answer(r, code, sent, dossier.Viewer{Key: key})
	switch errs.KindOf(err) {
	case errs.Invalid:
		return h.showPlace(w, r, web.ProblemOf(r.Context(), err).Status, key, ui.ProblemsOf(r.Context(), err))
	case errs.Conflict: // answered meanwhile: the page of the dossier says so
		err = nil
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, tracking(code, key, "1"))
}

func roleName(ctx context.Context, role string) string {
	return orgunit.Role(role).In(i18n.LangOf(ctx))
}
