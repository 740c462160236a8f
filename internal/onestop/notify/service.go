package notify

import (
	"context"
	"embed"
	"io/fs"

	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/module"
)

//go:embed migrations/*.sql
var migrations embed.FS

// MessageID names a message.
type MessageID = id.Of[Message]

// State is how far a message has come.
type State string

// The states.
const (
	Waiting State = "waiting" // written, not handed over yet
	Sent    State = "sent"    // the mail server took it
	Failed  State = "failed"  // no try can send it
)

// Message is one message to one person, in their language already.
type Message struct {
	Cause   string // what it tells of; the same cause to the same address is told once
	To      string // e-mail address
	Name    string
	Subject string // no personal data: it may stand on a locked screen
	Body    string
}

// jobSend hands a message over.
const jobSend = "notify.send"

type sendArgs struct {
	Message MessageID `json:"message"`
}

// Service writes messages and hands them over. Safe for concurrent use.
type Service struct {
	db     *db.DB
	gen    *id.Gen
	jobs   *jobs.Queue
	sender mail.Sender
}

// New returns the service.
func New(d *db.DB, gen *id.Gen, q *jobs.Queue, sender mail.Sender) *Service {
	return &Service{db: d, gen: gen, jobs: q, sender: sender}
}

// Send writes a message as part of the unit tx; it goes out after the commit. A message
// of the same cause to the same address is not written again.
func (s *Service) Send(tx *db.Tx, m Message) error {
	v := id.New[Message](s.gen)
	fresh, err := insert(tx, v, m)
	if err != nil || !fresh {
		return err
	}
	return s.jobs.Enqueue(tx, jobs.Job{Kind: jobSend, Args: sendArgs{v}})
}

// deliver is the job. A second run sends under the same key, by which mail programs drop
// the copy.
func (s *Service) deliver(ctx context.Context, t jobs.Task) error {
	var a sendArgs
	if err := t.Read(&a); err != nil {
		return err
	}
	var m Message
	var state State
	err := s.db.View(ctx, func(_ context.Context, v *db.View) (err error) {
		m, state, err = find(v, a.Message)
		return err
	})
	if err != nil || state != Waiting {
		return err
	}
	state = Sent
	err = s.sender.Send(ctx, mail.Message{To: m.To, Name: m.Name, Subject: m.Subject, Text: m.Body, Key: "notify-" + a.Message.String()})
	if errs.Is(err, errs.Invalid) {
		state, err = Failed, nil // no try can send it
	}
	if err != nil {
		// The server's own words name the address: they stay out of logs and the dead list.
		return errs.E(errs.Unavailable, "mail.notSent")
	}
	// What the server took is marked also where the program stops meanwhile.
	return s.db.InTx(context.WithoutCancel(ctx), func(_ context.Context, tx *db.Tx) error {
		if err := mark(tx, a.Message, state); err != nil {
			return err
		}
		return t.Done(tx)
	})
}

// Counts counts the messages by state.
func (s *Service) Counts(ctx context.Context) (out map[State]int, err error) {
	defer errs.Op(&err, "notify.Counts")
	err = s.db.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = count(v)
		return err
	})
	return out, err
}

// Module is what notices bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{Name: "notify", Migrations: Migrations(), Jobs: []jobs.Handler{{Kind: jobSend, Do: s.deliver}}}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return db.Migrations{Module: "notify", FS: sub}
}
