package rightsweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/filecheck"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/form"
	"khue/internal/onestop/rights"
	"khue/internal/onestop/upload/uploadweb"
	"khue/internal/register/access"
)

// askView is the form of a request.
type askView struct {
	Kind     rights.Kind
	Look     string
	Looked   *ui.SummaryArgs // the look that is asked about
	Key      string
	Problems ui.Problems
	About    *ui.Field
	Fact     *ui.Field
	Value    ui.Field
	Paper    ui.Field
	Words    ui.Field
}

func (h handlers) newRequest(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showAsk(w, r, http.StatusOK, q, nil)
}

// lookOf is the reader's own look that a question is about; no look where none is named.
func (h handlers) lookOf(ctx context.Context, text string, own []Own) (l access.Line, named bool, err error) {
	if text == "" {
		return l, false, nil
	}
	v, err := id.Parse[access.Look](text)
	if err != nil {
		return l, true, errs.E(errs.NotFound, "access.notFound", errs.Cause(err))
	}
	ids := make([]int64, len(own))
	for i, o := range own {
		ids[i] = o.ID
	}
	l, err = h.Looks.LookAt(ctx, v, ids)
	return l, true, err
}

func (h handlers) showAsk(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	own, err := h.Mine(ctx)
	if err != nil {
		return err
	}
	v := askView{Kind: rights.Kind(sent.Get("kind")), Look: sent.Get("look"), Key: web.NewKey(), Problems: ui.ProblemsOf(ctx, refused)}
	l, named, err := h.lookOf(ctx, v.Look, own)
	if err != nil {
		return err
	}
	if named {
		v.Kind = rights.Question
		s := ui.SummaryArgs{Rows: []ui.SummaryRow{
			{Key: t(ctx, "look.when"), Value: ui.T(i18n.DateTime(i18n.LangOf(ctx), l.At))},
			{Key: t(ctx, "look.unit"), Value: ui.T(h.unit(ctx, l.Unit))},
		}}
		if i := slices.IndexFunc(own, func(o Own) bool { return o.ID == l.About }); i >= 0 && own[i].Code != "" {
			s.Rows = append(s.Rows, ui.SummaryRow{Key: t(ctx, "look.dossier"), Value: ui.T(own[i].Code)})
		}
		v.Looked = &s
	} else if !slices.Contains(rights.Kinds(), v.Kind) {
		v.Kind = rights.Correction
	}
	field := func(name string, x ui.Field) ui.Field {
		x.Name, x.Label, x.Value, x.Error = name, t(ctx, "field."+name), sent.Get(name), v.Problems.For(name)
		return x
	}
	if !named {
		about := field("about", ui.Field{Optional: true, Hint: t(ctx, "field.aboutHint"), Options: []ui.Option{{Value: "", Label: t(ctx, "about.all")}}})
		for _, o := range own {
			if o.Code != "" {
				about.Options = append(about.Options, ui.Option{Value: o.Code, Label: o.Code})
			}
		}
		v.About = &about
	}
	if v.Kind == rights.Correction {
		fact := field("fact", ui.Field{Small: true})
		for _, f := range rights.Facts() {
			fact.Options = append(fact.Options, ui.Option{Value: f, Label: t(ctx, "fact."+f)})
		}
		v.Fact = &fact
		v.Value = field("value", ui.Field{MaxLength: 300})
		v.Paper = field("paper", ui.Field{Optional: true, Hint: t(ctx, "field.paperHint"), Accept: ".pdf,.jpg,.png", MaxBytes: maxPaper})
	}
	v.Words = field("words", ui.Field{MaxLength: 2000, Rows: 4, Hint: t(ctx, "field.wordsHint")})
	return web.Render(w, r, status, askPage(v))
}

func (h handlers) ask(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	own, err := h.Mine(ctx)
	if err != nil {
		return err
	}
	d := rights.Draft{Kind: rights.Kind(sent.Get("kind")), Type: "account", Words: sent.Get("words"), Fact: sent.Get("fact"), Value: sent.Get("value"), Key: key}
	l, named, err := h.lookOf(ctx, sent.Get("look"), own)
	if err != nil {
		return err
	}
	about := func(o Own) { d.Type, d.About, d.Code, d.Unit = o.Type, o.ID, o.Code, o.Unit }
	if named {
		if i := slices.IndexFunc(own, func(o Own) bool { return o.ID == l.About }); i >= 0 {
			about(own[i])
		}
		d.Kind, d.Look, d.Looker, d.Unit = rights.Question, int64(l.ID), l.Actor, l.Unit
	} else if code := sent.Get("about"); code != "" {
		i := slices.IndexFunc(own, func(o Own) bool { return o.Code == code })
		if i < 0 {
			return errs.E(errs.NotFound, "rights.notFound")
		}
		about(own[i])
	}
	if d.Kind == rights.Question && !named {
		d.Kind = ""
	}
	if d.Kind == rights.Correction {
		need := form.PaperNeed{ID: "paper", Name: "paper", Accept: []string{"pdf", "jpg", "png"}, MaxBytes: maxPaper, MaxFiles: 1}
		bad, err := uploadweb.Whole(r, h.Uploads, need, func(f form.File) error {
			d.Paper = rights.Paper{SHA256: f.SHA256, Name: f.Name, Size: f.Size}
			return nil
		})
		if err != nil {
			return err
		}
		if len(bad) > 0 {
			err := errs.E(errs.Invalid, "rights.invalid", errs.WithFields(bad...))
			return h.showAsk(w, r, http.StatusUnprocessableEntity, sent, err)
		}
	}
	_, err = h.Rights.Ask(ctx, d)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Mismatch:
		if err != nil {
			return h.showAsk(w, r, web.ProblemOf(ctx, err).Status, sent, err)
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, dataPath+"?done=asked")
}

// caseView is one case, for its person or for who answers.
type caseView struct {
	Title    string
	Rows     ui.SummaryArgs
	Answer   ui.SummaryArgs
	Answered bool
	Desk     bool
	May      bool
	Effect   string // what granting it does
	Own      bool   // about the reader's own look
	ID       string
	Key      string
	State    *ui.Field
	Number   *ui.Field
	Words    ui.Field
	Problems ui.Problems
	Back     ui.Anchor
}

func (h handlers) request(w http.ResponseWriter, r *http.Request) error {
	v, err := web.PathID[rights.Request](r, "id")
	if err != nil {
		return err
	}
	q, err := h.Rights.Mine(r.Context(), v)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, casePage(h.caseView(r.Context(), q, false)))
}

func (h handlers) caseView(ctx context.Context, q rights.Request, desk bool) caseView {
	l := i18n.LangOf(ctx)
	v := caseView{Title: t(ctx, "kind."+string(q.Kind)), ID: q.ID.String(), Desk: desk, Key: web.NewKey(), Back: ui.Anchor{Label: t(ctx, "title"), Href: dataPath}}
	if desk {
		v.Back = ui.Anchor{Label: t(ctx, "desk.title"), Href: deskPath}
	}
	add := func(key string, c ui.Cell) {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: t(ctx, "row."+key), Value: c})
	}
	add("state", stateTag(ctx, q, h.Rights.Clock.Now()))
	if desk {
		add("person", ui.T(q.Name))
	}
	if q.Code != "" {
		c := ui.T(q.Code)
		if desk {
			c.Href = "/desk/dossiers/" + url.PathEscape(q.Code)
		}
		add("dossier", c)
	}
	if q.Look != 0 {
		add("look", ui.T(i18n.DateTime(l, id.Time(q.Look))))
	}
	if q.Fact != "" {
		add("fact", ui.Cell{Text: t(ctx, "fact."+q.Fact), Note: q.Value})
	}
	if q.Paper.SHA256 != "" {
		c := ui.T(q.Paper.Name)
		if desk {
			c.Href = deskPath + "/" + v.ID + "/paper"
		}
		add("paper", c)
	}
	add("words", ui.T(q.Words))
	add("made", ui.T(i18n.DateTime(l, q.MadeAt)))
	add("unit", ui.T(h.unit(ctx, q.Unit)))
	if q.State == rights.Open {
		add("due", ui.T(i18n.DateTime(l, q.DueAt)))
		return v
	}
	v.Answered = true
	v.Answer = ui.SummaryArgs{Rows: []ui.SummaryRow{
		{Key: t(ctx, "row.answer"), Value: ui.T(q.Answer)}, {Key: t(ctx, "row.by"), Value: ui.Cell{Text: h.unit(ctx, q.Unit), Note: i18n.DateTime(l, q.AnsweredAt)}},
	}}
	return v
}

func (h handlers) waiting(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := h.Rights.Waiting(ctx)
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, x := range list {
		ids[i] = x.Account
	}
	if err := h.Looks.Looked(ctx, access.Look{What: access.List, Basis: access.ByLaw, Why: lawOfRights, Type: "account", About: ids}); err != nil {
		return err
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, waitingPage(requestTable(ctx, list, deskPath, h.Rights.Clock.Now()), q.Get("done") != ""))
}

// lawOfRights is what a unit looks at a person's request by.
const lawOfRights = "Luật 91/2025/QH15"

func (h handlers) answerable(w http.ResponseWriter, r *http.Request) error {
	return h.showAnswerable(w, r, http.StatusOK, url.Values{}, nil)
}

func (h handlers) showAnswerable(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error) error {
	ctx := r.Context()
	q, may, err := h.open(r)
	if err != nil {
		return err
	}
	v := h.caseView(ctx, q, true)
	v.May, v.Own, v.Problems = may, q.State == rights.Open && !may, ui.ProblemsOf(ctx, refused)
	if q.Kind != rights.Question {
		f := ui.Field{Name: "state", Label: t(ctx, "answer.state"), Value: sent.Get("state"), Error: v.Problems.For("state"), Inline: true, Options: []ui.Option{
			{Value: rights.Granted, Label: t(ctx, "answer.grant")}, {Value: rights.Refused, Label: t(ctx, "answer.refuse")},
		}}
		v.State = &f
	}
	switch q.Kind {
	case rights.Restriction, rights.Objection, rights.Lifting:
		v.Effect = t(ctx, "effect."+string(q.Kind))
	}
	if q.Kind == rights.Correction {
		f := ui.Field{Name: "number", Label: t(ctx, "answer.number"), Hint: t(ctx, "answer.numberHint"), Optional: true, Mode: "numeric", Width: ui.Width20, Error: v.Problems.For("number")}
		v.Number = &f
	}
	v.Words = ui.Field{Name: "words", Label: t(ctx, "answer.words"), Hint: t(ctx, "answer.wordsHint"), Value: sent.Get("words"), Error: v.Problems.For("words"), MaxLength: 2000, Rows: 4}
	return web.Render(w, r, status, casePage(v))
}

// open reads a case for who may answer it; the look is written down first.
func (h handlers) open(r *http.Request) (q rights.Request, may bool, err error) {
	v, err := web.PathID[rights.Request](r, "id")
	if err != nil {
		return q, false, err
	}
	if q, may, err = h.Rights.Answerable(r.Context(), v); err != nil {
		return q, false, err
	}
	return q, may, h.Looks.Looked(r.Context(), access.Look{What: access.Person, Basis: access.ByLaw, Why: lawOfRights, Type: "account", About: []int64{q.Account}})
}

func (h handlers) answer(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	v, err := web.PathID[rights.Request](r, "id")
	if err != nil {
		return err
	}
	err = h.Rights.Answer(r.Context(), v, rights.Reply{State: sent.Get("state"), Words: sent.Get("words"), Number: sent.Get("number"), Key: key})
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch:
		if err != nil {
			return h.showAnswerable(w, r, web.ProblemOf(r.Context(), err).Status, sent, err)
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, deskPath+"?done=1")
}

func (h handlers) paper(w http.ResponseWriter, r *http.Request) error {
	q, _, err := h.open(r)
	if err != nil {
		return err
	}
	if q.Paper.SHA256 == "" {
		return errs.E(errs.NotFound, "rights.notFound")
	}
	body, err := h.Uploads.Open(r.Context(), form.File{SHA256: q.Paper.SHA256, Size: q.Paper.Size, Name: q.Paper.Name})
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return web.Send(w, r, web.Download{Name: q.Paper.Name, Type: filecheck.MediaType(extension(q.Paper.Name)), Size: q.Paper.Size, Inline: true, Body: body})
}

func extension(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return ""
}
