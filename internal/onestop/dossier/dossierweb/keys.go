package dossierweb

import (
	"context"
	"net/http"

	"khue/internal/kernel/i18n"
	"khue/internal/kernel/web"
)

// keyGroup is a part of the list of keys.
type keyGroup struct {
	Title string
	Rows  []keyRow
}

type keyRow struct{ Keys, Does string }

// deskKeys are the keys of the desk, as web/js/keys.js has them.
func deskKeys(ctx context.Context) []keyGroup {
	groups := []struct {
		name string
		keys [][2]string // key as pressed, its name in the messages
	}{
		{"list", [][2]string{{"j", "down"}, {"k", "up"}, {"Enter", "open"}, {"x", "select"}, {"/", "search"}}},
		{"task", [][2]string{{"a", "act"}, {"c", "claim"}, {"n", "note"}, {"p", "papers"}, {"[", "prev"}, {"]", "next"}}},
		{"go", [][2]string{{"g d", "today"}, {"g q", "queue"}, {"g m", "mine"}, {"g b", "balance"}, {"g t", "phrases"}, {"g i", "inbox"}}},
		{"all", [][2]string{{"?", "help"}, {"Esc", "close"}}},
	}
	var out []keyGroup
	for _, g := range groups {
		k := keyGroup{Title: i18n.T(ctx, "dossierweb.keys.group."+g.name)}
		for _, x := range g.keys {
			k.Rows = append(k.Rows, keyRow{x[0], i18n.T(ctx, "dossierweb.keys.does."+x[1])})
		}
		out = append(out, k)
	}
	return out
}

func (h *handlers) keysPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, keysPage(deskKeys(r.Context())))
}
