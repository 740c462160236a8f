package accessweb

import (
	"net/http"
	"net/url"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/access"
)

// reasonView asks why something must be looked at.
type reasonView struct {
	Code     string
	Back     string
	Key      string
	Choice   ui.Field
	Words    ui.Field
	Problems ui.Problems
}

func (h handlers) reason(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showReason(w, r, http.StatusOK, q, nil)
}

func (h handlers) showReason(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	if _, _, err := h.Seeable(ctx, sent.Get("code")); err != nil {
		return err
	}
	v := reasonView{Code: sent.Get("code"), Back: web.LocalPath(sent.Get("back")), Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused)}
	v.Choice = ui.Field{Name: "choice", Label: t(ctx, "reason.choice"), Value: sent.Get("choice"), Error: v.Problems.For("choice")}
	for _, c := range access.Choices() {
		v.Choice.Options = append(v.Choice.Options, ui.Option{Value: c, Label: t(ctx, "choice."+c)})
	}
	v.Words = ui.Field{
		Name: "words", Label: t(ctx, "reason.words"), Hint: t(ctx, "reason.wordsHint"), Value: sent.Get("words"), Error: v.Problems.For("words"), MaxLength: 500, Rows: 3,
	}
	return web.Render(w, r, status, reasonPage(v))
}

func (h handlers) giveReason(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	kind, about, err := h.Seeable(ctx, sent.Get("code"))
	if err != nil {
		return err
	}
	err = h.Looks.GiveReason(ctx, kind, about, sent.Get("choice"), sent.Get("words"), key)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Mismatch:
		if err != nil {
			return h.showReason(w, r, web.ProblemOf(ctx, err).Status, sent, err)
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, web.LocalPath(sent.Get("back")))
}
