package counter

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/register/orgunit"
)

// BatchID names a batch.
type BatchID = id.Of[Batch]

// States of a batch.
const (
	BatchOpen      = "open"      // signed by the giver
	BatchReceived  = "received"  // signed by both
	BatchWithdrawn = "withdrawn" // taken back before it was received
)

// Batch hands originals over, from one officer to another or to whoever receives at a unit.
// It is signed by the giver when it is made and by the receiver when it ends.
type Batch struct {
	ID        BatchID
	FromUnit  orgunit.UnitID
	From      int64
	FromName  string
	ToUnit    orgunit.UnitID
	To        int64  // 0: any post of the unit
	ToName    string // of To
	MadeAt    time.Time
	State     string
	EndedAt   time.Time // zero while open
	EndedBy   string
	Version   int64
	Lines     []Line
	Originals int // how many papers; filled in lists, where Lines is not

	fromWas, toWas orgunit.UnitID // before a reorganisation; 0: not moved
	partOf         BatchID
}

// Morning reports in which half of its day a batch was made.
func (b Batch) Morning() bool { return b.MadeAt.In(clock.Zone).Hour() < 12 }

// Line is one paper of a batch.
type Line struct {
	Original Original
	Refused  string // reason; empty: taken, or not decided yet
}

// Recipient is whom papers may be handed to.
type Recipient struct {
	Unit    orgunit.UnitID
	Account int64 // 0: whoever receives there
	Name    string
}

// Recipients are whom the holder of originals may hand them to: officers of their agency and
// its offices, and the one-stops that handle the dossiers where those are elsewhere.
func (s *Service) Recipients(ctx context.Context, held []Original) (out []Recipient, err error) {
	defer errs.Op(&err, "counter.Recipients")
	me := auth.From(ctx)
	t := s.Units.Now()
	var units []orgunit.UnitID
	for _, u := range posts(me) {
		agency, ok := t.AgencyOf(u)
		if !ok {
			continue
		}
		for _, x := range append([]orgunit.Unit{agency}, t.Children(agency.ID)...) {
			if x.ID == agency.ID || x.Class == orgunit.Office {
				if !slices.Contains(units, x.ID) {
					units = append(units, x.ID)
				}
			}
		}
	}
	known := map[int64]bool{me.Account: true}
	for _, u := range units {
		accounts, err := s.Accounts.AccountsIn(ctx, scopeOf(u))
		if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			if !known[a.ID] && a.Kind == auth.KindOfficer && !a.Disabled {
				known[a.ID] = true
				out = append(out, Recipient{Unit: u, Account: a.ID, Name: a.Name})
			}
		}
	}
	for _, o := range held {
		d, _, _, err := s.Dossiers.Read(ctx, o.Code)
		if err != nil {
			continue // seen no more by the holder: it goes back through the counter
		}
		if !slices.Contains(units, d.Receiving) {
			units = append(units, d.Receiving)
			out = append(out, Recipient{Unit: d.Receiving})
		}
	}
	return out, nil
}

// Give hands originals that the giver holds over, and is the giver's signature. Errors:
// Conflict where one of them is not the giver's any more or stands in another batch, Invalid
// for no paper, or a receiver who is none.
func (s *Service) Give(ctx context.Context, papers []OriginalID, to Recipient, key string) (v BatchID, err error) {
	defer errs.Op(&err, "counter.Give")
	sub := auth.From(ctx)
	if len(papers) == 0 || len(papers) > maxOriginals {
		return 0, errs.E(errs.Invalid, "counter.batch.none", errs.P("max", maxOriginals), errs.WithFields(errs.Field{Path: "original", Key: "counter.batch.none", Params: errs.Params{"max": maxOriginals}}))
	}
	b := Batch{ID: id.New[Batch](s.Gen), Originals: len(papers), From: sub.Account, FromName: sub.Name, ToUnit: to.Unit, To: to.Account, State: BatchOpen, Version: 1}
	var list []Original
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		list = nil
		for _, p := range papers {
			o, err := findOriginal(q, p)
			if err != nil {
				return err
			}
			list = append(list, o)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	offered, err := s.Recipients(ctx, list)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(offered, func(r Recipient) bool { return r.Unit == to.Unit && r.Account == to.Account })
	if i < 0 {
		return 0, errs.E(errs.Invalid, "counter.batch.to", errs.WithFields(errs.Field{Path: "to", Key: "counter.batch.to"}))
	}
	b.ToName, b.FromUnit = offered[i].Name, list[0].Unit
	got, _, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"give", papers, to.Unit, to.Account}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := insertBatch(tx, b); err != nil {
			return 0, err
		}
		for _, p := range papers {
			// The guard is the rule: its holder gives it, and it stands in no other open batch.
			if err := offer(tx, p, b.ID, sub.Account, errs.E(errs.Conflict, "counter.batch.moved")); err != nil {
				return 0, err
			}
		}
		return int64(b.ID), s.noteBatch(tx, sub, KindGiven, b, papers, nil)
	})
	return BatchID(got), err
}

// Receive signs for a batch. Refused lines, each with its reason, stay with the giver.
// Forbidden for whoever it is not addressed to, and for the giver; Conflict where it ended.
func (s *Service) Receive(ctx context.Context, v BatchID, refused map[OriginalID]string, key string) (err error) {
	defer errs.Op(&err, "counter.Receive(%s)", v)
	sub := auth.From(ctx)
	b, err := s.FindBatch(ctx, v)
	if err != nil {
		return err
	}
	if err := s.Policies.Can(ctx, actReceive, addressed(b)); err != nil {
		return err
	}
	reasons := map[string]string{}
	for o, why := range refused {
		why = strings.TrimSpace(why)
		if why == "" || utf8.RuneCountInString(why) > 500 {
			return errs.E(errs.Invalid, "counter.batch.reason", errs.WithFields(errs.Field{Path: "reason." + o.String(), Key: "counter.batch.reason"}))
		}
		if !slices.ContainsFunc(b.Lines, func(l Line) bool { return l.Original.ID == o }) {
			return errs.E(errs.NotFound, "counter.batch.notFound")
		}
		reasons[o.String()] = why
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"receive", v, reasons}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := endBatch(tx, b, BatchReceived, sub.Name, errs.E(errs.Conflict, "counter.batch.ended")); err != nil {
			return 0, err
		}
		var taken []OriginalID
		for _, l := range b.Lines {
			o := l.Original
			if why := reasons[o.ID.String()]; why != "" {
				if err := refuseLine(tx, b.ID, o.ID, why); err != nil {
					return 0, err
				}
				if err := release(tx, o.ID, b.ID); err != nil {
					return 0, err
				}
				continue
			}
			if err := pass(tx, o.ID, b.ID, b.ToUnit, sub.Account, sub.Name, errs.E(errs.Conflict, "counter.batch.ended")); err != nil {
				return 0, err
			}
			taken = append(taken, o.ID)
		}
		return int64(b.ID), s.noteBatch(tx, sub, KindReceived, b, taken, reasons)
	})
	return err
}

// Withdraw takes a batch back before it was received.
func (s *Service) Withdraw(ctx context.Context, v BatchID, key string) (err error) {
	defer errs.Op(&err, "counter.Withdraw(%s)", v)
	sub := auth.From(ctx)
	b, err := s.FindBatch(ctx, v)
	if err != nil {
		return err
	}
	if err := s.Policies.Can(ctx, actWithdraw, resourceOf(b)); err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"withdraw", v}), func(_ context.Context, tx *db.Tx) (int64, error) {
		if err := endBatch(tx, b, BatchWithdrawn, sub.Name, errs.E(errs.Conflict, "counter.batch.ended")); err != nil {
			return 0, err
		}
		var papers []OriginalID
		for _, l := range b.Lines {
			if err := release(tx, l.Original.ID, b.ID); err != nil {
				return 0, err
			}
			papers = append(papers, l.Original.ID)
		}
		return int64(b.ID), s.noteBatch(tx, sub, KindWithdrawn, b, papers, nil)
	})
	return err
}

func (s *Service) noteBatch(tx *db.Tx, sub auth.Subject, kind string, b Batch, papers []OriginalID, refused map[string]string) error {
	h := handing{From: b.FromName, To: b.ToName, Refused: refused}
	if kind == KindReceived {
		h.To = sub.Name
	}
	for _, p := range papers {
		h.Originals = append(h.Originals, p.String())
	}
	payload, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = s.Journal.Append(tx, journal.Entry{
		Kind: kind, Subject: journal.Subject{Type: BatchSubject, ID: int64(b.ID)}, Actor: sub.Account, Unit: b.FromUnit.String(), Payload: payload,
	})
	return err
}

// MayReceive reports whether the reader signs for a batch that is open.
func (s *Service) MayReceive(ctx context.Context, b Batch) bool {
	return b.State == BatchOpen && s.Policies.May(ctx, actReceive, addressed(b))
}

// FindBatch reads a batch for those who give it, receive it, or hold a post in one of its
// units. NotFound for others.
func (s *Service) FindBatch(ctx context.Context, v BatchID) (b Batch, err error) {
	defer errs.Op(&err, "counter.FindBatch(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if b, err = findBatch(q, v); err != nil {
			return err
		}
		b.Lines, err = linesOf(q, v)
		return err
	})
	if err != nil {
		return Batch{}, err
	}
	if !s.Policies.May(ctx, actSeeBatch, resourceOf(b)) {
		return Batch{}, errs.E(errs.NotFound, "counter.batch.notFound")
	}
	papers := make([]Original, len(b.Lines))
	for i, x := range b.Lines {
		papers[i] = x.Original
	}
	return b, s.listed(ctx, papers)
}

// Batches are those that the reader gave, or that wait for them or their units, the open
// ones first and then the latest.
func (s *Service) Batches(ctx context.Context) (out []Batch, err error) {
	defer errs.Op(&err, "counter.Batches")
	sub := auth.From(ctx)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = batches(v, sub.Account, posts(sub))
		return err
	})
	return out, err
}
