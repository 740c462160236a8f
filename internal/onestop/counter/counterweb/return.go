package counterweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/dossier"
)

// readyView is the return desk.
type readyView struct {
	Unit    string
	Figures []ui.Figure
	Tabs    []ui.Filter
	Table   ui.TableArgs
	Pages   ui.PageLinks
	Found   bool // the table is what was looked for
	None    string
	Title   string
}

// ages are the parts of the list: results of this week, and uncollected ones by how long.
func (h *handlers) ages() (since []time.Time) {
	now := h.s.Clock.Now()
	for _, d := range counter.Ages {
		since = append(since, now.AddDate(0, 0, -d))
	}
	return since
}

func (h *handlers) ready(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	unit, err := h.s.Desk(ctx)
	if err != nil {
		return err
	}
	part, _ := strconv.Atoi(q.Get("age"))
	since := h.ages()
	part = min(max(part, 0), len(since))
	f := dossier.ReadyFilter{Unit: unit}
	if part > 0 {
		f.Before = since[part-1]
	}
	if part < len(since) {
		f.Since = since[part]
	}
	if _, err := web.ReadCursor(q.Get("cursor"), &f.After.Due, &f.After.ID); err != nil {
		return err
	}
	page, err := h.s.Dossiers.ReadyToReturn(ctx, f)
	if err != nil {
		return err
	}
	counts, err := h.s.Dossiers.ReadyCounts(ctx, unit, since)
	if err != nil {
		return err
	}
	v := readyView{Unit: h.unit(ctx, unit), Title: t(ctx, "return.title")}
	href := func(i int) string { return "/desk/return?age=" + strconv.Itoa(i) }
	all, uncollected := 0, 0
	for i, n := range counts {
		all += n
		if i > 0 {
			uncollected += n
		}
		v.Tabs = append(v.Tabs, ui.Filter{Label: t(ctx, "return.age_"+strconv.Itoa(i)), Href: href(i), Count: n, Current: i == part})
	}
	v.Figures = []ui.Figure{
		{Label: t(ctx, "return.waiting"), Value: i18n.Number(i18n.LangOf(ctx), int64(all))},
		{Label: t(ctx, "return.uncollected"), Value: i18n.Number(i18n.LangOf(ctx), int64(uncollected)), Note: t(ctx, "return.notLate")},
	}
	if v.Table, err = h.readyTable(ctx, page.Items); err != nil {
		return err
	}
	if page.Next != nil {
		v.Pages.Next = href(part) + "&cursor=" + url.QueryEscape(web.NewCursor(page.Next.Due, page.Next.ID))
	}
	if q.Get("cursor") != "" {
		v.Pages.Prev = href(part)
	}
	return web.Render(w, r, http.StatusOK, readyPage(v))
}

func (h *handlers) readyTable(ctx context.Context, items []dossier.Ready) (ui.TableArgs, error) {
	a := ui.TableArgs{
		Caption: t(ctx, "return.caption"), CaptionQuiet: true, First: true, Empty: t(ctx, "return.empty"),
		Head: []ui.Column{
			{Label: t(ctx, "col.code"), Tight: true}, {Label: t(ctx, "col.applicant")}, {Label: t(ctx, "col.procedure")},
			{Label: t(ctx, "col.ready")}, {Label: t(ctx, "col.called")},
		},
	}
	ids := make([]dossier.ID, len(items))
	for i, x := range items {
		ids[i] = x.Task.Dossier
	}
	calls, err := h.s.CalledOf(ctx, ids)
	if err != nil {
		return a, err
	}
	now, lang := h.s.Clock.Now(), i18n.LangOf(ctx)
	for _, x := range items {
		name := x.Task.Procedure
		if pkg, err := h.s.Services.ByDigest(x.Task.Package); err == nil {
			name = say(ctx, pkg.Name())
		}
		called := ui.T(t(ctx, "return.notCalled"))
		if c, ok := calls[x.Task.Dossier]; ok {
			called = ui.Cell{Text: t(ctx, "return.how_"+c.How), Note: i18n.DateTime(lang, c.At) + ", " + c.By}
		}
		days := int(now.Sub(x.Since) / (24 * time.Hour))
		a.Rows = append(a.Rows, ui.Row{Cells: []ui.Cell{
			ui.L(x.Task.Code, returnPath(x.Task.Code)), {Text: x.Task.Applicant, Note: grouped(x.Phone)}, ui.T(name),
			{Text: i18n.DateTime(lang, x.Since), Note: t(ctx, "return.days", "n", days)}, called,
		}})
	}
	return a, nil
}

// grouped writes a phone so that it can be read aloud.
func grouped(phone string) string {
	if len(phone) != 10 {
		return phone
	}
	return phone[:4] + " " + phone[4:7] + " " + phone[7:]
}

// findReady looks for a result by code, phone, card or number: the text comes in the body,
// so that no personal number stands in an address.
func (h *handlers) findReady(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	unit, err := h.s.Desk(ctx)
	if err != nil {
		return err
	}
	items, err := h.s.ReadyFor(ctx, sent.Get("who"))
	if err != nil {
		return err
	}
	if len(items) == 1 {
		return web.Redirect(w, r, returnPath(items[0].Task.Code))
	}
	v := readyView{Unit: h.unit(ctx, unit), Title: t(ctx, "return.found", "n", len(items)), Found: true}
	if len(items) == 0 {
		v.None = t(ctx, "return.none")
	}
	if v.Table, err = h.readyTable(ctx, items); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, readyPage(v))
}

// pickupView is one result at the desk.
type pickupView struct {
	Code      string
	Name      string
	Version   string
	Key       string
	CallKey   string
	Summary   ui.SummaryArgs
	Identity  ui.Field
	Card      ui.Field
	Who       ui.Field
	Fee       string // what is to be paid; empty where nothing is
	Paid      ui.Field
	Receipt   ui.Field
	Originals ui.Field
	Away      []string
	Kept      ui.Field
	How       ui.Field
	Note      ui.Field
	Calls     []ui.Event
	Result    ui.Anchor
	Problems  ui.Problems
	Banner    *ui.BannerArgs
	Done      bool
}

func (h *handlers) pickup(w http.ResponseWriter, r *http.Request) error {
	return h.showPickup(w, r, http.StatusOK, nil, nil)
}

func (h *handlers) showPickup(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	p, err := h.s.Pickup(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	lang := i18n.LangOf(ctx)
	d := p.Dossier
	v := pickupView{
		Code: d.Code, Name: say(ctx, p.Pkg.Name()), Version: strconv.FormatInt(p.Task.Version, 10), Key: web.NewKey(), CallKey: web.NewKey(),
		Problems: ui.ProblemsOf(ctx, refused), Done: p.Returned != nil,
		Result: ui.Anchor{Label: t(ctx, "return.result"), Href: "/dossiers/" + url.PathEscape(d.Code) + "/papers/" + dossier.PaperResult + ".pdf"},
	}
	if sent.Get("_key") != "" {
		v.Key = sent.Get("_key") // what was refused goes out again under the same intent
	}
	if e, ok := errs.As(refused); ok && len(e.Fields) == 0 {
		v.Problems, v.Banner = nil, &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	row := func(key string, c ui.Cell) {
		v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: t(ctx, "return."+key), Value: c})
	}
	v.Summary.Tight = true
	row("applicant", ui.Cell{Text: d.Applicant, Note: grouped(d.Phone)})
	row("resultName", ui.T(counter.ResultName(p.Pkg, lang)))
	if p.Ready() {
		row("since", ui.T(i18n.DateTime(lang, p.Task.OpenedAt)))
	}
	if n := p.Content.Filing.Copies; n > 0 {
		row("copies", ui.T(strconv.Itoa(n)))
	}
	row("fee", ui.T(p.Fee.Words(i18n.BundleOf(ctx), lang)))
	if x := p.Returned; x != nil {
		row("returned", ui.Cell{Text: i18n.DateTime(lang, x.At), Note: x.By})
		row("who", ui.Cell{Text: x.Who, Note: t(ctx, "return.identity_"+x.Identity)})
		v.Banner = &ui.BannerArgs{Text: t(ctx, "return.done"), Tone: ui.ToneDone, Alert: true, Link: &ui.Anchor{Label: t(ctx, "return.slip"), Href: returnPath(d.Code) + "/slip.pdf"}}
		return web.Render(w, r, status, pickupPage(v))
	}
	h.pickupFields(ctx, &v, p, sent)
	calls, err := h.s.Calls(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, c := range calls {
		v.Calls = append(v.Calls, ui.Event{Title: t(ctx, "return.how_"+c.How), When: i18n.DateTime(lang, c.At), By: c.By, Text: c.Note})
	}
	return web.Render(w, r, status, pickupPage(v))
}

func (h *handlers) pickupFields(ctx context.Context, v *pickupView, p counter.Pickup, sent url.Values) {
	field := func(name string, x ui.Field) ui.Field {
		x.Name, x.Label, x.Value, x.Error = name, t(ctx, "return.f_"+name), sent.Get(name), v.Problems.For(name)
		return x
	}
	v.Card = field("card", ui.Field{Hint: t(ctx, "return.cardHint"), Capitals: "none"})
	v.Card.Value = "" // a card is scanned again: its number does not go back and forth
	v.Who = field("who", ui.Field{Width: ui.WidthTwo})
	v.Identity = field("identity", ui.Field{})
	for _, x := range counter.Identities() {
		o := ui.Option{Value: x, Label: t(ctx, "return.identity_"+x)}
		switch x {
		case counter.IdentityCard:
			o.Reveal = ui.Input(v.Card)
		case counter.IdentityAuthorised:
			o.Reveal = ui.Input(v.Who)
		}
		v.Identity.Options = append(v.Identity.Options, o)
	}
	if p.Fee.Amount > 0 && !p.Ordered {
		v.Fee = i18n.Money(i18n.LangOf(ctx), p.Fee.Amount)
		v.Receipt = field("receipt", ui.Field{Width: ui.Width20})
		v.Paid = field("paid", ui.Field{})
		v.Paid.Options = []ui.Option{
			{Value: counter.PaidBefore, Label: t(ctx, "return.paid_before")}, {Value: counter.PaidHere, Label: t(ctx, "return.paid_here"), Reveal: ui.Input(v.Receipt)},
		}
	}
	here := p.Here()
	v.Originals = ui.Field{Name: "original", Label: t(ctx, "return.f_original"), Hint: t(ctx, "return.originalHint"), Values: sent["original"]}
	for _, o := range here {
		v.Originals.Options = append(v.Originals.Options, ui.Option{
			Value: o.ID.String(), Label: h.s.PaperName(o, i18n.LangOf(ctx)), Hint: t(ctx, "papers.nOriginals", "n", o.Count),
		})
	}
	for _, o := range p.Away() {
		v.Away = append(v.Away, t(ctx, "return.away", "paper", h.s.PaperName(o, i18n.LangOf(ctx)), "by", o.HolderName, "unit", h.unit(ctx, o.Unit)))
	}
	v.Kept = field("kept", ui.Field{Optional: true, MaxLength: 500})
	v.How = ui.Field{Name: "how", Label: t(ctx, "return.f_how"), Inline: true, Small: true, Error: v.Problems.For("how"), Value: counter.ByPhone}
	v.How.Hint = t(ctx, "return.smsByHand")
	if h.s.Texts(p) {
		v.How.Hint = t(ctx, "return.smsGoes")
	}
	for _, x := range counter.Ways() {
		v.How.Options = append(v.How.Options, ui.Option{Value: x, Label: t(ctx, "return.how_"+x)})
	}
	v.Note = field("note", ui.Field{Optional: true, MaxLength: 500})
}

func (h *handlers) handBack(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	in := counter.Handing{
		Code: r.PathValue("code"), Identity: sent.Get("identity"), Card: sent.Get("card"), Who: sent.Get("who"), Paid: sent.Get("paid"),
		Receipt: sent.Get("receipt"), Kept: sent.Get("kept"), Key: key,
	}
	in.Version, _ = strconv.ParseInt(sent.Get("version"), 10, 64)
	for _, text := range sent["original"] {
		o, err := id.Parse[counter.Original](text)
		if err != nil {
			return errs.E(errs.NotFound, "counter.original.notFound", errs.Cause(err))
		}
		in.Originals = append(in.Originals, o)
	}
	if in.Identity == "" && strings.TrimSpace(in.Card) != "" {
		in.Identity = counter.IdentityCard // a scanner needs no tick before it
	}
	err = h.s.HandBack(ctx, in)
	switch {
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Conflict), errs.Is(err, errs.Mismatch):
		return h.showPickup(w, r, web.ProblemOf(ctx, err).Status, sent, err)
	case err != nil:
		return err
	}
	return web.Redirect(w, r, returnPath(in.Code))
}

func (h *handlers) call(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	err = h.s.Called(ctx, code, sent.Get("how"), sent.Get("note"), key)
	switch {
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Mismatch):
		return h.showPickup(w, r, web.ProblemOf(ctx, err).Status, sent, err)
	case err != nil:
		return err
	}
	return web.Redirect(w, r, returnPath(code)+"#called")
}

func (h *handlers) returnSlip(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := h.s.ReturnOf(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	b, err := h.s.ReturnSlip(ctx, p, i18n.LangOf(ctx))
	if err != nil {
		return err
	}
	return sendPDF(w, r, p.Dossier.Code+"-tra-ket-qua.pdf", b)
}

func (h *handlers) notice(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := h.s.Pickup(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	if !p.Ready() {
		return errs.E(errs.NotFound, "counter.return.notReady")
	}
	b, err := h.s.Notice(ctx, p, i18n.LangOf(ctx))
	if err != nil {
		return err
	}
	return sendPDF(w, r, p.Dossier.Code+"-thong-bao.pdf", b)
}
