package notify

import (
	"context"
	"encoding/json"
	"time"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/push"
	"khue/internal/kernel/sms"
	"khue/internal/register/orgunit"
)

// MessageID names a message.
type MessageID = id.Of[Message]

// State is how far a message has come.
type State string

// The states.
const (
	Waiting   State = "waiting"   // written, not handed over yet
	Sent      State = "sent"      // the next hand took it
	Delivered State = "delivered" // the carrier says that it arrived
	Failed    State = "failed"    // no try could send it
)

// States lists them.
func States() []State { return []State{Waiting, Sent, Delivered, Failed} }

// Reasons of a failure, in classes: the words of a server name people and stay out.
const (
	ReasonAddress     = "address"     // there is no such address
	ReasonUnreachable = "unreachable" // the next hand did not answer, at no try
	ReasonUndelivered = "undelivered" // the carrier gave up
	ReasonGone        = "gone"        // no browser takes notices any more
	ReasonChannel     = "channel"     // the city has no such channel any more
)

// Message is one text on its way to one person.
type Message struct {
	ID      MessageID
	Cause   string
	Kind    Kind
	Unit    orgunit.UnitID // whose matter it is; 0: the city's
	Account int64
	Channel Channel
	To      string // e-mail address, telephone number, or account:ID for its browsers
	Name    string
	Subject string
	Body    string
	Brief   string
	Peek    string
	State   State
	Tries   int
	Reason  string
	Created time.Time
	SentAt  time.Time
	next    []way
}

const (
	jobSend    = "notify.send"
	jobReceipt = "notify.receipt"
	jobPurge   = "notify.purge"

	// nextTry is after how many tries, about ten minutes, a message goes the next way where
	// there is one; lastTry after how many, about a day, it is given up.
	nextTry = 6
	lastTry = 10

	pushLife = 24 * time.Hour
	keptFor  = 180 * 24 * time.Hour
)

type sendArgs struct {
	Message MessageID `json:"message"`
}

// deliver is the job. A second run sends under the same key, by which mail programs and
// gateways drop the copy.
func (s *Service) deliver(ctx context.Context, t jobs.Task) error {
	var a sendArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var m Message
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		m, err = find(v, a.Message)
		return err
	})
	if err != nil || m.State != Waiting {
		return err
	}
	ref, failed := s.hand(ctx, m)
	m.Tries = t.Attempt
	again := false
	switch {
	case failed == nil:
		m.State, m.Reason = Sent, ""
	case errs.Is(failed, errs.Invalid):
		m.State, m.Reason = Failed, ReasonAddress
	case errs.Is(failed, errs.NotFound):
		m.State, m.Reason = Failed, ReasonGone
	case errs.Is(failed, errs.Gone):
		m.State, m.Reason = Failed, ReasonChannel
	default:
		m.Reason = ReasonUnreachable
		if again = t.Attempt < lastTry && (len(m.next) == 0 || t.Attempt < nextTry); !again {
			m.State = Failed
		}
	}
	// What the server took is marked also where the program stops meanwhile.
	err = s.DB.InTx(context.WithoutCancel(ctx), func(_ context.Context, tx *db.Tx) error {
		if err := mark(tx, m, ref); err != nil || again {
			return err
		}
		if m.State == Failed {
			if err := s.goOn(tx, m); err != nil {
				return err
			}
		}
		return t.Done(tx)
	})
	if err == nil && again {
		// The server's own words name the address: they stay out of logs and the dead list.
		return errs.E(errs.Unavailable, "notify.notSent", errs.P("channel", string(m.Channel)))
	}
	return err
}

// goOn sends a message that failed the next way, if there is one.
func (s *Service) goOn(tx *db.Tx, m Message) error {
	if len(m.next) == 0 {
		return nil
	}
	return s.send(tx, m, m.next)
}

// hand gives a message to its channel.
func (s *Service) hand(ctx context.Context, m Message) (ref string, err error) {
	key := "notify-" + m.ID.String()
	switch m.Channel {
	case Email:
		return "", s.Mail.Send(ctx, mail.Message{To: m.To, Name: m.Name, Subject: m.Subject, Text: m.Body, Key: key})
	case SMS:
		if s.SMS != nil {
			return s.SMS.Send(ctx, sms.Message{To: m.To, Text: m.Brief, Key: key})
		}
	case Push:
		if s.Push != nil {
			return "", s.pushAll(ctx, m)
		}
	}
	return "", errs.E(errs.Gone, "notify.noChannel", errs.P("channel", string(m.Channel)))
}

// payload is what a locked screen shows: words without a person, and where a touch leads.
type payload struct {
	Text string `json:"text"`
	Path string `json:"path"`
	Tag  string `json:"tag"`
}

// pushAll pushes to each browser of an account. It is sent where one took it, and may be
// tried again only where none did.
func (s *Service) pushAll(ctx context.Context, m Message) error {
	var all []Browser
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		all, err = browsersOf(v, m.Account)
		return err
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(payload{Text: m.Peek, Path: "/inbox", Tag: string(m.Kind)})
	if err != nil {
		return err
	}
	var last error = errs.E(errs.NotFound, "push.gone")
	took := false
	for _, b := range all {
		err := s.Push.Send(ctx, b.sub, body, pushLife)
		switch {
		case err == nil:
			took = true
		case errs.Is(err, errs.NotFound):
			if err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return deleteBrowser(tx, b.ID, m.Account) }); err != nil {
				return err
			}
		default:
			last = err
		}
	}
	if took {
		return nil
	}
	return last
}

type receiptArgs struct {
	Ref       string `json:"ref"`
	Delivered bool   `json:"delivered"`
}

// Receipt keeps a carrier's last word about a message. It may come before the message is
// marked as sent, so a job looks for it, again and again for a while.
func (s *Service) Receipt(ctx context.Context, r sms.Receipt) (err error) {
	defer errs.Op(&err, "notify.Receipt")
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobReceipt, Args: receiptArgs{Ref: r.Ref, Delivered: r.Delivered}, Unique: r.Ref})
	})
}

// receive is the job of a receipt. A message that did not arrive goes its next way.
func (s *Service) receive(ctx context.Context, t jobs.Task) error {
	var a receiptArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var m Message
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		m, err = findByRef(v, a.Ref)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		if t.Attempt >= 7 { // of another part of a long message, or of another system
			return nil
		}
		return errs.E(errs.Unavailable, "notify.noReceipt")
	}
	if err != nil || m.State != Sent {
		return err
	}
	if m.State = Delivered; !a.Delivered {
		m.State, m.Reason = Failed, ReasonUndelivered
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := mark(tx, m, a.Ref); err != nil {
			return err
		}
		if m.State == Failed {
			if err := s.goOn(tx, m); err != nil {
				return err
			}
		}
		return t.Done(tx)
	})
}

// Line keeps the carrier's line open for receipts, where its channel has one.
func (s *Service) Line(ctx context.Context) error {
	if l, ok := s.SMS.(sms.Line); ok {
		return l.Run(ctx, s.Receipt)
	}
	<-ctx.Done()
	return nil
}

// purge forgets what was told half a year ago: messages hold names and addresses.
func (s *Service) purge(ctx context.Context, _ jobs.Task) error {
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return deleteOld(tx, tx.Now().Add(-keptFor)) })
}

// Browser is a device that takes pushed notices.
type Browser struct {
	ID      id.Of[Browser]
	Label   string
	Created time.Time
	sub     push.Subscription
}
