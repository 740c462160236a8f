package web

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"khue/internal/kernel/i18n"
)

// errorSpeaker puts the validator's English into the reader's language. The validator
// writes finished sentences; each is recognised by its pattern, and one that is not
// falls back to a general sentence.
type errorSpeaker struct{ known []knownError }

type knownError struct {
	pattern *regexp.Regexp
	key     string
	params  []string
}

// speak replaces huma's error by ours, on its way out.
func (a *API) speak(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	c := ctx.Context()
	p := newProblem(c, e.Status, statusKind(e.Status))
	b, lang := i18n.BundleOf(c), i18n.LangOf(c)
	for _, d := range e.Errors {
		if d == nil {
			continue
		}
		key, params := a.errors.recognise(d.Message)
		p.Errors = append(p.Errors, FieldError{Path: d.Location, Message: b.T(lang, key, params...)})
	}
	if e.Status >= http.StatusInternalServerError {
		p = newProblem(c, http.StatusInternalServerError, "internal")
	}
	return p, nil
}

func statusKind(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "too-large"
	case http.StatusUnsupportedMediaType:
		return "media-type"
	case http.StatusRequestTimeout:
		return "too-slow"
	case http.StatusBadRequest:
		return "malformed"
	}
	return "invalid"
}

func (s errorSpeaker) recognise(message string) (string, []any) {
	if strings.HasPrefix(message, "web.error.") { // from jsonFormat
		return message, nil
	}
	for _, k := range s.known {
		m := k.pattern.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		var kv []any
		for i, name := range k.params {
			kv = append(kv, name, m[i+1])
		}
		return k.key, kv
	}
	return "web.validation.other", nil
}

func newErrorSpeaker() errorSpeaker {
	var s errorSpeaker
	verb := regexp.MustCompile(`%[a-z]`)
	add := func(format, key string, params ...string) {
		p := verb.ReplaceAllString(regexp.QuoteMeta(format), `(.*)`)
		n := strings.Count(p, "(.*)")
		for len(params) < n {
			params = append(params, "detail"+strconv.Itoa(len(params)))
		}
		s.known = append(s.known, knownError{regexp.MustCompile(`^(?s:` + p + `)$`), "web.validation." + key, params})
	}
	add(validation.MsgUnexpectedProperty, "unexpected")
	add("unknown query parameter", "unexpected")
	add(validation.MsgExpectedRequiredProperty, "required", "name")
	add("required %s parameter is missing", "required_parameter")
	add(validation.MsgExpectedDependentRequiredProperty, "dependent", "name", "other")
	add(validation.MsgExpectedString, "string")
	add(validation.MsgExpectedBoolean, "boolean")
	add("invalid boolean", "boolean")
	add(validation.MsgExpectedNumber, "number")
	add("invalid float", "number")
	add(validation.MsgExpectedInteger, "integer")
	add("invalid integer", "integer")
	add(validation.MsgExpectedArray, "array")
	add(validation.MsgExpectedObject, "object")
	add(validation.MsgExpectedOneOf, "one_of", "values")
	add(validation.MsgExpectedMinLength, "min_length", "n")
	add(validation.MsgExpectedMaxLength, "max_length", "n")
	add(validation.MsgExpectedMinItems, "min_items", "n")
	add(validation.MsgExpectedMaxItems, "max_items", "n")
	add(validation.MsgExpectedArrayItemsUnique, "unique")
	add(validation.MsgExpectedMinimumNumber, "minimum", "n")
	add(validation.MsgExpectedMaximumNumber, "maximum", "n")
	add(validation.MsgExpectedExclusiveMinimumNumber, "above", "n")
	add(validation.MsgExpectedExclusiveMaximumNumber, "below", "n")
	add(validation.MsgExpectedBePattern, "pattern")
	add(validation.MsgExpectedMatchPattern, "pattern")
	add(validation.MsgExpectedRFC3339Date, "date")
	add(validation.MsgExpectedRFC3339DateTime, "date_time")
	add(validation.MsgExpectedRFC5322Email, "email")
	add("request body is required", "body_required")
	return s
}

// problemSchema describes Problem, also for a server without operations.
func (a *API) problemSchema() *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
}

// schemaNamer names a schema by its type; where two modules use one name, the later one
// carries its package in front.
func schemaNamer() func(reflect.Type, string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if t.Name() == "" {
			return name
		}
		if was, ok := taken[name]; ok && was != t {
			pkg := t.PkgPath()
			pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
			name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
		}
		taken[name] = t
		return name
	}
}
