package personweb

import (
	"context"
	"net/http"
	"net/url"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/person"
)

// checksView asks for card, telephone number and code.
type checksView struct {
	Banner   *ui.BannerArgs
	Problems ui.Problems
	Fields   []ui.Field
	Typed    []ui.Field // where the card cannot be read
	Born     ui.Field
	Waiting  ui.TableArgs
}

func (h handlers) checks(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	return h.showChecks(w, r, http.StatusOK, url.Values{}, nil, done(r.Context(), q, "linked", "waiting", "refused"))
}

func (h handlers) showChecks(w http.ResponseWriter, r *http.Request, status int, sent url.Values, bad error, banner *ui.BannerArgs) error {
	ctx := r.Context()
	ps := ui.ProblemsOf(ctx, bad)
	field := func(name string, more ui.Field) ui.Field {
		more.Name, more.Label, more.Error = name, say(ctx, "check."+name), ps.For(name)
		if key := "personweb.check." + name + "Hint"; i18n.BundleOf(ctx).Has(key) {
			more.Hint = i18n.T(ctx, key)
		}
		return more
	}
	_, typed := dayOf(sent, "born")
	v := checksView{
		Banner: banner, Problems: ps,
		// What was scanned and the code are not drawn again: they are sent anew.
		Fields: []ui.Field{
			field("card", ui.Field{Capitals: "none", MaxLength: 600}),
			field("login", ui.Field{Value: sent.Get("login"), Type: "tel", Mode: "tel", Width: ui.Width20}),
			field("code", ui.Field{Mode: "numeric", Width: ui.Width20}),
		},
		Typed: []ui.Field{field("name", ui.Field{Value: sent.Get("name"), Width: ui.WidthTwo, Optional: true})},
		Born:  field("born", ui.Field{Value: typed, Optional: true}),
		Waiting: ui.TableArgs{Caption: say(ctx, "check.waiting"), CaptionQuiet: true, First: true, Empty: say(ctx, "check.nobody"), Head: []ui.Column{
			{Label: fieldName(ctx, "name")}, {Label: say(ctx, "check.by")}, {Label: say(ctx, "check.at")},
		}},
	}
	for _, u := range units(ctx) {
		list, err := h.s.WaitingChecks(ctx, u)
		if err != nil {
			return err
		}
		for _, c := range list {
			v.Waiting.Rows = append(v.Waiting.Rows, ui.Row{Cells: []ui.Cell{
				ui.L(c.Told.Name, "/desk/identity/"+c.ID.String()), ui.T(c.By), ui.T(i18n.DateTime(i18n.LangOf(ctx), c.Made)),
			}})
		}
	}
	return web.Render(w, r, status, checksPage(v))
}

func (h handlers) beginCheck(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	mine := units(ctx)
	if len(mine) == 0 {
		return errs.E(errs.Forbidden, "person.officers")
	}
	in := person.Presented{Login: f.Get("login"), Code: f.Get("code"), Card: f.Get("card"), Name: f.Get("name"), Unit: mine[0]}
	in.Born, _ = dayOf(f, "born")
	c, err := h.s.BeginCheck(ctx, in)
	if errs.Is(err, errs.Invalid) {
		return h.showChecks(w, r, web.Status(err), f, err, nil)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/identity/"+c.ID.String())
}

// checkView is a card beside what the city knows.
type checkView struct {
	ID       string
	Banner   *ui.BannerArgs
	Card     ui.SummaryArgs
	Account  ui.SummaryArgs
	Warnings []string
	Differs  []ui.Field
	First    bool // the reader confirms first, or is the colleague
	Mine     bool
	Open     bool
	Replaces bool
}

func (h handlers) check(w http.ResponseWriter, r *http.Request) error {
	return h.showCheck(w, r, http.StatusOK, nil)
}

func (h handlers) showCheck(w http.ResponseWriter, r *http.Request, status int, banner *ui.BannerArgs) error {
	ctx := r.Context()
	id, err := web.PathID[person.Check](r, "id")
	if err != nil {
		return err
	}
	c, err := h.s.Compare(ctx, id, units(ctx))
	if err != nil {
		return err
	}
	v := checkView{
		ID: id.String(), Banner: banner, First: c.State == person.CheckOpen, Open: c.State == person.CheckOpen || c.State == person.CheckWaiting,
		Mine: c.Officer == auth.From(ctx).Account, Replaces: c.Replaces(),
	}
	v.Card = cardOf(ctx, c)
	v.Account = ui.SummaryArgs{Title: say(ctx, "check.account"), Rows: []ui.SummaryRow{
		{Key: fieldName(ctx, "name"), Value: ui.T(c.Owner.Name)}, {Key: fieldName(ctx, "phone"), Value: ui.T(c.Owner.Login)},
		{Key: say(ctx, "check.since"), Value: ui.T(i18n.DateTime(i18n.LangOf(ctx), c.Owner.Created))},
	}}
	if i18n.Fold(c.Owner.Name) != i18n.Fold(c.Told.Name) {
		v.Warnings = append(v.Warnings, say(ctx, "check.otherName", "account", c.Owner.Name, "card", c.Told.Name))
	}
	if v.Replaces {
		v.Warnings = append(v.Warnings, say(ctx, "check.replaces"))
	}
	if c.Known.Died != "" {
		v.Warnings = append(v.Warnings, say(ctx, "check.died"))
	}
	for _, d := range c.Differs {
		v.Differs = append(v.Differs, choice(ctx, d, "card"))
	}
	return web.Render(w, r, status, checkPage(v))
}

func cardOf(ctx context.Context, c person.Compared) ui.SummaryArgs {
	out := ui.SummaryArgs{Title: say(ctx, "check.onCard"), Rows: []ui.SummaryRow{
		{Key: fieldName(ctx, "name"), Value: ui.T(c.Told.Name)}, {Key: say(ctx, "number"), Value: ui.T(c.Number.Masked())},
		{Key: fieldName(ctx, "born"), Value: ui.T(fact(ctx, "born", c.Told.Born))},
	}}
	for _, x := range [...][2]string{{"sex", c.Told.Sex}, {"address", c.Told.Address}, {"old", c.Told.Old}} {
		if x[1] != "" {
			out.Rows = append(out.Rows, ui.SummaryRow{Key: fieldName(ctx, x[0]), Value: ui.T(fact(ctx, x[0], x[1]))})
		}
	}
	return out
}

// choice asks which of two facts is right. Nothing is chosen beforehand but what was known.
func choice(ctx context.Context, d person.Difference, from string) ui.Field {
	return ui.Field{Name: "take." + d.Field, Label: fieldName(ctx, d.Field), Small: true, Value: "known", Options: []ui.Option{
		{Value: "known", Label: fact(ctx, d.Field, d.Known), Hint: say(ctx, "facts.known")},
		{Value: "told", Label: fact(ctx, d.Field, d.Told), Hint: say(ctx, "facts."+from)},
	}}
}

// taken are the facts for which what was told was chosen.
func taken(f url.Values, ds []person.Difference) (out []string) {
	for _, d := range ds {
		if f.Get("take."+d.Field) == "told" {
			out = append(out, d.Field)
		}
	}
	return out
}

func (h handlers) decideCheck(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[person.Check](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	to := "refused"
	if f.Get("do") == "refuse" {
		err = h.s.Refuse(ctx, id, units(ctx))
	} else if f.Get("compared") == "" {
		return h.showCheck(w, r, http.StatusUnprocessableEntity, &ui.BannerArgs{Text: say(ctx, "check.tick"), Tone: ui.ToneStopped, Alert: true})
	} else {
		var c person.Compared
		if c, err = h.s.Compare(ctx, id, units(ctx)); err == nil {
			c, err = h.s.Confirm(ctx, id, units(ctx), taken(f, c.Differs))
		}
		if to = "linked"; c.State == person.CheckWaiting {
			to = "waiting"
		}
	}
	if wrong(err) {
		return h.showCheck(w, r, web.Status(err), refused(ctx, err))
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/desk/identity?done="+to)
}

// factsView are facts that disagree.
type factsView struct {
	ID, Name, Note, Back string
	Banner               *ui.BannerArgs
	Problems             ui.Problems
	Differs              []ui.Field
	Reason               ui.Field
}

func (h handlers) facts(w http.ResponseWriter, r *http.Request) error {
	return h.showFacts(w, r, http.StatusOK, nil)
}

// showFacts opens somebody's facts at a counter, which is a look.
func (h handlers) showFacts(w http.ResponseWriter, r *http.Request, status int, bad error) error {
	ctx := r.Context()
	id, err := web.PathID[person.Person](r, "id")
	if err != nil {
		return err
	}
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	p, err := h.s.Get(ctx, id)
	if err != nil {
		return err
	}
	ds := p.Facts.Differs(p.Claim)
	mine := units(ctx)
	if len(ds) == 0 || len(mine) == 0 {
		return errs.E(errs.NotFound, "person.settled")
	}
	if p, err = h.s.Reveal(ctx, id, person.Basis{Kind: person.BasisPresent, Unit: mine[0]}); err != nil {
		return err
	}
	v := factsView{ID: id.String(), Name: p.Facts.Name, Note: p.Number.Masked(), Back: web.LocalPath(q.Get("back")), Problems: ui.ProblemsOf(ctx, bad)}
	for _, d := range ds {
		v.Differs = append(v.Differs, choice(ctx, d, "told"))
	}
	v.Reason = reasonField(ctx, "", v.Problems)
	return web.Render(w, r, status, factsPage(v))
}

func (h handlers) settle(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[person.Person](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	mine := units(ctx)
	if len(mine) == 0 {
		return errs.E(errs.Forbidden, "person.officers")
	}
	p, err := h.s.Get(ctx, id)
	if err != nil {
		return err
	}
	_, err = h.s.Settle(ctx, id, mine[0], taken(f, p.Facts.Differs(p.Claim)), f.Get("reason"))
	if errs.Is(err, errs.Invalid) {
		return h.showFacts(w, r, web.Status(err), err)
	}
	if err != nil {
		return err
	}
	if back := web.LocalPath(f.Get("back")); back != "/" {
		return web.Redirect(w, r, back)
	}
	return web.Redirect(w, r, "/desk/counter")
}
