package serviceweb

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/decl"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// Deps are what the operations read.
type Deps struct {
	Services *service.Registry
	Library  *service.Library // nil: no pages and operations of the library
	Clock    clock.Clock
	Bundle   *i18n.Bundle
	Supports service.Supports
}

// Routes are the pages and operations of this module.
func Routes(d Deps) web.Module {
	m := web.Module{Name: "serviceweb"}
	if d.Library != nil {
		m.Routes = d.pages()
	}
	m.API = func(a *web.API) {
		if d.Library != nil {
			d.libraryAPI(a)
		}
		web.Op(a, web.Scoped(huma.Operation{
			OperationID: "listServices", Method: http.MethodGet, Path: "/api/v1/services",
			Summary: "service.api.list", Description: "service.api.listText",
		}, web.AnyScope), auth.Public, d.list)
		web.Op(a, huma.Operation{
			OperationID: "getService", Method: http.MethodGet, Path: "/api/v1/services/{id}",
			Summary: "service.api.get", Description: "service.api.getText",
		}, auth.Public, d.get)
	}
	return m
}

// ListInput are the filters of GET /api/v1/services.
type ListInput struct {
	web.Page
	On string `query:"on" maxLength:"10" example:"2026-11-23" doc:"In force on this day; today by default."`
}

// ListOutput is a page of services.
type ListOutput struct {
	Body web.List[Brief]
}

// Text is a text in both languages.
type Text struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// Brief is a service in a list.
type Brief struct {
	ID        string   `json:"id" doc:"Goes into the field service of a dossier." example:"hanoi.civil-status.birth-registration"`
	Version   string   `json:"version"`
	Digest    string   `json:"digest" doc:"SHA-256 of the package; a dossier keeps the one it was filed under."`
	Procedure string   `json:"procedure"`
	Name      Text     `json:"name"`
	Summary   Text     `json:"summary"`
	ValidFrom string   `json:"validFrom"`
	ValidTo   string   `json:"validTo,omitempty" doc:"Last day, inclusive."`
	Cases     []Choice `json:"cases" nullable:"false"`
	Channels  []string `json:"channels" nullable:"false"`
	Fee       string   `json:"fee" enum:"free,amount,set-by-council,unknown"`
	Level     int      `json:"level" minimum:"1" maximum:"4"`
	Extent    string   `json:"extent,omitempty" enum:"full,partial" doc:"How much is done online, since Decree 42/2022."`
	Why       Text     `json:"why" doc:"Reason for the level."`
}

// Choice is a value with its name.
type Choice struct {
	ID   string `json:"id"`
	Name Text   `json:"name"`
}

// GetInput names a service and a day.
type GetInput struct {
	ID string `path:"id" maxLength:"120"`
	On string `query:"on" maxLength:"10" example:"2026-11-23" doc:"In force on this day; today by default."`
}

// GetOutput is a service.
type GetOutput struct {
	Body Full
}

// Full is a service with what it asks.
type Full struct {
	Brief
	Fields []Field `json:"fields" nullable:"false" doc:"Paths that answers may have, in order of the form."`
	Papers []Paper `json:"papers" nullable:"false"`
	Steps  []Step  `json:"steps" nullable:"false" doc:"How it is handled."`
}

// Field is one question.
type Field struct {
	Path     string   `json:"path" example:"child.name"`
	Page     string   `json:"page"`
	Type     string   `json:"type" example:"person-name"`
	Name     Text     `json:"name"`
	Required string   `json:"required" doc:"true, false, or the condition in FEEL."`
	When     string   `json:"when,omitempty" doc:"Asked only where this condition in FEEL holds."`
	Codes    []string `json:"codes,omitempty" doc:"Values of a list."`
}

// Paper is one paper of the dossier.
type Paper struct {
	ID        string   `json:"id"`
	Code      string   `json:"code,omitempty" doc:"National code."`
	Name      Text     `json:"name"`
	Required  string   `json:"required" doc:"true, false, or the condition in FEEL."`
	When      string   `json:"when,omitempty"`
	OneOf     string   `json:"oneOf,omitempty" doc:"One paper of this group suffices."`
	ShownOnly bool     `json:"shownOnly" doc:"Shown at the counter and given back."`
	Accept    []string `json:"accept" nullable:"false"`
}

// Step is one step of the handling.
type Step struct {
	ID      string   `json:"id"`
	Name    Text     `json:"name"`
	Role    string   `json:"role"`
	Minutes int      `json:"minutes,omitempty" doc:"Budget in working minutes."`
	Actions []string `json:"actions" nullable:"false"`
}

func (d Deps) day(s string) (clock.Date, error) {
	if s == "" {
		return clock.DateOf(d.Clock.Now()), nil
	}
	on, err := clock.ParseDate(s)
	if err != nil {
		return on, errs.E(errs.Invalid, "service.api.day", errs.WithFields(errs.Field{Path: "on", Key: "service.api.day"}))
	}
	return on, nil
}

func (d Deps) list(ctx context.Context, in *ListInput) (*ListOutput, error) {
	on, err := d.day(in.On)
	if err != nil {
		return nil, err
	}
	out := &ListOutput{Body: web.List[Brief]{Items: []Brief{}}}
	after := ""
	if _, err := web.ReadCursor(in.Cursor, &after); err != nil {
		return nil, err
	}
	for _, p := range d.Services.On(on) {
		switch {
		case p.ID <= after:
		case len(out.Body.Items) == in.Limit:
			out.Body.Next = web.NewCursor(out.Body.Items[in.Limit-1].ID)
			return out, nil
		default:
			out.Body.Items = append(out.Body.Items, d.brief(ctx, p, on))
		}
	}
	return out, nil
}

func (d Deps) get(ctx context.Context, in *GetInput) (*GetOutput, error) {
	on, err := d.day(in.On)
	if err != nil {
		return nil, err
	}
	p, err := d.Services.Find(in.ID, on)
	if err != nil {
		return nil, err
	}
	out := Full{Brief: d.brief(ctx, p, on), Fields: []Field{}, Papers: []Paper{}, Steps: []Step{}}
	for _, f := range p.Form.Inputs() {
		out.Fields = append(out.Fields, Field{
			Path: f.Path, Page: f.Page, Type: f.Type, Name: text(f.Label), Required: orFalse(f.Required), When: f.When, Codes: f.Codes,
		})
	}
	for _, n := range p.Papers {
		accept := n.Accept
		if len(accept) == 0 {
			accept = form.FileKinds()
		}
		out.Papers = append(out.Papers, Paper{
			ID: n.ID, Code: n.Code, Name: text(p.PaperName(n.ID)), Required: orFalse(n.Required.S), When: n.When.S,
			OneOf: n.OneOf, ShownOnly: n.ShownOnly, Accept: accept,
		})
	}
	for _, s := range p.Process.Steps() {
		st := Step{ID: s.ID, Name: text(s.Label), Role: s.Role, Minutes: s.Minutes, Actions: []string{}}
		for _, a := range s.Actions {
			st.Actions = append(st.Actions, a.Do)
		}
		out.Steps = append(out.Steps, st)
	}
	return &GetOutput{Body: out}, nil
}

func orFalse(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "false"
	}
	return s
}

func text(l decl.Label) Text { return Text(l) }

func (d Deps) brief(ctx context.Context, p *service.Package, on clock.Date) Brief {
	level := p.Level(d.Supports.City(ctx, on), on)
	b := Brief{
		ID: p.ID, Version: p.Version, Digest: p.Digest, Procedure: p.Procedure, Name: text(p.Name()), Summary: text(p.Summary()),
		ValidFrom: p.From.String(), ValidTo: p.To.String(), Cases: []Choice{}, Channels: []string{}, Fee: p.Fee.Kind,
		Level: level.N, Why: text(level.Public(d.Bundle)), Extent: string(level.Extent),
	}
	for _, c := range p.Cases {
		b.Cases = append(b.Cases, Choice{ID: c, Name: text(p.CaseName(c))})
	}
	for _, c := range p.Channels {
		b.Channels = append(b.Channels, string(c))
	}
	slices.Sort(b.Channels)
	return b
}
