package dossierweb

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

// orderBodyJSON is an order as the API shows it.
type orderBodyJSON struct {
	ID       dossier.OrderID `json:"id"`
	Code     string          `json:"code" doc:"Of the dossier."`
	Leader   string          `json:"leader"`
	Officer  string          `json:"officer" doc:"Who is to answer."`
	Note     string          `json:"note"`
	Due      time.Time       `json:"due" doc:"Until when the answer is asked."`
	MadeAt   time.Time       `json:"madeAt"`
	State    string          `json:"state" enum:"open,answered,closed"`
	Overdue  bool            `json:"overdue"`
	Answer   string          `json:"answer,omitempty"`
	Forecast string          `json:"forecast,omitempty" doc:"Day on which the result is expected now."`
	Rounds   int             `json:"rounds" doc:"1, and one more each time the leader insisted."`
	Version  int64           `json:"version"`
}

func (h *handlers) orderJSON(o dossier.Order) orderBodyJSON {
	b := orderBodyJSON{
		ID: o.ID, Code: o.Code, Leader: o.LeaderName, Officer: o.OfficerName, Note: o.Note, Due: o.DueAt, MadeAt: o.MadeAt,
		State: string(o.State), Overdue: o.Overdue(h.clock.Now()), Answer: o.Answer, Rounds: o.Rounds, Version: o.Version,
	}
	if !o.Forecast.IsZero() {
		b.Forecast = o.Forecast.String()
	}
	return b
}

type orderOutput struct{ Body orderBodyJSON }

type giveOrderInput struct {
	web.Keyed
	Code string `path:"code" maxLength:"64"`
	Body struct {
		Officer string `json:"officer" maxLength:"20" doc:"Account of who is to answer."`
		Hours   int    `json:"hours" minimum:"1" maximum:"80" doc:"Term of the answer in working hours."`
		Note    string `json:"note" maxLength:"2000"`
	}
}

func (h *handlers) apiGiveOrder(ctx context.Context, in *giveOrderInput) (*orderOutput, error) {
	officer, err := accountID(in.Body.Officer)
	if err != nil {
		return nil, err
	}
	o, err := h.svc.Order(ctx, dossier.OrderDraft{Code: in.Code, Officer: officer, Hours: in.Body.Hours, Note: in.Body.Note, Key: in.Key})
	return &orderOutput{h.orderJSON(o)}, err
}

// accountID reads the id of an account.
func accountID(text string) (int64, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errs.E(errs.Invalid, "dossierweb.account", errs.Cause(err), errs.WithFields(errs.Field{Path: "officer", Key: "dossierweb.account"}))
	}
	return v, nil
}

type orderReplyInput struct {
	web.Keyed
	ID   string `path:"id" maxLength:"20"`
	Body struct {
		Version  int64  `json:"version" doc:"Of the order, as it was read."`
		Text     string `json:"text,omitempty" maxLength:"2000"`
		Forecast string `json:"forecast,omitempty" maxLength:"10" doc:"Of an answer: day on which the result is expected, YYYY-MM-DD."`
		Hours    int    `json:"hours,omitempty" maximum:"80" doc:"Of insisting: the new term in working hours."`
	}
}

// orderReply makes an operation of one of the replies to an order.
func (h *handlers) orderReply(do func(context.Context, dossier.OrderReply) (dossier.Order, error)) func(context.Context, *orderReplyInput) (*orderOutput, error) {
	return func(ctx context.Context, in *orderReplyInput) (*orderOutput, error) {
		v, err := orderOf(in.ID)
		if err != nil {
			return nil, err
		}
		reply := dossier.OrderReply{Order: v, Version: in.Body.Version, Text: in.Body.Text, Hours: in.Body.Hours, Key: in.Key}
		if in.Body.Forecast != "" {
			if reply.Forecast, err = clock.ParseDate(in.Body.Forecast); err != nil {
				return nil, errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "forecast", Key: "dossier.order.forecast"}))
			}
		}
		o, err := do(ctx, reply)
		return &orderOutput{h.orderJSON(o)}, err
	}
}

type ordersOutput struct{ Body web.List[orderBodyJSON] }

func (h *handlers) apiOrders(ctx context.Context, in *struct{ web.Page }) (*ordersOutput, error) {
	var after dossier.TaskCursor
	if _, err := web.ReadCursor(in.Cursor, &after.Due, &after.ID); err != nil {
		return nil, err
	}
	list, next, err := h.svc.OrdersToMe(ctx, after, in.Limit)
	out := &ordersOutput{}
	out.Body.Items = make([]orderBodyJSON, 0, len(list))
	for _, o := range list {
		out.Body.Items = append(out.Body.Items, h.orderJSON(o))
	}
	if next != nil {
		out.Body.Next = web.NewCursor(next.Due, next.ID)
	}
	return out, err
}

type dossierOrdersOutput struct {
	Body struct {
		Items []orderBodyJSON `json:"items" nullable:"false"`
		May   bool            `json:"may" doc:"The caller may give an order now."`
	}
}

func (h *handlers) apiDossierOrders(ctx context.Context, in *struct {
	Code string `path:"code" maxLength:"64"`
}) (*dossierOrdersOutput, error) {
	d, _, err := h.svc.Find(ctx, in.Code, dossier.Viewer{})
	if err != nil {
		return nil, err
	}
	r, err := h.svc.OrdersOn(ctx, d)
	out := &dossierOrdersOutput{}
	out.Body.Items, out.Body.May = make([]orderBodyJSON, 0, len(r.Orders)), r.May
	for _, o := range r.Orders {
		out.Body.Items = append(out.Body.Items, h.orderJSON(o))
	}
	return out, err
}

func (h *handlers) orderAPI(a *web.API, op func(method, path, id string, status int) huma.Operation) {
	web.Op(a, op(http.MethodGet, "/orders", "listOrders", 0), auth.Officer, h.apiOrders)
	web.Op(a, op(http.MethodGet, "/dossiers/{code}/orders", "dossierOrders", 0), auth.Officer, h.apiDossierOrders)
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/orders", "giveOrder", http.StatusCreated), leaders(), h.apiGiveOrder)
	web.Op(a, op(http.MethodPost, "/orders/{id}/answer", "answerOrder", 0), auth.Officer, h.orderReply(h.svc.AnswerOrder))
	web.Op(a, op(http.MethodPost, "/orders/{id}/close", "closeOrder", 0), leaders(), h.orderReply(h.svc.CloseOrder))
	web.Op(a, op(http.MethodPost, "/orders/{id}/insist", "insistOrder", 0), leaders(), h.orderReply(h.svc.InsistOrder))
}
