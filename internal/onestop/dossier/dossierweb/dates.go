package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// maxDecided is how many dates one form decides on: what a page shows.
const maxDecided = 100

// redateView is the page of proposed dates.
type redateView struct {
	Unit     string
	UnitID   string
	Total    int
	Table    ui.TableArgs
	Pages    ui.PageLinks
	Key      string
	Reason   string
	Problems ui.Problems
	Banner   *ui.BannerArgs
}

func (h *handlers) redates(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var banner *ui.BannerArgs
	if n, err := strconv.Atoi(q.Get("done")); err == nil && n > 0 {
		banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "dossierweb.redate.done", "n", n), Tone: ui.ToneDone, Alert: true}
	}
	return h.showRedates(w, r, http.StatusOK, q.Get("unit"), q.Get("cursor"), redateView{Banner: banner})
}

func (h *handlers) showRedates(w http.ResponseWriter, r *http.Request, status int, unit, cursor string, v redateView) error {
	ctx := r.Context()
	u, err := h.unitOf(ctx, unit)
	if err != nil {
		return err
	}
	var after dossier.TaskCursor
	if _, err := web.ReadCursor(cursor, &after.Due, &after.ID); err != nil {
		return err
	}
	page, err := h.svc.Redates(ctx, u, after, maxDecided)
	if err != nil {
		return err
	}
	v.Unit, v.UnitID, v.Total, v.Key = h.unitName(ctx, u, h.clock.Now()), u.String(), page.Total, web.NewKey()
	v.Table = h.redateTable(ctx, page.Items)
	at := func(cursor string) string {
		return "/desk/dates?" + url.Values{"unit": {u.String()}, "cursor": {cursor}}.Encode()
	}
	if page.Next != nil {
		v.Pages.Next = at(web.NewCursor(page.Next.Due, page.Next.ID))
	}
	if cursor != "" {
		v.Pages.Prev = at("")
	}
	return web.Render(w, r, status, redatePage(v))
}

func (h *handlers) redateTable(ctx context.Context, list []dossier.Redate) ui.TableArgs {
	t := ui.TableArgs{
		Caption: i18n.T(ctx, "dossierweb.redate.title"), CaptionQuiet: true, First: true, SelectName: "date", SelectForm: "redate",
		Head: []ui.Column{
			{Label: i18n.T(ctx, "dossierweb.col.code")}, {Label: i18n.T(ctx, "dossierweb.redate.old")}, {Label: i18n.T(ctx, "dossierweb.redate.new")}, {Label: i18n.T(ctx, "dossierweb.due.why")},
		},
	}
	for _, x := range list {
		name := x.Code
		if pkg, err := h.services.ByDigest(x.Package); err == nil {
			name = say(ctx, pkg.Name())
		}
		why := ""
		if r, ok := h.svc.ReasonOf(x); ok {
			why = r.Words(ctx)
		}
		t.Rows = append(t.Rows, ui.Row{
			Select: x.ID.String(), Label: x.Code,
			Cells: []ui.Cell{
				{Text: x.Code, Href: "/desk/dossiers/" + url.PathEscape(x.Code), Note: x.Applicant + " · " + name},
				ui.T(shortTime(ctx, x.Old)), {Text: shortTime(ctx, x.New), Note: i18n.T(ctx, "dossierweb.redate.days", "n", x.Days)}, ui.T(why),
			},
		})
	}
	return t
}

// decideRedates takes the form: each date is an act of its own, so that one which somebody
// else decided on does not undo the others.
func (h *handlers) decideRedates(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := redateView{Reason: sent.Get("reason")}
	chosen := sent["date"]
	if len(chosen) == 0 || len(chosen) > maxDecided {
		v.Problems = ui.Problems{{Text: i18n.T(ctx, "dossierweb.redate.choose", "max", maxDecided)}}
		return h.showRedates(w, r, http.StatusUnprocessableEntity, sent.Get("unit"), "", v)
	}
	done := 0
	var refused error
	for _, text := range chosen {
		one, err := id.Parse[dossier.Redate](text)
		if err != nil {
			return errs.E(errs.NotFound, "dossier.redate.notFound", errs.Cause(err))
		}
		switch err := h.svc.DecideDate(ctx, one, sent.Get("do") == "accept", v.Reason, key+"."+text); errs.KindOf(err) {
		case errs.Internal:
			if err != nil {
				return err
			}
			done++
		case errs.Invalid, errs.Conflict:
			refused = err
		default:
			return err
		}
	}
	if refused != nil {
		v.Problems = ui.ProblemsOf(ctx, refused)
		if done > 0 {
			v.Banner = &ui.BannerArgs{Text: i18n.T(ctx, "dossierweb.redate.done", "n", done), Tone: ui.ToneDone}
		}
		return h.showRedates(w, r, web.ProblemOf(ctx, refused).Status, sent.Get("unit"), "", v)
	}
	return web.Redirect(w, r, "/desk/dates?"+url.Values{"unit": {sent.Get("unit")}, "done": {strconv.Itoa(done)}}.Encode())
}

// apology says whether an apology given now comes in time.
func (h *handlers) apology(ctx context.Context, d dossier.Dossier) (text string, late bool) {
	a, ok := h.svc.ApologyOf(d)
	switch {
	case !ok:
		return "", false
	case a.Past:
		return i18n.T(ctx, "dossierweb.apology.past", "due", d.DueAt), true
	case a.Late:
		return i18n.T(ctx, "dossierweb.apology.late", "by", a.By, "due", d.DueAt), true
	}
	return i18n.T(ctx, "dossierweb.apology.inTime", "by", a.By, "due", d.DueAt), false
}

// datesInput names a dossier.
type datesInput struct {
	Code string `path:"code" maxLength:"40"`
	Key  string `query:"accessKey" maxLength:"64" doc:"Of the dossier, where its reader is not signed in."`
}

// datesOutput is why a dossier's date is what it is, and where its time went.
type datesOutput struct {
	Body struct {
		Due         *dueBody    `json:"due" doc:"Null where no date is promised."`
		Explanation string      `json:"explanation" doc:"In the reader's language."`
		Waits       []waitBody  `json:"waits" doc:"Terms that run now: silence that agrees, a supplement."`
		Tiers       []shareBody `json:"tiers" doc:"Office time spent at each tier, in minutes."`
		Units       []shareBody `json:"units,omitempty" doc:"The same by unit; for the owner and officers."`
		Applicant   int         `json:"applicant" doc:"Office minutes for which the dossier waited for its applicant."`
		Nobody      int         `json:"nobody" doc:"Office minutes of waits that are nobody's work."`
	}
}

type dueBody struct {
	At       string   `json:"at" format:"date-time"`
	Why      string   `json:"why,omitempty" doc:"accepted, restarted, resumed, extended, redated."`
	Start    string   `json:"start,omitempty" format:"date-time"`
	Kind     string   `json:"kind,omitempty" doc:"sameDay, workingDays, calendarDays, workingHours, months."`
	N        int      `json:"n,omitempty"`
	Days     []string `json:"days,omitempty" doc:"Days counted."`
	Skipped  []string `json:"skipped,omitempty" doc:"Days off between them."`
	Calendar string   `json:"calendar,omitempty" doc:"Version of the calendar that it was counted by."`
}

type waitBody struct {
	Step string `json:"step"`
	At   string `json:"at" format:"date-time"`
	Why  string `json:"why" doc:"silence, lapse."`
	Text string `json:"text"`
}

type shareBody struct {
	Unit    string `json:"unit,omitempty"`
	Name    string `json:"name,omitempty"`
	Tier    string `json:"tier"`
	Minutes int    `json:"minutes"`
	Budget  int    `json:"budget,omitempty" doc:"Declared for the steps passed, in minutes."`
	Open    bool   `json:"open,omitempty" doc:"It has the dossier now."`
}

// dateRoutes are the pages of dates.
func (h *handlers) dateRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/desk/dates", Policy: auth.Officer, Do: h.redates},
		{Method: http.MethodPost, Path: "/desk/dates", Policy: auth.Officer, Do: h.decideRedates},
	}
}

const instant = "2006-01-02T15:04:05.000Z07:00"

func (h *handlers) dates(ctx context.Context, in *datesInput) (*datesOutput, error) {
	d, access, err := h.svc.Find(ctx, in.Code, dossier.Viewer{Key: in.Key})
	if err != nil {
		return nil, err
	}
	lines, err := h.svc.Timeline(ctx, d, access)
	if err != nil {
		return nil, err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return nil, err
	}
	out := &datesOutput{}
	b := &out.Body
	b.Explanation = h.svc.DueWords(ctx, d, pkg, lines)
	if !d.DueAt.IsZero() {
		b.Due = &dueBody{At: d.DueAt.Format(instant)}
		if r, ok := h.svc.DueReason(d, pkg, lines); ok {
			due := r.Due
			b.Due.Why, b.Due.Start, b.Due.Kind, b.Due.N, b.Due.Calendar = string(r.Why), due.Start.Format(instant), due.Deadline.Kind.String(), due.Deadline.N, due.Version
			for _, x := range due.Days {
				b.Due.Days = append(b.Due.Days, x.String())
			}
			for _, x := range due.Skipped {
				b.Due.Skipped = append(b.Due.Skipped, x.Date.String())
			}
		}
	}
	b.Waits = []waitBody{}
	for _, w := range h.svc.Waits(d, pkg) {
		b.Waits = append(b.Waits, waitBody{Step: w.Step, At: w.At.Format(instant), Why: string(w.Why), Text: w.Words(ctx)})
	}
	t := h.svc.TimingOf(d, pkg, lines)
	share := func(x dossier.Share) shareBody {
		s := shareBody{Tier: string(x.Tier), Minutes: int(x.Worked.Minutes()), Budget: int(x.Budget.Minutes()), Open: x.Open}
		if x.Unit != 0 {
			s.Unit, s.Name = x.Unit.String(), h.unitName(ctx, orgunit.UnitID(x.Unit), d.SubmittedAt)
		}
		return s
	}
	b.Tiers = []shareBody{}
	for _, x := range t.Tiers {
		b.Tiers = append(b.Tiers, share(x))
	}
	for _, x := range t.Units {
		if access == dossier.SeeAll {
			b.Units = append(b.Units, share(x))
		}
	}
	b.Applicant, b.Nobody = int(t.Applicant.Minutes()), int(t.Nobody.Minutes())
	return out, nil
}
