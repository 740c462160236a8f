package crashtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// backWithin is what the city promises after its primary database is gone.
const backWithin = 30 * time.Second

// TestFailoverLosesNothing runs two nodes over three PostgreSQL servers under Patroni, kills
// the primary under load (KHUE_FAILOVERS times) with all that belongs to it, kills nodes
// between (KHUE_KILLS times), and holds every dossier against the ledger of its clients, who
// repeat under the same key what was not answered. Without KHUE_FAILOVERS it does not run.
func TestFailoverLosesNothing(t *testing.T) {
	failovers, _ := strconv.Atoi(os.Getenv("KHUE_FAILOVERS"))
	if failovers == 0 {
		t.Skip("KHUE_FAILOVERS is not set: scripts/failover-drill drill runs it")
	}
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("KHUE_KILLS")); err == nil {
		kills = n
	}
	address := drillScript(t, "start")
	t.Cleanup(func() { drillScript(t, "stop") })
	c := found(t, freshDatabase(t, address))
	before := c.entries()
	b := newBalancer(t)
	front := *c
	front.url = b.url
	var nodes []*backend
	for range 2 {
		nodes = append(nodes, b.add(c.node(c.bin)))
	}
	d := &drill{city: &front}
	d.learn()
	load := d.crowd(true)
	var took []time.Duration
	for i := range failovers {
		load.more(200)
		load.gap()
		// A machine that is gone and a server that died are found in different ways.
		how := []string{"kill", "kill", "postmaster"}[i%3]
		gone := drillScript(t, how)
		load.more(200)
		took = append(took, load.gap())
		t.Logf("failover %d (%s of node %s): service after %.1f s", i+1, how, gone, took[i].Seconds())
		drillScript(t, "revive", gone)
		if i == failovers-1 {
			break // two are enough for what follows
		}
		await(t, 2*time.Minute, "three servers together", func() bool { return exec.Command(drillPath(t), "whole").Run() == nil })
	}
	for i := range kills {
		load.more(100)
		n := nodes[i%2]
		n.end(syscall.SIGKILL)
		load.more(50) // the other node goes on
		b.back(n)
	}
	load.more(100)
	load.finish()
	for _, n := range nodes {
		n.end(syscall.SIGTERM)
	}
	load.whole(before)
	slices.Sort(took)
	t.Logf("%d failovers, %d kills of khue, %d dossiers, %d transitions acknowledged, %d requests repeated; service back after p50 %.1f s, longest %.1f s",
		failovers, kills, len(d.lives), d.acked.Load(), load.repeats.Load(), took[len(took)/2].Seconds(), took[len(took)-1].Seconds())
	if worst := took[len(took)-1]; worst > backWithin {
		t.Errorf("service came back after %s; promised are %s", worst, backWithin)
	}
}

func drillPath(t *testing.T) string {
	t.Helper()
	p, err := filepath.Abs("../../../scripts/failover-drill")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func drillScript(t *testing.T, args ...string) string {
	t.Helper()
	var complaint strings.Builder
	cmd := exec.Command(drillPath(t), args...) //nolint:gosec // ours
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("failover-drill %s: %v: %s", args[0], err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

// freshDatabase makes a database of its own on a server.
func freshDatabase(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name := fmt.Sprintf("khue_%d", time.Now().UnixNano())
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func await(t *testing.T, long time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(long); !done(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", long, what)
		}
	}
}
