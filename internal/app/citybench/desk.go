package citybench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// longQueue is how many tasks lie open at one unit when its list is measured.
const longQueue = 10_000

// deskReads is how often each page is read.
const deskReads = 200

// desk measures the lists of an office with ten thousand open tasks, by one client over
// loopback: the pages as browsers get them, and the list as the API gives it; the search
// over them; and an act on 500 at once.
func desk(ctx context.Context, o Options) (rows []Row, err error) {
	c, err := open(ctx, o, "--empty", "--filled", "--fill-idle", "--dossiers", strconv.Itoa(longQueue))
	if err != nil {
		return nil, err
	}
	defer c.close()
	conn, err := dial(c.addr())
	if err != nil {
		return nil, err
	}
	defer conn.close()
	for _, m := range [...]struct{ name, path string }{
		{"desk.mine_ms", "/desk"}, {"desk.queue10k_ms", "/desk/queue"}, {"desk.queue10k_filtered_ms", "/desk/queue?role=clerk&state=submitted&holder=free&due=week"},
		{"desk.queue10k_api_ms", "/api/v1/tasks?limit=50"}, {"desk.held_ms", "/desk/mine"},
		{"desk.search10k_ms", "/desk/search?q=van+nguyen"}, {"desk.search10k_rare_ms", "/desk/search?q=0912345678"},
	} {
		all := make([]time.Duration, 0, deskReads)
		for range deskReads {
			began := time.Now()
			status, body, err := conn.do(http.MethodGet, m.path, c.token("clerk"), nil)
			if err != nil {
				return rows, err
			}
			if status != http.StatusOK {
				return rows, refused(m.path, status, body)
			}
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		rows = append(rows, Row{m.name, quantile(all, 0.5), "ms", deskReads})
	}
	return bulk(c, conn, rows)
}

// bulkRounds is how often 500 dossiers are accepted at once; the middle one counts.
const bulkRounds = 3

// bulk measures an act on 500 dossiers in one request.
func bulk(c *city, conn *client, rows []Row) ([]Row, error) {
	var all []time.Duration
	cursor := ""
	for range bulkRounds {
		var tasks []map[string]any
		for len(tasks) < 500 {
			var page struct {
				Items []struct {
					ID      string
					Version int64
				}
				Next string
			}
			status, body, err := conn.do(http.MethodGet, "/api/v1/tasks?role=clerk&state=submitted&limit=100&cursor="+cursor, c.token("clerk"), nil)
			if err != nil {
				return rows, err
			}
			if status != http.StatusOK || json.Unmarshal(body, &page) != nil {
				return rows, refused("tasks", status, body)
			}
			for _, t := range page.Items {
				tasks = append(tasks, map[string]any{"id": t.ID, "version": t.Version})
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		sent, err := json.Marshal(map[string]any{"action": "accept", "tasks": tasks})
		if err != nil {
			return rows, err
		}
		began := time.Now()
		status, body, err := conn.do(http.MethodPost, "/api/v1/tasks/bulk", c.token("clerk"), sent)
		all = append(all, time.Since(began))
		if err != nil {
			return rows, err
		}
		var said struct{ Done, Failed int }
		if status != http.StatusOK || json.Unmarshal(body, &said) != nil || said.Done == 0 {
			return rows, fmt.Errorf("bulk: %w", refused("bulk", status, body))
		}
	}
	slices.Sort(all)
	return append(rows, Row{"desk.bulk500_s", all[len(all)/2].Seconds(), "s", bulkRounds}), nil
}
