package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// benchResults is how many results are made; enough for several seconds.
const benchResults = 400

// benchResult measures how many results a second are made: number taken and intent journalled,
// paper drawn, signed where the city signs, stored with fsync, entered in the register.
func benchResult(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	dir, err := os.MkdirTemp("", "khue-bench-level4-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg := Config{
		Data: filepath.Join(dir, "city"), Listen: "127.0.0.1:0", Opened: clock.MustDate("2026-11-09").At(8, 30), MigrateAtStart: true,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if o.DB != "" {
		var drop func()
		if cfg.DB, drop, err = citybench.FreshDatabase(ctx, o.DB); err != nil {
			return nil, err
		}
		defer drop()
	}
	p, err := New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	filed, pkg, err := p.worships(ctx, city, benchResults)
	if err != nil {
		return nil, err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.Jobs.Run(work, p.Results.Module().Jobs, nil) })
	clk := clock.System()
	began := clk.Now()
	var next atomic.Int64
	var bad atomic.Pointer[error]
	var takers sync.WaitGroup
	for range 4 {
		takers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(filed) {
					return
				}
				err := p.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
					return p.Results.IntendIn(tx, dossier.Intent{Dossier: filed[i], Package: pkg, Unit: filed[i].Competent})
				})
				if err != nil {
					bad.Store(&err)
					return
				}
			}
		})
	}
	takers.Wait()
	if e := bad.Load(); e != nil {
		return nil, *e
	}
	for {
		st, err := p.Jobs.Stats(ctx)
		if err != nil {
			return nil, err
		}
		if st.Dead > 0 {
			return nil, fmt.Errorf("%d papers could not be made", st.Dead)
		}
		made, err := p.Results.Made(ctx)
		if err != nil {
			return nil, err
		}
		if made >= len(filed) {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	took := clk.Now().Sub(began).Seconds()
	stop()
	wg.Wait()
	return []citybench.Row{{Name: "results.per_second", Value: float64(len(filed)) / took, Unit: "results/s", N: len(filed)}}, nil
}

// worships files n dossiers of the service whose results the city numbers.
func (p *Program) worships(ctx context.Context, city DemoCity, n int) (out []dossier.Dossier, pkg *service.Package, err error) {
	if pkg, err = p.Services.Find("hanoi.merit.martyr-worship", p.today()); err != nil {
		return nil, nil, err
	}
	var clerk context.Context
	for _, a := range city.Accounts {
		if a.Login == "motcua" {
			sub, err := p.Auth.Resolve(ctx, a.Token)
			if err != nil {
				return nil, nil, err
			}
			clerk = auth.With(ctx, sub)
		}
	}
	if clerk == nil {
		return nil, nil, errors.New("the demo has no clerk")
	}
	answers := func(i int) form.Answers {
		out := form.Answers{}
		for path, v := range map[string]any{
			"applicant.commune": "00118", "applicant.holder": "relative", "applicant.name": "Nguyễn Văn Thành", "applicant.dob": "1958", "applicant.id": "999058000011",
			"applicant.address": "Số 12, đường Bát Khối", "applicant.kinship": "nephew", "martyr.name": "Nguyễn Văn Kiên", "martyr.hometown": "Gia Lâm, Hà Nội", "martyr.died": "1968",
			"martyr.certificate": fmt.Sprintf("AB %d b", i), "pay.method": "cash", "pay.never": true,
		} {
			out[path] = form.Answer{Value: v}
		}
		return out
	}
	for i := range n {
		f, err := p.Dossiers.Submit(clerk, dossier.Submission{
			Service: pkg.ID, Channel: "counter", Applicant: dossier.Party{Name: "Nguyễn Văn Thành", Phone: "0912000011"}, Answers: answers(i), Lang: "vi",
			Papers:   []form.File{{Paper: "request", Name: "don.pdf", Type: "pdf", Size: 90_000, Originals: 1}, {Paper: "authorisation", Name: "uy-quyen.pdf", Type: "pdf", Size: 90_000, Originals: 1}},
			Delivery: dossier.Delivery{Method: "counter"}, Key: fmt.Sprintf("bench-level4-%d", i),
		})
		if err != nil {
			return nil, nil, err
		}
		var d dossier.Dossier
		err = p.DB.View(ctx, func(_ context.Context, v *db.View) error {
			d, err = p.Dossiers.FindID(v, f.ID)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		out = append(out, d)
	}
	return out, pkg, nil
}
