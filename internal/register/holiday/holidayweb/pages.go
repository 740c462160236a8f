package holidayweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit"
)

// view is the page of one calendar.
type view struct {
	Title     string
	Unit      string // id; "" for the city
	Year      int
	Version   string
	Calendars []ui.Filter
	Prev      *ui.Anchor
	Next      *ui.Anchor
	Unknown   bool // the year's days off have not all been published
	Months    []month
	Legend    []cell
	Special   ui.TableArgs // the drawing as a list
	Hours     ui.TableArgs
	Changes   []changeView
	MayAsk    bool
	Form      formView
	Banner    *ui.BannerArgs
	Problems  ui.Problems // of a decision
}

// changeView is a change with what the reader may do about it.
type changeView struct {
	ID     string
	Title  string
	Status string
	Tone   ui.Tone
	Rows   ui.SummaryArgs
	Decide bool
	Mine   bool // waits for a second person
	Key    string
}

// formView is the form of a proposal with what was typed.
type formView struct {
	Key      string
	Values   url.Values
	Problems ui.Problems
	Kinds    []ui.Option
}

func (f formView) get(name string) string { return f.Values.Get(name) }

func (f formView) field(ctx context.Context, name string) ui.Field {
	return ui.Field{
		Name: name, Label: i18n.T(ctx, "holidayweb.field."+name), Hint: i18n.T(ctx, "holidayweb.hint."+name), Value: f.get(name), Error: f.Problems.For(name),
	}
}

func (h handlers) unitOf(ref string) (orgunit.Unit, error) {
	if ref == "" {
		return orgunit.Unit{}, nil
	}
	t := h.svc.Units.Now()
	u, err := t.Resolve(ref)
	if err != nil {
		return u, err
	}
	if u.Class == orgunit.Territory {
		u, _ = t.AgencyOf(u.ID)
	}
	return u, nil
}

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var v view
	if key := q.Get("done"); key == "proposed" || key == "decided" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "holidayweb.done."+key), Tone: ui.ToneDone, Alert: true}
	}
	return h.show(w, r, http.StatusOK, q.Get("unit"), q.Get("year"), v)
}

// show draws the calendar of a unit; v holds what came back from a form.
func (h handlers) show(w http.ResponseWriter, r *http.Request, status int, ref, year string, v view) error {
	ctx := r.Context()
	u, err := h.unitOf(ref)
	if err != nil {
		return err
	}
	today := clock.DateOf(h.svc.Clock.Now())
	v.Year = today.Year
	if n, err := strconv.Atoi(year); err == nil && n >= 2016 && n <= today.Year+3 {
		v.Year = n
	}
	cal := h.svc.Of(u.ID)
	v.Title, v.Version = i18n.T(ctx, "holidayweb.city"), cal.Version()
	if u.ID != 0 {
		v.Title, v.Unit = unitName(ctx, u), u.ID.String()
	}
	v.Calendars = h.calendars(ctx, u)
	v.Prev, v.Next = v.toYear(ctx, v.Year-1, 2016, today.Year+3), v.toYear(ctx, v.Year+1, 2016, today.Year+3)
	v.Unknown = !cal.Known(clock.Date{Year: v.Year, Month: 7, Day: 1})
	v.Months, v.Legend = yearOf(ctx, cal, v.Year, today), legend(ctx)
	v.Special, v.Hours = special(ctx, cal, v.Year), hours(ctx, cal, today)
	changes, err := h.svc.Changes(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, c := range changes {
		v.Changes = append(v.Changes, h.changeView(ctx, c))
	}
	v.MayAsk = h.svc.MayPropose(ctx, u.ID)
	if v.Form.Values == nil {
		v.Form.Values = url.Values{}
	}
	v.Form.Key = web.NewKey()
	for _, k := range holiday.Kinds() {
		if k == holiday.Cancel || k.Local() == (u.ID != 0) {
			v.Form.Kinds = append(v.Form.Kinds, ui.Option{Value: string(k), Label: i18n.T(ctx, "holidayweb.change."+string(k))})
		}
	}
	return web.Render(w, r, status, calendarPage(v))
}

func (v view) toYear(ctx context.Context, year, from, to int) *ui.Anchor {
	if year < from || year > to {
		return nil
	}
	return &ui.Anchor{Label: i18n.T(ctx, "holidayweb.year", "year", strconv.Itoa(year)), Href: address(v.Unit, year, "")}
}

func address(unit string, year int, done string) string {
	q := url.Values{}
	if unit != "" {
		q.Set("unit", unit)
	}
	if year != 0 {
		q.Set("year", strconv.Itoa(year))
	}
	if done != "" {
		q.Set("done", done)
	}
	if len(q) == 0 {
		return "/admin/calendar"
	}
	return "/admin/calendar?" + q.Encode()
}

// calendars are the city's calendar and those of the agencies that the reader has a post in.
func (h handlers) calendars(ctx context.Context, at orgunit.Unit) []ui.Filter {
	out := []ui.Filter{{Label: i18n.T(ctx, "holidayweb.city"), Href: address("", 0, ""), Count: -1, Current: at.ID == 0}}
	seen := map[orgunit.UnitID]bool{0: true}
	t := h.svc.Units.Now()
	add := func(u orgunit.Unit) {
		if !seen[u.ID] {
			seen[u.ID] = true
			out = append(out, ui.Filter{Label: unitName(ctx, u), Href: address(u.ID.String(), 0, ""), Count: -1, Current: at.ID == u.ID})
		}
	}
	for _, p := range h.svc.Posts(ctx) {
		if u, ok := t.Get(p); ok {
			add(u)
		}
	}
	if at.ID != 0 {
		add(at)
	}
	return out
}

func unitName(ctx context.Context, u orgunit.Unit) string {
	if i18n.LangOf(ctx) == i18n.EN && u.NameEN != "" {
		return u.NameEN
	}
	return u.Name
}

// special lists the days of a year that differ from the week.
func special(ctx context.Context, cal *calendar.Calendar, year int) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "holidayweb.list", "year", strconv.Itoa(year)), CaptionQuiet: true, First: true, Empty: i18n.T(ctx, "holidayweb.nothing"),
		Head: []ui.Column{{Label: i18n.T(ctx, "holidayweb.day")}, {Label: i18n.T(ctx, "holidayweb.what")}, {Label: i18n.T(ctx, "holidayweb.occasion")}},
	}
	l := i18n.LangOf(ctx)
	for d := (clock.Date{Year: year, Month: 1, Day: 1}); d.Year == year; d = d.AddDays(1) {
		is := cal.Day(d)
		if is.Kind == calendar.Plain || is.Kind == calendar.Weekend {
			continue
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: i18n.Date(l, d), Note: weekday(ctx, d.Weekday())}, ui.T(i18n.T(ctx, "holidayweb.kind."+is.Kind.String())), ui.T(is.Words(ctx)),
		}})
	}
	return t
}

func weekday(ctx context.Context, w time.Weekday) string {
	return i18n.T(ctx, "holidayweb.weekday.d"+strconv.Itoa(int(w)))
}

// hours lists the office hours of a week from today.
func hours(ctx context.Context, cal *calendar.Calendar, today clock.Date) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "holidayweb.hours"), First: true,
		Head: []ui.Column{{Label: i18n.T(ctx, "holidayweb.day")}, {Label: i18n.T(ctx, "holidayweb.open")}, {Label: i18n.T(ctx, "holidayweb.counts")}},
	}
	monday := today.AddDays(-(int(today.Weekday()) + 6) % 7)
	w := cal.Week(today)
	for i := range 7 {
		day := monday.AddDays(i).Weekday()
		var spans []string
		for _, s := range w.Hours[day] {
			spans = append(spans, s.From.String()+"–"+s.To.String())
		}
		open := strings.Join(spans, ", ")
		if open == "" {
			open = i18n.T(ctx, "holidayweb.closed")
		}
		counts := i18n.T(ctx, "holidayweb.no")
		if w.Counts[day] {
			counts = i18n.T(ctx, "holidayweb.yes")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.T(weekday(ctx, day)), ui.T(open), ui.T(counts)}})
	}
	return t
}

// changeView says a change in words.
func (h handlers) changeView(ctx context.Context, c holiday.Change) changeView {
	l := i18n.LangOf(ctx)
	v := changeView{
		ID: c.ID.String(), Title: i18n.T(ctx, "holidayweb.change."+string(c.Kind)), Status: i18n.T(ctx, "holidayweb.status."+string(c.Status)),
		Decide: h.svc.MayDecide(ctx, c), Key: web.NewKey(),
	}
	v.Tone = map[holiday.Status]ui.Tone{holiday.Proposed: ui.ToneWaiting, holiday.Approved: ui.ToneDone, holiday.Rejected: ui.ToneStopped}[c.Status]
	v.Mine = c.Status == holiday.Proposed && !v.Decide
	add := func(key, text string) {
		if text != "" {
			v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: i18n.T(ctx, "holidayweb.row."+key), Value: ui.T(text)})
		}
	}
	var days []string
	for _, d := range c.Body.Days {
		days = append(days, i18n.Date(l, d.Date)+" ("+i18n.T(ctx, "holidayweb.kind."+d.Kind.String())+")")
	}
	for _, d := range c.Body.Plain {
		days = append(days, i18n.Date(l, d))
	}
	add("days", strings.Join(days, ", "))
	if len(c.Body.Days) > 0 {
		add("occasion", c.Body.Days[0].Words(ctx))
	}
	if w := c.Body.Week; w != nil {
		add("from", i18n.Date(l, w.From))
		add("hours", weekWords(ctx, *w))
	}
	add("source", c.Source)
	add("proposed", i18n.T(ctx, "holidayweb.by", "name", c.ProposedBy, "at", c.ProposedAt))
	if !c.DecidedAt.IsZero() {
		add("decided", i18n.T(ctx, "holidayweb.by", "name", c.DecidedBy, "at", c.DecidedAt))
	}
	add("reason", c.Reason)
	return v
}

func weekWords(ctx context.Context, w calendar.Week) string {
	var out []string
	for i := range 7 {
		day := time.Weekday((i + 1) % 7)
		var spans []string
		for _, s := range w.Hours[day] {
			spans = append(spans, s.From.String()+"–"+s.To.String())
		}
		if len(spans) > 0 {
			text := weekday(ctx, day) + " " + strings.Join(spans, ", ")
			if !w.Counts[day] {
				text += " (" + i18n.T(ctx, "holidayweb.notCounted") + ")"
			}
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}

// propose takes the form of a change.
func (h handlers) propose(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	u, err := h.unitOf(sent.Get("unit"))
	if err != nil {
		return err
	}
	d := holiday.Draft{
		Kind: holiday.Kind(sent.Get("kind")), Unit: u.ID, VI: sent.Get("vi"), EN: sent.Get("en"), Source: sent.Get("source"), Week: weekOf(sent), Key: key,
	}
	typed := url.Values{}
	for k, v := range sent {
		typed[k] = v
	}
	for name, into := range map[string]*clock.Date{"from": &d.From, "to": &d.To, "work": &d.Work} {
		text := strings.TrimSpace(sent.Get(name+".day")) + "/" + strings.TrimSpace(sent.Get(name+".month")) + "/" + strings.TrimSpace(sent.Get(name+".year"))
		typed.Set(name, text)
		if t, err := time.ParseInLocation("2/1/2006", text, clock.Zone); err == nil {
			*into = clock.DateOf(t)
		} else if text != "//" && name != "from" {
			*into = clock.Date{Year: 1, Month: 1, Day: 1} // no day: refused with the field's own sentence
		}
	}
	_, err = h.svc.Propose(r.Context(), d)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch:
		v := view{Form: formView{Values: typed, Problems: ui.ProblemsOf(r.Context(), err)}}
		return h.show(w, r, web.ProblemOf(r.Context(), err).Status, sent.Get("unit"), "", v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, address(sent.Get("unit"), d.From.Year, "proposed"))
}

// weekOf reads the hours: Monday to Friday alike, Saturday and Sunday each with a box that
// says whether it counts. What is no time of day makes hours that are refused.
func weekOf(sent url.Values) (w calendar.Week) {
	read := func(day string) (out []calendar.Span) {
		for _, part := range []string{"am", "pm"} {
			from, to := strings.TrimSpace(sent.Get(day+"-"+part+"-from")), strings.TrimSpace(sent.Get(day+"-"+part+"-to"))
			if from == "" && to == "" {
				continue
			}
			var s calendar.Span
			if s.From.UnmarshalText([]byte(from)) != nil || s.To.UnmarshalText([]byte(to)) != nil {
				s = calendar.Span{From: 1, To: 0}
			}
			out = append(out, s)
		}
		return out
	}
	weekdays := read("week")
	for d := time.Monday; d <= time.Friday; d++ {
		w.Hours[d], w.Counts[d] = weekdays, true
	}
	w.Hours[time.Saturday], w.Counts[time.Saturday] = read("sat"), sent.Get("sat-counts") != ""
	w.Hours[time.Sunday], w.Counts[time.Sunday] = read("sun"), sent.Get("sun-counts") != ""
	return w
}

// decide takes a decision.
func (h handlers) decide(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	change, err := id.Parse[holiday.Change](r.PathValue("id"))
	if err != nil {
		return errs.E(errs.NotFound, "holiday.notFound", errs.Cause(err))
	}
	_, err = h.svc.Decide(r.Context(), change, sent.Get("do") == "approve", sent.Get("reason"), key)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch, errs.Forbidden:
		v := view{Problems: ui.ProblemsOf(r.Context(), err)}
		for i := range v.Problems {
			v.Problems[i].Field = "" // several forms of the page have the field
		}
		return h.show(w, r, web.ProblemOf(r.Context(), err).Status, sent.Get("unit"), sent.Get("year"), v)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, address(sent.Get("unit"), 0, "decided"))
}

func optional(f ui.Field) ui.Field {
	f.Optional = true
	return f
}

func limit(f ui.Field, n int) ui.Field {
	f.MaxLength = n
	return f
}

// options ask for the kind of change.
func options(ctx context.Context, f formView) ui.Field {
	out := f.field(ctx, "kind")
	out.Options = f.Kinds
	return out
}
