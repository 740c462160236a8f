package rights

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/access"
)

// HoldID names a hold.
type HoldID = id.Of[Hold]

// Hold is a legal hold: by the decision that it names, what it is of is not erased, whatever the
// terms say. It holds from the moment that the first of two people asked for it, so that nothing
// is lost while the second reads; and it ends only when two agreed that it ends.
type Hold struct {
	ID        HoldID
	Decision  string     // number of the decision; empty of a hold from before decisions were asked for
	OrderedBy string     // the court or inspector
	Since     clock.Date // day of the decision
	Why       string
	State     string // asked, held, lifting, lifted, refused
	Of        []Thing

	Asked, Agreed Word // who set it
	LiftDecision  string
	LiftWhy       string
	Lift, Ended   Word // who lifted it, or refused it
}

// InForce reports whether nothing that the hold names may be erased.
func (h Hold) InForce() bool { return h.State == "asked" || h.State == "held" || h.State == "lifting" }

// Waits is who spoke first where a second person is waited for; 0 where nobody is.
func (h Hold) Waits() int64 {
	switch h.State {
	case "asked":
		return h.Asked.By
	case "lifting":
		return h.Lift.By
	}
	return 0
}

// Word is what one person said, and when.
type Word struct {
	By   int64
	Name string
	At   time.Time
}

// Thing is what a hold keeps: a dossier, a person with all that is kept of them, or money with what
// was written when it came.
type Thing struct {
	Kind string // dossier, person, money
	ID   int64
	Name string // code; masked personal number; the bank's number or the reference
}

const (
	subjectPerson = "person"
	subjectMoney  = "money"
)

// HoldAsk is what a hold is asked by.
type HoldAsk struct {
	Decision, OrderedBy string
	Since               clock.Date // zero: not understood
	Codes               []string   // of dossiers
	Numbers             []string   // personal numbers; they are not kept
	Money               []string   // bank's numbers of money that came, references of orders
	Why                 string
	Key                 string
}

const (
	maxHeld     = 200 // things of one hold
	maxDecision = 80
	maxOrderer  = 200
	maxHoldWhy  = 500
)

// Holds lists holds, those in force first.
func (s *Service) Holds(ctx context.Context) (out []Hold, err error) {
	defer errs.Op(&err, "rights.Holds")
	if err := s.Policies.Can(ctx, actReadTerms, s.city(0)); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { out, err = holds(v, 200); return err })
	return out, err
}

// HoldOf reads a hold. Errors: Forbidden, NotFound.
func (s *Service) HoldOf(ctx context.Context, v HoldID) (h Hold, err error) {
	defer errs.Op(&err, "rights.HoldOf(%s)", v)
	if err := s.Policies.Can(ctx, actReadTerms, s.city(0)); err != nil {
		return h, err
	}
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error { h, err = holdByID(q, v); return err })
	return h, err
}

// MayHold reports whether who acts may say the next word on a hold; zero: ask for one.
func (s *Service) MayHold(ctx context.Context, h Hold) bool {
	return s.Policies.May(ctx, actHold, s.city(h.Waits()))
}

// AskHold is the first word of two. From now on nothing that it names is erased. Errors: Forbidden;
// Invalid with the fields decision, ordered, since, codes, numbers, why.
func (s *Service) AskHold(ctx context.Context, a HoldAsk) (v HoldID, err error) {
	defer errs.Op(&err, "rights.AskHold")
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actHold, s.city(0)); err != nil {
		return 0, err
	}
	h := Hold{Decision: clean(a.Decision), OrderedBy: clean(a.OrderedBy), Since: a.Since, Why: clean(a.Why), State: "asked"}
	bad := checkDecision("decision", h.Decision, nil)
	if n := utf8.RuneCountInString(h.OrderedBy); n < 3 || n > maxOrderer {
		bad = append(bad, errs.Field{Path: "ordered", Key: "rights.hold.ordered"})
	}
	if today := clock.DateOf(s.Clock.Now()); h.Since.IsZero() || h.Since.After(today) || h.Since.Before(clock.MustDate("1990-01-01")) {
		bad = append(bad, errs.Field{Path: "since", Key: "rights.hold.since"})
	}
	bad = checkHoldWhy("why", h.Why, bad)
	if h.Of, bad, err = s.things(ctx, a, bad); err != nil {
		return 0, err
	}
	if len(bad) > 0 {
		return 0, errs.E(errs.Invalid, "rights.invalid", errs.WithFields(bad...))
	}
	n, _, err := once.Do(ctx, s.DB, sub.Account, a.Key, once.Hash([]any{"rights.askHold", h, a.Codes, a.Money}), func(_ context.Context, tx *db.Tx) (int64, error) {
		h.ID, h.Asked = id.New[Hold](s.Gen), Word{sub.Account, sub.Name, tx.Now()}
		if err := insertHold(tx, h); err != nil {
			return 0, err
		}
		return int64(h.ID), s.noteHold(tx, KindHeld, h, sub, h.Why)
	})
	return HoldID(n), err
}

func checkDecision(path, text string, bad []errs.Field) []errs.Field {
	if n := utf8.RuneCountInString(text); n < 2 || n > maxDecision {
		bad = append(bad, errs.Field{Path: path, Key: "rights.hold.decision"})
	}
	return bad
}

func checkHoldWhy(path, text string, bad []errs.Field) []errs.Field {
	if n := utf8.RuneCountInString(text); n < minWords || n > maxHoldWhy {
		bad = append(bad, errs.Field{Path: path, Key: "rights.words", Params: errs.Params{"min": minWords, "max": maxHoldWhy}})
	}
	return bad
}

// things finds what a hold shall keep. What is not found is told by its own words; a personal
// number by how many there are, since the page may be printed.
func (s *Service) things(ctx context.Context, a HoldAsk, bad []errs.Field) (out []Thing, _ []errs.Field, err error) {
	add := func(t Thing) {
		if !slices.ContainsFunc(out, func(o Thing) bool { return o.ID == t.ID }) {
			out = append(out, t)
		}
	}
	var lost []string
	for _, code := range a.Codes {
		v, name, err := s.Dossiers.Hold(ctx, code)
		if errs.Is(err, errs.NotFound) {
			lost = append(lost, code)
			continue
		}
		if err != nil {
			return nil, bad, err
		}
		add(Thing{subjectDossier, v, name})
	}
	if len(lost) > 0 {
		bad = append(bad, errs.Field{Path: "codes", Key: "rights.hold.code", Params: errs.Params{"codes": strings.Join(lost, ", ")}})
	}
	unknown := 0
	for _, number := range a.Numbers {
		v, name, err := s.PersonBy(ctx, number)
		if err != nil {
			return nil, bad, err
		}
		if v == 0 {
			unknown++
			continue
		}
		add(Thing{subjectPerson, v, name})
	}
	lost = nil
	for _, number := range a.Money {
		v, name, err := s.MoneyBy(ctx, number)
		if err != nil {
			return nil, bad, err
		}
		if v == 0 {
			lost = append(lost, number)
			continue
		}
		add(Thing{subjectMoney, v, name})
	}
	if len(lost) > 0 {
		bad = append(bad, errs.Field{Path: "money", Key: "rights.hold.money", Params: errs.Params{"numbers": strings.Join(lost, ", ")}})
	}
	switch {
	case unknown > 0:
		bad = append(bad, errs.Field{Path: "numbers", Key: "rights.hold.number", Params: errs.Params{"n": unknown}})
	case len(a.Codes) == 0 && len(a.Numbers) == 0 && len(a.Money) == 0:
		bad = append(bad, errs.Field{Path: "codes", Key: "rights.hold.nothing"})
	case len(out) > maxHeld:
		bad = append(bad, errs.Field{Path: "codes", Key: "rights.hold.tooMany", Params: errs.Params{"max": maxHeld}})
	}
	return out, bad, nil
}

// SplitList splits what was typed into a box: one a line, or with commas or semicolons between.
func SplitList(text string) (out []string) {
	for _, x := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
		if x = strings.TrimFunc(x, unicode.IsSpace); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// AgreeHold is the second word on a hold that was asked for, or on its end; agree false refuses.
// Errors: NotFound, Conflict where nothing is asked; Forbidden, also for who asked.
func (s *Service) AgreeHold(ctx context.Context, v HoldID, agree bool, key string) (err error) {
	defer errs.Op(&err, "rights.AgreeHold(%s)", v)
	return s.moveHold(ctx, v, key, []any{"rights.agreeHold", v, agree}, func(h *Hold, w Word) (kind string, err error) {
		first := h.Waits()
		if first == 0 {
			return "", errs.E(errs.Conflict, "rights.hold.moved")
		}
		// Whoever asked may take it back, which changes nothing that others decided; never agree.
		if agree || first != w.By {
			if err := s.Policies.Can(ctx, actHold, s.city(first)); err != nil {
				return "", err
			}
		}
		switch {
		case h.State == "asked" && agree:
			h.State, h.Agreed = "held", w
			return KindHoldAgreed, nil
		case h.State == "asked":
			h.State, h.Ended = "refused", w
			return KindHoldRefused, nil
		case agree:
			h.State, h.Ended = "lifted", w
			return KindLifted, nil
		}
		h.State, h.LiftDecision, h.LiftWhy, h.Lift = "held", "", "", Word{}
		return KindLiftRefused, nil
	})
}

// AskLift is the first word on the end of a hold, by the decision that ends it. Errors: NotFound,
// Forbidden, Conflict, Invalid with the fields liftDecision and liftWhy.
func (s *Service) AskLift(ctx context.Context, v HoldID, decision, why, key string) (err error) {
	defer errs.Op(&err, "rights.AskLift(%s)", v)
	if err := s.Policies.Can(ctx, actHold, s.city(0)); err != nil {
		return err
	}
	decision, why = clean(decision), clean(why)
	if bad := checkHoldWhy("liftWhy", why, checkDecision("liftDecision", decision, nil)); len(bad) > 0 {
		return errs.E(errs.Invalid, "rights.invalid", errs.WithFields(bad...))
	}
	return s.moveHold(ctx, v, key, []any{"rights.askLift", v, decision, why}, func(h *Hold, w Word) (string, error) {
		if h.State != "held" {
			return "", errs.E(errs.Conflict, "rights.hold.moved")
		}
		h.State, h.LiftDecision, h.LiftWhy, h.Lift = "lifting", decision, why, w
		return KindLiftAsked, nil
	})
}

func (s *Service) moveHold(ctx context.Context, v HoldID, key string, what []any, step func(*Hold, Word) (kind string, err error)) error {
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actHold, s.city(0)); err != nil {
		return err
	}
	_, _, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash(what), func(_ context.Context, tx *db.Tx) (int64, error) {
		h, err := holdByID(tx, v)
		if err != nil {
			return 0, err
		}
		was, why := h.State, h.LiftWhy
		kind, err := step(&h, Word{sub.Account, sub.Name, tx.Now()})
		if err != nil {
			return 0, err
		}
		if err := moveHold(tx, h, was, errs.E(errs.Conflict, "rights.hold.moved")); err != nil {
			return 0, err
		}
		if !h.InForce() {
			if err := letGo(tx, v); err != nil {
				return 0, err
			}
		}
		if h.LiftWhy != "" {
			why = h.LiftWhy
		}
		return int64(v), s.noteHold(tx, kind, h, sub, why)
	})
	return err
}

// noteHold writes an entry: the decision, what it is of, who said so. Persons stand in it by their
// row of the register.
func (s *Service) noteHold(tx *db.Tx, kind string, h Hold, sub auth.Subject, why string) error {
	said := happened{Words: why, By: sub.Name, State: h.State, Decision: h.Decision, OrderedBy: h.OrderedBy, N: len(h.Of)}
	if kind == KindLiftAsked || kind == KindLifted {
		said.Decision = h.LiftDecision
	}
	for _, x := range h.Of {
		name := x.Name
		if x.Kind == subjectPerson {
			name = "person " + id.Of[Thing](x.ID).String()
		}
		said.Of = append(said.Of, name)
	}
	return s.note(tx, kind, journal.Subject{Type: subjectHold, ID: int64(h.ID)}, sub.Account, access.FirstUnit(sub), said)
}

// kept are things of which nothing may be erased, each with the numbers of the decisions that say so.
type kept map[int64][]string

func (k kept) has(v int64) bool {
	_, ok := k[v]
	return ok
}

func (k kept) add(v int64, decision string) {
	if list := k[v]; decision == "" || slices.Contains(list, decision) {
		k[v] = list
		return
	}
	k[v] = append(k[v], decision)
}

// held are all things that holds in force keep: dossiers and money that they name, and of persons
// their rows, accounts and dossiers.
func (s *Service) held(q db.Querier) (kept, error) {
	list, err := thingsHeld(q)
	if err != nil {
		return nil, err
	}
	out := make(kept, len(list))
	for _, x := range list {
		out.add(x.ID, x.Name)
		if x.Kind != subjectPerson {
			continue
		}
		more, err := s.Belongings(q, x.ID)
		if err != nil {
			return nil, err
		}
		for _, v := range more {
			out.add(v, x.Name)
		}
	}
	return out, nil
}

// HeldThings are the ids of what holds in force keep, of dossiers, persons, accounts and money: whoever
// lets things go by their term asks.
func (s *Service) HeldThings(ctx context.Context) (out []int64, err error) {
	defer errs.Op(&err, "rights.HeldThings")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		set, err := s.held(v)
		out = slices.Sorted(maps.Keys(set))
		return err
	})
	return out, err
}

// HeldPeople are the rows of the register of persons whom holds in force name.
func (s *Service) HeldPeople(ctx context.Context) (out []int64, err error) {
	defer errs.Op(&err, "rights.HeldPeople")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		list, err := thingsHeld(v)
		for _, x := range list {
			if x.Kind == subjectPerson && !slices.Contains(out, x.ID) {
				out = append(out, x.ID)
			}
		}
		return err
	})
	return out, err
}

// HeldBy are the numbers of the decisions by which a dossier is kept, for whoever writes it into an
// archive: nobody looks at it here.
func (s *Service) HeldBy(ctx context.Context, dossier int64) (decisions []string, err error) {
	defer errs.Op(&err, "rights.HeldBy(%d)", dossier)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		set, err := s.held(v)
		decisions = set[dossier]
		return err
	})
	return decisions, err
}
