package service_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"khue/internal/onestop/service"
	"khue/services"
)

// TestChildrenAreCheckedWithTheirParents: what a parent gives to a child, and whether the
// child's service is in force, is found where the packages are read together.
func TestChildrenAreCheckedWithTheirParents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, old, new, want string
	}{
		"sound":         {want: ""},
		"unknown field": {"linked-birth/process.bpmn", `<khue:in name="card.hospital"`, `<khue:in name="card.clinic"`, "service.lint.childIn"},
		"a gap of days": {"child-insurance/service.yaml", "from: 2025-07-01", "from: 2025-08-01", "service.lint.childDays"},
		"no service":    {"linked-birth/process.bpmn", "service:hanoi.residence.child", "service:hanoi.residence.infant", "service.lint.childUnknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := fstest.MapFS{}
			err := fs.WalkDir(services.FS, ".", func(p string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || !strings.HasPrefix(p, "linked-birth") && !strings.HasPrefix(p, "child-") && !strings.HasPrefix(p, "birth-") {
					return err
				}
				b, err := fs.ReadFile(services.FS, p)
				if p == c.file {
					b = []byte(strings.Replace(string(b), c.old, c.new, 1))
				}
				m[p] = &fstest.MapFile{Data: b}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			_, problems := service.LoadAll(m)
			got := ""
			for _, p := range problems {
				got += p.Key + " "
			}
			if strings.TrimSpace(got) != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
