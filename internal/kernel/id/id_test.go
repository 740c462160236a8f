package id_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/id"
)

type thing struct{}

func TestIDsGrowAndNeverRepeat(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
	g := id.NewGen(3, f)
	const workers, each = 8, 5000
	var mu sync.Mutex
	seen := make(map[int64]bool, workers*each)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			last := int64(0)
			for i := range each {
				if i%1000 == 0 {
					f.Advance(-time.Millisecond) // a clock that steps back must not repeat ids
				}
				v := g.Next()
				if v <= last {
					t.Errorf("%d after %d", v, last)
				}
				last = v
				mu.Lock()
				if seen[v] {
					t.Errorf("%d twice", v)
				}
				seen[v] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestNodesDoNotCollide(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(clock.MustDate("2025-06-23").At(8, 10))
	if a, b := id.NewGen(1, f).Next(), id.NewGen(2, f).Next(); a == b {
		t.Errorf("%d == %d", a, b)
	}
}

func TestTimeOfAnID(t *testing.T) {
	t.Parallel()
	at := clock.MustDate("2025-06-23").At(8, 10)
	v := id.NewGen(1, clock.NewFake(at)).Next()
	if !id.Time(v).Equal(at) {
		t.Errorf("Time = %v", id.Time(v))
	}
	if id.At(at) > v || id.At(at.Add(time.Millisecond)) <= v {
		t.Error("At does not bound the id")
	}
}

func TestJSONIsADecimalString(t *testing.T) {
	t.Parallel()
	v := id.Of[thing](1 << 60)
	b, err := json.Marshal(v)
	if err != nil || string(b) != `"1152921504606846976"` {
		t.Fatalf("%s %v", b, err)
	}
	var back id.Of[thing]
	if err := json.Unmarshal(b, &back); err != nil || back != v {
		t.Errorf("%v %v", back, err)
	}
	for _, bad := range []string{"", "-1", "+1", "01", "1x", "9223372036854775808", " 1"} {
		if _, err := id.Parse[thing](bad); err == nil {
			t.Errorf("Parse(%q) passed", bad)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	g := id.NewGen(1, clock.System())
	b.ReportAllocs()
	for b.Loop() {
		g.Next()
	}
}
