package app

import (
	"log/slog"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/onestop/dossier"
)

// TestThePrologueFillsEveryTier: the demo opens, on each of its days, with allowances at the
// tiers of the day and with newborns whose dossiers are on their way.
func TestThePrologueFillsEveryTier(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]map[string]int{
		// unit as a route names it, role: open tasks of the prologue
		"2025-06-23": {"004/labour specialist": 1, "H26/labour/merit specialist": 2, "00133 clerk": 2},
		"2026-11-23": {"H26/labour/merit specialist": 3, "00118 clerk": 2},
		"2020-02-10": {"00133 clerk": 2},
	} {
		t.Run(day, func(t *testing.T) {
			t.Parallel()
			at, err := opening(day)
			if err != nil {
				t.Fatal(err)
			}
			p, err := New(t.Context(), Config{
				Data: t.TempDir(), Listen: "127.0.0.1:0", Opened: prologue(at), MigrateAtStart: true,
				Log: slog.New(slog.DiscardHandler), Payments: Payments{Invented: true, BankSecret: "thu"}, // its fees stop acts until they are paid
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			city, err := p.Settle(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Foretell(t.Context(), city, at); err != nil {
				t.Fatal(err)
			}
			if now := p.Clock.Now(); now.Before(at) {
				t.Errorf("the clock stands at %v", now)
			}
			all := auth.With(t.Context(), auth.Subject{Account: 1, Kind: auth.KindOfficer, Grants: []auth.Grant{
				{Role: "clerk", Scope: auth.Everywhere}, {Role: "specialist", Scope: auth.Everywhere},
			}})
			for key, n := range want {
				var ref, role string
				for i, r := range key {
					if r == ' ' {
						ref, role = key[:i], key[i+1:]
					}
				}
				u, err := p.Dossiers.Place(ref, p.today())
				if err != nil {
					t.Fatal(err)
				}
				page, err := p.Dossiers.Queue(all, dossier.TaskFilter{Unit: u.ID, Roles: []string{role}})
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Tasks) != n {
					t.Errorf("%s has %d open tasks as %s, want %d: %+v", u.Name, len(page.Tasks), role, n, page.Tasks)
				}
			}
			theDoorOpens(t, p, day)
		})
	}
}
