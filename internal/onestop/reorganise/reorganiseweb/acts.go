package reorganiseweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/reorganise"
)

// planView is a plan that comes with the program, as the list shows it.
type planView struct {
	ID, Title, Lead string
	Href            string
	Key             string
	Propose         bool
}

type listView struct {
	Plans    []planView
	Acts     ui.TableArgs
	Code     string
	Found    []foundView
	Searched bool
	Problems ui.Problems
	Banner   *ui.BannerArgs
}

// foundView is what an act did with the dossier that was looked for.
type foundView struct{ Rows ui.SummaryArgs }

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showList(w, r, http.StatusOK, strings.TrimSpace(q.Get("code")), nil)
}

func (h handlers) showList(w http.ResponseWriter, r *http.Request, status int, code string, problems ui.Problems) error {
	ctx := r.Context()
	acts, err := h.Acts.Acts(ctx)
	if err != nil {
		return err
	}
	v := listView{Code: code, Problems: problems, Searched: code != ""}
	for _, p := range h.Acts.Plans() {
		pv := planView{
			ID: p.ID, Title: p.Title.In(i18n.LangOf(ctx)), Href: "/admin/reorganise/plans/" + url.PathEscape(p.ID), Key: web.NewKey(),
			Lead: i18n.T(ctx, "reorganiseweb.planLead", "day", i18n.Date(i18n.LangOf(ctx), p.Day), "basis", p.Basis.In(i18n.LangOf(ctx))),
		}
		pv.Propose = h.Acts.MayPropose(ctx) && !slices.ContainsFunc(acts, func(a reorganise.Act) bool {
			return a.Plan == p.ID && a.Kind == reorganise.Carry && a.Status != reorganise.Rejected
		})
		v.Plans = append(v.Plans, pv)
	}
	v.Acts = h.actTable(ctx, acts)
	if code != "" {
		items, err := h.Acts.ItemsOf(ctx, code)
		if err != nil {
			return err
		}
		for _, i := range items {
			v.Found = append(v.Found, h.found(ctx, i))
		}
	}
	return web.Render(w, r, status, listPage(v))
}

func (h handlers) actTable(ctx context.Context, acts []reorganise.Act) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "reorganiseweb.acts"), First: true, Empty: i18n.T(ctx, "reorganiseweb.noActs"),
		Head: []ui.Column{{Label: i18n.T(ctx, "reorganiseweb.col.act")}, {Label: i18n.T(ctx, "reorganiseweb.col.status")}, {Label: i18n.T(ctx, "reorganiseweb.col.proposed")}, {Label: i18n.T(ctx, "reorganiseweb.col.decided")}},
	}
	for _, a := range acts {
		decided := ui.T("")
		if !a.DecidedAt.IsZero() {
			decided = ui.Cell{Text: a.DecidedBy, Note: i18n.DateTime(i18n.LangOf(ctx), a.DecidedAt)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: h.title(ctx, a), Href: "/admin/reorganise/" + a.ID.String(), Note: a.Reason}, status(ctx, a.Status),
			{Text: a.ProposedBy, Note: i18n.DateTime(i18n.LangOf(ctx), a.ProposedAt)}, decided,
		}})
	}
	return t
}

func (h handlers) title(ctx context.Context, a reorganise.Act) string {
	name := a.Plan
	if p, ps := h.Acts.Read(a.Plan, []byte(a.Body)); !ps.Failed() {
		name = p.Title.In(i18n.LangOf(ctx))
	}
	if a.Kind == reorganise.Undo {
		return i18n.T(ctx, "reorganiseweb.undoOf", "title", name)
	}
	return name
}

func status(ctx context.Context, s reorganise.Status) ui.Cell {
	tone := map[reorganise.Status]ui.Tone{
		reorganise.Proposed: ui.ToneWaiting, reorganise.Rejected: ui.ToneStopped, reorganise.Done: ui.ToneDone,
	}[s]
	return ui.Tagged(i18n.T(ctx, "reorganise.status."+string(s)), tone)
}

func (h handlers) found(ctx context.Context, i reorganise.Item) foundView {
	var v foundView
	add := func(key string, c ui.Cell) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: i18n.T(ctx, "reorganiseweb.item."+key), Value: c})
	}
	add("code", ui.L(i.Code, "/desk/dossiers/"+url.PathEscape(i.Code)))
	add("outcome", ui.Cell{Text: i18n.T(ctx, "reorganise.outcome."+string(i.Outcome)), Note: i18n.DateTime(i18n.LangOf(ctx), i.At)})
	add("why", ui.Cell{Text: i18n.T(ctx, "reorganise.why."+string(i.Why)), Note: i.Problem})
	add("from", ui.T(h.unitName(ctx, i.From)))
	add("to", ui.T(h.unitName(ctx, i.To)))
	return v
}

func (h handlers) propose(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	plan, err := h.Acts.PlanByID(sent.Get("plan"))
	if err != nil {
		return err
	}
	a, err := h.Acts.Propose(r.Context(), plan, sent.Get("reason"), key)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch:
		return h.showList(w, r, web.ProblemOf(r.Context(), err).Status, "", ui.ProblemsOf(r.Context(), err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/reorganise/"+a.ID.String())
}

type reportView struct {
	Plan     planView
	Report   reorganise.Report
	Figures  []ui.Figure
	Why      ui.TableArgs
	Flows    ui.TableArgs
	Queues   ui.TableArgs
	Unsolved ui.TableArgs
	Asked    ui.TableArgs
	Posts    ui.TableArgs
}

// maxRows is how much of a list a page shows; the command line writes it whole.
const maxRows = 200

// dryRun shows what a plan would do now.
func (h handlers) dryRun(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := h.Acts.CanRead(ctx); err != nil {
		return err
	}
	p, err := h.Acts.PlanByID(r.PathValue("plan"))
	if err != nil {
		return err
	}
	rep, err := h.Acts.DryRun(ctx, p, nil)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v := reportView{Report: rep, Plan: planView{ID: p.ID, Title: p.Title.In(l), Lead: i18n.T(ctx, "reorganiseweb.planLead", "day", i18n.Date(l, p.Day), "basis", p.Basis.In(l))}}
	fig := func(key string, n int) {
		v.Figures = append(v.Figures, ui.Figure{Label: i18n.T(ctx, "reorganiseweb.fig."+key), Value: i18n.Number(l, int64(n))})
	}
	fig("open", rep.Open)
	fig("asked", rep.Why[reorganise.WhyAsked])
	fig("unsolved", rep.UnsolvedN)
	fig("posts", len(rep.Posts))
	fig("lost", len(rep.Lost))
	v.Why = h.whyTable(ctx, rep.Why)
	v.Flows = h.flowTable(ctx, "reorganiseweb.flows", rep.Flows)
	v.Queues = h.flowTable(ctx, "reorganiseweb.queues", rep.Queues)
	v.Unsolved = unsolved(ctx, "reorganiseweb.unsolved", rep.Unsolved)
	v.Asked = unsolved(ctx, "reorganiseweb.asked", rep.Asked)
	v.Posts = h.postTable(ctx, append(rep.Lost[:len(rep.Lost):len(rep.Lost)], rep.Posts...))
	return web.Render(w, r, http.StatusOK, reportPage(v))
}

func (h handlers) whyTable(ctx context.Context, why map[reorganise.Why]int) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "reorganiseweb.reasons"), First: true, Plain: true, Empty: i18n.T(ctx, "reorganiseweb.nothing"),
		Head: []ui.Column{{Label: i18n.T(ctx, "reorganiseweb.item.why")}, {Label: i18n.T(ctx, "reorganiseweb.col.n"), Numeric: true}},
	}
	for _, k := range slices.Sorted(func(yield func(reorganise.Why) bool) {
		for k := range why {
			if !yield(k) {
				return
			}
		}
	}) {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(i18n.T(ctx, "reorganise.why."+string(k))), ui.T(i18n.Number(i18n.LangOf(ctx), int64(why[k])))}})
	}
	return t
}

func (h handlers) flowTable(ctx context.Context, key string, list []reorganise.UnitFlow) ui.TableArgs {
	t := ui.TableArgs{
		Caption: more(ctx, key, len(list)), Plain: true, First: true, Empty: i18n.T(ctx, "reorganiseweb.nothing"),
		Head: []ui.Column{{Label: i18n.T(ctx, "reorganiseweb.item.from")}, {Label: i18n.T(ctx, "reorganiseweb.item.to")}, {Label: i18n.T(ctx, "reorganiseweb.col.n"), Numeric: true}},
	}
	for _, f := range list[:min(len(list), maxRows)] {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(h.fullName(ctx, f.From)), ui.T(h.fullName(ctx, f.To)), ui.T(i18n.Number(i18n.LangOf(ctx), int64(f.N)))}})
	}
	return t
}

// more is the caption of a list that the page may not show whole.
func more(ctx context.Context, key string, n int) string {
	if n <= maxRows {
		return i18n.T(ctx, key)
	}
	return i18n.T(ctx, "reorganiseweb.firstOf", "what", i18n.T(ctx, key), "shown", maxRows, "n", n)
}

func unsolved(ctx context.Context, key string, list []reorganise.Unsolved) ui.TableArgs {
	t := ui.TableArgs{
		Caption: more(ctx, key, len(list)), First: true, Empty: i18n.T(ctx, "reorganiseweb.nothing"),
		Head: []ui.Column{{Label: i18n.T(ctx, "reorganiseweb.item.code")}, {Label: i18n.T(ctx, "reorganiseweb.item.why")}, {Label: i18n.T(ctx, "reorganiseweb.col.address")}},
	}
	for _, u := range list[:min(len(list), maxRows)] {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(u.Code, "/desk/dossiers/"+url.PathEscape(u.Code)), {Text: i18n.T(ctx, "reorganise.why."+string(u.Why)), Note: u.Problem + strings.Join(u.Heirs, ", ")}, ui.T(u.Address),
		}})
	}
	return t
}

func (h handlers) postTable(ctx context.Context, list []reorganise.Post) ui.TableArgs {
	t := ui.TableArgs{
		Caption: more(ctx, "reorganiseweb.posts", len(list)), First: true, Empty: i18n.T(ctx, "reorganiseweb.nothing"),
		Head: []ui.Column{{Label: i18n.T(ctx, "reorganiseweb.col.name")}, {Label: i18n.T(ctx, "reorganiseweb.item.from")}, {Label: i18n.T(ctx, "reorganiseweb.item.to")}},
	}
	for _, p := range list[:min(len(list), maxRows)] {
		to := ui.Tagged(i18n.T(ctx, "reorganiseweb.noPost"), ui.ToneStopped)
		if p.ToRole != "" {
			to = ui.Cell{Text: roleName(ctx, p.ToRole), Note: h.fullName(ctx, p.To)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(p.Name), {Text: roleName(ctx, p.Role), Note: h.fullName(ctx, p.From)}, to}})
	}
	return t
}

type actView struct {
	ID       string
	Title    string
	Summary  ui.SummaryArgs
	Running  bool
	Percent  int
	Figures  []ui.Figure
	Why      ui.TableArgs
	Flows    ui.TableArgs
	Failed   ui.TableArgs
	Acted    ui.TableArgs
	Posts    ui.TableArgs
	Decide   bool
	Waits    bool
	Start    bool
	Undo     bool
	Key      string
	Reason   string
	Problems ui.Problems
	DryRun   string
}

func (h handlers) act(w http.ResponseWriter, r *http.Request) error {
	return h.showAct(w, r, http.StatusOK, "", nil)
}

func (h handlers) showAct(w http.ResponseWriter, r *http.Request, code int, reason string, problems ui.Problems) error {
	ctx := r.Context()
	v, err := id.Parse[reorganise.Act](r.PathValue("id"))
	if err != nil {
		return errs.E(errs.NotFound, "reorganise.notFound", errs.Cause(err))
	}
	res, err := h.Acts.ResultOf(ctx, v)
	if err != nil {
		return err
	}
	posts, err := h.Acts.PostsOf(ctx, v)
	if err != nil {
		return err
	}
	a, l := res.Act, i18n.LangOf(ctx)
	out := actView{
		ID: a.ID.String(), Title: h.title(ctx, a), Running: a.Status == reorganise.Running, Percent: res.Percent(), Key: web.NewKey(), Reason: reason, Problems: problems,
		Decide: h.Acts.MayDecide(ctx, a), Waits: a.Status == reorganise.Proposed && !h.Acts.MayDecide(ctx, a),
		Start: a.Status == reorganise.Approved && h.Acts.MayPropose(ctx), Undo: a.Status == reorganise.Done && a.Kind == reorganise.Carry && h.Acts.MayPropose(ctx),
	}
	if a.Status == reorganise.Proposed || a.Status == reorganise.Approved {
		if _, err := h.Acts.PlanByID(a.Plan); err == nil && a.Kind == reorganise.Carry {
			out.DryRun = "/admin/reorganise/plans/" + url.PathEscape(a.Plan)
		}
	}
	add := func(key string, c ui.Cell) {
		out.Summary.Rows = append(out.Summary.Rows, ui.SummaryRow{Key: i18n.T(ctx, "reorganiseweb.col."+key), Value: c})
	}
	add("status", status(ctx, a.Status))
	add("proposed", ui.Cell{Text: a.ProposedBy, Note: i18n.DateTime(l, a.ProposedAt)})
	if !a.DecidedAt.IsZero() {
		add("decided", ui.Cell{Text: a.DecidedBy, Note: i18n.DateTime(l, a.DecidedAt)})
	}
	if a.Reason != "" {
		add("reason", ui.T(a.Reason))
	}
	add("digest", ui.Cell{Text: a.Digest[:16], Note: i18n.T(ctx, "reorganiseweb.digest")})
	if !a.EndedAt.IsZero() {
		add("ended", ui.T(i18n.DateTime(l, a.EndedAt)))
	}
	if a.Status == reorganise.Running || a.Status == reorganise.Done {
		for _, o := range []reorganise.Outcome{reorganise.Moved, reorganise.Undone, reorganise.Stays, reorganise.Failed} {
			if n := res.Counts[o]; n > 0 || o != reorganise.Undone && a.Kind == reorganise.Carry {
				out.Figures = append(out.Figures, ui.Figure{Label: i18n.T(ctx, "reorganise.outcome."+string(o)), Value: i18n.Number(l, int64(n))})
			}
		}
		if a.Kind == reorganise.Carry {
			out.Figures = append(out.Figures, ui.Figure{Label: i18n.T(ctx, "reorganiseweb.fig.asked"), Value: i18n.Number(l, int64(res.Splits))})
		}
		out.Why, out.Flows, out.Posts = h.whyTable(ctx, res.Why), h.flowTable(ctx, "reorganiseweb.flows", res.Flows), h.postTable(ctx, posts)
		out.Failed, out.Acted = h.itemTable(ctx, "reorganiseweb.unsolved", res.Failed), h.itemTable(ctx, "reorganiseweb.acted", res.Acted)
	}
	return web.Render(w, r, code, actPage(out))
}

func (h handlers) itemTable(ctx context.Context, key string, list []reorganise.Item) ui.TableArgs {
	var out []reorganise.Unsolved
	for _, i := range list {
		out = append(out, reorganise.Unsolved{Code: i.Code, Why: i.Why, Problem: i.Problem})
	}
	t := unsolved(ctx, key, out)
	t.Head = t.Head[:2]
	for i := range t.Rows {
		t.Rows[i].Cells = t.Rows[i].Cells[:2]
	}
	return t
}

// decide takes what is done with an act: approve, reject, start, undo.
func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	v, err := id.Parse[reorganise.Act](r.PathValue("id"))
	if err != nil {
		return errs.E(errs.NotFound, "reorganise.notFound", errs.Cause(err))
	}
	to := v
	switch sent.Get("do") {
	case "start":
		if err := h.Acts.CanPropose(ctx); err != nil {
			return err
		}
		_, err = h.Acts.StartAct(ctx, v)
	case "undo":
		var a reorganise.Act
		if a, err = h.Acts.ProposeUndo(ctx, v, sent.Get("reason"), key); err == nil {
			to = a.ID
		}
	default:
		_, err = h.Acts.Decide(ctx, v, sent.Get("do") == "approve", key)
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch:
		return h.showAct(w, r, web.ProblemOf(ctx, err).Status, sent.Get("reason"), ui.ProblemsOf(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/reorganise/"+to.String())
}

func percent(n int) string { return strconv.Itoa(n) }
