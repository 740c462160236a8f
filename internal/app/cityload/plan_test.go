package cityload

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"khue/internal/app/citybench"
)

// TestEveryMixIsWhole reads the scenarios that come with the program, and holds the
// Ukrainian one against what was published.
func TestEveryMixIsWhole(t *testing.T) {
	t.Parallel()
	for _, name := range Mixes() {
		s, err := ReadScenario(name)
		if err != nil {
			t.Error(err)
		}
		if s.Name != name || s.About["vi"] == "" || s.About["en"] == "" {
			t.Errorf("%s is called %q, or does not say what it is", name, s.Name)
		}
	}
	s, err := ReadScenario("ukraine")
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, a := range s.Actors {
		sums["all"] += a.rate()
		if strings.HasPrefix(a.Name, "read") {
			sums["reads"] += a.rate()
		}
	}
	if math.Abs(sums["all"]-301) > 0.1 || math.Abs(sums["reads"]-120) > 0.01 {
		t.Errorf("rates are %v, published were 301 and 120", sums)
	}
	users, err := ReadScenario("opencrvs")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, a := range users.Actors {
		n += a.Users
	}
	if n != 10_000 {
		t.Errorf("%d users", n)
	}
}

func TestAScenarioSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"format: khue-load/2\nname: x\nactors: [{name: a, steps: [track], rate: 1}]":                             "format",
		"format: khue-load/1\nname: x\nactors: [{name: a, steps: [fly], rate: 1}]":                               "no act \"fly\"",
		"format: khue-load/1\nname: x\nactors: [{name: a, steps: [track], rate: 1, users: 3}]":                   "either rate",
		"format: khue-load/1\nname: x\ncurve: hill\nactors: [{name: a, steps: [track], rate: 1}]":                "no curve \"hill\"",
		"format: khue-load/1\nname: x\ncurve: [[0, 0], [2, 1]]\nactors: [{name: a, steps: [track], rate: 1}]":    "from 0 to 1",
		"format: khue-load/1\nname: x\nspeed: 9\nactors: [{name: a, steps: [track], rate: 1}]":                   "speed",
		"format: khue-load/1\nname: x\nactors: [{name: a, steps: [track], rate: 1}]\ngoals: [{actors: [ghost]}]": "ghost",
	} {
		if _, err := ParseScenario([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestArrivalsFollowTheCurve draws a long run and counts.
func TestArrivalsFollowTheCurve(t *testing.T) {
	t.Parallel()
	s := Scenario{Curve: Curve{{0, 0}, {0.5, 0}, {0.5, 1}, {1, 1}}, Actors: []Actor{{Name: "a", Steps: []string{"front", "track"}, Users: 200, Think: 20 * time.Second, Pause: time.Second}}}
	all, cut := plan(s, 10, 1000*time.Second, 1_000_000, 1)
	if cut || math.Abs(float64(len(all))-100_000) > 2_000 {
		t.Errorf("%d steps, about 100,000 were due", len(all))
	}
	if all[0].at < 500*time.Second {
		t.Errorf("somebody came at %s, before the curve rises", all[0].at)
	}
	last := time.Duration(0)
	for _, d := range all {
		if d.at < last {
			t.Fatal("not in order of time")
		}
		last = d.at
	}
	again, _ := plan(s, 10, 1000*time.Second, 1_000_000, 1)
	if again[777].at != all[777].at {
		t.Error("the same seed draws another run")
	}
	if few, cut := plan(s, 10, 1000*time.Second, 50, 1); len(few) != 50 || !cut {
		t.Errorf("bounded to 50 it draws %d", len(few))
	}
}

// TestAStallShowsInTheLatency stops a server for a moment: all who were due meanwhile have
// waited, not only those who happened to be asked.
func TestAStallShowsInTheLatency(t *testing.T) {
	t.Parallel()
	const stall = 300 * time.Millisecond
	first := make(chan struct{}, 1)
	first <- struct{}{}
	gate := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-first:
			time.AfterFunc(stall, func() { close(gate) })
		default:
		}
		<-gate
		_, _ = io.WriteString(w, "{}")
	}))
	defer srv.Close()
	l, err := OpenLedger(filepath.Join(t.TempDir(), "l"))
	if err != nil {
		t.Fatal(err)
	}
	rep, err := Run(t.Context(), Options{
		Scenario: Scenario{Name: "x", Actors: []Actor{{Name: "a", Steps: []string{"front"}, Rate: 500}}}, City: citybench.Told{URL: srv.URL}, For: time.Second, Connections: 2, Seed: 1, Ledger: l,
	})
	if err != nil {
		t.Fatal(err)
	}
	// 200 ms of arrivals of 1 s waited more than 100 ms: a fifth. Counted from sending, two would.
	if rep.All.P95 < 100 || rep.All.N < 400 {
		t.Errorf("p95 is %.1f ms of %d requests around a stall of %s", rep.All.P95, rep.All.N, stall)
	}
}

// TestALedgerOutlivesACrash reads one whose last line was cut short.
func TestALedgerOutlivesACrash(t *testing.T) {
	t.Parallel()
	text := `{"k":"run","at":1,"mark":"Qa"}
{"k":"ask","at":2,"key":"k1","act":"file","name":"A Qa A"}
{"k":"ack","at":3,"key":"k1","code":"H1","entry":"5","state":"submitted"}
{"k":"ask","at":4,"key":"k2","act":"complete","co`
	lines, err := ReadLedger(strings.NewReader(text))
	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	b, err := read(lines)
	if err != nil || b.Acknowledged != 1 || b.Open != 0 {
		t.Errorf("%+v, %v", b.Comparison, err)
	}
}

// TestAPostIsSentAgainUnderItsKey meets a server that breaks off, then says that it is busy,
// then answers: one key for all three.
func TestAPostIsSentAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	keys := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys[r.Header.Get("Idempotency-Key")]++
		switch len(keys) + keys[r.Header.Get("Idempotency-Key")] {
		case 2:
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		case 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprint(w, `{"code":"H1","state":"submitted","promise":"1.77.3.x.y"}`)
		}
	}))
	defer srv.Close()
	path := filepath.Join(t.TempDir(), "l")
	l, err := OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{o: Options{Patience: time.Minute}, ledger: l, stats: &stats{}, stock: newStock(1), mark: "Qa"}
	if p.addr, p.secure, err = Address(srv.URL); err != nil {
		t.Fatal(err)
	}
	line := p.line()
	defer line.close()
	r := p.send(context.Background(), line, p.file("", filing{}), noFault)
	if r.how != served || r.again != 2 || len(keys) != 1 {
		t.Errorf("%+v with keys %v", r, keys)
	}
}
