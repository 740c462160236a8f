package app_test

import (
	"slices"
	"testing"
	"time"

	"khue/internal/citytest"
	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/onestop/dossier"
)

// A department that was asked and stays silent for its 12 days has agreed, and the history
// says so in its name.
func TestSilenceStandsInTheNameOfTheSilent(t *testing.T) {
	t.Parallel()
	c := citytest.New(t, citytest.At(clock.MustDate("2026-11-23").At(8, 10)))
	if err := c.Populate(t.Context(), c.Demo); err != nil {
		t.Fatal(err)
	}
	type item struct{ Dossier, Step string }
	asked := func() []item {
		var list struct{ Items []item }
		c.AsLogin("disan").Get("/api/v1/tasks").Want(200).Into(&list)
		return list.Items
	}
	first := asked()
	if len(first) != 1 || first[0].Step != "culture" {
		t.Fatalf("%+v", first)
	}
	code := first[0].Dossier
	c.Pass(11 * 24 * time.Hour)
	if len(asked()) != 1 {
		t.Error("the term ran out before its 12 days")
	}
	c.Pass(2 * 24 * time.Hour)
	c.Eventually("silence agrees", func() bool { return len(asked()) == 0 })
	sub, err := c.Auth.Resolve(t.Context(), c.Account("auditor").Token)
	if err != nil {
		t.Fatal(err)
	}
	ctx := auth.With(t.Context(), sub)
	d, access, err := c.Dossiers.Find(ctx, code, dossier.Viewer{})
	if err != nil || access != dossier.SeeAll {
		t.Fatal(access, err)
	}
	lines, err := c.Dossiers.Timeline(ctx, d, access)
	if err != nil {
		t.Fatal(err)
	}
	silent, _ := c.Units.Now().Body("culture")
	i := slices.IndexFunc(lines, func(l dossier.Line) bool { return slices.Contains(l.Reached, "silenceAgreed") })
	if i < 0 || lines[i].Step != "culture" || lines[i].Unit != silent.ID.String() {
		t.Errorf("%+v", lines)
	}
}
