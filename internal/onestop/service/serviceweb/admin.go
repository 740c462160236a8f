package serviceweb

import (
	"context"
	"embed"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/service"
)

// Messages are this package's sentences (keys under "serviceweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// root is where the pages of the library stand.
const root = "/admin/services"

// pages are the library's pages: for those who decide, and for who submitted.
func (d Deps) pages() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: root, Policy: service.MayDecide, Do: d.listPage},
		{Method: http.MethodPost, Path: root, Policy: service.MayDecide, Do: d.handIn, MaxBody: service.MaxArchive + 64<<10},
		{Method: http.MethodGet, Path: root + "/{id}", Policy: service.MayDecide, Do: d.submissionPage},
		{Method: http.MethodPost, Path: root + "/{id}/review", Policy: service.MayDecide, Do: d.review},
		{Method: http.MethodPost, Path: root + "/{id}/publish", Policy: service.MayDecide, Do: d.publish},
		{Method: http.MethodPost, Path: root + "/{id}/retire", Policy: service.MayDecide, Do: d.retire},
	}
}

type listView struct {
	Key         string
	Problems    ui.Problems
	Submissions ui.TableArgs
	InForce     ui.TableArgs
}

type submissionView struct {
	X         service.Submission
	Name      string
	Path      string
	Key       string
	Problems  ui.Problems
	Facts     []ui.SummaryRow
	Own       bool          // the reader submitted it
	May       service.Stage // what can be decided now; "" nothing
	Reason    string
	Day       string
	Checks    ui.TableArgs
	DiffTitle string
	Diff      ui.TableArgs
	Drawing   string
	Steps     ui.TableArgs
	Files     ui.TableArgs
}

func tr(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "serviceweb."+key, kv...)
}

func stageTone(s service.Stage) ui.Tone {
	switch s {
	case service.Submitted:
		return ui.ToneNew
	case service.Reviewed:
		return ui.ToneActive
	case service.Published:
		return ui.ToneDone
	case service.Rejected:
		return ui.ToneStopped
	case service.Retired:
	}
	return ui.ToneNeutral
}

func when(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return i18n.DateTime(i18n.LangOf(ctx), t)
}

func onDay(ctx context.Context, d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return i18n.T(ctx, "serviceweb.day", "date", d)
}

func (d Deps) listPage(w http.ResponseWriter, r *http.Request) error {
	return d.listWith(w, r, http.StatusOK, nil)
}

func (d Deps) listWith(w http.ResponseWriter, r *http.Request, status int, ps ui.Problems) error {
	ctx := r.Context()
	all, err := d.Library.Submissions(ctx)
	if err != nil {
		return err
	}
	v := listView{Key: web.NewKey(), Problems: ps}
	v.Submissions = ui.TableArgs{
		Caption: tr(ctx, "submissions"), CaptionQuiet: true, First: true, Empty: tr(ctx, "noSubmissions"),
		Head: []ui.Column{{Label: tr(ctx, "col.service")}, {Label: tr(ctx, "col.version")}, {Label: tr(ctx, "col.stage")}, {Label: tr(ctx, "col.by")}, {Label: tr(ctx, "col.days")}},
	}
	for _, x := range all {
		v.Submissions.Rows = append(v.Submissions.Rows, ui.Row{Marked: x.Stage == service.Submitted || x.Stage == service.Reviewed, Cells: []ui.Cell{
			{Text: x.Service, Href: root + "/" + x.ID.String(), Note: x.Procedure}, ui.T(x.Version), ui.Tagged(tr(ctx, "stage."+string(x.Stage)), stageTone(x.Stage)),
			{Text: x.SubmittedName, Note: when(ctx, x.SubmittedAt)}, ui.T(span(ctx, x.From, x.Until)),
		}})
	}
	lang, today := i18n.LangOf(ctx), clock.DateOf(d.Clock.Now())
	v.InForce = ui.TableArgs{
		Caption: tr(ctx, "inForce"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: tr(ctx, "col.service")}, {Label: tr(ctx, "col.version")}, {Label: tr(ctx, "col.level")}, {Label: tr(ctx, "col.days")}},
	}
	works := d.Supports.City(ctx, today)
	for _, p := range d.Services.On(today) {
		l := p.Level(works, today)
		end := p.To
		if !end.IsZero() {
			end = end.AddDays(1)
		}
		v.InForce.Rows = append(v.InForce.Rows, ui.Row{Cells: []ui.Cell{
			{Text: p.Name().In(lang), Note: p.ID}, ui.T(p.Version), {Text: l.Word(d.Bundle).In(lang), Note: l.Reason(d.Bundle).In(lang)}, ui.T(span(ctx, p.From, end)),
		}})
	}
	return web.Render(w, r, status, listPage(v))
}

// span are the days in force; until is the first day on which it is no more.
func span(ctx context.Context, from, until clock.Date) string {
	switch {
	case from.IsZero():
		return ""
	case until.IsZero():
		return tr(ctx, "since", "from", from)
	}
	return tr(ctx, "between", "from", from, "to", until.AddDays(-1))
}

// handIn takes an uploaded archive.
func (d Deps) handIn(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if _, err := web.Form(r); err != nil {
		return err
	}
	key, err := web.ClientKey(r)
	if err != nil {
		return err
	}
	archive, err := uploaded(r)
	if err != nil {
		return d.refused(w, r, err)
	}
	x, err := d.Library.Submit(ctx, key, archive)
	if err != nil {
		return d.refused(w, r, err)
	}
	return web.Redirect(w, r, root+"/"+x.ID.String())
}

func uploaded(r *http.Request) ([]byte, error) {
	files, err := web.Files(r, "package")
	if err != nil {
		return nil, err
	}
	if len(files) != 1 || files[0].Size > service.MaxArchive {
		return nil, errs.E(errs.Invalid, "serviceweb.oneFile", errs.WithFields(errs.Field{Path: "package", Key: "serviceweb.oneFile"}))
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, service.MaxArchive+1))
}

// refused shows the list again with what is wrong with the package: file, line, element,
// reason and mend.
func (d Deps) refused(w http.ResponseWriter, r *http.Request, err error) error {
	e, ok := errs.As(err)
	if !ok || e.Kind != errs.Invalid && e.Kind != errs.Conflict && e.Kind != errs.TooLarge {
		return err
	}
	ps := ui.ProblemsOf(r.Context(), err)
	for i, f := range e.Fields {
		if f.Path != "package" && i < len(ps) {
			ps[i] = ui.Problem{Field: "package", Text: strings.TrimSuffix(f.Path, ":") + ": " + ps[i].Text}
		}
	}
	if len(e.Fields) == 0 && len(ps) == 1 {
		ps[0].Field = "package"
	}
	const most = 30
	if len(ps) > most {
		ps = ps[:most]
	}
	return d.listWith(w, r, web.ProblemOf(r.Context(), err).Status, ps)
}

func (d Deps) find(r *http.Request) (service.Submission, error) {
	v, err := web.PathID[service.Submission](r, "id")
	if err != nil {
		return service.Submission{}, err
	}
	return d.Library.Submission(r.Context(), v)
}

func (d Deps) submissionPage(w http.ResponseWriter, r *http.Request) error {
	x, err := d.find(r)
	if err != nil {
		return err
	}
	return d.show(w, r, http.StatusOK, x, nil, nil)
}

func (d Deps) show(w http.ResponseWriter, r *http.Request, status int, x service.Submission, ps ui.Problems, sent url.Values) error {
	ctx := r.Context()
	pkg, problems, err := d.Library.Package(ctx, x)
	if err != nil {
		return err
	}
	sub := auth.From(ctx)
	v := submissionView{
		X: x, Name: x.Service, Path: root + "/" + x.ID.String(), Key: web.NewKey(), Problems: ps, Own: x.SubmittedBy == sub.Account,
		Reason: sent.Get("reason"), Day: clock.DateOf(d.Clock.Now()).AddDays(1).String(),
	}
	if !v.Own && (x.Stage == service.Submitted || x.Stage == service.Reviewed || x.Stage == service.Published) {
		v.May = x.Stage
	}
	lang := i18n.LangOf(ctx)
	v.Facts = []ui.SummaryRow{
		{Key: tr(ctx, "col.stage"), Value: ui.Tagged(tr(ctx, "stage."+string(x.Stage)), stageTone(x.Stage))},
		{Key: tr(ctx, "col.version"), Value: ui.T(x.Version)},
		{Key: tr(ctx, "author"), Value: ui.T(x.Author)},
		{Key: tr(ctx, "digest"), Value: ui.T(x.Digest)},
		{Key: tr(ctx, "by.submitted"), Value: ui.Cell{Text: x.SubmittedName, Note: when(ctx, x.SubmittedAt)}},
	}
	for _, act := range []struct {
		key, name, note string
	}{
		{"by.reviewed", x.ReviewedName, when(ctx, x.ReviewedAt)}, {"by.published", x.PublishedName, onDay(ctx, x.From)},
		{"by.retired", x.RetiredName, onDay(ctx, x.Until)}, {"reason", x.Reason, ""},
	} {
		if act.name != "" {
			v.Facts = append(v.Facts, ui.SummaryRow{Key: tr(ctx, act.key), Value: ui.Cell{Text: act.name, Note: act.note}})
		}
	}
	v.Checks = checksTable(ctx, problems)
	if pkg != nil {
		v.Name = pkg.Name().In(lang) + " " + x.Version
		today := clock.DateOf(d.Clock.Now())
		l := pkg.Level(d.Supports.City(ctx, today), today)
		v.Facts = append(v.Facts, ui.SummaryRow{Key: tr(ctx, "col.level"), Value: ui.Cell{Text: l.Word(d.Bundle).In(lang), Note: l.Reason(d.Bundle).In(lang)}})
		before := d.Services.Before(pkg)
		v.DiffTitle, v.Diff = tr(ctx, "diffFirst"), diffTable(ctx, service.Diff(before, pkg), before == nil)
		if before != nil {
			v.DiffTitle = tr(ctx, "diff", "version", before.Version)
		}
		v.Drawing, v.Steps, v.Files = drawing(ctx, pkg), stepsTable(ctx, pkg), filesTable(ctx, pkg)
	}
	return web.Render(w, r, status, submissionPage(v))
}

func checksTable(ctx context.Context, problems decl.Problems) ui.TableArgs {
	t := ui.TableArgs{
		Caption: tr(ctx, "checks"), CaptionQuiet: true, Empty: tr(ctx, "noProblems"),
		Head: []ui.Column{{Label: tr(ctx, "col.level2")}, {Label: tr(ctx, "col.place")}, {Label: tr(ctx, "col.problem")}},
	}
	b, lang := i18n.BundleOf(ctx), i18n.LangOf(ctx)
	for _, p := range problems {
		tone := ui.ToneWaiting
		if p.Level == decl.Error {
			tone = ui.ToneStopped
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Tagged(tr(ctx, "problem."+p.Level.String()), tone), {Text: place(p), Note: p.Element}, ui.T(b.Map(lang, p.Key, localized(lang, p.Params))),
		}})
	}
	return t
}

// localized turns labels among parameters into the reader's language.
func localized(lang i18n.Lang, in errs.Params) errs.Params {
	out := make(errs.Params, len(in))
	for k, v := range in {
		if l, ok := v.(decl.Label); ok {
			v = l.In(lang)
		}
		out[k] = v
	}
	return out
}

func diffTable(ctx context.Context, changes []service.Change, first bool) ui.TableArgs {
	t := ui.TableArgs{
		Caption: tr(ctx, "diffCaption"), CaptionQuiet: true, Empty: tr(ctx, "noDiff"),
		Head: []ui.Column{{Label: tr(ctx, "col.part")}, {Label: tr(ctx, "col.what")}, {Label: tr(ctx, "col.was")}, {Label: tr(ctx, "col.is")}},
	}
	if first {
		t.Empty = tr(ctx, "noBefore")
	}
	tones := map[string]ui.Tone{"added": ui.ToneDone, "removed": ui.ToneStopped, "changed": ui.ToneActive}
	for _, c := range changes {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: tr(ctx, "part."+c.Part), Note: c.ID}, ui.Tagged(tr(ctx, "what."+c.What), tones[c.What]), ui.T(c.Was), ui.T(c.Is),
		}})
	}
	return t
}

func drawing(ctx context.Context, pkg *service.Package) string {
	svg, err := bpmn.Draw(pkg.Process.Model(), bpmn.DrawOptions{
		Title: pkg.Name().In(i18n.LangOf(ctx)), Lang: i18n.LangOf(ctx),
		Labels: func(id string) string {
			if s, ok := pkg.Process.Step(id); ok {
				return s.Label.In(i18n.LangOf(ctx))
			}
			return ""
		},
	})
	if err != nil {
		return "" // the table below says it all
	}
	return string(svg)
}

func stepsTable(ctx context.Context, pkg *service.Package) ui.TableArgs {
	lang := i18n.LangOf(ctx)
	t := ui.TableArgs{
		Caption: tr(ctx, "process"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: tr(ctx, "col.step")}, {Label: tr(ctx, "col.role")}, {Label: tr(ctx, "col.hours"), Numeric: true}, {Label: tr(ctx, "col.actions")}},
	}
	for _, s := range pkg.Process.Steps() {
		var acts []string
		for _, a := range s.Actions {
			acts = append(acts, a.Do)
		}
		hours := ""
		if s.Minutes > 0 {
			hours = strconv.FormatFloat(float64(s.Minutes)/60, 'f', -1, 64)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: s.Label.In(lang), Note: s.ID}, {Text: s.Role, Note: s.Unit}, ui.T(hours), ui.T(strings.Join(acts, ", "))}})
	}
	return t
}

func filesTable(ctx context.Context, pkg *service.Package) ui.TableArgs {
	t := ui.TableArgs{
		Caption: tr(ctx, "files"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: tr(ctx, "col.file")}, {Label: tr(ctx, "col.bytes"), Numeric: true}, {Label: "SHA-256"}},
	}
	for _, f := range pkg.Manifest {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(f.Path), ui.T(i18n.Number(i18n.LangOf(ctx), f.Size)), ui.T(f.SHA256[:16])}})
	}
	return t
}

// act runs a decision and shows the page again where it was refused.
func (d Deps) act(w http.ResponseWriter, r *http.Request, do func(ctx context.Context, key string, v service.SubmissionID, sent url.Values) (service.Submission, error)) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	x, err := d.find(r)
	if err != nil {
		return err
	}
	if _, err = do(r.Context(), key, x.ID, sent); err == nil {
		return web.Redirect(w, r, root+"/"+x.ID.String())
	}
	if e, ok := errs.As(err); ok && (e.Kind == errs.Invalid || e.Kind == errs.Conflict || e.Kind == errs.Forbidden) {
		if again, findErr := d.find(r); findErr == nil {
			x = again
		}
		return d.show(w, r, web.ProblemOf(r.Context(), err).Status, x, ui.ProblemsOf(r.Context(), err), sent)
	}
	return err
}

func (d Deps) review(w http.ResponseWriter, r *http.Request) error {
	return d.act(w, r, func(ctx context.Context, key string, v service.SubmissionID, sent url.Values) (service.Submission, error) {
		return d.Library.Review(ctx, key, v, sent.Get("decision") == "approve", sent.Get("reason"))
	})
}

// sentDay reads the three boxes of a date.
func sentDay(sent url.Values, name string) (clock.Date, error) {
	two := func(s string) string {
		if len(s) == 1 {
			return "0" + s
		}
		return s
	}
	day, err := clock.ParseDate(sent.Get(name+".year") + "-" + two(sent.Get(name+".month")) + "-" + two(sent.Get(name+".day")))
	if err != nil {
		return day, errs.E(errs.Invalid, "serviceweb.badDay", errs.WithFields(errs.Field{Path: name, Key: "serviceweb.badDay"}))
	}
	return day, nil
}

func (d Deps) publish(w http.ResponseWriter, r *http.Request) error {
	return d.act(w, r, func(ctx context.Context, key string, v service.SubmissionID, sent url.Values) (service.Submission, error) {
		day, err := sentDay(sent, "from")
		if err != nil {
			return service.Submission{}, err
		}
		return d.Library.Publish(ctx, key, v, day)
	})
}

func (d Deps) retire(w http.ResponseWriter, r *http.Request) error {
	return d.act(w, r, func(ctx context.Context, key string, v service.SubmissionID, sent url.Values) (service.Submission, error) {
		day, err := sentDay(sent, "until")
		if err != nil {
			return service.Submission{}, err
		}
		return d.Library.Retire(ctx, key, v, day, sent.Get("reason"))
	})
}
