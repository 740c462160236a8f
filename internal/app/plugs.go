package app

import (
	"context"
	"net/mail"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/pdf"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/onestop/counter"
	"khue/internal/onestop/desk"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/dossier/dossierweb"
	"khue/internal/onestop/reorganise"
	"khue/internal/onestop/service"
	"khue/internal/register/catalog"
	"khue/internal/register/catalog/catalogweb"
	"khue/internal/register/holiday"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
	assets "khue/web"
)

// What one module plugs into another stands here, each a few lines.

// home is where somebody lands after signing in.
func home(s auth.Subject) string {
	if s.Kind == auth.KindOfficer {
		return "/desk"
	}
	return "/"
}

// ownPages are what the account page leads to.
func ownPages(ctx context.Context, s auth.Subject) (out []ui.Anchor) {
	if s.Kind != auth.KindCitizen {
		return nil
	}
	for _, x := range [...][2]string{{"me", "/account/identity"}, {"mandates", "/account/mandates"}, {"data", "/account/data"}, {"seen", "/account/looks"}, {"inbox", "/account/notices"}} {
		out = append(out, ui.Anchor{Label: i18n.T(ctx, "app.own."+x[0]), Href: x[1]})
	}
	return out
}

// scopes lets a grant over a unit reach the units below it on the day.
type scopes struct{ units *orgunit.Service }

// Covers reports whether what lies in or below scope today. A post in an office reaches no
// other office, and nobody reaches into an external unit but its own people.
func (s scopes) Covers(_ context.Context, scope, what string) bool {
	above, ok := unitOf(scope)
	if !ok {
		return false
	}
	below, ok := unitOf(what)
	if !ok {
		return false
	}
	t := s.units.Now()
	u, ok := t.Get(below)
	if !ok || above == below {
		return ok
	}
	if a, ok := t.Get(above); !ok || a.Class == orgunit.Office || u.External() {
		return false
	}
	if u.Serves != 0 {
		// An agency lies where its territory lies: a district's committee reaches its communes'.
		if a, ok := t.Get(above); ok && a.Serves != 0 {
			return a.Serves == u.Serves || isAbove(t, a.Serves, u.Serves)
		}
	}
	return isAbove(t, above, below)
}

func isAbove(t *orgunit.Tree, above, below orgunit.UnitID) bool {
	for _, u := range t.Ancestors(below) {
		if u.ID == above {
			return true
		}
	}
	return false
}

func unitOf(scope string) (orgunit.UnitID, bool) {
	v, err := id.Parse[orgunit.Unit](strings.TrimPrefix(scope, "unit:"))
	return v, err == nil
}

// national is where one signs in by the national identity; empty where the city is not
// connected to it.
func (p *Program) national() string {
	if !p.Config.National.On() {
		return ""
	}
	return "/sign-in/national"
}

// absences gives the dossiers of an officer on leave to the deputy, and back.
type absences struct{ p *Program }

func standInOf(l identity.Leave) dossier.StandIn {
	return dossier.StandIn{Leave: int64(l.ID), Absent: l.Account, AbsentName: l.Name, Deputy: l.Deputy, DeputyName: l.DeputyName, Until: l.Until}
}

// StandIn moves the open tasks of the absent.
func (a absences) StandIn(ctx context.Context, l identity.Leave, grants []auth.Grant) (int, error) {
	return a.p.Dossiers.HandOver(ctx, standInOf(l), grants)
}

// Return gives back what is still undone.
func (a absences) Return(ctx context.Context, l identity.Leave) (int, error) {
	return a.p.Dossiers.HandBack(ctx, standInOf(l))
}

// Release gives back the work of who moved or left.
func (a absences) Release(ctx context.Context, account int64, name string, grants []auth.Grant) (int, error) {
	return a.p.Dossiers.Release(ctx, account, name, grants)
}

// supports say whether fees can be paid online and results are signed: of a unit, or with 0 of
// the whole city. Each is one line here, as soon as the module stands that knows; what is not
// plugged in does not work, and no service computes to level 4 by a promise.
func (p *Program) supports() service.Supports {
	return service.Supports{Payment: func(_ context.Context, unit orgunit.UnitID, _ clock.Date) bool { return p.Payments.Working(unit) },
		Signature: func(_ context.Context, unit orgunit.UnitID, _ clock.Date) bool { return p.Signatures.Working(unit) }}
}

// offers tells the catalogue's pages where an application begins.
type offers struct{ p *Program }

// Offer returns the declared service of a procedure, if one is in force today.
func (o offers) Offer(ctx context.Context, procedure catalog.Code) (catalogweb.Offer, bool, error) {
	pkg, ok := o.p.Services.ForProcedure(string(procedure), clock.DateOf(o.p.Clock.Now()))
	if !ok {
		return catalogweb.Offer{}, false, nil
	}
	l := i18n.LangOf(ctx)
	out := catalogweb.Offer{FeeFrom: pkg.Fee.Source}
	if pkg.Offers(service.Online) {
		out.Href = "/apply/" + pkg.ID
	}
	if pkg.Fee.Free() {
		out.Fee = i18n.T(ctx, "app.offer.free")
	} else if pkg.Fee.Amount > 0 {
		out.Fee = i18n.Money(l, pkg.Fee.Amount)
	} else if pkg.Fee.Rule != "" {
		out.Fee = i18n.T(ctx, "app.offer.reckoned")
	}
	if len(pkg.Terms.Deadlines) > 0 {
		t := pkg.Terms.Deadlines[0].Term
		out.Deadline = i18n.T(ctx, "dossier.paper.term_"+t.Kind.String(), "n", t.N)
	}
	for _, s := range pkg.Process.Steps() {
		if !s.Public.IsZero() {
			out.Steps = append(out.Steps, s.Public.In(l))
		}
	}
	return out, true, nil
}

// publish tells open pages what the journal has of new.
func (p *Program) publish(rs []journal.Record, skipped bool) {
	if skipped {
		p.Live.Publish(web.LiveAll)
		return
	}
	if p.Live.Idle() {
		return
	}
	for _, r := range rs {
		p.Live.Publish(dossier.Topics(r)...)
	}
}

// phraseChoices names what a phrase of the desk may be for: the services in force and the
// acts that ask for a reason.
type phraseChoices struct{ p *Program }

// Procedures are those of the declared services, by name.
func (c phraseChoices) Procedures(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, pkg := range c.p.Services.On(c.p.today()) {
		out = append(out, ui.Option{Value: pkg.Procedure, Label: pkg.Name().In(i18n.LangOf(ctx))})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(i18n.Fold(a.Label), i18n.Fold(b.Label)) })
	return slices.CompactFunc(out, func(a, b ui.Option) bool { return a.Value == b.Value })
}

// Services are the declared services in force, by name: what a mandate may be limited to.
func (c phraseChoices) Services(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, pkg := range c.p.Services.On(c.p.today()) {
		out = append(out, ui.Option{Value: pkg.ID, Label: pkg.Name().In(i18n.LangOf(ctx))})
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(i18n.Fold(a.Label), i18n.Fold(b.Label)) })
	return out
}

// Actions are the acts that ask for a reason.
func (c phraseChoices) Actions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, do := range dossier.ReasonActions() {
		out = append(out, ui.Option{Value: do, Label: i18n.T(ctx, "app.act."+do)})
	}
	return out
}

// address is the site as readers see it.
func (p *Program) address() string {
	if p.Config.PublicURL != "" {
		return strings.TrimSuffix(p.Config.PublicURL, "/")
	}
	return "http://" + p.Config.Listen
}

// contact is where push services find the city's operator.
func (p *Program) contact() string {
	if a, err := mail.ParseAddress(p.Config.MailFrom); err == nil {
		return "mailto:" + a.Address
	}
	return p.address()
}

// fonts are the type of papers. Without built assets they are empty and a paper says so.
func fonts() (f pdf.Fonts) {
	for style, into := range map[assets.FontStyle]*[]byte{
		assets.Regular: &f.Regular, assets.Bold: &f.Bold, assets.Italic: &f.Italic, assets.BoldItalic: &f.BoldItalic,
	} {
		*into, _ = assets.Font(style)
	}
	return f
}

// drawer draws papers beside the pages; nil where they are drawn here.
func (p *Program) drawer() func(context.Context, pdf.Layout, pdf.Options) ([]byte, error) {
	if p.Config.Aside == "" {
		return nil
	}
	d := pdf.NewDrawer(p.Config.Log, p.Config.Aside, "draw")
	p.onClose(d.Close)
	return d.Render
}

// playWorld is what scenarios are played in, without a database: the embedded calendar
// and units.
func playWorld() (service.World, error) {
	cal, err := holiday.Load()
	if err != nil {
		return service.World{}, err
	}
	units, err := orgunit.New(nil, clock.System(), nil, nil)
	if err != nil {
		return service.World{}, err
	}
	return service.World{Calendar: cal, Units: dossier.FormUnits(units)}, nil
}

// followFilters lets kept filters go with the posts that a reorganisation moved.
func (p *Program) followFilters(tx *db.Tx, by string, posts []reorganise.Post) error {
	list := make([]desk.Handover, 0, len(posts))
	for _, x := range posts {
		if x.ToRole != "" {
			list = append(list, desk.Handover{Account: x.Account, From: x.From, To: x.To, Role: x.Role, ToRole: x.ToRole})
		}
	}
	return p.Desk.Follow(tx, by, list)
}

// originals tells the pages of a dossier who holds its originals.
type originals struct{ p *Program }

// Whereabouts names the holder of each.
func (o originals) Whereabouts(ctx context.Context, d dossier.ID) ([]dossierweb.Original, error) {
	list, err := o.p.Counter.OriginalsOf(ctx, d)
	if err != nil {
		return nil, err
	}
	l := i18n.LangOf(ctx)
	out := make([]dossierweb.Original, len(list))
	for i, x := range list {
		out[i] = dossierweb.Original{Paper: o.p.Counter.PaperName(x, l), Count: x.Count, Since: x.Since, Moving: x.Batch != 0}
		if x.State == counter.GivenBack {
			continue
		}
		u, err := o.p.Units.Unit(x.Unit)
		if err != nil {
			return nil, err
		}
		out[i].Holder = x.HolderName + ", " + u.Name
		if l == i18n.EN && u.NameEN != "" {
			out[i].Holder = x.HolderName + ", " + u.NameEN
		}
	}
	return out, nil
}

// results makes the results of dossiers, which stand below it.
type results struct{ p *Program }

// IntendIn takes the number of a result with the act that decides on it.
func (r results) IntendIn(tx *db.Tx, i dossier.Intent) error { return r.p.Results.IntendIn(tx, i) }

// DoneIn brings a result on its way to an owner who wants the file.
func (r results) DoneIn(tx *db.Tx, d dossier.ID) error { return r.p.Results.DoneIn(tx, d) }

// Ready says why a result cannot be handed over yet.
func (r results) Ready(ctx context.Context, d dossier.Dossier) error {
	return r.p.Results.Ready(ctx, d)
}

// NumberOf is the number of a result, made or on its way.
func (r results) NumberOf(q db.Querier, d dossier.ID) (string, error) {
	return r.p.Results.NumberOf(q, d)
}

// Signed reports whether the paper of a result is there and signed.
func (r results) Signed(ctx context.Context, d dossier.ID) (bool, error) {
	return r.p.Results.Signed(ctx, d)
}

// Paper is the file of the result that stands.
func (r results) Paper(ctx context.Context, d dossier.Dossier) ([]byte, bool, error) {
	return r.p.Results.Paper(ctx, d)
}

// registerNames calls books by the names of the registers that their numbers stand in.
type registerNames struct{ p *Program }

// BookName is the name of a kind of book; the kind itself where no package declares it any more.
func (n registerNames) BookName(ctx context.Context, kind string) string {
	if r, err := n.p.Records.Register(kind); err == nil {
		return r.Name.In(i18n.LangOf(ctx))
	}
	return kind
}
