package app

import (
	"os"
	"testing"
)

// A container with little memory on a large machine is held to its own limit.
func TestMemoryOfTheMachineOrItsContainer(t *testing.T) {
	meminfo := "MemTotal:       16384000 kB\nMemFree:  12 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"machine":   {map[string]string{"/proc/meminfo": meminfo, "/sys/fs/cgroup/memory.max": "max\n"}, 16384000 << 10},
		"container": {map[string]string{"/proc/meminfo": meminfo, "/sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"old":       {map[string]string{"/proc/meminfo": meminfo, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 16384000 << 10},
		"silent":    {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := machineMemory(func(f string) ([]byte, error) {
				if text, ok := c.files[f]; ok {
					return []byte(text), nil
				}
				return nil, os.ErrNotExist
			})
			if got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}
