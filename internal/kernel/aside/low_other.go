//go:build !linux

package aside

import "os/exec"

// startLow starts a command. Only Linux lowers a single thread.
func startLow(cmd *exec.Cmd) error { return cmd.Start() }
