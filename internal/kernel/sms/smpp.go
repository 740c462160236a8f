package sms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// SMPP speaks to a carrier's message centre over one connection, bound as transceiver.
// The connection is opened by who needs it first and opened again after it broke. Safe for
// concurrent use.
type SMPP struct {
	addr, user, password, from string
	secure                     bool
	wait                       time.Duration // for an answer

	dial sync.Mutex // held while a connection is made
	mu   sync.Mutex
	line *line
	part byte // names the parts of one long message
	got  func(context.Context, Receipt) error
}

// answerWait is how long the other side may think.
const answerWait = 15 * time.Second

// NewSMPP reads smpp://user:password@host:2775?from=HANOI; smpps:// is the same over TLS.
// It does not connect.
func NewSMPP(address string) (*SMPP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User == nil {
		return nil, errors.New("sms: the carrier is named as smpp://user:password@host:2775?from=NAME") // the password is not shown
	}
	password, _ := u.User.Password()
	port := u.Port()
	if port == "" {
		port = "2775"
	}
	s := &SMPP{
		addr: net.JoinHostPort(u.Hostname(), port), user: u.User.Username(), password: password, from: u.Query().Get("from"),
		secure: u.Scheme == "smpps", wait: answerWait,
	}
	if u.Scheme != "smpp" && u.Scheme != "smpps" {
		return nil, fmt.Errorf("sms: scheme %q is not smpp or smpps", u.Scheme)
	}
	if len(s.user) > 15 || len(s.password) > 8 || len(s.from) > 11 {
		return nil, errors.New("sms: SMPP takes a user of 15 signs, a password of 8 and a sender's name of 11 at most")
	}
	return s, nil
}

// line is one bound connection. Answers find who waits by their sequence number.
type line struct {
	conn net.Conn
	mu   sync.Mutex
	next uint32
	wait map[uint32]chan PDU
	gone chan struct{} // closed when the line broke
}

// permanent are refusals that a later try meets again: of the message, not of the line.
func permanent(status uint32) bool {
	switch status {
	case 0x01, 0x0A, 0x0B, 0x33, 0x48, 0x49, 0x50, 0x51, 0x61, 0x62: // length, source, destination, types of number, times
		return true
	}
	return false
}

// Send implements Sender. The name of a long message is that of its last part.
func (s *SMPP) Send(ctx context.Context, m Message) (ref string, err error) {
	defer errs.Op(&err, "sms.Send")
	m, err = m.Clean()
	if err != nil {
		return "", err
	}
	c := split(m.Text)
	s.mu.Lock()
	s.part++
	part := s.part
	s.mu.Unlock()
	for i, text := range c.parts {
		short := Short{From: s.from, FromTON: 5, To: m.To, ToTON: 1, Registered: 1, Text: text, Coding: codingPlain}
		if c.ucs2 {
			short.Coding = codingUCS2
		}
		if n := len(c.parts); n > 1 {
			short.ESMClass = 0x40
			short.Text = append([]byte{5, 0, 3, part, byte(n), byte(i + 1)}, text...) //nolint:gosec // at most MaxSegments
		}
		answer, err := s.ask(ctx, PDU{Command: SubmitSM, Body: short.Body()})
		if err != nil {
			return "", errs.E(errs.Unavailable, "sms.notSent", errs.Cause(err))
		}
		if answer.Status != 0 {
			cause := fmt.Errorf("the carrier answered %#x", answer.Status)
			if permanent(answer.Status) {
				return "", errs.E(errs.Invalid, "sms.refused", errs.Cause(cause))
			}
			return "", errs.E(errs.Unavailable, "sms.notSent", errs.Cause(cause))
		}
		ref = cString(answer.Body)
	}
	return ref, nil
}

func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// Run implements Line: it keeps the connection bound, asking every half minute whether the
// other side is there.
func (s *SMPP) Run(ctx context.Context, got func(context.Context, Receipt) error) error {
	s.mu.Lock()
	s.got = got
	s.mu.Unlock()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		// Where it cannot be reached, the next round tries again; messages have their own retries.
		_, _ = s.ask(ctx, PDU{Command: EnquireLink})
		select {
		case <-ctx.Done():
			s.Close()
			return nil
		case <-tick.C:
		}
	}
}

// Close ends the connection; the next message opens another.
func (s *SMPP) Close() {
	s.mu.Lock()
	l := s.line
	s.line = nil
	s.mu.Unlock()
	if l != nil {
		_ = l.write(PDU{Command: Unbind, Sequence: l.sequence()})
		_ = l.conn.Close()
	}
}

// ask sends a request over the bound line and waits for its answer.
func (s *SMPP) ask(ctx context.Context, p PDU) (PDU, error) {
	l, err := s.bound(ctx)
	if err != nil {
		return PDU{}, err
	}
	answer, err := l.ask(ctx, p, s.wait)
	if err != nil {
		_ = l.conn.Close() // what it would say later nobody waits for
	}
	return answer, err
}

// bound is the line, opened where there is none.
func (s *SMPP) bound(ctx context.Context) (*line, error) {
	s.dial.Lock()
	defer s.dial.Unlock()
	s.mu.Lock()
	l := s.line
	s.mu.Unlock()
	if l != nil {
		select {
		case <-l.gone:
		default:
			return l, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	var conn net.Conn
	var err error
	if s.secure {
		conn, err = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", s.addr)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
	}
	if err != nil {
		return nil, err
	}
	l = &line{conn: conn, wait: map[uint32]chan PDU{}, gone: make(chan struct{})}
	go s.listen(context.WithoutCancel(ctx), l)
	body := s.user + "\x00" + s.password + "\x00\x00\x34\x00\x00\x00" // system_type, version 3.4, address range
	answer, err := l.ask(ctx, PDU{Command: BindTransceiver, Body: []byte(body)}, s.wait)
	if err == nil && answer.Status != 0 {
		err = fmt.Errorf("the carrier does not let us in: %#x", answer.Status)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.mu.Lock()
	s.line = l
	s.mu.Unlock()
	return l, nil
}

// listen reads the line until it breaks.
func (s *SMPP) listen(ctx context.Context, l *line) {
	defer close(l.gone)
	defer func() { _ = l.conn.Close() }()
	for {
		p, err := ReadPDU(l.conn)
		if err != nil {
			return
		}
		switch {
		case p.Command == EnquireLink:
			err = l.write(PDU{Command: EnquireLinkResp, Sequence: p.Sequence})
		case p.Command == Unbind:
			_ = l.write(PDU{Command: UnbindResp, Sequence: p.Sequence})
			return
		case p.Command == DeliverSM:
			// A receipt that we could not keep is refused, so that the carrier brings it again.
			err = l.write(PDU{Command: DeliverSMResp, Status: s.take(ctx, p), Sequence: p.Sequence, Body: []byte{0}})
		case p.Command&Nack != 0:
			l.answer(p)
		}
		if err != nil {
			return
		}
	}
}

func (s *SMPP) take(ctx context.Context, p PDU) (status uint32) {
	short, err := ReadShort(p.Body)
	if err != nil {
		return 0
	}
	r, ok := short.receipt()
	s.mu.Lock()
	got := s.got
	s.mu.Unlock()
	if ok && got != nil && got(ctx, r) != nil {
		return 0x08 // ESME_RSYSERR
	}
	return 0
}

func (l *line) sequence() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next
}

func (l *line) write(p PDU) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.conn.SetWriteDeadline(clock.System().Now().Add(answerWait)); err != nil {
		return err
	}
	_, err := l.conn.Write(p.Bytes())
	return err
}

func (l *line) ask(ctx context.Context, p PDU, wait time.Duration) (PDU, error) {
	p.Sequence = l.sequence()
	came := make(chan PDU, 1)
	l.mu.Lock()
	l.wait[p.Sequence] = came
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.wait, p.Sequence)
		l.mu.Unlock()
	}()
	if err := l.write(p); err != nil {
		return PDU{}, err
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	select {
	case a := <-came:
		return a, nil
	case <-l.gone:
		return PDU{}, errors.New("sms: the line broke")
	case <-limit.C:
		return PDU{}, errors.New("sms: no answer")
	case <-ctx.Done():
		return PDU{}, ctx.Err()
	}
}

func (l *line) answer(p PDU) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := l.wait[p.Sequence]; ok {
		select {
		case c <- p:
		default:
		}
	}
}
