package signature

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/blob"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/id"
	"khue/internal/kernel/journal"
	"khue/internal/kernel/once"
	"khue/internal/kernel/sign"
)

// ErrandID names an errand, OwnID a paper of one.
type (
	ErrandID = id.Of[Errand]
	OwnID    = id.Of[OwnPaper]
)

// Errand is papers that somebody takes to a key of their own: the city keeps each file with room
// for the signature, gives the bytes to be signed, and puts what comes back into its place
// (ADR 0251). Only its owner sees it.
type Errand struct {
	ID     ErrandID
	Owner  int64
	Kind   string
	Chain  []*x509.Certificate // the signer's first
	At     time.Time
	Papers []OwnPaper
}

// OwnPaper is one paper of an errand. At and Signed are zero until it was signed.
type OwnPaper struct {
	ID      OwnID
	Errand  ErrandID
	Subject journal.Subject
	Name    string
	Reason  string
	Of      string // SHA-256 of the file before
	Signed  blob.Ref
	At      time.Time
	Signer  string

	prepared   blob.Ref
	from, to   int
	attributes []byte
}

// Done reports whether the paper was signed.
func (p OwnPaper) Done() bool { return !p.At.IsZero() }

// Document is a paper that is to be taken to a key elsewhere.
type Document struct {
	Subject journal.Subject
	Name    string
	PDF     []byte
	Visible *Visible
	Reason  string
}

// Taker is told of a paper that its owner signed elsewhere, in the transaction that keeps it. It
// may refuse.
type Taker func(tx *db.Tx, p OwnPaper) error

const (
	maxChain  = 64 << 10
	maxAnswer = 4 << 20
	maxSigned = 20 << 20
	// MostPapers bounds one errand.
	MostPapers = 200
)

func parseChain(der []byte) ([]*x509.Certificate, error) {
	return x509.ParseCertificates(der)
}

// ReadChain reads certificates, PEM or DER, the signer's first. Invalid where there is none.
func ReadChain(b []byte) (chain []*x509.Certificate, err error) {
	none := errs.E(errs.Invalid, "signature.own.certificate")
	if len(b) == 0 || len(b) > maxChain {
		return nil, none
	}
	if !bytes.Contains(b, []byte("-----BEGIN")) {
		if chain, err = x509.ParseCertificates(b); err != nil || len(chain) == 0 {
			return nil, none
		}
		return chain, nil
	}
	for rest := b; ; {
		var p *pem.Block
		if p, rest = pem.Decode(rest); p == nil {
			break
		}
		if strings.Contains(p.Type, "PRIVATE KEY") {
			return nil, errs.E(errs.Invalid, "signature.own.private")
		}
		c, err := x509.ParseCertificate(p.Bytes)
		if err != nil {
			return nil, none
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 || len(chain) > 6 {
		return nil, none
	}
	return chain, nil
}

// OwnChain is the certificate of an officer's card with those above it. Errors as of OfficerSigner.
func (s *Service) OwnChain(ctx context.Context, account int64) ([]*x509.Certificate, error) {
	c, err := s.d.Authority.OfAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	cert, err := c.Certificate()
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{cert, s.d.Authority.Issuing(), s.d.Authority.Root()}, nil
}

// judge says in a sentence why a certificate cannot sign here.
func (s *Service) judge(ctx context.Context, chain []*x509.Certificate) error {
	t := s.d.Authority.Authorities().Judge(ctx, chain[0], chain[1:])
	if t == sign.Trusted {
		return nil
	}
	return errs.E(errs.Conflict, "signature.own.trust."+string(t), errs.P("name", chain[0].Subject.CommonName))
}

// Ask begins an errand: each file gets room for the signature of a certificate. Nothing is signed
// yet. The same key again returns the same errand. Errors: Invalid where a file is none; Conflict
// with the reason where the certificate cannot sign here.
func (s *Service) Ask(ctx context.Context, kind string, docs []Document, chain []*x509.Certificate, key string) (v ErrandID, err error) {
	defer errs.Op(&err, "signature.Ask")
	if len(docs) == 0 || len(docs) > MostPapers {
		return 0, errs.E(errs.Invalid, "signature.error.many", errs.P("n", MostPapers))
	}
	if err := s.judge(ctx, chain); err != nil {
		return 0, err
	}
	sub := auth.From(ctx)
	e := Errand{ID: ErrandID(s.d.Gen.Next()), Owner: sub.Account, Kind: kind, Chain: chain}
	hash := []any{kind, digest(chain[0].Raw)}
	for _, d := range docs {
		x, err := s.Prepare(ctx, d.PDF, chain, d.Visible, d.Reason)
		if err != nil {
			return 0, err
		}
		pdf, from, to := x.pending.Prepared()
		ref, err := s.d.Blobs.Put(ctx, bytes.NewReader(pdf), maxSigned)
		if err != nil {
			return 0, err
		}
		p := OwnPaper{ID: OwnID(s.d.Gen.Next()), Subject: d.Subject, Name: d.Name, Reason: d.Reason, Of: digest(d.PDF), prepared: ref, from: from, to: to, attributes: x.Attributes}
		e.Papers = append(e.Papers, p)
		hash = append(hash, p.Of)
	}
	n, _, err := once.Do(ctx, s.d.DB, sub.Account, key, once.Hash(hash), func(_ context.Context, tx *db.Tx) (int64, error) {
		e.At = tx.Now()
		return int64(e.ID), insertErrand(tx, e)
	})
	return ErrandID(n), err
}

// Errand reads an errand of the reader's. NotFound also for those of others.
func (s *Service) Errand(ctx context.Context, v ErrandID) (e Errand, err error) {
	defer errs.Op(&err, "signature.Errand(%s)", v)
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		e, err = findErrand(q, v)
		return err
	})
	if err == nil && e.Owner != auth.From(ctx).Account {
		return Errand{}, errs.E(errs.NotFound, "signature.error.errand")
	}
	return e, err
}

// Request writes the file of what is still to be signed.
func (e Errand) Request() sign.Request {
	r := sign.Request{Format: sign.RequestFormat, Errand: e.ID.String(), Certificate: digest(e.Chain[0].Raw)}
	for _, p := range e.Papers {
		if !p.Done() {
			r.Papers = append(r.Papers, sign.RequestPaper{ID: p.ID.String(), Name: p.Name, File: p.Of, Bytes: p.attributes, SHA256: digest(p.attributes)})
		}
	}
	return r
}

// Bytes are what is signed of a paper.
func (p OwnPaper) Bytes() []byte { return p.attributes }

// readAnswer reads an answer: our file, or, where one paper is open, a bare signature, binary or
// base64 as programs of others write it.
func readAnswer(e Errand, b []byte) (map[string][]byte, error) {
	if len(b) == 0 || len(b) > maxAnswer {
		return nil, errs.E(errs.Invalid, "signature.own.noAnswer")
	}
	var a sign.Answer
	if err := json.Unmarshal(b, &a); err == nil && a.Format != "" {
		switch {
		case a.Format == sign.RequestFormat:
			return nil, errs.E(errs.Invalid, "signature.own.isRequest")
		case a.Format != sign.AnswerFormat:
			return nil, errs.E(errs.Invalid, "signature.own.format")
		case a.Errand != e.ID.String():
			return nil, errs.E(errs.Invalid, "signature.own.other")
		}
		return a.Signatures, nil
	}
	var open []OwnPaper
	for _, p := range e.Papers {
		if !p.Done() {
			open = append(open, p)
		}
	}
	if len(open) != 1 {
		return nil, errs.E(errs.Invalid, "signature.own.format")
	}
	if text := bytes.TrimSpace(b); len(text) < 8<<10 {
		if raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), "")); err == nil && len(raw) > 32 {
			b = raw
		}
	}
	return map[string][]byte{open[0].ID.String(): b}, nil
}

// Fault is a paper of an answer that could not be completed.
type Fault struct {
	Paper OwnPaper
	Err   error
}

// Accept puts the signatures of an answer into their papers, each by itself: what is wrong with one
// stops no other, and a paper that was signed already stays as it is. Errors: Invalid where the
// answer cannot be read or belongs to another errand; Conflict where the certificate no longer
// signs here.
func (s *Service) Accept(ctx context.Context, v ErrandID, answer []byte) (faults []Fault, err error) {
	defer errs.Op(&err, "signature.Accept(%s)", v)
	e, err := s.Errand(ctx, v)
	if err != nil {
		return nil, err
	}
	sigs, err := readAnswer(e, answer)
	if err != nil {
		return nil, err
	}
	if err := s.judge(ctx, e.Chain); err != nil {
		return nil, err
	}
	for _, p := range e.Papers {
		if p.Done() {
			continue
		}
		sig, ok := sigs[p.ID.String()]
		if !ok {
			faults = append(faults, Fault{p, errs.E(errs.Invalid, "signature.own.missing")})
			continue
		}
		if err := s.take(ctx, e, p, sig); err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict && k != errs.NotFound {
				return faults, err
			}
			faults = append(faults, Fault{p, err})
		}
	}
	return faults, nil
}

func (s *Service) take(ctx context.Context, e Errand, p OwnPaper, sig []byte) error {
	pdf, err := s.file(ctx, p.prepared)
	if err != nil {
		return err
	}
	x := &Elsewhere{Attributes: p.attributes, pending: sign.Resume(pdf, p.from, p.to), chain: e.Chain}
	out, err := s.Complete(ctx, x, sig)
	if err != nil {
		return err
	}
	if p.Signed, err = s.d.Blobs.Put(ctx, bytes.NewReader(out), maxSigned); err != nil {
		return err
	}
	c := e.Chain[0]
	payload, err := json.Marshal(Told{SHA256: p.Signed.SHA256, Of: p.Of, Serial: c.SerialNumber.Text(16), Reason: p.Reason, Batch: int64(e.ID)})
	if err != nil {
		return err
	}
	return s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		p := p
		p.At, p.Signer = tx.Now(), c.Subject.CommonName
		if err := complete(tx, p); err != nil {
			return err
		}
		if _, err := s.d.Journal.Append(tx, journal.Entry{Kind: Signed, Subject: p.Subject, Actor: e.Owner, Payload: payload}); err != nil {
			return err
		}
		if taker := s.d.Takers[e.Kind]; taker != nil {
			return taker(tx, p)
		}
		return nil
	})
}

func (s *Service) file(ctx context.Context, ref blob.Ref) ([]byte, error) {
	f, err := s.d.Blobs.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return io.ReadAll(io.LimitReader(f, maxSigned))
}

// Shown is the file of a paper of the reader's errand: as it will be signed, or signed.
func (s *Service) Shown(ctx context.Context, v ErrandID, paper OwnID) (p OwnPaper, b []byte, err error) {
	defer errs.Op(&err, "signature.Shown(%s)", paper)
	e, err := s.Errand(ctx, v)
	if err != nil {
		return p, nil, err
	}
	for _, x := range e.Papers {
		if x.ID != paper {
			continue
		}
		if x.Done() {
			b, err = s.file(ctx, x.Signed)
		} else {
			b, err = s.file(ctx, x.prepared)
		}
		return x, b, err
	}
	return p, nil, errs.E(errs.NotFound, "signature.error.errand")
}

// SignedOf are the papers about a subject that were signed with keys of their owners, the latest
// first; who may see the subject answers for it.
func (s *Service) SignedOf(ctx context.Context, of journal.Subject) (out []OwnPaper, err error) {
	err = s.d.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = signedOf(v, of)
		return err
	})
	return out, err
}

// SignedFile is one of them. NotFound where it is of another subject.
func (s *Service) SignedFile(ctx context.Context, of journal.Subject, v OwnID) (p OwnPaper, b []byte, err error) {
	err = s.d.DB.View(ctx, func(_ context.Context, q *db.View) error {
		p, err = findOwn(q, v)
		return err
	})
	if err == nil && (p.Subject != of || !p.Done()) {
		err = errs.E(errs.NotFound, "signature.error.errand")
	}
	if err != nil {
		return OwnPaper{}, nil, err
	}
	b, err = s.file(ctx, p.Signed)
	return p, b, err
}

// Erase forgets what was signed, or begun, with a key elsewhere for a subject, and returns the files
// that it named.
func (s *Service) Erase(ctx context.Context, of journal.Subject) (files []blob.Ref, err error) {
	defer errs.Op(&err, "signature.Erase")
	err = s.d.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		files = nil
		list, err := papersOf(tx, of)
		if err != nil {
			return err
		}
		for _, p := range list {
			for _, f := range []blob.Ref{p.prepared, p.Signed} {
				if f.SHA256 != "" {
					files = append(files, f)
				}
			}
		}
		return removePapers(tx, of)
	})
	return files, err
}

// FileNames gives each the texts of this module in which files are named, for the sweep of files that
// nobody names.
func (s *Service) FileNames(ctx context.Context, each func(text string)) error {
	return s.d.DB.Texts(ctx, fileNames, each)
}
