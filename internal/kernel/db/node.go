package db

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Node numbers are leased for leaseFor and renewed every leaseRenew, so a holder
// that died frees its number and a live one never loses it to a short outage.
const (
	leaseFor   = 30 * time.Minute
	leaseRenew = 10 * time.Second
	maxNode    = 1023
	// A node whose lease was not renewed for so long is dead, for those who only count.
	deadAfter = 25 * time.Second
)

// LeaseNode takes a free node number (0 to 1023) for the id generator and renews
// it until release. Unavailable where none is free. With Config.Node set it gives
// that number and leases nothing.
func (d *DB) LeaseNode(ctx context.Context) (node uint16, release func(), err error) {
	defer errs.Op(&err, "db.LeaseNode")
	if d.cfg.Node != 0 {
		return d.cfg.Node, func() {}, nil
	}
	holder := rand.Text()
	for range 20 { // another process may take the same number first
		node, err = d.takeNode(ctx, holder)
		if !IsUnique(err) && !errors.Is(err, errNodeTaken) {
			break
		}
	}
	if err != nil {
		return 0, nil, err
	}
	d.countNodes(ctx)
	quit := make(chan struct{})
	var once sync.Once
	go d.renewNode(node, holder, quit)
	return node, func() { once.Do(func() { close(quit); d.freeNode(node, holder) }) }, nil
}

var errNodeTaken = errors.New("db: the node number was taken by another process")

// takeNode takes the lowest number that is free or whose lease has run out.
func (d *DB) takeNode(ctx context.Context, holder string) (uint16, error) {
	var node int64
	err := d.InTx(ctx, func(_ context.Context, tx *Tx) error {
		now, until := Millis(machine()), Millis(machine().Add(leaseFor))
		old, err := All(tx, func(s Scanner) (h held, err error) {
			err = s.Scan(&h.node, &h.until)
			return h, err
		}, `SELECT node, until FROM db_node ORDER BY node`)
		if err != nil {
			return err
		}
		node = 0
		for _, h := range old {
			if h.node != node {
				break
			}
			if h.until < now {
				return tx.Guard(errNodeTaken, `UPDATE db_node SET holder = $1, until = $2 WHERE node = $3 AND until < $4`, holder, until, node, now)
			}
			node++
		}
		if node > maxNode {
			return errs.E(errs.Unavailable, "db.node", errs.P("max", maxNode+1))
		}
		return tx.Exec(`INSERT INTO db_node (node, holder, until) VALUES ($1, $2, $3)`, node, holder, until)
	})
	return uint16(node), err //nolint:gosec // at most maxNode
}

// machine is the time by which leases run: a demo's clock is another than that of a command
// beside it, which would take the demo's number away.
func machine() time.Time { return clock.System().Now() }

type held struct{ node, until int64 }

// renewNode keeps the lease. A process that lost it would give out another's
// ids, so it stops at once; that takes half an hour without its database.
func (d *DB) renewNode(node uint16, holder string, quit chan struct{}) {
	t := time.NewTicker(leaseRenew)
	defer t.Stop()
	lost := errors.New("db: the node lease is lost")
	for {
		select {
		case <-quit:
			return
		case <-t.C:
		}
		err := d.InTx(context.Background(), func(_ context.Context, tx *Tx) error {
			return tx.Guard(lost, `UPDATE db_node SET until = $1 WHERE node = $2 AND holder = $3`,
				Millis(machine().Add(leaseFor)), node, holder)
		})
		switch {
		case errors.Is(err, lost):
			panic(lost)
		case d.closed.Load():
			return
		case err != nil:
			d.cfg.Log.Error("db: node lease not renewed", "node", node, "error", err)
		default:
			d.countNodes(context.Background())
		}
	}
}

// LiveNodes is how many processes work on this database, as of some seconds ago: at least this one. A
// node that was killed counts for 25 seconds more; a command beside the servers counts too.
func (d *DB) LiveNodes() int { return max(1, int(d.nodes.Load())) }

// countNodes reads who renewed lately; where it cannot, the last count stands.
func (d *DB) countNodes(ctx context.Context) {
	if d.SingleWriter() {
		return
	}
	var n int64
	err := d.View(ctx, func(_ context.Context, v *View) error {
		return v.QueryRow(`SELECT count(*) FROM db_node WHERE until > $1`, Millis(machine().Add(leaseFor-deadAfter))).Scan(&n)
	})
	if err == nil {
		d.nodes.Store(n)
	}
}

// freeNode gives the number back; a failure only delays its next use.
func (d *DB) freeNode(node uint16, holder string) {
	err := d.InTx(context.Background(), func(_ context.Context, tx *Tx) error {
		return tx.Exec(`UPDATE db_node SET until = 0 WHERE node = $1 AND holder = $2`, node, holder)
	})
	if err != nil {
		d.cfg.Log.Warn("db: node number not given back", "node", node, "error", err)
	}
}
