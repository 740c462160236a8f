package dossierweb_test

import (
	"testing"

	"khue/internal/citytest"
	"khue/internal/kernel/web"
)

type bulkAnswer struct {
	Done, Failed int
	Items        []struct {
		Task, Dossier string
		Outcome       *struct{ State, Step, Entry string }
		Problem       *struct {
			Status     int
			Detail, By string
		}
	}
}

// TestBulk: many tasks in one request; one that cannot go on says why in its row and stops
// no other; nothing is done twice.
func TestBulk(t *testing.T) {
	t.Parallel()
	citytest.Each(t, func(t *testing.T, c *citytest.City) {
		var codes []string
		for range 12 {
			codes = append(codes, c.As("citizen").Post("/api/v1/dossiers", citytest.Birth()).Want(201).Text("code"))
		}
		type row map[string]any
		var rows []row
		for _, code := range codes {
			id, version := task(t, c, "clerk", code)
			rows = append(rows, row{"id": id, "version": version})
		}
		// A colleague is faster with the third, and the fifth is named by an old version.
		act(t, c, "clerk", codes[2], "accept", nil).Want(200)
		rows[4]["version"] = 7

		ask := map[string]any{"action": "accept", "tasks": rows, "preview": true}
		var seen, done bulkAnswer
		c.As("clerk").Post("/api/v1/tasks/bulk", ask).Want(200).Into(&seen)
		if seen.Done != 10 || seen.Failed != 2 || seen.Items[0].Outcome.State != "accepted" && seen.Items[0].Outcome.State != "processing" || seen.Items[0].Outcome.Entry != "" {
			t.Fatalf("the preview says %+v", seen)
		}
		if p := seen.Items[2].Problem; p == nil || p.Status != 409 || p.By == "" {
			t.Errorf("the row of the task that a colleague took says %+v", p)
		}
		if _, v := task(t, c, "clerk", codes[0]); v != 1 {
			t.Fatal("looking wrote something")
		}

		delete(ask, "preview")
		key := web.NewKey()
		c.As("clerk").PostAs(key, "/api/v1/tasks/bulk", ask).Want(200).Into(&done)
		if done.Done != 10 || done.Failed != 2 {
			t.Fatalf("acted: %+v", done)
		}
		for i, x := range done.Items {
			if ok := x.Problem == nil; ok != (i != 2 && i != 4) || x.Dossier != codes[i] {
				t.Errorf("row %d: %+v", i, x)
			} else if ok && (x.Outcome.Step != seen.Items[i].Outcome.Step || x.Outcome.Entry == "") {
				t.Errorf("row %d went to %q, the preview said %q", i, x.Outcome.Step, seen.Items[i].Outcome.Step)
			}
		}
		// Sent again, the request answers again and moves nothing.
		var again bulkAnswer
		c.As("clerk").PostAs(key, "/api/v1/tasks/bulk", ask).Want(200).Into(&again)
		if again.Done != 10 || again.Items[0].Outcome.Step != done.Items[0].Outcome.Step {
			t.Errorf("again: %+v", again)
		}
		var line struct{ Items []struct{ Action string } }
		c.As("citizen").Get("/api/v1/dossiers/" + codes[0] + "/timeline").Want(200).Into(&line)
		if len(line.Items) != 2 {
			t.Errorf("accepted twice: %+v", line)
		}

		// The next in the chain takes six of them, and may not take what is another's.
		for i := range rows[:6] {
			id, version := task(t, c, "justiceOfficer", codes[i+6])
			rows[i] = row{"id": id, "version": version}
		}
		var taken bulkAnswer
		c.As("justiceOfficer").Post("/api/v1/tasks/bulk", map[string]any{"do": "claim", "tasks": rows[:6]}).Want(200).Into(&taken)
		if taken.Done != 6 {
			t.Errorf("taken: %+v", taken)
		}
		c.As("chairman").Post("/api/v1/tasks/bulk", map[string]any{"action": "approve", "tasks": rows[:6]}).Want(200).Into(&taken)
		if taken.Failed != 6 {
			t.Errorf("the chairman acted in the officer's place: %+v", taken)
		}
		if got := c.As("citizen").Post("/api/v1/tasks/bulk", map[string]any{"action": "approve", "tasks": rows[:6]}).Status; got != 403 {
			t.Errorf("a citizen got %d", got)
		}
	})
}
