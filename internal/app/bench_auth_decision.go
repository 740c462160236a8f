package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
)

// benchAuth is the group auth: what it costs to know who somebody is and what they may do.
func benchAuth(parts ...citybench.Part) citybench.Group {
	return citybench.Group{Name: "auth", Help: "auth.decision_us: one decision with the policies of the whole program", Run: func(ctx context.Context, o citybench.Options) (out []citybench.Row, err error) {
		for _, p := range parts {
			rows, err := p(ctx, o)
			if err != nil {
				return out, err
			}
			out = append(out, rows...)
		}
		return out, nil
	}}
}

// decisionRounds: of each action the quietest round counts, so that what else the machine
// does is left out.
const decisionRounds = 20

// benchDecision measures one decision with the policies of the whole program: every action
// for every account of a demo, over units that its post reaches and that it does not.
func benchDecision(ctx context.Context, o citybench.Options) ([]citybench.Row, error) {
	p, closeCity, err := benchCity(ctx, o, Config{})
	if err != nil {
		return nil, err
	}
	defer closeCity()
	city, err := p.Settle(ctx)
	if err != nil {
		return nil, err
	}
	var actors []context.Context
	var scopes []string
	for _, a := range city.Accounts {
		sub, err := p.Auth.Resolve(ctx, a.Token)
		if err != nil {
			return nil, err
		}
		actors = append(actors, auth.With(ctx, sub))
		for _, g := range sub.Grants {
			if !slices.Contains(scopes, g.Scope) {
				scopes = append(scopes, g.Scope)
			}
		}
	}
	clk := clock.System()
	var by []time.Duration // of one decision, an action each
	var actions []auth.Action
	for _, r := range p.Policies.Rules() {
		for _, a := range r.Actions {
			if !slices.Contains(actions, a) {
				actions = append(actions, a)
			}
		}
	}
	typed := []string{"Unit", "Dossier", "Task", "Change"}
	// A dossier has three agencies, and most acts are asked of somebody else's.
	round := func(a auth.Action) time.Duration {
		began := clk.Now()
		for _, actor := range actors {
			for j, u := range scopes {
				r := auth.Resource{Type: typed[j%len(typed)], Units: []string{u, scopes[(j+1)%len(scopes)], scopes[(j+2)%len(scopes)]}, Owners: []int64{1}, Roles: []string{"clerk"}, State: "proposed"}
				_ = p.Policies.Can(actor, a, r)
			}
		}
		return clk.Now().Sub(began) / time.Duration(len(actors)*len(scopes))
	}
	for _, a := range actions {
		quietest := round(a)
		for range decisionRounds {
			quietest = min(quietest, round(a))
		}
		by = append(by, quietest)
	}
	slices.Sort(by)
	if len(by) == 0 {
		return nil, fmt.Errorf("app: no action is named by a policy")
	}
	us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	n := len(by) * len(actors) * len(scopes) * (1 + decisionRounds)
	return []citybench.Row{
		{Name: "auth.decision_us", Value: us(by[len(by)-1]), Unit: "µs, worst action", N: n},
		{Name: "auth.decision_median_us", Value: us(by[len(by)/2]), Unit: "µs, median action", N: n},
		{Name: "auth.policies", Value: float64(len(p.Policies.Rules())), Unit: "policies", N: len(actions)},
	}, nil
}
