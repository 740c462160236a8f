package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"khue/internal/kernel/errs"
)

// List is one page of a list in the JSON API. Items are in a fixed order; Next is the
// cursor of the following page and absent on the last.
type List[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last page."`
}

// Page is embedded in the input of an operation that answers with a List.
type Page struct {
	Cursor string `query:"cursor" maxLength:"512" doc:"Cursor from the previous page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Items wanted."`
}

// NewCursor packs the sort key of the last item seen. Clients must not look inside.
func NewCursor(key ...any) string {
	b, err := json.Marshal(key)
	if err != nil {
		panic("web: a cursor is made of strings and numbers: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ReadCursor unpacks what NewCursor packed into pointers. It reports false for an empty
// cursor. A cursor that was tampered with is Invalid.
func ReadCursor(cursor string, key ...any) (bool, error) {
	if cursor == "" {
		return false, nil
	}
	bad := func(err error) error {
		return errs.E(errs.Invalid, "web.error.cursor", errs.Cause(err),
			errs.WithFields(errs.Field{Path: "cursor", Key: "web.error.cursor"}))
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return false, bad(err)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) != len(key) {
		return false, bad(err)
	}
	for i, p := range parts {
		if bytes.Equal(p, []byte("null")) {
			return false, bad(nil)
		}
		if err := json.Unmarshal(p, key[i]); err != nil {
			return false, bad(err)
		}
	}
	return true, nil
}
