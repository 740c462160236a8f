package health

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
)

// Messages are this package's sentences (keys under "health").
//
//go:embed i18n/*.yaml
var Messages embed.FS

const path = "/admin/health"

type handlers struct{ svc *Service }

// Routes are the page and the acts on jobs that gave up.
func Routes(s *Service) web.Module {
	h := handlers{s}
	read, mend := auth.AnyRole("leader", "designer", "steward", "auditor"), auth.AnyRole("leader", "designer", "steward")
	return web.Module{Name: "health", Routes: []web.Route{
		{Method: http.MethodGet, Path: path, Policy: read, Do: h.look},
		{Method: http.MethodGet, Path: path + "/jobs/{id}", Policy: read, Do: h.job},
		{Method: http.MethodPost, Path: path + "/jobs/{id}", Policy: mend, Do: h.decide},
	}}
}

func say(ctx context.Context, key string, kv ...any) string { return i18n.T(ctx, "health."+key, kv...) }

type view struct {
	Done     string
	Findings []findingView
	Figures  []ui.Figure
	Checks   ui.TableArgs
	Queues   ui.TableArgs
	Work     ui.TableArgs
	Dead     ui.TableArgs
	Again    ui.TableArgs
	Slow     ui.TableArgs
	Journal  ui.SummaryArgs
	Follow   ui.TableArgs
	Machine  ui.SummaryArgs
}

type findingView struct {
	Title string // unlike every other's on the page
	Text  string
	Tone  ui.Tone
	Link  *ui.Anchor
}

func (h handlers) look(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	st, err := h.svc.Look(ctx)
	if err != nil {
		return err
	}
	v := view{Figures: figures(ctx, st), Checks: checks(ctx, st), Queues: queues(ctx, st), Work: work(ctx, st), Slow: slow(ctx, st), Journal: log(ctx, st), Follow: followers(ctx, st), Machine: h.machine(ctx, st)}
	if d := q.Get("done"); d == string(Retry) || d == string(Discard) {
		v.Done = say(ctx, "done."+d)
	}
	for _, f := range st.Findings() {
		x := findingView{Title: say(ctx, "find.titles."+f.Key, f.Params...), Text: say(ctx, "find."+f.Key, f.Params...), Tone: ui.ToneWaiting}
		if f.Urgent {
			x.Tone = ui.ToneStopped
		}
		if f.Href != "" {
			x.Link = &ui.Anchor{Label: say(ctx, "find.see"), Href: f.Href}
		}
		v.Findings = append(v.Findings, x)
	}
	v.Dead = jobTable(ctx, "dead", st.Dead, true)
	v.Again = jobTable(ctx, "struggling", st.Struggling, false)
	return web.Render(w, r, http.StatusOK, page(v))
}

func number(ctx context.Context, n int64) string { return i18n.Number(i18n.LangOf(ctx), n) }

// span says a time that passed in its largest unit.
func span(ctx context.Context, d time.Duration) string {
	switch {
	case d < time.Second:
		return say(ctx, "span.ms", "n", d.Milliseconds())
	case d < 2*time.Minute:
		return say(ctx, "span.s", "n", int64(d/time.Second))
	case d < 2*time.Hour:
		return say(ctx, "span.min", "n", int64(d/time.Minute))
	case d < 48*time.Hour:
		return say(ctx, "span.h", "n", int64(d/time.Hour))
	}
	return say(ctx, "span.d", "n", int64(d/(24*time.Hour)))
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func figures(ctx context.Context, st State) []ui.Figure {
	var due, waiting int64
	for _, q := range st.Queues {
		due, waiting = due+q.Due, waiting+q.Waiting
	}
	tone := func(bad bool) ui.Tone {
		if bad {
			return ui.ToneLate
		}
		return ui.ToneDone
	}
	open, _, _ := st.Value("khue_tasks_open")
	overdue, _, _ := st.Value("khue_tasks_overdue")
	return []ui.Figure{
		{Label: say(ctx, "fig.due"), Value: number(ctx, due), Note: say(ctx, "fig.dueNote", "n", waiting)},
		{Label: say(ctx, "fig.dead"), Value: number(ctx, st.DeadAll), Tone: tone(st.DeadAll > 0)},
		{Label: say(ctx, "fig.tasks"), Value: number(ctx, int64(open)), Note: say(ctx, "fig.tasksNote", "n", int64(overdue))},
		{Label: say(ctx, "fig.disk"), Value: number(ctx, percent(st.Free, st.Size)) + " %", Note: size(ctx, int64(st.Free)), Tone: tone(low(st.Free, st.Size))}, //nolint:gosec // sizes of disks
	}
}

func size(ctx context.Context, n int64) string {
	if n >= 10<<30 {
		return number(ctx, n>>30) + " GB"
	}
	if n >= 10<<20 {
		return number(ctx, n>>20) + " MB"
	}
	return number(ctx, n>>10) + " KB"
}

func checks(ctx context.Context, st State) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "checks.title"), CaptionQuiet: true, First: true, Empty: say(ctx, "checks.none"), Head: []ui.Column{{Label: say(ctx, "checks.name")}, {Label: say(ctx, "checks.state"), Tight: true}}}
	for _, c := range st.Checks {
		tag := ui.Tagged(say(ctx, "checks.ok"), ui.ToneDone)
		if c.Err != nil {
			tag = ui.Tagged(say(ctx, "checks.failed"), ui.ToneLate)
			if e, ok := errs.As(c.Err); ok && e.Key != "" {
				tag.Note = i18n.T(ctx, e.Key, pairs(e.Params)...)
			}
		}
		t.Rows = append(t.Rows, ui.Row{Marked: c.Err != nil, Cells: []ui.Cell{ui.T(c.Name), tag}})
	}
	return t
}

func pairs(p errs.Params) (out []any) {
	for k, v := range p {
		out = append(out, k, v)
	}
	return out
}

func queues(ctx context.Context, st State) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "queues.title"), CaptionQuiet: true, First: true, Empty: say(ctx, "queues.none"), Head: []ui.Column{
		{Label: say(ctx, "queues.kind")}, {Label: say(ctx, "queues.waiting"), Numeric: true}, {Label: say(ctx, "queues.due"), Numeric: true}, {Label: say(ctx, "queues.oldest"), Numeric: true}, {Label: say(ctx, "queues.dead"), Numeric: true},
	}}
	for _, q := range st.Queues {
		oldest := "–"
		if q.Due > 0 {
			oldest = span(ctx, q.Oldest)
		}
		t.Rows = append(t.Rows, ui.Row{Marked: q.Oldest > lateJob || q.Dead > 0, Cells: []ui.Cell{
			ui.T(q.Kind), ui.T(number(ctx, q.Waiting)), ui.T(number(ctx, q.Due)), ui.T(oldest), ui.T(number(ctx, q.Dead)),
		}})
	}
	return t
}

// work is what waits for people, by tier, as it was read last.
func work(ctx context.Context, st State) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "work.title"), CaptionQuiet: true, First: true, Empty: say(ctx, "work.none"), Head: []ui.Column{
		{Label: say(ctx, "work.tier")}, {Label: say(ctx, "work.open"), Numeric: true}, {Label: say(ctx, "work.overdue"), Numeric: true}, {Label: say(ctx, "work.worst"), Numeric: true},
	}}
	type sums struct{ open, late, worst float64 }
	by := map[string]*sums{}
	for _, r := range st.Figures {
		for _, v := range r.Values {
			if !strings.HasPrefix(v.Name, "khue_tasks_") || len(v.Labels) == 0 {
				continue
			}
			x := by[v.Labels[0]]
			if x == nil {
				x = &sums{}
				by[v.Labels[0]] = x
			}
			switch v.Name {
			case "khue_tasks_open":
				x.open += v.N
			case "khue_tasks_overdue":
				x.late += v.N
			default:
				x.worst = max(x.worst, v.N)
			}
		}
	}
	for _, tier := range []string{"city", "district", "commune", "none"} {
		if x := by[tier]; x != nil {
			worst := "–"
			if x.worst > 0 {
				worst = span(ctx, time.Duration(x.worst)*time.Second)
			}
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(say(ctx, "work.is."+tier)), ui.T(number(ctx, int64(x.open))), ui.T(number(ctx, int64(x.late))), ui.T(worst)}})
		}
	}
	return t
}

func jobTable(ctx context.Context, key string, list []jobs.Dead, links bool) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, key+".title"), CaptionQuiet: true, First: true, Empty: say(ctx, key+".none"), Head: []ui.Column{
		{Label: say(ctx, "job.kind")}, {Label: say(ctx, "job.tries"), Numeric: true}, {Label: say(ctx, "job.since"), Tight: true}, {Label: say(ctx, "job.error")},
	}}
	for _, d := range list {
		first := ui.T(d.Kind)
		if links {
			first = ui.L(d.Kind, path+"/jobs/"+d.ID.String())
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{first, ui.T(number(ctx, int64(d.Attempts))), ui.T(i18n.DateTime(i18n.LangOf(ctx), d.Created)), ui.T(brief(d.Error))}})
	}
	return t
}

// brief is an error as a page shows it: its first line, cut, without addresses.
func brief(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	words := strings.Fields(text)
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = "…@…"
		}
	}
	r := []rune(strings.Join(words, " "))
	if len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return string(r)
}

func slow(ctx context.Context, st State) ui.TableArgs {
	t := ui.TableArgs{Caption: say(ctx, "slow.title"), CaptionQuiet: true, First: true, Empty: say(ctx, "slow.none", "ms", st.SlowerThan.Milliseconds()), Head: []ui.Column{
		{Label: say(ctx, "slow.what")}, {Label: say(ctx, "slow.times"), Numeric: true}, {Label: say(ctx, "slow.worst"), Numeric: true}, {Label: say(ctx, "slow.last"), Tight: true},
	}}
	for _, s := range st.Slow {
		what := ui.T(s.What)
		if s.Unit {
			what.Note = say(ctx, "slow.unit")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{what, ui.T(number(ctx, s.Times)), ui.T(span(ctx, s.Worst)), ui.T(i18n.DateTime(i18n.LangOf(ctx), s.Last))}})
	}
	return t
}

func log(ctx context.Context, st State) ui.SummaryArgs {
	return ui.SummaryArgs{Rows: []ui.SummaryRow{
		{Key: say(ctx, "journal.size"), Value: ui.T(number(ctx, st.Journal.Size))},
		{Key: say(ctx, "journal.unsigned"), Value: ui.T(number(ctx, st.Journal.Unsigned+st.Journal.Unnumbered))},
	}}
}

// followers are what reads the journal, and how far behind each is.
func followers(ctx context.Context, st State) ui.TableArgs {
	t := ui.TableArgs{
		Caption: say(ctx, "journal.followers"), CaptionQuiet: true, First: true, Plain: true,
		Head: []ui.Column{{Label: say(ctx, "journal.follower")}, {Label: say(ctx, "journal.late"), Numeric: true}},
	}
	names := make([]string, 0, len(st.Journal.Behind))
	for n := range st.Journal.Behind {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(n), ui.T(number(ctx, max(0, st.Journal.Behind[n]-journal.FollowSlack)))}})
	}
	return t
}

func (h handlers) machine(ctx context.Context, st State) ui.SummaryArgs {
	l := i18n.LangOf(ctx)
	d := st.Database
	a := ui.SummaryArgs{Rows: []ui.SummaryRow{
		{Key: say(ctx, "machine.version"), Value: ui.T(h.svc.Version)},
		{Key: say(ctx, "machine.database"), Value: ui.T(d.Engine + " " + d.Version + ", " + size(ctx, d.Size))},
	}}
	add := func(key, value string) {
		a.Rows = append(a.Rows, ui.SummaryRow{Key: say(ctx, key), Value: ui.T(value)})
	}
	if d.Engine == "sqlite" {
		add("machine.wal", size(ctx, d.Log))
	} else if len(d.Replicas) == 0 {
		add("machine.replicas", say(ctx, "machine.noReplica"))
	}
	for _, r := range d.Replicas {
		kind := say(ctx, "machine.async")
		if r.Sync {
			kind = say(ctx, "machine.sync")
		}
		add("machine.replicas", say(ctx, "machine.replica", "name", r.Name, "state", r.State, "kind", kind, "lag", span(ctx, r.Lag)))
	}
	if behind, _, ok := st.Value("khue_backup_behind_seconds"); ok {
		p99, _, _ := st.Value("khue_backup_lag_p99_seconds")
		add("machine.backup", say(ctx, "machine.backupAt", "behind", span(ctx, seconds(behind)), "p99", span(ctx, seconds(p99))))
	} else {
		add("machine.backup", say(ctx, "machine.noBackup"))
	}
	if st.CertEnds.IsZero() {
		add("machine.certificate", say(ctx, "machine.noCertificate"))
	} else {
		add("machine.certificate", say(ctx, "machine.until", "at", i18n.DateTime(l, st.CertEnds), "n", daysLeft(st.CertEnds, st.At)))
	}
	return a
}

type jobView struct {
	Back     string
	Facts    ui.SummaryArgs
	Form     ui.FormArgs
	Reason   ui.Field
	Mends    bool
	Problems ui.Problems
}

func (h handlers) job(w http.ResponseWriter, r *http.Request) error {
	return h.showJob(w, r, http.StatusOK, nil, nil)
}

func (h handlers) showJob(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	id, err := web.PathID[jobs.Job](r, "id")
	if err != nil {
		return err
	}
	d, err := h.svc.Job(ctx, id)
	if err != nil {
		return err
	}
	l := i18n.LangOf(ctx)
	v := jobView{Mends: h.svc.Policies.May(ctx, actMend, h.svc.City()), Problems: ui.ProblemsOf(ctx, refused)}
	v.Facts.Rows = []ui.SummaryRow{
		{Key: say(ctx, "job.kind"), Value: ui.T(d.Kind)}, {Key: say(ctx, "job.id"), Value: ui.T(id.String())},
		{Key: say(ctx, "job.tries"), Value: ui.T(number(ctx, int64(d.Attempts)))}, {Key: say(ctx, "job.since"), Value: ui.T(i18n.DateTime(l, d.Created))},
		{Key: say(ctx, "job.error"), Value: ui.T(brief(d.Error))},
	}
	v.Reason = ui.Field{Name: "reason", Label: say(ctx, "job.reason"), Hint: say(ctx, "job.reasonHint"), Value: sent.Get("reason"), Error: v.Problems.For("reason"), Rows: 3}
	v.Form = ui.FormArgs{
		Action: path + "/jobs/" + id.String(), Key: web.NewKey(), Submit: say(ctx, "job.retry"), Name: "do", Value: string(Retry), Problems: v.Problems,
		Others: []ui.Choice{{Label: say(ctx, "job.discard"), Name: "do", Value: string(Discard)}}, Cancel: &ui.Anchor{Label: say(ctx, "job.back"), Href: path},
	}
	return web.Render(w, r, status, jobPage(v))
}

func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[jobs.Job](r, "id")
	if err != nil {
		return err
	}
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	do := Act(sent.Get("do"))
	if err := h.svc.Decide(r.Context(), id, do, sent.Get("reason"), key); err != nil {
		if errs.Is(err, errs.Invalid) {
			return h.showJob(w, r, http.StatusUnprocessableEntity, sent, err)
		}
		return err
	}
	return web.Redirect(w, r, path+"?done="+string(do))
}
