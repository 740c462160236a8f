package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"filippo.io/age"

	"khue/internal/app/citybench"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/form"
	"khue/internal/onestop/service"
)

// keepingClients file at once while the backup runs.
const keepingClients = 8

// benchKeeping measures what a loss of the machine would take with it: how long a filing that was
// acknowledged is not yet in a segment of the backup, synced, while clients file as fast as they can.
func benchKeeping(ctx context.Context, o citybench.Options) (rows []citybench.Row, err error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	cfg, drop, err := benchConfig(ctx, o, Config{Opened: clock.MustDate("2026-11-09").At(8, 30)})
	if err != nil {
		return nil, err
	}
	defer drop()
	cfg.Backup = BackupConfig{Dir: filepath.Join(filepath.Dir(cfg.Data), "backup"), Recipients: []string{key.Recipient().String()}}
	p, err := New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	actors, err := p.actors(ctx, city)
	if err != nil {
		return nil, err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	var behind sync.WaitGroup
	behind.Go(func() { _ = p.Journal.Run(work, nil) }) // it writes a checkpoint a second, as in a city that serves
	behind.Go(func() { _ = p.Backup.Run(work) })
	defer behind.Wait()
	defer stop()
	for p.Backup.Status().Good.IsZero() { // the first base
		if e := p.Backup.Status().Err; e != "" {
			return nil, errors.New(e)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	filed, err := p.fileFor(ctx, actors["clerk"], o.For)
	if err != nil {
		return nil, err
	}
	lags := make([]float64, len(filed.waits))
	for i, w := range filed.waits {
		lags[i] = w.Seconds()
	}
	slices.Sort(lags)
	if len(lags) == 0 {
		return nil, errors.New("nothing was filed")
	}
	at := func(q int) float64 { return lags[(len(lags)*q+99)/100-1] }
	n := len(lags)
	return []citybench.Row{
		{Name: "backup.lag_p50_s", Value: at(50), Unit: "s", N: n}, {Name: "backup.lag_p99_s", Value: at(99), Unit: "s", N: n}, {Name: "backup.lag_max_s", Value: lags[n-1], Unit: "s", N: n},
		{Name: "backup.filed_per_second", Value: float64(n) / filed.took.Seconds(), Unit: "filings/s", N: n},
	}, nil
}

// kept are filings that were acknowledged, and how long each waited for the backup.
type kept struct {
	waits []time.Duration
	took  time.Duration
}

// fileFor files for a while, and waits until the backup has all of it. Instants are the city's: its
// clock is what segments are named by.
func (p *Program) fileFor(ctx context.Context, clerk context.Context, long time.Duration) (out kept, err error) {
	var mu sync.Mutex
	var waiting []time.Time // acknowledged, not yet in the backup; in the order of acknowledgement
	var failed error
	began := p.Clock.Now()
	var filing sync.WaitGroup
	for i := range keepingClients {
		filing.Go(func() {
			for n := 0; p.Clock.Now().Sub(began) < long && ctx.Err() == nil; n++ {
				_, err := p.Dossiers.Submit(clerk, benchFiling(p.today(), fmt.Sprintf("bench-keeping-%d-%d", i, n)))
				mu.Lock()
				if err != nil {
					failed = err
					mu.Unlock()
					return
				}
				waiting = append(waiting, p.Clock.Now())
				mu.Unlock()
			}
		})
	}
	over := make(chan struct{})
	go func() { filing.Wait(); out.took = p.Clock.Now().Sub(began); close(over) }()
	for done := false; ; {
		if err := pause(ctx, 2*time.Millisecond); err != nil {
			return out, err
		}
		select {
		case <-over:
			done = true
		default:
		}
		good, now := p.Backup.Status().Good, p.Clock.Now()
		mu.Lock()
		i := 0
		for i < len(waiting) && !waiting[i].After(good) {
			out.waits = append(out.waits, now.Sub(waiting[i]))
			i++
		}
		waiting = waiting[i:]
		end := done && (len(waiting) == 0 || failed != nil)
		err := failed
		mu.Unlock()
		if end {
			return out, err
		}
	}
}

// benchFiling is a dossier that a clerk takes in at the counter of the demo's commune.
func benchFiling(day clock.Date, key string) dossier.Submission {
	return dossier.Submission{
		Service: "hanoi.civil-status.birth-registration", Case: "normal", Channel: service.Counter, Applicant: dossier.Party{Name: "Nguyễn Thị Hạnh", Phone: "0912000001"},
		Answers: benchBirth(day.AddDays(-20)), Papers: []form.File{{Paper: "birthSlip", Name: "giay-chung-sinh.pdf", Type: "pdf", Size: 120_000, Originals: 1}},
		Delivery: dossier.Delivery{Method: "counter"}, Lang: "vi", Key: key,
	}
}

// benchBirth are the answers of a birth registration that anybody may file.
func benchBirth(born clock.Date) form.Answers {
	out := form.Answers{}
	for path, v := range map[string]any{
		"child.registrationUnit": "00118", "child.name": "Nguyễn Minh An", "child.dob": born.String(), "child.sex": "female",
		"child.ethnicity": "01", "child.hometown": "Gia Lâm, Hà Nội", "child.homeBirth": false, "child.birthPlace": "Bệnh viện Phụ sản Hà Nội",
		"mother.name": "Nguyễn Thị Hạnh", "mother.dob": "1996", "requester.name": "Nguyễn Thị Hạnh", "requester.id": "999196000001", "requester.relation": "mother",
	} {
		out[path] = form.Answer{Value: v}
	}
	return out
}
