package resultweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/result"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// Messages are this package's sentences (keys under "resultweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// OwnKeys takes papers that wait for the reader to a key of their own, and says where it goes on.
type OwnKeys interface {
	Papers(ctx context.Context, papers []result.ID, key string) (path string, err error)
}

type handlers struct {
	svc *result.Service
	own OwnKeys
}

// Routes is the web half of results. Whether a reader may see or decide is settled with the
// agency in hand.
func Routes(s *result.Service, own OwnKeys) web.Module {
	h := handlers{s, own}
	clerk := auth.AnyRole(string(orgunit.RoleClerk))
	return web.Module{Name: "result", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/r/{code}", Policy: auth.Public, Do: h.card},
		{Method: http.MethodGet, Path: "/desk/results", Policy: auth.Officer, Do: h.list},
		{Method: http.MethodGet, Path: "/desk/results/{id}", Policy: auth.Officer, Do: h.page},
		{Method: http.MethodPost, Path: "/desk/results/{id}", Policy: auth.Officer, Do: h.act},
		{Method: http.MethodGet, Path: "/desk/results/{id}/paper.pdf", Policy: auth.Officer, Do: h.paper},
		{Method: http.MethodGet, Path: "/desk/parcels", Policy: clerk, Do: h.parcels},
		{Method: http.MethodPost, Path: "/desk/parcels/{id}", Policy: clerk, Do: h.back},
		{Method: http.MethodGet, Path: "/desk/to-sign", Policy: auth.Officer, Do: h.toSign},
		{Method: http.MethodPost, Path: "/desk/to-sign", Policy: auth.Officer, Do: h.signMany},
		{Method: http.MethodGet, Path: "/desk/to-sign/{batch}", Policy: auth.Officer, Do: h.batch},
	}}
}

func unitName(ctx context.Context, u orgunit.Unit) string {
	if i18n.LangOf(ctx) == i18n.EN && u.NameEN != "" {
		return u.NameEN
	}
	return u.Name
}

func (h handlers) unit(ctx context.Context, v orgunit.UnitID) string {
	u, _ := h.svc.Units.Now().Get(v)
	return unitName(ctx, u)
}

func (h handlers) kind(ctx context.Context, r result.Result) string {
	vi, en := h.svc.KindName(r)
	if i18n.LangOf(ctx) == i18n.EN {
		return en
	}
	return vi
}

type cardView struct {
	Title  string
	Banner ui.BannerArgs
	Rows   ui.SummaryArgs
}

// card tells whoever has a paper whether it holds. The address is the capability: nothing
// about its bearer stands there but initials.
func (h handlers) card(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := h.svc.Look(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v := cardView{Title: h.kind(ctx, c.Result), Banner: Told(ctx, h.svc, c)}
	row := func(key, text string) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: i18n.T(ctx, "resultweb.row."+key), Value: ui.T(text)})
	}
	row("number", c.Text)
	row("unit", h.unit(ctx, c.Unit))
	row("day", i18n.DateTime(l, c.At))
	if !c.Until.IsZero() {
		row("until", i18n.Date(l, c.Until))
	}
	row("holder", c.Holder)
	signed := "unsigned"
	if c.Signed {
		signed = "signed"
	}
	row("signature", i18n.T(ctx, "resultweb."+signed))
	row("digest", inEights(c.SHA256))
	return web.Render(w, r, http.StatusOK, cardPage(v))
}

// Told says in one banner whether a paper holds: on its page, and of its file at /verify.
func Told(ctx context.Context, s *result.Service, c result.Card) ui.BannerArgs {
	l, unit := i18n.LangOf(ctx), handlers{svc: s}.unit(ctx, c.Unit)
	b := ui.BannerArgs{Title: i18n.T(ctx, "resultweb.card.holds"), Text: i18n.T(ctx, "resultweb.card.holdsText", "number", c.Text, "unit", unit), Tone: ui.ToneDone}
	switch {
	case c.State == result.Replaced && c.Next != nil:
		b = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.card.replaced"), Text: i18n.T(ctx, "resultweb.card.replacedText", "number", c.Next.Text, "day", i18n.DateTime(l, c.EndedAt)), Tone: ui.ToneStopped}
	case c.State == result.Revoked || c.Status == record.Revoked:
		text := i18n.T(ctx, "resultweb.card.revokedText")
		if !c.EndedAt.IsZero() {
			text = i18n.T(ctx, "resultweb.card.revokedSince", "day", i18n.DateTime(l, c.EndedAt))
		}
		b = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.card.revoked"), Text: text, Tone: ui.ToneStopped}
	case c.Status == record.Suspended:
		b = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.card.suspended"), Text: i18n.T(ctx, "resultweb.card.suspendedText"), Tone: ui.ToneWaiting}
	case c.Holds && !c.Signed: // no page may say of a paper that it counts and that it does not
		b = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.card.unsigned"), Text: i18n.T(ctx, "resultweb.card.unsignedText", "number", c.Text, "unit", unit), Tone: ui.ToneWaiting}
	case !c.Holds:
		b = ui.BannerArgs{Title: i18n.T(ctx, "resultweb.card.over"), Text: i18n.T(ctx, "resultweb.card.overText"), Tone: ui.ToneStopped}
	}
	return b
}

// inEights parts a digest as /verify does, so that people can compare the two.
func inEights(s string) string {
	var parts []string
	for part := range slices.Chunk([]byte(s), 8) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, " ")
}

type listView struct {
	Unit  string
	Units []ui.Filter
	Table ui.TableArgs
	Pages ui.PageLinks
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	own := h.svc.Agencies(ctx)
	var at orgunit.Unit
	switch ref := q.Get("unit"); {
	case ref != "":
		if at, err = h.svc.Units.Now().Resolve(ref); err != nil {
			return err
		}
		if a, ok := h.svc.Units.Now().AgencyOf(at.ID); ok {
			at = a
		}
	case len(own) > 0:
		at = own[0]
	}
	var before result.ID
	if b := q.Get("before"); b != "" {
		if before, err = id.Parse[result.Result](b); err != nil {
			return errs.E(errs.Invalid, "resultweb.before", errs.Cause(err))
		}
	}
	all, next, err := h.svc.List(ctx, at.ID, before)
	if err != nil {
		return err
	}
	v := listView{Unit: unitName(ctx, at)}
	if !slices.ContainsFunc(own, func(u orgunit.Unit) bool { return u.ID == at.ID }) {
		own = append(own, at)
	}
	if len(own) > 1 {
		for _, u := range own {
			v.Units = append(v.Units, ui.Filter{Label: unitName(ctx, u), Href: "/desk/results?unit=" + u.ID.String(), Count: -1, Current: u.ID == at.ID})
		}
	}
	v.Table = ui.TableArgs{
		Caption: i18n.T(ctx, "resultweb.title"), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "resultweb.empty"),
		Head: []ui.Column{
			{Label: i18n.T(ctx, "resultweb.row.number"), Lead: true, Tight: true}, {Label: i18n.T(ctx, "resultweb.row.kind")}, {Label: i18n.T(ctx, "resultweb.row.day"), Tight: true},
			{Label: i18n.T(ctx, "resultweb.row.dossier"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.state")},
		},
	}
	for _, x := range all {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(x.Text, "/desk/results/"+x.ID.String()), ui.T(h.kind(ctx, x)), ui.T(i18n.DateTime(i18n.LangOf(ctx), x.At)), ui.L(x.Code, "/desk/dossiers/"+url.PathEscape(x.Code)), state(ctx, x),
		}})
	}
	if next != 0 {
		v.Pages.Next = "/desk/results?unit=" + at.ID.String() + "&before=" + next.String()
	}
	if before != 0 {
		v.Pages.Prev = "/desk/results?unit=" + at.ID.String()
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func state(ctx context.Context, r result.Result) ui.Cell {
	tone := map[result.State]ui.Tone{result.Intended: ui.ToneWaiting, result.Issued: ui.ToneDone, result.Failed: ui.ToneStopped, result.Replaced: ui.ToneStopped, result.Revoked: ui.ToneStopped}[r.State]
	c := ui.Tagged(i18n.T(ctx, "resultweb.state."+string(r.State)), tone)
	if r.Hand != result.NoHand {
		c.Text = i18n.T(ctx, "resultweb.state."+string(r.Hand))
	}
	if declined(r) {
		c.Text = i18n.T(ctx, "resultweb.state.declined")
	}
	if r.State == result.Issued && !r.Signed {
		c.Note = i18n.T(ctx, "resultweb.unsigned")
	}
	return c
}

// declined says that its signer did not want to sign it; nothing failed.
func declined(r result.Result) bool {
	return r.State == result.Failed && r.EndedBy != "" && r.Replaces == 0
}

type pageView struct {
	Title    string
	Above    string
	State    ui.Cell
	Rows     ui.SummaryArgs
	Line     ui.TableArgs
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Again    *ui.FormArgs
	Lead     string // above Again
	Take     *actView
	Decline  *actView
	Replace  *actView
	Revoke   *actView
}

// actView is a form of a decision.
type actView struct {
	Title  string
	Open   bool
	Form   ui.FormArgs
	Values []ui.Field
	Reason ui.Field
	Basis  ui.Field
}

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var v pageView
	if d := q.Get("done"); slices.Contains([]string{"again", "replace", "revoke", "take", "decline"}, d) {
		v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "resultweb.done."+d), Tone: ui.ToneDone, Alert: true}
	}
	return h.show(w, r, http.StatusOK, v, url.Values{})
}

func (h handlers) show(w http.ResponseWriter, r *http.Request, status int, v pageView, sent url.Values) error {
	ctx := r.Context()
	v2, err := web.PathID[result.Result](r, "id")
	if err != nil {
		return err
	}
	x, all, err := h.svc.Find(ctx, v2)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v.Title, v.Above, v.State = x.Text, h.kind(ctx, x)+" · "+h.unit(ctx, x.Unit), state(ctx, x)
	row := func(key string, c ui.Cell) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: i18n.T(ctx, "resultweb.row."+key), Value: c})
	}
	row("dossier", ui.L(x.Code, "/desk/dossiers/"+url.PathEscape(x.Code)))
	row("day", ui.T(i18n.DateTime(l, x.At)))
	row("holder", ui.T(x.Holder))
	row("signer", ui.T(x.SignedBy))
	if x.SHA256 != "" {
		row("check", ui.L("/r/"+x.Public, "/r/"+x.Public))
		row("digest", ui.T(inEights(x.SHA256)))
	}
	if x.Entry != 0 {
		entry := ui.L(i18n.T(ctx, "resultweb.openEntry"), "/desk/records/"+x.Entry.String())
		st, err := h.svc.EntryStatus(ctx, x)
		if err != nil {
			return err
		}
		if x.State == result.Issued && st != record.InForce {
			entry.Note = i18n.T(ctx, "resultweb.entry."+string(st))
		}
		row("entry", entry)
	}
	if x.Tracking != "" {
		row("tracking", ui.T(x.Tracking))
	}
	if x.Hand != result.NoHand {
		row("paper", ui.L(i18n.T(ctx, "resultweb.sign.read"), paperOf(x)))
	}
	if declined(x) {
		row("why", ui.Cell{Text: x.Reason, Note: x.EndedBy})
	} else if x.State == result.Failed {
		why := ui.T(i18n.T(ctx, "resultweb.failed"))
		if x.Replaces == 0 && i18n.BundleOf(ctx).Has(x.Reason) { // the key of the sentence; one that lacks its values says nothing
			if said := i18n.T(ctx, x.Reason); !strings.Contains(said, "{") {
				why.Note = said
			}
		}
		row("why", why)
	} else if x.Reason != "" {
		why := ui.T(x.Reason)
		why.Note = x.Basis
		row("why", why)
	}
	v.Line = ui.TableArgs{Caption: i18n.T(ctx, "resultweb.line"), CaptionQuiet: true, First: true, Head: []ui.Column{{Label: i18n.T(ctx, "resultweb.row.number"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.day"), Tight: true}, {Label: i18n.T(ctx, "resultweb.row.state")}}}
	for _, y := range all {
		v.Line.Rows = append(v.Line.Rows, ui.Row{Cells: []ui.Cell{ui.L(y.Text, "/desk/results/"+y.ID.String()), ui.T(i18n.DateTime(l, y.At)), state(ctx, y)}, Marked: y.ID == x.ID})
	}
	if x.State == result.Failed && h.svc.MayRemake(ctx, x.Unit) {
		v.Again = &ui.FormArgs{Action: "/desk/results/" + x.ID.String(), Key: web.NewKey(), Submit: i18n.T(ctx, "resultweb.do.again"), Hidden: []ui.KeyText{{Name: "do", Value: "again"}}}
		if v.Lead = i18n.T(ctx, "resultweb.againLead"); declined(x) {
			v.Lead = i18n.T(ctx, "resultweb.againDeclined")
		}
	}
	if x.Hand == result.Waits {
		if x.Signer == auth.From(ctx).Account {
			v.Decline = h.form(ctx, x, "decline", v.Problems, sent)
		} else if h.svc.MayDecide(ctx, x.Unit) {
			v.Take = h.form(ctx, x, "take", v.Problems, sent)
		}
	}
	if x.State == result.Issued && h.svc.MayDecide(ctx, x.Unit) {
		if v.Replace, err = h.replacing(ctx, x, v.Problems, sent); err != nil {
			return err
		}
		v.Revoke = h.form(ctx, x, "revoke", v.Problems, sent)
	}
	return web.Render(w, r, status, resultPage(v))
}

// form is the form of a decision; the one that came back is open with what was typed.
func (h handlers) form(ctx context.Context, x result.Result, do string, ps ui.Problems, sent url.Values) *actView {
	a := actView{Title: i18n.T(ctx, "resultweb.do."+do), Open: sent.Get("do") == do}
	a.Form = ui.FormArgs{
		Action: "/desk/results/" + x.ID.String(), Key: web.NewKey(), Submit: a.Title, Warning: do == "revoke" || do == "decline", Hidden: []ui.KeyText{{Name: "do", Value: do}},
	}
	a.Reason = a.field(ui.Field{Name: "reason", Scope: do + "-", Label: i18n.T(ctx, "resultweb.field.reason"), Rows: 3, MaxLength: 1000}, ps, sent)
	if do == "take" || do == "decline" {
		return &a
	}
	a.Basis = a.field(ui.Field{Name: "authority", Scope: do + "-", Label: i18n.T(ctx, "resultweb.field.authority"), Hint: i18n.T(ctx, "resultweb.field.authorityHint"), MaxLength: 300}, ps, sent)
	return &a
}

func (a *actView) field(f ui.Field, ps ui.Problems, sent url.Values) ui.Field {
	if a.Open {
		if s := sent.Get(f.Name); s != "" {
			f.Value = s
		}
		f.Error = ps.For(f.Name)
	}
	return f
}

// replacing is the form of a correction: what the register holds, to be changed.
func (h handlers) replacing(ctx context.Context, x result.Result, ps ui.Problems, sent url.Values) (*actView, error) {
	a := h.form(ctx, x, "replace", ps, sent)
	reg, e, err := h.svc.Values(ctx, x)
	if err != nil {
		return nil, err
	}
	for _, f := range reg.Fields {
		if !correctable(f) {
			continue
		}
		label := f.Label.In(i18n.LangOf(ctx))
		if label == "" {
			label = f.ID
		}
		q := ui.Field{Name: "v." + f.ID, Scope: "replace-", Label: label, Value: f.Typed(e.Values.Text(f.ID)), Optional: true, MaxLength: 1000}
		if f.Type == "date" {
			q.Hint, q.Width = i18n.T(ctx, "resultweb.field.dateHint"), ui.Width10
		}
		if f.Unit {
			q.Hint, q.Width = i18n.T(ctx, "resultweb.field.unitHint"), ui.Width10
		}
		for _, c := range f.Choices {
			q.Options = append(q.Options, ui.Option{Value: c.Code, Label: c.Label.In(i18n.LangOf(ctx))})
		}
		a.Values = append(a.Values, a.field(q, ps, sent))
	}
	return a, nil
}

// correctable reports whether the form of a correction asks for a field: number and day are
// those of the new paper.
func correctable(f record.Field) bool {
	return f.Type == "text" && f.ID != "number" || f.Type == "number" || f.Type == "date" && f.ID != "date"
}

func (h handlers) act(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[result.Result](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	d := result.Decision{Result: v, Reason: f.Get("reason"), Authority: f.Get("authority")}
	if d.Key, err = web.ClientKey(r); err != nil {
		return err
	}
	do, to := f.Get("do"), v
	switch do {
	case "again":
		to, err = h.svc.Again(ctx, d)
	case "replace":
		if d.Changes, err = h.changed(ctx, v, f); err == nil {
			to, err = h.svc.Replace(ctx, d)
		}
	case "revoke":
		err = h.svc.Revoke(ctx, d)
	case "take":
		err = h.svc.TakeOver(ctx, d)
	case "decline":
		err = h.svc.Decline(ctx, d)
	default:
		err = errs.E(errs.Invalid, "resultweb.unknown")
	}
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		ps := ui.ProblemsOf(ctx, err)
		for i, p := range ps {
			if f.Has("v." + p.Field) {
				ps[i].Field = "v." + p.Field
			}
		}
		return h.show(w, r, web.Status(err), pageView{Problems: ps}, f)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/results/"+to.String()+"?done="+do)
}

// changed are the fields whose value the form changes.
func (h handlers) changed(ctx context.Context, v result.ID, f url.Values) (map[string]string, error) {
	x, _, err := h.svc.Find(ctx, v)
	if err != nil {
		return nil, err
	}
	if x.Entry == 0 {
		return nil, nil // Replace says what is wrong
	}
	reg, e, err := h.svc.Values(ctx, x)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, field := range reg.Fields {
		if now := field.Untyped(f.Get("v." + field.ID)); correctable(field) && f.Has("v."+field.ID) && now != e.Values.Text(field.ID) {
			out[field.ID] = now
		}
	}
	return out, nil
}
