package sms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// The commands of SMPP 3.4 that are spoken here (chapter 5.1.2.1).
const (
	Nack            uint32 = 0x80000000
	SubmitSM        uint32 = 0x00000004
	SubmitSMResp    uint32 = 0x80000004
	DeliverSM       uint32 = 0x00000005
	DeliverSMResp   uint32 = 0x80000005
	Unbind          uint32 = 0x00000006
	UnbindResp      uint32 = 0x80000006
	BindTransceiver uint32 = 0x00000009
	BindResp        uint32 = 0x80000009
	EnquireLink     uint32 = 0x00000015
	EnquireLinkResp uint32 = 0x80000015
)

// PDU is one message of the protocol.
type PDU struct {
	Command  uint32
	Status   uint32
	Sequence uint32
	Body     []byte
}

const (
	headerSize = 16
	maxPDU     = 64 << 10
)

// ReadPDU reads one message; io.EOF where the line was closed between two.
func ReadPDU(r io.Reader) (PDU, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return PDU{}, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < headerSize || size > maxPDU {
		return PDU{}, errors.New("sms: a message of an impossible length")
	}
	p := PDU{
		Command: binary.BigEndian.Uint32(head[4:]), Status: binary.BigEndian.Uint32(head[8:]),
		Sequence: binary.BigEndian.Uint32(head[12:]), Body: make([]byte, size-headerSize),
	}
	_, err := io.ReadFull(r, p.Body)
	return p, err
}

// Bytes are the message as it travels.
func (p PDU) Bytes() []byte {
	b := make([]byte, 0, headerSize+len(p.Body))
	b = binary.BigEndian.AppendUint32(b, uint32(headerSize+len(p.Body))) //nolint:gosec // bodies are short
	b = binary.BigEndian.AppendUint32(b, p.Command)
	b = binary.BigEndian.AppendUint32(b, p.Status)
	b = binary.BigEndian.AppendUint32(b, p.Sequence)
	return append(b, p.Body...)
}

// Short is the body of submit_sm and deliver_sm, which have one layout.
type Short struct {
	From, To   string
	FromTON    byte // 5 alphanumeric, 1 international
	ToTON      byte
	ESMClass   byte // 0x40: the text begins with a header; 0x04: a receipt
	Registered byte // 1: a receipt is wanted
	Coding     byte // 0 the carriers' alphabet, 8 UCS-2
	Text       []byte
	Options    map[uint16][]byte
}

// Codings of a text.
const (
	codingPlain byte = 0
	codingUCS2  byte = 8
)

// Body is the message as bytes.
func (s Short) Body() []byte {
	var b bytes.Buffer
	b.WriteByte(0) // service_type
	b.Write([]byte{s.FromTON, 0})
	b.WriteString(s.From + "\x00")
	b.Write([]byte{s.ToTON, 1})
	b.WriteString(s.To + "\x00")
	b.Write([]byte{s.ESMClass, 0, 0, 0, 0, s.Registered, 0, s.Coding, 0, byte(len(s.Text))}) //nolint:gosec // at most 160
	b.Write(s.Text)
	for tag, v := range s.Options {
		_ = binary.Write(&b, binary.BigEndian, [2]uint16{tag, uint16(len(v))}) //nolint:gosec // short
		b.Write(v)
	}
	return b.Bytes()
}

var errShort = errors.New("sms: a message that ends too early")

// ReadShort reads what Body writes.
func ReadShort(b []byte) (s Short, err error) {
	text := func() string {
		v, rest, ok := strings.Cut(string(b), "\x00")
		if !ok {
			err = errShort
		}
		b = []byte(rest)
		return v
	}
	octets := func(n int) []byte {
		if len(b) < n {
			err = errShort
			return make([]byte, n)
		}
		v := b[:n]
		b = b[n:]
		return v
	}
	text()
	s.FromTON = octets(2)[0]
	s.From = text()
	s.ToTON = octets(2)[0]
	s.To = text()
	s.ESMClass = octets(3)[0]
	text() // schedule_delivery_time
	text() // validity_period
	flags := octets(5)
	s.Registered, s.Coding = flags[0], flags[2]
	s.Text = octets(int(flags[4]))
	s.Options = map[uint16][]byte{}
	for err == nil && len(b) >= 4 {
		head := octets(4)
		s.Options[binary.BigEndian.Uint16(head)] = octets(int(binary.BigEndian.Uint16(head[2:])))
	}
	return s, err
}

// Options of a receipt.
const (
	OptReceipted uint16 = 0x001E // receipted_message_id
	OptState     uint16 = 0x0427 // message_state
)

// receipt reads a delivery receipt; false for any other message, and for a word that is not
// the last.
func (s Short) receipt() (Receipt, bool) {
	if s.ESMClass&0x3C != 0x04 {
		return Receipt{}, false
	}
	var r Receipt
	for _, f := range strings.Fields(string(s.Text)) { // "id:… sub:001 dlvrd:001 … stat:DELIVRD err:000"
		switch k, v, _ := strings.Cut(f, ":"); k {
		case "id":
			r.Ref = v
		case "stat":
			r.Code = v
		}
	}
	if v, ok := s.Options[OptReceipted]; ok {
		r.Ref = strings.TrimRight(string(v), "\x00")
	}
	if v, ok := s.Options[OptState]; ok && len(v) == 1 && r.Code == "" {
		r.Code = map[byte]string{2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}[v[0]]
	}
	switch r.Code {
	case "DELIVRD":
		r.Delivered = true
	case "EXPIRED", "DELETED", "UNDELIV", "REJECTD", "UNKNOWN":
	default:
		return Receipt{}, false
	}
	return r, r.Ref != ""
}
