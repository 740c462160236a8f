package sms

import (
	"context"
	"embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Messages are this package's sentences (keys under "sms").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Message is one text to one number.
type Message struct {
	To   string // 0912345678 or +84912345678
	Text string
	Key  string // of the sender; a gateway that knows it drops the second of two
}

// Sender hands a message over and returns the carrier's name for it, by which a receipt
// will speak; "" where there is none. It returns Invalid sms.badMessage or sms.refused for
// what no try can send, and Unavailable sms.notSent where a later try may.
type Sender interface {
	Send(ctx context.Context, m Message) (ref string, err error)
}

// Receipt is the carrier's last word about a message.
type Receipt struct {
	Ref       string
	Delivered bool
	Code      string // the carrier's word: DELIVRD, UNDELIV, EXPIRED
}

// Line is a Sender that must be kept open for receipts to come in.
type Line interface {
	Sender
	// Run keeps the line open until ctx ends and gives each receipt to got.
	Run(ctx context.Context, got func(context.Context, Receipt) error) error
}

// MaxSegments bounds a message: what is longer is a letter.
const MaxSegments = 5

// Clean checks a message and brings its text to one form.
func (m Message) Clean() (Message, error) {
	bad := func(field string) (Message, error) {
		return Message{}, errs.E(errs.Invalid, "sms.badMessage", errs.P("field", field))
	}
	m.To = Number(m.To)
	m.Text = strings.TrimSpace(i18n.NFC(m.Text))
	switch {
	case m.To == "":
		return bad("to")
	case m.Text == "" || !utf8.ValidString(m.Text) || strings.ContainsFunc(m.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return bad("text")
	case Segments(m.Text) > MaxSegments:
		return bad("length")
	}
	return m, nil
}

// Number is a telephone number as carriers write it, 84912345678; "" for what is none of
// Vietnam.
func Number(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-()", r) {
			return -1
		}
		return r
	}, s)
	switch {
	case strings.HasPrefix(s, "+84"):
		s = s[1:]
	case strings.HasPrefix(s, "0"):
		s = "84" + s[1:]
	}
	if len(s) < 11 || len(s) > 12 || !strings.HasPrefix(s, "84") || s[2] == '0' || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

// gsm is the alphabet of which 160 letters fit one message, by code. What stands at a zero
// place is a letter that we leave to UCS-2.
//
//nolint:gochecknoglobals // immutable table
var gsm = []rune("@£$¥èéùìòÇ\nØø\x00ÅåΔ_ΦΓΛΩΠΨΣΘΞ\x00ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")

// plain is a text in the carriers' own alphabet; false where it has another letter.
func plain(text string) ([]byte, bool) {
	out := make([]byte, 0, len(text))
next:
	for _, r := range text {
		for code, g := range gsm {
			if g == r {
				out = append(out, byte(code)) //nolint:gosec // the table has 128 places
				continue next
			}
		}
		return nil, false
	}
	return out, true
}

// Segments is how many messages a text is sent and paid as.
func Segments(text string) int { return len(split(text).parts) }

// cut is a text as it travels.
type cut struct {
	parts [][]byte
	ucs2  bool
}

// Lengths of a part in bytes: alone, and with the header that joins several.
const (
	plainOne, plainPart = 160, 153
	wideOne, widePart   = 140, 134
)

func split(text string) cut {
	b, ok := plain(text)
	one, part := plainOne, plainPart
	if !ok {
		b, one, part = nil, wideOne, widePart
		for _, u := range utf16.Encode([]rune(text)) {
			b = append(b, byte(u>>8), byte(u)) //nolint:gosec // the two halves
		}
	}
	c := cut{ucs2: !ok}
	if len(b) <= one {
		c.parts = [][]byte{b}
		return c
	}
	for len(b) > 0 {
		n := min(part, len(b))
		if c.ucs2 && n < len(b) && b[n-2]>>2 == 0xD8>>2 {
			n -= 2 // the two halves of a sign outside the first plane stay together
		}
		c.parts = append(c.parts, b[:n])
		b = b[n:]
	}
	return c
}

// Recorder is a Sender that keeps messages instead of sending them.
type Recorder struct {
	mu   sync.Mutex
	sent []Message
	fail error
}

// NewRecorder returns an empty recorder; with an error it refuses everything.
func NewRecorder(fail error) *Recorder { return &Recorder{fail: fail} }

// Send implements Sender.
func (r *Recorder) Send(_ context.Context, m Message) (string, error) {
	m, err := m.Clean()
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return "", r.fail
	}
	r.sent = append(r.sent, m)
	return m.Key, nil
}

// Sent returns the messages kept, oldest first.
func (r *Recorder) Sent() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Message(nil), r.sent...)
}
