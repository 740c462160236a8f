package app

import (
	"context"

	"khue/internal/kernel/auth"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/reorganise"
	"khue/internal/portal/demo"
)

// thePlan is the reorganisation of the story.
const thePlan = "hanoi-2025-07-01"

// reform lets a demo that opened before the reorganisation run it with a click.
func (p *Program) reform(d demo.Deps) demo.Deps {
	if !p.Config.Opened.Before(merger()) || p.Config.Opened.Before(merger().AddDate(0, 0, -60)) {
		return d
	}
	d.Reorganise = func(ctx context.Context) error {
		if err := p.leap(ctx, merger()); err != nil {
			return err
		}
		_, err := p.Reorganise.Start(auth.With(ctx, auth.Subject{Kind: auth.KindSystem, Name: "khue demo"}), thePlan)
		p.Jobs.Wake()
		return err
	}
	d.Reformed = func(ctx context.Context) (demo.Reform, bool, error) {
		now, begun, err := p.Reorganise.ProgressOf(ctx, thePlan)
		if err != nil || !begun {
			return demo.Reform{}, begun, err
		}
		out := demo.Reform{Done: now.Act.Status == reorganise.Done, Seen: now.Seen(), Splits: now.Splits}
		if code := p.stage.tales()["border"]; code != "" {
			d, _, err := p.Dossiers.Find(auth.With(ctx, auth.Subject{}), code, dossier.Viewer{Key: p.Dossiers.AccessKey(code)})
			if err != nil {
				return out, true, err
			}
			if asked, err := p.Reorganise.Asked(ctx, d.ID); err != nil {
				return out, true, err
			} else if asked {
				out.Asked = code
			}
		}
		return out, true, nil
	}
	return d
}
