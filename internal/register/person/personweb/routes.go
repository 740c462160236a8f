package personweb

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
	"khue/internal/register/orgunit"
	"khue/internal/register/person"
)

// Messages are this package's sentences (keys under "personweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct {
	s        *person.Service
	national string
}

// Steward is who compares rows of people.
const Steward = "steward"

// Routes is the web half of the register of people. national is where one signs in by the
// national identity; empty where the city is not connected to it.
func Routes(s *person.Service, national string) web.Module {
	h := handlers{s, national}
	clerk, steward := auth.AnyRole(string(orgunit.RoleClerk)), auth.AnyRole(Steward)
	return web.Module{Name: "person", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/account/identity", Policy: auth.SignedIn, Do: h.identity},
		{Method: http.MethodPost, Path: "/account/identity", Policy: auth.SignedIn, Do: h.actOnIdentity},
		{Method: http.MethodGet, Path: "/desk/identity", Policy: clerk, Do: h.checks},
		{Method: http.MethodPost, Path: "/desk/identity", Policy: clerk, Do: h.beginCheck},
		{Method: http.MethodGet, Path: "/desk/identity/{id}", Policy: clerk, Do: h.check},
		{Method: http.MethodPost, Path: "/desk/identity/{id}", Policy: clerk, Do: h.decideCheck},
		{Method: http.MethodGet, Path: "/desk/people/{id}/facts", Policy: clerk, Do: h.facts},
		{Method: http.MethodPost, Path: "/desk/people/{id}/facts", Policy: clerk, Do: h.settle},
		{Method: http.MethodGet, Path: "/admin/people/duplicates", Policy: steward, Do: h.duplicates},
		{Method: http.MethodGet, Path: "/admin/people/duplicates/{a}/{b}", Policy: steward, Do: h.pair},
		{Method: http.MethodPost, Path: "/admin/people/duplicates/{a}/{b}", Policy: steward, Do: h.decidePair},
		{Method: http.MethodPost, Path: "/admin/people/merges/{id}", Policy: steward, Do: h.unmerge},
	}}
}

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "personweb."+key, kv...)
}

// units are the ids of the units at whose counter the reader is clerk.
func units(ctx context.Context) (out []string) {
	for _, g := range auth.From(ctx).Grants {
		if u, ok := strings.CutPrefix(g.Scope, "unit:"); ok && orgunit.Role(g.Role).Acts(orgunit.RoleClerk) {
			out = append(out, u)
		}
	}
	return out
}

// fieldName is what people call a fact.
func fieldName(ctx context.Context, name string) string { return i18n.T(ctx, "person.field."+name) }

// fact says one fact as a reader of the desk may see it.
func fact(ctx context.Context, name, text string) string {
	switch name {
	case "born", "issued":
		if d, err := clock.ParseDate(text); err == nil {
			return i18n.Date(i18n.LangOf(ctx), d)
		}
	case "sex":
		if text != "" {
			return say(ctx, "sex."+text)
		}
	case "old":
		if len(text) == 9 {
			return text[:2] + "xxxx" + text[6:]
		}
	}
	return text
}

// wrong reports whether an error goes back into the form that it came from.
func wrong(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Forbidden:
		return err != nil
	}
	return false
}

func refused(ctx context.Context, err error) *ui.BannerArgs {
	return &ui.BannerArgs{Text: web.ProblemOf(ctx, err).Detail, Tone: ui.ToneStopped, Alert: true}
}

// done is the banner of the act that led to a page.
func done(ctx context.Context, q url.Values, known ...string) *ui.BannerArgs {
	for _, k := range known {
		if q.Get("done") == k {
			return &ui.BannerArgs{Text: say(ctx, "done."+k), Tone: ui.ToneDone, Alert: true}
		}
	}
	return nil
}

// dayOf reads the three boxes of a day; zero for what is none.
func dayOf(sent url.Values, name string) (d clock.Date, typed string) {
	typed = strings.TrimSpace(sent.Get(name+".day")) + "/" + strings.TrimSpace(sent.Get(name+".month")) + "/" + strings.TrimSpace(sent.Get(name+".year"))
	if t, err := time.ParseInLocation("2/1/2006", typed, clock.Zone); err == nil {
		d = clock.DateOf(t)
	}
	if typed == "//" {
		typed = ""
	}
	return d, typed
}

func reasonField(ctx context.Context, scope string, ps ui.Problems) ui.Field {
	return ui.Field{Name: "reason", Scope: scope, Label: say(ctx, "reason"), Hint: say(ctx, "reasonHint"), MaxLength: 300, Error: ps.For("reason")}
}
