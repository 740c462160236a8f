package formbench_test

import (
	"testing"

	"khue/internal/onestop/form/formtest"
	"khue/internal/onestop/form/formweb/formbench"
)

func BenchmarkForm(b *testing.B) {
	f, a, env, err := formtest.Sixty()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.Validate(a, env)
		}
	})
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.Render("p", a, nil, env)
		}
	})
	draw, err := formbench.Page(f, a, env)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("page", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := draw(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	rows, err := formbench.Run(t.Context())
	if err != nil || len(rows) != 3 || rows[2].Value < 5 {
		t.Error(rows, err)
	}
}
