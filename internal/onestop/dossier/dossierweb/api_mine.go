package dossierweb

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

// askBody is what a dossier waits for from its applicant.
type askBody struct {
	Kind string     `json:"kind" enum:"supplement,confirm,pay,collect,rate"`
	By   *time.Time `json:"by" doc:"Until when; null where there is no term."`
}

type mineBody struct {
	dossierBody
	Ask *askBody `json:"ask" doc:"What is asked of the applicant now; null where nothing is."`
}

type mineInput struct{ web.Page }

type mineOutput struct {
	Body web.List[mineBody]
}

// mineList is the shelf of the signed-in account: on the first page all that is open, then
// what has ended.
func (h *handlers) mineList(ctx context.Context, in *mineInput) (*mineOutput, error) {
	var before dossier.ID
	if _, err := web.ReadCursor(in.Cursor, &before); err != nil {
		return nil, err
	}
	m, err := h.svc.MineOf(ctx, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &mineOutput{}
	out.Body.Items = []mineBody{}
	put := func(d dossier.Dossier, rated bool) {
		b := mineBody{dossierBody: h.dossierBody(d, dossier.SeeAll)}
		if a, ok := h.svc.AskOf(d, rated); ok {
			b.Ask = &askBody{Kind: string(a.Kind), By: orNull(a.By)}
		}
		out.Body.Items = append(out.Body.Items, b)
	}
	for _, d := range m.Open {
		put(d, false)
	}
	for _, d := range m.Ended {
		put(d, m.Rated[d.ID])
	}
	if m.More != 0 {
		out.Body.Next = web.NewCursor(m.More)
	}
	return out, nil
}

type followInput struct {
	web.Keyed
	CodeInput
}

// follow takes the access key only: code and phone could be guessed here without the page's
// bound on tries.
func (h *handlers) follow(ctx context.Context, in *followInput) (*dossierOutput, error) {
	d, err := h.svc.Follow(ctx, in.Code, in.Keyed.Key, in.viewer())
	if err != nil {
		return nil, err
	}
	return &dossierOutput{h.dossierBody(d, dossier.SeeState)}, nil
}

type unfollowInput struct {
	web.Keyed
	Code string `path:"code" maxLength:"60" doc:"Code of the dossier."`
}

func (h *handlers) unfollow(ctx context.Context, in *unfollowInput) (*struct{}, error) {
	return nil, h.svc.Unfollow(ctx, in.Code, in.Key)
}

type rateInput struct {
	web.Keyed
	CodeInput
	Body struct {
		Score   int      `json:"score" minimum:"1" maximum:"5" doc:"1 very dissatisfied to 5 very satisfied."`
		Reasons []string `json:"reasons,omitempty" maxItems:"5" doc:"What it is about: time, visits, guidance, attitude, online."`
		Comment string   `json:"comment,omitempty" maxLength:"1000"`
	}
}

func (h *handlers) rateAPI(ctx context.Context, in *rateInput) (*struct{}, error) {
	return nil, h.svc.Rate(ctx, in.Code, dossier.Rating{Score: in.Body.Score, Reasons: in.Body.Reasons, Comment: in.Body.Comment}, in.Keyed.Key, in.viewer())
}

// mineAPI are the citizen's own operations. Rating is open to whoever bears the key.
func (h *handlers) mineAPI(a *web.API, op func(method, path, name string, status int) huma.Operation) {
	web.Op(a, op(http.MethodGet, "/my/dossiers", "listMyDossiers", 0), auth.SignedIn, h.mineList)
	web.Op(a, op(http.MethodPost, "/my/dossiers/{code}", "followDossier", 0), auth.SignedIn, h.follow)
	web.Op(a, op(http.MethodDelete, "/my/dossiers/{code}", "unfollowDossier", http.StatusNoContent), auth.SignedIn, h.unfollow)
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/rating", "rateDossier", http.StatusNoContent), auth.Public, h.rateAPI)
}
