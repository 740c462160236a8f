package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// docOp is one operation on the page at /api.
type docOp struct {
	ID, Method, Path, Tag string
	Summary, Description  string // texts or message keys
	Policy                string
	Params, Body          []docField
	Results               []docResult
}

// docField is one parameter, or one field of a body under its full path.
type docField struct {
	Path, In, Type, Note string
	Required             bool
}

type docResult struct {
	Status string
	Fields []docField
}

// maxDepth keeps a type that contains itself from going on forever.
const maxDepth = 5

// describe reads the operations once, at start.
func (a *API) describe() []docOp {
	out := make([]docOp, 0, len(a.ops))
	for _, op := range a.sortedOps() {
		d := docOp{
			ID: op.OperationID, Method: op.Method, Path: op.Path, Tag: op.Tags[0],
			Summary: op.Summary, Description: op.Description, Policy: fmt.Sprint(op.Extensions["x-policy"]),
		}
		for _, p := range op.Parameters {
			typ, note := a.typeOf(p.Schema)
			d.Params = append(d.Params, docField{p.Name, p.In, typ, join(p.Description, note), p.Required})
		}
		if op.RequestBody != nil {
			if m := op.RequestBody.Content["application/json"]; m != nil {
				d.Body = a.fields(m.Schema, "", 0)
			}
		}
		for status, r := range op.Responses {
			if m := r.Content["application/json"]; m != nil {
				d.Results = append(d.Results, docResult{status, a.fields(m.Schema, "", 0)})
			}
		}
		slices.SortFunc(d.Results, func(x, y docResult) int { return strings.Compare(x.Status, y.Status) })
		out = append(out, d)
	}
	return out
}

func (a *API) resolve(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// fields flattens an object: "applicant.name", "papers[].code".
func (a *API) fields(s *huma.Schema, prefix string, depth int) []docField {
	s = a.resolve(s)
	if s == nil || depth > maxDepth {
		return nil
	}
	if s.Type == huma.TypeArray {
		return a.fields(s.Items, prefix+"[]", depth+1)
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []docField
	for _, name := range names {
		f := s.Properties[name]
		path := strings.TrimPrefix(prefix+"."+name, ".")
		typ, note := a.typeOf(f)
		out = append(out, docField{path, "body", typ, join(f.Description, note), slices.Contains(s.Required, name)})
		out = append(out, a.fields(f, path, depth+1)...)
	}
	return out
}

// typeOf names a schema's type and its limits.
func (a *API) typeOf(s *huma.Schema) (typ, note string) {
	s = a.resolve(s)
	if s == nil {
		return "", ""
	}
	typ = s.Type
	if s.Format != "" && s.Type == huma.TypeString {
		typ += " (" + s.Format + ")"
	}
	if s.Type == huma.TypeArray {
		item, _ := a.typeOf(s.Items)
		typ = item + "[]"
	}
	var limits []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			limits = append(limits, fmt.Sprintf(format, args...))
		}
	}
	for _, e := range s.Enum {
		add(true, "%v", e)
	}
	if s.MinLength != nil || s.MaxLength != nil {
		add(true, "%s–%s", number(s.MinLength), number(s.MaxLength))
	}
	if s.Minimum != nil {
		add(true, "≥ %g", *s.Minimum)
	}
	if s.Maximum != nil {
		add(true, "≤ %g", *s.Maximum)
	}
	if s.MaxItems != nil {
		add(true, "≤ %d", *s.MaxItems)
	}
	add(s.Pattern != "", "%s", s.Pattern)
	return typ, strings.Join(limits, ", ")
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

// problemKinds are the kinds of problem, with the anchor that Problem.Type leads to.
func problemKinds() []string {
	out := []string{"malformed", "media-type", "method", "too-slow"}
	for k := errs.Internal; int(k) < len(statuses); k++ {
		out = append(out, k.String())
	}
	slices.Sort(out)
	return out
}

func problemKey(kind string) string { return "web.problem." + strings.ReplaceAll(kind, "-", "_") }

// serveDocs draws the page at /api from the same operations as the document.
func (s *Server) serveDocs(w http.ResponseWriter, r *http.Request) error {
	l := i18n.LangOf(r.Context())
	say := func(text string) string { return s.api.say(l, text) }
	return Render(w, r, http.StatusOK, docsPage(s.deps.About, s.api.docs, say))
}
