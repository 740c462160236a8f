package cityload

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"khue/internal/app/citybench"
	"khue/internal/kernel/clock"
)

// fault is what happens to a post on its way.
type fault uint8

const (
	noFault fault = iota
	slowNet       // the body comes in pieces
	doubled       // sent twice at once under one key
	lostNet       // the line breaks before the answer, and it is sent again
)

func (f fault) String() string { return [...]string{"", "slow", "doubled", "lost"}[f] }

// Of a slow network.
const (
	slowPieces = 8
	slowPause  = 150 * time.Millisecond
)

// attemptLimit is how long one try may take.
const attemptLimit = 30 * time.Second

// how a request ended.
type how uint8

const (
	served     how = iota
	refused        // another status than was wanted
	unanswered     // nobody answered while patience lasted
	idle           // there was nothing to do: not sent
)

type result struct {
	how   how
	said  string // why it was not served
	again int    // times that it was sent again
}

// line is one worker's connection; it is dialled again when it broke.
type line struct {
	addr   string
	secure bool
	c      *citybench.Client
}

func (p *player) line() *line { return &line{addr: p.addr, secure: p.secure} }

func (l *line) close() {
	if l.c != nil {
		l.c.Close()
		l.c = nil
	}
}

func (l *line) begin(r citybench.Request, slow bool) error {
	if l.c == nil {
		c, err := citybench.Dial(l.addr, l.secure)
		if err != nil {
			return err
		}
		l.c = c
	}
	err := l.c.Limit(attemptLimit)
	if err == nil && slow {
		err = l.c.Trickle(r, slowPieces, slowPause)
	} else if err == nil {
		err = l.c.Send(r)
	}
	if err != nil {
		l.close()
	}
	return err
}

func (l *line) end() (int, []byte, error) {
	status, body, err := l.c.Answer()
	if err != nil {
		l.close()
	}
	return status, body, err
}

// send sends a request, and a post again under its key until it is answered for good. A
// read that finds its kept connection closed is sent once more.
func (p *player) send(ctx context.Context, l *line, a *asked, f fault) (r result) {
	if a.line != nil {
		p.ledger.write(*a.line)
	}
	defer func() {
		if r.how != served && a.lost != nil {
			a.lost()
		}
	}()
	until := time.Now().Add(p.o.Patience)
	for {
		var status int
		var body []byte
		kept := l.c != nil
		err := l.begin(a.req, f == slowNet)
		switch {
		case err != nil:
		case f == lostNet && r.again == 0:
			l.close()
			err = fmt.Errorf("lost on purpose")
		case f == doubled && r.again == 0:
			status, body, err = p.twin(l, a)
		default:
			status, body, err = l.end()
		}
		final := err == nil && (status < 500 && status != http.StatusTooManyRequests) && (a.line == nil || !citybench.Drawing(a.line.Action, status, body))
		if final {
			return p.took(a, status, body, r)
		}
		if err != nil {
			r.said = err.Error()
		} else {
			r.said = fmt.Sprintf("status %d: %.300s", status, body)
		}
		if a.line == nil && (!kept || err == nil || r.again > 0) || ctx.Err() != nil || time.Now().After(until) {
			r.how = unanswered
			if err == nil {
				r.how = refused
			}
			return r
		}
		r.again++
		if a.line != nil {
			clock.Wait(ctx, time.Duration(min(r.again, 20))*25*time.Millisecond)
		}
	}
}

// twin sends the same request on a second connection at once, and wants the same answer.
func (p *player) twin(l *line, a *asked) (int, []byte, error) {
	other := p.line()
	defer other.close()
	if err := other.begin(a.req, false); err != nil {
		return 0, nil, err
	}
	status, body, err := l.end()
	status2, body2, err2 := other.end()
	if err != nil || err2 != nil || status != a.want || status2 != a.want {
		if err == nil && status == a.want {
			return status, body, nil // the first counts; the twin was turned away
		}
		if err2 == nil && status2 == a.want {
			return status2, body2, nil
		}
		return status, body, err
	}
	one, err := a.same(body)
	if err != nil {
		return status, body, err
	}
	if two, err := a.same(body2); err != nil || one != two {
		p.stats.note(fmt.Sprintf("sent twice under one key, answered as two: %s and %s", one, two))
	}
	return status, body, nil
}

func (p *player) took(a *asked, status int, body []byte, r result) result {
	if status != a.want {
		if a.line != nil {
			p.ledger.write(Line{Kind: lineNo, Key: a.req.Key, Status: status})
		}
		r.how, r.said = refused, fmt.Sprintf("status %d, %d wanted: %.300s", status, a.want, body)
		return r
	}
	if a.took != nil {
		if err := a.took(body); err != nil {
			p.stats.note(err.Error())
			r.how, r.said = refused, err.Error()
		}
	}
	return r
}
