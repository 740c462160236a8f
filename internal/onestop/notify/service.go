package notify

import (
	"context"
	"embed"
	"slices"
	"strconv"
	"sync"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/mail"
	"khue/internal/kernel/module"
	"khue/internal/kernel/push"
	"khue/internal/kernel/sms"
	"khue/internal/register/orgunit"
)

// Messages are this package's sentences (keys under "notify").
//
//go:embed i18n/*.yaml
var Messages embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// Pusher hands a payload to a browser; pushweb implements it.
type Pusher interface {
	Send(ctx context.Context, s push.Subscription, payload []byte, life time.Duration) error
	Takes(endpoint string) bool
	Public() string
}

// Deps is what notices stand on. SMS and Push may be nil: the city has no such channel.
type Deps struct {
	DB       *db.DB
	Gen      *id.Gen
	Clock    clock.Clock
	Jobs     *jobs.Queue
	Journal  *journal.Journal
	Policies *auth.Policies
	Units    *orgunit.Service
	Mail     mail.Sender
	SMS      sms.Sender
	Push     Pusher
}

// Service writes notices and hands them over. Safe for concurrent use.
type Service struct {
	Deps
	words  *i18n.Bundle
	unread unreadCache
}

// New returns the service.
func New(d Deps) *Service {
	words, err := i18n.NewBundle(Messages)
	if err != nil {
		panic(err) // the texts are embedded
	}
	return &Service{Deps: d, words: words, unread: unreadCache{of: map[int64]unreadAt{}}}
}

// Text is a notice in one language.
type Text struct {
	Title string // of the inbox
	// Subject is a mail's, which a locked screen shows too: no name, no number of a person, no
	// procedure. "" takes Title.
	Subject string
	Lock    string // on a locked screen: at most a code; "" says only that there is news
	SMS     string // "" takes Lock
	Body    string
}

// Notice is one event for one person.
type Notice struct {
	Cause   string // what it tells of; the same cause is told once to a person on a channel
	Kind    Kind
	Unit    orgunit.UnitID // whose matter it is; 0: the city's
	Account int64          // whose inbox; 0 for who has none
	Name    string         // of the reader
	Email   string         // given for this matter; "" takes the account's
	Phone   string         // the same
	Lang    i18n.Lang
	Link    string  // for the signed-in reader, a path of this site
	First   Channel // tried before the others that the reader takes; "" keeps their order
	Outside string  // for a mail, which opens without signing in; "" leaves it out
	Text    func(i18n.Lang) Text
}

// way is a channel with where it leads.
type way struct {
	Channel Channel `json:"c"`
	Address string  `json:"a"`
}

// Reachable reports whether Tell would reach somebody who gave these.
func (s *Service) Reachable(account int64, email, phone string) bool {
	return account != 0 || email != "" || phone != "" && s.SMS != nil
}

// Texts reports whether a text message can go to a number.
func (s *Service) Texts(phone string) bool { return s.SMS != nil && sms.Number(phone) != "" }

// Tell writes a notice as part of the unit tx; what leaves the house goes out after the
// commit.
func (s *Service) Tell(tx *db.Tx, n Notice) error {
	p, browsers, err := reader(tx, n.Account)
	if err != nil {
		return err
	}
	choice := p.Choice(n.Kind)
	if p.Lang != "" {
		n.Lang = p.Lang
	}
	if n.Email == "" {
		n.Email = p.Email
	}
	if n.Phone == "" {
		n.Phone = p.Phone
	}
	text := n.Text(n.Lang)
	if text.Lock == "" {
		text.Lock = s.words.T(n.Lang, "notify.lock")
	}
	if text.SMS == "" {
		text.SMS = text.Lock
	}
	if text.Subject == "" {
		text.Subject = text.Title
	}
	var ways []way
	if slices.Contains(choice.Ways, n.First) {
		choice.Ways = append([]Channel{n.First}, slices.DeleteFunc(slices.Clone(choice.Ways), func(c Channel) bool { return c == n.First })...)
	}
	for _, c := range choice.Ways {
		switch {
		case c == Email && n.Email != "":
			ways = append(ways, way{Email, n.Email})
		case c == SMS && s.SMS != nil && sms.Number(n.Phone) != "":
			ways = append(ways, way{SMS, sms.Number(n.Phone)})
		}
	}
	m := Message{
		Cause: n.Cause, Kind: n.Kind, Unit: n.Unit, Account: n.Account, Name: n.Name, Subject: text.Subject, Body: text.Body, Brief: text.SMS, Peek: text.Lock,
	}
	if n.Outside != "" {
		m.Body += "\n\n" + n.Outside + "\n"
	}
	// Where all chosen ways have no address, the inbox takes it: nothing is lost by silence.
	inbox := choice.Inbox || n.Kind.Required() || len(ways) == 0 && len(choice.Ways) > 0
	if n.Account != 0 && inbox {
		fresh, err := insertInbox(tx, id.New[Entry](s.Gen), Entry{Account: n.Account, Kind: n.Kind, Title: text.Title, Body: text.Body, Link: n.Link}, n.Cause)
		if err != nil {
			return err
		}
		if fresh {
			tx.AfterCommit(func() { s.unread.forget(n.Account) })
		}
	}
	if browsers > 0 && choice.Push && s.Push != nil {
		if err := s.send(tx, m, []way{{Push, "account:" + strconv.FormatInt(n.Account, 10)}}); err != nil {
			return err
		}
	}
	if n.Kind.Everywhere() {
		for _, w := range ways {
			if err := s.send(tx, m, []way{w}); err != nil {
				return err
			}
		}
		return nil
	}
	if len(ways) == 0 {
		return nil
	}
	return s.send(tx, m, ways)
}

// send writes a message for the first of the ways; the others wait in its row.
func (s *Service) send(tx *db.Tx, m Message, ways []way) error {
	m.ID, m.Channel, m.To, m.next = id.New[Message](s.Gen), ways[0].Channel, ways[0].Address, ways[1:]
	fresh, err := insert(tx, m)
	if err != nil || !fresh {
		return err
	}
	return s.Jobs.Enqueue(tx, jobs.Job{Kind: jobSend, Args: sendArgs{m.ID}})
}

// Module is what notices bring to the program.
func (s *Service) Module() module.Module {
	return module.Module{
		Name: "notify", Run: s.Line,
		Jobs: []jobs.Handler{
			{Kind: jobSend, Do: s.deliver, MaxAttempts: lastTry + 1},
			{Kind: jobReceipt, Do: s.receive, MaxAttempts: 8},
			{Kind: jobPurge, Do: s.purge},
		},
		Measures: s.measures(),
		Periodic: []jobs.Periodic{{Kind: jobPurge, Every: 24 * time.Hour, Offset: 4 * time.Hour}},
	}
}

// Migrations are the tables of this module.
func Migrations() db.Migrations { return db.Embedded("notify", migrations) }

// unreadCache remembers the count beside the inbox's name for a moment, since each page of
// a signed-in reader shows it.
type unreadCache struct {
	mu sync.Mutex
	of map[int64]unreadAt
}

type unreadAt struct {
	n  int
	at time.Time
}

const (
	unreadFresh = 5 * time.Second
	unreadKept  = 20_000 // accounts
)

func (c *unreadCache) get(account int64, now time.Time) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, ok := c.of[account]
	return u.n, ok && now.Sub(u.at) < unreadFresh
}

func (c *unreadCache) put(account int64, n int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.of) >= unreadKept {
		clear(c.of)
	}
	c.of[account] = unreadAt{n, now}
}

func (c *unreadCache) forget(account int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, account)
}
