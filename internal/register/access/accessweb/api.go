package accessweb

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/web"
	"khue/internal/register/access"
)

type lookBody struct {
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
	Unit  string    `json:"unit,omitempty" doc:"Id of the unit in whose name it was."`
	Post  string    `json:"post,omitempty" doc:"Role of the post; absent where a program looked."`
	What  string    `json:"what" doc:"dossier, paper, person, list, search or book."`
	Basis string    `json:"basis" doc:"dossier, duty, law or reason."`
	Why   string    `json:"why,omitempty" doc:"The duty, the citation or the choice of the reason."`
	About string    `json:"about,omitempty" doc:"Code of the dossier; absent where it was the person."`
	Times int       `json:"times" doc:"Of a list: how often on that day."`
}

type looksInput struct {
	Cursor string `query:"cursor" maxLength:"200"`
	What   string `query:"what" maxLength:"20"`
}

type looksOutput struct{ Body web.List[lookBody] }

func (h handlers) listLooks(ctx context.Context, in *looksInput) (*looksOutput, error) {
	f := access.Filter{What: access.What(in.What)}
	if _, err := web.ReadCursor(in.Cursor, &f.Before); err != nil {
		return nil, err
	}
	lines, next, own, err := h.own(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &looksOutput{}
	out.Body.Items = make([]lookBody, len(lines))
	for i, l := range lines {
		out.Body.Items[i] = lookBody{
			ID: l.ID.String(), At: l.At, Post: l.Post, What: string(l.What), Basis: string(l.Basis), Why: l.Why, About: own[l.About].Label, Times: max(l.N, 1),
		}
		if l.Unit != 0 {
			out.Body.Items[i].Unit = l.Unit.String()
		}
	}
	if next != 0 {
		out.Body.Next = web.NewCursor(next)
	}
	return out, nil
}

type reasonInput struct {
	web.Keyed
	Code string `path:"code" maxLength:"60"`
	Body struct {
		Choice string `json:"choice" maxLength:"20" doc:"complaint, applicant, related, inspection, authority, correction, archive or other."`
		Words  string `json:"words" maxLength:"500"`
	}
}

func (h handlers) reasonOp(ctx context.Context, in *reasonInput) (*struct{}, error) {
	kind, about, err := h.Seeable(ctx, in.Code)
	if err != nil {
		return nil, err
	}
	return nil, h.Looks.GiveReason(ctx, kind, about, in.Body.Choice, in.Body.Words, in.Key)
}

func (h handlers) api(a *web.API) {
	web.Op(a, huma.Operation{OperationID: "listLooks", Method: http.MethodGet, Path: "/api/v1/my/looks", Summary: "accessweb.api.listLooks"}, auth.SignedIn, h.listLooks)
	web.Op(a, huma.Operation{
		OperationID: "giveReason", Method: http.MethodPost, Path: "/api/v1/dossiers/{code}/reason", Summary: "accessweb.api.giveReason", DefaultStatus: http.StatusNoContent,
	}, auth.Officer, h.reasonOp)
}
