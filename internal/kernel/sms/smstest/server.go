// Package smstest is a carrier that is none: it takes messages over SMPP 3.4 and as JSON
// over HTTP, joins the parts of long ones, gives receipts, and fails as it is told. Tests
// start it, and cmd/standin-sms for a demonstration.
package smstest

import (
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"khue/internal/kernel/sms"
)

// Got is a message as the carrier took it.
type Got struct {
	From, To, Text string
	Parts          int
	UCS2           bool
}

// Faults are what goes wrong on demand. The zero value is a carrier that works.
type Faults struct {
	Refuse       uint32        // answer to submit_sm: 0x0B bad number, 0x58 too many
	Delay        time.Duration // before each answer
	LoseReceipts bool
	Undelivered  bool // receipts say UNDELIV
	Password     string
}

// Server is a carrier. Close it.
type Server struct {
	// Told is called for each whole message; may be nil.
	Told func(Got)

	listener net.Listener
	wg       sync.WaitGroup
	mu       sync.Mutex
	faults   Faults
	got      []Got
	parts    map[string]map[int][]byte
	conns    map[net.Conn]bool
	number   int
}

// Start listens on an address, "127.0.0.1:0" for any free port.
func Start(address string, f Faults) (*Server, error) {
	l, err := net.Listen("tcp", address) //nolint:noctx // ends with Close
	if err != nil {
		return nil, err
	}
	s := &Server{listener: l, faults: f, parts: map[string]map[int][]byte{}, conns: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(c) })
		}
	})
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Set changes what goes wrong from now on.
func (s *Server) Set(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Got are the whole messages, oldest first.
func (s *Server) Got() []Got {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Got(nil), s.got...)
}

// Drop breaks every connection, as a carrier at night does.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// Close ends it.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.Drop()
	s.wg.Wait()
}

func (s *Server) serve(c net.Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	bound := false
	for {
		p, err := sms.ReadPDU(c)
		if err != nil {
			return
		}
		s.mu.Lock()
		f := s.faults
		s.mu.Unlock()
		if f.Delay > 0 && p.Command == sms.SubmitSM {
			<-time.After(f.Delay)
		}
		answer := sms.PDU{Command: p.Command | sms.Nack, Sequence: p.Sequence}
		var after []sms.PDU
		switch {
		case p.Command == sms.BindTransceiver:
			words := strings.Split(string(p.Body), "\x00")
			answer.Body = []byte("standin\x00")
			if bound = f.Password == "" || len(words) > 1 && words[1] == f.Password; !bound {
				answer.Status = 0x0E // ESME_RINVPASWD
			}
		case p.Command == sms.SubmitSM && !bound:
			answer.Status = 0x04 // ESME_RINVBNDSTS
		case p.Command == sms.SubmitSM && f.Refuse != 0:
			answer.Status = f.Refuse
		case p.Command == sms.SubmitSM:
			id, err := s.take(p.Body)
			if err != nil {
				answer.Status = 0x01
				break
			}
			answer.Body = []byte(id + "\x00")
			if !f.LoseReceipts {
				after = append(after, receipt(id, f.Undelivered))
			}
		case p.Command == sms.EnquireLink, p.Command == sms.Unbind:
		default:
			continue // an answer to us
		}
		for _, out := range append([]sms.PDU{answer}, after...) {
			if _, err := c.Write(out.Bytes()); err != nil {
				return
			}
		}
	}
}

func receipt(id string, undelivered bool) sms.PDU {
	stat := "DELIVRD"
	if undelivered {
		stat = "UNDELIV"
	}
	short := sms.Short{
		ESMClass: 0x04, Text: fmt.Appendf(nil, "id:%s sub:001 dlvrd:001 submit date:2506230810 done date:2506230811 stat:%s err:000 text:", id, stat),
		Options: map[uint16][]byte{sms.OptReceipted: []byte(id + "\x00")},
	}
	return sms.PDU{Command: sms.DeliverSM, Sequence: 1, Body: short.Body()}
}

// take keeps a part, and the message once all its parts are there.
func (s *Server) take(body []byte) (id string, err error) {
	m, err := sms.ReadShort(body)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	id = fmt.Sprintf("m%06d", s.number)
	text, parts := m.Text, 1
	if m.ESMClass&0x40 != 0 && len(text) > 6 {
		key := m.To + hex.EncodeToString(text[3:5])
		if s.parts[key] == nil {
			s.parts[key] = map[int][]byte{}
		}
		s.parts[key][int(text[5])] = text[6:]
		parts = int(text[4])
		if len(s.parts[key]) < parts {
			return id, nil
		}
		text = nil
		for i := range parts {
			text = append(text, s.parts[key][i+1]...)
		}
		delete(s.parts, key)
	}
	g := Got{From: m.From, To: m.To, Text: string(text), Parts: parts, UCS2: m.Coding == 8}
	if g.UCS2 {
		units := make([]uint16, len(text)/2)
		for i := range units {
			units[i] = uint16(text[2*i])<<8 | uint16(text[2*i+1])
		}
		g.Text = string(utf16.Decode(units))
	}
	s.got = append(s.got, g)
	if s.Told != nil {
		s.Told(g)
	}
	return id, nil
}
