package web

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// A body must arrive at bodyRate at least, after a first bodyGrace: an old phone on a bad line
// does, and who sends a byte a second to hold a place does not.
const (
	bodyGrace = 15 * time.Second
	bodyRate  = 4 << 10 // bytes a second
	answerIn  = 2 * time.Minute
)

// paced reads a body whose time grows with what has come.
type paced struct {
	io.ReadCloser
	ctl   *http.ResponseController
	began time.Time
	grace time.Duration
	read  int64
	ended bool
}

// pace holds a request's body to the least rate.
func (s *Server) pace(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	p := &paced{ReadCloser: body, ctl: http.NewResponseController(w), began: clock.System().Now(), grace: bodyGrace}
	if s.cfg.BodyGrace > 0 {
		p.grace = s.cfg.BodyGrace
	}
	p.extend()
	return p
}

func (p *paced) extend() {
	until := p.began.Add(p.grace + time.Duration(p.read)*time.Second/bodyRate)
	_ = p.ctl.SetReadDeadline(until) // a recorder in tests has none
	_ = p.ctl.SetWriteDeadline(until.Add(answerIn))
}

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.read += int64(n)
	switch {
	case err == nil:
		p.extend()
	case errors.Is(err, os.ErrDeadlineExceeded):
		// A late body is no fault of ours, and the connection is of no more use.
		return n, errs.E(errs.Invalid, "web.error.slow", errs.Cause(err))
	case !p.ended:
		// The time of the body is over; the handler's work has none.
		p.ended = true
		_ = p.ctl.SetReadDeadline(time.Time{})
	}
	return n, err
}
