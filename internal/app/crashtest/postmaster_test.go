package crashtest

import (
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestKilledPostmasterLosesNothing serves a city over a single PostgreSQL that keeps what it says,
// kills its postmaster under load (KHUE_POSTMASTER_KILLS times, 1 by default), starts it again on its
// data, and holds every dossier against the ledger of its clients, who repeat under the same key what
// was not answered. The program is not started again: it must find its database by itself.
func TestKilledPostmasterLosesNothing(t *testing.T) {
	t.Parallel()
	kills := 1
	if n, err := strconv.Atoi(os.Getenv("KHUE_POSTMASTER_KILLS")); err == nil {
		kills = n
	}
	address, ask := clusterOf(t, "KHUE_PG_DURABLE=1")
	c := found(t, freshDatabase(t, address))
	before := c.entries()
	b := newBalancer(t)
	front := *c
	front.url = b.url
	node := b.add(c.node(c.bin))
	d := &drill{city: &front}
	d.learn()
	load := d.crowd(true)
	took := make([]time.Duration, 0, kills)
	for range kills {
		load.more(100)
		load.gap()
		for _, word := range []string{"kill", "again"} {
			if err := ask(word); err != nil {
				t.Fatal(err)
			}
		}
		load.more(50)
		took = append(took, load.gap())
	}
	load.more(100)
	load.finish()
	node.end(syscall.SIGTERM)
	load.whole(before)
	slices.Sort(took)
	t.Logf("%d kills of the postmaster, %d dossiers, %d transitions acknowledged, %d requests repeated; answers again after p50 %.1f s, longest %.1f s",
		kills, len(d.lives), d.acked.Load(), load.repeats.Load(), took[len(took)/2].Seconds(), took[len(took)-1].Seconds())
}
