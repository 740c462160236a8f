package dossierweb_test

import (
	"testing"

	"khue/internal/citytest"
)

// TestQueriesDoNotGrowWithRows: a page asks the database as often for forty rows as for two.
func TestQueriesDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	c := citytest.New(t)
	file := func(n int) (code string) {
		for range n {
			code = c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code")
		}
		return code
	}
	// The followers of the journal read beside us: the least of several counts is the page's.
	count := func(role, path string) int64 {
		c.As(role).Get(path).Want(200) // warm: sessions, caches
		least := int64(1 << 30)
		for range 12 {
			before := c.DB.Stats().Queries
			c.As(role).Get(path).Want(200)
			least = min(least, c.DB.Stats().Queries-before)
		}
		return least
	}
	code := file(2)
	pages := []struct {
		role, path string
		most       int64
	}{
		{"clerk", "/desk", 3},       // held, free, and as on each page of the desk the numbers of the menu
		{"clerk", "/desk/queue", 5}, // page, kept filters, counts, colleagues; roles that act in another's place are asked one by one
		{"clerk", "/desk/mine", 2},
		{"clerk", "/api/v1/tasks?role=clerk", 1},
		{"citizen", "/dossiers", 5}, // whose account it is and for whom it acts: three; open, ended
		{"citizen", "/dossiers/" + code, 4},
	}
	few := make([]int64, len(pages))
	for i, p := range pages {
		few[i] = count(p.role, p.path)
		if few[i] > p.most {
			t.Errorf("%s asks %d times, at most %d are allowed", p.path, few[i], p.most)
		}
	}
	file(38)
	for i, p := range pages {
		if many := count(p.role, p.path); many != few[i] {
			t.Errorf("%s asks %d times for two rows and %d for forty", p.path, few[i], many)
		}
	}
}
