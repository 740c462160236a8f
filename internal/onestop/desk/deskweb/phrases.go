package deskweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/desk"
	"khue/internal/register/orgunit"
)

// view is the page of phrases: the form of one, and all that the reader may use.
type view struct {
	Form   formView
	Groups []group
	Banner *ui.BannerArgs
}

// formView is a phrase being written.
type formView struct {
	Key        string
	ID         string // "" for a new one
	Version    string
	Owner      ui.Field
	Procedure  ui.Field
	Action     ui.Field
	VI, EN     ui.Field
	Problems   ui.Problems
	MayRemove  bool
	CancelHref string
}

// group are the phrases of one owner.
type group struct {
	Title string
	Rows  []row
}

type row struct {
	VI, EN string
	For    string // procedure and action
	Edit   string // "" where the reader may not
}

const path = "/desk/phrases"

// Values of the field owner; a unit's is its id.
const (
	ownerMe   = "me"
	ownerCity = "city"
)

func (h handlers) page(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	var v view
	if key := q.Get("done"); key == "kept" || key == "removed" {
		v.Banner = &ui.BannerArgs{Text: i18n.T(r.Context(), "deskweb.done."+key), Tone: ui.ToneDone, Alert: true}
	}
	sent := url.Values{"id": {q.Get("edit")}, "action": {q.Get("action")}, "procedure": {q.Get("procedure")}}
	return h.show(w, r, http.StatusOK, sent, nil, v)
}

// show draws the page; sent is what stands in the form, refused why it was not taken.
func (h handlers) show(w http.ResponseWriter, r *http.Request, status int, sent url.Values, refused error, v view) error {
	ctx := r.Context()
	all, err := h.svc.Phrases(ctx, "", "")
	if err != nil {
		return err
	}
	if edit := sent.Get("id"); edit != "" && !sent.Has("vi") {
		i := slices.IndexFunc(all, func(p desk.Phrase) bool { return p.ID.String() == edit && h.svc.MayKeep(ctx, p) })
		if i < 0 {
			return errs.E(errs.NotFound, "desk.phrase.notFound")
		}
		p := all[i]
		sent = url.Values{"id": {edit}, "version": {strconv.FormatInt(p.Version, 10)}, "owner": {ownerOf(p)}, "procedure": {p.Procedure}, "action": {p.Action}, "vi": {p.VI}, "en": {p.EN}}
	}
	procedures, actions := h.choices.Procedures(ctx), h.choices.Actions(ctx)
	v.Form = h.form(ctx, sent, refused, procedures, actions)
	if refused != nil && len(v.Form.Problems) == 0 {
		v.Banner = &ui.BannerArgs{Text: web.ProblemOf(ctx, refused).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	v.Groups = h.groups(ctx, all, procedures, actions)
	return web.Render(w, r, status, phrasesPage(v))
}

func ownerOf(p desk.Phrase) string {
	switch {
	case p.Account != 0:
		return ownerMe
	case p.Unit != 0:
		return p.Unit.String()
	}
	return ownerCity
}

func (h handlers) form(ctx context.Context, sent url.Values, refused error, procedures, actions []ui.Option) formView {
	problems := ui.Problems(nil)
	if e, ok := errs.As(refused); ok && len(e.Fields) > 0 {
		problems = ui.ProblemsOf(ctx, refused)
	}
	field := func(name string) ui.Field {
		return ui.Field{Name: name, Label: i18n.T(ctx, "deskweb.field."+name), Value: sent.Get(name), Error: problems.For(name)}
	}
	f := formView{Key: web.NewKey(), ID: sent.Get("id"), Version: sent.Get("version"), Problems: problems}
	f.MayRemove = f.ID != ""
	if f.ID != "" {
		f.CancelHref = path
	}
	f.Owner, f.Procedure, f.Action, f.VI, f.EN = field("owner"), field("procedure"), field("action"), field("vi"), field("en")
	f.Owner.Options = h.owners(ctx)
	f.Owner.Small, f.Owner.Inline = true, true
	if f.Owner.Value == "" {
		f.Owner.Value = ownerMe
	}
	f.Procedure.Options = append([]ui.Option{{Value: "*", Label: i18n.T(ctx, "deskweb.anyProcedure")}}, procedures...)
	f.Action.Options = append([]ui.Option{{Value: "*", Label: i18n.T(ctx, "deskweb.anyAction")}}, actions...)
	for _, s := range []*ui.Field{&f.Procedure, &f.Action} {
		if s.Value == "" {
			s.Value = "*"
		}
	}
	f.VI.Rows, f.VI.MaxLength = 3, 1000
	f.VI.Hint = i18n.T(ctx, "deskweb.hint.vi")
	f.EN.Rows, f.EN.MaxLength, f.EN.Optional = 3, 1000, true
	f.EN.Hint = i18n.T(ctx, "deskweb.hint.en")
	return f
}

// owners are whose phrases the reader may keep.
func (h handlers) owners(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: ownerMe, Label: i18n.T(ctx, "deskweb.owner.me")}}
	for _, u := range desk.UnitsOf(auth.From(ctx)) {
		if h.svc.MayKeep(ctx, desk.Phrase{Unit: u}) {
			out = append(out, ui.Option{Value: u.String(), Label: h.unitName(ctx, u)})
		}
	}
	if h.svc.MayKeep(ctx, desk.Phrase{}) {
		out = append(out, ui.Option{Value: ownerCity, Label: i18n.T(ctx, "deskweb.owner.city")})
	}
	return out
}

func (h handlers) unitName(ctx context.Context, u orgunit.UnitID) string {
	v, ok := h.svc.Units.Now().Get(u)
	switch {
	case !ok:
		return u.String()
	case i18n.LangOf(ctx) == i18n.EN && v.NameEN != "":
		return v.NameEN
	}
	return v.Name
}

func (h handlers) groups(ctx context.Context, all []desk.Phrase, procedures, actions []ui.Option) []group {
	name := func(list []ui.Option, value, any string) string {
		if i := slices.IndexFunc(list, func(o ui.Option) bool { return o.Value == value }); i >= 0 {
			return list[i].Label
		}
		if value == "" {
			return i18n.T(ctx, any)
		}
		return value
	}
	var out []group
	last := "\x00"
	for _, p := range all {
		if owner := ownerOf(p); owner != last {
			last = owner
			title := i18n.T(ctx, "deskweb.owner.city")
			switch {
			case p.Account != 0:
				title = i18n.T(ctx, "deskweb.owner.me")
			case p.Unit != 0:
				title = h.unitName(ctx, p.Unit)
			}
			out = append(out, group{Title: title})
		}
		g := &out[len(out)-1]
		x := row{VI: p.VI, EN: p.EN, For: name(actions, p.Action, "deskweb.anyAction") + " · " + name(procedures, p.Procedure, "deskweb.anyProcedure")}
		if h.svc.MayKeep(ctx, p) {
			x.Edit = path + "?edit=" + p.ID.String()
		}
		g.Rows = append(g.Rows, x)
	}
	return out
}

// keep takes the form: a new phrase, a change, or its removal.
func (h handlers) keep(w http.ResponseWriter, r *http.Request) error {
	sent, key, err := web.Command(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	p, err := h.phrase(ctx, sent)
	done := "kept"
	switch {
	case err != nil:
	case sent.Has("remove") && p.ID != 0:
		done = "removed"
		err = h.svc.RemovePhrase(ctx, p.ID, p.Version, key)
	default:
		_, err = h.svc.KeepPhrase(ctx, p, key)
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch, errs.Forbidden:
		if err != nil {
			return h.show(w, r, web.ProblemOf(ctx, err).Status, sent, err, view{})
		}
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, path+"?done="+done)
}

func (h handlers) phrase(ctx context.Context, sent url.Values) (p desk.Phrase, err error) {
	known := func(list []ui.Option, name string) string {
		v := sent.Get(name)
		if slices.ContainsFunc(list, func(o ui.Option) bool { return o.Value == v }) {
			return v
		}
		return ""
	}
	p = desk.Phrase{Procedure: known(h.choices.Procedures(ctx), "procedure"), Action: known(h.choices.Actions(ctx), "action"), VI: sent.Get("vi"), EN: sent.Get("en")}
	if text := sent.Get("id"); text != "" {
		if p.ID, err = id.Parse[desk.Phrase](text); err != nil {
			return p, errs.E(errs.NotFound, "desk.phrase.notFound")
		}
	}
	p.Version, _ = strconv.ParseInt(sent.Get("version"), 10, 64)
	switch owner := sent.Get("owner"); owner {
	case ownerMe, "":
		p.Account = auth.From(ctx).Account
	case ownerCity:
	default:
		if p.Unit, err = id.Parse[orgunit.Unit](owner); err != nil {
			return p, errs.E(errs.Invalid, "desk.phrase.notYours")
		}
	}
	return p, nil
}

func removal(ctx context.Context, f formView) []ui.Choice {
	if !f.MayRemove {
		return nil
	}
	return []ui.Choice{{Label: i18n.T(ctx, "deskweb.remove"), Name: "remove", Value: "1"}}
}

func cancel(ctx context.Context, f formView) *ui.Anchor {
	if f.CancelHref == "" {
		return nil
	}
	return &ui.Anchor{Label: i18n.T(ctx, "deskweb.cancel"), Href: f.CancelHref}
}
