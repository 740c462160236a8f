package orgunitweb

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/web"
	"khue/internal/register/orgunit"
)

// brief is a unit inside another's answer.
type brief struct {
	ID     string  `json:"id"`
	Code   *string `json:"code" doc:"Official code on the day; null where it is not known or there is none."`
	Name   string  `json:"name"`
	NameEN string  `json:"nameEn"`
}

// unit is a unit as the API shows it.
type unit struct {
	brief
	Class     string   `json:"class" enum:"territory,agency,office"`
	Kind      string   `json:"kind"`
	Tier      string   `json:"tier" enum:"city,district,commune"`
	Aliases   []string `json:"aliases,omitempty" doc:"Further codes of the same agency."`
	Parent    *brief   `json:"parent"`
	Agency    *brief   `json:"agency" doc:"Who governs the territory; null for agencies."`
	Functions []string `json:"functions,omitempty"`
	ValidFrom *string  `json:"validFrom" doc:"First day, ISO; null = before 2016-01-01, where the record starts."`
	ValidTo   *string  `json:"validTo" doc:"Last day, ISO; null = still there."`
	Formerly  *brief   `json:"formerly,omitempty" doc:"The unit of old that q names, where that name is gone."`
}

// post is a place for a person.
type post struct {
	Role   string `json:"role"`
	Name   string `json:"name"`
	NameEN string `json:"nameEn"`
	Unit   brief  `json:"unit" doc:"The office that the post stands in, or the agency."`
}

// episode is a unit in the story of a place.
type episode struct {
	brief
	Share     string  `json:"share" enum:"whole,part,rest"`
	Self      bool    `json:"self"`
	ValidFrom *string `json:"validFrom"`
	ValidTo   *string `json:"validTo"`
}

type listInput struct {
	web.Page
	At     string `query:"at" format:"date" doc:"The day, ISO; today where absent. Codes mean nothing without a day."`
	Tier   string `query:"tier" enum:"city,district,commune"`
	Class  string `query:"class" enum:"territory,agency,office" doc:"territory where absent"`
	Parent string `query:"parent" maxLength:"40" doc:"Code on the day, or id, of the unit directly above."`
	Q      string `query:"q" maxLength:"200" doc:"Words of the name, with or without marks; former names too."`
}

type listOutput struct{ Body web.List[unit] }

type unitInput struct {
	ID string `path:"id" maxLength:"40" doc:"Id of any time, or code on the day."`
	At string `query:"at" format:"date" doc:"The day, ISO; today, or the unit's last day, where absent."`
}

type unitOutput struct {
	Body struct {
		unit
		Children []brief   `json:"children" nullable:"false"`
		Posts    []post    `json:"posts" nullable:"false" doc:"Of an agency, or of the agency that governs the territory."`
		Lineage  []episode `json:"lineage" nullable:"false" doc:"Units before, itself, and after, by first day."`
	}
}

// api registers the operations.
func (h handler) api(a *web.API) {
	web.Op(a, web.Scoped(huma.Operation{
		OperationID: "list-units", Method: "GET", Path: "/api/v1/units",
		Summary: "orgunit.api.list", Description: "orgunit.api.listNote",
	}, web.AnyScope), auth.Public, h.listUnits)
	web.Op(a, huma.Operation{
		OperationID: "get-unit", Method: "GET", Path: "/api/v1/units/{id}",
		Summary: "orgunit.api.get", Description: "orgunit.api.getNote",
	}, auth.Public, h.getUnit)
}

// day reads a date parameter; today where it is empty.
func (h handler) day(s string) (clock.Date, error) {
	if s == "" {
		return h.units.Today(), nil
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return d, errs.E(errs.Invalid, "orgunit.page.badDate", errs.Cause(err),
			errs.WithFields(errs.Field{Path: "at", Key: "orgunit.page.badDate"}))
	}
	return d, nil
}

func (h handler) listUnits(_ context.Context, in *listInput) (*listOutput, error) {
	d, err := h.day(in.At)
	if err != nil {
		return nil, err
	}
	tree := h.units.At(d)
	f := orgunit.Filter{Class: orgunit.Class(in.Class), Tier: orgunit.Tier(in.Tier), Limit: tree.Len()}
	if f.Class == "" {
		f.Class = orgunit.Territory
	}
	if in.Parent != "" {
		p, err := tree.Resolve(in.Parent)
		if err != nil {
			return nil, err
		}
		f.Parent = p.ID
	}
	hits := h.find(tree, in.Q, f)
	start, err := after(hits, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &listOutput{Body: web.List[unit]{Items: []unit{}}}
	end := min(start+in.Limit, len(hits))
	for _, hit := range hits[start:end] {
		u := show(tree, hit.Unit)
		if hit.Former.ID != 0 {
			u.Formerly = new(shortly(hit.Former))
		}
		out.Body.Items = append(out.Body.Items, u)
	}
	if end < len(hits) {
		out.Body.Next = web.NewCursor(hits[end-1].Unit.ID.String())
	}
	return out, nil
}

// find lists what the filter allows, or searches where there are words.
func (h handler) find(tree *orgunit.Tree, q string, f orgunit.Filter) []orgunit.Hit {
	if q != "" {
		return tree.Search(q, f)
	}
	var hits []orgunit.Hit
	for _, u := range tree.Select(func(u orgunit.Unit) bool {
		return u.Class == f.Class && (f.Tier == "" || u.Tier == f.Tier) && (f.Parent == 0 || u.Parent == f.Parent)
	}) {
		hits = append(hits, orgunit.Hit{Unit: u})
	}
	return hits
}

// after is the place behind the unit that a cursor names.
func after(hits []orgunit.Hit, cursor string) (int, error) {
	var last string
	if ok, err := web.ReadCursor(cursor, &last); !ok || err != nil {
		return 0, err
	}
	i := slices.IndexFunc(hits, func(x orgunit.Hit) bool { return x.Unit.ID.String() == last })
	if i < 0 {
		return 0, errs.E(errs.Invalid, "web.error.cursor", errs.WithFields(errs.Field{Path: "cursor", Key: "web.error.cursor"}))
	}
	return i + 1, nil
}

func (h handler) getUnit(_ context.Context, in *unitInput) (*unitOutput, error) {
	u, tree, err := h.one(in.ID, in.At)
	if err != nil {
		return nil, err
	}
	out := &unitOutput{}
	b := &out.Body
	b.unit, b.Children, b.Posts, b.Lineage = show(tree, u), []brief{}, []post{}, []episode{}
	for _, c := range tree.Children(u.ID) {
		b.Children = append(b.Children, shortly(c))
	}
	holder := u.ID
	if u.Class == orgunit.Territory {
		a, _ := tree.AgencyOf(u.ID)
		holder = a.ID
	}
	for _, p := range tree.Posts(holder) {
		info, _ := orgunit.RoleOf(p.Role)
		at, _ := tree.Get(p.Unit)
		b.Posts = append(b.Posts, post{string(p.Role), info.Name, info.NameEN, shortly(at)})
	}
	for _, e := range h.units.Lineage(u.ID) {
		b.Lineage = append(b.Lineage, episode{shortly(e.Unit), string(e.Share), e.Self, first(e.Unit), last(e.Unit)})
	}
	return out, nil
}

// one finds a unit by id or code, with the tree of the day asked for. A unit
// that is gone is shown as on its last day, unless a day was named.
func (h handler) one(ref, at string) (orgunit.Unit, *orgunit.Tree, error) {
	d, err := h.day(at)
	if err != nil {
		return orgunit.Unit{}, nil, err
	}
	tree := h.units.At(d)
	u, err := tree.Resolve(ref)
	if err == nil || at != "" {
		return u, tree, err
	}
	id, perr := parseUnitID(ref)
	if perr != nil {
		return u, tree, err
	}
	old, uerr := h.units.Unit(id)
	if uerr != nil {
		return u, tree, uerr
	}
	day := old.From
	if l, ended := old.LastDay(); ended {
		day = l
	}
	return old, h.units.At(day), nil
}

func shortly(u orgunit.Unit) brief {
	b := brief{ID: u.ID.String(), Name: u.Name, NameEN: u.NameEN}
	if u.Code != "" {
		b.Code = &u.Code
	}
	return b
}

func show(tree *orgunit.Tree, u orgunit.Unit) unit {
	out := unit{
		brief: shortly(u), Class: string(u.Class), Kind: string(u.Kind), Tier: string(u.Tier),
		Aliases: u.Aliases, Functions: u.Keys, ValidFrom: first(u), ValidTo: last(u),
	}
	if p, ok := tree.Get(u.Parent); ok {
		out.Parent = new(shortly(p))
	}
	if u.Class == orgunit.Territory {
		if a, ok := tree.AgencyOf(u.ID); ok {
			out.Agency = new(shortly(a))
		}
	}
	return out
}

func first(u orgunit.Unit) *string {
	if u.From.IsZero() {
		return nil
	}
	return new(u.From.String())
}

func last(u orgunit.Unit) *string {
	d, ended := u.LastDay()
	if !ended {
		return nil
	}
	return new(d.String())
}
