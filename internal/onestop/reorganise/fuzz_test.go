package reorganise_test

import (
	"testing"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/reorganise"
	"khue/internal/register/orgunit"
)

// FuzzPlan: a plan is read, or what is wrong with it is told.
func FuzzPlan(f *testing.F) {
	f.Add([]byte("format: khue-reorganisation/1\non: 2025-07-01\n"))
	f.Add([]byte("a: [[[[[[[["))
	f.Add([]byte("&a [*a, *a]"))
	units, err := orgunit.New(nil, clock.System(), nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	reg := units.Register()
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, problems := reorganise.Parse("plan.yaml", data, reg); p == nil && !problems.Failed() {
			t.Errorf("%q: neither a plan nor a problem", data)
		}
	})
}
