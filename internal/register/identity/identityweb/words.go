package identityweb

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/register/identity"
	"khue/internal/register/orgunit"
)

func say(ctx context.Context, key string, kv ...any) string {
	return i18n.T(ctx, "identityweb."+key, kv...)
}

func crumbs(ctx context.Context, more ...ui.Anchor) []ui.Anchor {
	return append([]ui.Anchor{{Label: say(ctx, "home"), Href: "/admin"}}, more...)
}

func day(ctx context.Context, d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return i18n.Date(i18n.LangOf(ctx), d)
}

// span says the days of a post or a leave.
func span(ctx context.Context, from, until clock.Date) string {
	switch {
	case from.IsZero() && until.IsZero():
		return say(ctx, "open")
	case until.IsZero():
		return say(ctx, "from", "from", day(ctx, from))
	case from.IsZero():
		return say(ctx, "until", "until", day(ctx, until))
	case from == until:
		return day(ctx, from)
	}
	return say(ctx, "span", "from", day(ctx, from), "until", day(ctx, until))
}

func roleName(ctx context.Context, r orgunit.Role) string { return r.In(i18n.LangOf(ctx)) }

func unitName(ctx context.Context, u orgunit.Unit) string {
	if i18n.LangOf(ctx) == i18n.EN && u.NameEN != "" {
		return u.NameEN
	}
	return u.Name
}

// fullName is an office with its agency.
func (h handlers) fullName(ctx context.Context, v orgunit.UnitID) string {
	u, err := h.svc.Units.Unit(v)
	if err != nil {
		return v.String()
	}
	if u.Class == orgunit.Office {
		if a, err := h.svc.Units.Unit(u.Parent); err == nil {
			return unitName(ctx, u) + ", " + unitName(ctx, a)
		}
	}
	return unitName(ctx, u)
}

func signWord(ctx context.Context, s identity.Sign) string {
	if s == identity.SignNone {
		return say(ctx, "sign.none")
	}
	return say(ctx, "sign."+string(s))
}

// dayOf reads the three boxes of a day; what is no day is refused by the service with the
// field's own sentence.
func dayOf(sent url.Values, name string) (d clock.Date, typed string) {
	typed = strings.TrimSpace(sent.Get(name+".day")) + "/" + strings.TrimSpace(sent.Get(name+".month")) + "/" + strings.TrimSpace(sent.Get(name+".year"))
	if typed == "//" {
		return d, ""
	}
	t, err := time.ParseInLocation("2/1/2006", typed, clock.Zone)
	if err != nil {
		return clock.Date{Year: 1, Month: 1, Day: 1}, typed
	}
	return clock.DateOf(t), typed
}

// form is a form with what was typed and what is wrong with it.
type form struct {
	Key      string
	Values   url.Values
	Problems ui.Problems
	scope    string
}

func (f form) get(name string) string { return f.Values.Get(name) }

func (f form) field(ctx context.Context, group, name string) ui.Field {
	out := ui.Field{Name: name, Label: say(ctx, group+"."+name), Value: f.get(name), Error: f.Problems.For(name), Scope: f.scope}
	if key := group + ".hint." + name; i18n.BundleOf(ctx).Has("identityweb." + key) {
		out.Hint = say(ctx, key)
	}
	return out
}

func optional(f ui.Field) ui.Field {
	f.Optional = true
	return f
}

func limit(f ui.Field, n int) ui.Field {
	f.MaxLength = n
	return f
}

func choose(f ui.Field, list []ui.Option) ui.Field {
	f.Options = list
	return f
}

// wrong reports whether an error goes back into the form that it came from.
func wrong(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Mismatch, errs.TooLarge:
		return true
	}
	return false
}

func accountText(v int64) string { return strconv.FormatInt(v, 10) }

func accept(f ui.Field) ui.Field {
	f.Accept = ".xlsx,.csv"
	return f
}

func ticks(from form, f ui.Field) ui.Field {
	f.Values, f.Small = from.Values[f.Name], true
	return f
}

func named(f ui.Field, name string) ui.Field {
	f.Name = name
	return f
}
