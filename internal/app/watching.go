package app

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"khue/internal/kernel/clam"
	"khue/internal/kernel/measure"
	"khue/internal/kernel/module"
	"khue/internal/kernel/trace"
	"khue/internal/onestop/upload"
)

// lastSpans is how long the end of the program waits for the collector of spans.
const lastSpans = 3 * time.Second

// tracing opens the way to the collector, where one is set.
func (p *Program) tracing(ctx context.Context) (err error) {
	if p.Trace = p.Config.Tracer; p.Trace != nil {
		return nil
	}
	if p.Trace, err = trace.Open(ctx, p.Config.OTLP, Version); err != nil {
		return fmt.Errorf("app: --otlp: %w", err)
	}
	p.onClose(func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSpans)
		defer cancel()
		if err := p.Trace.Close(end); err != nil {
			p.Config.Log.Info("the last spans did not reach the collector", "error", err)
		}
	})
	return nil
}

// measures joins the figures of the whole house.
func (p *Program) measures() *measure.Set {
	var groups []measure.Group
	for _, m := range p.modules {
		groups = append(groups, m.Measures...)
	}
	return measure.New(p.Clock, p.Config.Log, append(groups, checksGroup(p.modules))...)
}

// machine are the figures of the machine below.
func (p *Program) machine() measure.Group {
	return measure.Group{
		Name: "machine", Every: 30 * time.Second,
		Figures: []measure.Figure{
			{Name: "khue_disk_free_bytes", Help: "Free on the disk of the data folder, for this program."},
			{Name: "khue_disk_bytes", Help: "Size of that disk."},
			{Name: "khue_certificate_days", Help: "Days until the certificate in use ends; not told without one."},
			{Name: "khue_build", Help: "1, with the program's version.", Labels: []string{"version"}},
		},
		Read: func(_ context.Context, put measure.Put) error {
			put("khue_build", 1, Version)
			if until, ok := p.Server.CertificateEnds(); ok {
				put("khue_certificate_days", until.Sub(p.Clock.Now()).Hours()/24)
			}
			free, size, err := disk(p.Config.Data)
			if err != nil {
				return err
			}
			put("khue_disk_free_bytes", float64(free))
			put("khue_disk_bytes", float64(size))
			return nil
		},
	}
}

// disk is what is free for us below a folder, and the size of the disk.
func disk(dir string) (free, size uint64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(filepath.Clean(dir), &st); err != nil {
		return 0, 0, fmt.Errorf("app: disk of %s: %w", dir, err)
	}
	block := uint64(st.Bsize) //nolint:gosec,unconvert // the kind differs between systems
	return st.Bavail * block, st.Blocks * block, nil
}

// checksGroup tells which checks of modules fail: what /readyz says, for alerts.
func checksGroup(modules []module.Module) measure.Group {
	return measure.Group{
		Name: "checks", Every: time.Minute,
		Figures: []measure.Figure{{Name: "khue_check_failed", Help: "1 where a check of a module fails: /admin/health says what to do.", Labels: []string{"check"}}},
		Read: func(ctx context.Context, put measure.Put) error {
			for _, m := range modules {
				for _, c := range m.Health {
					failed := 0.0
					if c.Do(ctx) != nil {
						failed = 1
					}
					put("khue_check_failed", failed, m.Name+"."+c.Name)
				}
			}
			return nil
		},
	}
}

// watchFlags say who watches the program, and what counts as slow.
type watchFlags struct {
	OTLP      string        `name:"otlp" help:"Collector of OpenTelemetry traces, http(s)://host:4318; empty: none, and no cost." env:"KHUE_OTLP"`
	Clamd     string        `help:"ClamAV daemon that every uploaded paper is shown to before it is kept, tcp://host:3310 or unix:/run/clamav/clamd.ctl; empty: none." env:"KHUE_CLAMD"`
	ClamdDown string        `help:"What is done with uploads while it is away: refuse them, or take them unscanned." default:"refuse" enum:"refuse,take" env:"KHUE_CLAMD_DOWN"`
	Slow      time.Duration `help:"Statements that take longer are shown at /admin/health." default:"250ms" env:"KHUE_SLOW"`
}

func (f watchFlags) into(c *Config) {
	c.OTLP, c.Slow, c.Clamd, c.ClamdDown = f.OTLP, f.Slow, f.Clamd, f.ClamdDown
}

// scanning is who looks for harmful files, where one is set.
func (p *Program) scanning() (out upload.Scanning, err error) {
	if p.Config.Clamd == "" {
		return out, nil
	}
	by, err := clam.New(p.Config.Clamd)
	if err != nil {
		return out, fmt.Errorf("app: --clamd: %w", err)
	}
	return upload.Scanning{By: by, TakeUnscanned: p.Config.ClamdDown == "take", Log: p.Config.Log}, nil
}
