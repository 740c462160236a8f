package identityweb

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
)

type proposalsView struct {
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Decide   []changeView // wait for the reader
	Others   []changeView // wait for somebody else
	Done     []changeView
	MayAsk   bool
}

// changeView is a proposal with what the reader may do about it.
type changeView struct {
	ID       string
	Title    string
	Status   string
	Tone     ui.Tone
	Rows     ui.SummaryArgs
	List     *ui.TableArgs // of a spreadsheet
	Decide   bool
	Withdraw bool
	Key      string
}

const maxDone = 20

func (h handlers) proposals(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var v proposalsView
	switch q.Get("done") {
	case "proposed", "approve", "reject", "withdraw":
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "done."+q.Get("done")), Tone: ui.ToneDone, Alert: true}
	}
	return h.showProposals(w, r, http.StatusOK, v)
}

func (h handlers) showProposals(w http.ResponseWriter, r *http.Request, status int, v proposalsView) error {
	ctx := r.Context()
	waiting, err := h.svc.Waiting(ctx)
	if err != nil {
		return err
	}
	for _, c := range waiting {
		if x := h.changeView(ctx, c); x.Decide {
			v.Decide = append(v.Decide, x)
		} else {
			v.Others = append(v.Others, x)
		}
	}
	done, err := h.svc.Decided(ctx, maxDone)
	if err != nil {
		return err
	}
	for _, c := range done {
		v.Done = append(v.Done, h.changeView(ctx, c))
	}
	v.MayAsk = h.svc.Proposes(ctx)
	return web.Render(w, r, status, proposalsPage(v))
}

func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	change, err := web.PathID[identity.Change](r, "id")
	if err != nil {
		return err
	}
	do := identity.Decision(sent.Get("do"))
	if _, err = h.svc.Decide(ctx, change, do, sent.Get("reason"), key); wrong(err) {
		v := proposalsView{Problems: ui.ProblemsOf(ctx, err)}
		for i := range v.Problems {
			v.Problems[i].Field = "" // several forms of the page have the field
		}
		return h.showProposals(w, r, web.ProblemOf(ctx, err).Status, v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/proposals?done="+string(do))
}

// changeView says a change in words.
func (h handlers) changeView(ctx context.Context, c identity.Change) changeView {
	v := changeView{
		ID: c.ID.String(), Title: say(ctx, "kind."+string(c.Kind)), Status: say(ctx, "status."+string(c.Status)), Key: web.NewKey(),
		Decide: h.svc.MayDecide(ctx, c), Withdraw: c.Status == identity.Proposed && c.Proposer == reader(ctx),
	}
	v.Tone = map[identity.Status]ui.Tone{
		identity.Proposed: ui.ToneWaiting, identity.Approved: ui.ToneDone, identity.Rejected: ui.ToneStopped, identity.Withdrawn: ui.ToneNeutral,
	}[c.Status]
	add := func(key, text string) {
		if text != "" {
			v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: say(ctx, "row."+key), Value: ui.T(text)})
		}
	}
	switch b := c.Body; {
	case b.Depart != nil:
		add("who", b.Depart.Name)
		add("last", day(ctx, b.Depart.Last))
		add("decision", b.Depart.Decision)
	case b.Reset != nil:
		add("who", b.Reset.Name)
		var units []string
		for _, u := range b.Reset.Units {
			units = append(units, h.fullName(ctx, u))
		}
		add("unit", strings.Join(units, "; "))
		add("why", b.Reset.Reason)
	case c.Kind == identity.Move && b.End != nil && len(b.Entries) > 0:
		e := b.Entries[0]
		add("who", e.Name)
		add("old", roleName(ctx, b.End.Role)+", "+h.fullName(ctx, b.End.Unit))
		add("post", roleName(ctx, e.Role)+", "+h.fullName(ctx, e.Unit))
		add("days", span(ctx, e.From, e.Until))
		add("decision", e.Decision)
		add("sign", signWord(ctx, e.Sign))
	case b.End != nil:
		add("who", b.End.Name)
		add("post", roleName(ctx, b.End.Role)+", "+h.fullName(ctx, b.End.Unit))
		add("last", day(ctx, b.End.Last))
		add("decision", b.End.Decision)
	case b.Add != nil:
		add("unit", h.fullName(ctx, c.Unit))
		add("office", b.Add.Name)
		var roles []string
		for _, r := range b.Add.Roles {
			roles = append(roles, roleName(ctx, r))
		}
		add("posts", strings.Join(roles, ", "))
		add("from", day(ctx, b.Add.From))
		add("decision", b.Add.Source)
	case c.Kind == identity.Import:
		add("unit", h.fullName(ctx, c.Unit))
		add("file", b.File)
		add("rows", i18n.Number(i18n.LangOf(ctx), int64(len(b.Entries))))
		t := h.entryTable(ctx, b.Entries)
		v.List = &t
	case len(b.Entries) > 0:
		e := b.Entries[0]
		who := e.Name
		if e.Account == 0 {
			who += " (" + say(ctx, "row.newAccount", "login", e.Login) + ")"
		}
		add("who", who)
		add("post", roleName(ctx, e.Role)+", "+h.fullName(ctx, e.Unit))
		add("days", span(ctx, e.From, e.Until))
		add("decision", e.Decision)
		add("sign", signWord(ctx, e.Sign))
	}
	add("proposed", say(ctx, "by", "name", c.ProposedBy, "at", c.ProposedAt))
	if !c.DecidedAt.IsZero() {
		add("decided", say(ctx, "by", "name", c.DecidedBy, "at", c.DecidedAt))
	}
	add("reason", c.Reason)
	return v
}

// maxEntries is how many rows of a spreadsheet a page shows.
const maxEntries = 200

func (h handlers) entryTable(ctx context.Context, list []identity.Entry) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "import.rows"), First: true, Head: []ui.Column{
		{Label: say(ctx, "import.line"), Numeric: true}, {Label: say(ctx, "officers.name")}, {Label: say(ctx, "unit.role")}, {Label: say(ctx, "officers.place")}, {Label: say(ctx, "unit.days")}, {Label: say(ctx, "officer.decision")},
	}}
	for i, e := range list {
		if i == maxEntries {
			t.Caption = say(ctx, "import.rowsFirst", "n", maxEntries, "total", len(list))
			break
		}
		name := ui.Cell{Text: e.Name, Note: e.Login}
		if e.Account == 0 {
			name.Note = say(ctx, "row.newAccount", "login", e.Login)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.T(strconv.Itoa(e.Line)), name, ui.T(roleName(ctx, e.Role)), ui.T(h.fullName(ctx, e.Unit)), ui.T(span(ctx, e.From, e.Until)), ui.T(e.Decision),
		}})
	}
	return t
}
