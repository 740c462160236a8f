package outlet

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
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
		s, err := New(j, Config{URL: "nats://127.0.0.1:1", Source: "urn:test", Policy: func(string) (Fields, bool) { return Fields{Unit: true, Subject: true, Code: true}, true }, Log: slog.New(slog.DiscardHandler)})
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

// TestWhatIsNotDeclaredDoesNotLeave: of an entry goes out what its kind's policy names, and nothing of
// one whose kind has none, whatever stands in it.
func TestWhatIsNotDeclaredDoesNotLeave(t *testing.T) {
	t.Parallel()
	key, err := journal.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	policies := map[string]Fields{"open.all": {Unit: true, Subject: true, Code: true}, "open.subject": {Subject: true}, "open.code": {Code: true}, "open.nothing": {}}
	s, err := New(journal.New(nil, nil, key, slog.New(slog.DiscardHandler)), Config{
		URL: "nats://127.0.0.1:1", Source: "urn:test", Log: slog.New(slog.DiscardHandler),
		Policy: func(kind string) (Fields, bool) { f, ok := policies[kind]; return f, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	about := journal.Subject{Type: "secretType", ID: 777000777}
	for kind, want := range map[string]struct{ says, lacks string }{
		"open.all":     {"secretType 777000777 secretUnit secretCode open.all 2001-02-03", ""},
		"open.subject": {"secretType 777000777 open.subject", "secretUnit secretCode"},
		"open.code":    {"open.code", "secretType 777000777 secretUnit secretCode"}, // no code without its subject
		"open.nothing": {"open.nothing 2001-02-03", "secretType 777000777 secretUnit secretCode"},
		"shut":         {"khue.entry", "shut secretType 777000777 secretUnit secretCode 2001-02-03"},
		"open":         {"khue.entry", "secretUnit"},
		"open.all.too": {"khue.entry", "secretUnit"},
	} {
		r := &journal.Record{
			Kind: kind, Subject: about, Unit: "secretUnit", Actor: 555000555, Request: "secretRequest", Payload: []byte(`{"by":"secretName"}`),
			At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Occurred: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC),
		}
		m, err := s.message(41, r, map[journal.Subject]string{about: "secretCode"})
		if err != nil {
			t.Fatal(err)
		}
		sent := m.Subject + " " + string(m.Data)
		for _, w := range strings.Fields(want.says) {
			if !strings.Contains(sent, w) {
				t.Errorf("%s lacks %s: %s", kind, w, sent)
			}
		}
		for _, w := range strings.Fields(want.lacks + " secretName secretRequest 555000555") {
			if strings.Contains(sent, w) {
				t.Errorf("%s tells %s: %s", kind, w, sent)
			}
		}
	}
}
