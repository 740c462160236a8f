package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// endsName is where the end of an operation stands in the OpenAPI document.
const endsName = "x-sunset"

const (
	sinceName     = "x-deprecated-since"
	successorName = "x-successor"
)

// ending is when an operation went out of favour, and when it goes.
type ending struct {
	since, sunset time.Time
	successor     string
}

// Deprecated marks an operation that clients should leave: since when, until when it is
// answered at least (docs/api-policy.md says how long that is), and the path of what takes
// its place. Answers carry Deprecation (RFC 9745), Sunset (RFC 8594) and a Link.
func Deprecated(op huma.Operation, since, sunset time.Time, successor string) huma.Operation {
	ext := map[string]any{endsName: sunset.UTC().Format(time.RFC3339), sinceName: since.UTC().Format(time.RFC3339), successorName: successor}
	for k, v := range op.Extensions {
		ext[k] = v
	}
	op.Deprecated, op.Extensions = true, ext
	return op
}

func endingOf(op huma.Operation) (e ending) {
	at := func(name string) time.Time {
		text, _ := op.Extensions[name].(string)
		t, _ := time.Parse(time.RFC3339, text)
		return t
	}
	e.since, e.sunset = at(sinceName), at(endsName)
	e.successor, _ = op.Extensions[successorName].(string)
	return e
}

// over puts the headers on each answer, refusals too.
func (e ending) over(do HandlerFunc) HandlerFunc {
	if e.since.IsZero() {
		return do
	}
	deprecated, sunset := "@"+strconv.FormatInt(e.since.Unix(), 10), e.sunset.UTC().Format(http.TimeFormat)
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Set("Deprecation", deprecated)
		h.Set("Sunset", sunset)
		if e.successor != "" {
			h.Add("Link", "<"+e.successor+`>; rel="successor-version"`)
		}
		return do(w, r)
	}
}
