package identityweb

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

type officersView struct {
	Query  string
	City   bool // the reader may search all
	MayAsk bool
	Units  []ui.Filter
	List   ui.TableArgs
	Next   ui.PageLinks
}

// officers lists those of one unit of the reader's, or finds them in the whole city.
func (h handlers) officers(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := officersView{Query: strings.TrimSpace(q.Get("q")), City: h.svc.MaySee(ctx, 0), MayAsk: h.svc.Proposes(ctx)}
	t := h.svc.Units.Now()
	var at orgunit.Unit
	for _, p := range h.svc.Posts(ctx) {
		u, ok := t.Get(p)
		if !ok || !h.svc.MaySee(ctx, p) {
			continue
		}
		if at.ID == 0 || u.ID.String() == q.Get("unit") {
			at = u
		}
		v.Units = append(v.Units, ui.Filter{Label: unitName(ctx, u), Href: "/admin/officers?unit=" + u.ID.String(), Count: -1})
	}
	if ref := q.Get("unit"); ref != "" && ref != at.ID.String() {
		n, err := id.Parse[orgunit.Unit](ref)
		u, ok := t.Get(n)
		if err != nil || !ok || !h.svc.MaySee(ctx, n) {
			return errs.E(errs.NotFound, "orgunit.unit.unknown", errs.P("id", ref))
		}
		at = u
		v.Units = append(v.Units, ui.Filter{Label: unitName(ctx, u), Href: "/admin/officers?unit=" + ref, Count: -1})
	}
	if v.City && (q.Get("unit") == "" || v.Query != "") {
		after, _ := strconv.ParseInt(q.Get("after"), 10, 64)
		list, more, err := h.svc.Search(ctx, v.Query, after)
		if err != nil {
			return err
		}
		v.List = found(ctx, list)
		if more {
			v.Next.Next = "/admin/officers?" + url.Values{"q": {v.Query}, "after": {accountText(list[len(list)-1].Account)}}.Encode()
		}
		return web.Render(w, r, http.StatusOK, officersPage(v))
	}
	for i := range v.Units {
		v.Units[i].Current = v.Units[i].Href == "/admin/officers?unit="+at.ID.String()
	}
	if v.List, err = h.staff(ctx, t, at); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, officersPage(v))
}

func found(ctx context.Context, list []identity.Officer) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "officers.found"), First: true, Empty: say(ctx, "officers.none"), Head: []ui.Column{
		{Label: say(ctx, "officers.name")}, {Label: say(ctx, "officers.number"), Tight: true}, {Label: say(ctx, "officers.login")}, {Label: say(ctx, "officers.email")},
	}}
	for _, o := range list {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.L(o.Name, "/admin/officers/"+accountText(o.Account)), ui.T(o.Number), ui.T(o.Login), ui.T(o.Email)}})
	}
	return t
}

// staff lists who holds a post in an agency or its offices today, by name.
func (h handlers) staff(ctx context.Context, t *orgunit.Tree, u orgunit.Unit) (out ui.TableArgs, err error) {
	units := []orgunit.UnitID{u.ID}
	for _, c := range t.Children(u.ID) {
		if c.Class == orgunit.Office && !c.External() {
			units = append(units, c.ID)
		}
	}
	held, err := h.svc.Holders(ctx, units...)
	out = ui.TableArgs{Caption: say(ctx, "officers.of", "unit", unitName(ctx, u)), First: true, Empty: say(ctx, "officers.noneHere"), Head: []ui.Column{
		{Label: say(ctx, "officers.name")}, {Label: say(ctx, "unit.role")}, {Label: say(ctx, "officers.place")}, {Label: say(ctx, "unit.days")},
	}}
	today := h.svc.Units.Today()
	held = slices.DeleteFunc(held, func(p identity.Post) bool { return !p.Until.IsZero() && p.Until.Before(today) || p.Disabled })
	coll := i18n.Collator(i18n.VI)
	slices.SortStableFunc(held, func(a, b identity.Post) int {
		return cmp.Or(coll.CompareString(given(a.Name), given(b.Name)), coll.CompareString(a.Name, b.Name))
	})
	for _, p := range held {
		role := ui.T(roleName(ctx, p.Role))
		if p.For != "" {
			role.Note = say(ctx, "unit.standsIn", "name", p.For)
		} else if p.Sign != "" {
			role.Note = signWord(ctx, p.Sign)
		}
		at, _ := t.Get(p.Unit)
		out.Rows = append(out.Rows, ui.Row{Cells: []ui.Cell{
			{Text: p.Name, Href: "/admin/officers/" + accountText(p.Account), Note: p.Login}, role, ui.T(unitName(ctx, at)), ui.T(span(ctx, p.From, p.Until)),
		}})
	}
	return out, err
}

// given is the name by which Vietnamese names are sorted: the last word.
func given(name string) string { return name[strings.LastIndexByte(name, ' ')+1:] }

// officerView is one officer.
type officerView struct {
	Account  string
	Name     string
	Number   string
	Facts    ui.SummaryArgs
	Posts    []postView
	Past     ui.TableArgs
	Changes  []changeView
	Leaves   []leaveView
	StandsIn []leaveView
	MayLeave bool
	MayAsk   bool
	Leave    form
	Deputies []ui.Option
	Banner   *ui.BannerArgs
	Link     string // of the invitation, in a demonstration
	Invite   string
	Problems ui.Problems
	Self     bool
	Move     form
	Held     []ui.Option // posts that may be given up
	Roles    []ui.Option
	Signs    []ui.Option
	Depart   form
	Reset    form
}

// postView is a post with the form that ends it.
type postView struct {
	Title string
	Rows  ui.SummaryArgs
	End   bool
	Form  form
	Unit  string
	Role  string
	From  string
}

func (h handlers) officer(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var v officerView
	switch q.Get("done") {
	case "proposed", "invited", "leave", "cancelled", "barred":
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "done."+q.Get("done")), Tone: ui.ToneDone, Alert: true}
	}
	return h.showOfficer(w, r, http.StatusOK, v)
}

func (h handlers) showOfficer(w http.ResponseWriter, r *http.Request, status int, v officerView) error {
	ctx := r.Context()
	account, err := strconv.ParseInt(r.PathValue("account"), 10, 64)
	if err != nil {
		return errs.E(errs.NotFound, "identity.officer.none", errs.Cause(err))
	}
	o, posts, err := h.svc.Officer(ctx, account)
	if err != nil {
		return err
	}
	v.Account, v.Name, v.Number, v.Self, v.Invite = accountText(account), o.Name, o.Number, account == reader(ctx), web.NewKey()
	row := func(key, text string) {
		if text == "" {
			text = "–"
		}
		v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: say(ctx, "officers."+key), Value: ui.T(text)})
	}
	row("number", o.Number)
	row("login", o.Login)
	row("email", o.Email)
	row("phone", o.Phone)
	if !o.Left.IsZero() {
		row("left", day(ctx, o.Left))
	}
	today := h.svc.Units.Today()
	v.Past = ui.TableArgs{Caption: say(ctx, "officer.past"), First: true, Head: []ui.Column{{Label: say(ctx, "unit.role")}, {Label: say(ctx, "officers.place")}, {Label: say(ctx, "unit.days")}}}
	for i, p := range posts {
		if !p.Until.IsZero() && p.Until.Before(today) {
			v.Past.Rows = append(v.Past.Rows, ui.Row{Cells: []ui.Cell{ui.T(roleName(ctx, p.Role)), ui.T(h.fullName(ctx, p.Unit)), ui.T(span(ctx, p.From, p.Until))}})
			continue
		}
		v.Posts = append(v.Posts, h.postView(ctx, p, i, v))
		v.MayAsk = v.MayAsk || h.svc.MayPropose(ctx, p.Unit)
		if p.For == "" && h.svc.MayPropose(ctx, p.Unit) {
			v.Held = append(v.Held, ui.Option{Value: p.Unit.String() + " " + string(p.Role) + " " + v.Posts[len(v.Posts)-1].From, Label: roleName(ctx, p.Role), Hint: h.fullName(ctx, p.Unit)})
		}
	}
	v.Move.scope, v.Depart.scope, v.Reset.scope = "move-", "depart-", "reset-"
	v.Move.Key, v.Depart.Key, v.Reset.Key = web.NewKey(), web.NewKey(), web.NewKey()
	if len(v.Held) == 1 && v.Move.Values == nil {
		v.Move.Values = url.Values{"held": {v.Held[0].Value}}
	}
	for _, r := range orgunit.Roles() {
		v.Roles = append(v.Roles, ui.Option{Value: string(r.Role), Label: roleName(ctx, r.Role)})
	}
	for _, s := range identity.Signs() {
		v.Signs = append(v.Signs, ui.Option{Value: string(s), Label: signWord(ctx, s)})
	}
	changes, err := h.svc.ChangesOf(ctx, account)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if h.svc.MaySee(ctx, c.Unit) {
			v.Changes = append(v.Changes, h.changeView(ctx, c))
		}
	}
	if err := h.fillLeaves(ctx, account, posts, &v); err != nil {
		return err
	}
	return web.Render(w, r, status, officerPage(v))
}

func (h handlers) postView(ctx context.Context, p identity.Post, n int, old officerView) postView {
	out := postView{
		Title: roleName(ctx, p.Role), Unit: p.Unit.String(), Role: string(p.Role), From: "",
		End: p.For == "" && h.svc.MayPropose(ctx, p.Unit), Form: form{Key: web.NewKey(), Values: url.Values{}, scope: "end" + strconv.Itoa(n) + "-"},
	}
	if !p.From.IsZero() {
		out.From = p.From.String()
	}
	row := func(key, text string) {
		if text != "" {
			out.Rows.Rows = append(out.Rows.Rows, ui.SummaryRow{Key: say(ctx, "officer."+key), Value: ui.T(text)})
		}
	}
	row("unit", h.fullName(ctx, p.Unit))
	row("days", span(ctx, p.From, p.Until))
	if p.For != "" {
		row("for", p.For)
	} else {
		decision := p.Decision
		if decision == "" {
			decision = say(ctx, "officer.noDecision")
		}
		row("decision", decision)
		row("sign", signWord(ctx, p.Sign))
	}
	return out
}

// actOnOfficer takes what is asked for on an officer's page: the end of a post, a new
// invitation, a leave.
func (h handlers) actOnOfficer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	account, err := strconv.ParseInt(r.PathValue("account"), 10, 64)
	if err != nil {
		return errs.E(errs.NotFound, "identity.officer.none", errs.Cause(err))
	}
	var v officerView
	done := "proposed"
	switch sent.Get("do") {
	case "invite":
		done = "invited"
		v.Link, err = h.svc.Invite(ctx, account, key)
		if err == nil && v.Link != "" {
			v.Banner = &ui.BannerArgs{Text: say(ctx, "done.invitedDemo"), Tone: ui.ToneDone, Alert: true}
			return h.showOfficer(w, r, http.StatusOK, v)
		}
	case "leave":
		done = "leave"
		err = h.takeLeave(ctx, sent, account, key, &v.Leave)
	case "move":
		err = h.takeMove(ctx, sent, account, key)
	case "depart":
		d := identity.Departure{Account: account, Decision: sent.Get("decision")}
		d.Last, _ = dayOf(sent, "last")
		_, err = h.svc.Propose(ctx, identity.Wish{Depart: &d}, key)
	case "reset":
		_, err = h.svc.Propose(ctx, identity.Wish{Reset: &identity.Resetting{Account: account, Reason: sent.Get("why")}}, key)
	case "bar":
		done = "barred"
		err = h.svc.Bar(ctx, account)
	case "cancel":
		done = "cancelled"
		var leave identity.LeaveID
		if leave, err = id.Parse[identity.Leave](sent.Get("leave")); err == nil {
			_, err = h.svc.CancelLeave(ctx, leave, key)
		}
	default:
		e := identity.Ending{Account: account, Role: orgunit.Role(sent.Get("role")), Decision: sent.Get("decision")}
		if e.Unit, err = id.Parse[orgunit.Unit](sent.Get("unit")); err != nil {
			return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
		}
		if from := sent.Get("from"); from != "" {
			if e.From, err = clock.ParseDate(from); err != nil {
				return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
			}
		}
		e.Last, _ = dayOf(sent, "last")
		_, err = h.svc.Propose(ctx, identity.Wish{End: &e}, key)
	}
	if wrong(err) {
		problems := ui.ProblemsOf(ctx, err)
		switch sent.Get("do") {
		case "move":
			v.Move = form{Values: sent, Problems: problems}
			return h.showOfficer(w, r, web.ProblemOf(ctx, err).Status, v)
		case "depart":
			v.Depart = form{Values: sent, Problems: problems}
			return h.showOfficer(w, r, web.ProblemOf(ctx, err).Status, v)
		case "reset":
			v.Reset = form{Values: sent, Problems: problems}
			return h.showOfficer(w, r, web.ProblemOf(ctx, err).Status, v)
		}
		if sent.Get("do") != "leave" {
			for i := range problems {
				problems[i].Field = "" // several forms of the page have the field
			}
			v.Problems = problems
		}
		return h.showOfficer(w, r, web.ProblemOf(ctx, err).Status, v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/officers/"+accountText(account)+"?done="+done)
}

// newView is the form of a post to be given.
type newView struct {
	Form   form
	Units  []ui.Option
	Roles  []ui.Option
	Signs  []ui.Option
	Unit   string
	Name   string
	Chosen bool
}

// newPost asks first for the unit, then for the rest.
func (h handlers) newPost(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showNew(w, r, http.StatusOK, newView{Form: form{Values: q}})
}

func (h handlers) showNew(w http.ResponseWriter, r *http.Request, status int, v newView) error {
	ctx := r.Context()
	t := h.svc.Units.Now()
	u, err := t.Resolve(v.Form.get("unit"))
	if err == nil && u.Class == orgunit.Territory {
		u, _ = t.AgencyOf(u.ID)
	}
	if err == nil && h.svc.MayPropose(ctx, u.ID) {
		v.Chosen, v.Unit, v.Name = true, u.ID.String(), h.fullName(ctx, u.ID)
		for _, r := range h.svc.RolesIn(u.ID, h.svc.Units.Today()) {
			v.Roles = append(v.Roles, ui.Option{Value: string(r), Label: roleName(ctx, r)})
		}
	} else if v.Form.get("unit") != "" && len(v.Form.Problems) == 0 {
		v.Form.Problems = ui.Problems{{Field: "unit", Text: i18n.T(ctx, "identity.fault.unitOther")}}
	}
	for _, p := range h.svc.Posts(ctx) {
		a, ok := t.Get(p)
		if !ok || !h.svc.MayPropose(ctx, p) {
			continue
		}
		for _, x := range append([]orgunit.Unit{a}, t.Children(p)...) {
			if x.Class != orgunit.Territory && !x.External() {
				v.Units = append(v.Units, ui.Option{Value: x.ID.String(), Label: unitName(ctx, x)})
			}
		}
	}
	for _, s := range identity.Signs() {
		v.Signs = append(v.Signs, ui.Option{Value: string(s), Label: signWord(ctx, s)})
	}
	v.Form.Key = web.NewKey()
	return web.Render(w, r, status, newPage(v))
}

func (h handlers) appoint(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := posted(r)
	if err != nil {
		return err
	}
	e := identity.Entry{
		Login: sent.Get("login"), Name: sent.Get("name"), Email: sent.Get("email"), Phone: sent.Get("phone"),
		Role: orgunit.Role(sent.Get("role")), Decision: sent.Get("decision"), Sign: identity.Sign(sent.Get("sign")),
	}
	if e.Unit, err = id.Parse[orgunit.Unit](sent.Get("unit")); err != nil {
		return errs.E(errs.NotFound, "web.error.not_found", errs.Cause(err))
	}
	var from, until string
	e.From, from = dayOf(sent, "from")
	e.Until, until = dayOf(sent, "until")
	sent.Set("from", from)
	sent.Set("until", until)
	if _, err = h.svc.Propose(ctx, identity.Wish{Appoint: &e}, key); wrong(err) {
		return h.showNew(w, r, web.ProblemOf(ctx, err).Status, newView{Form: form{Values: sent, Problems: ui.ProblemsOf(ctx, err)}})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin/proposals?done=proposed")
}
