package dossierweb

import (
	"context"
	"encoding/json"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
)

type bulkInput struct {
	web.Keyed
	Body struct {
		Do      string     `json:"do,omitempty" enum:"act,claim,assign" default:"act" doc:"What to do with each: complete it by an action, take it, or give it to somebody."`
		Action  string     `json:"action,omitempty" maxLength:"40" doc:"Of act: an action that the step of each has; a task whose step has it not is refused in its row."`
		Comment string     `json:"comment,omitempty" maxLength:"4000" doc:"Of act: the reason, the same for all."`
		To      string     `json:"to,omitempty" maxLength:"20" doc:"Of assign: account; empty gives the tasks back to the queue."`
		Preview bool       `json:"preview,omitempty" doc:"Of act: say what would happen, and write nothing."`
		Tasks   []bulkTask `json:"tasks" minItems:"1" maxItems:"500"`
	}
}

type bulkTask struct {
	ID      string          `json:"id" maxLength:"20"`
	Version int64           `json:"version" minimum:"1"`
	Answers json.RawMessage `json:"answers,omitempty" doc:"Answers of the action's form by path."`
}

type bulkItem struct {
	Task    string       `json:"task"`
	Dossier string       `json:"dossier,omitempty" doc:"Code of the dossier."`
	Outcome *outcomeBody `json:"outcome,omitempty" doc:"Where the dossier stands, or would stand."`
	Problem *web.Problem `json:"problem,omitempty" doc:"Why nothing of this row was done."`
}

type bulkOutput struct {
	Body struct {
		Done   int        `json:"done"`
		Failed int        `json:"failed"`
		Items  []bulkItem `json:"items" nullable:"false" doc:"In the order of the tasks."`
	}
}

// bulk acts on many tasks; each row has its own outcome or problem.
func (h *handlers) bulk(ctx context.Context, in *bulkInput) (*bulkOutput, error) {
	b := &in.Body
	cmds := make([]dossier.Command, len(b.Tasks))
	seen := make(map[dossier.TaskID]bool, len(b.Tasks))
	for i, t := range b.Tasks {
		v, err := id.Parse[dossier.Task](t.ID)
		if err != nil {
			return nil, errs.E(errs.NotFound, "dossier.task.notFound", errs.Cause(err))
		}
		if seen[v] {
			return nil, errs.E(errs.Invalid, "dossier.many.twice", errs.WithFields(errs.Field{Path: "tasks", Key: "dossier.many.twice"}))
		}
		seen[v] = true
		cmds[i] = dossier.Command{Task: v, Version: t.Version, Action: b.Action, Answers: t.Answers, Comment: b.Comment, Key: in.Key}
	}
	results, err := h.bulkDo(ctx, b.Do, b.To, b.Preview, cmds)
	if err != nil {
		return nil, err
	}
	out := &bulkOutput{}
	out.Body.Items = make([]bulkItem, len(results))
	for i, r := range results {
		item := bulkItem{Task: r.Task.String(), Dossier: r.Code}
		if r.Err != nil {
			p := web.ProblemOf(ctx, r.Err)
			item.Problem = &p
			out.Body.Failed++
		} else {
			item.Outcome = &outcome(r.Outcome).Body
			out.Body.Done++
		}
		out.Body.Items[i] = item
	}
	return out, nil
}

func (h *handlers) bulkDo(ctx context.Context, do, to string, preview bool, cmds []dossier.Command) ([]dossier.ManyResult, error) {
	switch do {
	case "claim":
		return h.svc.ClaimMany(ctx, cmds), nil
	case "assign":
		var account dossier.ID
		if to != "" {
			var err error
			if account, err = id.Parse[dossier.Dossier](to); err != nil {
				return nil, errs.E(errs.Invalid, "dossierweb.account", errs.Cause(err), errs.WithFields(errs.Field{Path: "to", Key: "dossierweb.account"}))
			}
		}
		return h.svc.AssignMany(ctx, cmds, int64(account)), nil
	}
	if cmds[0].Action == "" {
		return nil, errs.E(errs.Invalid, "dossier.many.action", errs.WithFields(errs.Field{Path: "action", Key: "dossier.many.action"}))
	}
	if !preview {
		return h.svc.ActMany(ctx, cmds), nil
	}
	seen, err := h.svc.PreviewMany(ctx, cmds)
	out := make([]dossier.ManyResult, len(seen))
	for i, p := range seen {
		out[i] = p.ManyResult
	}
	return out, err
}
