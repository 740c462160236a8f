package dossierweb_test

import (
	"testing"

	"khue/internal/citytest"
	"khue/internal/onestop/dossier"
)

// Papers that an agency writes are numbered without gaps in a year: an act that fails takes
// no number, and a receipt has none.
func TestPapersAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		ask := func() (code string, n int64) {
			code = c.As("clerk").Post("/api/v1/dossiers", citytest.Counter()).Want(201).Text("code")
			id, version := task(t, c, "clerk", code)
			ask := map[string]any{"version": version, "action": "supplement", "comment": "Thiếu giấy chứng sinh"}
			c.As("clerk").Post("/api/v1/tasks/"+id+"/complete", map[string]any{"version": version + 7, "action": "supplement", "comment": "Cũ"}).Want(409)
			c.As("clerk").Post("/api/v1/tasks/"+id+"/complete", ask).Want(200)
			d := read(t, c, code)
			lines, err := c.Dossiers.Timeline(as(t, c, "clerk"), d, dossier.SeeAll)
			if err != nil {
				t.Fatal(err)
			}
			return code, lines[len(lines)-1].Numbers[dossier.PaperSupplement]
		}
		for want := int64(1); want <= 3; want++ {
			if code, n := ask(); n != want {
				t.Errorf("%s has number %d, want %d", code, n, want)
			}
		}
	})
}

func read(t *testing.T, c *citytest.City, code string) dossier.Dossier {
	t.Helper()
	d, _, err := c.Dossiers.Find(as(t, c, "clerk"), code, dossier.Viewer{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
