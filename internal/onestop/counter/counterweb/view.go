package counterweb

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
	"khue/internal/onestop/counter"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/onestop/upload/uploadweb"
	"khue/internal/register/person"
)

func personID(s string) (person.ID, error) {
	v, err := id.Parse[person.Person](s)
	if err != nil {
		return 0, errs.E(errs.NotFound, "person.notFound", errs.Cause(err))
	}
	return v, nil
}

// intakeView is the one page on which a dossier is taken in.
type intakeView struct {
	ID        counter.IntakeID
	Name      string
	Case      string
	Known     []string // who stands there, where they are known
	Lent      bool     // earlier answers were filled in
	Problems  ui.Problems
	Banner    *ui.BannerArgs
	Live      string
	Groups    []questionGroup
	Whose     ui.Field // for whom; without options where the person acts for nobody
	Applicant []ui.Field
	Method    ui.Field
	More      []ui.Field // of the applicant: e-mail, somebody who files for them, copies
	MoreOpen  bool
	Papers    []paperRow
	Shown     string // ids of Papers
	Place     uploadweb.Place
}

// questionGroup is a page of the form: what must be answered stands open, the rest folded.
type questionGroup struct {
	Title  string
	Open   []form.Field
	Folded []form.Field
}

// paperRow is one paper: what was counted of it, and its scans.
type paperRow struct {
	ID        string
	Label     string
	Note      string
	Error     string
	ShownOnly bool // the law says that it is shown only
	Originals string
	Copies    string
	Shown     bool
	Digital   bool
	Box       uploadweb.BoxArgs
}

func (h *handlers) showIntake(w http.ResponseWriter, r *http.Request, status int, i counter.Intake, pkg *service.Package, typed string, refused error, banner *ui.BannerArgs) error {
	ctx := r.Context()
	v := h.view(ctx, i, pkg, typed, refused)
	v.Banner = banner
	who, ok, err := h.s.Whose(ctx, i)
	if err != nil {
		return err
	}
	if ok {
		v.Known = known(ctx, who)
		if v.Banner == nil && len(who.Facts.Differs(who.Claim)) > 0 {
			v.Banner = &ui.BannerArgs{Text: t(ctx, "in.differs"), Tone: ui.ToneWaiting, Link: &ui.Anchor{
				Label: t(ctx, "in.settle"), Href: "/desk/people/" + who.ID.String() + "/facts?back=" + url.QueryEscape(inPath(i.ID, "")),
			}}
		}
	}
	if err := h.whose(ctx, &v, i); err != nil {
		return err
	}
	if err := h.papers(r, &v, i, pkg); err != nil {
		return err
	}
	return web.Render(w, r, status, intakePage(v))
}

func (h *handlers) view(ctx context.Context, i counter.Intake, pkg *service.Package, typed string, refused error) intakeView {
	v := intakeView{ID: i.ID, Name: say(ctx, pkg.Name()), Problems: ui.ProblemsOf(ctx, refused)}
	if len(pkg.Cases) > 1 {
		v.Case = say(ctx, pkg.CaseName(i.Case))
	}
	var found []errs.Field
	if e, ok := errs.As(refused); ok {
		found = e.Fields
	}
	env, c := h.s.Env(i), i.Content
	var live []string
	for _, p := range pkg.Form.Pages(c.Answers, env) {
		if p.Kind != form.Questions {
			continue
		}
		page, ok := pkg.Form.Render(p.ID, c.Answers, found, env)
		if !ok {
			continue
		}
		live = append(live, page.Live...)
		g := questionGroup{Title: say(ctx, p.Title)}
		g.Open, g.Folded = fold(page.Fields)
		v.Groups = append(v.Groups, g)
	}
	v.Live = strings.Join(live, " ")
	for _, a := range c.Answers {
		v.Lent = v.Lent || a.From == form.Earlier
	}
	h.filing(ctx, &v, i, pkg, typed)
	return v
}

// whose asks for whom the person at the counter files.
func (h *handlers) whose(ctx context.Context, v *intakeView, i counter.Intake) error {
	ms, err := h.s.Mandates(ctx, i)
	if err != nil || len(ms) == 0 {
		return err
	}
	v.Whose = ui.Field{Name: "mandate", Label: t(ctx, "filing.mandate"), Small: true, Error: v.Problems.For("mandate"), Options: []ui.Option{{Label: t(ctx, "filing.self")}}}
	for _, m := range ms {
		o := ui.Option{Value: m.ID.String(), Label: m.GiverName, Hint: i18n.T(ctx, "mandate.kind."+string(m.Kind))}
		if b := i.Content.Filing.Behalf; b != nil && b.Mandate == m.ID {
			v.Whose.Value = o.Value
		}
		v.Whose.Options = append(v.Whose.Options, o)
	}
	return nil
}

// filing are the questions that every dossier has: whose it is, and how the result is had.
func (h *handlers) filing(ctx context.Context, v *intakeView, i counter.Intake, pkg *service.Package, typed string) {
	f := i.Content.Filing
	field := func(name, value string, x ui.Field) ui.Field {
		x.Name, x.Label, x.Value, x.Error = name, t(ctx, "filing."+strings.ReplaceAll(name, ".", "_")), value, v.Problems.For(name)
		return x
	}
	v.Applicant = []ui.Field{
		field("applicant.name", f.Applicant.Name, ui.Field{Width: ui.WidthTwo}),
		field("applicant.phone", f.Applicant.Phone, ui.Field{Width: ui.Width20, Type: "tel", Mode: "tel"}),
	}
	if i.Person == 0 {
		v.Applicant = append(v.Applicant, field("number", typed, ui.Field{Width: ui.Width20, Mode: "numeric", Optional: true, Hint: t(ctx, "filing.numberHint")}))
	}
	v.Method = ui.Field{Name: "delivery.method", Label: t(ctx, "filing.delivery_method"), Value: f.Delivery.Method, Error: v.Problems.For("delivery.method"), Inline: true, Small: true}
	for _, m := range pkg.Result.Deliver {
		v.Method.Options = append(v.Method.Options, ui.Option{Value: m, Label: t(ctx, "filing.by_"+m)})
	}
	copies := ""
	if f.Copies > 0 {
		copies = strconv.Itoa(f.Copies)
	}
	if slices.Contains(pkg.Result.Deliver, "post") {
		v.More = append(v.More, field("delivery.address", f.Delivery.Address, ui.Field{Optional: true}))
	}
	if pkg.Result.Copies {
		v.More = append(v.More, field("copies", copies, ui.Field{Width: ui.Width3, Mode: "numeric", Optional: true}))
	}
	v.More = append(
		v.More,
		field("applicant.email", f.Applicant.Email, ui.Field{Width: ui.WidthTwo, Type: "email", Mode: "email", Optional: true}),
		field("submitter.name", f.Submitter.Name, ui.Field{Width: ui.WidthTwo, Optional: true}),
		field("submitter.phone", f.Submitter.Phone, ui.Field{Width: ui.Width20, Type: "tel", Mode: "tel", Optional: true}),
	)
	for _, x := range v.More {
		v.MoreOpen = v.MoreOpen || x.Error != "" || x.Value != ""
	}
}

// fold parts what must be answered, was answered or is wrong from what may stay closed. A
// person is parted by what is asked of them.
func fold(fs []form.Field) (open, folded []form.Field) {
	for _, f := range fs {
		if f.Widget == form.WidgetGroup && stays(f) {
			var must, may []form.Field
			for _, p := range f.Parts {
				if !stays(p) {
					may = append(may, p)
				} else {
					must = append(must, p)
				}
			}
			if len(must) > 0 {
				o := f
				o.Parts = must
				open = append(open, o)
				if len(may) > 0 {
					rest := f
					rest.Parts = may
					folded = append(folded, rest)
				}
				continue
			}
		}
		if stays(f) || f.ShownBy != nil {
			open = append(open, f)
		} else {
			folded = append(folded, f)
		}
	}
	return open, folded
}

// stays reports whether a question stands open.
func stays(f form.Field) bool {
	if f.Required || len(f.Error) > 0 || len(f.Warning) > 0 || f.Value != "" || f.Day+f.Month+f.Year != "" || len(f.Chosen) > 0 || len(f.Rows) > 0 || f.Query != "" || f.Widget == form.WidgetOutput {
		return true
	}
	return slices.ContainsFunc(f.Parts, func(p form.Field) bool { return stays(p) && !p.Required || answered(p) })
}

func answered(f form.Field) bool {
	return f.Value != "" || f.Day+f.Month+f.Year != "" || len(f.Chosen) > 0 || slices.ContainsFunc(f.Parts, answered)
}

// papers are the rows of papers. Before anything was counted those that must be there show
// what the service asks for: the clerk counts and goes on, or mends.
func (h *handlers) papers(r *http.Request, v *intakeView, i counter.Intake, pkg *service.Package) error {
	ctx := r.Context()
	v.Place = h.placeOf(r, i, pkg)
	for _, n := range pkg.Form.Papers(i.Content.Answers, h.s.Env(i)) {
		c := i.Content.Counts[n.ID]
		if i.Content.Counts == nil && n.Required && !n.ShownOnly {
			c = counter.Asked(n)
		}
		row := paperRow{
			ID: n.ID, Label: say(ctx, n.Label), Error: v.Problems.For(n.Name), ShownOnly: n.ShownOnly,
			Originals: count(c.Originals), Copies: count(c.Copies), Shown: c.Shown, Digital: c.Electronic,
		}
		switch {
		case n.ShownOnly:
			row.Note = t(ctx, "papers.shownOnly")
		case n.OneOf != "":
			row.Note = t(ctx, "papers.oneOf")
		case !n.Required:
			row.Note = t(ctx, "papers.optional")
		}
		if !n.ShownOnly {
			files, err := v.Place.Files(ctx, n.ID)
			if err != nil {
				return err
			}
			row.Box = uploadweb.BoxArgs{Place: v.Place, Paper: n.ID, Files: files, Field: ui.Field{
				Name: n.Name, Label: t(ctx, "papers.scan"), Accept: formweb.Accept(n.Accept), Multiple: n.MaxFiles != 1,
			}}
		}
		v.Papers = append(v.Papers, row)
		v.Shown += n.ID + " "
	}
	return nil
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (h *handlers) placeOf(r *http.Request, i counter.Intake, pkg *service.Package) uploadweb.Place {
	p := uploadweb.Place{
		Scope: scopeOf(i), Owner: uploadweb.Owner(r), Held: i.Bytes(), Papers: h.needs(i, pkg), Base: inPath(i.ID, "/uploads"),
		Keep: func(ctx context.Context, f form.File) error { return h.s.Attach(ctx, i.ID, f) },
	}
	p.Files = func(ctx context.Context, paper string) ([]ui.File, error) {
		var out []ui.File
		for _, f := range i.Content.Papers {
			if f.Paper == paper {
				out = append(out, ui.File{Name: f.Name, Href: inPath(i.ID, "/files/"+f.SHA256), Size: formweb.FileSize(ctx, f.Size), Remove: f.Paper + "/" + f.SHA256})
			}
		}
		us, err := h.uploads.Of(ctx, p.Scope)
		return append(out, uploadweb.Arriving(ctx, us, paper)...), err
	}
	return p
}

// checkView is the last look before the dossier is made.
type checkView struct {
	ID       counter.IntakeID
	Name     string
	Groups   []ui.SummaryArgs
	Warnings []string
	Missing  []string
	Forward  string // where it goes, and for whom it counts
	Away     bool
	Facts    ui.SummaryArgs
	Problems ui.Problems
	Banner   *ui.BannerArgs
	Act      string // that was tried
	Reason   string
	Ready    bool
}

func (h *handlers) showCheck(w http.ResponseWriter, r *http.Request, status int, i counter.Intake, pkg *service.Package, sent url.Values, refused error) error {
	ctx := r.Context()
	review, err := h.s.Check(ctx, i)
	if err != nil {
		return err
	}
	if !review.Ready() && !review.Lacking() {
		return h.showIntake(w, r, http.StatusUnprocessableEntity, i, pkg, "", review.Result.Err(), nil)
	}
	v := checkView{ID: i.ID, Name: say(ctx, pkg.Name()), Ready: review.Ready(), Act: sent.Get("act"), Reason: sent.Get("reason")}
	if refused != nil {
		v.Problems = ui.ProblemsOf(ctx, refused)
		if e, ok := errs.As(refused); ok && len(e.Fields) == 0 {
			v.Problems = nil
			v.Banner = &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
		}
	}
	for _, x := range review.Result.Warnings {
		v.Warnings = append(v.Warnings, formweb.Sentence(ctx, x.Key, x.Params))
	}
	for _, x := range review.Missing {
		v.Missing = append(v.Missing, formweb.Sentence(ctx, x.Key, x.Params))
	}
	v.Away = review.Way.Forwarded()
	words := func(key string) string {
		return t(ctx, key, "here", h.unit(ctx, review.Way.Reception.ID), "there", h.unit(ctx, review.Way.Receiving.ID), "competent", h.unit(ctx, review.Way.Competent.ID))
	}
	switch {
	case v.Away:
		v.Forward = words("check.forwarded")
	case review.Way.Competent.ID != review.Way.Receiving.ID:
		v.Forward = words("check.decidedBy")
	default:
		v.Forward = words("check.here")
	}
	h.facts(ctx, &v, i, pkg, review)
	return web.Render(w, r, status, checkPage(v))
}

// facts are what the clerk reads aloud, and what was counted.
func (h *handlers) facts(ctx context.Context, v *checkView, i counter.Intake, pkg *service.Package, review counter.Review) {
	f := i.Content.Filing
	row := func(key, text, note string) {
		if text != "" {
			v.Facts.Rows = append(v.Facts.Rows, ui.SummaryRow{Key: t(ctx, "check."+key), Value: ui.Cell{Text: text, Note: note}})
		}
	}
	v.Facts.Tight = true
	row("applicant", f.Applicant.Name, f.Applicant.Phone)
	if b := f.Behalf; b != nil {
		row("submitter", b.Holder, i18n.T(ctx, "mandate.kind."+string(b.Kind)))
	}
	row("submitter", f.Submitter.Name, f.Submitter.Phone)
	if review.HasDue {
		row("due", review.Due.Explain(ctx), t(ctx, "check.dueNote"))
	}
	row("fee", review.Fee.Words(i18n.BundleOf(ctx), i18n.LangOf(ctx)), "")
	row("delivery", t(ctx, "filing.by_"+f.Delivery.Method), f.Delivery.Address)
	papers := ui.SummaryArgs{Title: t(ctx, "papers.title")}
	env := h.s.Env(i)
	for _, n := range pkg.Form.Papers(i.Content.Answers, env) {
		c := i.Content.Counts[n.ID]
		scans := 0
		for _, p := range i.Content.Papers {
			if p.Paper == n.ID {
				scans++
			}
		}
		if c.Any() || scans > 0 {
			papers.Rows = append(papers.Rows, ui.SummaryRow{Key: say(ctx, n.Label), Value: ui.T(countWords(ctx, c, scans))})
		}
	}
	if len(papers.Rows) > 0 {
		v.Groups = append(v.Groups, papers)
	}
	titles := map[string]string{}
	for _, p := range pkg.Form.Pages(i.Content.Answers, env) {
		titles[p.ID] = say(ctx, p.Title)
	}
	last := "\x00"
	for _, l := range pkg.Form.Lines(review.Result.Answers, env) {
		if l.Page != last {
			v.Groups = append(v.Groups, ui.SummaryArgs{Title: titles[l.Page]})
			last = l.Page
		}
		key := say(ctx, l.Label)
		if !l.Group.IsZero() {
			key = say(ctx, l.Group) + ": " + key
		}
		text, _ := formweb.Masked(pkg.Form, l, say(ctx, l.Text))
		g := &v.Groups[len(v.Groups)-1]
		g.Rows = append(g.Rows, ui.SummaryRow{Key: key, Value: ui.Cell{Text: text, Note: formweb.Origin(ctx, l)}})
	}
}

// countWords says what was handed over of a paper: "1 bản chính, 2 bản sao, 1 bản quét".
func countWords(ctx context.Context, c counter.Count, scans int) string {
	var out []string
	if c.Originals > 0 {
		out = append(out, t(ctx, "papers.nOriginals", "n", c.Originals))
	}
	if c.Copies > 0 {
		out = append(out, t(ctx, "papers.nCopies", "n", c.Copies))
	}
	if c.Shown {
		out = append(out, t(ctx, "papers.shown"))
	}
	if c.Electronic {
		out = append(out, t(ctx, "papers.electronic"))
	}
	if scans > 0 {
		out = append(out, t(ctx, "papers.nScans", "n", scans))
	}
	return strings.Join(out, ", ")
}

// doneView confirms what was done and opens the paper of it.
type doneView struct {
	Title, Name, Code, Text string
	Print                   ui.Anchor
	Links                   []ui.Anchor
	Again                   string
}

func (h *handlers) done(w http.ResponseWriter, r *http.Request, i counter.Intake, pkg *service.Package) error {
	ctx := r.Context()
	paper := map[string]string{process.DoAccept: dossier.PaperReceipt, process.DoSupplement: dossier.PaperSupplement, process.DoRefuse: dossier.PaperRefusal}[i.Act]
	base := "/dossiers/" + url.PathEscape(i.Code)
	v := doneView{
		Title: t(ctx, "done.title_"+i.Act), Name: say(ctx, pkg.Name()), Code: i.Code, Text: t(ctx, "done.text_"+i.Act), Again: "/desk/counter/new/" + url.PathEscape(pkg.ID),
		Print: ui.Anchor{Label: t(ctx, "done.print_"+i.Act), Href: base + "/papers/" + paper + ".pdf"},
		Links: []ui.Anchor{{Label: t(ctx, "done.dossier"), Href: "/desk/dossiers/" + url.PathEscape(i.Code)}, {Label: t(ctx, "done.originals"), Href: "/desk/originals"}},
	}
	return web.Render(w, r, http.StatusOK, donePage(v))
}
