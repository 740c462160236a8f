package citybench

import (
	"context"
	"math"
	"runtime"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/holiday"
	"khue/services"
)

// processStep measures the pure step of a user task: the seven acts that take a birth
// registration from the one-stop to its owner, each alone. The figure is the mean of the
// seven; each time is that of the quietest round.
func processStep(ctx context.Context, _ Options) ([]Row, error) {
	const rounds, perShot = 300, 50
	reg, problems := service.LoadAll(services.FS)
	if problems.Failed() {
		return nil, problems.Err()
	}
	day := clock.MustDate("2026-11-20")
	pkg, err := reg.Find("hanoi.civil-status.birth-registration", day)
	if err != nil {
		return nil, err
	}
	cal, err := holiday.Load()
	if err != nil {
		return nil, err
	}
	env := process.Env{
		Now: day.At(9, 0), Calendar: cal, UnitDate: day, Case: "normal", Channel: "online",
		Facts: pkg.Form.Vars(form.Answers{}, form.Env{Case: "normal", Channel: "online", Receiving: "00118", Competent: "00118", Now: day.At(9, 0)}),
	}
	at, _, err := process.Step(pkg.Process, process.Instance{}, process.Event{Kind: process.Submit}, env)
	if err != nil {
		return nil, err
	}
	var sum time.Duration
	var allocs uint64
	acts := [...]string{"accept", "approve", "confirm", "approve", "sign", "number", "issue"}
	for _, action := range acts {
		ev := process.Event{Kind: process.Act, Token: at.Tokens[0].N, Action: action}
		best := time.Duration(math.MaxInt64)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			began := time.Now()
			for range perShot {
				if _, _, err := process.Step(pkg.Process, at, ev, env); err != nil {
					return nil, err
				}
			}
			best = min(best, time.Since(began))
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		runtime.ReadMemStats(&after)
		sum += best
		allocs += after.Mallocs - before.Mallocs
		if at, _, err = process.Step(pkg.Process, at, ev, env); err != nil {
			return nil, err
		}
	}
	steps := float64(len(acts) * perShot)
	return []Row{
		{"process.step_us", float64(sum.Nanoseconds()) / 1000 / steps, "µs", len(acts) * rounds * perShot},
		{"process.step_allocs", math.Round(float64(allocs) / (steps * rounds)), "", len(acts) * rounds * perShot},
	}, nil
}
