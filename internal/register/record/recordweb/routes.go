package recordweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
	"khue/internal/register/record"
)

// Messages are this package's sentences (keys under "recordweb").
//
//go:embed i18n/*.yaml
var Messages embed.FS

type handlers struct{ svc *record.Service }

// Routes is the web half of the registers. Whether a reader may see the register of an agency
// is decided with the agency in hand.
func Routes(s *record.Service) web.Module {
	h := handlers{s}
	return web.Module{Name: "record", Routes: []web.Route{
		{Method: http.MethodGet, Path: "/desk/registers", Policy: auth.Officer, Do: h.list},
		{Method: http.MethodGet, Path: "/desk/registers/{register}", Policy: auth.Officer, Do: h.register},
		{Method: http.MethodGet, Path: "/desk/registers/{register}/entries.csv", Policy: auth.Officer, Do: h.csv},
		{Method: http.MethodGet, Path: "/desk/registers/{register}/entries.json", Policy: auth.Officer, Do: h.json},
		{Method: http.MethodGet, Path: "/desk/records/{id}", Policy: auth.Officer, Do: h.entry},
		{Method: http.MethodPost, Path: "/desk/records/{id}", Policy: auth.Officer, Do: h.act},
	}}
}

// unitOf is the agency that a query names; without one, the reader's own.
func (h handlers) unitOf(ctx context.Context, ref string) (orgunit.Unit, error) {
	t := h.svc.Units.Now()
	if ref == "" {
		if own := h.svc.Agencies(ctx); len(own) > 0 {
			return own[0], nil
		}
		return t.Government(), nil
	}
	u, err := t.Resolve(ref)
	if err != nil {
		return u, err
	}
	if a, ok := t.AgencyOf(u.ID); ok {
		u = a
	}
	return u, nil
}

func unitName(ctx context.Context, u orgunit.Unit) string {
	if i18n.LangOf(ctx) == i18n.EN && u.NameEN != "" {
		return u.NameEN
	}
	return u.Name
}

// dayIn is the day that was typed into three boxes.
func dayIn(sent url.Values, name string) (d clock.Date, typed string, err error) {
	typed = strings.TrimSpace(sent.Get(name+".day")) + "/" + strings.TrimSpace(sent.Get(name+".month")) + "/" + strings.TrimSpace(sent.Get(name+".year"))
	if typed == "//" {
		return d, "", nil
	}
	t, err := time.ParseInLocation("2/1/2006", typed, clock.Zone)
	if err != nil {
		return d, typed, errs.E(errs.Invalid, "record.invalid", errs.P("n", 1), errs.WithFields(errs.Field{Path: name, Key: "recordweb.day"}))
	}
	return clock.DateOf(t), typed, nil
}

// onDay is the day of a query, as which the register is read.
func onDay(q url.Values) (clock.Date, error) {
	if v := q.Get("on"); v != "" {
		d, err := clock.ParseDate(v)
		if err != nil {
			return d, errs.E(errs.Invalid, "recordweb.day", errs.Cause(err))
		}
		return d, nil
	}
	d, _, err := dayIn(q, "on")
	return d, err
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
