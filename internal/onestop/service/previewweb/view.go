package previewweb

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/bpmn"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/pdf"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

func say(ctx context.Context, l decl.Label) string { return l.In(i18n.LangOf(ctx)) }

// frame is what stands on every page: what is shown, and how many problems there are.
type frame struct {
	Version          string
	Watched, Stale   bool
	Errors, Warnings int
}

func (p *Preview) frame(s shown) frame {
	f := frame{Version: s.version, Watched: p.deps.Watched, Stale: s.stale}
	for _, pr := range s.all() {
		switch pr.Level {
		case decl.Warning:
			f.Warnings++
		case decl.Error:
			f.Errors++
		}
	}
	return f
}

// problemsTable names each problem with file, line, element, reason and mend.
func problemsTable(ctx context.Context, dir string, b *i18n.Bundle, ps decl.Problems) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "preview.problems"), CaptionQuiet: true, Empty: i18n.T(ctx, "preview.noProblems"),
		Head: []ui.Column{{Label: i18n.T(ctx, "preview.place")}, {Label: i18n.T(ctx, "preview.element")}, {Label: i18n.T(ctx, "preview.what")}, {Label: i18n.T(ctx, "preview.kind")}},
	}
	for _, p := range ps {
		at := filepath.Join(dir, filepath.FromSlash(p.File))
		if p.Pos.Line > 0 {
			at += ":" + strconv.Itoa(p.Pos.Line)
		}
		tone := ui.ToneStopped
		switch p.Level {
		case decl.Warning:
			tone = ui.ToneWaiting
		case decl.Info:
			tone = ui.ToneNeutral
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Body: ui.LongCode(at)}, ui.T(p.Element), ui.T(b.Map(i18n.LangOf(ctx), p.Key, p.Params)), ui.Tagged(i18n.T(ctx, "preview.level."+p.Level.String()), tone),
		}})
	}
	return t
}

// overviewView is the first page: what the package is and what is wrong with it.
type overviewView struct {
	frame
	Name, Lead string
	Loaded     bool
	Facts      []ui.SummaryRow
	Problems   ui.TableArgs
	Samples    ui.Field
}

func (p *Preview) overviewView(ctx context.Context, s shown) overviewView {
	v := overviewView{frame: p.frame(s), Name: p.deps.Dir, Problems: problemsTable(ctx, p.deps.Dir, p.deps.Bundle, s.all())}
	if s.pkg == nil {
		return v
	}
	t := func(key string, kv ...any) string { return i18n.T(ctx, "preview."+key, kv...) }
	pkg := s.pkg
	level := pkg.Level(p.deps.Working, clock.DateOf(s.env.Now))
	v.Loaded, v.Name, v.Lead = true, say(ctx, pkg.Name()), say(ctx, pkg.Summary())
	row := func(key, value, note string) {
		v.Facts = append(v.Facts, ui.SummaryRow{Key: t(key), Value: ui.Cell{Text: value, Note: note}})
	}
	row("id", pkg.ID+" "+pkg.Version, "")
	row("procedure", pkg.Procedure, "")
	row("maturity", strconv.Itoa(level.N), say(ctx, level.Public(p.deps.Bundle)))
	if fee, err := pkg.FeeOf(s.answers, s.env); err == nil {
		row("fee", fee.Words(p.deps.Bundle, i18n.LangOf(ctx)), fee.Source)
	}
	channels := make([]string, len(pkg.Channels))
	for i, c := range pkg.Channels {
		channels[i] = t("channel." + string(c))
	}
	row("channels", strings.Join(channels, ", "), "")
	row("scenarios", t("played", "n", len(s.traces), "failed", failed(s.traces)), "")
	v.Samples = ui.Field{Name: "scenario", Label: t("sample"), Value: s.sample.Scenario.File}
	for _, tr := range s.traces {
		if len(tr.Answers) > 0 {
			v.Samples.Options = append(v.Samples.Options, ui.Option{Value: tr.Scenario.File, Label: tr.Scenario.File})
		}
	}
	return v
}

func failed(ts []service.Trace) int {
	n := 0
	for _, t := range ts {
		if t.Problems.Failed() {
			n++
		}
	}
	return n
}

type startView struct {
	Name, Lead string
	Needs      []string
	Cases      ui.Field
}

func (s *shown) startView(ctx context.Context) startView {
	v := startView{Name: say(ctx, s.pkg.Name()), Lead: say(ctx, s.pkg.Summary())}
	for _, p := range s.pkg.Papers {
		v.Needs = append(v.Needs, say(ctx, s.pkg.PaperName(p.ID)))
	}
	v.Cases = ui.Field{Name: "case", Label: i18n.T(ctx, "preview.case"), Value: s.env.Case}
	for _, c := range s.pkg.Cases {
		v.Cases.Options = append(v.Cases.Options, ui.Option{Value: c, Label: say(ctx, s.pkg.CaseName(c))})
	}
	return v
}

// formView is one page of the application.
type formView struct {
	Page          form.Page
	Title, Action string
	Above         string
	Back          string
	Steps         []ui.Step
	Problems      ui.Problems
	Given         map[string]string // names of the sample's files by paper
	Groups        []ui.SummaryArgs
	Warnings      []string
}

func (s *shown) formView(ctx context.Context, pages []form.PageInfo, at int, refused error) formView {
	id := pages[at].ID
	v := formView{
		Title: s.pageTitle(ctx, pages[at]), Action: "/form/" + id, Problems: ui.ProblemsOf(ctx, refused), Back: "/start",
		Above: i18n.T(ctx, "preview.step", "name", say(ctx, s.pkg.Name()), "n", at+1, "of", len(pages)), Given: map[string]string{},
	}
	if at > 0 {
		v.Back = "/form/" + pages[at-1].ID
	}
	for i, p := range pages {
		st := ui.Step{Label: s.pageTitle(ctx, p), State: ui.StepTodo, Href: "/form/" + p.ID}
		switch {
		case i == at:
			st.State, st.Href = ui.StepCurrent, ""
		case i < at:
			st.State = ui.StepDone
		}
		v.Steps = append(v.Steps, st)
	}
	for _, f := range s.env.Files {
		v.Given[f.Paper] = f.Name
	}
	var found []errs.Field
	if e, ok := errs.As(refused); ok {
		found = e.Fields
	}
	v.Page, _ = s.pkg.Form.Render(id, s.answers, found, s.env)
	if pages[at].Kind == form.Review {
		s.review(ctx, &v, pages)
	}
	return v
}

func (s *shown) pageTitle(ctx context.Context, p form.PageInfo) string {
	if p.Title.IsZero() {
		return p.ID
	}
	return say(ctx, p.Title)
}

// review is the check before filing, with what Validate says of the whole.
func (s *shown) review(ctx context.Context, v *formView, pages []form.PageInfo) {
	titles, change := map[string]string{}, i18n.T(ctx, "preview.change")
	for _, p := range pages {
		titles[p.ID] = s.pageTitle(ctx, p)
	}
	last := "\x00"
	for _, l := range s.pkg.Form.Lines(s.answers, s.env) {
		if l.Page != last {
			v.Groups = append(v.Groups, ui.SummaryArgs{Title: titles[l.Page], Action: &ui.Anchor{Label: change, Href: "/form/" + l.Page}})
			last = l.Page
		}
		g := &v.Groups[len(v.Groups)-1]
		key := say(ctx, l.Label)
		if !l.Group.IsZero() {
			key = say(ctx, l.Group) + ": " + key
		}
		g.Rows = append(g.Rows, ui.SummaryRow{Key: key, Value: ui.T(say(ctx, l.Text))})
	}
	papers := ui.SummaryArgs{Title: i18n.T(ctx, "preview.papers")}
	for _, f := range s.env.Files {
		papers.Rows = append(papers.Rows, ui.SummaryRow{Key: say(ctx, s.pkg.PaperName(f.Paper)), Value: ui.T(f.Name)})
	}
	if len(papers.Rows) > 0 {
		v.Groups = append(v.Groups, papers)
	}
	res := s.pkg.Form.Validate(s.answers, s.env)
	for _, f := range append(res.Errors, res.Warnings...) {
		v.Warnings = append(v.Warnings, formweb.Sentence(ctx, f.Key, f.Params))
	}
}

// officerView is what is asked at one action, beside the others.
type officerView struct {
	Title, Above, Action, Submit string
	Others                       []ui.Filter
	Page                         form.Page
	Problems                     ui.Problems
	Sent                         bool
}

func (s *shown) officerView(ctx context.Context, o officerForm, f *form.Form, a form.Answers, env form.Env, refused error, taken bool) officerView {
	v := officerView{Action: o.path(), Problems: ui.ProblemsOf(ctx, refused), Sent: taken && refused == nil}
	for _, st := range s.pkg.Process.Steps() {
		for _, act := range st.Actions {
			if _, ok := s.pkg.Form.Officer(st.ID, act.Do); !ok {
				continue
			}
			here := officerForm{st.ID, act.Do}
			label := say(ctx, st.Label) + ": " + s.actionLabel(ctx, st, act)
			v.Others = append(v.Others, ui.Filter{Label: label, Href: here.path(), Count: -1, Current: here == o})
			if here == o {
				v.Title, v.Above, v.Submit = say(ctx, st.Label), roleName(ctx, st.Role), s.actionLabel(ctx, st, act)
			}
		}
	}
	var found []errs.Field
	if e, ok := errs.As(refused); ok {
		found = e.Fields
	}
	v.Page, _ = f.Render("action", a, found, env)
	return v
}

func (s *shown) actionLabel(ctx context.Context, st process.StepInfo, a process.ActionInfo) string {
	if !a.Label.IsZero() {
		return say(ctx, a.Label)
	}
	for _, key := range []string{"action." + st.ID + "." + a.Do, "action." + a.Do} {
		if l, ok := s.pkg.Label(key); ok {
			return say(ctx, l)
		}
	}
	return a.Do
}

func roleName(ctx context.Context, role string) string {
	if role == process.RoleApplicant {
		return i18n.T(ctx, "preview.applicant")
	}
	return orgunit.Role(role).In(i18n.LangOf(ctx))
}

// processView is the way of a dossier, drawn, and as a table: the equal of the drawing.
type processView struct {
	Drawing string
	Steps   ui.TableArgs
}

func (s *shown) processView(ctx context.Context) processView {
	t := func(key string) string { return i18n.T(ctx, "preview.process."+key) }
	v := processView{Steps: ui.TableArgs{
		Caption: t("caption"), CaptionQuiet: true, First: true,
		Head: []ui.Column{{Label: t("step")}, {Label: t("who")}, {Label: t("time")}, {Label: t("actions")}, {Label: t("public")}},
	}}
	if svg, err := bpmn.Draw(s.pkg.Process.Model(), bpmn.DrawOptions{
		Title: say(ctx, s.pkg.Name()), Lang: i18n.LangOf(ctx), Current: s.openSteps(),
		Labels: func(id string) string {
			if st, ok := s.pkg.Process.Step(id); ok {
				return say(ctx, st.Label)
			}
			return ""
		},
	}); err == nil { // without a drawing the table says it all
		v.Drawing = string(svg)
	}
	for i, st := range s.pkg.Process.Steps() {
		acts := make([]string, 0, len(st.Actions))
		for _, a := range st.Actions {
			label := s.actionLabel(ctx, st, a)
			names := make([]string, len(a.To))
			for i, to := range a.To {
				names[i] = s.stepName(ctx, to)
			}
			if len(names) > 0 {
				label += " → " + strings.Join(names, " / ")
			}
			acts = append(acts, label)
		}
		hours := ""
		if st.Minutes > 0 {
			hours = i18n.T(ctx, "preview.process.hours", "n", strconv.FormatFloat(float64(st.Minutes)/60, 'f', -1, 64))
		}
		v.Steps.Rows = append(v.Steps.Rows, ui.Row{Cells: []ui.Cell{
			{Text: strconv.Itoa(i+1) + ". " + say(ctx, st.Label), Note: st.ID}, {Text: roleName(ctx, st.Role), Note: st.Unit}, ui.T(hours),
			{Body: items(acts)}, ui.T(say(ctx, st.Public)),
		}})
	}
	return v
}

// openSteps are where the sample's dossier stands at its end.
func (s *shown) openSteps() []string {
	if n := len(s.sample.Acts); n > 0 {
		return strings.Fields(s.sample.Acts[n-1].Step)
	}
	return nil
}

func (s *shown) stepName(ctx context.Context, id string) string {
	if st, ok := s.pkg.Process.Step(id); ok {
		return say(ctx, st.Label)
	}
	return id
}

// noticeView is a message as the applicant receives it.
type noticeView struct{ Event, Subject, Body, SMS, Lock string }

func (s *shown) noticeViews(ctx context.Context) []noticeView {
	var out []noticeView
	due := s.lastDue()
	for _, m := range s.pkg.Process.Milestones() {
		n, ok := s.pkg.NoticeOf(m)
		if !ok {
			continue
		}
		lang := i18n.LangOf(ctx)
		v := noticeView{Event: m}
		t := n.Write(lang, map[string]string{
			"dossier.code": service.SampleCode, "dossier.due": i18n.DateTime(lang, due), "applicant": s.sample.Scenario.Given.Applicant,
			"service": say(ctx, s.pkg.Name()), "case": say(ctx, s.pkg.CaseName(s.env.Case)),
		})
		v.Subject, v.Body, v.SMS, v.Lock = t.Subject, t.Body, t.SMS, t.Lock
		out = append(out, v)
	}
	return out
}

func (s *shown) lastDue() time.Time {
	for _, t := range append([]service.Trace{s.sample}, s.traces...) {
		for _, a := range t.Acts {
			if !a.Due.IsZero() {
				return a.Due
			}
		}
	}
	return s.env.Now
}

// layout is a result document filled with the sample.
func (s *shown) layout(kind string, b *i18n.Bundle) (pdf.Layout, bool) {
	t := s.sample
	t.Answers, t.Env = s.answers, s.env
	out, ok := s.pkg.Specimen(kind, t)
	out.Page.Watermark = b.T(i18n.VI, "preview.watermark")
	return out, ok
}

// traceView is a scenario as it was played.
type traceView struct {
	Name     string
	Held     bool
	Table    ui.TableArgs
	Problems ui.TableArgs
}

func (s *shown) traceViews(ctx context.Context, dir string) []traceView {
	t := func(key string, kv ...any) string { return i18n.T(ctx, "preview.trace."+key, kv...) }
	var out []traceView
	for _, tr := range s.traces {
		v := traceView{Name: tr.Scenario.File, Held: !tr.Problems.Failed(), Problems: problemsTable(ctx, dir, i18n.BundleOf(ctx), tr.Problems)}
		v.Table = ui.TableArgs{
			Caption: tr.Scenario.File, CaptionQuiet: true,
			Head: []ui.Column{{Label: t("line"), Numeric: true}, {Label: t("act")}, {Label: t("as")}, {Label: t("at")}, {Label: t("after")}, {Label: t("due")}},
		}
		for _, a := range tr.Acts {
			state, due := "", ""
			if a.State != "" {
				state = i18n.T(ctx, "process.state."+a.State)
			}
			if !a.Due.IsZero() {
				due = i18n.DateTime(i18n.LangOf(ctx), a.Due)
			}
			after := ui.Cell{Text: state, Note: a.Step}
			if a.Refusal != "" {
				after = ui.Cell{Text: t("refused"), Note: a.Refusal}
			}
			v.Table.Rows = append(v.Table.Rows, ui.Row{Marked: len(a.Problems) > 0, Cells: []ui.Cell{
				ui.T(strconv.Itoa(a.Pos.Line)), ui.T(a.Do), ui.T(a.As), ui.T(i18n.DateTime(i18n.LangOf(ctx), a.At)), after, ui.T(due),
			}})
		}
		out = append(out, v)
	}
	return out
}
