package service_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"khue/internal/onestop/service"
	"khue/services"
)

// declared is a service of the city with one file changed.
func declared(t *testing.T, dir, file string, change func(string) string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(services.FS, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(services.FS, name)
		if name == dir+"/"+file {
			b = []byte(change(string(b)))
		}
		out[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A body that is asked may take 12 calendar days where the permit is due in 7 working days:
// allowed with a reason, refused without one.
func TestAWaitThatOutlastsThePromiseNeedsAReason(t *testing.T) {
	t.Parallel()
	const dir, reason = "house-permit", `, reason: "`
	cut := func(s string) string {
		from := strings.Index(s, reason)
		to := from + len(reason) + strings.Index(s[from+len(reason):], `"`) + 1
		return s[:from] + s[to:]
	}
	if pkg, ps := service.Load(services.FS, dir); pkg == nil {
		t.Fatal(ps)
	}
	pkg, ps := service.Load(declared(t, dir, "service.yaml", cut), dir)
	if pkg != nil {
		t.Error("loaded")
	}
	found := false
	for _, p := range ps {
		found = found || p.Key == "service.lint.outlasts" && p.Params["step"] == "planning" && p.Pos.Line > 0
	}
	if !found {
		t.Error(ps)
	}
}

// A fee that is due at filing and cannot be paid online holds the level, with its own words;
// an inspection on site caps it with the law.
func TestLevelsOfPaidServices(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"household-business": "service.level.unpaidAtFiling", "household-business-2025": "service.level.unpaidAtFiling", "household-business-2020": "service.level.unpaidAtFiling", "house-permit": "service.level.unpaid",
	} {
		pkg, ps := service.Load(services.FS, dir)
		if pkg == nil {
			t.Fatal(ps)
		}
		if l := pkg.Level(service.Working{}, pkg.From); l.N != 3 || l.Why[0].Key != want {
			t.Errorf("%s: %+v", dir, l)
		}
	}
	pkg, _ := service.Load(services.FS, "house-permit")
	if l := pkg.Level(service.Working{Payment: true, Signature: true}, pkg.From); l.N != 3 || l.Why[len(l.Why)-1].Key != "service.level.cap.inspection" {
		t.Errorf("%+v", l)
	}
}
