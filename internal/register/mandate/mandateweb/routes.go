package mandateweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/kernel/web"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// Messages are this package's sentences (keys under "mandateweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Services are what a mandate may be limited to: ids with their names.
type Services interface {
	Services(ctx context.Context) []ui.Option
}

type handlers struct {
	s        *mandate.Service
	people   *person.Service
	services Services
}

// Routes is the web half of the register of mandates.
func Routes(s *mandate.Service, people *person.Service, services Services) web.Module {
	h := handlers{s, people, services}
	clerk := auth.AnyRole(string(orgunit.RoleClerk))
	return web.Module{Name: "mandate", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/account/mandates", Policy: auth.SignedIn, Do: h.mine},
		{Method: http.MethodPost, Path: "/account/mandates", Policy: auth.SignedIn, Do: h.grant},
		{Method: http.MethodPost, Path: "/account/mandates/{id}", Policy: auth.SignedIn, Do: h.decide},
		{Method: http.MethodGet, Path: "/desk/mandates", Policy: clerk, Do: h.desk},
		{Method: http.MethodPost, Path: "/desk/mandates", Policy: clerk, Do: h.enter},
		{Method: http.MethodPost, Path: "/desk/mandates/find", Policy: clerk, Do: h.find},
		{Method: http.MethodPost, Path: "/desk/mandates/{id}", Policy: clerk, Do: h.close},
	}}
}

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "mandateweb."+key, kv...)
}

func wrong(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Forbidden, errs.Mismatch:
		return err != nil
	}
	return false
}

func stopped(ctx context.Context, err error) *ui.BannerArgs {
	return &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true}
}

func done(ctx context.Context, q url.Values) *ui.BannerArgs {
	switch d := q.Get("done"); d {
	case "offered", "accept", "decline", "end", "recorded", "closed":
		return &ui.BannerArgs{Text: say(ctx, "done."+d), Tone: ui.ToneDone, Alert: true}
	}
	return nil
}

// form is a form with what was typed and what is wrong with it.
type form struct {
	Key      string
	Values   url.Values
	Problems ui.Problems
}

func newForm(ctx context.Context, sent url.Values, bad error) form {
	return form{Key: web.NewKey(), Values: sent, Problems: ui.ProblemsOf(ctx, bad)}
}

// field is one question; secret ones are not drawn again.
func (f form) field(ctx context.Context, name string, more ui.Field) ui.Field {
	more.Name, more.Label, more.Error = name, say(ctx, "form."+name), f.Problems.For(name)
	if key := "mandateweb.form." + name + "Hint"; i18n.BundleOf(ctx).Has(key) {
		more.Hint = i18n.T(ctx, key)
	}
	if more.Value == "" && name != "number" && name != "holder" && name != "giver" {
		more.Value = f.Values.Get(name)
	}
	return more
}

func (f form) day(ctx context.Context, name string, optional bool) ui.Field {
	x := f.field(ctx, name, ui.Field{Optional: optional})
	if _, typed := dayOf(f.Values, name); typed != "" {
		x.Value = typed
	}
	return x
}

func dayOf(sent url.Values, name string) (d clock.Date, typed string) {
	typed = strings.TrimSpace(sent.Get(name+".day")) + "/" + strings.TrimSpace(sent.Get(name+".month")) + "/" + strings.TrimSpace(sent.Get(name+".year"))
	if typed == "//" {
		return d, ""
	}
	t, err := time.ParseInLocation("2/1/2006", typed, clock.Zone)
	if err != nil {
		return clock.Date{Year: 1, Month: 1, Day: 1}, typed // no day: refused with the field's own sentence
	}
	return clock.DateOf(t), typed
}

func (h handlers) scope(ctx context.Context, f form) ui.Field {
	return f.field(ctx, "services", ui.Field{Optional: true, Small: true, Values: f.Values["services"], Options: h.services.Services(ctx)})
}

// row is one mandate as a reader sees it.
type row struct {
	ID     string
	Title  string
	State  string
	Tone   ui.Tone
	Rows   ui.SummaryArgs
	Accept bool
	End    bool   // the reader may end it themselves
	Note   string // why not
	Close  *ui.Field
}

func (h handlers) row(ctx context.Context, m mandate.Mandate) row {
	state := m.State(h.s.Today())
	out := row{ID: m.ID.String(), Title: say(ctx, "row.title", "holder", m.HolderName, "giver", m.GiverName), State: say(ctx, "state."+state)}
	switch state {
	case "active":
		out.Tone = ui.ToneDone
	case "offered", "ahead":
		out.Tone = ui.ToneWaiting
	}
	add := func(key, text string) {
		if text != "" {
			out.Rows.Rows = append(out.Rows.Rows, ui.SummaryRow{Key: say(ctx, "row."+key), Value: ui.T(text)})
		}
	}
	add("kind", i18n.T(ctx, "mandate.kind."+string(m.Kind)))
	scope := say(ctx, "row.all")
	if len(m.Services) > 0 {
		var names []string
		for _, o := range h.services.Services(ctx) {
			for _, id := range m.Services {
				if o.Value == id {
					names = append(names, o.Label)
				}
			}
		}
		scope = strings.Join(names, "; ")
	}
	add("services", scope)
	l := i18n.LangOf(ctx)
	days := say(ctx, "row.from", "from", m.From)
	if !m.Until.IsZero() {
		days = i18n.Date(l, m.From) + " – " + i18n.Date(l, m.Until)
	}
	add("days", days)
	add("paper", m.Paper)
	add("granted", say(ctx, "row.basis."+m.Basis, "by", m.By, "at", m.Made))
	if m.EndedBy != "" {
		add("ended", say(ctx, "row.endedBy", "by", m.EndedBy, "at", m.EndedAt))
	}
	add("reason", m.Reason)
	return out
}
