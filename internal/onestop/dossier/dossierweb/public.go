package dossierweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formweb"
	"khue/internal/onestop/process"
	"khue/internal/onestop/upload/uploadweb"
)

// trackView is the page that asks for a code and a phone number.
type trackView struct {
	Code, Phone string
	Problems    ui.Problems
	Refused     string
}

func (h *handlers) trackForm(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, trackPage(trackView{Code: q.Get("code")}))
}

// track looks a dossier up by code and phone and leads to its page with the access key,
// so that no phone number stands in an address.
func (h *handlers) track(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := trackView{Code: f.Get("code"), Phone: f.Get("phone")}
	if _, ok := dossier.NormalPhone(v.Phone); !ok {
		v.Problems = append(v.Problems, ui.Problem{Field: "phone", Text: i18n.T(ctx, "dossier.submit.phone")})
	}
	if dossier.NormalCode(v.Code) == "" {
		v.Problems = append(v.Problems, ui.Problem{Field: "code", Text: i18n.T(ctx, "dossierweb.track.codeMissing")})
	}
	if len(v.Problems) > 0 {
		return web.Render(w, r, http.StatusUnprocessableEntity, trackPage(v))
	}
	if !h.tries.allow(web.Network(r), h.clock.Now()) {
		return errs.E(errs.RateLimited, "dossierweb.track.tooMany")
	}
	d, _, err := h.svc.Find(ctx, v.Code, dossier.Viewer{Phone: v.Phone})
	if errs.Is(err, errs.NotFound) {
		v.Refused = i18n.T(ctx, "dossier.notFound")
		return web.Render(w, r, http.StatusNotFound, trackPage(v))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, h.publicPath(d))
}

// publicPath is the page of a dossier for whoever holds its key.
func (h *handlers) publicPath(d dossier.Dossier) string {
	return "/dossiers/" + url.PathEscape(d.Code) + "?k=" + url.QueryEscape(h.svc.AccessKey(d.Code))
}

// publicView is a dossier as its applicant sees it.
type publicView struct {
	Dossier  dossier.Dossier
	Name     string
	Case     string
	Full     bool // the owner: sees the answers too
	Banner   *ui.BannerArgs
	Summary  ui.SummaryArgs
	Groups   []ui.SummaryArgs
	Papers   []ui.File
	Events   []ui.Event
	Prints   []ui.Anchor
	Receipt  string // where it is downloaded
	Key      string // access key in links and forms
	Client   string // request id
	Waits    process.Wait
	Asked    string // reason of the supplement
	Needs    []form.PaperNeed
	Place    uploadweb.Place // where the boxes of Needs send to
	Files    map[string][]ui.File
	Draft    []actionView
	Withdraw bool
	Family   familyView
	Problems ui.Problems
	Note     string
	By       string // until when what is asked is to be done, and what comes then
	ToPay    *ui.BannerArgs
	Again    *feeAgain  // nil: no new code is to be had
	Now      nowView    // who has it, and what comes next
	Rate     *rateView  // nil: not finished
	Shelf    *shelfView // nil: the reader has no shelf, or filed it
}

func (h *handlers) publicPage(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showPublic(w, r, http.StatusOK, q.Get("k"), doneBanner(r.Context(), q.Get("done")), nil)
}

func (h *handlers) showPublic(w http.ResponseWriter, r *http.Request, status int, key string, banner *ui.BannerArgs, refused error) error {
	ctx := r.Context()
	d, access, err := h.svc.Find(ctx, r.PathValue("code"), dossier.Viewer{Key: key})
	if err != nil {
		return err
	}
	if auth.From(ctx).Kind == auth.KindOfficer && key == "" {
		return web.Redirect(w, r, "/desk/dossiers/"+url.PathEscape(d.Code))
	}
	lines, err := h.svc.Timeline(ctx, d, dossier.SeeState)
	if err != nil {
		return err
	}
	pkg, err := h.services.ByDigest(d.Package)
	if err != nil {
		return err
	}
	now := h.clock.Now()
	var shelf *shelfView
	if shelf, key, err = h.shelfOf(ctx, d, access, key); err != nil {
		return err
	}
	v := publicView{
		Shelf: shelf, Dossier: d, Name: say(ctx, pkg.Name()), Case: say(ctx, pkg.CaseName(d.Case)), Full: access == dossier.SeeAll, Banner: banner,
		Key: key, Client: web.NewKey(), Events: h.events(ctx, d, pkg, lines, true), Withdraw: mayWithdraw(d.State),
	}
	if v.Banner, err = h.asksPlace(ctx, d, lines, key, banner); err != nil {
		return err
	}
	field := func(k string) string { return i18n.T(ctx, "dossierweb.field."+k) }
	due := ui.T(i18n.T(ctx, "dossierweb.due.afterAcceptance"))
	if !d.AcceptedAt.IsZero() {
		due = ui.T(i18n.T(ctx, "dossierweb.due.afterSupplement"))
	}
	if !d.DueAt.IsZero() {
		due = dueCell(ctx, d.DueAt, now, d.State.Ended() || d.State == process.Done)
	}
	v.Summary = ui.SummaryArgs{Rows: []ui.SummaryRow{
		{Key: field("state"), Value: ui.Tagged(stateWord(ctx, d.State), stateTone(d.State))},
		{Key: field("due"), Value: due},
		{Key: field("submitted"), Value: ui.T(longTime(ctx, d.SubmittedAt))},
		{Key: field("competent"), Value: h.competentCell(ctx, d)},
	}}
	fees, err := h.svc.Fees(ctx, d)
	if err != nil {
		return err
	}
	v.Summary.Rows[0].Value = stateCell(ctx, d)
	v.Summary.Rows = append(v.Summary.Rows, feeRows(ctx, fees, h.svc.FeeLink)...)
	v.ToPay, v.Again = h.toPay(ctx, d, fees), h.again(d, fees, v.Client)
	if d.State == process.Submitted {
		by := longTime(ctx, d.ReceiveBy)
		if !d.UnpaidAt.IsZero() {
			by = i18n.T(ctx, "dossierweb.due.afterFee")
		}
		v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: field("receiveBy"), Value: ui.T(by)})
	}
	if d.Late(now) {
		v.Summary.Rows[1].Value = dueCell(ctx, d.DueAt, now, false)
	}
	v.Summary.Rows[1].Value = h.dueValue(ctx, v.Summary.Rows[1].Value, d, pkg, lines)
	if v.Now, err = h.whereNow(ctx, d, pkg); err != nil {
		return err
	}
	if row, ok := h.tierRow(ctx, d, pkg, lines); ok {
		v.Summary.Rows = append(v.Summary.Rows, row)
	}
	if h.parcels != nil && (d.State == process.Done || d.State == process.Returned) {
		rows, err := h.parcels(ctx, d.ID)
		if err != nil {
			return err
		}
		v.Summary.Rows = append(v.Summary.Rows, rows...)
	}
	if d.State == process.Stopped {
		stands, err := h.standing(ctx, d)
		if err != nil {
			return err
		}
		if stands.Number != "" {
			v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: field("result"), Value: ui.T(i18n.T(ctx, "dossierweb.correct.standsOwner", "number", stands.Number))})
		}
	}
	v.Prints = h.prints(ctx, d, lines, key)
	if sub := auth.From(ctx); sub.Account != 0 && sub.Account == d.Submitter {
		v.Prints = h.signLink(ctx, d, "sign", v.Prints)
	}
	c, err := h.svc.ContentOf(ctx, d)
	if err != nil {
		return err
	}
	if row, ok := behalfRow(ctx, c); ok {
		v.Summary.Rows = append(v.Summary.Rows, ui.SummaryRow{Key: field("applicant"), Value: ui.T(d.Applicant)}, row)
	}
	if v.Family, err = h.family(ctx, d, c, pkg, lines, true, key); err != nil {
		return err
	}
	if row, ok := h.parentRow(ctx, d, true); ok {
		v.Summary.Rows = append(v.Summary.Rows, row)
	}
	v.Receipt = receiptPath(d, key)
	v.Now.Next = h.nextStep(ctx, d, c, pkg)
	if d.State == process.Done && d.Parent == 0 {
		v.Now.Collect = h.collect(ctx, d, c)
	}
	if v.Rate, err = h.rateOf(r, d, refused != nil); err != nil {
		return err
	}
	env := form.Env{Now: now, Case: d.Case, Channel: string(d.Channel), Units: h.svc.UnitsOf(d), Files: c.Papers}
	if v.Full {
		v.Groups = answerGroups(ctx, pkg, c, env, "")
		for _, f := range c.Papers {
			v.Papers = append(v.Papers, ui.File{Name: f.Name, Href: fileHref(d, f), Size: formweb.FileSize(ctx, f.Size), Note: say(ctx, pkg.PaperName(f.Paper))})
		}
	}
	if t, ok := d.Instance.Waiting(process.ForSupplement); ok {
		v.By = askBy(ctx, dossier.AskSupplement, t.Timer.Time())
		v.Waits, v.Needs = process.ForSupplement, pkg.Form.Papers(c.Answers, env)
		if v.Place, v.Files, err = h.boxes(r, d, key, v.Needs); err != nil {
			return err
		}
		v.Note = noteOf(r)
		for _, l := range lines {
			if l.Action == "supplement" {
				v.Asked = l.Comment
			}
		}
	}
	if t, ok := d.Instance.Waiting(process.ForApplicant); ok {
		v.Waits, v.By = process.ForApplicant, askBy(ctx, dossier.AskConfirm, t.Timer.Time())
		if step, ok := pkg.Process.Step(t.Step); ok {
			for _, a := range step.Actions {
				v.Draft = append(v.Draft, actionView{Do: a.Do, Label: actionLabel(ctx, pkg, t.Step, a.Do)})
			}
		}
		v.Groups = answerGroups(ctx, pkg, c, env, "") // the draft is what the applicant confirms
	}
	if refused != nil {
		v.Problems = ui.ProblemsOf(ctx, refused)
		if len(v.Problems) == 0 {
			v.Banner = &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
		}
	}
	return web.Render(w, r, status, publicDossier(v))
}

func mayWithdraw(s process.State) bool {
	switch s {
	case process.Submitted, process.Accepted, process.Processing, process.Supplement, process.Financial:
		return true
	}
	return false
}

// applicantAct takes one of the applicant's forms: supplement, answer, withdraw.
func (h *handlers) applicantAct(w http.ResponseWriter, r *http.Request) error {
	sent, client, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	code, key := r.PathValue("code"), sent.Get("k")
	viewer := dossier.Viewer{Key: key}
	act, done := sent.Get("act"), "1"
	switch act {
	case "withdraw":
		done = act
		if sent.Get("sure") == "" {
			err = errs.E(errs.Invalid, "form.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: "sure", Key: "dossierweb.withdraw.unsure"}))
			break
		}
		_, err = h.svc.Withdraw(ctx, code, sent.Get("note"), client, viewer)
	case "supplement":
		done = act
		var stay bool
		if stay, err = h.supply(r, code, client, viewer, sent); err == nil && stay {
			return h.showPublic(w, r, http.StatusOK, key, nil, nil)
		}
	case "rate":
		done = act
		err = h.rate(ctx, code, client, viewer, sent)
	case "keep":
		done = act
		_, err = h.svc.Follow(ctx, code, client, viewer)
	case "drop":
		if err = h.svc.Unfollow(ctx, code, client); err == nil {
			return web.Redirect(w, r, "/dossiers?done=drop")
		}
	default:
		_, err = h.svc.Answer(ctx, code, act, sent.Get("note"), client, viewer)
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.TooLarge:
		return h.showPublic(w, r, web.ProblemOf(ctx, err).Status, key, nil, err)
	}
	if err != nil {
		return err
	}
	to := "/dossiers/" + url.PathEscape(code) + "?done=" + done
	if key != "" {
		to += "&k=" + url.QueryEscape(key)
	}
	return web.Redirect(w, r, to)
}

// asksPlace asks the applicant where their dossier belongs, unless the page has something to
// say about their own last act.
func (h *handlers) asksPlace(ctx context.Context, d dossier.Dossier, lines []dossier.Line, key string, banner *ui.BannerArgs) (*ui.BannerArgs, error) {
	moved := slices.ContainsFunc(lines, func(l dossier.Line) bool { return l.Kind == dossier.KindMoved })
	if h.splits == nil || banner != nil || d.State.Ended() || !moved {
		return banner, nil
	}
	asks, err := h.splits(ctx, d.ID)
	if err != nil || !asks {
		return nil, err
	}
	to := "/dossiers/" + url.PathEscape(d.Code) + "/place"
	if key != "" {
		to += "?k=" + url.QueryEscape(key)
	}
	return &ui.BannerArgs{
		Text: i18n.T(ctx, "dossierweb.moved.asks"), Tone: ui.ToneWaiting, Link: &ui.Anchor{Label: i18n.T(ctx, "dossierweb.moved.say"), Href: to},
	}, nil
}
