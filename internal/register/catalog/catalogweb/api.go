package catalogweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/web"
	"khue/internal/register/catalog"
)

// ListInput are the filters of GET /api/v1/procedures.
type ListInput struct {
	web.Page
	Query  string `query:"q" maxLength:"200" doc:"Words of the name, in daily use or official, with or without marks; or a code."`
	Tier   string `query:"tier" enum:"commune,district,province,vertical,ministry,other" doc:"Handled at this tier."`
	Level  string `query:"level" enum:"0,1,2,3,4" doc:"Maturity level of the service in this city, exactly."`
	Field  string `query:"field" maxLength:"300" doc:"Name of a field of administration, as recorded."`
	Agency string `query:"agency" maxLength:"300" doc:"Name of an executing agency, as recorded."`
	Event  string `query:"event" maxLength:"40" doc:"Id of a life event."`
	Reach  string `query:"reach" enum:"city,ministry,other-province,internal" doc:"How the procedure concerns this city."`
}

// ListOutput is a page of procedures.
type ListOutput struct {
	Body web.List[Brief]
}

// Brief is a procedure in a list.
type Brief struct {
	Code     catalog.Code      `json:"code"`
	Name     string            `json:"name" doc:"Vietnamese, as recorded."`
	NameEN   string            `json:"nameEn,omitempty" doc:"Unofficial translation."`
	Field    catalog.Field     `json:"field"`
	Kind     catalog.Kind      `json:"kind" enum:"national,local,internal"`
	Tiers    []catalog.Tier    `json:"tiers" nullable:"false"`
	Reach    catalog.Reach     `json:"reach" enum:"city,ministry,other-province,internal"`
	Level    catalog.Level     `json:"level" minimum:"0" maximum:"4"`
	Online   bool              `json:"online" doc:"A service of this city takes applications online."`
	Channels []catalog.Channel `json:"channels" nullable:"false"`
	Agencies []string          `json:"agencies" nullable:"false"`
	Full     bool              `json:"full" doc:"The full record is known, not only the catalogue row."`
}

// OneInput names a procedure and a day.
type OneInput struct {
	Code string `path:"code" maxLength:"20" example:"1.001193"`
	On   string `query:"on" maxLength:"10" example:"2026-11-23" doc:"As in force on this day; today by default."`
}

// OneOutput is a procedure.
type OneOutput struct {
	Body Full
}

// Full is a procedure as in force on a day. Where the record disagrees with itself
// both statements stand, and doubts names them.
type Full struct {
	Brief
	Promulgator    catalog.Agency       `json:"promulgator"`
	Subjects       []string             `json:"subjects" nullable:"false"`
	Methods        []catalog.Method     `json:"methods" nullable:"false" doc:"Ways to submit. A fee is free only where the record's text says so; a deadline in unit printed has no computable meaning."`
	CaseDeadlines  []catalog.Deadline   `json:"caseDeadlines" nullable:"false"`
	Cases          []catalog.Case       `json:"cases" nullable:"false"`
	Papers         []catalog.PaperGroup `json:"papers" nullable:"false" doc:"Whether a paper is required is not known from the record."`
	Results        []catalog.Result     `json:"results" nullable:"false"`
	LegalBasis     []catalog.LegalBasis `json:"legalBasis" nullable:"false"`
	Requirements   string               `json:"requirements,omitempty"`
	Steps          []catalog.Step       `json:"steps" nullable:"false"`
	FullProcess    bool                 `json:"fullProcess" doc:"The national record claims the whole process online."`
	NonTerritorial bool                 `json:"nonTerritorial"`
	Decision       string               `json:"decision,omitempty"`
	Portal         string               `json:"portal,omitempty" doc:"Page on the national portal."`
	Why            *catalog.Why         `json:"why,omitempty" doc:"Reason for the level."`
	Doubts         []catalog.Doubt      `json:"doubts" nullable:"false"`
	Revision       int                  `json:"revision"`
	Source         string               `json:"source"`
	ValidFrom      string               `json:"validFrom,omitempty" doc:"ISO date; absent where the start is not known."`
	ValidTo        string               `json:"validTo,omitempty" doc:"ISO date, exclusive."`
	ApplyAt        string               `json:"applyAt,omitempty" doc:"Path where an application begins."`
}

func operations(a *web.API, p *pages) {
	web.Op(a, web.Scoped(huma.Operation{
		OperationID: "listProcedures", Method: http.MethodGet, Path: "/api/v1/procedures",
		Summary: "catalog.api.list", Description: "catalog.api.list_text",
	}, web.AnyScope), auth.Public, p.apiList)
	web.Op(a, huma.Operation{
		OperationID: "getProcedure", Method: http.MethodGet, Path: "/api/v1/procedures/{code}",
		Summary: "catalog.api.get", Description: "catalog.api.get_text",
	}, auth.Public, p.apiGet)
}

func (p *pages) apiList(ctx context.Context, in *ListInput) (*ListOutput, error) {
	f, err := filterOf(url.Values{
		"q": {in.Query}, "tier": {in.Tier}, "level": {in.Level}, "field": {in.Field}, "agency": {in.Agency},
		"event": {in.Event}, "reach": {in.Reach}, "cursor": {in.Cursor},
	})
	if err != nil {
		return nil, err
	}
	f.Limit = in.Limit
	page, err := p.catalog.Procedures(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &ListOutput{Body: web.List[Brief]{Items: make([]Brief, len(page.Items)), Next: page.Next}}
	for i := range page.Items {
		it := &page.Items[i]
		out.Body.Items[i] = brief(&it.Summary, it.NameEN, it.Reach, it.Level, it.Online, it.Full)
	}
	return out, nil
}

func brief(s *catalog.Summary, en string, reach catalog.Reach, level catalog.Level, online, full bool) Brief {
	return Brief{
		Code: s.Code, Name: s.Name, NameEN: en, Field: s.Field, Kind: s.Kind, Tiers: s.Tiers, Reach: reach,
		Level: level, Online: online, Channels: some(s.Channels()), Agencies: some(s.Agencies), Full: full,
	}
}

func (p *pages) apiGet(ctx context.Context, in *OneInput) (*OneOutput, error) {
	on, err := dateOf(in.On)
	if err != nil {
		return nil, err
	}
	pr, err := p.catalog.Get(ctx, catalog.Code(in.Code), on)
	if err != nil {
		return nil, err
	}
	offer, offered, err := Offer{}, false, error(nil)
	if on.IsZero() {
		if offer, offered, err = p.offers.Offer(ctx, pr.Code); err != nil {
			return nil, err
		}
	}
	out := Full{
		Brief:       brief(&pr.Summary, pr.NameEN, pr.Reach, pr.Level, offered, pr.Detail != nil),
		Promulgator: pr.Promulgator, Subjects: some(pr.Subjects), Methods: some(methods(pr)), CaseDeadlines: some(pr.CaseTerms),
		Results: some(results(pr)), FullProcess: pr.FullProcess, NonTerritorial: pr.NonTerritorial,
		Decision: pr.Decision, Portal: portal(&pr.Summary), Doubts: some(pr.Doubts),
		Revision: pr.Revision, Source: pr.Source.Name, ValidFrom: iso(pr.Validity.From), ValidTo: iso(pr.Validity.To),
		ApplyAt: offer.Href, Cases: []catalog.Case{}, Papers: []catalog.PaperGroup{}, LegalBasis: []catalog.LegalBasis{}, Steps: []catalog.Step{},
	}
	if d := pr.Detail; d != nil {
		out.Cases, out.Papers, out.LegalBasis = some(d.Cases), some(d.Papers), some(d.LegalBasis)
		out.Requirements, out.Steps = d.Requirements, some(d.Steps)
	}
	if pr.Why != (catalog.Why{}) {
		out.Why = &pr.Why
	}
	return &OneOutput{Body: out}, nil
}

// some makes an empty list of no list: clients get [], not null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func iso(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// methods are the full record's where it is known: it has the notes.
func methods(p *catalog.Procedure) []catalog.Method {
	if p.Detail != nil && len(p.Detail.Methods) > 0 {
		return p.Detail.Methods
	}
	return p.Methods
}

func results(p *catalog.Procedure) []catalog.Result {
	if p.Detail != nil && len(p.Detail.Results) > 0 {
		return p.Detail.Results
	}
	var out []catalog.Result
	for _, name := range p.Results {
		out = append(out, catalog.Result{Name: name})
	}
	return out
}

// portal is the procedure's page on the national portal.
func portal(s *catalog.Summary) string {
	if s.PortalID == "" {
		return ""
	}
	return "https://dichvucong.gov.vn/thu-tuc-hanh-chinh/" + url.PathEscape(s.PortalID)
}

func levelParam(l catalog.Level) string { return strconv.Itoa(int(l)) }
