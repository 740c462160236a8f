package aside

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// startLow starts a command that runs only when nobody else wants the processor (SCHED_IDLE): a
// page that wakes takes it at once, where a mere nice value would still let the work run on for
// some milliseconds. A process inherits the policy of the thread that made it, so a thread lowers
// itself, starts it and ends: it could not rise again.
func startLow(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlock
		if unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0) != nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 19) // a sandbox that forbids policies
		}
		done <- cmd.Start()
	}()
	return <-done
}
