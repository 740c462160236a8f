package desk_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"testing"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/desk"
	"khue/internal/register/orgunit"
)

type nobody struct{}

func (nobody) Covers(context.Context, string, string) bool { return false }

// TestPhrases: everybody uses the city's, a unit's people those of the unit, one alone their
// own; who may change which; nothing of a lost change is kept; no personal number gets in.
func TestPhrases(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, []db.Migrations{journal.Migrations(), once.Migrations(), desk.Migrations()}, func(t *testing.T, d *db.DB) {
		clk := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
		gen := id.NewGen(1, clk)
		signer, err := journal.NewKey("test")
		if err != nil {
			t.Fatal(err)
		}
		units, err := orgunit.New(d, clk, gen, nil)
		if err != nil {
			t.Fatal(err)
		}
		tree := units.Now()
		ward, err := tree.ByCode("00133")
		if err != nil {
			t.Fatal(err)
		}
		agency, _ := tree.AgencyOf(ward.ID)
		rules, err := auth.NewPolicies(nobody{}, orgunit.ActsAs, desk.Policies())
		if err != nil {
			t.Fatal(err)
		}
		s := desk.New(desk.Deps{DB: d, Gen: gen, Clock: clk, Journal: journal.New(d, gen, signer, slog.New(slog.NewTextHandler(io.Discard, nil))), Units: units, Policies: rules})
		as := func(account int64, name, role string, at orgunit.UnitID) context.Context {
			return auth.With(t.Context(), auth.Subject{Account: account, Name: name, Kind: auth.KindOfficer, Grants: []auth.Grant{{Role: role, Scope: "unit:" + at.String()}}})
		}
		clerk, chair := as(1, "Lê Thu Trang", "clerk", agency.ID), as(2, "Vũ Đức Thắng", "chairman", agency.ID)
		other, leader := as(3, "Trịnh Mai", "clerk", 99), as(4, "Hoàng Gia Bảo", "leader", tree.Government().ID)

		const birth = "1.001193"
		own, err := s.KeepPhrase(clerk, desk.Phrase{Account: 1, Action: "supplement", VI: " Câu của riêng tôi. "}, "key-own-1")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.KeepPhrase(clerk, desk.Phrase{Account: 1, Action: "supplement", VI: "Câu của riêng tôi."}, "key-own-1"); err != nil || again != own {
			t.Errorf("the same key again made %s (%v), want %s", again, err, own)
		}
		if _, err := s.KeepPhrase(clerk, desk.Phrase{Unit: agency.ID, VI: "Câu của phường."}, "key-unit-0"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a clerk kept a phrase of the unit: %v", err)
		}
		unit, err := s.KeepPhrase(chair, desk.Phrase{Unit: agency.ID, Procedure: birth, VI: "Câu của phường."}, "key-unit-1")
		if err != nil {
			t.Fatal(err)
		}

		list := func(ctx context.Context, procedure, action string) []desk.PhraseID {
			t.Helper()
			all, err := s.Phrases(ctx, procedure, action)
			if err != nil {
				t.Fatal(err)
			}
			var out []desk.PhraseID
			for _, p := range all {
				out = append(out, p.ID)
			}
			return out
		}
		mine := list(clerk, birth, "supplement")
		if len(mine) < 8 || mine[0] != own || mine[1] != unit || mine[2] != 7 {
			t.Errorf("the clerk is offered %v; want her own %s, the ward's %s, then the city's for this procedure (7) first", mine, own, unit)
		}
		if theirs := list(other, birth, "supplement"); slices.Contains(theirs, own) || slices.Contains(theirs, unit) || !slices.Contains(theirs, 1) {
			t.Errorf("an officer of another unit is offered %v", theirs)
		}
		if refusals := list(clerk, "1.004222", "refuse"); slices.Contains(refusals, 9) || !slices.Contains(refusals, 13) {
			t.Errorf("for a refusal of another procedure %v are offered", refusals)
		}

		if _, err := s.KeepPhrase(chair, desk.Phrase{ID: 1, Version: 1, VI: "Khác"}, "key-city-0"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a ward's chairman changed a phrase of the city: %v", err)
		}
		if _, err := s.KeepPhrase(other, desk.Phrase{ID: own, Account: 3, Version: 1, VI: "Của tôi"}, "key-theft"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a phrase of somebody else was taken over: %v", err)
		}
		if _, err := s.KeepPhrase(leader, desk.Phrase{ID: 1, Version: 1, Action: "supplement", VI: "Bản chụp mờ."}, "key-city-1"); err != nil {
			t.Fatal(err)
		}
		_, err = s.KeepPhrase(leader, desk.Phrase{ID: 1, Version: 1, VI: "Chậm chân"}, "key-city-2")
		if e, ok := errs.As(err); !ok || e.Kind != errs.Conflict || e.Params["by"] != "Hoàng Gia Bảo" {
			t.Errorf("the second change of one version: %v, want a conflict that names who was first", err)
		}
		if err := s.RemovePhrase(clerk, own, 1, "key-remove"); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(list(clerk, "", ""), own) {
			t.Error("a removed phrase is still offered")
		}
		for _, text := range []string{"", "Ông A, số 999196000001, thiếu chữ ký.", "Gọi 0912 000 001"} {
			if _, err := s.KeepPhrase(clerk, desk.Phrase{Account: 1, VI: text}, "key-bad-12"); !errs.Is(err, errs.Invalid) {
				t.Errorf("%q was kept: %v", text, err)
			}
		}
		// Laws are cited by number.
		if _, err := s.KeepPhrase(clerk, desk.Phrase{Account: 1, VI: "Căn cứ Nghị định số 23/2015/NĐ-CP ngày 16/02/2015."}, "key-law-12"); err != nil {
			t.Errorf("a legal basis was refused: %v", err)
		}
	})
}
