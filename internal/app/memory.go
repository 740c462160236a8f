package app

import (
	"bytes"
	"math"
	"os"
	"runtime/debug"
	"strconv"
)

// A city at rest holds under 60 MB, so the collector may let the heap grow to five times what
// lives before it works; where half of the machine's memory is reached it works as often as
// it must. GOGC and GOMEMLIMIT, where set, are the operator's word and stand.
const gcPercent = 400

func spareTheCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		if m := machineMemory(os.ReadFile); m > 0 {
			debug.SetMemoryLimit(m / 2)
		}
	}
}

// machineMemory is what this process may use at most, in bytes: the machine's memory or, in a
// container, its limit; 0 where neither is told.
func machineMemory(read func(string) ([]byte, error)) int64 {
	least := int64(math.MaxInt64)
	if b, err := read("/proc/meminfo"); err == nil {
		if _, rest, ok := bytes.Cut(b, []byte("MemTotal:")); ok {
			if f := bytes.Fields(rest); len(f) > 0 {
				if kb, err := strconv.ParseInt(string(f[0]), 10, 64); err == nil {
					least = kb << 10
				}
			}
		}
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if b, err := read(file); err == nil {
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64); err == nil && n > 0 {
				least = min(least, n)
			}
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}
