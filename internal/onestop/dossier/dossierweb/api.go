package dossierweb

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
)

// partyBody is a person of a dossier.
type partyBody struct {
	Name     string `json:"name" maxLength:"200" doc:"Full name, family name first."`
	Phone    string `json:"phone" maxLength:"20" doc:"Vietnamese phone number; with the code it opens public tracking."`
	Email    string `json:"email,omitempty" maxLength:"254"`
	Capacity string `json:"capacity,omitempty" maxLength:"40" doc:"Of a submitter: self, parent, authorised."`
}

type paperBody struct {
	Paper     string `json:"paper" maxLength:"64" doc:"Id of the paper in the service."`
	Name      string `json:"name" maxLength:"200"`
	Type      string `json:"type" enum:"pdf,jpg,png,docx,xlsx" doc:"From the content, not the name."`
	Size      int64  `json:"size" minimum:"0"`
	SHA256    string `json:"sha256,omitempty" pattern:"^[0-9a-f]{64}$" doc:"The sender's note. It does not fetch a file: files come by upload."`
	Originals int    `json:"originals,omitempty" minimum:"0" maximum:"99"`
	Copies    int    `json:"copies,omitempty" minimum:"0" maximum:"99"`
	ShownOnly bool   `json:"shownOnly,omitempty" doc:"Shown at the counter and given back."`

	Electronic bool `json:"electronic,omitempty" doc:"Came as signed data: neither original nor copy is kept."`
}

type deliveryBody struct {
	Method  string `json:"method,omitempty" maxLength:"20" doc:"One of the service's ways of delivery."`
	Address string `json:"address,omitempty" maxLength:"300"`
}

type submitBody struct {
	Service   string          `json:"service" maxLength:"120" doc:"Id of a declared service."`
	Case      string          `json:"case,omitempty" maxLength:"60"`
	Unit      string          `json:"unit,omitempty" maxLength:"35" doc:"Place of reception: code or id of a unit of today. Empty: the competent unit."`
	Channel   string          `json:"channel,omitempty" enum:"online,counter,kiosk,post" default:"online"`
	Applicant partyBody       `json:"applicant"`
	Submitter *partyBody      `json:"submitter,omitempty" doc:"Absent: the applicant themselves."`
	Answers   json.RawMessage `json:"answers" doc:"Answers of the form by path: {\"child.name\": \"…\"}."`
	Papers    []paperBody     `json:"papers,omitempty" maxItems:"100"`
	Delivery  deliveryBody    `json:"delivery,omitempty"`
	Copies    int             `json:"copies,omitempty" minimum:"0" maximum:"50"`
	Mandate   mandate.ID      `json:"mandate,omitzero" doc:"By which the account files for another; the applicant's name is then the giver's."`
}

type submitInput struct {
	web.Keyed
	Body submitBody
}

type submitOutput struct {
	Location string `header:"Location"`
	Body     struct {
		ID        dossier.ID `json:"id"`
		Code      string     `json:"code" doc:"What people use."`
		State     string     `json:"state"`
		Due       *time.Time `json:"due" doc:"Null: the due date exists from acceptance."`
		ReceiveBy time.Time  `json:"receiveBy" doc:"Until when the one-stop accepts, asks or refuses. Where a fee is to be paid first, this is counted anew from the payment."`
		Promise   string     `json:"promise" doc:"Signed promise that the submission stands in the journal."`
		AccessKey string     `json:"accessKey" doc:"Lets its bearer follow the dossier without an account."`
		Warnings  int        `json:"warnings,omitempty"`

		Task        dossier.TaskID `json:"task,omitzero" doc:"The first task, for a clerk who files at the counter and may act on it."`
		TaskVersion int64          `json:"taskVersion,omitempty"`
	}
}

func (h *handlers) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	b := &in.Body
	answers, err := h.parseAnswers(b.Service, b.Answers)
	if err != nil {
		return nil, err
	}
	sub := dossier.Submission{
		Service: b.Service, Case: b.Case, Unit: b.Unit, Channel: service.Channel(b.Channel),
		Applicant: dossier.Party(b.Applicant), Answers: answers, Papers: papersOf(b.Papers),
		Delivery: dossier.Delivery(b.Delivery), Copies: b.Copies, Lang: string(i18n.LangOf(ctx)), Key: in.Key, Mandate: b.Mandate,
	}
	if b.Submitter != nil {
		sub.Submitter = dossier.Party(*b.Submitter)
	}
	f, err := h.svc.Submit(ctx, sub)
	if err != nil {
		return nil, err
	}
	out := &submitOutput{Location: "/api/v1/dossiers/" + f.Code}
	out.Body.ID, out.Body.Code, out.Body.State = f.ID, f.Code, f.State.String()
	out.Body.ReceiveBy, out.Body.Promise, out.Body.AccessKey, out.Body.Warnings = f.ReceiveBy, f.Promise, f.Key, f.Warnings
	out.Body.Task, out.Body.TaskVersion = f.Task, f.TaskVersion
	return out, nil
}

func papersOf(in []paperBody) []form.File {
	out := make([]form.File, len(in))
	for i, p := range in {
		out[i] = form.File(p)
		out[i].Name = web.CleanFileName(p.Name)
		out[i].SHA256 = "" // a digest that somebody knows opens no file: bytes come by upload
	}
	return out
}

// dossierBody is a dossier as the API shows it.
type dossierBody struct {
	ID          dossier.ID `json:"id"`
	Code        string     `json:"code"`
	Service     string     `json:"service"`
	Procedure   string     `json:"procedure"`
	Case        string     `json:"case"`
	State       string     `json:"state"`
	StateCode   int        `json:"stateCode" doc:"Code of the national portal, 1 to 10."`
	Channel     string     `json:"channel"`
	Applicant   string     `json:"applicant,omitempty"`
	Reception   string     `json:"reception"`
	Competent   string     `json:"competent"`
	SubmittedAt time.Time  `json:"submittedAt"`
	ReceiveBy   time.Time  `json:"receiveBy"`
	AcceptedAt  *time.Time `json:"acceptedAt"`
	Due         *time.Time `json:"due"`
	ClosedAt    *time.Time `json:"closedAt"`
	UnpaidSince *time.Time `json:"unpaidSince" doc:"Since when a fee is due that has not come; the term does not run meanwhile. Null: nothing is owed."`
	Late        bool       `json:"late"`
	Version     int64      `json:"version"`
}

func (h *handlers) dossierBody(d dossier.Dossier, a dossier.Access) dossierBody {
	b := dossierBody{
		ID: d.ID, Code: d.Code, Service: d.Service, Procedure: d.Procedure, Case: d.Case, State: d.State.String(), StateCode: d.State.National(),
		Channel: string(d.Channel), Reception: d.Reception.String(), Competent: d.Competent.String(),
		SubmittedAt: d.SubmittedAt, ReceiveBy: d.ReceiveBy, AcceptedAt: orNull(d.AcceptedAt), Due: orNull(d.DueAt), ClosedAt: orNull(d.ClosedAt), UnpaidSince: orNull(d.UnpaidAt),
		Late: d.Late(h.clock.Now()), Version: d.Version,
	}
	if a == dossier.SeeAll {
		b.Applicant = d.Applicant
	}
	return b
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CodeInput names a dossier. Exported, since the API's binder reads embedded fields only so.
type CodeInput struct {
	Code string `path:"code" maxLength:"60" doc:"Code of the dossier."`
	Key  string `query:"accessKey" maxLength:"64" doc:"Access key of the dossier, for a bearer without an account."`
}

func (in CodeInput) viewer() dossier.Viewer { return dossier.Viewer{Key: in.Key} }

type dossierOutput struct{ Body dossierBody }

func (h *handlers) get(ctx context.Context, in *CodeInput) (*dossierOutput, error) {
	d, a, err := h.svc.Find(ctx, in.Code, in.viewer())
	if err != nil {
		return nil, err
	}
	return &dossierOutput{h.dossierBody(d, a)}, nil
}

type eventBody struct {
	ID      string    `json:"id" doc:"Id of the journal entry."`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Step    string    `json:"step,omitempty"`
	Action  string    `json:"action,omitempty"`
	By      string    `json:"by,omitempty"`
	Comment string    `json:"comment,omitempty"`
	State   string    `json:"state,omitempty"`
	Reached []string  `json:"reached,omitempty" doc:"Milestones."`
	Erased  bool      `json:"erased,omitempty"`
}

type timelineOutput struct {
	Body web.List[eventBody]
}

func (h *handlers) timeline(ctx context.Context, in *CodeInput) (*timelineOutput, error) {
	d, a, err := h.svc.Find(ctx, in.Code, in.viewer())
	if err != nil {
		return nil, err
	}
	lines, err := h.svc.Timeline(ctx, d, a)
	if err != nil {
		return nil, err
	}
	out := &timelineOutput{}
	out.Body.Items = make([]eventBody, len(lines))
	for i, l := range lines {
		out.Body.Items[i] = eventBody{
			ID: l.ID.String(), At: l.At, Kind: l.Kind, Step: l.Step, Action: l.Action, By: l.By, Comment: l.Comment,
			State: l.State.String(), Reached: l.Reached, Erased: l.Erased,
		}
	}
	return out, nil
}

type supplementInput struct {
	web.Keyed
	CodeInput
	Body struct {
		Answers json.RawMessage `json:"answers,omitempty"`
		Papers  []paperBody     `json:"papers,omitempty" maxItems:"100"`
		Note    string          `json:"note,omitempty" maxLength:"4000"`
	}
}

type outcomeOutput struct {
	Body outcomeBody
}

type outcomeBody struct {
	Code    string         `json:"code"`
	State   string         `json:"state"`
	Due     *time.Time     `json:"due"`
	Task    dossier.TaskID `json:"task,omitzero"`
	Version int64          `json:"version,omitempty"`
	Step    string         `json:"step,omitempty" doc:"Where the branch stands; absent where it ended or waits for the applicant."`
	Entry   string         `json:"entry,omitempty" doc:"Id of the journal entry."`
}

func outcome(o dossier.Outcome) *outcomeOutput {
	return &outcomeOutput{outcomeBody{
		Code: o.Code, State: o.State.String(), Due: orNull(o.DueAt), Task: o.Task, Version: o.Version, Step: o.Step, Entry: o.Entry,
	}}
}

func (h *handlers) supplement(ctx context.Context, in *supplementInput) (*outcomeOutput, error) {
	d, _, err := h.svc.Find(ctx, in.Code, in.viewer())
	if err != nil {
		return nil, err
	}
	var answers form.Answers
	if len(in.Body.Answers) > 0 {
		if answers, err = h.parseAnswersOf(d, in.Body.Answers); err != nil {
			return nil, err
		}
	}
	o, err := h.svc.Supplement(ctx, dossier.Supply{
		Code: in.Code, Answers: answers, Papers: papersOf(in.Body.Papers), Note: in.Body.Note, Key: in.Keyed.Key, Viewer: in.viewer(),
	})
	if err != nil {
		return nil, err
	}
	return outcome(o), nil
}

type withdrawInput struct {
	web.Keyed
	CodeInput
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"4000"`
	}
}

func (h *handlers) withdraw(ctx context.Context, in *withdrawInput) (*outcomeOutput, error) {
	o, err := h.svc.Withdraw(ctx, in.Code, in.Body.Reason, in.Keyed.Key, in.viewer())
	if err != nil {
		return nil, err
	}
	return outcome(o), nil
}

type answerInput struct {
	web.Keyed
	CodeInput
	Body struct {
		Action string `json:"action" maxLength:"40" doc:"An action of the step that waits for the applicant: confirm, correct."`
		Note   string `json:"note,omitempty" maxLength:"4000"`
	}
}

func (h *handlers) answer(ctx context.Context, in *answerInput) (*outcomeOutput, error) {
	o, err := h.svc.Answer(ctx, in.Code, in.Body.Action, in.Body.Note, in.Keyed.Key, in.viewer())
	if err != nil {
		return nil, err
	}
	return outcome(o), nil
}

// parseAnswers reads answers with the form of the service in force.
func (h *handlers) parseAnswers(serviceID string, raw json.RawMessage) (form.Answers, error) {
	pkg, err := h.services.Find(serviceID, h.today())
	if err != nil {
		return nil, err
	}
	return pkg.Form.ParseJSON(raw)
}

// parseAnswersOf reads answers with the form that a dossier is pinned to.
func (h *handlers) parseAnswersOf(d dossier.Dossier, raw json.RawMessage) (form.Answers, error) {
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return nil, err
	}
	return pkg.Form.ParseJSON(raw)
}

type taskBody struct {
	ID        dossier.TaskID `json:"id"`
	Version   int64          `json:"version" doc:"Name it in a command; another means that somebody acted."`
	Dossier   string         `json:"dossier" doc:"Code of the dossier."`
	Procedure string         `json:"procedure"`
	Applicant string         `json:"applicant"`
	Step      string         `json:"step"`
	Role      string         `json:"role"`
	Unit      string         `json:"unit"`
	Assignee  string         `json:"assignee,omitempty" doc:"Account that took it."`
	State     string         `json:"state"`
	TaskDue   time.Time      `json:"taskDue"`
	Due       *time.Time     `json:"due" doc:"The dossier's promised date."`
	Late      bool           `json:"late"`
	Open      bool           `json:"open"`
}

func (h *handlers) taskBody(t dossier.Task, now time.Time) taskBody {
	b := taskBody{
		ID: t.ID, Version: t.Version, Dossier: t.Code, Procedure: t.Procedure, Applicant: t.Applicant, Step: t.Step, Role: t.Role,
		Unit: t.Unit.String(), State: t.State.String(), TaskDue: t.DueAt, Due: orNull(t.Promised), Late: t.Late(now), Open: t.Open,
	}
	if t.Assignee != 0 {
		b.Assignee = dossier.ID(t.Assignee).String()
	}
	return b
}

type tasksInput struct {
	web.Page
	Unit      string    `query:"unit" maxLength:"35" doc:"Id or code of a unit of today; empty: your own."`
	Role      string    `query:"role" maxLength:"40"`
	State     string    `query:"state" maxLength:"20"`
	DueBefore time.Time `query:"due_before"`
	Mine      bool      `query:"mine" doc:"Only tasks that you took."`
}

type tasksOutput struct {
	Body web.List[taskBody]
}

func (h *handlers) tasks(ctx context.Context, in *tasksInput) (*tasksOutput, error) {
	f := dossier.TaskFilter{DueBefore: in.DueBefore, Limit: in.Limit}
	if in.Role != "" {
		f.Roles = []string{in.Role}
	}
	if in.State != "" {
		state, ok := process.ParseState(in.State)
		if !ok {
			return nil, errs.E(errs.Invalid, "dossierweb.state", errs.WithFields(errs.Field{Path: "state", Key: "dossierweb.state"}))
		}
		f.State = state
	}
	var err error
	if in.Mine {
		f.Mine = auth.From(ctx).Account
	} else if f.Unit, err = h.unitOf(ctx, in.Unit); err != nil {
		return nil, err
	}
	if _, err := web.ReadCursor(in.Cursor, &f.After.Due, &f.After.ID); err != nil {
		return nil, err
	}
	page, err := h.svc.Queue(ctx, f)
	if err != nil {
		return nil, err
	}
	now := h.clock.Now()
	out := &tasksOutput{}
	out.Body.Items = make([]taskBody, len(page.Tasks))
	for i, t := range page.Tasks {
		out.Body.Items[i] = h.taskBody(t, now)
	}
	if page.Next != nil {
		out.Body.Next = web.NewCursor(page.Next.Due, page.Next.ID)
	}
	return out, nil
}

// unitOf reads the unit of a queue; without one, the reader's first post.
func (h *handlers) unitOf(ctx context.Context, ref string) (orgunit.UnitID, error) {
	if ref == "" {
		if posts := h.svc.Posts(ctx); len(posts) > 0 {
			return posts[0], nil
		}
		return 0, nil
	}
	t := h.units.At(h.today())
	u, err := t.Resolve(ref)
	if err != nil {
		return 0, err
	}
	if a, ok := t.AgencyOf(u.ID); ok {
		return a.ID, nil
	}
	return u.ID, nil
}

// TaskInput names a task in a command.
type TaskInput struct {
	web.Keyed
	ID string `path:"id" maxLength:"20"`
}

func (in TaskInput) task() (dossier.TaskID, error) {
	v, err := id.Parse[dossier.Task](in.ID)
	if err != nil {
		return 0, errs.E(errs.NotFound, "dossier.task.notFound", errs.Cause(err))
	}
	return v, nil
}

type claimInput struct {
	TaskInput
	Body struct {
		Version int64 `json:"version" minimum:"1"`
	}
}

type taskOutput struct{ Body taskBody }

func (h *handlers) claim(ctx context.Context, in *claimInput) (*taskOutput, error) {
	v, err := in.task()
	if err != nil {
		return nil, err
	}
	t, err := h.svc.Claim(ctx, v, in.Body.Version, in.Key)
	if err != nil {
		return nil, err
	}
	return &taskOutput{h.taskBody(t, h.clock.Now())}, nil
}

type assignInput struct {
	TaskInput
	Body struct {
		Version int64  `json:"version" minimum:"1"`
		To      string `json:"to,omitempty" maxLength:"20" doc:"Account; empty gives the task back to the queue."`
	}
}

func (h *handlers) assign(ctx context.Context, in *assignInput) (*taskOutput, error) {
	v, err := in.task()
	if err != nil {
		return nil, err
	}
	var to dossier.ID
	if in.Body.To != "" {
		if to, err = id.Parse[dossier.Dossier](in.Body.To); err != nil {
			return nil, errs.E(errs.Invalid, "dossierweb.account", errs.Cause(err), errs.WithFields(errs.Field{Path: "to", Key: "dossierweb.account"}))
		}
	}
	t, err := h.svc.Assign(ctx, v, in.Body.Version, int64(to), in.Key)
	if err != nil {
		return nil, err
	}
	return &taskOutput{h.taskBody(t, h.clock.Now())}, nil
}

type completeInput struct {
	TaskInput
	Body struct {
		Version int64           `json:"version" minimum:"1"`
		Action  string          `json:"action" minLength:"1" maxLength:"40"`
		Answers json.RawMessage `json:"answers,omitempty" doc:"Answers of the action's form by path."`
		Comment string          `json:"comment,omitempty" maxLength:"4000"`
		// Units are whom an act of consulting asks.
		Units []orgunit.UnitID `json:"units,omitempty" maxItems:"30" doc:"Of consult: ids of the units to ask."`
	}
}

func (h *handlers) complete(ctx context.Context, in *completeInput) (*outcomeOutput, error) {
	v, err := in.task()
	if err != nil {
		return nil, err
	}
	o, err := h.svc.Act(ctx, dossier.Command{
		Task: v, Version: in.Body.Version, Action: in.Body.Action, Answers: in.Body.Answers, Comment: in.Body.Comment, Units: in.Body.Units, Key: in.Key,
	})
	if err != nil {
		return nil, err
	}
	return outcome(o), nil
}

func (h *handlers) api(a *web.API) {
	op := func(method, path, name string, status int) huma.Operation {
		// What officers do is another right than what applicants do with their own dossiers.
		scope := "dossiers."
		if strings.HasPrefix(path, "/tasks") || strings.Contains(path, "/orders") || strings.HasSuffix(path, "/messages") || strings.HasSuffix(path, "/corrections") {
			scope = "tasks."
		}
		if method == http.MethodGet {
			scope += "read"
		} else {
			scope += "write"
		}
		return web.Scoped(huma.Operation{
			OperationID: name, Method: method, Path: "/api/v1" + path, Summary: "dossierweb.api." + name, DefaultStatus: status,
		}, scope)
	}
	web.Op(a, op(http.MethodPost, "/dossiers", "submitDossier", http.StatusCreated), auth.SignedIn, h.submit)
	web.Op(a, op(http.MethodGet, "/dossiers/{code}", "getDossier", 0), auth.Public, h.get)
	web.Op(a, op(http.MethodGet, "/dossiers/{code}/receipt", "getReceipt", 0), auth.Public, h.apiReceipt)
	web.Op(a, op(http.MethodGet, "/dossiers/{code}/timeline", "getTimeline", 0), auth.Public, h.timeline)
	web.Op(a, op(http.MethodGet, "/dossiers/{code}/payments", "dossierPayments", 0), auth.Public, h.payments)
	web.Op(a, op(http.MethodGet, "/dossiers/{code}/dates", "getDates", 0), auth.Public, h.dates)
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/supplement", "supplementDossier", 0), auth.SignedIn, h.supplement)
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/withdraw", "withdrawDossier", 0), auth.SignedIn, h.withdraw)
	web.Op(a, op(http.MethodPost, "/dossiers/{code}/answer", "answerDossier", 0), auth.SignedIn, h.answer)
	web.Op(a, op(http.MethodGet, "/tasks", "listTasks", 0), auth.Officer, h.tasks)
	web.Op(a, op(http.MethodPost, "/tasks/{id}/claim", "claimTask", 0), auth.Officer, h.claim)
	web.Op(a, op(http.MethodPost, "/tasks/{id}/assign", "assignTask", 0), auth.Officer, h.assign)
	web.Op(a, op(http.MethodPost, "/tasks/{id}/complete", "completeTask", 0), auth.SignedIn, h.complete)
	web.Op(a, op(http.MethodPost, "/tasks/bulk", "bulkTasks", 0), auth.Officer, h.bulk)
	h.courseAPI(a, op)
	h.mineAPI(a, op)
	h.orderAPI(a, op)
}
