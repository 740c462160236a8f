package result

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/onestop/dossier"
	"khue/internal/register/orgunit"
)

// ParcelState is where a parcel is.
type ParcelState string

// The states, the post's and ours. A parcel only goes forward: what comes late or twice is
// heard and changes nothing.
const (
	Ordered   ParcelState = "ordered"   // the post has the order
	OnWay     ParcelState = "on_way"    // the post has the parcel
	Delivered ParcelState = "delivered" // its owner has it
	Returned  ParcelState = "returned"  // nobody took it: it comes back
	Lost      ParcelState = "lost"      // the post cannot find it
	Refused   ParcelState = "refused"   // the post takes no such order
	Back      ParcelState = "back"      // it lies at the counter again
)

// PostStates are those that the post tells of.
func PostStates() []ParcelState { return []ParcelState{Ordered, OnWay, Delivered, Returned, Lost} }

// after reports whether a state may follow another.
func (s ParcelState) after(was ParcelState) bool {
	switch was {
	case Ordered:
		return s != Ordered
	case OnWay:
		return s == Delivered || s == Returned || s == Lost
	case Lost: // it may turn up
		return s == Delivered || s == Returned
	}
	return false
}

// Parcel is a result that goes by post.
type Parcel struct {
	Result   ID
	Dossier  dossier.ID
	Code     string
	Number   string
	Desk     orgunit.UnitID // the agency whose counter it comes back to
	Tracking string
	State    ParcelState
	At       time.Time
	Note     string // of the post
	AskedAt  time.Time
	Version  int
}

// Needs reports whether somebody at the counter has to do something.
func (p Parcel) Needs() bool { return p.State == Returned || p.State == Lost || p.State == Refused }

// JobAskPost asks the post for parcels of which nothing was heard.
const JobAskPost = "result.askPost"

const (
	silentFor = 6 * time.Hour
	askedMany = 100
)

// parcelTold is the payload of EventParcel.
type parcelTold struct {
	Code     string      `json:"code"`
	Number   string      `json:"number"`
	Tracking string      `json:"tracking,omitempty"`
	State    ParcelState `json:"state"`
	By       string      `json:"by,omitempty"`
}

// post orders that a paper be taken to its owner. The key is the result's: a second order after
// an answer that was lost is the first one.
func (s *Service) post(ctx context.Context, t jobs.Task) error {
	var a args
	if err := t.Read(&a); err != nil {
		return err
	}
	r, err := s.read(ctx, a.Result)
	if err != nil || r.State != Issued || !r.PostedAt.IsZero() || s.Post == nil {
		return err
	}
	drawn, err := s.Dossiers.DrawResult(ctx, r.Dossier, dossier.ResultPaper{Number: r.Text, At: r.At, Bare: true})
	if err != nil {
		return err
	}
	f := drawn.Content.Filing
	news, err := s.Post.Order(ctx, Order{Key: r.ID.String(), Name: f.Applicant.Name, Phone: f.Applicant.Phone, Address: f.Delivery.Address, Number: r.Text, SHA256: r.SHA256})
	refused := errs.Is(err, errs.Invalid)
	if err != nil && !refused {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := t.Done(tx); err != nil {
			return err
		}
		of, err := s.Dossiers.FindIDs(tx, []dossier.ID{r.Dossier})
		if err != nil {
			return err
		}
		d := of[r.Dossier]
		r := r
		p := Parcel{Result: r.ID, Dossier: r.Dossier, Code: r.Code, Number: r.Text, Desk: r.Unit, Tracking: news.Tracking, State: Ordered, At: tx.Now(), Note: news.Note, AskedAt: tx.Now()}
		if a, ok := s.Units.Now().AgencyOf(d.Receiving); ok {
			p.Desk = a.ID
		}
		if refused {
			p.State = Refused
		}
		if err := insertParcel(tx, p); err != nil {
			return err
		}
		r.PostedAt, r.Tracking = tx.Now(), news.Tracking
		if err := move(tx, r); err != nil {
			return err
		}
		if err := s.tell(tx, EventPosted, r, program(), ""); err != nil {
			return err
		}
		return s.tellParcel(ctx, tx, p, program())
	})
}

func (s *Service) tellParcel(ctx context.Context, tx *db.Tx, p Parcel, by auth.Subject) error {
	payload, err := json.Marshal(parcelTold{p.Code, p.Number, p.Tracking, p.State, by.Name})
	if err != nil {
		return err
	}
	e := journal.Entry{Kind: EventParcel, Subject: journal.Subject{Type: SubjectType, ID: int64(p.Result)}, Actor: by.Account, Unit: p.Desk.String(), Payload: payload}
	if _, err := s.Journal.Append(tx, e); err != nil {
		return err
	}
	return s.Dossiers.TellParcel(ctx, tx, p.Dossier, dossier.ParcelNews{State: string(p.State), Tracking: p.Tracking, Number: p.Number, Desk: p.Desk, Needs: p.Needs()})
}

// News is what the post says of a parcel.
type News struct {
	Key      string // of the order
	Tracking string
	State    ParcelState
	At       time.Time
	Note     string
}

// Hear takes news of the post. News that came before, or late, change nothing. Errors: NotFound of
// an order that is not known, or not yet: the post tells again; Invalid for a state that is none.
func (s *Service) Hear(ctx context.Context, n News) (err error) {
	defer errs.Op(&err, "result.Hear")
	v, err := id.Parse[Result](n.Key)
	if err != nil {
		return errs.E(errs.NotFound, "result.parcel.none", errs.Cause(err))
	}
	if !slices.Contains(PostStates(), n.State) || len(n.Note) > 500 || len(n.Tracking) > 100 {
		return errs.E(errs.Invalid, "result.parcel.state")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := findParcel(tx, v)
		if err != nil {
			return err
		}
		p.AskedAt = tx.Now()
		if !n.State.after(p.State) {
			return moveParcel(tx, p)
		}
		p.State, p.At, p.Note = n.State, n.At, n.Note
		if n.Tracking != "" {
			p.Tracking = n.Tracking
		}
		if err := moveParcel(tx, p); err != nil {
			return err
		}
		return s.tellParcel(ctx, tx, p, program())
	})
}

// askPost asks the post for parcels of which nothing was heard: its news may have been lost.
func (s *Service) askPost(ctx context.Context, _ jobs.Task) error {
	if s.Post == nil {
		return nil
	}
	var list []Parcel
	err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
		list, err = silent(v, s.Clock.Now().Add(-silentFor), askedMany)
		return err
	})
	for _, p := range list {
		n, askErr := s.Post.Ask(ctx, p.Result.String())
		if askErr == nil {
			askErr = s.Hear(ctx, n)
		}
		err = errors.Join(err, askErr) // the others are asked all the same
	}
	return err
}

// Parcels are those of a dossier; who may see the dossier answers for it.
func (s *Service) Parcels(ctx context.Context, d dossier.ID) (out []Parcel, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = parcelsOf(v, d)
		return err
	})
	return out, err
}

// AtCounter lists the parcels of the reader's counters, what needs somebody first. They name nobody.
func (s *Service) AtCounter(ctx context.Context) (out []Parcel, err error) {
	defer errs.Op(&err, "result.AtCounter")
	for _, u := range s.Agencies(ctx) {
		if !s.Policies.May(ctx, actParcel, s.agency(auth.From(ctx), u.ID)) {
			continue
		}
		err := s.DB.View(ctx, func(_ context.Context, v *db.View) error {
			list, err := parcelsAt(v, u.ID, pageSize)
			out = append(out, list...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TakeBack notes that a parcel lies at the counter again: its owner is told where. Errors: NotFound
// also for clerks elsewhere; Conflict where it did not come back.
func (s *Service) TakeBack(ctx context.Context, v ID, key string) (err error) {
	defer errs.Op(&err, "result.TakeBack(%s)", v)
	sub := auth.From(ctx)
	var p Parcel
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		p, err = findParcel(q, v)
		return err
	})
	if err == nil && !s.Policies.May(ctx, actParcel, s.agency(sub, p.Desk)) {
		err = errs.E(errs.NotFound, "result.parcel.none")
	}
	if err != nil {
		return err
	}
	_, _, err = once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"takeBack", v}), func(ctx context.Context, tx *db.Tx) (int64, error) {
		p, err := findParcel(tx, v)
		if err != nil {
			return 0, err
		}
		if !p.Needs() {
			return 0, errs.E(errs.Conflict, "result.parcel.notBack")
		}
		p.State, p.At, p.AskedAt = Back, tx.Now(), tx.Now()
		if err := moveParcel(tx, p); err != nil {
			return 0, err
		}
		return int64(v), s.tellParcel(ctx, tx, p, sub)
	})
	return err
}
