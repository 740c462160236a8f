package service_test

import (
	"testing"

	"khue/internal/kernel/decl"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
	"khue/internal/register/orgunit/orgunittest"
	"khue/services"
)

// TestDeclaredServices: every service that comes with the program loads without a problem,
// and each of its scenarios holds.
func TestDeclaredServices(t *testing.T) {
	t.Parallel()
	b, err := i18n.NewBundle(decl.Messages, form.Messages, process.Messages, service.Messages)
	if err != nil {
		t.Fatal(err)
	}
	reg, problems := service.LoadAll(services.FS)
	for _, p := range problems {
		if p.Level == decl.Info {
			continue
		}
		t.Errorf("%s: %s", p, b.Map(i18n.EN, p.Key, p.Params))
	}
	if reg == nil {
		t.FailNow()
	}
	cal, err := holiday.Load()
	if err != nil {
		t.Fatal(err)
	}
	units := dossier.FormUnits(orgunittest.Service(t, "2026-11-23"))
	for _, pkg := range reg.All() {
		for _, s := range pkg.Scenarios {
			t.Run(s.File, func(t *testing.T) {
				t.Parallel()
				for _, p := range pkg.Play(s, service.World{Calendar: cal, Units: units}) {
					t.Errorf("%s: %s", p, b.Map(i18n.EN, p.Key, p.Params))
				}
			})
		}
	}
}
