package result

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/jobs"
	"khue/internal/onestop/dossier"
	"khue/internal/onestop/service"
	"khue/internal/register/record"
)

// maxFile bounds a paper with its signatures.
const maxFile = 20 << 20

// program is the actor of what happens by itself.
func program() auth.Subject { return auth.Subject{} }

// make draws, signs, stores and enters one result. Killed at any place it begins again: until
// the second transaction nothing names what it made, and that transaction ends the job.
func (s *Service) make(ctx context.Context, t jobs.Task) error {
	var a args
	if err := t.Read(&a); err != nil {
		return err
	}
	r, err := s.read(ctx, a.Result)
	if err != nil {
		return err
	}
	if r.State != Intended {
		return nil
	}
	err = s.finish(ctx, t, r)
	if err == nil || t.Attempt < makeTries && !hopeless(err) {
		return err
	}
	return s.fail(ctx, t, r, err)
}

func hopeless(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Gone, errs.NotFound:
		return true
	}
	return false
}

func (s *Service) read(ctx context.Context, v ID) (r Result, err error) {
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		r, err = find(q, v)
		return err
	})
	return r, err
}

// path is a field of a register that stands for one answer.
var path = regexp.MustCompile(`^[A-Za-z][\w.]*$`)

// finish draws a paper, and issues it or leaves it for its signer.
func (s *Service) finish(ctx context.Context, t jobs.Task, r Result) error {
	if r.Hand != NoHand {
		return nil // it is drawn, and waits for a hand
	}
	pkg, err := s.Services.ByDigest(r.Package)
	if err != nil {
		return err
	}
	old, err := s.replaced(ctx, r)
	if err != nil {
		return err
	}
	signs := s.Signing != nil && len(pkg.Result.Sign) > 0 && s.Signing.Working(ctx, r.Signer, r.Unit, pkg.Result.Sign)
	hand := false
	if signs {
		if hand, err = s.byHand(ctx, r, pkg); err != nil {
			return err
		}
	}
	drawn, err := s.Dossiers.DrawResult(ctx, r.Dossier, dossier.ResultPaper{
		Number: r.Text, At: r.At, ID: r.Document(), Verify: s.address(r), Signed: signs, Signer: r.SignedBy, Replaces: old.Text, Changes: words(pkg, r.Changes),
	})
	if err != nil {
		return err
	}
	if hand {
		return s.lay(ctx, t, r, drawn)
	}
	file := drawn.PDF
	if signs {
		if file, err = s.Signing.SignPDF(ctx, file, drawn.Place, r.Signer, r.Unit, pkg.Result.Sign, r.Text); err != nil {
			return err
		}
	}
	return s.issue(ctx, t, r, pkg, drawn, file, signs)
}

// replaced is the result that a correction takes the place of; zero where it is none.
func (s *Service) replaced(ctx context.Context, r Result) (Result, error) {
	if r.Replaces == 0 {
		return Result{}, nil
	}
	return s.read(ctx, r.Replaces)
}

// issue stores a finished paper, enters it, and ends the job, in one transaction.
func (s *Service) issue(ctx context.Context, t jobs.Task, r Result, pkg *service.Package, drawn dossier.Drawn, file []byte, signed bool) error {
	old, err := s.replaced(ctx, r)
	if err != nil {
		return err
	}
	if signed {
		// Before its bytes lie anywhere: after a power cut here nobody finds a signed paper that the
		// journal does not know.
		made := r
		made.SHA256, made.Signed = digest(file), true
		err := s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error { return s.tell(tx, EventSigned, made, program(), "") })
		if err != nil {
			return err
		}
	}
	ref, err := s.Blobs.Put(ctx, bytes.NewReader(file), maxFile)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := t.Done(tx); err != nil {
			return err
		}
		r := r
		r.State, r.Hand, r.SHA256, r.Size, r.Signed, r.IssuedAt = Issued, NoHand, ref.SHA256, ref.Size, signed, tx.Now()
		if r.Entry, err = s.enter(tx, r, old, pkg, drawn.Entered); err != nil {
			return err
		}
		if r.Replaces != 0 {
			if old, err = find(tx, r.Replaces); err != nil {
				return err
			}
			old.State, old.After, old.EndedAt, old.EndedBy, old.Reason, old.Basis = Replaced, r.ID, tx.Now(), r.EndedBy, r.Reason, r.Basis
			if err := move(tx, old); err != nil {
				return err
			}
			if err := s.tell(tx, EventReplaced, old, program(), r.Text); err != nil {
				return err
			}
		}
		if err := move(tx, r); err != nil {
			return err
		}
		if err := s.tell(tx, EventIssued, r, program(), old.Text); err != nil {
			return err
		}
		return s.deliver(tx, r, drawn.Content.Filing.Delivery.Method)
	})
}

func digest(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// deliver has a result brought on its way.
func (s *Service) deliver(tx *db.Tx, r Result, method string) error {
	switch {
	case method == dossier.DeliverOnline:
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobGive, Args: args{Dossier: r.Dossier}})
	case method == "post" && s.Post != nil:
		return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobPost, Args: args{Result: r.ID}})
	}
	return nil
}

// words are the answers that a correction changes, as the paper names them.
func words(pkg *service.Package, changes map[string]string) map[string]string {
	if len(changes) == 0 || pkg.Register == nil {
		return nil
	}
	out := map[string]string{}
	for _, f := range pkg.Register.Fields {
		if v, ok := changes[f.ID]; ok && f.From != nil && path.MatchString(f.From.Source()) {
			out[f.From.Source()] = v
		}
	}
	return out
}

// enter writes a result into its register; a correction becomes a version of the entry.
func (s *Service) enter(tx *db.Tx, r, old Result, pkg *service.Package, e service.Entered) (record.EntryID, error) {
	reg := RegisterOf(pkg)
	values := record.Values(e.Values)
	for f, v := range r.Changes {
		values[f] = v
	}
	source := record.Source{Type: dossier.SubjectType, ID: int64(r.Dossier), Code: r.Code}
	by := record.Actor{Account: r.Signer, Name: r.SignedBy}
	if old.Entry != 0 {
		was, err := s.Records.Get(tx, old.Entry)
		if err != nil {
			return 0, err
		}
		_, err = s.Records.ActIn(tx, reg, record.Act{
			Entry: was.ID, Version: was.Version, Do: record.Correct, Values: values, Key: r.Text, Reason: r.Reason, Authority: r.Basis, Effective: clock.DateOf(r.At),
		}, by)
		return was.ID, err
	}
	made, err := s.Records.EnterIn(tx, reg, record.Entry{Unit: r.Unit, Key: r.Text, Values: values, From: clock.DateOf(r.At), Until: e.Until, Effective: clock.DateOf(r.At), Source: source}, by)
	return made.ID, err
}

// fail ends a result that no paper came of: its number is void, and everybody can read why.
func (s *Service) fail(ctx context.Context, t jobs.Task, r Result, why error) error {
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := t.Done(tx); err != nil {
			return err
		}
		r := r
		r.State, r.EndedAt = Failed, tx.Now()
		if r.Replaces == 0 { // that of a correction goes on to the next try
			r.Reason = failure(why)
		}
		if err := move(tx, r); err != nil {
			return err
		}
		if err := s.Books.VoidIn(tx, r.Number, failure(why), bookActor(program())); err != nil {
			return err
		}
		return s.tell(tx, EventFailed, r, program(), "")
	})
}

// failure is why in words that hold no data of the dossier: the key of the sentence.
func failure(err error) string {
	if e, ok := errs.As(err); ok && e.Key != "" {
		return e.Key
	}
	return "result.failure"
}

// DoneIn brings a result on its way when its dossier has come to where it may be handed over.
// The paper may be made before or after: whichever is later finds the other.
func (s *Service) DoneIn(tx *db.Tx, d dossier.ID) error {
	return s.Jobs.Enqueue(tx, jobs.Job{Kind: JobGive, Args: args{Dossier: d}})
}

// give hands a result over to an owner who wants the file.
func (s *Service) give(ctx context.Context, t jobs.Task) error {
	var a args
	if err := t.Read(&a); err != nil {
		return err
	}
	return s.Dossiers.GiveOnline(ctx, a.Dossier, t.Done)
}

// Paper is the file of the result that stands.
func (s *Service) Paper(ctx context.Context, d dossier.Dossier) ([]byte, bool, error) {
	r, err := s.of(ctx, d.ID)
	if errs.Is(err, errs.NotFound) || err == nil && r.SHA256 == "" {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	b, err := s.file(ctx, r)
	return b, err == nil, err
}

func (s *Service) file(ctx context.Context, r Result) ([]byte, error) {
	return s.blob(ctx, blob.Ref{SHA256: r.SHA256, Size: r.Size})
}

func (s *Service) blob(ctx context.Context, ref blob.Ref) ([]byte, error) {
	f, err := s.Blobs.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// encodeChanges is for the digest of a request.
func encodeChanges(m map[string]string) string {
	raw, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	return string(raw)
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.DB.Texts(ctx, fileNames, each)
}
