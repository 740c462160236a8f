package mail

import (
	"context"
	"embed"
	"net/mail"
	"strings"
	"sync"

	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
)

// Messages are this package's sentences (keys under "mail").
//
//go:embed i18n/*.yaml
var Messages embed.FS

// Message is one mail to one person.
type Message struct {
	To      string // an address, without a name
	Name    string // of the reader; may be empty
	Subject string
	Text    string // plain text, always
	HTML    string // the same as HTML; may be empty
	// Key makes the Message-ID: a job that runs twice sends the same id, by which
	// mail programs drop the second. Letters, digits and . _ - only.
	Key string
}

// Sender sends. It returns Invalid mail.badMessage for a message that no try can
// send, and Unavailable mail.notSent where a later try may.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

const (
	maxSubject = 500
	maxBody    = 1 << 20
)

// clean checks a message and normalises its text. Header fields that hold a line
// break or another control character are refused, not mended: somebody tries to add a header.
func (m Message) clean() (Message, error) {
	bad := func(field string) (Message, error) {
		return Message{}, errs.E(errs.Invalid, "mail.badMessage", errs.P("field", field))
	}
	if !address(m.To) {
		return bad("to")
	}
	m.Name, m.Subject = i18n.NFC(strings.TrimSpace(m.Name)), i18n.NFC(strings.TrimSpace(m.Subject))
	switch {
	case control(m.Name):
		return bad("name")
	case m.Subject == "" || len(m.Subject) > maxSubject || control(m.Subject):
		return bad("subject")
	case m.Text == "" || len(m.Text) > maxBody || len(m.HTML) > maxBody:
		return bad("text")
	case !key(m.Key):
		return bad("key")
	}
	return m, nil
}

// address takes what the standard library reads as a bare address of one line.
func address(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && !control(s) && !strings.ContainsAny(s, "<>,;\"() ")
}

func control(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 })
}

func key(s string) bool {
	return len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '.' && r != '_' && r != '-'
	})
}

// recorded is how many messages a Recorder keeps.
const recorded = 1000

// Recorder is a Sender that keeps the last messages instead of sending them.
type Recorder struct {
	mu   sync.Mutex
	sent []Message
	came chan struct{}
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder { return &Recorder{came: make(chan struct{})} }

// Send implements Sender.
func (r *Recorder) Send(_ context.Context, m Message) error {
	m, err := m.clean()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sent) == recorded {
		r.sent = append(r.sent[:0], r.sent[1:]...)
	}
	r.sent = append(r.sent, m)
	close(r.came)
	r.came = make(chan struct{})
	return nil
}

// Sent returns the messages kept, oldest first.
func (r *Recorder) Sent() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Message(nil), r.sent...)
}

// Wait returns the messages once there are n of them, or what there is when ctx ends.
func (r *Recorder) Wait(ctx context.Context, n int) []Message {
	for {
		r.mu.Lock()
		came, have := r.came, len(r.sent)
		r.mu.Unlock()
		if have >= n {
			return r.Sent()
		}
		select {
		case <-came:
		case <-ctx.Done():
			return r.Sent()
		}
	}
}
