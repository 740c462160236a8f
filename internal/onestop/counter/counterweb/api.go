package counterweb

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

func (h *handlers) api(a *web.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/counter" + path, Summary: "counterweb.api." + summary, Tags: []string{"counter"}, DefaultStatus: status}
	}
	web.Op(a, op("take-in", http.MethodPost, "/dossiers", "take", http.StatusCreated), Clerk, h.apiTake)
	web.Op(a, op("list-ready", http.MethodGet, "/ready", "ready", http.StatusOK), Clerk, h.apiReady)
	web.Op(a, op("call-owner", http.MethodPost, "/dossiers/{code}/calls", "called", http.StatusNoContent), Clerk, h.apiCalled)
	web.Op(a, op("return-result", http.MethodPost, "/dossiers/{code}/return", "returned", http.StatusNoContent), Clerk, h.apiReturn)
	web.Op(a, op("list-originals", http.MethodGet, "/originals", "originals", http.StatusOK), auth.Officer, h.apiOriginals)
	web.Op(a, op("give-originals", http.MethodPost, "/batches", "give", http.StatusCreated), auth.Officer, h.apiGive)
	web.Op(a, op("read-batch", http.MethodGet, "/batches/{id}", "batch", http.StatusOK), auth.Officer, h.apiBatch)
	web.Op(a, op("receive-batch", http.MethodPost, "/batches/{id}/received", "receive", http.StatusNoContent), auth.Officer, h.apiReceive)
}

type takeBody struct {
	Service   string          `json:"service" maxLength:"120"`
	Case      string          `json:"case,omitempty" maxLength:"60"`
	Who       string          `json:"who,omitempty" maxLength:"600" doc:"What a scanner read from the citizen card, a personal number, an old number or a phone. Fills what is known of the person."`
	Applicant partyBody       `json:"applicant,omitempty"`
	Answers   json.RawMessage `json:"answers" doc:"Answers of the form by path, laid over what is known of the person."`
	Papers    []countBody     `json:"papers,omitempty" maxItems:"60"`
	Mandate   string          `json:"mandate,omitempty" maxLength:"20" doc:"By which the person at the counter files for another."`
	Delivery  string          `json:"delivery,omitempty" maxLength:"20"`
	Address   string          `json:"address,omitempty" maxLength:"300"`
	Copies    int             `json:"copies,omitempty" minimum:"0" maximum:"50"`
	Act       string          `json:"act,omitempty" enum:"accept,supplement,refuse" default:"accept"`
	Reason    string          `json:"reason,omitempty" maxLength:"4000" doc:"Of supplement and refuse: the text on form 02 or 03."`
}

type partyBody struct {
	Name  string `json:"name,omitempty" maxLength:"200"`
	Phone string `json:"phone,omitempty" maxLength:"20"`
	Email string `json:"email,omitempty" maxLength:"254"`
}

type countBody struct {
	Paper      string `json:"paper" maxLength:"64"`
	Originals  int    `json:"originals,omitempty" minimum:"0" maximum:"99"`
	Copies     int    `json:"copies,omitempty" minimum:"0" maximum:"99"`
	ShownOnly  bool   `json:"shownOnly,omitempty"`
	Electronic bool   `json:"electronic,omitempty"`
}

type takeInput struct {
	web.Keyed
	Body takeBody
}

type takeOutput struct {
	Location string `header:"Location"`
	Body     struct {
		Code      string `json:"code"`
		Act       string `json:"act"`
		Forwarded bool   `json:"forwarded" doc:"Another agency handles the dossier."`
		Receiving string `json:"receiving"`
		AccessKey string `json:"accessKey"`
	}
}

func (h *handlers) apiTake(ctx context.Context, in *takeInput) (*takeOutput, error) {
	b := in.Body
	i, err := h.begun(ctx, counter.Opening{Service: b.Service, Case: b.Case, Who: b.Who, Lang: string(i18n.LangOf(ctx)), Key: in.Key})
	if err != nil {
		return nil, err
	}
	out := &takeOutput{}
	pkg, err := h.s.Package(i.Service)
	if err != nil {
		return nil, err
	}
	if !i.Filed() {
		given, err := pkg.Form.ParseJSON(b.Answers)
		if err != nil {
			return nil, err
		}
		c := &i.Content
		c.Answers = c.Answers.With(given)
		over := func(to *string, v string) {
			if v != "" {
				*to = v
			}
		}
		over(&c.Filing.Applicant.Name, b.Applicant.Name)
		over(&c.Filing.Applicant.Phone, b.Applicant.Phone)
		over(&c.Filing.Applicant.Email, b.Applicant.Email)
		over(&c.Filing.Delivery.Method, b.Delivery)
		over(&c.Filing.Delivery.Address, b.Address)
		c.Filing.Copies = b.Copies
		if err := h.s.Choose(ctx, &i, b.Mandate); err != nil {
			return nil, err
		}
		c.Counts = map[string]counter.Count{}
		for _, p := range b.Papers {
			c.Counts[p.Paper] = counter.Count{Originals: p.Originals, Copies: p.Copies, Shown: p.ShownOnly, Electronic: p.Electronic}
		}
		if i, err = h.s.Save(ctx, i, ""); err != nil {
			return nil, err
		}
	}
	if b.Act == "" {
		b.Act = process.DoAccept
	}
	taken, err := h.s.File(ctx, i, b.Act, b.Reason)
	if err != nil {
		return nil, err
	}
	d, _, _, err := h.s.Dossiers.Read(ctx, taken.Code)
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/dossiers/" + taken.Code
	out.Body.Code, out.Body.Act, out.Body.AccessKey = taken.Code, taken.Act, taken.Key
	out.Body.Forwarded, out.Body.Receiving = d.Reception != d.Receiving, h.unit(ctx, d.Receiving)
	return out, nil
}

// begun opens the intake of a request; a number that several people share names nobody.
func (h *handlers) begun(ctx context.Context, in counter.Opening) (counter.Intake, error) {
	i, several, err := h.s.Begin(ctx, in)
	if err == nil && len(several) > 0 {
		err = errs.E(errs.Invalid, "counter.several", errs.WithFields(errs.Field{Path: "who", Key: "counter.several"}))
	}
	return i, err
}

type readyInput struct {
	web.Page
}

type readyBody struct {
	Code      string     `json:"code"`
	Task      string     `json:"task"`
	Version   int64      `json:"version"`
	Procedure string     `json:"procedure"`
	Applicant string     `json:"applicant"`
	Since     time.Time  `json:"since"`
	Called    *time.Time `json:"called" doc:"The last call; null: not called yet."`
}

type readyOutput struct {
	Body web.List[readyBody]
}

func (h *handlers) apiReady(ctx context.Context, in *readyInput) (*readyOutput, error) {
	unit, err := h.s.Desk(ctx)
	if err != nil {
		return nil, err
	}
	f := dossier.ReadyFilter{Unit: unit, Limit: in.Limit}
	if _, err := web.ReadCursor(in.Cursor, &f.After.Due, &f.After.ID); err != nil {
		return nil, err
	}
	page, err := h.s.Dossiers.ReadyToReturn(ctx, f)
	if err != nil {
		return nil, err
	}
	ids := make([]dossier.ID, len(page.Items))
	for i, x := range page.Items {
		ids[i] = x.Task.Dossier
	}
	calls, err := h.s.CalledOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &readyOutput{}
	out.Body.Items = []readyBody{}
	for _, x := range page.Items {
		b := readyBody{Code: x.Task.Code, Task: x.Task.ID.String(), Version: x.Task.Version, Procedure: x.Task.Procedure, Applicant: x.Task.Applicant, Since: x.Since}
		if c, ok := calls[x.Task.Dossier]; ok {
			b.Called = &c.At
		}
		out.Body.Items = append(out.Body.Items, b)
	}
	if page.Next != nil {
		out.Body.Next = web.NewCursor(page.Next.Due, page.Next.ID)
	}
	return out, nil
}

type callInput struct {
	web.Keyed
	Code string `path:"code" maxLength:"60"`
	Body struct {
		How  string `json:"how" enum:"phone,sms,notice"`
		Note string `json:"note,omitempty" maxLength:"500"`
	}
}

func (h *handlers) apiCalled(ctx context.Context, in *callInput) (*struct{}, error) {
	return &struct{}{}, h.s.Called(ctx, in.Code, in.Body.How, in.Body.Note, in.Key)
}

type returnInput struct {
	web.Keyed
	Code string `path:"code" maxLength:"60"`
	Body struct {
		Version   int64                `json:"version" doc:"Of the task that returns it, as the list of ready results says."`
		Identity  string               `json:"identity" enum:"card,paper,authorised"`
		Card      string               `json:"card,omitempty" maxLength:"600" doc:"What a scanner read; compared, not kept."`
		Who       string               `json:"who,omitempty" maxLength:"200"`
		Paid      string               `json:"paid,omitempty" enum:"before,here"`
		Receipt   string               `json:"receipt,omitempty" maxLength:"100"`
		Originals []counter.OriginalID `json:"originals,omitempty" maxItems:"100" doc:"Those that were handed over."`
		Kept      string               `json:"kept,omitempty" maxLength:"500" doc:"Why others were not."`
	}
}

func (h *handlers) apiReturn(ctx context.Context, in *returnInput) (*struct{}, error) {
	b := in.Body
	return &struct{}{}, h.s.HandBack(ctx, counter.Handing{
		Code: in.Code, Version: b.Version, Identity: b.Identity, Card: b.Card, Who: b.Who, Paid: b.Paid, Receipt: b.Receipt, Originals: b.Originals, Kept: b.Kept, Key: in.Key,
	})
}

type originalBody struct {
	ID      counter.OriginalID `json:"id"`
	Code    string             `json:"code"`
	Paper   string             `json:"paper"`
	Count   int                `json:"originals"`
	State   string             `json:"state" enum:"held,givenBack"`
	Holder  string             `json:"holder,omitempty"`
	Unit    string             `json:"unit"`
	Since   time.Time          `json:"since"`
	InBatch bool               `json:"inBatch" doc:"Stands in a hand-over that is not received yet."`
	Refused string             `json:"refused,omitempty" doc:"In a hand-over: why the receiver did not take it."`
}

func (h *handlers) originalBody(ctx context.Context, o counter.Original) originalBody {
	b := originalBody{ID: o.ID, Code: o.Code, Paper: o.Paper, Count: o.Count, State: o.State, Unit: h.unit(ctx, o.Unit), Since: o.Since, InBatch: o.Batch != 0}
	if o.State == counter.Held {
		b.Holder = o.HolderName
	}
	return b
}

type originalsInput struct {
	Code  string             `query:"code" maxLength:"60" doc:"Of a dossier; empty: what the caller holds, 200 at a time."`
	After counter.OriginalID `query:"after" doc:"The last one of the page before."`
}

type originalsOutput struct {
	Body web.List[originalBody]
}

func (h *handlers) apiOriginals(ctx context.Context, in *originalsInput) (*originalsOutput, error) {
	var list []counter.Original
	var err error
	if in.Code != "" {
		d, _, _, readErr := h.s.Dossiers.Read(ctx, in.Code) // whoever may see the dossier
		if readErr != nil {
			return nil, readErr
		}
		list, err = h.s.OriginalsOf(ctx, d.ID)
	} else {
		list, err = h.s.Originals(ctx, counter.OriginalFilter{After: in.After})
	}
	if err != nil {
		return nil, err
	}
	out := &originalsOutput{}
	out.Body.Items = []originalBody{}
	for _, o := range list {
		out.Body.Items = append(out.Body.Items, h.originalBody(ctx, o))
	}
	return out, nil
}

type giveInput struct {
	web.Keyed
	Body struct {
		Originals []counter.OriginalID `json:"originals" minItems:"1" maxItems:"200"`
		Unit      orgunit.UnitID       `json:"unit" doc:"Of the receiver."`
		Account   string               `json:"account,omitempty" maxLength:"20" doc:"Of the receiver; empty: whoever receives at the unit."`
	}
}

type giveOutput struct {
	Location string `header:"Location"`
	Body     struct {
		ID counter.BatchID `json:"id"`
	}
}

func (h *handlers) apiGive(ctx context.Context, in *giveInput) (*giveOutput, error) {
	to := counter.Recipient{Unit: in.Body.Unit}
	to.Account, _ = strconv.ParseInt(in.Body.Account, 10, 64)
	v, err := h.s.Give(ctx, in.Body.Originals, to, in.Key)
	if err != nil {
		return nil, err
	}
	out := &giveOutput{Location: "/api/v1/counter/batches/" + v.String()}
	out.Body.ID = v
	return out, nil
}

type batchInput struct {
	ID string `path:"id" maxLength:"20"`
}

type batchOutput struct {
	Body struct {
		ID       counter.BatchID `json:"id"`
		State    string          `json:"state" enum:"open,received,withdrawn"`
		From     string          `json:"from"`
		To       string          `json:"to,omitempty"`
		Made     time.Time       `json:"made"`
		Received *time.Time      `json:"ended"`
		Lines    []originalBody  `json:"lines"`
	}
}

func (h *handlers) apiBatch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	v, err := batchID(in.ID)
	if err != nil {
		return nil, err
	}
	b, err := h.s.FindBatch(ctx, v)
	if err != nil {
		return nil, err
	}
	out := &batchOutput{}
	o := &out.Body
	o.ID, o.State, o.From, o.To, o.Made, o.Lines = b.ID, b.State, b.FromName, h.receiver(ctx, b), b.MadeAt, []originalBody{}
	if !b.EndedAt.IsZero() {
		o.Received = &b.EndedAt
	}
	for _, l := range b.Lines {
		x := h.originalBody(ctx, l.Original)
		x.Refused = l.Refused
		o.Lines = append(o.Lines, x)
	}
	return out, nil
}

type receiveInput struct {
	web.Keyed
	ID   string `path:"id" maxLength:"20"`
	Body struct {
		Refused []struct {
			Original counter.OriginalID `json:"original"`
			Reason   string             `json:"reason" minLength:"1" maxLength:"500"`
		} `json:"refused,omitempty" maxItems:"200"`
	}
}

func (h *handlers) apiReceive(ctx context.Context, in *receiveInput) (*struct{}, error) {
	refused := map[counter.OriginalID]string{}
	for _, x := range in.Body.Refused {
		refused[x.Original] = x.Reason
	}
	v, err := batchID(in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{}{}, h.s.Receive(ctx, v, refused, in.Key)
}

func batchID(s string) (counter.BatchID, error) {
	v, err := id.Parse[counter.Batch](s)
	if err != nil {
		return 0, errs.E(errs.NotFound, "counter.batch.notFound", errs.Cause(err))
	}
	return v, nil
}
