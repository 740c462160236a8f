package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDeclaredEvents: every kind of events.yaml is one that the city writes, and is told in the guide of
// operators with its fields; what is not declared does not go out.
func TestDeclaredEvents(t *testing.T) {
	t.Parallel()
	list, err := cityEvents(eventsText)
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/operations/events.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path) //nolint:gosec // our own sources
		source.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if !strings.Contains(source.String(), `"`+strings.TrimSuffix(e.Kind, "*")) {
			t.Errorf("nobody writes an entry %s", e.Kind)
		}
		if line := "| `khue." + e.Kind + "` | " + strings.Join(e.Fields, ", ") + " | " + e.Why + " |"; !strings.Contains(string(guide), line) {
			t.Errorf("docs/operations/events.md lacks the line\n%s", line)
		}
	}
	may := eventPolicy(list)
	for kind, want := range map[string]bool{
		"dossier.submitted": true, "dossier.act.accept": true, "service.published": true,
		"dossier.note": false, "dossier.claimed": false, "dossier.ordered": false, "dossier.act": false, "dossier.act.accept.more": false, "dossier": false,
		"rights.held": false, "rights.asked": false, "access.looked": false, "person.linked": false, "auth.signedIn": false, "journal.erased": false, "": false, ".*": false,
	} {
		if _, ok := may(kind); ok != want {
			t.Errorf("%q goes out: %v", kind, ok)
		}
	}
	if f, _ := may("service.published"); f.Code || f.Unit || !f.Subject {
		t.Errorf("of a service goes out %+v", f)
	}
}

// TestEventsAreRefusedUndeclared: a table that says too little, or lets a code out without a basis, is none.
func TestEventsAreRefusedUndeclared(t *testing.T) {
	t.Parallel()
	for text, why := range map[string]string{
		`events: [{kind: dossier.note, fields: [subject]}]`:                             "without a reason",
		`events: [{kind: dossier.note, why: a, fields: [subject, code]}]`:               "a code without a basis",
		`events: [{kind: dossier.note, why: a, fields: [code], basis: b}]`:              "a code without its subject",
		`events: [{kind: dossier.note, why: a, fields: [payload]}]`:                     "a field that there is not",
		`events: [{kind: dossier.*, why: a}]`:                                           "all of a module",
		`events: [{kind: "*", why: a}]`:                                                 "all",
		`events: [{kind: dossier.note, why: a}, {kind: dossier.note, why: b}]`:          "twice",
		`events: [{kind: dossier.note, why: a, fields: [subject], reason: surprising}]`: "an unknown word",
	} {
		if _, err := cityEvents([]byte(text)); err == nil {
			t.Errorf("taken %s: %s", why, text)
		}
	}
}
