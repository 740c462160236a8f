package reorganiseweb_test

import (
	"maps"
	"strings"
	"testing"

	"khue/internal/app"
	"khue/internal/citytest"
	"khue/internal/kernel/clock"
)

// TestQueriesDoNotGrowWithRows: the pages of a reorganisation ask the database as often for
// fourteen dossiers as for two.
func TestQueriesDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	pages := []struct {
		login, path string
		most        int64
	}{
		{"lanhdao", "/admin/reorganise", 1},
		{"lanhdao", "/admin/reorganise?code=CODE", 2},
		{"lanhdao", "/admin/reorganise/ACT", 12},
		{"cukhoi.motcua", "/desk/splits", 3}, // one is of the menu, which counts what waits
	}
	asked := func(n int) []int64 {
		c := citytest.New(t, citytest.With(func(c *app.Config) { c.Opened = citytest.Opened() }))
		code := ""
		for range n {
			body := citytest.Birth()
			answers := maps.Clone(body["answers"].(map[string]any))
			answers["child.registrationUnit"] = "00154"
			body["answers"] = answers
			code = c.As("citizen").Post("/api/v1/dossiers", body).Want(201).Text("code")
		}
		c.Clock.Set(clock.MustDate("2025-07-01").At(7, 0))
		p, err := c.Reorganise.Start(t.Context(), "hanoi-2025-07-01")
		if err == nil {
			p, err = c.Reorganise.Drive(t.Context(), p.Act.ID, nil)
		}
		if err != nil || p.Splits != n {
			t.Fatalf("%d asked: %v", p.Splits, err)
		}
		var out []int64
		for _, x := range pages {
			path := strings.NewReplacer("CODE", code, "ACT", p.Act.ID.String()).Replace(x.path)
			c.Login(x.login).Get(path).Want(200) // warm: sessions, caches
			least := int64(1 << 30)              // others read beside us
			for range 12 {
				before := c.DB.Stats().Queries
				c.Login(x.login).Get(path).Want(200)
				least = min(least, c.DB.Stats().Queries-before)
			}
			out = append(out, least)
		}
		return out
	}
	few, many := asked(2), asked(14)
	for i, x := range pages {
		if few[i] != many[i] || many[i] > x.most {
			t.Errorf("%s asks %d times for two dossiers and %d for fourteen, at most %d are allowed", x.path, few[i], many[i], x.most)
		}
	}
}
