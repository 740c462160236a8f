// Package formbench measures forms on the machine at hand: the check of sixty answers and
// the page that asks for them. `khue bench process` prints it.
//
// It owns nothing. What must not come here: what a form must do (form's tests).
package formbench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/a-h/templ"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/form"
	"khue/internal/onestop/form/formtest"
	"khue/internal/onestop/form/formweb"
)

// Row is one figure.
type Row struct {
	Name  string
	Value float64
	Unit  string
	N     int
}

const (
	rounds  = 300
	perShot = 20
)

// Run measures form.validate_us, form.page_us (the whole document with its form, as bytes)
// and form.page_kb. Each time is that of the quietest round: the others say what else
// the machine was doing.
func Run(ctx context.Context) ([]Row, error) {
	f, answers, env, err := formtest.Sixty()
	if err != nil {
		return nil, err
	}
	validate, err := quietest(ctx, func() error {
		if !f.Validate(answers, env).OK() {
			return errors.New("formbench: the answers are not right")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	draw, err := Page(f, answers, env)
	if err != nil {
		return nil, err
	}
	var size int
	page, err := quietest(ctx, func() (err error) {
		size, err = draw(ctx)
		return err
	})
	return []Row{
		{"form.validate_us", validate, "µs", rounds * perShot},
		{"form.page_us", page, "µs", rounds * perShot},
		{"form.page_kb", float64(size) / 1000, "kB", 1},
	}, err
}

// quietest is the time of a run in the fastest of the rounds, in microseconds.
func quietest(ctx context.Context, do func() error) (float64, error) {
	best := time.Duration(math.MaxInt64)
	for range rounds {
		began := time.Now()
		for range perShot {
			if err := do(); err != nil {
				return 0, err
			}
		}
		best = min(best, time.Since(began)/perShot)
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return float64(best.Nanoseconds()) / 1000, nil
}

// Page returns a function that draws the page "p" of a form as a whole document, as a
// handler does, and says how many bytes it made.
func Page(f *form.Form, a form.Answers, env form.Env) (func(context.Context) (int, error), error) {
	bundle, err := i18n.NewBundle(ui.Messages, form.Messages)
	if err != nil {
		return nil, err
	}
	shell := ui.Shell{Lang: i18n.VI, Path: "/apply", SignIn: "/sign-in", Nav: []ui.NavItem{{Label: "Thủ tục", Href: "/procedures"}, {Label: "Tra cứu", Href: "/track"}}}
	var out bytes.Buffer
	return func(ctx context.Context) (int, error) {
		p, ok := f.Render("p", a, nil, env)
		if !ok {
			return 0, errors.New("formbench: no page")
		}
		out.Reset()
		ctx = ui.WithShell(i18n.WithLang(ctx, bundle, i18n.VI), shell)
		inside := within(ui.Form(ui.FormArgs{Action: "/apply", Key: "k", Submit: "Tiếp tục"}), formweb.Questions("", p))
		err := within(ui.Page(ui.PageArgs{Title: "Đơn"}), inside).Render(ctx, &out)
		return out.Len(), err
	}, nil
}

// within puts a component into another.
func within(around, inner templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return around.Render(templ.WithChildren(ctx, inner), w)
	})
}
