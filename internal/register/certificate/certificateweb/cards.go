package certificateweb

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/certificate"
)

// listView is what was asked for, and the form that asks.
type listView struct {
	Banner   *ui.BannerArgs
	Crumbs   []ui.Anchor
	Health   *ui.SummaryArgs
	Waiting  []cardView
	Cards    []cardView
	Whole    bool // nothing was narrowed: requests stand apart
	Heading  string
	Words    string
	Shows    []ui.Filter
	Pages    ui.PageLinks
	May      bool
	Key      string
	Values   url.Values
	Problems ui.Problems
	Units    []ui.Option
}

type cardView struct {
	ID     string
	Title  string
	State  string
	Tone   ui.Tone
	Rows   ui.SummaryArgs
	Decide bool
	Own    bool // may be taken back
	Renew  bool
	Revoke *ui.Field
	Key    string
}

func (h handlers) list(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	v := listView{}
	if done := q.Get("done"); slices.Contains([]string{"asked", "issue", "refuse", "revoke"}, done) {
		v.Banner = &ui.BannerArgs{Text: say(r.Context(), "done."+done), Tone: ui.ToneDone, Alert: true}
	}
	return h.show(w, r, http.StatusOK, v)
}

const path = "/admin/certificates"

// address is the list narrowed.
func address(f certificate.CardFilter, before certificate.ID) string {
	q := url.Values{}
	if f.Show != certificate.All {
		q.Set("show", string(f.Show))
	}
	if f.Words != "" {
		q.Set("q", f.Words)
	}
	if before != 0 {
		q.Set("before", before.String())
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// asked is what of the list is wanted. What is none shows all.
func asked(q url.Values) (f certificate.CardFilter) {
	if x := certificate.Show(q.Get("show")); slices.Contains(certificate.Shows(), x) {
		f.Show = x
	}
	f.Words = strings.Join(strings.Fields(q.Get("q")), " ")
	if v, err := id.Parse[certificate.Card](q.Get("before")); err == nil {
		f.Before = v
	}
	return f
}

func (h handlers) show(w http.ResponseWriter, r *http.Request, status int, v listView) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	f := asked(q)
	list, next, err := h.Authority.Find(ctx, f)
	if err != nil {
		return err
	}
	v.Whole, v.Words = f == certificate.CardFilter{}, f.Words
	v.Heading = say(ctx, "show."+cmp.Or(string(f.Show), "all"))
	for _, x := range certificate.Shows() {
		v.Shows = append(v.Shows, ui.Filter{Label: say(ctx, "show."+cmp.Or(string(x), "all")), Href: address(certificate.CardFilter{Show: x, Words: f.Words}, 0), Count: -1, Current: x == f.Show})
	}
	if next != 0 {
		v.Pages.Next = address(f, next)
	}
	if f.Before != 0 {
		v.Pages.Prev = address(f, 0)
	}
	waiting := list
	if v.Whole { // of a long list the first page alone would hide a request
		v.Heading = say(ctx, "cards")
		if waiting, _, err = h.Authority.Find(ctx, certificate.CardFilter{Show: certificate.Waiting}); err != nil {
			return err
		}
		for _, c := range waiting {
			v.Waiting = append(v.Waiting, h.card(ctx, c))
		}
	}
	for _, c := range list {
		if !v.Whole || c.State != certificate.Asked {
			v.Cards = append(v.Cards, h.card(ctx, c))
		}
	}
	if h.Manages(ctx) {
		v.Crumbs = []ui.Anchor{{Label: say(ctx, "home"), Href: "/admin"}}
		c, err := h.Authority.Condition(ctx)
		if err != nil {
			return err
		}
		v.Health = h.condition(ctx, c)
	}
	v.Key = web.NewKey()
	for _, o := range h.Units(ctx) {
		if h.Authority.Proposes(ctx, o.Value) {
			v.Units = append(v.Units, o)
		}
	}
	v.May = len(v.Units) > 0
	return web.Render(w, r, status, listPage(v))
}

// condition tells those who look after the authority how it is.
func (h handlers) condition(ctx context.Context, c certificate.Condition) *ui.SummaryArgs {
	l, now := i18n.LangOf(ctx), h.Authority.Authorities().Now
	out := ui.SummaryArgs{Title: say(ctx, "health.title"), Action: &ui.Anchor{Label: say(ctx, "health.more"), Href: "/ca"}}
	add := func(key string, value ui.Cell) {
		out.Rows = append(out.Rows, ui.SummaryRow{Key: say(ctx, "health."+key), Value: value})
	}
	for _, p := range c.Parts {
		word := "well"
		if p.Name == "root" { // its key is not here to be asked
			word = "holds"
		}
		cell := ui.Tagged(say(ctx, "health."+word), ui.ToneDone)
		switch {
		case p.Err != nil:
			cell = ui.Tagged(say(ctx, "health.silent"), ui.ToneStopped)
			cell.Note = say(ctx, "health.silentDo."+p.Name)
		case !now.Before(p.Until):
			cell = ui.Tagged(say(ctx, "health.over"), ui.ToneStopped)
		case p.Near(now):
			cell = ui.Tagged(say(ctx, "health.near"), ui.ToneWaiting)
		}
		if p.Err == nil {
			cell.Note = say(ctx, "health.until", "day", i18n.Date(l, clock.DateOf(p.Until)))
		}
		add(p.Name, cell)
	}
	if c.Ending > 0 {
		cell := ui.L(say(ctx, "health.endingN", "n", c.Ending), address(certificate.CardFilter{Show: certificate.Ending}, 0))
		add("ending", cell)
	}
	return &out
}

func (h handlers) card(ctx context.Context, c certificate.Card) cardView {
	state := string(c.State)
	now := h.Authority.Authorities().Now
	if c.State == certificate.Issued && !c.Valid(now) {
		state = "expired"
	} else if c.Near(now) {
		state = "near"
	}
	v := cardView{
		ID: c.ID.String(), Title: i18n.T(ctx, "certificate.kind."+string(c.Kind)) + ": " + c.Name, State: i18n.T(ctx, "certificate.state."+state), Key: web.NewKey(),
		Tone:   map[string]ui.Tone{"asked": ui.ToneWaiting, "issued": ui.ToneDone, "near": ui.ToneWaiting, "refused": ui.ToneStopped, "revoked": ui.ToneStopped}[state],
		Decide: h.Authority.DecidesOn(ctx, c), Own: c.State == certificate.Asked && c.Proposer == auth.From(ctx).Account,
	}
	if h.Authority.Revokes(ctx, c) {
		v.Renew = h.Authority.Proposes(ctx, c.Unit)
		f := ui.Field{Name: "reason", Scope: v.ID + "-", Label: say(ctx, "reason")}
		for _, x := range certificate.Reasons() {
			f.Options = append(f.Options, ui.Option{Value: string(x), Label: i18n.T(ctx, "certificate.reason."+string(x))})
		}
		v.Revoke = &f
	}
	add := func(key, text string) {
		if text != "" {
			v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: say(ctx, "row."+key), Value: ui.T(text)})
		}
	}
	v.Rows.Tight = true
	l := i18n.LangOf(ctx)
	if c.Title != c.Name {
		add("title", c.Title)
	}
	add("place", i18n.T(ctx, "certificate.place."+string(c.Place)))
	if c.Looks {
		v.Rows.Rows = append(v.Rows.Rows, ui.SummaryRow{Key: say(ctx, "row.look"), Value: ui.Cell{Body: lookImage(path+"/"+v.ID+"/look.png", say(ctx, "lookOf", "name", c.Name))}})
	}
	add("basis", c.Basis)
	add("asked", say(ctx, "row.by", "name", c.ProposedBy, "at", i18n.DateTime(l, c.ProposedAt)))
	if !c.DecidedAt.IsZero() {
		add("decided", say(ctx, "row.by", "name", c.DecidedBy, "at", i18n.DateTime(l, c.DecidedAt)))
	}
	if c.Serial != "" {
		add("serial", inEights(c.Serial))
		add("valid", i18n.Date(l, clock.DateOf(c.From))+" – "+i18n.Date(l, clock.DateOf(c.Until)))
	}
	if c.State == certificate.Revoked {
		add("revoked", say(ctx, "row.by", "name", c.RevokedBy, "at", i18n.DateTime(l, c.RevokedAt))+". "+i18n.T(ctx, "certificate.reason."+string(c.Reason)))
	}
	return v
}

// refused draws the page again where the reader can mend something.
func (h handlers) refused(w http.ResponseWriter, r *http.Request, err error, v listView) error {
	if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict && k != errs.Forbidden {
		return err
	}
	if v.Problems = ui.ProblemsOf(r.Context(), err); len(v.Problems) == 0 {
		v.Banner = &ui.BannerArgs{Text: web.ProblemOf(r.Context(), err).Detail, Tone: ui.ToneStopped, Alert: true}
	}
	return h.show(w, r, web.Status(err), v)
}

func (h handlers) ask(w http.ResponseWriter, r *http.Request) error {
	f, key, err := web.Command(r)
	if err != nil {
		return err
	}
	wish := certificate.Wish{
		Kind: certificate.Kind(f.Get("kind")), Login: f.Get("login"), Unit: f.Get("unit"), Request: f.Get("request"), Ref: f.Get("ref"), Basis: f.Get("basis"),
	}
	if wish.Look, err = image(r); err != nil {
		return h.refused(w, r, err, listView{Values: f})
	}
	if _, err := h.Authority.Ask(r.Context(), wish, key); err != nil {
		return h.refused(w, r, err, listView{Values: f})
	}
	return web.Redirect(w, r, path+"?done=asked")
}

// image is the file of a signature or seal; nil where none was chosen.
func image(r *http.Request) ([]byte, error) {
	files, err := web.Files(r, "look")
	if err != nil || len(files) == 0 {
		return nil, err
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxAsk))
}

// act issues, refuses, revokes, or asks for a renewal.
func (h handlers) act(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := web.PathID[certificate.Card](r, "id")
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	do := f.Get("do")
	switch do {
	case "issue", "refuse":
		_, err = h.Authority.Decide(ctx, v, do == "issue")
	case "revoke":
		_, err = h.Authority.Revoke(ctx, v, certificate.Reason(f.Get("reason")))
	case "renew":
		var key string
		if key, err = web.ClientKey(r); err != nil {
			return err
		}
		_, err = h.Authority.Ask(ctx, certificate.Wish{Renews: v, Basis: say(ctx, "renewal")}, key)
		do = "asked"
	default:
		return errs.E(errs.NotFound, "certificate.error.none")
	}
	if k := errs.KindOf(err); err != nil && (k == errs.Invalid || k == errs.Conflict || k == errs.Forbidden || k == errs.Unavailable) {
		// Told above the list: the fields of the request's form have no part in it.
		text := web.ProblemOf(ctx, err).Detail
		if ps := ui.ProblemsOf(ctx, err); len(ps) > 0 {
			text = ps[0].Text
		}
		return h.show(w, r, web.Status(err), listView{Banner: &ui.BannerArgs{Text: text, Tone: ui.ToneStopped, Alert: true}})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, path+"?done="+do)
}

func (v listView) field(ctx context.Context, name string, more ui.Field) ui.Field {
	more.Name, more.Label, more.Value, more.Error = name, say(ctx, "form."+name), v.Values.Get(name), v.Problems.For(name)
	if key := "certificateweb.form." + name + "Hint"; i18n.BundleOf(ctx).Has(key) {
		more.Hint = i18n.T(ctx, key)
	}
	return more
}

func (v listView) kind(ctx context.Context) ui.Field {
	f := v.field(ctx, "kind", ui.Field{Small: true})
	for _, k := range []certificate.Kind{certificate.Officer, certificate.Seal} {
		f.Options = append(f.Options, ui.Option{Value: string(k), Label: i18n.T(ctx, "certificate.kind."+string(k))})
	}
	return f
}

func (v listView) unit(ctx context.Context) ui.Field {
	return v.field(ctx, "unit", ui.Field{Options: append([]ui.Option{{Value: "", Label: "–"}}, v.Units...)})
}

// ownKey reports whether somebody asked for a card of a key elsewhere: then its part is open.
func (v listView) ownKey() bool {
	return v.Values.Get("request") != "" || v.Values.Get("ref") != "" || v.Problems.For("request") != "" || v.Problems.For("ref") != ""
}
