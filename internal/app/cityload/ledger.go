package cityload

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// Line is one line of a ledger: what was asked, before it was sent; or what was
// acknowledged or refused. The lines of one request share a key.
type Line struct {
	Kind string `json:"k"` // run, ask, ack, no
	At   int64  `json:"at"`
	Key  string `json:"key,omitempty"`

	Act    string `json:"act,omitempty"` // of an ask: file, claim, complete
	Name   string `json:"name,omitempty"`
	Code   string `json:"code,omitempty"`
	Task   string `json:"task,omitempty"`
	From   int64  `json:"from,omitempty"`   // the task's version that was acted on
	Action string `json:"action,omitempty"` // of the step

	Version int64  `json:"v,omitempty"` // the task's, as acknowledged
	State   string `json:"state,omitempty"`
	Entry   string `json:"entry,omitempty"`   // of the journal
	Promise string `json:"promise,omitempty"` // the city's signature that it stands there
	Status  int    `json:"status,omitempty"`

	// Of the first line.
	Mark     string `json:"mark,omitempty"` // word in the name of each applicant of this run
	Scenario string `json:"scenario,omitempty"`
	Target   string `json:"target,omitempty"`
}

// Kinds of lines.
const (
	lineRun = "run"
	lineAsk = "ask"
	lineAck = "ack"
	lineNo  = "no"
)

// Ledger is the load's own book. Each line is handed to the operating system before the
// next step, so that a crash of the load keeps it. It names invented people only, and no
// access keys.
type Ledger struct {
	mu  sync.Mutex
	w   io.Writer
	err error
	f   *os.File
}

// OpenLedger makes a ledger, or goes on with one.
func OpenLedger(path string) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	return &Ledger{w: f, f: f}, nil
}

// write appends a line; the first failure is kept and told by Close.
func (l *Ledger) write(x Line) {
	x.At = time.Now().UnixMilli()
	b, err := json.Marshal(x)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		_, err = l.w.Write(append(b, '\n'))
	}
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("ledger: %w", err)
	}
}

// Close syncs and tells what went wrong.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		if err := l.f.Sync(); l.err == nil {
			l.err = err
		}
		if err := l.f.Close(); l.err == nil {
			l.err = err
		}
	}
	return l.err
}

// ReadLedger reads all lines. A last line that a crash cut short is left out.
func ReadLedger(r io.Reader) (lines []Line, err error) {
	br := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		text, readErr := br.ReadString('\n')
		if text != "" && (readErr == nil || strings.HasSuffix(strings.TrimSpace(text), "}")) {
			var x Line
			if err := json.Unmarshal([]byte(text), &x); err != nil {
				if readErr == io.EOF {
					return lines, nil
				}
				return lines, fmt.Errorf("ledger: line %d: %w", n, err)
			}
			lines = append(lines, x)
		}
		if readErr == io.EOF {
			return lines, nil
		}
		if readErr != nil {
			return lines, readErr
		}
	}
}
