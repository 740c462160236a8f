package dossier_test

import (
	"strconv"
	"testing"

	"khue/internal/citytest"
	"khue/internal/onestop/form"
)

// An account's earlier answers come back with their origin and their day, the youngest
// first; nobody else's do.
func TestPreviousKnowsOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201)
		filer := c.Account("citizen").ID
		source := c.Dossiers.Previous()
		for _, a := range c.Demo.Accounts {
			id, err := strconv.ParseInt(a.ID, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			facts, err := source.Facts(t.Context(), form.Applicant{Account: id})
			if err != nil {
				t.Fatal(err)
			}
			got := facts["mother.name"]
			if mine := a.ID == filer; mine != (got.Value == "Nguyễn Thị Hạnh" && got.From == form.Earlier && !got.At.IsZero()) {
				t.Errorf("%s: %+v", a.Login, got)
			}
		}
		if facts, err := source.Facts(t.Context(), form.Applicant{}); err != nil || len(facts) != 0 {
			t.Error("a stranger has a past", facts, err)
		}
	})
}
