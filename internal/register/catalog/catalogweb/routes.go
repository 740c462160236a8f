package catalogweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/register/catalog"
)

// Offers knows what can be applied for in this city. The services of the house
// implement it; app hands it over.
type Offers interface {
	// Offer returns the working service for a procedure, and false where there is none.
	Offer(ctx context.Context, procedure catalog.Code) (Offer, bool, error)
}

// Offer is a service that takes applications for a procedure, in the reader's
// language. Empty texts are not shown.
type Offer struct {
	Href     string   // where the application begins; empty where it is filed in person or by post
	Deadline string   // as the service declares it: "Trong ngày"
	Fee      string   // "Miễn phí", "150.000 đồng"
	FeeFrom  string   // the source of the fee
	Steps    []string // public steps of the handling
}

// Routes is the catalogue on the web. offers may be nil: then nothing is offered.
func Routes(s *catalog.Service, offers Offers) web.Module {
	if offers == nil {
		offers = none{}
	}
	p := &pages{catalog: s, offers: offers}
	return web.Module{
		Name: "catalog",
		Routes: []web.Route{
			{Method: http.MethodGet, Path: "/procedures", Policy: auth.Public, Do: p.list},
			{Method: http.MethodGet, Path: "/procedures/fields", Policy: auth.Public, Do: p.fields},
			{Method: http.MethodGet, Path: "/procedures/agencies", Policy: auth.Public, Do: p.agencies},
			{Method: http.MethodGet, Path: "/procedures/life-events/{id}", Policy: auth.Public, Do: p.lifeEvent},
			{Method: http.MethodGet, Path: "/procedures/{code}", Policy: auth.Public, Do: p.procedure},
		},
		API: func(a *web.API) { operations(a, p) },
	}
}

type none struct{}

func (none) Offer(context.Context, catalog.Code) (Offer, bool, error) { return Offer{}, false, nil }

type pages struct {
	catalog *catalog.Service
	offers  Offers
}

// list is the front page of the catalogue without a filter, else the list it gives.
func (p *pages) list(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return err
	}
	if len(q) == 0 {
		return p.front(w, r)
	}
	f, err := filterOf(q)
	if err != nil {
		return err
	}
	page, err := p.catalog.Procedures(r.Context(), f)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(listView{filter: f, page: page, query: q}))
}

func (p *pages) front(w http.ResponseWriter, r *http.Request) error {
	counts, err := p.catalog.Counts(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, frontPage(counts, p.catalog.LifeEvents()))
}

func (p *pages) fields(w http.ResponseWriter, r *http.Request) error {
	groups, err := p.catalog.Fields(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, groupsPage(groupsView{groups: groups, by: "field"}))
}

func (p *pages) agencies(w http.ResponseWriter, r *http.Request) error {
	groups, err := p.catalog.Agencies(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, groupsPage(groupsView{groups: groups, by: "agency"}))
}

func (p *pages) lifeEvent(w http.ResponseWriter, r *http.Request) error {
	ev, err := p.catalog.LifeEvent(r.PathValue("id"))
	if err != nil {
		return err
	}
	page, err := p.catalog.Procedures(r.Context(), catalog.Filter{LifeEvent: ev.ID, Limit: 100})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, lifeEventPage(ev, page))
}

func (p *pages) procedure(w http.ResponseWriter, r *http.Request) error {
	on, err := dateOf(r.URL.Query().Get("on"))
	if err != nil {
		return err
	}
	pr, err := p.catalog.Get(r.Context(), catalog.Code(i18n.NFC(r.PathValue("code"))), on)
	if err != nil {
		return err
	}
	v := procedureView{Procedure: pr, on: on, today: on}
	if on.IsZero() {
		v.today = p.catalog.Today()
		offer, ok, err := p.offers.Offer(r.Context(), pr.Code)
		if err != nil {
			return err
		}
		if ok {
			v.offer = &offer
		}
	}
	for _, id := range pr.LifeEvents {
		if ev, err := p.catalog.LifeEvent(id); err == nil {
			v.events = append(v.events, ev)
		}
	}
	return web.Render(w, r, http.StatusOK, procedurePage(v))
}

// filterOf reads the filters of an address. A word that is no tier or level is
// Invalid, with the field named.
func filterOf(q url.Values) (catalog.Filter, error) {
	f := catalog.Filter{
		Query: q.Get("q"), Field: q.Get("field"), Agency: q.Get("agency"), Reach: catalog.Reach(q.Get("reach")),
		LifeEvent: q.Get("event"), Online: q.Get("online") == "1", Cursor: q.Get("cursor"),
	}
	var bad []errs.Field
	if v := q.Get("tier"); v != "" {
		t, ok := catalog.ParseTier(v)
		if !ok {
			bad = append(bad, errs.Field{Path: "tier", Key: "catalog.filter.tier", Params: errs.Params{"value": v}})
		}
		f.Tier = t
	}
	if v := q.Get("level"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 4 {
			bad = append(bad, errs.Field{Path: "level", Key: "catalog.filter.level", Params: errs.Params{"value": v}})
		}
		l := catalog.Level(n)
		f.Level = &l
	}
	if len(bad) > 0 {
		return f, errs.E(errs.Invalid, bad[0].Key, errs.P("value", bad[0].Params["value"]), errs.WithFields(bad...))
	}
	return f, nil
}

func dateOf(s string) (clock.Date, error) {
	if s == "" {
		return clock.Date{}, nil
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return d, errs.E(errs.Invalid, "catalog.filter.date", errs.P("value", s), errs.Cause(err))
	}
	return d, nil
}
