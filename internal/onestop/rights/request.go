package rights

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/notify"
	"khue/internal/register/orgunit"
)

// Kind is what a person asks.
type Kind string

// The kinds.
const (
	Question    Kind = "question"    // about a look
	Correction  Kind = "correction"  // a fact is wrong
	Restriction Kind = "restriction" // use less of it
	Objection   Kind = "objection"   // do not use it so
	Deletion    Kind = "deletion"
	Lifting     Kind = "lifting" // of a restriction or an objection
)

// Kinds lists what is asked by the form of requests; a question begins at a look.
func Kinds() []Kind { return []Kind{Correction, Restriction, Objection, Deletion, Lifting} }

// The states.
const (
	Open     = "open"
	Granted  = "granted"
	Refused  = "refused"
	Answered = "answered" // of a question
)

// Facts are what a correction may be about.
func Facts() []string { return []string{"name", "born", "sex", "address", "phone", "email", "other"} }

// RequestID names a request.
type RequestID = id.Of[Request]

// Request is a case of a person about their own data.
type Request struct {
	ID         RequestID
	Account    int64
	Name       string
	Kind       Kind
	Type       string
	About      int64
	Code       string // of the dossier that it is about
	Look       int64
	Looker     int64
	Words      string
	Fact       string
	Value      string
	Paper      Paper
	Unit       orgunit.UnitID
	State      string
	MadeAt     time.Time
	DueAt      time.Time
	Warned     int
	Answer     string
	Answerer   int64
	AnsweredBy string
	AnsweredAt time.Time
}

// Late reports whether the answer is overdue.
func (r Request) Late(now time.Time) bool { return r.State == Open && now.After(r.DueAt) }

// Paper is what proves a correction.
type Paper struct {
	SHA256 string
	Name   string
	Size   int64
}

// Draft is a request as asked for.
type Draft struct {
	Kind   Kind
	Type   string
	About  int64
	Code   string
	Look   int64
	Looker int64
	Unit   orgunit.UnitID // of whom it is asked; 0: the government of the city
	Words  string
	Fact   string
	Value  string
	Paper  Paper
	Key    string
}

// Bounds of what is written.
const (
	minWords = 10
	maxWords = 2000
	maxValue = 300
	maxOpen  = 20 // requests of one account that wait at once
)

// terms are the working days in which each kind is answered; see retention.yaml for the law.
func (s *Service) term(k Kind) int {
	for _, r := range s.rules {
		if r.ID == "answer-"+string(k) {
			return r.Days
		}
	}
	return 10
}

// Ask opens a case. Whose the thing is the caller has checked. The same key again is the same
// case. Errors: Invalid with fields, RateLimited.
func (s *Service) Ask(ctx context.Context, d Draft) (r Request, err error) {
	defer errs.Op(&err, "rights.Ask(%s)", d.Kind)
	sub := auth.From(ctx)
	if !sub.SignedIn() {
		return r, errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	if err := d.check(); err != nil {
		return r, err
	}
	if d.Unit == 0 {
		d.Unit = s.Units.Now().Government().ID
	}
	now := s.Clock.Now()
	due, err := s.Calendars.Of(d.Unit).Due(now, calendar.Deadline{Kind: calendar.WorkingDays, N: s.term(d.Kind)})
	if err != nil {
		return r, err
	}
	r = Request{
		ID: id.New[Request](s.Gen), Account: sub.Account, Name: sub.Name, Kind: d.Kind, Type: d.Type, About: d.About, Code: d.Code, Look: d.Look, Looker: d.Looker,
		Words: d.Words, Fact: d.Fact, Value: d.Value, Paper: d.Paper, Unit: d.Unit, State: Open, MadeAt: now, DueAt: due.At,
	}
	key := d.Key
	d.Key = ""
	made, again, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash(d), func(ctx context.Context, tx *db.Tx) (int64, error) {
		n, err := countOpen(tx, sub.Account)
		if err != nil {
			return 0, err
		}
		if n >= maxOpen {
			return 0, errs.E(errs.RateLimited, "rights.tooMany", errs.P("max", maxOpen))
		}
		if err := insertRequest(tx, r); err != nil {
			return 0, err
		}
		if err := s.tellHeads(tx, r, "asked"); err != nil {
			return 0, err
		}
		return int64(r.ID), s.note(tx, KindAsked, journal.Subject{Type: subjectRequest, ID: int64(r.ID)}, sub.Account, r.Unit, happened{Kind: string(r.Kind), Words: r.Words, By: r.Name})
	})
	if err == nil && again {
		return s.Mine(ctx, RequestID(made))
	}
	return r, err
}

func (d *Draft) check() error {
	d.Words, d.Value = clean(d.Words), clean(d.Value)
	var bad []errs.Field
	if d.Kind != Question && !slices.Contains(Kinds(), d.Kind) {
		bad = append(bad, errs.Field{Path: "kind", Key: "rights.kind"})
	}
	if d.Kind == Correction {
		if !slices.Contains(Facts(), d.Fact) {
			bad = append(bad, errs.Field{Path: "fact", Key: "rights.fact"})
		}
		if n := utf8.RuneCountInString(d.Value); n < 1 || n > maxValue {
			bad = append(bad, errs.Field{Path: "value", Key: "rights.value", Params: errs.Params{"max": maxValue}})
		}
	} else {
		d.Fact, d.Value = "", ""
	}
	if n := utf8.RuneCountInString(d.Words); n < minWords || n > maxWords {
		bad = append(bad, errs.Field{Path: "words", Key: "rights.words", Params: errs.Params{"min": minWords, "max": maxWords}})
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "rights.invalid", errs.WithFields(bad...))
	}
	return nil
}

// Requests lists the cases of the subject of ctx, the youngest first.
func (s *Service) Requests(ctx context.Context) (out []Request, err error) {
	defer errs.Op(&err, "rights.Requests")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = requestsOf(v, auth.From(ctx).Account)
		return err
	})
	return out, err
}

// Mine is a case of the subject of ctx. NotFound for another's.
func (s *Service) Mine(ctx context.Context, v RequestID) (r Request, err error) {
	defer errs.Op(&err, "rights.Mine(%s)", v)
	if r, err = s.find(ctx, v); err != nil {
		return r, err
	}
	if r.Account != auth.From(ctx).Account {
		return Request{}, errs.E(errs.NotFound, "rights.notFound")
	}
	return r, nil
}

func (s *Service) find(ctx context.Context, v RequestID) (r Request, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		r, err = requestByID(q, v)
		return err
	})
	return r, err
}

// Waiting lists the open cases of the units that the reader answers for, the first due first.
func (s *Service) Waiting(ctx context.Context) (out []Request, err error) {
	defer errs.Op(&err, "rights.Waiting")
	var all []Request
	if err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { all, err = openRequests(v, 500); return err }); err != nil {
		return nil, err
	}
	for _, r := range all {
		if s.Looks.Answers(ctx, r.Unit) {
			out = append(out, r)
		}
	}
	if len(out) == 0 && !s.Looks.AnswersAny(ctx) {
		return nil, errs.E(errs.Forbidden, "rights.notHead")
	}
	return out, nil
}

// Answerable is a case that the reader may answer, or may read because their unit answers it.
// NotFound otherwise.
func (s *Service) Answerable(ctx context.Context, v RequestID) (r Request, may bool, err error) {
	defer errs.Op(&err, "rights.Answerable(%s)", v)
	if r, err = s.find(ctx, v); err != nil {
		return r, false, err
	}
	if !s.Looks.Answers(ctx, r.Unit) {
		return Request{}, false, errs.E(errs.NotFound, "rights.notFound")
	}
	return r, r.State == Open && r.Looker != auth.From(ctx).Account, nil
}

// Reply is an answer to a case. Number is what the officer read on the paper of a correction
// that is carried to the facts of a person; "" carries nothing.
type Reply struct {
	State  string // Granted, Refused; of a question Answered
	Words  string
	Number string
	Key    string
}

// Answer ends a case and tells the person. Errors: NotFound, Forbidden for who looked, Invalid,
// Conflict where it was answered.
func (s *Service) Answer(ctx context.Context, v RequestID, a Reply) (err error) {
	defer errs.Op(&err, "rights.Answer(%s)", v)
	sub := auth.From(ctx)
	r, may, err := s.Answerable(ctx, v)
	if err != nil {
		return err
	}
	if r.Looker == sub.Account {
		return errs.E(errs.Forbidden, "rights.ownLook")
	}
	if !may {
		return errs.E(errs.Conflict, "rights.answered")
	}
	if r.Kind == Question {
		a.State = Answered
	}
	a.Words, a.Number = clean(a.Words), clean(a.Number)
	var bad []errs.Field
	if r.Kind != Question && a.State != Granted && a.State != Refused {
		bad = append(bad, errs.Field{Path: "state", Key: "rights.decide"})
	}
	if n := utf8.RuneCountInString(a.Words); n < minWords || n > maxWords {
		bad = append(bad, errs.Field{Path: "words", Key: "rights.words", Params: errs.Params{"min": minWords, "max": maxWords}})
	}
	if len(bad) > 0 {
		return errs.E(errs.Invalid, "rights.invalid", errs.WithFields(bad...))
	}
	hash := once.Hash([]any{"rights.answer", v, a.State, a.Words})
	r.State, r.Answer, r.Answerer, r.AnsweredBy, r.AnsweredAt = a.State, a.Words, sub.Account, sub.Name, s.Clock.Now()
	_, _, err = once.Do(ctx, s.DB, sub.Account, a.Key, hash, func(ctx context.Context, tx *db.Tx) (int64, error) {
		if err := answerRequest(tx, r, errs.E(errs.Conflict, "rights.answered")); err != nil {
			return 0, err
		}
		if r.State == Granted {
			if err := s.apply(tx, r); err != nil {
				return 0, err
			}
		}
		if r.Kind == Correction && r.State == Granted && a.Number != "" && s.Carry != nil {
			if err := s.Carry(ctx, tx, a.Number, r.Fact, r.Value); err != nil {
				return 0, err
			}
		}
		err := s.Notices.Tell(tx, notify.Notice{
			Cause: "rights.answered:" + r.ID.String(), Kind: notify.Decision, Account: r.Account, Name: r.Name, Lang: i18n.VI, Link: "/account/data/requests/" + r.ID.String(),
			Text: func(l i18n.Lang) notify.Text {
				return notify.Text{Title: s.words.T(l, "rights.told.title"), Body: s.words.T(l, "rights.told.body")}
			},
		})
		if err != nil {
			return 0, err
		}
		return int64(v), s.note(tx, KindAnswered, journal.Subject{Type: subjectRequest, ID: int64(v)}, sub.Account, r.Unit, happened{Kind: string(r.Kind), State: r.State, Words: r.Answer, By: sub.Name})
	})
	return err
}

// Who answers for a unit, the nearest first.
var heads = [][]string{{"head"}, {"deputyHead"}, {"chairman", "director"}, {"viceChairman", "deputyDirector"}, {"leader"}}

// tellHeads tells who answers for the unit of a case that it is there, near its term, or late.
func (s *Service) tellHeads(tx *db.Tx, r Request, what string) error {
	day, unit := clock.DateOf(s.Clock.Now()), s.Looks.Heir(r.Unit)
	for _, roles := range heads {
		list, err := s.Accounts.Holders(tx, "unit:"+unit.String(), day, roles...)
		if err != nil {
			return err
		}
		told := false
		for _, a := range list {
			if a.ID == r.Looker {
				continue
			}
			told = true
			err := s.Notices.Tell(tx, notify.Notice{
				Cause: "rights." + what + ":" + r.ID.String(), Kind: notify.Warning, Account: a.ID, Name: a.Name, Lang: i18n.VI, Link: "/desk/requests/" + r.ID.String(),
				Text: func(l i18n.Lang) notify.Text {
					return notify.Text{Title: s.words.T(l, "rights.head."+what), Body: s.words.T(l, "rights.head.body", "due", i18n.DateTime(l, r.DueAt))}
				},
			})
			if err != nil {
				return err
			}
		}
		if told {
			return nil
		}
	}
	return nil
}

// JobWarn warns of cases whose term is near or over, each once.
const JobWarn = "rights.warn"

func (s *Service) warn(ctx context.Context, _ jobs.Task) error {
	now := s.Clock.Now()
	var list []Request
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		list, err = openRequests(v, 500)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range list {
		level, what := 0, ""
		cal := s.Calendars.Of(r.Unit)
		switch {
		case now.After(r.DueAt):
			level, what = 2, "late"
		case cal.WorkingDays(clock.DateOf(now), clock.DateOf(r.DueAt)) <= 1:
			level, what = 1, "near"
		}
		if level <= r.Warned {
			continue
		}
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := warned(tx, r.ID, level); err != nil {
				return err
			}
			return s.tellHeads(tx, r, what)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
