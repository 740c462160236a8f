// Package clamtest speaks clamd's side of INSTREAM in a test.
package clamtest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// EICAR is the harmless text that every scanner calls harmful. In two pieces, or this source
// file would be taken for it.
const EICAR = `X5O!P%@AP[4\PZX54(P^)7CC)7}` + `$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// Daemon is a clamd that knows one threat.
type Daemon struct {
	ln      net.Listener
	mu      sync.Mutex
	scanned int
	Max     int // StreamMaxLength; 0: none
}

// Start listens on a port of this machine until the test ends or Stop is called.
func Start(t testing.TB) *Daemon {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{ln: ln}
	t.Cleanup(d.Stop)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go d.serve(c)
		}
	}()
	return d
}

// URL is its address as --clamd takes it.
func (d *Daemon) URL() string { return "tcp://" + d.ln.Addr().String() }

// Stop takes it down.
func (d *Daemon) Stop() { _ = d.ln.Close() }

// Scanned is how many files were sent.
func (d *Daemon) Scanned() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.scanned
}

func (d *Daemon) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	command, err := r.ReadString(0)
	if err != nil {
		return
	}
	if command == "zPING\x00" {
		_, _ = io.WriteString(c, "PONG\x00")
		return
	}
	var file bytes.Buffer
	for {
		var n uint32
		if binary.Read(r, binary.BigEndian, &n) != nil {
			return
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&file, r, int64(n)); err != nil {
			return
		}
		if d.Max > 0 && file.Len() > d.Max {
			_, _ = io.WriteString(c, "INSTREAM size limit exceeded. ERROR\x00")
			return
		}
	}
	d.mu.Lock()
	d.scanned++
	d.mu.Unlock()
	answer := "stream: OK\x00"
	if bytes.Contains(file.Bytes(), []byte(EICAR)) {
		answer = "stream: Eicar-Test-Signature FOUND\x00"
	}
	_, _ = io.WriteString(c, answer)
}
