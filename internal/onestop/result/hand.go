package result

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/jobs"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/kernel/pdf"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Hand is where a paper stands that its signer signs by hand (ADR 0250). While it has one it
// is Intended: numbered, not issued.
type Hand string

// The stations.
const (
	NoHand Hand = ""
	Waits  Hand = "waits" // drawn; its signer has not put a hand to it
	Given  Hand = "given" // the signer did, for this very file; a job signs
	Inked  Hand = "inked" // the signer signed it elsewhere; a job puts the seal to it
)

// BatchID names an act of a signer over many papers.
type BatchID = id.Of[Batch]

// Batch is such an act.
type Batch struct {
	ID      BatchID
	Actor   int64
	At      time.Time
	Asked   int
	Refused []Refusal
}

// Refusal is a paper that could not be taken, with the key of why.
type Refusal struct {
	Number string `json:"number,omitempty"` // as the paper bears it; "" of a paper that is not the signer's
	Why    string `json:"why"`
}

// MostPapers bounds one act.
const MostPapers = 200

// unitSubject is the journal subject of how an agency signs: {"unit", id}.
const unitSubject = "unit"

// SealWord is the agency's half in a package's list of who signs; all others are people.
const SealWord = "unit-seal"

// ByPerson reports whether somebody beside the agency signs.
func ByPerson(by []string) bool {
	return slices.ContainsFunc(by, func(w string) bool { return w != SealWord })
}

// byHand reports whether a paper waits for its signer: the service or the agency says so, or
// nobody but the signer has the key.
func (s *Service) byHand(ctx context.Context, r Result, pkg *service.Package) (bool, error) {
	if r.Signer == 0 || !ByPerson(pkg.Result.Sign) {
		return false, nil
	}
	if pkg.Result.Signing == service.SigningBatch || s.Signing.Own(ctx, r.Signer) {
		return true, nil
	}
	return s.Chosen(ctx, r.Unit)
}

// Chosen reports whether an agency has its papers wait for the hand of who signs.
func (s *Service) Chosen(ctx context.Context, u orgunit.UnitID) (yes bool, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		yes, err = chose(v, u)
		return err
	})
	return yes, err
}

// Choose says how the papers of an agency are signed from now on; those that wait already go on
// waiting. Forbidden for all but its leaders.
func (s *Service) Choose(ctx context.Context, u orgunit.UnitID, batch bool) (err error) {
	defer errs.Op(&err, "result.Choose(%s)", u)
	sub := auth.From(ctx)
	if err := s.Policies.Can(ctx, actDecide, s.agency(sub, u)); err != nil {
		return err
	}
	payload, err := json.Marshal(struct {
		Batch bool   `json:"batch"`
		By    string `json:"by"`
	}{batch, sub.Name})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := choose(tx, u, batch, sub.Name); err != nil {
			return err
		}
		_, err := s.Journal.Append(tx, journal.Entry{Kind: EventChosen, Subject: journal.Subject{Type: unitSubject, ID: int64(u)}, Actor: sub.Account, Unit: u.String(), Payload: payload})
		return err
	})
}

// lay leaves a drawn paper for its signer.
func (s *Service) lay(ctx context.Context, t jobs.Task, r Result, drawn dossier.Drawn) error {
	ref, err := s.Blobs.Put(ctx, bytes.NewReader(drawn.PDF), maxFile)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := t.Done(tx); err != nil {
			return err
		}
		r := r
		r.Hand, r.DrawnSHA, r.DrawnSize, r.DrawnAt, r.Place, r.Fault = Waits, ref.SHA256, ref.Size, tx.Now(), drawn.Place, ""
		if err := move(tx, r); err != nil {
			return err
		}
		return s.tell(tx, EventDrawn, r, program(), "")
	})
}

// Waiting is a paper that waits for the reader's hand, with whom it is for.
type Waiting struct {
	Result
	Applicant string
	Procedure string // code
}

// ToSign lists the papers that wait for the reader, the oldest first, at most MostPapers, and
// counts all.
func (s *Service) ToSign(ctx context.Context) (out []Waiting, all int, err error) {
	defer errs.Op(&err, "result.ToSign")
	sub := auth.From(ctx)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out = nil
		list, err := waiting(v, sub.Account, MostPapers)
		if err != nil {
			return err
		}
		if all, err = countWaiting(v, sub.Account); err != nil {
			return err
		}
		ids := make([]dossier.ID, len(list))
		for i, r := range list {
			ids[i] = r.Dossier
		}
		of, err := s.Dossiers.FindIDs(v, ids)
		if err != nil {
			return err
		}
		for _, r := range list {
			d := of[r.Dossier]
			out = append(out, Waiting{r, d.Applicant, d.Procedure})
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		return out, all, err
	}
	l := access.Look{What: access.List, Basis: access.ByDuty, Why: access.DutyPost, Unit: out[0].Unit, Type: dossier.SubjectType}
	for _, w := range out {
		l.About = append(l.About, int64(w.Dossier))
	}
	return out, all, s.Looks.Looked(ctx, l)
}

// Card says how the reader can sign: Own where only they hold the key, Ready where the city
// signs with their card on their word.
func (s *Service) Card(ctx context.Context) (ready, own bool) {
	sub := auth.From(ctx)
	if s.Signing == nil {
		return false, false
	}
	if s.Signing.Own(ctx, sub.Account) {
		return false, true
	}
	return s.Signing.Working(ctx, sub.Account, 0, []string{"person"}), false
}

// Drawn is the file of a paper as it waits, for its signer and for the agency that gives it.
func (s *Service) Drawn(ctx context.Context, v ID) (r Result, file []byte, err error) {
	defer errs.Op(&err, "result.Drawn(%s)", v)
	if r, err = s.read(ctx, v); err != nil {
		return r, nil, err
	}
	sub := auth.From(ctx)
	if sub.Kind != auth.KindOfficer || r.Signer != sub.Account && !s.Policies.May(ctx, actRead, s.agency(sub, r.Unit)) {
		return Result{}, nil, errs.E(errs.NotFound, "result.none")
	}
	if r.Hand == NoHand {
		return r, nil, errs.E(errs.NotFound, "result.notWaiting")
	}
	if err := s.Looks.Looked(ctx, access.Look{What: access.Paper, Basis: access.ByDuty, Why: access.DutyPost, Unit: r.Unit, Type: dossier.SubjectType, About: []int64{int64(r.Dossier)}}); err != nil {
		return r, nil, err
	}
	file, err = s.drawn(ctx, r)
	return r, file, err
}

func (s *Service) drawn(ctx context.Context, r Result) ([]byte, error) {
	return s.blob(ctx, blob.Ref{SHA256: r.DrawnSHA, Size: r.DrawnSize})
}

// SignBatch is the act of a signer who puts their hand to many papers: each file that waits, as
// it is, and no other. Those that cannot be taken are named in the batch, and the others are
// signed by jobs. The same key again returns the same batch. Errors: Forbidden for a proof that
// lacks (auth.Wanted); Invalid for none or too many; Conflict where the reader cannot sign.
func (s *Service) SignBatch(ctx context.Context, papers []ID, key string) (v BatchID, err error) {
	defer errs.Op(&err, "result.SignBatch(%d)", len(papers))
	papers = slices.Clone(papers)
	slices.Sort(papers)
	papers = slices.Compact(papers)
	if len(papers) == 0 {
		return 0, errs.E(errs.Invalid, "result.batch.none")
	}
	if len(papers) > MostPapers {
		return 0, errs.E(errs.Invalid, "result.batch.many", errs.P("max", MostPapers))
	}
	sub := auth.From(ctx)
	if err := s.Demand.Sign(sub, s.Clock.Now()).Hold(sub, s.Clock.Now()); err != nil {
		return 0, err
	}
	switch ready, own := s.Card(ctx); {
	case own:
		return 0, errs.E(errs.Conflict, "result.batch.own")
	case !ready:
		return 0, errs.E(errs.Conflict, "result.batch.noCard")
	}
	made := BatchID(s.Gen.Next())
	out, _, err := once.Do(ctx, s.DB, sub.Account, key, once.Hash([]any{"batch", papers}), func(_ context.Context, tx *db.Tx) (int64, error) {
		b := Batch{ID: made, Actor: sub.Account, At: tx.Now(), Asked: len(papers)}
		var take []Result
		for _, p := range papers {
			r, why, err := takeable(tx, p, sub.Account)
			switch {
			case err != nil:
				return 0, err
			case why != "":
				b.Refused = append(b.Refused, Refusal{r.Text, why})
			default:
				take = append(take, r)
			}
		}
		if err := insertBatch(tx, b); err != nil {
			return 0, err
		}
		for _, r := range take {
			r.Hand, r.Batch, r.Fault = Given, b.ID, ""
			if err := move(tx, r); err != nil {
				return 0, err
			}
			if err := s.tell(tx, EventGiven, r, sub, ""); err != nil {
				return 0, err
			}
			if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobSign, Args: args{Result: r.ID}, Unique: r.ID.String()}); err != nil {
				return 0, err
			}
		}
		return int64(b.ID), nil
	})
	return BatchID(out), err
}

// Outside is a paper that its signer signs with a key of their own.
type Outside struct {
	ID     ID
	Number string
	PDF    []byte
	Place  pdf.Place
}

// ForOwnKey reads papers that wait for the reader, to be taken to a key of their own. Errors: as of
// SignBatch; Conflict where one waits no more.
func (s *Service) ForOwnKey(ctx context.Context, papers []ID) (out []Outside, err error) {
	defer errs.Op(&err, "result.ForOwnKey(%d)", len(papers))
	if len(papers) == 0 {
		return nil, errs.E(errs.Invalid, "result.batch.none")
	}
	if len(papers) > MostPapers {
		return nil, errs.E(errs.Invalid, "result.batch.many", errs.P("max", MostPapers))
	}
	sub := auth.From(ctx)
	if err := s.Demand.Sign(sub, s.Clock.Now()).Hold(sub, s.Clock.Now()); err != nil {
		return nil, err
	}
	for _, v := range papers {
		var r Result
		var why string
		err := s.DB.View(ctx, func(_ context.Context, q *db.View) error {
			r, why, err = takeable(q, v, sub.Account)
			return err
		})
		if err != nil {
			return nil, err
		}
		if why != "" {
			return nil, errs.E(errs.Conflict, why)
		}
		file, err := s.drawn(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, Outside{r.ID, r.Text, file, r.Place})
	}
	return out, nil
}

// SignedElsewhereIn takes a paper that its signer signed with a key of their own: what is missing
// is the seal, and a job puts it there. Conflict where the paper waits no more, or is another file.
func (s *Service) SignedElsewhereIn(tx *db.Tx, v ID, of string, file blob.Ref) error {
	r, err := find(tx, v)
	if err != nil {
		return err
	}
	if r.State != Intended || r.Hand != Waits || r.DrawnSHA != of {
		return errs.E(errs.Conflict, "result.notWaiting")
	}
	by := auth.Subject{Account: r.Signer, Name: r.SignedBy}
	r.Hand, r.DrawnSHA, r.DrawnSize, r.Fault = Inked, file.SHA256, file.Size, ""
	if err := move(tx, r); err != nil {
		return err
	}
	if err := s.tell(tx, EventGiven, r, by, ""); err != nil {
		return err
	}
	return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobSign, Args: args{Result: r.ID}, Unique: r.ID.String()})
}

// takeable says why a paper cannot be signed by an officer now. One that is somebody else's is
// told as one that is not there.
func takeable(q db.Querier, v ID, signer int64) (r Result, why string, err error) {
	r, err = find(q, v)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && r.Signer != signer:
		return Result{}, "result.refused.notYours", nil
	case err != nil:
		return r, "", err
	case r.Hand == Given, r.Hand == Inked:
		return r, "result.refused.given", nil
	case r.State == Issued:
		return r, "result.refused.issued", nil
	case r.State != Intended || r.Hand != Waits:
		return r, "result.refused.over", nil
	}
	return r, "", nil
}

// Progress is a batch and the papers that it took, for who gave it. NotFound for others.
func (s *Service) Progress(ctx context.Context, v BatchID) (b Batch, papers []Result, err error) {
	defer errs.Op(&err, "result.Progress(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if b, err = findBatch(q, v); err != nil {
			return err
		}
		papers, err = ofBatch(q, v)
		return err
	})
	if err == nil && b.Actor != auth.From(ctx).Account {
		return Batch{}, nil, errs.E(errs.NotFound, "result.batch.notFound")
	}
	return b, papers, err
}

// signTries is how often one paper is tried before its signer is told why it was not signed.
const signTries = 3

// sealAgain is how long a paper that its signer signed elsewhere waits for the next try of the seal.
const sealAgain = 10 * time.Minute

// signGiven signs one paper that its signer put a hand to, and issues it. Killed at any place it
// begins again: nothing names a signed file before the transaction that ends the job.
func (s *Service) signGiven(ctx context.Context, t jobs.Task) error {
	var a args
	if err := t.Read(&a); err != nil {
		return err
	}
	r, err := s.read(ctx, a.Result)
	if err != nil {
		return err
	}
	if r.State != Intended || r.Hand != Given && r.Hand != Inked {
		return nil
	}
	err = s.handed(ctx, t, r)
	if err == nil || t.Attempt < signTries && !hopeless(err) && !errs.Is(err, errs.Conflict) {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := t.Done(tx); err != nil {
			return err
		}
		r := r
		r.Fault = failure(err)
		if r.Hand == Given { // what was signed elsewhere is not thrown away: the seal is tried again
			r.Hand = Waits
		}
		if err := move(tx, r); err != nil {
			return err
		}
		if r.Hand == Inked {
			if err := s.Jobs.Enqueue(tx, jobs.Job{Kind: JobSign, Args: args{Result: r.ID}, RunAt: tx.Now().Add(sealAgain), Unique: r.ID.String()}); err != nil {
				return err
			}
		}
		return s.tell(tx, EventNotSigned, r, program(), "")
	})
}

// handed signs and issues a paper whose signer put a hand to it.
func (s *Service) handed(ctx context.Context, t jobs.Task, r Result) error {
	file, err := s.drawn(ctx, r)
	if err != nil {
		return err
	}
	pkg, err := s.Services.ByDigest(r.Package)
	if err != nil {
		return err
	}
	by := pkg.Result.Sign
	if r.Hand == Inked {
		by = slices.DeleteFunc(slices.Clone(by), func(w string) bool { return w != SealWord })
	}
	if len(by) > 0 {
		if file, err = s.Signing.SignPDF(ctx, file, r.Place, r.Signer, r.Unit, by, r.Text); err != nil {
			return err
		}
	}
	drawn, err := s.Dossiers.DrawResult(ctx, r.Dossier, dossier.ResultPaper{Number: r.Text, At: r.At, Bare: true})
	if err != nil {
		return err
	}
	return s.issue(ctx, t, r, pkg, drawn, file, true)
}

// TakeOver lets a leader of the agency sign a paper that waits for somebody who cannot: it is
// drawn again with the leader's name. The act rests on a reason. Errors: Conflict where it does
// not wait; as of Replace.
func (s *Service) TakeOver(ctx context.Context, d Decision) (err error) {
	defer errs.Op(&err, "result.TakeOver(%s)", d.Result)
	if err := d.checkReason(); err != nil {
		return err
	}
	_, err = s.decide(ctx, d, "take", actDecide, func(tx *db.Tx, r Result, _ *service.Package, sub auth.Subject) (ID, error) {
		if r.State != Intended || r.Hand != Waits {
			return 0, errs.E(errs.Conflict, "result.cannot.take")
		}
		r.Signer, r.SignedBy, r.Hand, r.Fault, r.Batch = sub.Account, sub.Name, NoHand, "", 0
		if err := move(tx, r); err != nil {
			return 0, err
		}
		told := r
		told.Reason = d.Reason
		if err := s.tell(tx, EventTaken, told, sub, ""); err != nil {
			return 0, err
		}
		return r.ID, s.Jobs.Enqueue(tx, jobs.Job{Kind: JobMake, Args: args{Result: r.ID}, Unique: r.ID.String()})
	})
	return err
}

// Decline is a signer who does not sign a paper: no paper comes of it and the number is void, with
// the reason for everybody to read. Errors: as of TakeOver.
func (s *Service) Decline(ctx context.Context, d Decision) (err error) {
	defer errs.Op(&err, "result.Decline(%s)", d.Result)
	if err := d.checkReason(); err != nil {
		return err
	}
	_, err = s.decide(ctx, d, "decline", actRead, func(tx *db.Tx, r Result, _ *service.Package, sub auth.Subject) (ID, error) {
		if r.Signer != sub.Account {
			return 0, errs.E(errs.Forbidden, "result.refused.notYours")
		}
		if r.State != Intended || r.Hand != Waits {
			return 0, errs.E(errs.Conflict, "result.cannot.take")
		}
		r.State, r.Hand, r.EndedAt, r.EndedBy = Failed, NoHand, tx.Now(), sub.Name
		if r.Replaces == 0 { // that of a correction goes on to the next try
			r.Reason = d.Reason
		}
		if err := move(tx, r); err != nil {
			return 0, err
		}
		if err := s.Books.VoidIn(tx, r.Number, "result.declined", bookActor(sub)); err != nil {
			return 0, err
		}
		return r.ID, s.tell(tx, EventFailed, r, sub, "")
	})
	return err
}
