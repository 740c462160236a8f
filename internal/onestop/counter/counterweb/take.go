package counterweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/i18n"
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

// chooseView is the door of the counter: what is taken in.
type chooseView struct {
	Unit    string
	Query   string
	Offers  []ui.CardArgs
	Waiting []waiting
}

// waiting is an intake that somebody walked away from.
type waiting struct{ Name, Who, When, Href, Forget string }

func (h *handlers) choose(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	unit, err := h.s.Desk(ctx)
	if err != nil {
		return err
	}
	offers, err := h.s.Offers(ctx, unit, q.Get("q"))
	if err != nil {
		return err
	}
	v := chooseView{Unit: h.unit(ctx, unit), Query: q.Get("q")}
	for _, o := range offers {
		c := ui.CardArgs{Title: say(ctx, o.Pkg.Name()), Href: "/desk/counter/new/" + url.PathEscape(o.Pkg.ID), Meta: []string{o.Pkg.Procedure}}
		if o.Used > 0 {
			c.Meta = append(c.Meta, t(ctx, "choose.used", "n", o.Used))
		}
		v.Offers = append(v.Offers, c)
	}
	open, err := h.s.Waiting(ctx, unit)
	if err != nil {
		return err
	}
	for _, i := range open {
		x := waiting{Who: i.Content.Filing.Applicant.Name, When: t(ctx, "choose.left", "by", i.By, "at", i.Updated), Href: inPath(i.ID, ""), Forget: inPath(i.ID, "/forget")}
		if pkg, err := h.s.Package(i.Service); err == nil {
			x.Name = say(ctx, pkg.Name())
		}
		v.Waiting = append(v.Waiting, x)
	}
	return web.Render(w, r, http.StatusOK, choosePage(v))
}

// startView asks who stands there.
type startView struct {
	Key      string
	Service  string
	Name     string
	Cases    ui.Field
	Who      ui.Field
	People   []candidate
	Problems ui.Problems
}

// candidate is one of several people who share a phone or an old number.
type candidate struct{ ID, Name, Note string }

func (h *handlers) start(w http.ResponseWriter, r *http.Request) error {
	return h.showStart(w, r, http.StatusOK, "", "", nil, nil)
}

func (h *handlers) showStart(w http.ResponseWriter, r *http.Request, status int, variant, who string, several counter.Found, refused error) error {
	ctx := r.Context()
	pkg, err := h.s.Package(r.PathValue("service"))
	if err != nil {
		return err
	}
	v := startView{Key: web.NewKey(), Service: pkg.ID, Name: say(ctx, pkg.Name()), Problems: ui.ProblemsOf(ctx, refused)}
	v.Who = ui.Field{Name: "who", Label: t(ctx, "start.who"), Hint: t(ctx, "start.whoHint"), Value: who, Error: v.Problems.For("who"), Capitals: "none"}
	v.Cases = ui.Field{Name: "case", Label: t(ctx, "start.case"), Value: variant, Small: true, Inline: true, Error: v.Problems.For("case")}
	for _, c := range pkg.Cases {
		v.Cases.Options = append(v.Cases.Options, ui.Option{Value: c, Label: say(ctx, pkg.CaseName(c))})
	}
	if v.Cases.Value == "" && len(pkg.Cases) > 0 {
		v.Cases.Value = pkg.Cases[0]
	}
	for _, p := range several {
		v.People = append(v.People, candidate{p.ID.String(), p.Facts.Name, strings.Join(known(ctx, p)[1:], " · ")})
	}
	return web.Render(w, r, status, startPage(v))
}

// known says what identifies a person without showing their number.
func known(ctx context.Context, p person.Person) []string {
	out := []string{p.Facts.Name, p.Number.Masked()}
	if y, m, ok := strings.Cut(p.Facts.Born, "-"); ok {
		month, day, _ := strings.Cut(m, "-")
		out = append(out, t(ctx, "person.born", "date", day+"/"+month+"/"+y))
	}
	if p.Facts.Address != "" {
		out = append(out, p.Facts.Address)
	}
	return out
}

func (h *handlers) begin(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	in := counter.Opening{Service: r.PathValue("service"), Case: f.Get("case"), Who: f.Get("who"), Lang: string(i18n.LangOf(ctx)), Key: key}
	if chosen := f.Get("person"); chosen != "" {
		if in.Person, err = personID(chosen); err != nil {
			return err
		}
	}
	i, several, err := h.s.Begin(ctx, in)
	switch {
	case errs.Is(err, errs.Invalid):
		return h.showStart(w, r, web.ProblemOf(ctx, err).Status, in.Case, "", nil, err)
	case err != nil:
		return err
	case len(several) > 0:
		return h.showStart(w, r, http.StatusOK, in.Case, "", several, nil)
	}
	return web.Redirect(w, r, inPath(i.ID, ""))
}

func (h *handlers) open(r *http.Request) (i counter.Intake, pkg *service.Package, err error) {
	v, err := web.PathID[counter.Intake](r, "id")
	if err != nil {
		return i, nil, err
	}
	if i, err = h.s.Open(r.Context(), v); err != nil {
		return i, nil, err
	}
	pkg, err = h.s.Package(i.Service)
	return i, pkg, err
}

func (h *handlers) intake(w http.ResponseWriter, r *http.Request) error {
	i, pkg, err := h.open(r)
	if err != nil {
		return err
	}
	if i.Filed() {
		return h.done(w, r, i, pkg)
	}
	return h.showIntake(w, r, http.StatusOK, i, pkg, "", nil, nil)
}

// save keeps what was typed, right or wrong, and goes on to the check where it is right.
func (h *handlers) save(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	i, pkg, err := h.open(r)
	if err != nil {
		return err
	}
	if i.Filed() {
		return web.Redirect(w, r, inPath(i.ID, ""))
	}
	read(&i, pkg, sent, h.s.Env(i))
	if sent.Has(form.RefreshName) {
		v := h.view(ctx, i, pkg, sent.Get("number"), nil)
		return web.Render(w, r, http.StatusOK, questionsRegion(v))
	}
	refused := h.scans(r, &i, pkg, sent)
	if err := h.s.Choose(ctx, &i, sent.Get("mandate")); errs.Is(err, errs.Invalid) {
		refused = both(refused, err)
	} else if err != nil {
		return err
	}
	saved, err := h.s.Save(ctx, i, sent.Get("number"))
	switch {
	case errs.Is(err, errs.Conflict):
		return h.showIntake(w, r, http.StatusConflict, i, pkg, sent.Get("number"), nil, &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true})
	case errs.Is(err, errs.Invalid):
		// The number is wrong; all else must not be lost for it.
		refused = both(refused, err)
		if saved, err = h.s.Save(ctx, i, ""); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	i = saved
	switch {
	case sent.Get("later") != "":
		return web.Redirect(w, r, "/desk/counter")
	case form.Stays(sent):
		return web.Redirect(w, r, inPath(i.ID, formweb.Anchor(sent, i.Content.Answers)))
	case refused == nil && (sent.Get("add") != "" || sent.Get("remove") != ""):
		return web.Redirect(w, r, inPath(i.ID, "#papers"))
	}
	if fresh := unseen(pkg.Form.Papers(i.Content.Answers, h.s.Env(i)), sent); refused == nil && len(fresh) > 0 {
		// Answers of this page asked for papers that it did not show: they are counted first.
		for _, n := range fresh {
			i.Content.Counts[n.ID] = counter.Asked(n)
		}
		return h.showIntake(w, r, http.StatusOK, i, pkg, "", nil, &ui.BannerArgs{Text: t(ctx, "papers.changed"), Tone: ui.ToneWaiting, Alert: true})
	}
	review, err := h.s.Check(ctx, i)
	if err != nil {
		return err
	}
	if !review.Ready() && !review.Lacking() {
		refused = both(refused, review.Result.Err())
	}
	if refused != nil {
		return h.showIntake(w, r, http.StatusUnprocessableEntity, i, pkg, sent.Get("number"), refused, nil)
	}
	return web.Redirect(w, r, inPath(i.ID, "/check"))
}

// both joins what two checks found.
func both(a, b error) error {
	ea, ok := errs.As(a)
	if !ok {
		return b
	}
	eb, ok := errs.As(b)
	if !ok {
		return a
	}
	fields := append(slices.Clone(ea.Fields), eb.Fields...)
	return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(fields)), errs.WithFields(fields...))
}

// read takes everything of the page into the intake.
func read(i *counter.Intake, pkg *service.Package, sent url.Values, env form.Env) {
	c := &i.Content
	for _, p := range pkg.Form.Pages(c.Answers, env) {
		if p.Kind == form.Questions {
			c.Answers = pkg.Form.ParsePage(p.ID, sent, c.Answers, env)
		}
	}
	f := &c.Filing
	f.Applicant = dossier.Party{Name: sent.Get("applicant.name"), Phone: sent.Get("applicant.phone"), Email: sent.Get("applicant.email")}
	f.Submitter = dossier.Party{}
	if name := strings.TrimSpace(sent.Get("submitter.name")); name != "" {
		f.Submitter = dossier.Party{Name: name, Phone: sent.Get("submitter.phone"), Capacity: "authorised"}
	}
	f.Delivery = dossier.Delivery{Method: sent.Get("delivery.method"), Address: sent.Get("delivery.address")}
	if f.Delivery.Method != "post" {
		f.Delivery.Address = ""
	}
	f.Copies = number(sent.Get("copies"))
	c.Counts = map[string]counter.Count{}
	for _, n := range pkg.Form.Papers(c.Answers, env) {
		x := counter.Count{
			Originals: number(sent.Get("originals." + n.ID)), Copies: number(sent.Get("copies." + n.ID)),
			Shown: slices.Contains(sent["how."+n.ID], "shown"), Electronic: slices.Contains(sent["how."+n.ID], "electronic"),
		}
		if x.Any() {
			c.Counts[n.ID] = x
		}
	}
}

// unseen are the papers that must be there and that the page which was sent did not show.
func unseen(needs []form.PaperNeed, sent url.Values) []form.PaperNeed {
	if !sent.Has(papersName) {
		return nil
	}
	shown := strings.Fields(sent.Get(papersName))
	return slices.DeleteFunc(slices.Clone(needs), func(n form.PaperNeed) bool {
		return !n.Required || n.ShownOnly || slices.Contains(shown, n.ID)
	})
}

// papersName is the hidden input that lists the papers of the page.
const papersName = "_papers"

// number reads a count of papers; what is none, or more than a counter takes, is 0 or 99.
func number(s string) int {
	n := 0
	for _, c := range strings.TrimSpace(s) {
		if c < '0' || c > '9' {
			return 0
		}
		if n = n*10 + int(c-'0'); n > 99 {
			return 99
		}
	}
	return n
}

// scans keeps the files that the form brought, and takes one away.
func (h *handlers) scans(r *http.Request, i *counter.Intake, pkg *service.Package, sent url.Values) error {
	c := &i.Content
	if gone := sent.Get("remove"); gone != "" {
		c.Papers = slices.DeleteFunc(slices.Clone(c.Papers), func(f form.File) bool { return f.Paper+"/"+f.SHA256 == gone })
		return nil
	}
	var bad []errs.Field
	for _, need := range h.needs(*i, pkg) {
		refused, err := uploadweb.Whole(r, h.uploads, need, func(f form.File) error {
			c.Papers = counter.WithScan(c.Papers, f)
			return nil
		})
		if err != nil {
			return err
		}
		bad = append(bad, refused...)
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "form.invalid", errs.P("n", len(bad)), errs.WithFields(bad...))
	}
	return nil
}

// needs are the papers and file questions of an intake. What is shown only may be scanned too.
func (h *handlers) needs(i counter.Intake, pkg *service.Package) []form.PaperNeed {
	env := h.s.Env(i)
	out := pkg.Form.Papers(i.Content.Answers, env)
	for _, p := range pkg.Form.Pages(i.Content.Answers, env) {
		out = append(out, pkg.Form.Files(p.ID, i.Content.Answers, env)...)
	}
	return out
}

// place is where an intake's scans are sent to in pieces.
func (h *handlers) place(r *http.Request) (uploadweb.Place, error) {
	i, pkg, err := h.open(r)
	if err != nil {
		return uploadweb.Place{}, err
	}
	if i.Filed() {
		return uploadweb.Place{}, errs.E(errs.NotFound, "counter.intake.notFound")
	}
	return h.placeOf(r, i, pkg), nil
}

func (h *handlers) scan(w http.ResponseWriter, r *http.Request) error {
	i, _, err := h.open(r)
	if err != nil {
		return err
	}
	digest := r.PathValue("digest")
	at := slices.IndexFunc(i.Content.Papers, func(f form.File) bool { return f.SHA256 == digest && digest != "" })
	if at < 0 {
		return errs.E(errs.NotFound, "web.error.not_found")
	}
	f := i.Content.Papers[at]
	body, err := h.uploads.Open(r.Context(), f)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return web.Send(w, r, web.Download{Name: f.Name, Type: filecheck.MediaType(f.Type), Size: f.Size, Inline: true, Body: body})
}

func (h *handlers) forget(w http.ResponseWriter, r *http.Request) error {
	i, _, err := h.open(r)
	if err != nil {
		return err
	}
	if err := h.s.Forget(r.Context(), i); err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/counter")
}

func (h *handlers) check(w http.ResponseWriter, r *http.Request) error {
	i, pkg, err := h.open(r)
	if err != nil {
		return err
	}
	if i.Filed() {
		return web.Redirect(w, r, inPath(i.ID, ""))
	}
	return h.showCheck(w, r, http.StatusOK, i, pkg, nil, nil)
}

// file makes the dossier and does the first act on it.
func (h *handlers) file(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, err := web.Form(r)
	if err != nil {
		return err
	}
	i, pkg, err := h.open(r)
	if err != nil {
		return err
	}
	act := sent.Get("act")
	if act == "" {
		act = process.DoAccept
	}
	_, err = h.s.File(ctx, i, act, sent.Get("reason"))
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch, errs.Forbidden:
		if err != nil {
			return h.showCheck(w, r, web.ProblemOf(ctx, err).Status, i, pkg, sent, err)
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, inPath(i.ID, ""))
}
