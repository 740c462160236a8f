package web

import (
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// composedIn reports whether all texts of a value, its keys among them, are in NFC.
func composedIn(v any) bool {
	switch v := v.(type) {
	case string:
		return norm.NFC.IsNormalString(v)
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !composedIn(x) })
	case map[string]any:
		for k, x := range v {
			if !composedIn(k) || !composedIn(x) {
				return false
			}
		}
	}
	return true
}

// FuzzCleanJSON: whatever comes in, what goes on is the same value with its strings clean,
// and cleaning again changes nothing.
func FuzzCleanJSON(f *testing.F) {
	for _, s := range []string{`{"a":"\u0111\u01a1n"}`, `{"a":"\ud83d\ude00"}`, `"\\u0000"`, `"a\r\nb"`, `"\u005cn"`, `["\/"]`, "\"ca\u0302\u0301p\"", `"\u`, `0\u0020`, `{\u0022a":1}`, "\"a\\n\u0303\"", "\"\\t\u0308\": \"e\u0301\"", "\"\\u\u0301\\b\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, refused := cleanJSON(in)
		if refused != "" {
			return
		}
		if !utf8.Valid(out) {
			t.Fatalf("%q → %q is not clean", in, out)
		}
		var before, after any
		errBefore, errAfter := json.Unmarshal(in, &before), json.Unmarshal(out, &after)
		if (errBefore == nil) != (errAfter == nil) {
			t.Fatalf("%q → %q: readable before: %v, after: %v", in, out, errBefore, errAfter)
		}
		if errAfter == nil && !composedIn(after) {
			t.Fatalf("%q → %q: a text is not composed", in, out)
		}
		again, refused := cleanJSON(out)
		if refused != "" || string(again) != string(out) && errAfter == nil {
			t.Fatalf("%q → %q → %q (%s)", in, out, again, refused)
		}
	})
}
