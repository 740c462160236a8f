package formweb_test

import (
	"context"
	"io"
	"testing"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formtest"
	"khue/internal/onestop/form/formweb"
)

func BenchmarkPage(b *testing.B) {
	f, answers, env, err := formtest.Sixty()
	if err != nil {
		b.Fatal(err)
	}
	bundle, err := i18n.NewBundle(ui.Messages, form.Messages)
	if err != nil {
		b.Fatal(err)
	}
	ctx := i18n.WithLang(context.Background(), bundle, i18n.VI)
	b.Run("render", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := f.Render("p", answers, nil, env); !ok {
				b.Fatal("no page")
			}
		}
	})
	b.Run("page", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, _ := f.Render("p", answers, nil, env)
			if err := formweb.Fields("", p.Fields).Render(ctx, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}
