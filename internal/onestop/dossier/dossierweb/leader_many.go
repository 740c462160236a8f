package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/process"
)

// manyView is the look before many are approved or returned, and what became of them.
type manyView struct {
	Back     string // to the leader's page
	Return   bool
	Done     bool
	Rows     []manyRow
	Going    int // rows that would be done, or were
	Key      string
	Action   string
	Comment  string
	Error    string
	Problems ui.Problems
}

// manyRow is one task of many.
type manyRow struct {
	Value   string // id:version, to be sent again
	Code    string
	Who     string
	What    string // what would be done
	To      string // where it goes
	Failed  string // why not
	Refused bool
}

// manyMost bounds what one page of a leader takes.
const manyMost = 100

// leaderMany shows what would happen to each chosen task, and does it when it is confirmed.
func (h *handlers) leaderMany(w http.ResponseWriter, r *http.Request) error {
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	picked := sent["pick"]
	if len(picked) == 0 || len(picked) > manyMost {
		return h.showLeader(w, r, http.StatusUnprocessableEntity, q, nil, errs.E(errs.Invalid, "dossierweb.leader.pickSome", errs.P("max", manyMost)))
	}
	v := manyView{Back: withQuery(&url.URL{Path: "/desk/leader"}, q, "", ""), Return: sent.Get("do") == "return", Comment: strings.TrimSpace(sent.Get("comment")), Key: web.NewKey()}
	v.Action = "/desk/leader/many" + strings.TrimPrefix(v.Back, "/desk/leader")
	cmds, rows, err := h.pickedCommands(ctx, picked, v.Return, v.Comment, key)
	if err != nil {
		return err
	}
	if sent.Get("go") != "" && v.Return && v.Comment == "" {
		v.Error = i18n.T(ctx, "dossier.comment.required")
		v.Problems = ui.Problems{{Field: "comment", Text: v.Error}}
	}
	status := http.StatusOK
	if sent.Get("go") != "" && len(v.Problems) == 0 {
		v.Done = true
		if err := h.doMany(ctx, &v, cmds, rows); err != nil {
			return err
		}
	} else {
		if len(v.Problems) > 0 {
			status = http.StatusUnprocessableEntity
		}
		if err := h.lookMany(ctx, &v, cmds, rows); err != nil {
			return err
		}
	}
	for _, row := range rows {
		v.Rows = append(v.Rows, *row)
	}
	return web.Render(w, r, status, manyPage(v))
}

// pickedCommands reads the boxes of a page; what cannot be done is told in its row. rows
// stands beside all that was picked, cmds only what can be tried.
func (h *handlers) pickedCommands(ctx context.Context, picked []string, back bool, comment, key string) (cmds []dossier.Command, rows []*manyRow, err error) {
	ids := make([]dossier.TaskID, 0, len(picked))
	versions := map[dossier.TaskID]int64{}
	for _, p := range picked {
		text, ver, _ := strings.Cut(p, ":")
		t, err := id.Parse[dossier.Task](text)
		if err != nil {
			continue
		}
		if _, twice := versions[t]; !twice {
			ids = append(ids, t)
		}
		versions[t], _ = strconv.ParseInt(ver, 10, 64)
	}
	tasks, err := h.svc.Tasks(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	found := map[dossier.TaskID]dossier.Task{}
	for _, t := range tasks {
		found[t.ID] = t
	}
	for _, v := range ids {
		row := &manyRow{Value: v.String() + ":" + strconv.FormatInt(versions[v], 10)}
		rows = append(rows, row)
		t, ok := found[v]
		if !ok {
			row.Failed, row.Refused = i18n.T(ctx, "dossier.task.notFound"), true
			continue
		}
		row.Code, row.Who = t.Code, t.Applicant
		pkg, err := h.services.ByDigest(t.Package)
		if err != nil {
			row.Failed, row.Refused = i18n.T(ctx, "dossierweb.leader.byHand"), true
			continue
		}
		action, mayReturn := oneTap(pkg, t.Step)
		if back && mayReturn {
			action = process.DoReturn
		} else if back {
			action = ""
		}
		if action == "" && t.Version == versions[v] && t.Open {
			row.Failed, row.Refused = i18n.T(ctx, "dossierweb.leader.byHand"), true
			continue
		}
		row.What = say(ctx, pkg.Name()) + " · " + stepLabel(ctx, pkg, t.Step, false) + ": " + actionLabel(ctx, pkg, t.Step, action)
		if action == "" { // gone since: the act itself says who was first
			action, row.What = process.DoApprove, say(ctx, pkg.Name())
		}
		cmds = append(cmds, dossier.Command{Task: v, Version: versions[v], Action: action, Comment: comment, Key: key})
	}
	return cmds, rows, nil
}

// rowOf finds the row of a task.
func rowOf(rows []*manyRow, v dossier.TaskID) *manyRow {
	for _, r := range rows {
		if strings.HasPrefix(r.Value, v.String()+":") {
			return r
		}
	}
	return &manyRow{}
}

func (h *handlers) lookMany(ctx context.Context, v *manyView, cmds []dossier.Command, rows []*manyRow) error {
	if v.Return && v.Comment == "" { // the reason comes with the confirmation
		for i := range cmds {
			cmds[i].Comment = "-"
		}
	}
	list, err := h.svc.PreviewMany(ctx, cmds)
	if err != nil {
		return err
	}
	now := h.clock.Now()
	for _, p := range list {
		row := rowOf(rows, p.Task)
		if p.Err != nil {
			row.Failed, row.Refused = web.ProblemOf(ctx, p.Err).Detail, true
			continue
		}
		v.Going++
		for _, m := range p.To {
			to := roleName(ctx, m.Role)
			if m.Unit != 0 {
				to += ", " + h.unitNameByID(ctx, m.Unit, now)
			}
			if row.To != "" {
				to = row.To + "; " + to
			}
			row.To = to
		}
		if row.To == "" {
			row.To = i18n.T(ctx, "dossierweb.leader.toEnd")
		}
	}
	return nil
}

func (h *handlers) doMany(ctx context.Context, v *manyView, cmds []dossier.Command, rows []*manyRow) error {
	done := h.svc.ActMany(ctx, cmds)
	if err := unproved(done); err != nil {
		return err
	}
	for _, m := range done {
		row := rowOf(rows, m.Task)
		if m.Err != nil {
			row.Failed, row.Refused = web.ProblemOf(ctx, m.Err).Detail, true
			continue
		}
		v.Going++
		row.To = i18n.T(ctx, "dossierweb.leader.rowDone", "state", stateWord(ctx, m.Outcome.State))
	}
	return nil
}

// unproved is the first refusal that a proof of who acts lifts. After it the form comes again:
// what was done is answered once more, and the rest is done.
func unproved(done []dossier.ManyResult) error {
	for _, d := range done {
		if auth.Wanted(d.Err) != auth.NoProof {
			return d.Err
		}
	}
	return nil
}

func manyHeading(ctx context.Context, v manyView) string {
	switch {
	case v.Done:
		return i18n.T(ctx, "dossierweb.leader.manyAfter")
	case v.Return:
		return i18n.T(ctx, "dossierweb.leader.manyReturn", "n", v.Going)
	}
	return i18n.T(ctx, "dossierweb.leader.manyApprove", "n", v.Going)
}

func manyConfirm(ctx context.Context, v manyView) string {
	if v.Return {
		return i18n.T(ctx, "dossierweb.leader.confirmReturn", "n", v.Going)
	}
	return i18n.T(ctx, "dossierweb.leader.confirmApprove", "n", v.Going)
}

func manyDo(v manyView) string {
	if v.Return {
		return "return"
	}
	return "approve"
}

func manyTone(v manyView) ui.Tone {
	if v.Going < len(v.Rows) {
		return ui.ToneWaiting
	}
	return ui.ToneDone
}
