package outlet

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/db/dbtest"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
)

// TestTwoThatPublishAtOnce lets three nodes believe at every look that the work is theirs.
// What they know of each other is only what the stream refuses.
func TestTwoThatPublishAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d := dbtest.New(t, []db.Migrations{journal.Migrations()})
	key, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	j := journal.New(d, id.NewGen(1, clock.System()), key, slog.New(slog.DiscardHandler))
	srv, err := start(t.TempDir(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.stop()
	const nodes, n = 3, 2000
	err = d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		for i := range int64(n) {
			if _, err := j.Append(tx, journal.Entry{Kind: "test.fact", Subject: journal.Subject{Type: "t", ID: i}, Payload: []byte("{}")}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	connect := func() jetstream.JetStream {
		nc, err := nats.Connect("", srv.options()...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		return js
	}
	var wg sync.WaitGroup
	for range nodes {
		s, err := New(j, Config{URL: "nats://127.0.0.1:1", Source: "urn:test", Public: func(string) bool { return true }, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		js := connect()
		wg.Go(func() {
			for ctx.Err() == nil && s.Status().Published < n {
				s.leads, s.slow = true, false
				_, _ = s.look(ctx, js) // refusals are the point
			}
		})
	}
	wg.Wait()
	st, err := connect().Stream(ctx, Stream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := st.Info(ctx)
	if err != nil || info.State.Msgs != n || info.State.LastSeq != n {
		t.Fatalf("the stream holds %+v, %v", info.State, err)
	}
	for seq := uint64(1); seq <= n; seq++ {
		m, err := st.GetMsg(ctx, seq)
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Data data }
		if err := json.Unmarshal(m.Data, &e); err != nil || e.Data.Number != int64(seq)-1 { //nolint:gosec // a count
			t.Fatalf("sequence %d holds entry %d, %v", seq, e.Data.Number, err)
		}
	}
}
